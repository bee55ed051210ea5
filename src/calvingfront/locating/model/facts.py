"""All that a model folder says, gathered from the results of its runs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import yaml

from calvingfront.dataset.files import CONFIG
from calvingfront.dataset.reading import Dataset, open_dataset, read_split
from calvingfront.errors import ModelError
from calvingfront.evaluation.metrics import metrics_over_thresholds
from calvingfront.evaluation.predictions import held_out_scenes, open_predictions
from calvingfront.evaluation.scores import score_front
from calvingfront.evaluation.thresholds import best_threshold, mean_curve
from calvingfront.files import read_json
from calvingfront.locating.model.content import (
    Brightness,
    Member,
    ModelCard,
    Percentiles,
    Preprocessing,
    Range,
    Score,
    Scores,
    ThresholdChoice,
    TrainedOn,
)
from calvingfront.vocabulary import paths
from calvingfront.vocabulary.metrics import METRICS
from calvingfront.vocabulary.protocols import VALIDATION_THRESHOLD
from calvingfront.vocabulary.runs import Run
from calvingfront.vocabulary.subsets import TEST, TRAIN, VALIDATION

Floats = npt.NDArray[np.float64]
DICE, IOU = (list(METRICS).index(name) for name in ("dice", "iou"))


@dataclass(frozen=True)
class Predictions:
    """What the runs predicted for the held-out scenes, in the same order for all of them.

    arrays: (m, s, s) of each run; table: scene and subset of each of the m.
    """

    data: Dataset
    arrays: Sequence[npt.NDArray[np.float16]]
    table: pd.DataFrame

    def of(self, subset: str) -> Iterator[tuple[int, Floats, npt.NDArray[np.uint8]]]:
        """Row of the index, mean probability and truth (s, s) of each scene of a subset."""
        for k in np.flatnonzero(self.table["subset"] == subset):
            row = int(self.data.rows([str(self.table["scene"].iloc[k])])[0])
            mean = np.mean([array[k].astype(np.float64) for array in self.arrays], axis=0)
            yield row, mean, np.asarray(self.data.fronts[row])


def describe(results: Path, runs: Sequence[Run], title: str, licence: str, data: str) -> ModelCard:
    """Gather what a model folder says; `runs` are complete runs of `results`, in order.

    Raises ModelError if the files of the runs do not belong together.
    """
    dataset = results / paths.DATASET
    path, split = dataset / CONFIG, read_split(dataset)
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    predictions = _predictions(results, runs, split)
    size = _get(path, config, "samples", "size")
    if size != predictions.data.size:
        what = f"has samples.size {size}, but the samples beside it have {predictions.data.size} px"
        raise ModelError(path, what, "Rerun pack_samples with this configuration.")
    shortest = float(_get(path, config, "evaluation", "min_front_length_m"))
    threshold, choice = _threshold(results, runs, predictions)
    return ModelCard(
        title=title,
        members=tuple(_member(results, run, n, predictions) for n, run in enumerate(runs, 1)),
        preprocessing=Preprocessing(
            size=predictions.data.size,
            median_area_m2=float(_get(path, config, "samples", "median_area_m2")),
            variant=_get(path, config, "samples", "variant"),
            front_width_px=_get(path, config, "samples", "front_width_px"),
        ),
        threshold=threshold,
        threshold_choice=choice,
        min_front_length_m=shortest,
        trained_on=_trained_on(
            predictions.data,
            split,
            source=_get(path, config, "source", "kind"),
            method=_get(path, config, "split", "method"),
        ),
        scores=_scores(predictions, threshold, shortest),
        licence=licence,
        data=data,
    )


def file_of(results: Path, pattern: str, run: Run) -> Path:
    """A run's file."""
    return results / pattern.format(**run._asdict())


def _get(path: Path, content: Any, *keys: str) -> Any:
    """What stands under `keys` in the content of a file. Raises ModelError if it is not there."""
    for key in keys:
        if not isinstance(content, dict) or key not in content:
            raise ModelError(path, f"has no {'.'.join(keys)}", "Make the file again.")
        content = content[key]
    return content


def _member(results: Path, run: Run, number: int, predictions: Predictions) -> Member:
    path = file_of(results, paths.RECORD, run)
    record = read_json(path)
    size = _get(path, record, "image_size")
    if size != predictions.data.size:
        what = (
            f"tells of {size} px, but the samples of the data set have {predictions.data.size} px"
        )
        raise ModelError(path, what, "Remove the run's folder and train again.")
    weights = file_of(results, paths.WEIGHTS, run).read_bytes()
    return Member(
        weights=f"member_{number}.safetensors",
        sha256=hashlib.sha256(weights).hexdigest(),
        model=run.model,
        loss=run.loss,
        seed=run.seed,
        network=_get(path, record, "network"),
        calvingfront=_get(path, record, "environment", "calvingfront"),
        commit=record["environment"].get("commit") or None,
    )


def _predictions(results: Path, runs: Sequence[Run], split: dict[str, list[str]]) -> Predictions:
    data, expected = open_dataset(results / paths.DATASET), held_out_scenes(split)
    arrays = []
    for run in runs:
        path = file_of(results, paths.PROBABILITIES, run)
        array, table = open_predictions(path, file_of(results, paths.PREDICTIONS, run))
        if array.shape[1:] != (data.size, data.size):
            what = f"holds predictions of {array.shape[1:]} px, not of {data.size} px"
            raise ModelError(path, what, "Remove the folder and predict again.")
        if table[[*expected]].to_numpy().tolist() != expected.to_numpy().tolist():
            path = file_of(results, paths.PREDICTIONS, run)
            what = "does not list the held-out scenes of the split, in their order"
            raise ModelError(path, what, "Remove the folder; predict and score again.")
        arrays.append(array)
    return Predictions(data, arrays, expected)


def _threshold(
    results: Path, runs: Sequence[Run], predictions: Predictions
) -> tuple[float, ThresholdChoice]:
    number = int((predictions.table["subset"] == VALIDATION).sum())
    if len(runs) == 1:
        path = file_of(results, paths.THRESHOLD, runs[0])
        chosen = read_json(path)
        threshold = float(_get(path, chosen, VALIDATION_THRESHOLD))
        value = float(_get(path, chosen, "validation_dice"))
        what = "network"
    else:
        curve = mean_curve((mean, truth) for _, mean, truth in predictions.of(VALIDATION))
        threshold, value = best_threshold(curve[:, DICE])
        what = "mean of the networks"
    how = f"the threshold at which the {what} has the highest mean Dice on the validation scenes"
    return threshold, ThresholdChoice(how, number, _short(value))


def _scores(predictions: Predictions, threshold: float, shortest_m: float) -> Scores:
    index = predictions.data.index
    rows: list[dict[str, Any]] = []
    for row, mean, truth in predictions.of(TEST):
        values = metrics_over_thresholds(mean, truth, np.array([threshold]))[0]
        pixel = float(index["pixel_size_m"].to_numpy()[row])
        front = score_front((mean > threshold).astype(np.uint8), truth, pixel, shortest_m)
        groups = {name: _name(index[name].iloc[row]) for name in ("mission", "glacier")}
        overlap = {"dice": values[DICE], "iou": values[IOU]}
        rows.append({**groups, **overlap, "pixel": pixel, **front})
    table = pd.DataFrame(rows)
    by = {
        column: {str(name): _score(part) for name, part in table.groupby(column, sort=True)}
        for column in ("mission", "glacier")
    }
    return Scores(_score(table), by["mission"], by["glacier"])


def _score(table: pd.DataFrame) -> Score:
    metres = float((table["distance_sum_px"] * table["pixel"]).sum())
    points = float(table["distance_count"].sum())
    return Score(
        scenes=len(table),
        dice=_short(table["dice"].mean()),
        iou=_short(table["iou"].mean()),
        mde_m=_short(metres / points) if points else None,
        missing=int(table["missing"].sum()),
    )


def _trained_on(data: Dataset, split: dict[str, list[str]], source: str, method: str) -> TrainedOn:
    rows = data.rows(split[TRAIN])
    index = data.index.iloc[rows]
    days = sorted(str(day)[:10] for day in index["acquired"].dropna()) or ["unknown"]
    pixels = index[["source_pixel_size_x_m", "source_pixel_size_y_m"]].to_numpy(dtype=np.float64)
    return TrainedOn(
        training_scenes=len(split[TRAIN]),
        validation_scenes=len(split[VALIDATION]),
        test_scenes=len(split[TEST]),
        source=source,
        split=method,
        glaciers=tuple(sorted({_name(name) for name in index["glacier"]})),
        missions=tuple(sorted({_name(name) for name in index["mission"]})),
        first_day=days[0],
        last_day=days[-1],
        pixel_size_m=_range(index["pixel_size_m"].to_numpy(dtype=np.float64)),
        source_pixel_size_m=_range(pixels),
        brightness=_brightness(data, rows),
    )


def _brightness(data: Dataset, rows: npt.NDArray[np.int64]) -> Brightness:
    shares = []
    heights, widths = (data.index[f"content_{side}"].to_numpy() for side in ("height", "width"))
    for row in rows.tolist():
        image = data.images[row, : int(heights[row]), : int(widths[row])]  # the rest is padding
        shares.append((image.mean(), (image == 255).mean(), (image == 0).mean()))
    return Brightness(*(_percentiles(values) for values in np.array(shares, np.float64).T))


def _percentiles(values: Floats) -> Percentiles:
    return Percentiles(*(_short(value) for value in np.percentile(values, (1, 50, 99))))


def _range(values: Floats) -> Range:
    return Range(_short(values.min()), _short(values.max()))


def _short(value: float) -> float:
    """A number with seven digits, as in the tables of scores."""
    return float(f"{value:.7g}")


def _name(value: object) -> str:
    return "unknown" if pd.isna(value) else str(value)  # type: ignore[call-overload]
