"""Calving fronts on the map: lines from predictions, and files that GIS programs read."""
