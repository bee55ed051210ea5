"""The settings that the chosen method reads, so that no other makes anything anew."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

_LISTS = ("lists_scene_column", "lists_subset_column")
# Keys of `split` that each method reads, beside `method`.
_SPLIT = {
    "paper": ("seed", "shares"),
    "random": ("seed", "shares"),
    "glacier": ("test_glaciers", "validation_glaciers"),
    "mission": ("test_missions",),
    "time": ("shares", "gap_days"),
    "middle": ("shares", "gap_days"),
}


def acting_split(split: Mapping[str, Any], excluded: Collection[str] = ()) -> dict[str, Any]:
    """The keys of the section `split` that its method reads, with their values.

    excluded: the scenes of `source.exclude`, which a published list may still name; they stand
    under `exclude`. The path of the lists is not among the keys: what counts is their content.
    """
    method = split["method"]
    if method == "paper" and split.get("lists"):
        found = {key: split[key] for key in _LISTS} | {"exclude": sorted(excluded)}
    else:
        found = {key: split[key] for key in _SPLIT.get(method, tuple(split)) if key in split}
    if method in ("glacier", "mission"):
        found = {key: sorted(names) for key, names in found.items()}
        if not found.get("validation_glaciers"):  # validation takes scenes of what is left
            found |= {"seed": split["seed"], "shares": split["shares"][:2]}
    share = split.get("train_share", 1)
    if share != 1:  # as it always was without the key
        found |= {"train_share": share, "seed": split["seed"]}
    return {"method": method, **found}
