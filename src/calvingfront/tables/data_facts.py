"""What the data set and its split say about the scores of a table: leaks, width of the fronts."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pandas as pd

from calvingfront.dataset.reading import read_index, read_split
from calvingfront.files import PathLike
from calvingfront.reports import in_words
from calvingfront.vocabulary.subsets import TEST, TRAIN

ALL_SCENES, UNLEAKED = "all", "without_leaked"


class Facts(NamedTuple):
    """Of one packed data set.

    leaked:         test scenes that are training scenes too.
    untrained:      glaciers with test scenes and no training scene.
    front_width_px: width of the true fronts; None if the index does not say.
    """

    leaked: tuple[str, ...] = ()
    untrained: tuple[str, ...] = ()
    front_width_px: float | None = None

    @property
    def without(self) -> str:
        """Title of what is given without the leaked scenes."""
        count = len(self.leaked)
        scenes = (
            "scene that is a training scene" if count == 1 else "scenes that are training scenes"
        )
        return f"Without the {count} test {scenes} too"

    def notes(self) -> list[str]:
        """What a caption says about them, a paragraph each."""
        notes = []
        if self.leaked:
            notes.append(
                f"{len(self.leaked)} test scene{'s are' if len(self.leaked) > 1 else ' is'} in the"
                f" training set too ({', '.join(self.leaked)}): the networks have seen the answer,"
                " and the nearest date is the answer itself. So everything is given without them"
                " too."
            )
        if self.untrained:
            names = in_words(self.untrained)
            notes.append(
                f"{names}: no training scene. There, prior and nearest date take the fronts of"
                " other glaciers, so these rows are no yardstick."
            )
        return notes


def read_facts(dataset: PathLike) -> Facts:
    """Read the facts from `index.tsv` and `split.tsv` in the folder of a packed data set."""
    index, split = read_index(dataset), read_split(dataset)
    training, tested = set(split[TRAIN]), split[TEST]
    glacier = dict(zip(index["scene"], index["glacier"], strict=True))
    trained = {glacier.get(scene) for scene in training}
    width = index["front_width_px"].iloc[0] if "front_width_px" in index and len(index) else None
    return Facts(
        tuple(scene for scene in tested if scene in training),
        tuple(sorted({str(glacier[scene]) for scene in tested} - trained)),
        None if width is None or pd.isna(width) else float(width),
    )


def on_each_set(
    scores: pd.DataFrame, facts: Facts, summarise: Callable[[pd.DataFrame], pd.DataFrame]
) -> pd.DataFrame:
    """Summarise the scores of all scenes and, if some are leaked, of the others alone.

    The first column, scenes, tells the rows apart: `all` or `without_leaked`.
    """
    parts = {ALL_SCENES: scores}
    others = scores[~scores.scene.isin(facts.leaked)]
    if facts.leaked and len(others):
        parts[UNLEAKED] = others
    found = []
    for name, part in parts.items():
        table = summarise(part)
        table.insert(0, "scenes", name)
        found.append(table)
    return pd.concat(found, ignore_index=True)


def sets_of(summary: pd.DataFrame, facts: Facts) -> list[tuple[str, pd.DataFrame]]:
    """Return the parts of a summary by `on_each_set`, each with what to add to its titles."""
    titles = {ALL_SCENES: "", UNLEAKED: facts.without}
    present = set(summary["scenes"])
    return [(title, summary[summary.scenes == name]) for name, title in titles.items()
            if name in present or name == ALL_SCENES]  # fmt: skip


def titled(title: str, scenes: str) -> str:
    """Join the title of a block and what `sets_of` adds."""
    if not title or not scenes:
        return title or scenes
    return f"{title}. {scenes}"
