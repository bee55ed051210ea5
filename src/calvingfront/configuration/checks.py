"""Checks for configuration keys that are each valid but cannot work together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from calvingfront.errors import CalvingFrontError, ConfigError
from calvingfront.scenes.lists import split_lists
from calvingfront.scenes.sources import SOURCES, source_of
from calvingfront.vocabulary.auxiliary import learns_zones
from calvingfront.vocabulary.kinds import LINEAR
from calvingfront.vocabulary.losses import loss_weight
from calvingfront.vocabulary.models import AVERAGE, BASELINES, NETWORKS, ensemble_names, model_label
from calvingfront.vocabulary.others import others_of, printed_others
from calvingfront.vocabulary.references import load

Config = Mapping[str, Any]
# The sections or keys that a check compares, and the check.
Check = tuple[tuple[str, ...], Callable[[], Iterator[CalvingFrontError]]]
OF_LISTS = tuple(
    f"split.{key}" for key in ("lists", "method", "lists_scene_column", "lists_subset_column")
)


def contradictions(config: Config) -> Iterator[Check]:
    """Yield each check of keys that cannot work together, with the sections it needs."""
    yield ("source", "map"), partial(load(source_of(config).faults), config)
    yield OF_LISTS, partial(split_lists.faults, config)
    yield ("split",), partial(_split, config["split"])
    yield ("source", "samples.grey_levels"), partial(_grey_levels, config)
    # Of a later stage.
    model = load("calvingfront.locating.model.choice:faults")
    yield ("locating", "networks", "losses"), partial(model, config)
    yield ("others",), partial(_others, config)
    yield ("source.kind", "networks.auxiliary"), partial(_zones, config)
    yield from contradictions_of_training(config)


def contradictions_of_training(config: Config) -> Iterator[Check]:
    """The checks of what a training needs, which the plain commands make too."""
    yield ("samples.size", "networks.depth"), partial(_divisible, config)
    yield (
        ("samples.size", "networks.depth", "training.batch_size"),
        partial(_normalised, config),
    )
    yield ("samples",), partial(_front_width, config["samples"])
    yield ("training",), partial(_training, config["training"])
    yield (
        ("training.augmentation", "losses", "samples.front_width_px"),
        partial(_fronts_that_move, config),
    )


def _grey_levels(config: Config) -> Iterator[ConfigError]:
    if config["source"]["kind"] == "caffe" and config["samples"]["grey_levels"] != LINEAR:
        yield ConfigError(
            "samples.grey_levels",
            f"{config['samples']['grey_levels']} is not what the images of source.kind caffe have: "
            "their grey levels are proportional to intensity",
            f"Write {LINEAR}",
        )


def _zones(config: Config) -> Iterator[ConfigError]:
    if learns_zones(config) and not source_of(config).zones:
        known = " or ".join(name for name, source in SOURCES.items() if source.zones)
        yield ConfigError(
            "networks.auxiliary",
            f"contains zones, but source.kind {config['source']['kind']} has none",
            f"Take zones out, or write source.kind {known}",
        )


def _divisible(config: Config) -> Iterator[ConfigError]:
    size, depth = config["samples"]["size"], config["networks"]["depth"]
    step = 2**depth
    if size % step:
        below, above = size // step * step, -(-size // step) * step
        choices = f"{below} or {above}" if below else str(above)
        yield ConfigError(
            "samples.size",
            f"{size} is not divisible by {step} (2 to the power of networks.depth)",
            f"Write {choices}, or lower networks.depth",
        )


def _normalised(config: Config) -> Iterator[ConfigError]:
    size, depth = config["samples"]["size"], config["networks"]["depth"]
    if config["training"]["batch_size"] == 1 and size == 2**depth:
        yield ConfigError(
            "training.batch_size",
            f"1 leaves batch normalisation a single value: networks.depth {depth} shrinks a sample "
            f"of {size} px to one pixel",
            "Write 2 or more, lower networks.depth, or raise samples.size",
        )


def _front_width(samples: Config) -> Iterator[ConfigError]:
    if samples["front_width_px"] * 4 > samples["size"]:
        yield ConfigError(
            "samples.front_width_px",
            f"{samples['front_width_px']} px is too wide for a sample of {samples['size']} px",
            f"Write at most {samples['size'] // 4}",
        )


def _training(training: Config) -> Iterator[ConfigError]:
    if training["learning_rate_min"] > training["learning_rate_max"]:
        yield ConfigError(
            "training.learning_rate_min",
            f"{training['learning_rate_min']} exceeds training.learning_rate_max",
            f"Write at most {training['learning_rate_max']}",
        )
    longest = min(training["max_epochs"], training["patience"])
    late = [epoch for epoch in training["keep_epochs"] if epoch > longest]
    if late:
        yield ConfigError(
            "training.keep_epochs",
            f"epoch {', '.join(map(str, late))} may never be reached: training may stop after "
            f"{longest} epochs (the smaller of max_epochs and patience)",
            f"Keep epochs up to {longest} only, or raise max_epochs and patience",
        )


def _fronts_that_move(config: Config) -> Iterator[ConfigError]:
    if config["training"].get("augmentation") != "sar":
        return
    if config["samples"]["front_width_px"] < 2:
        yield ConfigError(
            "samples.front_width_px",
            "1 px is a line that falls to pieces where training.augmentation sar turns it",
            "Write 2 or more, or another augmentation",
        )
    weighted = [loss for loss in config["losses"] if loss_weight(loss)]
    if weighted:
        yield ConfigError(
            "training.augmentation",
            f"sar moves fronts, but the loss {weighted[0]} needs distances to fronts that stay",
            "Write paper, or choose losses without a distance weight, such as bce_dice",
        )


def _others(config: Config) -> Iterator[ConfigError]:
    ours = [*NETWORKS, *ensemble_names(), *BASELINES, AVERAGE]
    taken = {model_label(name): name for name in ours}
    for name, other in others_of(config).items():
        where = f"others.{name}"
        if name in ours:
            yield ConfigError(where, "is the name of a row of ours", "Choose another name")
        if other["folder"] is None:
            yield ConfigError(
                f"{where}.folder", "is not set", "Write the folder of its masks or lines"
            )
        elif not Path(other["folder"]).exists():
            yield ConfigError(
                f"{where}.folder",
                f"{other['folder']} does not exist",
                "Write the folder of its masks or lines",
            )
        label = printed_others(config)[name]["label"]
        if label in taken:
            yield ConfigError(
                f"{where}.label",
                f"{label!r} is also the label of {taken[label]}",
                "Choose another label, so that the rows can be told apart",
            )
        taken[label] = name


def _split(split: Config) -> Iterator[ConfigError]:
    if split["method"] == "glacier" and not split["test_glaciers"]:
        yield ConfigError(
            "split.test_glaciers",
            "is empty, but split.method is glacier",
            "List the glaciers to test on, as in [SI]",
        )
    if split["method"] == "mission" and not split["test_missions"]:
        yield ConfigError(
            "split.test_missions",
            "is empty, but split.method is mission",
            "List the missions to test on, as in [ERS]",
        )
    both = sorted(set(split["test_glaciers"]) & set(split["validation_glaciers"]))
    if split["method"] == "glacier" and both:
        yield ConfigError(
            "split.validation_glaciers",
            f"overlaps split.test_glaciers: {', '.join(both)}",
            "List each glacier in only one of the two",
        )
