"""A packed data set of a few pixels, with checksums, and searches over it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from calvingfront.storage.arrays import row_crc
from packed import band, write_packed, write_split
from resolved import RESOLVED

SPLIT = {
    "train": ["s0", "s1", "s2", "s3"],
    "validation": ["s4", "s5"],
    "test": ["s6", "s7", "s3"],  # s3 is a training scene too
}


def write_results(folder: Path, **training: Any) -> Path:
    """Write a results folder with eight packed scenes of 16 px and a resolved configuration."""
    dataset = folder / "dataset"
    write_packed(dataset, np.stack([band(16, row, 3) for row in (2, 3, 4, 5, 6, 7, 8, 9)]))
    index = pd.read_csv(dataset / "index.tsv", sep="\t")
    for name, column in (("images", "image_crc32"), ("fronts", "front_crc32")):
        index[column] = [row_crc(row) for row in np.load(dataset / f"{name}.npy")]
    index.to_csv(dataset / "index.tsv", sep="\t", index=False)
    write_split(dataset, **SPLIT)
    config = RESOLVED | {"training": RESOLVED["training"] | training}
    (dataset / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return folder


def write_search(path: Path, **content: Any) -> Path:
    """Write a search file."""
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return path
