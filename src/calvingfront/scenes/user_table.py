"""Read a user's own table of scenes, check its lines and report all faults at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from calvingfront.errors import CalvingFrontError, ConfigError, Faults, SceneError
from calvingfront.scenes.caffe import EXCLUDE
from calvingfront.scenes.scene_table import LONGEST_NAME, SCENE_NAME, scene_table, with_front
from calvingfront.tabular.cells import Unreadable, name_of
from calvingfront.tabular.days import read_day
from calvingfront.tabular.numbers import pixel_size, whole
from calvingfront.tabular.text_tables import Row, Table, missing, read_table

Fault = Callable[[str, str], None]
MakeRow = Callable[[dict[str, str], Path, Fault], dict[str, Any]]

# The first bytes of files that stand for others until a program fetches these.
POINTERS = {
    b"version https://git-lfs": "git lfs pull",
    b"/annex/objects/": "git annex get",
}
FOLDERS = {".gdb"}  # a vector data set that is a folder


def list_table(
    table: str | Path | None,
    key: str,
    required: Sequence[str],
    optional: Sequence[str],
    exclude: Collection[str],
    make_row: MakeRow,
) -> pd.DataFrame:
    """The scene table of a user's table (`tabular.text_tables`), with paths from its folder on.

    A line without a front is a scene to be located; the column `front` may be missing.
    `attrs["excluded_new"]` names the excluded lines without a front. Notes count lines with one,
    and name the columns that are not used.
    key: of the configuration, for messages. make_row(cells, folder, fault) returns the columns of a
    line besides scene, glacier and quality, and calls fault(what, remedy) for each of its faults.
    Raises Faults with all faults, ConfigError or TableError if there is no such table.
    """
    if table is None or not Path(table).is_file():
        raise ConfigError(key, f"{table} is not a file", "Write the path of a CSV or TSV.")
    read = read_table(table, (*required, *optional))
    lacking = missing(read, required)
    if lacking:
        raise ConfigError(
            key,
            f"{table} {lacking}",
            f"Give the columns {', '.join(required)} and, optionally, {', '.join(optional)}.",
        )
    faults: list[CalvingFrontError] = []
    excluded_new: list[str] = []
    rows: list[dict[str, Any]] = []
    seen: dict[str, int] = {}
    for line in read.rows:
        cell = {"scene": "", "glacier": "", "front": ""} | line.cells
        first = seen.setdefault(cell["scene"], line.line)
        if cell["scene"] in exclude:
            excluded_new += [] if cell["front"] else [cell["scene"]]
            continue
        problems: list[CalvingFrontError] = []
        row = _scene(line, cell, read, make_row, problems)
        if row is not None:
            rows.append(row)
        if first != line.line and line.fault is None:
            what = f"appears twice in the table (first on line {first})"
            problems.append(SceneError(_where(read, line, cell), what, "Delete one line."))
        faults.extend(problems)
    for name in sorted(set(exclude) - set(seen), key=str):
        faults.append(
            ConfigError(
                f"source.exclude.{name}", "names no existing scene", "Correct or delete the key."
            )
        )
    if not rows and not faults:
        faults.append(ConfigError(key, f"{table} lists no scenes", "Add lines."))
    if faults:
        raise Faults(faults, EXCLUDE, found=_names_in(read, exclude))
    scenes = scene_table(rows)
    lines = sum(bool(line.cells.get("front")) for line in read.rows)
    notes = [f"{read.path.name}: {lines} lines with a front, {len(with_front(scenes))} used"]
    if read.unused:
        notes.append(f"{read.path.name}: columns not used: {', '.join(read.unused)}")
    scenes.attrs["notes"] = notes
    scenes.attrs["excluded_new"] = excluded_new
    return scenes


def _names_in(table: Table, exclude: Collection[str]) -> pd.DataFrame:
    """Scene, glacier and front as they stand in a table with faults, for checks of names."""
    columns = ["scene", "glacier", "front"]
    sound = [line.cells for line in table.rows if line.fault is None]
    names = [
        [cells.get(column) or None for column in columns]
        for cells in sound
        if cells.get("scene") not in exclude
    ]
    return pd.DataFrame(names, columns=columns, dtype=object)


def _where(table: Table, line: Row, cell: dict[str, str]) -> str:
    return f"{table.path.name} line {line.line} ({cell['scene'][:80] or 'no name'})"


def _scene(
    line: Row,
    cell: dict[str, str],
    table: Table,
    make_row: MakeRow,
    problems: list[CalvingFrontError],
) -> dict[str, Any] | None:
    """The row of a line, or None; its faults are appended to `problems`."""
    where = _where(table, line, cell)

    def fault(what: str, remedy: str) -> None:
        problems.append(SceneError(where, what, remedy))

    if line.fault is not None:
        fault(line.fault.what, line.fault.remedy)
        return None
    try:
        return _named(cell, fault) | make_row(cell, table.path.parent, fault)
    except CalvingFrontError as error:
        problems.append(error)
    return None


def _named(cell: dict[str, str], fault: Fault) -> dict[str, Any]:
    """Name, glacier and quality of a line."""
    if not SCENE_NAME.fullmatch(cell["scene"]):
        what = f"has the invalid name {cell['scene']!r}"
        fault(what, "Use letters, digits, '.', '_' and '-' only, and begin with a letter or digit.")
    elif len(cell["scene"]) > LONGEST_NAME:
        what = f"has a name of {len(cell['scene'])} characters, which no file can bear"
        fault(what, f"Use at most {LONGEST_NAME}.")
    cell["glacier"] = name_of(cell["glacier"])
    if not cell["glacier"]:
        fault("has no glacier", "Fill in the cell.")
    elif not any(character.isalnum() for character in cell["glacier"]):
        fault(f"has the glacier {cell['glacier']!r}, which is no name", "Write its name.")
    quality = None
    if cell.get("quality"):
        try:
            quality = whole(cell["quality"], most=6)
        except Unreadable:
            what = f"has the invalid quality {cell['quality']!r}"
            fault(what, "Write 1 (best) to 6, or leave it empty.")
    return {"scene": cell["scene"], "glacier": cell["glacier"], "quality": quality}


def day_of(text: str, fault: Fault) -> str:
    """The day YYYY-MM-DD (UTC) of a cell; the unchanged text and a fault if it is not a day."""
    try:
        return read_day(text)
    except Unreadable as error:
        fault(f"has an invalid date: {error.what}", error.remedy)
        return text


def metres_of(text: str, fault: Fault) -> float | None:
    """The pixel size of a cell, m; None and a fault if it is none."""
    try:
        return pixel_size(text)
    except Unreadable as error:
        fault(f"has an invalid pixel size: {error.what}", error.remedy)
        return None


def existing(
    cell: dict[str, str], key: str, folder: Path, fault: Fault, or_folder: bool = False
) -> Path | None:
    """The path of a cell, or None and a fault if there is no such file.

    or_folder: a folder will do as well, as of a product.
    """
    text = cell[key]
    path = folder / text
    try:
        is_file, is_folder = path.is_file(), bool(text) and path.is_dir()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        fault(f"{key} {text[:80]!r} cannot be opened ({reason})", "Check path and permissions.")
        return None
    if is_file or (is_folder and (or_folder or path.suffix.lower() in FOLDERS)):
        return path
    if is_folder:
        fault(f"{key} {text!r} is a folder", "Give the file in it.")
    elif "\\" in text:
        fault(f"{key} {text!r} does not exist: it has backslashes", "Write / between folders.")
    else:
        fault(f"{key} {text!r} does not exist", f"Give a path relative to {folder}.")
    return None


def fetched(path: Path, key: str, fault: Fault) -> bool:
    """Whether a file is there with its content; a fault if it is empty or a pointer to it."""
    if path.is_dir():
        return True
    try:
        with path.open("rb") as file:
            head = file.read(32)
    except OSError as error:
        fault(f"{key} {path.name} cannot be opened ({error.strerror})", "Check the permissions.")
        return False
    if not head:
        fault(f"{key} {path.name} is an empty file", "Fetch it again.")
    for beginning, command in POINTERS.items():
        if head.startswith(beginning):
            fault(f"{key} {path.name} is a pointer, not the file itself", f"Run {command}.")
            return False
    return bool(head)
