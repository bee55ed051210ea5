"""Training, prediction, scoring and drawing as plain commands on packed arrays.

They need neither Snakemake nor GDAL, and they read and write the same files as the workflow: copy
the results folder to a GPU machine, run them there, and copy it back. `position` works on front
lines in vector files instead, and needs GeoPandas.
"""

from __future__ import annotations

import argparse
import logging
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from calvingfront.configuration import command as settings
from calvingfront.configuration.changing import read_config as read_config
from calvingfront.dataset.files import CONFIG
from calvingfront.errors import CalvingFrontError, ConfigError
from calvingfront.locating import command as locating
from calvingfront.logs import said
from calvingfront.pages import command as pages
from calvingfront.pipeline import commands, publishing, shifts
from calvingfront.pipeline.commands import Results
from calvingfront.pipeline.summary import summary
from calvingfront.position import command as position
from calvingfront.search import command as search
from calvingfront.vocabulary.ensembles import ensembles_of
from calvingfront.vocabulary.losses import how_to_write_a_loss, loss_pattern
from calvingfront.vocabulary.models import BASELINES, NETWORKS, is_ensemble, is_filtered
from calvingfront.vocabulary.others import others_of
from calvingfront.vocabulary.paths import DATASET
from calvingfront.vocabulary.runs import Run

log = logging.getLogger("calvingfront")
SECTIONS = ("samples", "split", "networks", "losses", "seeds", "training", "evaluation", "figures")
LARGEST_SEED = 2**32 - 1  # as in the configuration's schema

# Commands that work on files of any kind, not on a results folder.
ON_FILES: dict[str, Callable[[argparse.Namespace], int]] = {
    "position": position.run,
    "locate": locating.run_locate,
    "export": locating.run_export,
    "summary": lambda options: _print(summary(Path(options.results))),
    "page": pages.run,
    "publish": publishing.run,
    "shifts": shifts.run,
    "settings": settings.run,
    "search": search.run,
}


def _print(text: str) -> int:
    print(text)
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status."""
    options = _parsed(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s", stream=sys.stderr)
    log.setLevel(logging.INFO)
    try:
        if options.command in ON_FILES:
            return ON_FILES[options.command](options)
        folder = Path(options.results)
        config = read_config(options.config or folder / DATASET / CONFIG, options.set)
        _run(options, Results(folder, _complete(config, folder)))
    except Exception as error:
        told = said(error)
        if told is None and isinstance(error, OSError) and error.filename is not None:
            told = CalvingFrontError(error.filename, str(error.strerror), "Check the path")
        if told is None:
            raise
        print(f"error: {told}", file=sys.stderr)
        return 1
    return 0


def _complete(config: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The configuration, if it has every section that a step reads. Raises ConfigError."""
    lacking = [name for name in SECTIONS if config.get(name) is None]
    if lacking:
        raise ConfigError(
            f"configuration of {folder}", f"lacks {', '.join(lacking)}",
            "Run `snakemake dataset` again to write a complete one.",
        )  # fmt: skip
    return config


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options; scenes of `locate` may also follow options (argparse takes the first ones)."""
    parser = _parser()
    options, more = parser.parse_known_args(arguments)
    if more and (options.command != "locate" or any(each.startswith("-") for each in more)):
        parser.error(f"unrecognized arguments: {' '.join(more)}")
    if more:
        options.scenes += more
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="calvingfront",
        description="Train, predict, score and draw on packed arrays (results/dataset); measure "
        "front positions through time.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    texts = {
        "train": "train one network with one loss and one seed",
        "predict": "predict the validation and test scenes with one trained network or baseline, "
        "or import a result of others",
        "score": "choose the thresholds of one run and score its test scenes",
        "tabulate": "make all tables",
        "draw": "draw all figures",
        "grid": "train, predict and score every run that is not finished; make all tables and "
        "figures",
    }
    for name, text in texts.items():
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--results", default="results", help="results folder (%(default)s)")
        command.add_argument(
            "--config", help="resolved configuration (default: RESULTS/dataset/config.yaml)"
        )
        command.add_argument(
            "--set", action="append", default=[], metavar="KEY=VALUE",
            help="change one key of the configuration, as in training.max_epochs=50; repeatable",
        )  # fmt: skip
        if name in ("train", "predict", "score"):
            models = [*NETWORKS] if name == "train" else [*NETWORKS, *BASELINES]
            also = "" if name == "train" else ", or a name of `others` in the configuration"
            command.add_argument("--model", required=True, help=f"one of {', '.join(models)}{also}")
            needed = "required if the configuration lists several"
            command.add_argument("--loss", help=needed)
            command.add_argument("--seed", type=int, help=needed)
        if name == "predict":
            command.add_argument(
                "--scenes", choices=("held_out", "all"), default="held_out",
                help="held_out: validation and test scenes; all: every scene of the archive, "
                "written to all_probabilities.npy and all_index.tsv (default: %(default)s)",
            )  # fmt: skip
    position.add_command(commands)
    locating.add_commands(commands)
    text = "say in a few lines what a results folder holds: best row, located fronts, what to open"
    command = commands.add_parser("summary", help=text, description=text)
    command.add_argument("--results", default="results", help="results folder (%(default)s)")
    publishing.add_command(commands)
    shifts.add_command(commands)
    pages.add_command(commands)
    settings.add_command(commands)
    search.add_command(commands)
    return parser


def _chosen(options: argparse.Namespace, config: dict[str, Any]) -> Run:
    """Return the run that the options name; the loss and seed default to the only ones listed."""
    others = others_of(config)
    if options.model in BASELINES or options.model in others:
        return Run(options.model)
    if is_ensemble(options.model):
        return _averaged(options, config)
    if options.model not in NETWORKS:
        known = ", ".join([*NETWORKS, *BASELINES, *others])
        raise ConfigError("--model", f"{options.model} is not a model", f"Write one of {known}.")
    chosen = {"loss": options.loss, "seed": options.seed}
    for key, group in (("loss", "losses"), ("seed", "seeds")):
        if chosen[key] is None:
            if len(config[group]) > 1:
                known = ", ".join(str(value) for value in config[group])
                raise ConfigError(f"--{key}", "is missing", f"Write one of {known}.")
            chosen[key] = config[group][0]
    if not re.fullmatch(loss_pattern(), str(chosen["loss"])):
        raise ConfigError("--loss", f"{chosen['loss']} is not a loss", how_to_write_a_loss())
    if not 0 <= chosen["seed"] <= LARGEST_SEED:
        what = f"{chosen['seed']} is out of range"
        raise ConfigError("--seed", what, f"Write 0 to {LARGEST_SEED}.")
    return Run(options.model, **chosen)


def _averaged(options: argparse.Namespace, config: dict[str, Any]) -> Run:
    """Return the average of networks that the options name."""
    found = [run for run in ensembles_of(config) if run.model == options.model]
    chosen = [
        run
        for run in found
        if options.loss in (None, run.loss)
        and (options.seed in (None, run.seed) or not is_filtered(run.model))
    ]
    if not found or not chosen:
        what = f"{options.model} is not a row that evaluation.ensembles asks for"
        raise ConfigError("--model", what, "Change that key, or choose another row.")
    if len(chosen) > 1:
        key = "loss" if len({run.loss for run in chosen}) > 1 else "seed"
        known = ", ".join(dict.fromkeys(str(getattr(run, key)) for run in chosen))
        raise ConfigError(f"--{key}", "is missing", f"Write one of {known}.")
    return chosen[0]


def _run(options: argparse.Namespace, results: Results) -> None:
    """Run the command that the options name."""
    if options.command in ("tabulate", "draw", "grid"):
        getattr(commands, options.command)(results)
        return
    run = _chosen(options, dict(results.config))
    if options.command == "predict":
        commands.predict(results, run, options.scenes)
    else:
        getattr(commands, options.command)(results, run)
