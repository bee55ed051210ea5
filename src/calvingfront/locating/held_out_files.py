"""The held-out scenes of a model as files: their fronts, and how good their errors are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from calvingfront.dataset.reading import Dataset
from calvingfront.files import PathLike
from calvingfront.locating.extract import LONGITUDE_LATITUDE
from calvingfront.locating.judging import judged_front, unlike_training
from calvingfront.locating.located_front import ELSEWHERE, LocatedFront
from calvingfront.locating.model.content import ModelCard
from calvingfront.locating.model.elsewhere import Found
from calvingfront.locating.model.held_out import HeldOut, HeldOutScene, band_scores
from calvingfront.locating.model.trust import Trust, trust_in
from calvingfront.locating.vectors import write_fronts
from calvingfront.storage.sealed import write_sealed

FRONTS, TABLE = "fronts.gpkg", "errors.tsv"


def write_held_out(
    held_out: HeldOut,
    data: Dataset,
    card: ModelCard,
    fronts: PathLike,
    table: PathLike,
    elsewhere: Sequence[Found] = (),
) -> None:
    """Write the fronts of the held-out scenes (see `write_fronts`) and a row for each.

    Columns of the table: scene, subset, glacier, mission, acquired, quality, reason; error_m,
    err90_m and err_calib as stated by the model; line_m, within_L and half_width_L_m as measured
    (`band_scores`). A scene in both subsets has one front and two rows.
    elsewhere: glaciers that other trainings left out. Their scenes have rows of the subset
    `elsewhere`, with the errors that the other of these glaciers give, and no fronts.
    """
    found: dict[str, LocatedFront] = {}
    rows = []
    for scene in held_out.scenes:
        trust = trust_in(card, data.index["glacier"].iloc[scene.row])
        front, row = _judged(scene, data, card, trust)
        found[front.scene] = front
        rows.append({"subset": scene.subset, **row})
    for each in elsewhere:
        trust = Trust(ELSEWHERE, each.calibration, card.spread_px, "")
        if card.elsewhere is not None:
            trust = replace(trust, spread_px=card.elsewhere.spread_px)
        for scene in each.held_out.scenes:
            _, row = _judged(scene, each.situation.data, card, trust)
            rows.append({"subset": ELSEWHERE, **row})
    Path(fronts).parent.mkdir(parents=True, exist_ok=True)
    several = len({front.crs for front in found.values() if front.crs is not None}) > 1
    write_fronts(found.values(), fronts, LONGITUDE_LATITUDE if several else None)
    write_sealed(table, pd.DataFrame(rows), float_format="%.7g")


def _judged(
    scene: HeldOutScene, data: Dataset, card: ModelCard, trust: Trust
) -> tuple[LocatedFront, dict[str, Any]]:
    """The front of a scene, and its row in the table."""
    facts: dict[str, Any] = dict(data.index.loc[scene.row].items())  # type: ignore[arg-type]
    unlike = list(_unlike(scene, facts, data, card))
    front = judged_front(facts, scene.traced, card, unlike, trust=trust)
    stated = {name: getattr(front, name) for name in _STATED}
    measured = band_scores(scene, trust.calibration, float(facts["pixel_size_m"]))
    return front, {**stated, **measured}


_STATED = (
    "scene", "glacier", "mission", "acquired", "quality", "reason", "error_m", "err90_m",
    "err_calib",
)  # fmt: skip


def _unlike(
    scene: HeldOutScene, facts: Mapping[str, Any], data: Dataset, card: ModelCard
) -> Iterator[str]:
    image = data.images[scene.row, : int(facts["content_height"]), : int(facts["content_width"])]
    return unlike_training(facts, float(np.asarray(image).mean()), card)
