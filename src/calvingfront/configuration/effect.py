"""Settings that were changed but have no effect beside the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from calvingfront.scenes.sources import SOURCES, source_of
from calvingfront.vocabulary.ensembles import ensembles_of
from calvingfront.vocabulary.models import FILTER_DEFAULTS, HISTORY, NETWORKS, reads_history

Config = Mapping[str, Any]
IN_TIME = ("time", "middle")
OF_THE_SIMULATED_MAP = ("spacing_m", "terrain_flattening")


def without_effect(config: Config, schema: Mapping[str, Any], given: Config) -> list[str]:
    """A sentence for each key whose value differs from its default but has no effect.

    config: with its defaults. given: the keys of the user's own files and of the command line; the
    default configuration describes the simulated archive, so its keys are told only if given again.
    """
    return [
        f"{key} has no effect: {reason}"
        for key, reason in _idle(config)
        if _value(config, key) != _default(schema, key)
        and (not key.startswith("source.simulated.") or _value(given, key) is not None)
    ]


def _idle(config: Config) -> Iterator[tuple[str, str]]:
    """Every key that cannot act, and why."""
    split, kind = config["split"], config["source"]["kind"]
    method = split["method"]
    by = f"split.method is {method}"
    if method not in IN_TIME:
        yield "split.gap_days", by
    if method != "glacier":
        yield "split.test_glaciers", by
        yield "split.validation_glaciers", by
    if method != "mission":
        yield "split.test_missions", by
    listed = method == "paper" and split["lists"] is not None
    if method != "paper":
        yield "split.lists", by
    if not listed:
        reason = by if method != "paper" else "split.lists is not set"
        yield "split.lists_scene_column", reason
        yield "split.lists_subset_column", reason
    if listed:
        yield "split.shares", "split.lists gives the subsets"
    drawn = split["train_share"] != 1  # the training scenes that are kept
    if listed and not drawn:
        yield "split.seed", "split.lists gives the subsets"
    if method in IN_TIME and not drawn:
        yield "split.seed", by
    if method == "glacier" and split["validation_glaciers"]:
        reason = "split.test_glaciers and split.validation_glaciers give the subsets"
        yield "split.shares", reason
        if not drawn:
            yield "split.seed", reason
    for name in SOURCES:
        if name != kind:
            for key in config["source"].get(name, {}):
                yield f"source.{name}.{key}", f"source.kind is {kind}"
    source = source_of(config)
    for key in config["map"]:
        if not source.products:
            yield f"map.{key}", f"source.kind is {kind}, whose images are on a map already"
        elif source.map and key not in OF_THE_SIMULATED_MAP:
            yield f"map.{key}", "the simulated world has its own map"
    reading = [name for name in config["networks"]["models"] if reads_history(name)]
    filtered = "filtered" in config["evaluation"]["ensembles"]
    if not reading:
        for key in ("dropped",) if filtered else ("when", "gap_days", "dropped"):
            yield f"history.{key}", "no network of networks.models reads fronts of other dates"
    elif all(NETWORKS[name].reads == HISTORY for name in reading):
        yield "history.dropped", "no network of networks.models reads image and fronts"
    if not filtered:
        for key in FILTER_DEFAULTS:
            yield f"evaluation.filter.{key}", "evaluation.ensembles does not name filtered"
    if not ensembles_of(config):
        yield "evaluation.ensembles", "no row has two members: one network, loss and seed"
    if not config["networks"]["auxiliary"]:
        yield "training.auxiliary_weight", "networks.auxiliary is empty"
    if config["training"]["schedule"] == "cosine":
        yield "training.half_cycle_epochs", "training.schedule is cosine"
    if config["training"]["start_from"] is not None:
        yield "networks.front_prior", "training.start_from gives the first weights"
    if config["training"]["device"] == "cpu":
        yield "training.gpu_slots", "training.device is cpu"
    elif config["training"]["device"].startswith("cuda"):
        yield "training.tuning", f"training.device is {config['training']['device']}"


def _value(config: Config, key: str) -> Any:
    value: Any = config
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _default(schema: Mapping[str, Any], key: str) -> Any:
    part: Any = schema
    for name in key.split("."):
        part = part["properties"][name]
    if "properties" in part:
        return {name: each["default"] for name, each in part["properties"].items()}
    return part["default"]
