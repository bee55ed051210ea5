"""The parts of a model folder: its content, the facts behind it, its card."""
