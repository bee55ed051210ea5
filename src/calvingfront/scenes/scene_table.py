"""The scene table: one row per image, with or without a front."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from calvingfront.errors import SceneError
from calvingfront.files import PathLike
from calvingfront.storage.sealed import read_sealed, write_sealed

TEXT_COLUMNS = (
    "scene",
    "glacier",
    "mission",
    "acquired",
    "orbit",
    "crs",
    "image",
    "front",
    "polarisation",
    "orbit_file",
    "values",
    "band",
)
INTEGER_COLUMNS = ("quality", "width_px", "height_px")
COLUMNS = (
    "scene",
    "glacier",
    "mission",
    "acquired",
    "resolution_tag_m",
    "quality",
    "orbit",
    "pixel_size_x_m",
    "pixel_size_y_m",
    "width_px",
    "height_px",
    "crs",
    "upper_left_x",
    "upper_left_y",
    "image",
    "front",
    "polarisation",
    "orbit_file",
    "values",
    "band",
)
SCENE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
LONGEST_NAME = 200  # characters, so that file names made of it stay below 255 bytes


def scene_table(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """A scene table, sorted by scene, from rows; missing columns and unknown cells stay empty."""
    return _typed(pd.DataFrame(list(rows), dtype=object))


def records(scenes: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a scene table as plain Python values; None where a cell is empty."""
    rows = scenes.astype(object).where(scenes.notna(), None).to_dict("records")
    return [{str(column): value for column, value in row.items()} for row in rows]


def with_front(scenes: pd.DataFrame) -> pd.DataFrame:
    """The scenes that have a front: only these are split, trained on and scored."""
    return scenes[scenes["front"].notna()].reset_index(drop=True)


def without_front(scenes: pd.DataFrame) -> pd.DataFrame:
    """The scenes whose front is to be located."""
    return scenes[scenes["front"].isna()].reset_index(drop=True)


def read_scenes(path: PathLike) -> pd.DataFrame:
    """Read a scene table (TSV). Raises DamagedFileError, or SceneError if columns are missing."""
    table = read_sealed(path, str)
    missing = [column for column in COLUMNS if column not in table.columns]
    if missing:
        raise SceneError(
            path, f"is missing the columns {', '.join(missing)}", "Rerun check_scenes."
        )
    return _typed(table)


def write_scenes(path: PathLike, scenes: pd.DataFrame) -> None:
    """Write a scene table (TSV), atomically."""
    write_table(path, scenes[list(COLUMNS)])


def write_table(path: PathLike, table: pd.DataFrame) -> None:
    """Write any table as TSV with its checksum, atomically; missing cells empty."""
    write_sealed(path, table)


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    table = table.reindex(columns=list(COLUMNS))
    for column in COLUMNS:
        if column in TEXT_COLUMNS:
            table[column] = table[column].astype("string").astype(object)
            table[column] = table[column].where(table[column].notna(), None)
        elif column in INTEGER_COLUMNS:
            table[column] = pd.to_numeric(table[column]).astype("Int64")
        else:
            table[column] = pd.to_numeric(table[column]).astype("float64")
    return table.sort_values("scene", kind="stable", ignore_index=True)
