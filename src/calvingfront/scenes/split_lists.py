"""Published splits: tables that assign scenes to subsets."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from calvingfront.errors import SplitError
from calvingfront.files import PathLike
from calvingfront.vocabulary.subsets import SUBSETS


@dataclass(frozen=True)
class Lists:
    """A published split: `table` (scene, subset), and how many `rows` have no name or repeat."""

    table: pd.DataFrame
    rows: int
    unnamed: int
    repeated: int


def read_lists(path: PathLike, scene_column: str, subset_column: str) -> Lists:
    """Read a CSV that assigns scenes to subsets.

    Rows with an empty scene name are counted and left out; a scene named twice in one subset is
    kept once; a scene in two subsets keeps both. Raises SplitError if the file cannot be used.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, sep=None, engine="python")
    except (OSError, ValueError) as error:
        raise SplitError(
            "split.lists", f"{path} cannot be read ({error})", "Write the path of a CSV."
        ) from None
    for key, column in (
        ("split.lists_scene_column", scene_column),
        ("split.lists_subset_column", subset_column),
    ):
        if column not in table.columns:
            raise SplitError(
                key,
                f"{path} has no column {column!r}",
                f"Write one of: {', '.join(table.columns)}.",
            )
    unknown = sorted(set(table[subset_column]) - set(SUBSETS))
    if unknown:
        raise SplitError(
            path, f"names the unknown subset {unknown[0]!r}", f"Write {', '.join(SUBSETS)}."
        )
    lists = pd.DataFrame({"scene": table[scene_column], "subset": table[subset_column]})
    named = lists[lists["scene"] != ""]
    unique = named.drop_duplicates(ignore_index=True)
    return Lists(unique, len(lists), len(lists) - len(named), len(named) - len(unique))
