"""Checks for configuration keys that are each valid but cannot work together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from calvingfront.errors import CalvingFrontError, ConfigError
from calvingfront.scenes.lists import split_lists
from calvingfront.scenes.sources import source_of
from calvingfront.vocabulary.models import AVERAGE, BASELINES, NETWORKS, model_label
from calvingfront.vocabulary.others import others_of, printed_others
from calvingfront.vocabulary.references import load


def contradictions(config: Mapping[str, Any]) -> Iterator[CalvingFrontError]:
    """Yield an error for each set of keys that cannot work together."""
    yield from load(source_of(config).faults)(config)
    yield from split_lists.faults(config)
    yield from _split_contradictions(config["split"])
    yield from load("calvingfront.locating.model.choice:faults")(config)  # of a later stage
    yield from _others_contradictions(config)
    training = config["training"]
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
    if config["samples"]["front_width_px"] * 4 > size:
        yield ConfigError(
            "samples.front_width_px",
            f"{config['samples']['front_width_px']} px is too wide for a sample of {size} px",
            f"Write at most {size // 4}",
        )
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


def _others_contradictions(config: Mapping[str, Any]) -> Iterator[ConfigError]:
    ours = [*NETWORKS, *BASELINES, AVERAGE]
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


def _split_contradictions(split: Mapping[str, Any]) -> Iterator[ConfigError]:
    if split["method"] == "glacier" and not split["test_glaciers"]:
        yield ConfigError(
            "split.test_glaciers",
            "is empty, but split.method is glacier",
            "List the glaciers to test on, as in [SI]",
        )
    both = sorted(set(split["test_glaciers"]) & set(split["validation_glaciers"]))
    if split["method"] == "glacier" and both:
        yield ConfigError(
            "split.validation_glaciers",
            f"overlaps split.test_glaciers: {', '.join(both)}",
            "List each glacier in only one of the two",
        )
