"""The losses of the trainings."""
