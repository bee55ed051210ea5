"""Random masks: whatever type, levels, collar and tag, the drawn front or one sentence."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from backscatter import write_tif
from calvingfront.errors import CalvingFrontError
from calvingfront.scenes.imagery.masks import front_of_mask
from calvingfront.scenes.rasters import read_mask

MANY = int(os.environ.get("RANDOM_IMAGES", "400"))
LEVELS = {
    "uint8": [(1, 0), (255, 0), (255, 1), (0, 255), (0, 1), (2, 1)],
    "uint16": [(1, 0), (255, 0), (65535, 0), (0, 65535)],
    "int16": [(1, 0), (1, -9999), (255, 0), (0, -1), (-9999, 1)],
    "float32": [(1, 0), (1, np.nan), (1, -9999), (255, 0), (np.nan, 1), (0, np.nan), (1, -3.4e38)],
}


def front_of(random: np.random.Generator) -> Any:
    front = np.zeros((40, 50), dtype=bool)
    column = random.integers(5, 40)
    for row in range(40):
        column = np.clip(column + random.integers(-1, 2), 5, 45)
        front[row, column : column + random.integers(1, 3)] = True
    return front


def written(random: np.random.Generator, folder: Path, front: Any) -> tuple[Path, str]:
    """A file with this front, and what it is."""
    if random.random() < 0.2:
        return palette(random, folder, front)
    dtype = str(random.choice(list(LEVELS)))
    on, beside = LEVELS[dtype][random.integers(len(LEVELS[dtype]))]
    values = np.where(front, on, beside).astype(dtype)
    collar = [None, beside, 0, 255, -9999, np.nan][random.integers(6)]
    fits = collar is not None and (collar >= 0 or (dtype == "int16" and collar < 0))
    if (dtype == "float32" and collar is not None) or fits:
        values[:, :4] = collar
    nodata = [None, on, beside, collar][random.integers(4)]
    unfit = nodata is not None and dtype != "float32" and not np.isfinite(nodata)
    options = {} if unfit or (dtype[0] == "u" and (nodata or 0) < 0) else {"nodata": nodata}
    if dtype == "float32" and nodata is not None and abs(nodata) > 1e38:
        options = {}
    bands = np.stack([values] * 3) if random.random() < 0.1 else values
    return write_tif(
        folder / "m.tif", bands, **options
    ), f"{dtype} {on} {beside} {collar} {options}"


def palette(random: np.random.Generator, folder: Path, front: Any) -> tuple[Path, str]:
    colours = random.choice([[255] * 3, [0] * 3, [255, 0, 0], [90, 80, 10]], 2)
    indices = random.permutation(256)[:2]
    table = np.zeros((256, 3), np.uint8)
    table[indices] = colours
    image = Image.fromarray(np.where(front, *indices).astype(np.uint8), "P")
    image.putpalette(table.ravel().tolist())
    image.save(folder / "m.png")
    return folder / "m.png", f"palette {colours.tolist()}"


def test_a_random_mask_gives_its_front_or_one_sentence(tmp_path: Path) -> None:
    refused, wrong = 0, []
    for seed in range(MANY):
        random = np.random.default_rng(seed)
        front = front_of(random)
        path, what = written(random, tmp_path, front)
        try:
            found = front_of_mask(*read_mask(path)[:2], path)
        except CalvingFrontError:
            refused += 1
            continue
        if (found != front)[:, 4:].any() or found[:, :4].any():
            wrong.append(f"seed {seed}: {what}: {found.sum()} px instead of {front.sum()}")
    assert not wrong, "\n".join([*wrong[:20], f"{len(wrong)} in all"])
    assert refused < 0.6 * MANY  # inverted ones, and more than two values, are among them
