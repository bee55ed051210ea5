"""The networks: their parts, and how one is built, saved and loaded."""
