"""All that a model folder says, gathered from the results of its runs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
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
from calvingfront.evaluation.scores import score_front
from calvingfront.locating.located_front import LEVELS
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
from calvingfront.locating.model.held_out import Ensemble, HeldOut, band_scores
from calvingfront.storage.sealed import read_record, reading
from calvingfront.vocabulary import paths
from calvingfront.vocabulary.metrics import METRICS
from calvingfront.vocabulary.runs import Run
from calvingfront.vocabulary.subsets import TEST, TRAIN, VALIDATION

Floats = npt.NDArray[np.float64]
DICE, IOU = (list(METRICS).index(name) for name in ("dice", "iou"))


def describe(
    results: Path, runs: Sequence[Run], ensemble: Ensemble, held_out: HeldOut, title: str,
    licence: str, data: str, settings: Mapping[str, Any] | None, weights: Sequence[bytes],
    remarks: str = "",
) -> ModelCard:  # fmt: skip
    """Gather what a model folder says; `runs` are trained runs of `results`, in order.

    settings: the configuration; None reads it beside the data set. weights: content of each run's
    file of weights in the folder.
    Raises ModelError if the files of the runs do not belong together.
    """
    dataset = results / paths.DATASET
    path, split = dataset / CONFIG, read_split(dataset)
    config = settings_of(results) if settings is None else settings
    packed = open_dataset(dataset)
    size = _get(path, config, "samples", "size")
    if size != packed.size:
        what = f"has samples.size {size}, but the samples beside it have {packed.size} px"
        raise ModelError(path, what, "Rerun pack_samples with this configuration.")
    shortest = shortest_m(results, config)
    spreads = [
        scene.traced.spread_px
        for scene in held_out.scenes
        if scene.subset == VALIDATION and scene.traced.lines
    ]
    what = "mean of the predictions" if len(runs) * ensemble.orientations > 1 else "prediction"
    choice = ThresholdChoice(
        f"the threshold at which the {what} has the highest mean Dice on the validation scenes",
        len(split[VALIDATION]),
        _short(held_out.validation_dice),
    )
    return ModelCard(
        title=title,
        members=tuple(
            _member(results, run, n, packed, content)
            for n, (run, content) in enumerate(zip(runs, weights, strict=True), 1)
        ),
        orientations=ensemble.orientations,
        preprocessing=Preprocessing(
            size=packed.size,
            median_area_m2=float(_get(path, config, "samples", "median_area_m2")),
            variant=_get(path, config, "samples", "variant"),
            front_width_px=_get(path, config, "samples", "front_width_px"),
            grey_levels=_get(path, config, "samples", "grey_levels"),
        ),
        threshold=held_out.threshold,
        threshold_choice=choice,
        min_front_length_m=shortest,
        calibration=held_out.calibration,
        spread_px=_percentiles(np.array(spreads)) if spreads else None,
        trained_on=_trained_on(
            packed,
            split,
            source=_get(path, config, "source", "kind"),
            method=_get(path, config, "split", "method"),
        ),
        scores=_scores(packed, held_out, shortest),
        remarks="\n\n".join(filter(None, [*_starts(results, runs), remarks])),
        licence=licence,
        data=data,
    )


def _starts(results: Path, runs: Sequence[Run]) -> list[str]:
    """A sentence if trainings started from other weights: these have seen other scenes."""
    records = (read_record(file_of(results, paths.RECORD, run)) for run in runs)
    found = sorted({str(about["start"]["from"]) for about in records if about.get("start")})
    if not found:
        return []
    return [
        f"The trainings started from the weights in `{'`, `'.join(found)}`. The scenes on which "
        "these were trained are not among those above."
    ]


def settings_of(results: Path) -> dict[str, Any]:
    """The configuration beside the data set of some results."""
    path = results / paths.DATASET / CONFIG
    with reading(path):
        return dict(yaml.safe_load(path.read_text(encoding="utf-8")))


def shortest_m(results: Path, settings: Mapping[str, Any]) -> float:
    """The length below which a configuration drops lines, m."""
    path = results / paths.DATASET / CONFIG
    return float(_get(path, settings, "evaluation", "min_front_length_m"))


def file_of(results: Path, pattern: str, run: Run) -> Path:
    """A run's file."""
    return results / pattern.format(**run._asdict())


def _get(path: Path, content: Any, *keys: str) -> Any:
    """What stands under `keys` in the content of a file. Raises ModelError if it is not there."""
    for key in keys:
        if not isinstance(content, Mapping) or key not in content:
            raise ModelError(path, f"has no {'.'.join(keys)}", "Make the file again.")
        content = content[key]
    return content


def _member(results: Path, run: Run, number: int, data: Dataset, weights: bytes) -> Member:
    path = file_of(results, paths.RECORD, run)
    record = read_record(path)
    size = _get(path, record, "image_size")
    if size != data.size:
        what = f"tells of {size} px, but the samples of the data set have {data.size} px"
        raise ModelError(path, what, "Remove the run's folder and train again.")
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


def _scores(data: Dataset, held_out: HeldOut, shortest: float) -> Scores:
    rows: list[dict[str, Any]] = []
    limit = np.array([held_out.threshold])
    for scene in held_out.scenes:
        if scene.subset != TEST:
            continue
        mean, truth = scene.traced.probability, np.asarray(data.fronts[scene.row])
        values = metrics_over_thresholds(mean, truth, limit)[0]
        pixel = float(data.index["pixel_size_m"].to_numpy()[scene.row])
        front = score_front((mean > held_out.threshold).astype(np.uint8), truth, pixel, shortest)
        groups = {name: _name(data.index[name].iloc[scene.row]) for name in ("mission", "glacier")}
        overlap = {"dice": values[DICE], "iou": values[IOU]}
        bands = band_scores(scene, held_out.calibration, pixel)
        rows.append({**groups, **overlap, "pixel": pixel, **front, **bands})
    table = pd.DataFrame(rows)
    by = {
        column: {str(name): _score(part) for name, part in table.groupby(column, sort=True)}
        for column in ("mission", "glacier")
    }
    return Scores(_score(table), by["mission"], by["glacier"])


def _score(table: pd.DataFrame) -> Score:
    metres = float((table["distance_sum_px"] * table["pixel"]).sum())
    points = float(table["distance_count"].sum())
    lines = table[table["line_m"].notna()]
    levels = LEVELS if "within_50" in table and len(lines) else ()
    return Score(
        scenes=len(table),
        dice=_short(table["dice"].mean()),
        iou=_short(table["iou"].mean()),
        mde_m=_short(metres / points) if points else None,
        missing=int(table["missing"].sum()),
        line_m=_short(lines["line_m"].mean()) if len(lines) else None,
        within={str(level): _short(lines[f"within_{level}"].mean()) for level in levels},
        half_width_m={
            str(level): _short(lines[f"half_width_{level}_m"].mean()) for level in levels
        },
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
