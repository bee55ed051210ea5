"""From radar scenes to the position of a glacier calving front."""

__version__ = "0.1.0"
