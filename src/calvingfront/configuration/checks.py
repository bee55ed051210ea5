"""Keys of the configuration that are sound alone and impossible together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from calvingfront.errors import ConfigError
from calvingfront.scenes.sources import source_of
from calvingfront.vocabulary.references import load


def contradictions(config: Mapping[str, Any]) -> Iterator[ConfigError]:
    """Yield a ConfigError for each pair of keys that cannot work together."""
    yield from load(source_of(config).faults)(config)
    yield from _split_contradictions(config["split"])
    training = config["training"]
    size, depth = config["samples"]["size"], config["networks"]["depth"]
    step = 2**depth
    if size % step:
        below, above = size // step * step, -(-size // step) * step
        choices = f"{below} or {above}" if below else str(above)
        yield ConfigError(
            "samples.size",
            f"{size} is not divisible by {step}, 2 to the power of networks.depth",
            f"Write {choices}, or a smaller depth",
        )
    if config["samples"]["front_width_px"] * 4 > size:
        yield ConfigError(
            "samples.front_width_px",
            f"a front of {config['samples']['front_width_px']} px fills a sample of {size} px",
            f"Write at most {size // 4}",
        )
    if training["learning_rate_min"] > training["learning_rate_max"]:
        yield ConfigError(
            "training.learning_rate_min",
            f"{training['learning_rate_min']} lies above learning_rate_max",
            f"Write at most {training['learning_rate_max']}",
        )
    longest = min(training["max_epochs"], training["patience"])
    late = [epoch for epoch in training["keep_epochs"] if epoch > longest]
    if late:
        yield ConfigError(
            "training.keep_epochs",
            f"epoch {', '.join(map(str, late))} may never come: training may end after "
            f"{longest} epochs (the smaller of max_epochs and patience)",
            f"Write epochs of at most {longest}, or raise max_epochs or patience",
        )


def _split_contradictions(split: Mapping[str, Any]) -> Iterator[ConfigError]:
    if split["method"] == "paper" and split["lists"] and not Path(split["lists"]).is_file():
        yield ConfigError(
            "split.lists",
            f"there is no file {split['lists']}",
            "Write the CSV with the subsets, or null to draw them by split.shares",
        )
    if split["method"] == "glacier" and not split["test_glaciers"]:
        yield ConfigError(
            "split.test_glaciers",
            "method glacier holds out no glacier",
            "Write the glaciers to test on, as in [SI]",
        )
    both = sorted(set(split["test_glaciers"]) & set(split["validation_glaciers"]))
    if split["method"] == "glacier" and both:
        yield ConfigError(
            "split.validation_glaciers",
            f"{', '.join(both)} stands in test_glaciers too",
            "Write each glacier in one of the two",
        )
