"""Scores of one training on the validation scenes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from calvingfront.evaluation.predict import predict_fronts
from calvingfront.evaluation.scores import score_predictions
from calvingfront.evaluation.thresholds import choose_threshold
from calvingfront.files import PathLike, folder_beside
from calvingfront.vocabulary.subsets import VALIDATION


def score_validation(
    dataset: PathLike,
    weights: PathLike,
    record: PathLike,
    scores: Sequence[PathLike],
    thresholds: Sequence[PathLike],
    orientations: Sequence[int],
    batch_size: int,
    min_front_length_m: float,
    hemispheres: Mapping[str, str],
    **how: Any,
) -> None:
    """Predict the validation scenes, choose the best threshold for them, and score them.

    scores, thresholds: a file for each of the `orientations` in which an image is predicted. The
    predictions are not kept. how: device, threads and gpu_slots.
    """
    for count, table, threshold in zip(orientations, scores, thresholds, strict=True):
        with folder_beside(Path(table).with_suffix("")) as folder:
            probabilities, predictions = folder / "probabilities.npy", folder / "index.tsv"
            predict_fronts(
                dataset, weights, record, probabilities, predictions, batch_size,
                scenes="validation", orientations=count, **how,
            )  # fmt: skip
            choose_threshold(
                dataset, probabilities, predictions, threshold, folder / "curve.tsv",
                subsets=(VALIDATION,),
            )  # fmt: skip
            score_predictions(
                dataset, probabilities, predictions, threshold, table, min_front_length_m,
                hemispheres, subset="validation",
            )  # fmt: skip
