"""The held-out scenes of a model as files: their fronts, and how good their errors are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from calvingfront.dataset.reading import Dataset
from calvingfront.files import PathLike
from calvingfront.locating.extract import LONGITUDE_LATITUDE
from calvingfront.locating.judging import judged_front, unlike_training
from calvingfront.locating.located_front import LocatedFront
from calvingfront.locating.model.content import ModelCard
from calvingfront.locating.model.held_out import HeldOut, HeldOutScene, band_scores
from calvingfront.locating.vectors import write_fronts
from calvingfront.storage.sealed import write_sealed

FRONTS, TABLE = "fronts.gpkg", "errors.tsv"


def write_held_out(
    held_out: HeldOut, data: Dataset, card: ModelCard, fronts: PathLike, table: PathLike
) -> None:
    """Write the fronts of the held-out scenes (see `write_fronts`) and a row for each.

    Columns of the table: scene, subset, glacier, mission, acquired, quality, reason; error_m and
    err90_m as stated by the model; line_m, within_L and half_width_L_m as measured (`band_scores`).
    A scene in both subsets has one front and two rows.
    """
    found: dict[str, LocatedFront] = {}
    rows = []
    for scene in held_out.scenes:
        facts: dict[str, Any] = dict(data.index.loc[scene.row].items())  # type: ignore[arg-type]
        front = judged_front(facts, scene.traced, card, list(_unlike(scene, facts, data, card)))
        found[front.scene] = front
        stated = {name: getattr(front, name) for name in _STATED}
        pixel = float(facts["pixel_size_m"])
        measured = band_scores(scene, card.calibration, pixel)
        rows.append({"subset": scene.subset, **stated, **measured})
    Path(fronts).parent.mkdir(parents=True, exist_ok=True)
    several = len({front.crs for front in found.values() if front.crs is not None}) > 1
    write_fronts(found.values(), fronts, LONGITUDE_LATITUDE if several else None)
    write_sealed(table, pd.DataFrame(rows), float_format="%.7g")


_STATED = (
    "scene", "glacier", "mission", "acquired", "quality", "reason", "error_m", "err90_m",
)  # fmt: skip


def _unlike(
    scene: HeldOutScene, facts: Mapping[str, Any], data: Dataset, card: ModelCard
) -> Iterator[str]:
    image = data.images[scene.row, : int(facts["content_height"]), : int(facts["content_width"])]
    return unlike_training(facts, float(np.asarray(image).mean()), card)
