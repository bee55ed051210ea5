"""The names of the files in a packed data set's folder."""

from __future__ import annotations

IMAGES, FRONTS, VALID = "images.npy", "fronts.npy", "valid.npy"
ZONES, ZONES_INDEX = "zones.npy", "zones.tsv"  # only if networks learn them
ZONES_CRC = "zones_crc32"  # column of ZONES_INDEX
CRC_COLUMNS = ("image_crc32", "front_crc32")  # of the index: of the rows of IMAGES and FRONTS
INDEX, SPLIT = "index.tsv", "split.tsv"
SPLIT_ORIGIN = "split_made_from.json"  # what the split was made from
CONFIG = "config.yaml"  # the configuration with which the data set was made
