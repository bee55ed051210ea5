"""Import a result of others: its masks or lines become predictions like ours."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from calvingfront.dataset.reading import Dataset, open_dataset, read_split
from calvingfront.errors import CalvingFrontError, ConfigError, Faults, SceneError
from calvingfront.evaluation.others.grid import check_index, on_sample
from calvingfront.evaluation.others.masks import Images
from calvingfront.evaluation.predictions import held_out_scenes, write_predictions
from calvingfront.files import PathLike, write_json
from calvingfront.vocabulary.others import (
    AUTO,
    EMPTY,
    IMAGE_SUFFIXES,
    LINE_SUFFIXES,
    LINES,
    MASKS,
    PROBABILITIES,
    is_binary,
)
from calvingfront.vocabulary.subsets import TEST

log = logging.getLogger(__name__)

MOST_NAMES = 5  # in a message or a line of the log


def import_others(
    dataset: PathLike,
    model: str,
    other: Mapping[str, Any] | None,
    files: str,
    probabilities: PathLike,
    predictions: PathLike,
    record: PathLike,
) -> None:
    """Write a result of others as predictions of the validation and test scenes.

    other: its entry in the configuration's `others`: folder, kind, missing. files: digest of
    the folder, kept in the record.
    Masks and lines are thinned and given the data set's front width on the grid of the sample,
    exactly as the true fronts are, and written as 0 and 1. A mask or layer without a front predicts
    none. A test scene without a file is an error, or predicts no front with `missing: empty`; a
    validation scene without a file is left out unless the threshold is chosen from them.
    record: JSON that lists the scenes without a front, without a file, and the files not used.
    Raises ConfigError or Faults that name every file and scene that cannot be used.
    """
    if other is None:
        raise ConfigError(
            f"others.{model}", "is not in the configuration", "Add it with its folder."
        )
    where = f"others.{model}"
    data = open_dataset(dataset)
    check_index(data.index)
    kind, found = _open(where, other, set(data.index["scene"]))
    _log_ignored(where, found.ignored)
    table = held_out_scenes(read_split(dataset))
    absent = _absent(table, found.scenes, kind)
    if absent and not found.scenes & set(table["scene"]):
        raise ConfigError(f"{where}.folder", *_nothing(other["folder"], table, found))
    if absent and other["missing"] != EMPTY:
        raise ConfigError(
            f"{where}.folder",
            f"{other['folder']} has no file for {len(absent)} scenes: {_some(absent)}",
            f"Add them, or write {where}.missing: {EMPTY}, which counts each as an image without "
            "a predicted front",
        )
    table = table[table["scene"].isin(found.scenes | set(absent))].reset_index(drop=True)
    without: list[str] = []
    blocks = _blocks(data, table["scene"].tolist(), found, kind, without)
    write_predictions(blocks, data.size, table, probabilities, predictions)
    without = sorted(set(without) - set(absent))
    counts = table["subset"].value_counts().to_dict()
    log.info("%s: %s as %s", where, ", ".join(f"{n} {s}" for s, n in counts.items()), kind)
    if without:
        log.info("%d without a front: %s", len(without), _some(without))
    if absent:
        log.info("%d without a file, as if without a front: %s", len(absent), _some(absent))
    write_json(
        record,
        {
            "name": model,
            "folder": str(other["folder"]),
            "files": files,
            "kind": kind,
            "scenes": counts,
            "scenes_without_front": without,
            "scenes_without_file": absent,
            "not_used": found.ignored,
        },
    )


def _open(where: str, other: Mapping[str, Any], scenes: set[str]) -> tuple[str, Any]:
    """The kind of a result, and its files by scene."""
    folder = Path(other["folder"] or "")
    if not other["folder"] or not folder.exists():
        raise ConfigError(
            f"{where}.folder", f"{other['folder']} does not exist", "Write where the files are."
        )
    kind = str(other["kind"])
    if kind == AUTO:
        kind = _recognise(where, folder)
    if kind in (MASKS, PROBABILITIES):
        if not folder.is_dir():
            raise ConfigError(
                f"{where}.folder", f"{folder} is not a folder", f"Write the folder of the {kind}."
            )
        return kind, Images(folder, scenes)
    try:
        from calvingfront.samples.foreign_lines import ForeignLines  # needs GeoPandas
    except ModuleNotFoundError as error:
        raise ConfigError(
            where,
            f"lines cannot be read here: {error.name} is not installed",
            'Import it where Snakemake runs, or run pip install "calvingfront[workflow]"',
        ) from None
    return kind, ForeignLines(folder, scenes)


def _recognise(where: str, folder: Path) -> str:
    """Whether a folder holds masks or lines; a file holds lines."""
    if folder.is_file():
        return LINES
    suffixes = {path.suffix.lower() for path in folder.rglob("*")}
    masks = bool(suffixes & set(IMAGE_SUFFIXES))
    lines = bool(suffixes & set(LINE_SUFFIXES))
    if masks and lines:
        raise ConfigError(
            f"{where}.kind", f"is auto, but {folder} holds images and vector files",
            f"Write {MASKS}, {LINES} or {PROBABILITIES}",
        )  # fmt: skip
    if not masks and not lines:
        raise ConfigError(
            f"{where}.folder",
            f"{folder} holds neither images nor vector files",
            "Give SCENE_front.png, or SCENE.gpkg, .shp or .geojson, for each scene",
        )
    return MASKS if masks else LINES


def _absent(table: pd.DataFrame, found: set[str], kind: str) -> list[str]:
    """The scenes that need a file and have none."""
    needed = table[table["subset"] == TEST] if is_binary(kind) else table
    return sorted(set(needed["scene"]) - found)


def _nothing(folder: object, table: pd.DataFrame, found: Any) -> tuple[str, str]:
    """What is wrong if no file belongs to a held-out scene, and the remedy."""
    what = f"{folder} has no file for any of the {table['scene'].nunique()} held-out scenes"
    if found.ignored:
        what += f"; it holds {', '.join(found.ignored[:2])}"
    example = table.loc[table["subset"] == TEST, "scene"].iloc[0]
    remedy = f"Name the files after the scenes, as in {example}_front.png"
    return what, f"{found.hint.rstrip('.')}. {remedy}" if found.hint else remedy


def _blocks(
    data: Dataset, scenes: list[str], found: Any, kind: str, without: list[str]
) -> Iterator[npt.NDArray[np.floating]]:
    """The predictions, (1, s, s) each; appends the scenes without a front to `without`.

    Raises Faults, after the last scene, with all that is wrong.
    """
    faults: dict[str, CalvingFrontError] = {}
    nothing = np.zeros((data.size, data.size))
    for scene, row in zip(scenes, data.rows(scenes).tolist(), strict=True):
        prediction: npt.NDArray[Any] = nothing
        if scene in found.scenes and scene not in faults:
            facts = data.index.loc[row].to_dict()
            try:
                if kind == PROBABILITIES:
                    prediction = found.probability(scene, facts, data.size)
                elif kind == MASKS:
                    prediction = found.front(scene, facts, data.size)
                else:
                    prediction = on_sample(found.mask(scene, facts), facts, data.size)
            except SceneError as error:
                faults[scene] = error
        if not prediction.any():
            without.append(scene)
        yield prediction[np.newaxis].astype(np.float64)
    if faults:
        raise Faults(list(faults.values()), "Correct the files of this result.")


def _log_ignored(where: str, ignored: list[str]) -> None:
    if ignored:
        count, names = len(ignored), _some(ignored)
        log.warning("%s: %d belong to no scene and are not used: %s", where, count, names)


def _some(names: list[str]) -> str:
    """The first few names; the record has all of them."""
    return ", ".join(names[:MOST_NAMES]) + (" …" if len(names) > MOST_NAMES else "")
