"""What the steps take from the configuration, and from the rows of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from calvingfront.errors import CalvingFrontError
from calvingfront.pipeline.acting import acting_training
from calvingfront.pipeline.rows import runs_of
from calvingfront.pipeline.step import Config
from calvingfront.provenance.content import MISSING, Digests, digests_of
from calvingfront.scenes.sources import SOURCES
from calvingfront.training.starting.source import find_start, recorded_start
from calvingfront.vocabulary.auxiliary import tasks_of
from calvingfront.vocabulary.models import HISTORY_DEFAULTS, history_as_read, reads_history
from calvingfront.vocabulary.others import others_of
from calvingfront.vocabulary.runs import Run


def look_up(config: Config, key: str) -> Any:
    """A value of the configuration by its dotted key, such as `samples.size`."""
    value: Any = config
    for part in key.split("."):
        value = value[part]
    return value


def training_parameters(config: Config) -> dict[str, Any]:
    """Settings of the networks and the training that can change what a training gives."""
    networks, training = config["networks"], config["training"]
    idle = {"models"} if tasks_of(config) else {"models", "auxiliary"}
    return {
        "networks": {key: value for key, value in networks.items() if key not in idle},
        "training": acting_training(training, bool(tasks_of(config))),
    }


def history_of(config: Config, run: Run) -> dict[str, Any] | None:
    """How a row reads fronts of other dates; None if it does not."""
    return history_as_read(run.model, config.get("history") or {})


def start_weights(config: Config, run: Run) -> str | None:
    """The digest of the weights from which a training starts; None if it starts from none."""
    given = config["training"].get("start_from")
    if given is None:
        return None
    try:
        weights = find_start(given, run).weights
        return _digests(config).of_file(weights, whole=True)
    except (CalvingFrontError, OSError):
        # A finished training needs them no more: they may have stayed on another machine. Otherwise
        # it is told before the first job, or by the training.
        return recorded_start(config.get("results", "."), run) or MISSING


def filter_settings(config: Config) -> dict[str, Any]:
    """Which fronts of other dates filter a prediction."""
    section = {**HISTORY_DEFAULTS, **(config.get("history") or {})}
    return {key: section[key] for key in ("when", "gap_days")}


def orientations_of(config: Config) -> int:
    """In how many orientations the networks predict an image."""
    return int(config["evaluation"].get("orientations", 1))


def _brief(given: str) -> str:
    """A path as it means something on other machines too: without what lies above the results."""
    parts = Path(given).parts
    if not Path(given).is_absolute():
        return given
    return "/".join(parts[parts.index("models") - 1 :] if "models" in parts else parts[-1:])


def notes_of(config: Config) -> list[str]:
    """What the captions of the tables say about the settings of the networks' predictions."""
    notes = []
    if orientations_of(config) > 1:
        notes.append("Predictions of networks are means over the eight orientations of the image.")
    if config.get("training", {}).get("start_from") is not None:
        notes.append(
            f"Trainings start from the weights in {_brief(config['training']['start_from'])}."
        )
    if any(reads_history(run.model) for run in runs_of("all", config)):
        history = filter_settings(config)
        which = "earlier fronts only" if history["when"] == "past" else "earlier and later fronts"
        gap = history["gap_days"]
        away = f", more than {gap} days from the scene" if gap else ""
        notes.append(f"Fronts of other dates: {which}{away}.")
    return notes


def hemispheres_of(config: Config) -> dict[str, str]:
    """Glacier → north or south, as configuration and source know it; "" is every other glacier."""
    source = config.get("source", {})
    given = source.get("hemisphere")
    known = SOURCES[source["kind"]].hemispheres if source.get("kind") in SOURCES else {}
    every = {"": given} if isinstance(given, str) else {}
    return {**every, **known, **(given if isinstance(given, Mapping) else {})}


def others_entry(config: Config, run: Run) -> dict[str, Any] | None:
    """What is read of a result of others, without its label; None if the configuration has none."""
    other = others_of(config).get(run.model)
    return other and {key: other[key] for key in ("folder", "kind", "missing")}


def others_files(config: Config, run: Run) -> str:
    """The digest of the files of a result of others."""
    other = others_of(config).get(run.model)
    if not other or not other["folder"]:
        return MISSING
    return _digests(config).of(other["folder"])


def _digests(config: Config) -> Digests:
    return digests_of(str(config["results"])) if "results" in config else Digests()
