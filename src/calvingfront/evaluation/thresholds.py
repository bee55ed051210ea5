"""Choosing the threshold: on the validation set, and as in the paper on the test set."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from calvingfront.dataset.reading import open_dataset, read_table
from calvingfront.evaluation.metrics import metrics_over_thresholds
from calvingfront.evaluation.predictions import open_predictions
from calvingfront.files import PathLike
from calvingfront.storage.sealed import write_record, write_sealed
from calvingfront.vocabulary.metrics import METRICS
from calvingfront.vocabulary.protocols import PAPER_PROTOCOL, VALIDATION_THRESHOLD
from calvingfront.vocabulary.subsets import HELD_OUT, TEST, VALIDATION

log = logging.getLogger(__name__)

BINARY_THRESHOLD = 0.5  # of predictions that are 0 or 1
EQUAL_PASSES = 1e-9
THRESHOLDS: npt.NDArray[np.float64] = np.arange(100) / 100


def stretch(
    probability: npt.NDArray[np.floating], variant: str = "paper"
) -> npt.NDArray[np.float64]:
    """Stretch one prediction from its minimum and maximum to 0…255, rounded, as the released code.

    Returns values in [0, 1] (divided by 255); a constant prediction becomes 0. With the variant
    `released` a value that equals a threshold passes it: all are raised by 1e-9.
    """
    values = probability.astype(np.float64)
    low, high = values.min(), values.max()
    raised = EQUAL_PASSES if variant == "released" else 0.0
    if high <= low:
        return np.full_like(values, raised)
    return np.asarray(np.rint((values - low) / (high - low) * 255) / 255 + raised, np.float64)


def choose_threshold(
    dataset: PathLike,
    probabilities: PathLike,
    predictions: PathLike,
    threshold: PathLike,
    curve: PathLike,
    subsets: Sequence[str] = HELD_OUT,
) -> None:
    """Scan the thresholds 0.00 … 0.99; write the chosen ones and the curves.

    subsets: those that are scanned; without the test scenes there is no `paper_protocol`.
    `validation_threshold` maximises the mean Dice of the validation images (not stretched).
    `paper_protocol` has, for each metric, the best threshold for the stretched test predictions: an
    oracle, for comparison with the paper only. Of several equal maxima the middle one is taken.
    """
    data = open_dataset(dataset)
    array, table = open_predictions(probabilities, predictions)
    rows = data.rows(table["scene"].tolist())
    curves = []
    for subset in subsets:
        for stretched in (False, True):
            values = mean_curve(
                (stretch(array[k], data.variant) if stretched else array[k], data.fronts[rows[k]])
                for k in np.flatnonzero(table["subset"] == subset)
            )
            part = pd.DataFrame(values, columns=list(METRICS))
            part.insert(0, "threshold", THRESHOLDS)
            part.insert(0, "stretched", int(stretched))
            part.insert(0, "subset", subset)
            curves.append(part)
    curve_table = pd.concat(curves, ignore_index=True)
    chosen = _best(curve_table, VALIDATION, 0, "dice")
    result: dict[str, Any] = {
        VALIDATION_THRESHOLD: chosen[0],
        "validation_dice": chosen[1],
    }
    if TEST in subsets:
        result[PAPER_PROTOCOL] = {m: _best(curve_table, TEST, 1, m)[0] for m in METRICS}
    write_sealed(curve, curve_table, float_format="%.7g")
    write_record(threshold, result)
    log.info("validation threshold %.2f (Dice %.4f)", *chosen)


def fix_threshold(predictions: PathLike, threshold: PathLike) -> None:
    """Write the threshold 0.5 for predictions that are 0 or 1, where nothing is chosen.

    predictions: the index of the predictions; it only orders this step behind the import.
    """
    count = len(read_table(predictions, str))
    result = {
        "chosen": False,
        VALIDATION_THRESHOLD: BINARY_THRESHOLD,
        PAPER_PROTOCOL: dict.fromkeys(METRICS, BINARY_THRESHOLD),
    }
    write_record(threshold, result)
    log.info("%d binary predictions: no threshold is chosen", count)


def mean_curve(
    scenes: Iterable[tuple[npt.NDArray[np.floating], npt.NDArray[np.uint8]]],
) -> npt.NDArray[np.float64]:
    """Compute the mean of all METRICS over scenes at each of the THRESHOLDS.

    scenes: (probability, truth) of each, both (h, w). Returns (100, 5) in METRICS' order.
    """
    values = [metrics_over_thresholds(each, truth, THRESHOLDS) for each, truth in scenes]
    return np.asarray(np.mean(values, axis=0), dtype=np.float64)


def best_threshold(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Find the threshold with the highest value, and that value; of equal maxima the middle one.

    values: (100,), one for each of the THRESHOLDS.
    """
    best = np.flatnonzero(values == values.max())
    middle = best[(len(best) - 1) // 2]
    return float(THRESHOLDS[middle]), float(values[middle])


def _best(curves: pd.DataFrame, subset: str, stretched: int, metric: str) -> tuple[float, float]:
    part = curves[(curves["subset"] == subset) & (curves["stretched"] == stretched)]
    return best_threshold(part[metric].to_numpy(dtype=np.float64))
