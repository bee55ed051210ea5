"""What follows from the split, before the first job: empty subsets, scenes of the figures."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from calvingfront.check.names import advice
from calvingfront.dataset.splits import split_scenes
from calvingfront.errors import CalvingFrontError, ConfigError
from calvingfront.vocabulary.augmentations import COPIES
from calvingfront.vocabulary.subsets import TEST, TRAIN

if TYPE_CHECKING:
    import pandas as pd

KEYS = (
    "method", "seed", "lists_scene_column", "lists_subset_column", "shares", "test_glaciers",
    "validation_glaciers", "test_missions", "gap_days", "train_share",
)  # fmt: skip


def split_faults(
    config: Mapping[str, Any], scenes: pd.DataFrame, excluded_new: Collection[str] = ()
) -> list[CalvingFrontError]:
    """Draw the split as its job will; return what is wrong with it.

    scenes: those with a front. excluded_new: excluded scenes without one. With a model from
    elsewhere nothing need be trained, so that the split may fail.
    """
    split = config["split"]
    lists = split["lists"] if split["method"] == "paper" else None
    excluded = set(config["source"]["exclude"] or {}) - set(excluded_new)
    try:
        drawn = split_scenes(
            scenes, **{key: split[key] for key in KEYS}, lists=lists, excluded=sorted(excluded)
        )
    except CalvingFrontError as error:
        return [] if config["locating"]["model"] is not None else [error]
    subsets = {
        name: set(drawn.loc[drawn["subset"] == name, "scene"]) for name in set(drawn["subset"])
    }
    return [
        *_figure_faults(config, set(scenes["scene"]), subsets[TEST]),
        *_batch_faults(config, len(subsets[TRAIN])),
    ]


def _figure_faults(
    config: Mapping[str, Any], every: Collection[str], tested: Collection[str]
) -> list[CalvingFrontError]:
    faults: list[CalvingFrontError] = []
    for number, scene in enumerate(config["figures"]["scenes"]):
        where = f"figures.scenes[{number}]"
        if scene not in every:
            faults.append(ConfigError(where, f"there is no scene {scene}", advice(scene, every)))
        elif scene not in tested:
            what = f"{scene} is no test scene of this split"
            faults.append(ConfigError(where, what, advice(scene, tested)))
    return faults


def _batch_faults(config: Mapping[str, Any], trained: int) -> list[CalvingFrontError]:
    training = config["training"]
    images = trained * COPIES[training["augmentation"]]
    if training["batch_size"] <= images:
        return []
    return [
        ConfigError(
            "training.batch_size",
            f"{training['batch_size']} exceeds the number of augmented training images, {images}",
            f"Write at most {images}",
        )
    ]
