"""The data set of a search: the training and validation scenes, and nothing of a test scene."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from calvingfront.dataset.files import (
    CONFIG,
    CRC_COLUMNS,
    FRONTS,
    IMAGES,
    INDEX,
    SPLIT,
    ZONES,
    ZONES_CRC,
    ZONES_INDEX,
)
from calvingfront.dataset.reading import read_index, read_split, read_table
from calvingfront.dataset.zones import REMAKE
from calvingfront.errors import CalvingFrontError, DamagedFileError, SplitError
from calvingfront.files import read_json, write_json, write_text
from calvingfront.provenance.content import Digests
from calvingfront.storage.arrays import open_array, replacing_array, row_crc
from calvingfront.storage.sealed import write_sealed
from calvingfront.vocabulary.subsets import TEST, TRAIN, VALIDATION

log = logging.getLogger(__name__)
ORIGIN = "without_test_scenes.json"  # what it was made from; written last
_OF_ROWS = {**dict(zip((IMAGES, FRONTS), CRC_COLUMNS, strict=True)), ZONES: ZONES_CRC}


def without_test_scenes(dataset: Path, folder: Path) -> None:
    """Copy the scenes of training and validation into `folder`, unless they are there already.

    A scene that is a test scene too is left out. Of the arrays only the rows that are copied are
    read. Of the test scenes the copy keeps the names, by which `held_back` recognises weights that
    have seen one. Where `dataset` is missing, a copy made elsewhere is taken as it is.
    Raises SplitError if no training or validation scene is left, DamagedFileError if a row is not
    as its checksum says, CalvingFrontError if the copy is of another data set.
    """
    there = (folder / ORIGIN).exists()
    if there and not (dataset / INDEX).exists():
        log.info("%s is taken as it is: %s is not here", folder, dataset)
        return
    made_from = _digests(dataset)
    if there:
        if _origin(folder)["made_from"] == made_from:
            _copy_config(dataset, folder)
            _copy_arrays(dataset, folder)  # zones may have been added
            return
        raise CalvingFrontError(
            folder,
            f"was made from another data set than {dataset}",
            "Give --output another folder, so that the trials of one search see the same scenes",
        )
    index, split = read_index(dataset), read_table(dataset / SPLIT, str)
    tested = set(split.loc[split["subset"] == TEST, "scene"])
    seen = split["subset"].isin([TRAIN, VALIDATION])
    kept = split[seen & ~split["scene"].isin(tested)].reset_index(drop=True)
    leaked = sorted(set(split.loc[seen, "scene"]) & tested)
    for subset in (TRAIN, VALIDATION):
        if not (kept["subset"] == subset).any():
            what = f"has no {subset} scene that is not a test scene too"
            raise SplitError(dataset / SPLIT, what, "Change split.* and make the data set anew")
    missing = sorted(set(kept["scene"]) - set(index["scene"]))
    if missing:
        what = f"has no scene {missing[0]}, which {SPLIT} names"
        raise SplitError(dataset / INDEX, what, "Make the data set anew with `snakemake dataset`")
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob("*.npy"):  # of a copy that was not finished, perhaps of other scenes
        left.unlink()
    _copy_config(dataset, folder)
    write_sealed(folder / SPLIT, kept)
    _copy_arrays(dataset, folder)
    chosen = index[index["scene"].isin(set(kept["scene"]))].reset_index(drop=True)
    if "row" in chosen:
        chosen["row"] = np.arange(len(chosen))
    write_sealed(folder / INDEX, chosen)
    read_split(folder, (TRAIN, VALIDATION))
    origin = {"made_from": made_from, "left_out": len(leaked), "tested": sorted(tested)}
    write_json(folder / ORIGIN, origin)
    if leaked:
        log.info("%d scenes are test scenes too, and left out of the search", len(leaked))


def check_scenes_agree(folders: dict[str, Path]) -> None:
    """Compare the validation scenes of several data sets of a search; "" names the first.

    Raises CalvingFrontError if one has others: their scores could not be compared.
    """
    known = {name: set(read_split(folder, ())[VALIDATION]) for name, folder in folders.items()}
    for name, scenes in known.items():
        if odd := sorted(scenes ^ known[""]):
            raise CalvingFrontError(
                f"data.{name}",
                f"has other validation scenes than the search, such as {odd[0]}",
                "Search each data set by itself",
            )


def check_nothing_tested(dataset: Path, folders: dict[str, Path]) -> None:
    """Refuse a further data set that trains on a test scene of the search's own.

    dataset: the search's, with its test scenes; where it is not here, nothing can be compared.
    """
    if not (dataset / SPLIT).exists():
        return
    split = read_split(dataset, ())
    for name, folder in folders.items():
        own = read_split(folder, ())
        if seen := sorted(set(split[TEST]) & {*own[TRAIN], *own[VALIDATION]}):
            raise CalvingFrontError(
                f"data.{name}",
                f"trains on or validates with test scenes of {dataset}, such as {seen[0]}",
                "Make that data set with the same test scenes",
            )


def held_back(folder: Path) -> frozenset[str]:
    """The names of the test scenes that the copy was made without. Raises DamagedFileError."""
    return frozenset(_origin(folder)["tested"])


def left_out(folder: Path) -> int:
    """How many scenes of training and validation were left out as test scenes."""
    try:
        return int(read_json(folder / ORIGIN)["left_out"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def _origin(folder: Path) -> dict[str, Any]:
    """What the copy was made from. Raises DamagedFileError."""
    try:
        found: dict[str, Any] = read_json(folder / ORIGIN)
        if isinstance(found["made_from"], dict) and isinstance(found["tested"], list):
            return found
    except (OSError, ValueError, KeyError, TypeError):
        pass
    remedy = "Remove it, so that the copy is made anew; finished trainings stay"
    raise DamagedFileError(folder / ORIGIN, "is damaged or incomplete", remedy)


def _copy_config(dataset: Path, folder: Path) -> None:
    if (dataset / CONFIG).exists():
        write_text(folder / CONFIG, (dataset / CONFIG).read_text(encoding="utf-8"))


def _digests(dataset: Path) -> dict[str, str]:
    """Of the tables, which hold the checksum of every image and front."""
    digests = Digests()
    for name in (INDEX, SPLIT):
        if not (dataset / name).exists():
            what = "is missing"
            raise CalvingFrontError(dataset / name, what, "Run `snakemake dataset` to make it")
    return {name: digests.of_file(dataset / name, whole=True) for name in (INDEX, SPLIT)}


def _copy_arrays(dataset: Path, folder: Path) -> None:
    """Copy what is not in the folder of every array with a row for each scene, and of the zones."""
    index, split = read_index(dataset), read_table(folder / SPLIT, str)
    rows = np.flatnonzero(index["scene"].isin(set(split["scene"])))
    if (dataset / ZONES_INDEX).exists() and not (folder / ZONES).exists():
        zones = read_table(dataset / ZONES_INDEX, {"scene": str, ZONES_CRC: str})
        if list(zones.get("scene", ())) != index["scene"].tolist():
            what = "does not belong to the samples of the data set"
            raise CalvingFrontError(dataset / ZONES_INDEX, what, REMAKE)
        write_sealed(folder / ZONES_INDEX, zones.iloc[rows].reset_index(drop=True))
        index = index.merge(zones[["scene", ZONES_CRC]], on="scene", how="left")
    for name in _arrays(dataset, len(index)):
        if not (folder / name).exists():
            _copy_rows(dataset / name, folder / name, rows, index)


def _arrays(dataset: Path, count: int) -> Iterator[str]:
    """The arrays with one row for each scene, whatever they hold."""
    for path in sorted(dataset.glob("*.npy")):
        array = open_array(path)
        if array.ndim and len(array) == count:
            yield path.name


def _copy_rows(
    source: Path,
    target: Path,
    rows: np.ndarray[tuple[int], np.dtype[np.int64]],
    index: pd.DataFrame,
) -> None:
    array, column = open_array(source), _OF_ROWS.get(source.name)
    with replacing_array(target, (len(rows), *array.shape[1:]), array.dtype.str) as append:
        for row in rows:
            values = np.asarray(array[row])
            if column in index and row_crc(values) != index[column].iloc[row]:
                what = f"{index['scene'].iloc[row]}, row {row}, does not match its checksum"
                raise DamagedFileError.of(source, what)
            append(values)
