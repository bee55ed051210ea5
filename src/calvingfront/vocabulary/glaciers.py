"""Hemispheres, and those of CaFFe's glaciers, by their abbreviations in the file names.

Glaciers: Gourmelon et al. (2022), "Calving fronts and where to find them", ESSD 14.
"""

from __future__ import annotations

NORTH, SOUTH = "north", "south"
HEMISPHERES = (NORTH, SOUTH)

CAFFE_HEMISPHERES = {
    "COL": NORTH,  # Columbia Glacier, Alaska
    "JAC": NORTH,  # Jakobshavn Isbræ, Greenland
    "Crane": SOUTH,  # this and the following: Antarctic Peninsula
    "DBE": SOUTH,  # Dinsmoor–Bombardier–Edgeworth
    "Jorum": SOUTH,
    "Mapple": SOUTH,
    "SI": SOUTH,  # Sjögren Inlet
}
