"""Choosing the test scenes to show in the figures."""

from __future__ import annotations

from collections.abc import Sequence

from calvingfront.dataset.reading import read_split
from calvingfront.errors import ConfigError
from calvingfront.evaluation.score_table import read_scores
from calvingfront.files import PathLike
from calvingfront.vocabulary.losses import NO_LOSS
from calvingfront.vocabulary.protocols import VALIDATION_THRESHOLD
from calvingfront.vocabulary.subsets import TEST, TRAIN

MOST_SCENES = 2


def choose_scenes(
    dataset: PathLike, scores: PathLike | Sequence[PathLike], scenes: Sequence[str] = ()
) -> list[str]:
    """Return the scenes to draw: those configured, or one typical scene per glacier.

    dataset: folder of the packed samples, whose split says which scenes are tested. A test scene
    that is a training scene too is not drawn: it would show what the networks have learnt by heart.
    scores: `scores.tsv` of the runs, not read if scenes are configured. scenes: `figures.scenes` of
    the configuration.
    Without configured scenes: for each of the two glaciers with the most test scenes, in the order
    of their names, the scene with the median Dice. The Dice is that at the validation threshold,
    averaged over all trained runs; of an even number of scenes, the lower middle one is taken.
    Raises ConfigError if a configured scene is not in the test set, or in the training set too.
    """
    split = read_split(dataset)
    training, every = set(split[TRAIN]), set(split[TEST])
    tested = every - training or every
    if scenes:
        for scene in scenes:
            if scene not in tested:
                leaked = " only: it is a training scene too" if scene in every else ""
                raise ConfigError(
                    "figures.scenes",
                    f"'{scene}' is not a test scene{leaked}",
                    f"Choose from the test scenes, such as {min(tested)}.",
                )
        return list(scenes)
    table = read_scores(scores)
    table = table[table.scene.isin(tested)]
    networks = table[table.loss != NO_LOSS]
    table = table if networks.empty else networks
    table = table[table.protocol == VALIDATION_THRESHOLD]
    dice = table.groupby(["glacier", "scene"], as_index=False).dice.mean()
    counts = dice.groupby("glacier").scene.count()
    glaciers = sorted(counts.index, key=lambda name: (-counts[name], name))[:MOST_SCENES]
    chosen = []
    for glacier in sorted(glaciers):
        ranked = dice[dice.glacier == glacier].sort_values(["dice", "scene"])
        chosen.append(str(ranked.scene.iloc[(len(ranked) - 1) // 2]))
    return chosen
