"""How the stages of the learning half fit together: one description for rules and commands."""
