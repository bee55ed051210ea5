"""The scores of each test image: overlap with the true front, and distance to it in metres."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from calvingfront.dataset.reading import open_dataset
from calvingfront.evaluation.metrics import metrics_over_thresholds
from calvingfront.evaluation.predictions import open_predictions
from calvingfront.evaluation.thresholds import stretch
from calvingfront.files import PathLike
from calvingfront.fronts.lines import (
    draw_lines,
    front_distance,
    lines_as_they_lie,
    longer_than,
)
from calvingfront.fronts.symmetry import own_orientations, turned
from calvingfront.storage.sealed import read_record, write_sealed
from calvingfront.vocabulary.glaciers import NORTH, SOUTH
from calvingfront.vocabulary.metrics import METRICS
from calvingfront.vocabulary.protocols import PAPER_PROTOCOL, VALIDATION_THRESHOLD
from calvingfront.vocabulary.subsets import TEST

log = logging.getLogger(__name__)

NOWHERE: Mapping[str, str] = MappingProxyType({})
WINTERS = {SOUTH: (4, 5, 6, 7, 8), NORTH: (10, 11, 12, 1, 2)}  # the months half a year apart


def season(acquired: str, hemisphere: object) -> str:
    """Return `winter` or `summer` for an ISO date; "" if the hemisphere is unknown.

    Winter is April to August in the south, October to February in the north.
    """
    if hemisphere not in WINTERS:
        return ""
    return "winter" if int(acquired[5:7]) in WINTERS[str(hemisphere)] else "summer"


def _hemisphere(facts: Any, of_glaciers: Mapping[str, str]) -> str | None:
    """The hemisphere of a scene: by its place on the map, else by its glacier."""
    placed = facts.get("hemisphere")
    if isinstance(placed, str) and placed:
        return placed
    return of_glaciers.get(str(facts["glacier"]), of_glaciers.get(""))


def score_front(
    prediction: npt.NDArray[np.uint8],
    truth: npt.NDArray[np.uint8],
    pixel_size_m: float,
    min_front_length_m: float,
) -> dict[str, Any]:
    """Compare one binary prediction with the truth, both (h, w).

    Returns the pixel counts, the length of the whole predicted centre line in px, and the distances
    between the predicted line, without segments shorter than `min_front_length_m`, and the whole
    true line. If no predicted line is left, the distances are NaN and `missing` is 1.
    Both are thinned in one orientation, which the two masks together determine: so lines of an even
    width are cut alike, and the two masks turned or mirrored have the same distances.
    """
    code = own_orientations((prediction > 0) + 2 * (truth > 0))[0]
    predicted, true = (lines_as_they_lie(turned(mask, code)) for mask in (prediction, truth))
    kept = longer_than(predicted, min_front_length_m / pixel_size_m)
    shape = turned(truth, code).shape
    distance = front_distance(draw_lines(kept, shape), draw_lines(true, shape))
    scores: dict[str, Any] = {
        "predicted_px": int(np.count_nonzero(prediction)),
        "true_px": int(np.count_nonzero(truth)),
        "skeleton_px": sum(line.length for line in predicted),
        "missing": int(not kept),
    }
    if distance is None:
        return scores | dict.fromkeys(
            ("distance_sum_px", "distance_count", "mde_m", "hd95_m"), float("nan")
        )
    return scores | {
        "distance_sum_px": distance.total,
        "distance_count": distance.count,
        "mde_m": distance.total / distance.count * pixel_size_m,
        "hd95_m": distance.hausdorff95 * pixel_size_m,
    }


def score_predictions(
    dataset: PathLike,
    probabilities: PathLike,
    predictions: PathLike,
    threshold: PathLike,
    scores: PathLike,
    min_front_length_m: float,
    hemispheres: Mapping[str, str] = NOWHERE,
    subset: Literal["test", "validation"] = "test",
) -> None:
    """Score the test images of one run under both protocols; write one row per protocol × scene.

    Under the paper protocol, each overlap metric has its own threshold; the counts and distances
    use the threshold of Dice. The column `threshold` is empty if none was chosen.
    hemispheres: glacier → north or south, for scenes without a place on the map; "" is every other
    glacier. subset: `validation` scores the validation images instead, at the threshold chosen on
    them.
    """
    data = open_dataset(dataset)
    array, table = open_predictions(probabilities, predictions)
    chosen = read_record(threshold)
    thresholds = {VALIDATION_THRESHOLD: dict.fromkeys(METRICS, chosen[VALIDATION_THRESHOLD])}
    if subset == TEST:
        thresholds[PAPER_PROTOCOL] = chosen[PAPER_PROTOCOL]
    rows: list[dict[str, Any]] = []
    images = np.flatnonzero(table["subset"] == subset)
    for protocol, limits in thresholds.items():
        for k in images:
            scene = table["scene"].iloc[k]
            row = int(data.rows([scene])[0])
            facts = data.index.loc[row]
            truth = np.asarray(data.fronts[row])
            probability = array[k].astype(np.float64)
            if protocol == PAPER_PROTOCOL:
                probability = stretch(probability, data.variant)
            needed = np.unique(list(limits.values()))
            values = metrics_over_thresholds(probability, truth, needed)
            overlap = {
                metric: float(values[np.searchsorted(needed, limits[metric]), column])
                for column, metric in enumerate(METRICS)
            }
            mask = (probability > limits["dice"]).astype(np.uint8)
            pixel = float(data.index["pixel_size_m"].to_numpy()[row])
            rows.append(
                {
                    "protocol": protocol,
                    "scene": scene,
                    "glacier": facts["glacier"],
                    "mission": facts["mission"],
                    "resolution_tag_m": facts["resolution_tag_m"],
                    "acquired": facts["acquired"],
                    "season": season(str(facts["acquired"]), _hemisphere(facts, hemispheres)),
                    "pixel_size_m": pixel,
                    "threshold": limits["dice"] if chosen.get("chosen", True) else None,
                    **overlap,
                    **score_front(mask, truth, pixel, min_front_length_m),
                }
            )
    result = pd.DataFrame(rows)
    write_sealed(scores, result, float_format="%.7g")
    means = result.groupby("protocol")["dice"].mean()
    log.info("%s Dice %s", subset, {name: round(float(value), 4) for name, value in means.items()})
