"""A search over configurations: short trainings, judged on validation scenes only."""
