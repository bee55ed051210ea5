"""Packed samples and predictions of a few pixels, written as the pipeline writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd


def write_packed(folder: Path, fronts: npt.NDArray[np.uint8], **columns: Any) -> Path:
    """Write images (random), fronts (n, s, s) and their index; `columns` stand in the index.

    Scenes are named s0, s1 …; returns the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    n = len(fronts)
    images = np.random.default_rng(3).integers(0, 255, fronts.shape).astype(np.uint8)
    facts: dict[str, Any] = {
        "row": range(n),
        "scene": [f"s{k}" for k in range(n)],
        "glacier": "SI",
        "mission": "TSX",
        "acquired": "2010-01-01",
        "resolution_tag_m": 7,
        "pixel_size_m": 50.0,
        "front_width_px": 3,
    }
    pd.DataFrame({**facts, **columns}).to_csv(folder / "index.tsv", sep="\t", index=False)
    np.save(folder / "images.npy", images)
    np.save(folder / "fronts.npy", fronts)
    return folder


def write_split(folder: Path, **subsets: list[str]) -> None:
    """Write the split table of a data set; a scene may stand in several subsets."""
    rows = [(scene, subset) for subset, scenes in subsets.items() for scene in scenes]
    table = pd.DataFrame(rows, columns=["scene", "subset"])
    table.to_csv(folder / "split.tsv", sep="\t", index=False)


def write_run(
    folder: Path, probability: npt.NDArray[np.floating], rows: list[tuple[str, str]]
) -> dict[str, Path]:
    """Write the predictions of a run: probabilities (m, s, s) and (scene, subset) of each.

    Returns the two paths by argument name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "probabilities.npy", probability.astype(np.float16))
    pd.DataFrame(rows, columns=["scene", "subset"]).to_csv(
        folder / "predictions.tsv", sep="\t", index=False
    )
    return {
        "probabilities": folder / "probabilities.npy",
        "predictions": folder / "predictions.tsv",
    }


def band(size: int, row: int, thickness: int = 6) -> npt.NDArray[np.uint8]:
    """A horizontal front from edge to edge: `thickness` rows, the first of them `row`."""
    mask = np.zeros((size, size), np.uint8)
    mask[row : row + thickness] = 1
    return mask
