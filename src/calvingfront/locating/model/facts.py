"""All that a model folder says, gathered from the results of its runs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

from calvingfront.dataset.files import CONFIG
from calvingfront.dataset.reading import Dataset, open_dataset, read_split
from calvingfront.errors import ModelError
from calvingfront.locating.model.content import (
    Brightness,
    Elsewhere,
    Member,
    ModelCard,
    Percentiles,
    Preprocessing,
    Range,
    ThresholdChoice,
    TrainedOn,
)
from calvingfront.locating.model.held_out import Ensemble, HeldOut
from calvingfront.locating.model.runs import file_of
from calvingfront.locating.model.scoring import name_of, scores_of, short
from calvingfront.locating.model.trust import trust_of
from calvingfront.storage.sealed import read_record, reading
from calvingfront.uncertainty.calibration import Calibration
from calvingfront.vocabulary import paths
from calvingfront.vocabulary.runs import Run
from calvingfront.vocabulary.subsets import TEST, TRAIN, VALIDATION

Floats = npt.NDArray[np.float64]


def describe(
    results: Path, runs: Sequence[Run], ensemble: Ensemble, held_out: HeldOut, title: str,
    licence: str, data: str, settings: Mapping[str, Any] | None, weights: Sequence[bytes],
    remarks: str = "", elsewhere: Elsewhere | None = None,
) -> ModelCard:  # fmt: skip
    """Gather what a model folder says; `runs` are trained runs of `results`, in order.

    settings: the configuration; None reads it beside the data set. weights: content of each run's
    file of weights in the folder. elsewhere: errors on glaciers that trainings left out.
    Raises ModelError if the files of the runs do not belong together.
    """
    dataset = results / paths.DATASET
    path, split = dataset / CONFIG, read_split(dataset)
    config = settings_of(results) if settings is None else settings
    packed = open_dataset(dataset)
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
        short(held_out.validation_dice),
    )
    trained_on = _trained_on(
        packed,
        split,
        source=value_in(path, config, "source", "kind"),
        method=value_in(path, config, "split", "method"),
    )

    def calibration_of(glacier: object) -> Calibration | None:
        return trust_of(glacier, trained_on.glaciers, held_out.calibration, elsewhere).calibration

    return ModelCard(
        title=title,
        members=tuple(
            _member(results, run, n, packed, content)
            for n, (run, content) in enumerate(zip(runs, weights, strict=True), 1)
        ),
        orientations=ensemble.orientations,
        preprocessing=preprocessing_of(results, config, packed),
        threshold=held_out.threshold,
        threshold_choice=choice,
        min_front_length_m=shortest,
        calibration=held_out.calibration,
        spread_px=_percentiles(np.array(spreads)) if spreads else None,
        trained_on=trained_on,
        scores=scores_of(packed, held_out, calibration_of, shortest),
        remarks="\n\n".join(filter(None, [*_starts(results, runs), remarks])),
        licence=licence,
        data=data,
        elsewhere=elsewhere,
    )


def preprocessing_of(results: Path, config: Mapping[str, Any], data: Dataset) -> Preprocessing:
    """How the samples of some results were made, by their configuration.

    Raises ModelError if the configuration does not say it, or the samples have another size.
    """
    path = results / paths.DATASET / CONFIG
    size = value_in(path, config, "samples", "size")
    if size != data.size:
        what = f"has samples.size {size}, but the samples beside it have {data.size} px"
        raise ModelError(path, what, "Rerun pack_samples with this configuration.")
    return Preprocessing(
        size=data.size,
        median_area_m2=float(value_in(path, config, "samples", "median_area_m2")),
        variant=value_in(path, config, "samples", "variant"),
        front_width_px=value_in(path, config, "samples", "front_width_px"),
        grey_levels=value_in(path, config, "samples", "grey_levels"),
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
    return float(value_in(path, settings, "evaluation", "min_front_length_m"))


def value_in(path: Path, content: Any, *keys: str) -> Any:
    """What stands under `keys` in the content of a file. Raises ModelError if it is not there."""
    for key in keys:
        if not isinstance(content, Mapping) or key not in content:
            raise ModelError(path, f"has no {'.'.join(keys)}", "Make the file again.")
        content = content[key]
    return content


def _member(results: Path, run: Run, number: int, data: Dataset, weights: bytes) -> Member:
    path = file_of(results, paths.RECORD, run)
    record = read_record(path)
    size = value_in(path, record, "image_size")
    if size != data.size:
        what = f"tells of {size} px, but the samples of the data set have {data.size} px"
        raise ModelError(path, what, "Remove the run's folder and train again.")
    return Member(
        weights=f"member_{number}.safetensors",
        sha256=hashlib.sha256(weights).hexdigest(),
        model=run.model,
        loss=run.loss,
        seed=run.seed,
        network=value_in(path, record, "network"),
        calvingfront=value_in(path, record, "environment", "calvingfront"),
        commit=record["environment"].get("commit") or None,
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
        glaciers=tuple(sorted({name_of(name) for name in index["glacier"]})),
        missions=tuple(sorted({name_of(name) for name in index["mission"]})),
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
    return Percentiles(*(short(value) for value in np.percentile(values, (1, 50, 99))))


def _range(values: Floats) -> Range:
    return Range(short(values.min()), short(values.max()))
