"""Calving fronts on the map: lines out of predictions, and the files that the field reads."""
