"""Assign scenes to training, validation and test."""

from __future__ import annotations

import logging
import math
import random
from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from calvingfront.errors import EmptySubsetError, SplitError
from calvingfront.files import PathLike
from calvingfront.scenes.lists.split_lists import Lists, read_lists
from calvingfront.vocabulary.subsets import (
    GAP,
    SPLIT_METHODS,
    SUBSETS,
    TEST,
    TRAIN,
    UNUSED,
    VALIDATION,
)

log = logging.getLogger(__name__)


def split_scenes(
    scenes: pd.DataFrame,
    method: str = "paper",
    seed: int = 1,
    shares: Sequence[float] = (144, 50, 50),
    lists: PathLike | None = None,
    lists_scene_column: str = "caffe_name",
    lists_subset_column: str = "split",
    test_glaciers: Collection[str] = (),
    validation_glaciers: Collection[str] = (),
    test_missions: Collection[str] = (),
    gap_days: int = 180,
    train_share: float = 1.0,
    excluded: Collection[str] = (),
) -> pd.DataFrame:
    """Split a table with the columns scene, glacier, acquired; returns scene, subset.

    `mission` is needed with that method only.

    paper:   the lists, or (lists None) the sorted names shuffled by `random.Random(seed)` and cut
             by the shares.
    random:  as `paper` without lists, each glacier shuffled on its own and spread evenly.
    glacier: `test_glaciers` and `validation_glaciers` held out completely; without the latter,
             validation takes scenes of the training glaciers.
    mission: `test_missions` held out completely; validation takes scenes of the others.
    time:    for each glacier, the last scenes are test, those at least `gap_days` earlier are
             validation, and those at least `gap_days` before these are training; scenes in a gap
             are marked `gap`.
    middle:  for each glacier, scenes in the middle of the series are test, with such gaps on both
             sides; validation precedes them, training is what is before and after.
    train_share: this share of the training scenes is kept, of every glacier alike; the others are
             marked `unused`. With the same seed a smaller share is part of a larger one.
    excluded: scenes that the lists may name although they are not in the table.
    Raises EmptySubsetError if a subset is empty, SplitError if the split cannot be drawn.
    """
    if method == "paper" and lists is not None:
        published = read_lists(lists, lists_scene_column, lists_subset_column)
        split = _from_lists(scenes, published, excluded)
    elif method == "paper":
        split = _cut(_shuffled(scenes["scene"], random.Random(seed)), shares)
    elif method == "random":
        split = _cut(_interleaved(scenes, seed), shares)
    elif method == "glacier":
        held = {"test_glaciers": test_glaciers, "validation_glaciers": validation_glaciers}
        split = _by_column(scenes, seed, shares, "glacier", held)
    elif method == "mission":
        split = _by_column(scenes, seed, shares, "mission", {"test_missions": test_missions})
    elif method == "time":
        split = _by_time(scenes, shares, gap_days)
    elif method == "middle":
        split = _by_time(scenes, shares, gap_days, middle=True)
    else:
        raise SplitError(
            "split.method", f"{method!r} is unknown", f"Write one of {', '.join(SPLIT_METHODS)}."
        )
    if train_share != 1:
        split = _thinned(split, scenes, train_share, seed)
    for subset in SUBSETS:
        if subset not in set(split["subset"]):
            raise EmptySubsetError(
                f"split.method {method}",
                f"leaves no {subset} scene among {len(scenes)}",
                "Add scenes, or change split.shares, what is held out, split.gap_days or "
                "split.train_share.",
            )
    order = {subset: rank for rank, subset in enumerate((*SUBSETS, GAP, UNUSED))}
    split = split.assign(rank=split["subset"].map(order)).sort_values(["rank", "scene"])
    return split[["scene", "subset"]].reset_index(drop=True)


def _from_lists(scenes: pd.DataFrame, lists: Lists, excluded: Collection[str]) -> pd.DataFrame:
    table = lists.table[~lists.table["scene"].isin(list(excluded))]
    missing = sorted(set(table["scene"]) - set(scenes["scene"]))
    if missing:
        raise SplitError(
            "split.lists",
            f"{len(missing)} of its scenes are not in the archive, such as {missing[0]}",
            "Add them, or exclude them in source.exclude with a reason.",
        )
    log.info(
        "split.lists: %d rows, %d without a scene name, %d repeated within a subset",
        lists.rows,
        lists.unnamed,
        lists.repeated,
    )
    return table


def _shuffled(names: Collection[str], generator: random.Random) -> list[str]:
    shuffled = sorted(names)
    generator.shuffle(shuffled)
    return shuffled


def _interleaved(scenes: pd.DataFrame, seed: int) -> list[str]:
    """The scenes in an order in which any stretch contains the glaciers in proportion."""
    generator = random.Random(seed)
    placed = []
    for glacier, group in scenes.groupby("glacier", sort=True):
        names = _shuffled(group["scene"], generator)
        placed += [((rank + 0.5) / len(names), glacier, name) for rank, name in enumerate(names)]
    return [name for _, _, name in sorted(placed)]


def apportion(total: int, shares: Sequence[float]) -> list[int]:
    """Integers in the proportion of `shares` that add up to `total` (largest remainder)."""
    if total < 0 or min(shares) < 0 or not sum(shares) > 0:
        raise SplitError(
            "split.shares", f"{list(shares)} are not shares", "Write, for example, [144, 50, 50]."
        )
    exact = [total * share / sum(shares) for share in shares]
    counts = [math.floor(value + 1e-9) for value in exact]
    by_remainder = sorted(range(len(shares)), key=lambda i: (counts[i] - exact[i], i))
    for i in by_remainder[: total - sum(counts)]:
        counts[i] += 1
    return counts


def _cut(names: Sequence[str], shares: Sequence[float]) -> pd.DataFrame:
    counts = apportion(len(names), shares)
    subsets = [subset for subset, n in zip(SUBSETS, counts, strict=True) for _ in range(n)]
    return pd.DataFrame({"scene": list(names), "subset": subsets})


def _by_column(
    scenes: pd.DataFrame,
    seed: int,
    shares: Sequence[float],
    column: str,
    held: Mapping[str, Collection[str]],
) -> pd.DataFrame:
    """Hold out every scene with certain values in a column, `glacier` or `mission`.

    held: key of the configuration → its values; the first is tested, a second one validates.
    Without values of its own, validation takes scenes of what is left.
    """
    known = sorted(set(scenes[column]))
    for key, values in held.items():
        unknown = sorted(set(values) - set(known))
        if unknown:
            raise SplitError(
                f"split.{key}",
                f"{unknown[0]} is not a {column} of the data set",
                f"Write some of: {', '.join(known)}.",
            )
    (first, test), *others = held.items()
    for key, values in others:
        both = sorted(set(test) & set(values))
        if both:
            raise SplitError(
                f"split.{key}", f"{both[0]} is also a test {column}", "List it only once."
            )
    taken = {value for values in held.values() for value in values}
    if not set(known) - taken:
        raise SplitError(
            f"split.{first}",
            f"nothing is left to train on: all of {', '.join(known)} are held out",
            f"Keep at least one {column}.",
        )
    chosen = dict(zip(held, (TEST, VALIDATION), strict=False))
    subset_of = {value: chosen[key] for key, values in held.items() for value in values}
    subset = scenes[column].map(lambda value: subset_of.get(value, TRAIN))
    split = pd.DataFrame({"scene": scenes["scene"], "subset": subset})
    if VALIDATION not in subset_of.values():
        names = _interleaved(scenes[subset == TRAIN], seed)
        n_validation = apportion(len(names), [shares[0], shares[1]])[1]
        drawn = names[len(names) - n_validation :]
        split.loc[split["scene"].isin(drawn), "subset"] = VALIDATION
    return split


def _thinned(
    split: pd.DataFrame, scenes: pd.DataFrame, train_share: float, seed: int
) -> pd.DataFrame:
    """Mark all but a share of the training scenes as unused: the first of one order, rounded up."""
    if not 0 < train_share <= 1:
        raise SplitError(
            "split.train_share",
            f"{train_share} is no share",
            "Write a number above 0 and at most 1.",
        )
    trained = split["subset"] == TRAIN
    names = _interleaved(scenes[scenes["scene"].isin(split.loc[trained, "scene"])], seed)
    kept = names[: math.ceil(round(train_share * len(names), 6))]
    return split.assign(subset=split["subset"].mask(trained & ~split["scene"].isin(kept), UNUSED))


def _by_time(
    scenes: pd.DataFrame, shares: Sequence[float], gap_days: int, middle: bool = False
) -> pd.DataFrame:
    """Hold out the last scenes of each glacier, or those in the middle of its series."""
    parts = []
    gap = pd.Timedelta(days=max(1, gap_days))  # scenes of one day always stay together
    for _, group in scenes.groupby("glacier", sort=True):
        days = pd.to_datetime(group["acquired"])
        group = group.assign(day=days).sort_values(["day", "scene"], ignore_index=True)
        subset = pd.Series(GAP, index=group.index, dtype=object)
        open_until = pd.Timestamp.max
        counts = apportion(len(group), shares)
        if middle:
            # Half of the training scenes follow the test scenes.
            open_until = group["day"].iloc[len(group) - counts[0] // 2 - 1]
            subset[group["day"] >= open_until + gap] = TRAIN
        for name, count in ((TEST, counts[2]), (VALIDATION, counts[1]), (TRAIN, len(group))):
            candidates = group.index[(group["day"] <= open_until) & (subset == GAP)]
            chosen = candidates[max(0, len(candidates) - count) :]
            if len(chosen):
                subset[chosen] = name
                open_until = group["day"][chosen].min() - gap
        parts.append(pd.DataFrame({"scene": group["scene"], "subset": subset}))
    return pd.concat(parts, ignore_index=True)
