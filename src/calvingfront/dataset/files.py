"""The files of a packed data set, by their names in its folder."""

from __future__ import annotations

IMAGES, FRONTS, VALID = "images.npy", "fronts.npy", "valid.npy"
INDEX, SPLIT = "index.tsv", "split.tsv"
CONFIG = "config.yaml"  # the configuration that the data set was made with
