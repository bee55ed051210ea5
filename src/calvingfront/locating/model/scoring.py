"""Scores of an ensemble's held-out scenes: of all, and by mission and glacier."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from calvingfront.dataset.reading import Dataset
from calvingfront.evaluation.metrics import metrics_over_thresholds
from calvingfront.evaluation.scores import score_front
from calvingfront.locating.located_front import LEVELS
from calvingfront.locating.model.content import Score, Scores
from calvingfront.locating.model.held_out import HeldOut, band_scores
from calvingfront.uncertainty.calibration import Calibration
from calvingfront.vocabulary.metrics import METRICS
from calvingfront.vocabulary.subsets import TEST

DICE, IOU = (list(METRICS).index(name) for name in ("dice", "iou"))
CalibrationOf = Callable[[object], Calibration | None]


def scores_of(
    data: Dataset, held_out: HeldOut, calibration_of: CalibrationOf, shortest_m: float
) -> Scores:
    """Scores of the test scenes. calibration_of: that of a glacier (a cell of the index)."""
    table = rows_of_tests(data, held_out, calibration_of, shortest_m)
    by = {
        column: {str(name): score_of(part) for name, part in table.groupby(column, sort=True)}
        for column in ("mission", "glacier")
    }
    return Scores(score_of(table), by["mission"], by["glacier"])


def rows_of_tests(
    data: Dataset, held_out: HeldOut, calibration_of: CalibrationOf, shortest_m: float
) -> pd.DataFrame:
    """A row for each test scene; the columns are those of `score_front` and `band_scores`, and
    mission, glacier, dice, iou, pixel (m)."""
    rows: list[dict[str, Any]] = []
    limit = np.array([held_out.threshold])
    for scene in held_out.scenes:
        if scene.subset != TEST:
            continue
        mean, truth = scene.traced.probability, np.asarray(data.fronts[scene.row])
        values = metrics_over_thresholds(mean, truth, limit)[0]
        pixel = float(data.index["pixel_size_m"].to_numpy()[scene.row])
        front = score_front((mean > held_out.threshold).astype(np.uint8), truth, pixel, shortest_m)
        facts = data.index.iloc[scene.row]
        groups = {name: name_of(facts[name]) for name in ("mission", "glacier")}
        overlap = {"dice": values[DICE], "iou": values[IOU]}
        calibration = calibration_of(facts["glacier"])
        bands = band_scores(scene, calibration, pixel)
        rows.append({**groups, **overlap, "pixel": pixel, **front, **bands})
    return pd.DataFrame(rows)


def score_of(table: pd.DataFrame) -> Score:
    """The score of the scenes of some rows of `rows_of_tests`."""
    metres = float((table["distance_sum_px"] * table["pixel"]).sum())
    points = float(table["distance_count"].sum())
    lines = table[table["line_m"].notna()]
    levels = LEVELS if "within_50" in table and len(lines) else ()
    return Score(
        scenes=len(table),
        dice=short(table["dice"].mean()),
        iou=short(table["iou"].mean()),
        mde_m=short(metres / points) if points else None,
        missing=int(table["missing"].sum()),
        line_m=short(lines["line_m"].mean()) if len(lines) else None,
        within={str(level): short(lines[f"within_{level}"].mean()) for level in levels},
        half_width_m={str(level): short(lines[f"half_width_{level}_m"].mean()) for level in levels},
    )


def short(value: float) -> float:
    """A number with seven digits, as in the tables of scores."""
    return float(f"{value:.7g}")


def name_of(value: object) -> str:
    """A name in the index of a data set; "unknown" where there is none."""
    return "unknown" if pd.isna(value) else str(value)  # type: ignore[call-overload]
