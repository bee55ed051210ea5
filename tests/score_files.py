"""Score files as the evaluation writes them, with scores that a test can work out by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

PAPER_GAIN = 0.02
"""How much better every score of the paper protocol is than that of the validation threshold."""


def score_row(scene: str, dice: float, **changes: object) -> dict[str, object]:
    """One row of a `scores.tsv`; every column has a plain value unless changed."""
    row: dict[str, object] = {
        "protocol": "validation_threshold",
        "scene": scene,
        "glacier": scene.split("_")[0],
        "mission": "TSX",
        "resolution_tag_m": 7,
        "acquired": "2010-02-01",
        "season": "summer",
        "pixel_size_m": 50.0,
        "threshold": 0.4,
        "dice": dice,
        "wdice4": dice + 0.1,
        "wdice8": dice + 0.15,
        "wdice16": dice + 0.2,
        "iou": dice / (2 - dice),
        "predicted_px": 120,
        "true_px": 100,
        "skeleton_px": 20.0,
        "distance_sum_px": 60.0,
        "distance_count": 30,
        "mde_m": 100.0,
        "hd95_m": 300.0,
        "missing": 0,
    }
    return row | changes


def write_scores(
    folder: Path,
    model: str,
    loss: str,
    seed: int,
    dice: Mapping[str, float],
    changes: Mapping[str, Mapping[str, object]] | None = None,
) -> Path:
    """Write one run's `scores.tsv`, both protocols; `changes` are columns by scene."""
    rows = []
    for protocol, gain in (("validation_threshold", 0.0), ("paper_protocol", PAPER_GAIN)):
        for scene, value in dice.items():
            own = dict((changes or {}).get(scene, {}))
            rows.append(score_row(scene, value + gain, protocol=protocol) | own)
    path = folder / "evaluation" / model / loss / f"seed{seed}" / "scores.tsv"
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).to_csv(path, sep="\t", index=False)
    return path


def write_facts(
    folder: Path,
    scenes: Iterable[str],
    leaked: Iterable[str] = (),
    trained: Iterable[str] = ("SI", "DBE"),
    front_width_px: int = 6,
    pixel_size_m: float = 50.0,
) -> Path:
    """Write the index and split of a data set with these test scenes; returns the folder.

    leaked: those that are training scenes too. trained: glaciers with a training scene of their
    own.
    """
    tested = list(scenes)
    rows = [(scene, "test") for scene in tested] + [(scene, "train") for scene in leaked]
    rows += [(f"{glacier}_trained", "train") for glacier in trained] + [("SI_v", "validation")]
    folder.mkdir(parents=True, exist_ok=True)
    split = pd.DataFrame(rows, columns=["scene", "subset"])
    split.to_csv(folder / "split.tsv", sep="\t", index=False)
    names = list(dict.fromkeys(split.scene))
    index = {
        "scene": names, "glacier": [name.split("_")[0] for name in names],
        "pixel_size_m": pixel_size_m, "front_width_px": front_width_px,
    }  # fmt: skip
    pd.DataFrame(index).to_csv(folder / "index.tsv", sep="\t", index=False)
    return folder
