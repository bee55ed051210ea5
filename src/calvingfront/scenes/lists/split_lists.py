"""Published splits: tables that assign scenes to subsets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from calvingfront.errors import CalvingFrontError, Faults, SplitError
from calvingfront.files import PathLike
from calvingfront.scenes.scene_table import with_front
from calvingfront.tabular.text_tables import Row, Table, read_table
from calvingfront.vocabulary.subsets import SUBSETS, TEST, TRAIN, VALIDATION

# What others call the subsets, whatever the case.
NAMES = {name: name for name in SUBSETS} | {
    "training": TRAIN, "val": VALIDATION, "valid": VALIDATION, "testing": TEST
}  # fmt: skip


@dataclass(frozen=True)
class Lists:
    """A published split: `table` (scene, subset), and how many `rows` have no name or repeat."""

    table: pd.DataFrame
    rows: int
    unnamed: int
    repeated: int


def read_lists(path: PathLike, scene_column: str, subset_column: str) -> Lists:
    """Read a user's table that assigns scenes to subsets.

    Rows with an empty scene name are counted and left out; a scene named twice in one subset is
    kept once; a scene in two subsets keeps both. Subsets may be written in capitals, and as `NAMES`
    has them. Raises SplitError, TableError or Faults if the file cannot be used.
    """
    if not Path(path).is_file():
        raise SplitError(
            "split.lists",
            f"there is no file {path}",
            "Write the path of the CSV, or null to draw the subsets by split.shares",
        )
    table = read_table(path, (scene_column, subset_column))
    for key, column in (
        ("split.lists_scene_column", scene_column),
        ("split.lists_subset_column", subset_column),
    ):
        if column not in table.names:
            has = ", ".join(filter(None, table.names))
            raise SplitError(key, f"{path} has no column {column!r}", f"Write one of: {has}.")
    rows = table.sound_rows()
    faults = [fault for row in rows for fault in _fault(table, row, subset_column)]
    if faults:
        raise Faults(faults, "Correct split.lists.")
    pairs = [(row.cells[scene_column], NAMES[row.cells[subset_column].lower()]) for row in rows]
    named = pd.DataFrame(
        [pair for pair in pairs if pair[0]], columns=["scene", "subset"], dtype=str
    )
    unique = named.drop_duplicates(ignore_index=True)
    return Lists(unique, len(rows), len(rows) - len(named), len(named) - len(unique))


def faults(config: Mapping[str, Any]) -> Iterator[CalvingFrontError]:
    """What is wrong with `split.lists`, if the split is read from it."""
    split = config["split"]
    if split["method"] != "paper" or not split["lists"]:
        return
    try:
        lists = read_lists(
            split["lists"], split["lists_scene_column"], split["lists_subset_column"]
        )
    except Faults as found:
        yield from found.faults
    except CalvingFrontError as error:
        yield error
    else:
        absent = [subset for subset in SUBSETS if subset not in set(lists.table["subset"])]
        if absent:
            yield SplitError(
                split["lists"],
                f"names no {' and no '.join(absent)} scene",
                f"Write {', '.join(SUBSETS)} into {split['lists_subset_column']}.",
            )


def check_listed(config: Mapping[str, Any], scenes: pd.DataFrame) -> None:
    """Compare the lists, if the split is read from them, with the scenes that have a front.

    Scenes in no list are counted in a note. Raises Faults with listed scenes that do not exist.
    """
    split = config.get("split", {})
    if split.get("method") != "paper" or not split.get("lists"):
        return
    columns = split["lists_scene_column"], split["lists_subset_column"]
    listed = set(read_lists(split["lists"], *columns).table["scene"])
    known = set(with_front(scenes)["scene"])
    absent = sorted(listed - known - set(map(str, config["source"]["exclude"] or {})))
    if absent:
        new = set(scenes["scene"])
        problems = [
            SplitError(
                split["lists"],
                f"names {scene}, which {'has no front' if scene in new else 'is no scene'}",
                "Correct the name, or exclude it in source.exclude with a reason.",
            )
            for scene in absent
        ]
        raise Faults(problems, "Correct split.lists.")
    if known - listed:
        name = Path(split["lists"]).name
        note = f"{name}: {len(known - listed)} scenes are in none of its subsets and are not used"
        scenes.attrs["notes"] = [*scenes.attrs.get("notes", []), note]


def _fault(table: Table, row: Row, column: str) -> Iterator[SplitError]:
    subset = row.cells[column]
    if subset.lower() not in NAMES:
        what = f"names the unknown subset {subset!r}" if subset else "names no subset"
        yield SplitError(table.where(row), what, f"Write {', '.join(SUBSETS)}.")
