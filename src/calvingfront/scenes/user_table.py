"""Read a user's own table of scenes, check its lines and report all faults at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from calvingfront.errors import CalvingFrontError, ConfigError, Faults, SceneError
from calvingfront.scenes.caffe import EXCLUDE
from calvingfront.scenes.scene_table import SCENE_NAME, scene_table, with_front

Fault = Callable[[str, str], None]
MakeRow = Callable[[dict[str, str], Path, Fault], dict[str, Any]]


def list_table(
    table: str | Path | None,
    key: str,
    required: Sequence[str],
    optional: Sequence[str],
    exclude: Collection[str],
    make_row: MakeRow,
) -> pd.DataFrame:
    """The scene table of a CSV or TSV; paths in it are relative to its folder.

    A line without a front is a scene to be located; the column `front` may be missing.
    `attrs["excluded_new"]` names the excluded lines without a front. Notes count lines with one.
    key: of the configuration, for messages. make_row(cells, folder, fault) returns the columns of a
    line besides scene, glacier and quality, and calls fault(what, remedy) for each of its faults.
    Raises Faults with all faults, ConfigError if the table does not exist.
    """
    if table is None or not Path(table).is_file():
        raise ConfigError(key, f"{table} is not a file", "Write the path of a CSV or TSV.")
    separator = "\t" if Path(table).suffix.lower() in {".tsv", ".tab"} else ","
    cells = pd.read_csv(table, sep=separator, dtype=str, keep_default_na=False)
    missing = [column for column in required if column not in cells.columns]
    if missing:
        raise ConfigError(
            key,
            f"{table} is missing the columns {', '.join(missing)}",
            f"Give the columns {', '.join(required)} and, optionally, {', '.join(optional)}.",
        )
    if "front" not in cells.columns:
        cells["front"] = ""
    faults: list[CalvingFrontError] = []
    excluded_new: list[str] = []
    rows: list[dict[str, Any]] = []
    seen: set[str] = set()
    for number, record in enumerate(cells.to_dict("records"), start=2):
        cell = {str(name): str(value).strip() for name, value in record.items()}
        if cell["scene"] in exclude:
            seen.add(cell["scene"])
            excluded_new += [] if cell["front"] else [cell["scene"]]
            continue
        where = f"{Path(table).name} line {number} ({cell['scene'] or 'no name'})"
        problems: list[CalvingFrontError] = []

        def fault(
            what: str, remedy: str, where: str = where, to: list[CalvingFrontError] = problems
        ) -> None:
            to.append(SceneError(where, what, remedy))

        try:
            rows.append(_named(cell, fault) | make_row(cell, Path(table).parent, fault))
        except CalvingFrontError as error:
            problems.append(error)
        if cell["scene"] in seen:
            fault("appears twice in the table", "Delete one line.")
        seen.add(cell["scene"])
        faults.extend(problems)
    for name in sorted(set(exclude) - seen):
        faults.append(
            ConfigError(
                f"source.exclude.{name}", "names no existing scene", "Correct or delete the key."
            )
        )
    if not rows and not faults:
        faults.append(ConfigError(key, f"{table} lists no scenes", "Add lines."))
    if faults:
        raise Faults(faults, EXCLUDE, found=_names_in(cells, exclude))
    scenes = scene_table(rows)
    lines, used = int((cells["front"].str.strip() != "").sum()), len(with_front(scenes))
    scenes.attrs["notes"] = [f"{Path(table).name}: {lines} lines with a front, {used} used"]
    scenes.attrs["excluded_new"] = excluded_new
    return scenes


def _names_in(cells: pd.DataFrame, exclude: Collection[str]) -> pd.DataFrame:
    """Scene, glacier and front as they stand in a table with faults, for checks of names."""
    names = cells[["scene", "glacier", "front"]].map(lambda cell: str(cell).strip() or None)
    return names[~names["scene"].isin(list(exclude))]


def _named(cell: dict[str, str], fault: Fault) -> dict[str, Any]:
    """Name, glacier and quality of a line."""
    if not SCENE_NAME.fullmatch(cell["scene"]):
        what = f"has the invalid name {cell['scene']!r}"
        fault(what, "Use letters, digits, '.', '_' and '-' only.")
    if not cell["glacier"]:
        fault("has no glacier", "Fill in the cell.")
    quality = cell.get("quality", "")
    known = quality in {"1", "2", "3", "4", "5", "6"}
    if quality and not known:
        fault(f"has the invalid quality {quality!r}", "Write 1 (best) to 6, or leave it empty.")
    return {
        "scene": cell["scene"],
        "glacier": cell["glacier"],
        "quality": int(quality) if known else None,
    }


def day_of(text: str, fault: Fault) -> str:
    """The day YYYY-MM-DD of a cell; the unchanged text and a fault if it is not a date."""
    try:
        return str(pd.Timestamp(text).strftime("%Y-%m-%d"))
    except (ValueError, TypeError):
        fault(f"has the invalid date {text!r}", "Write YYYY-MM-DD.")
        return text


def existing(cell: dict[str, str], key: str, folder: Path, fault: Fault) -> Path | None:
    """The path of a cell, or None and a fault if it does not exist."""
    path = folder / cell[key]
    if not cell[key] or not path.exists():
        fault(f"{key} {cell[key]!r} does not exist", f"Give a path relative to {folder}.")
        return None
    return path
