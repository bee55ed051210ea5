"""Training, prediction, scoring and drawing as plain commands on prepared arrays.

A GPU node needs neither Snakemake nor GDAL for them: they read and write the same files as the
pipeline, so the results folder can travel there and back.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import yaml

from calvingfront.errors import CalvingFrontError, ConfigError
from calvingfront.pipeline.layout import WITHOUT_NETWORK, Keywords, Layout, Run, planned_runs

log = logging.getLogger("calvingfront")

# What a value that is set may replace, by the kind of the value that stands there.
KINDS: dict[Any, str] = {
    bool: "true or false",
    (int, float): "a number",
    list: "a list",
    dict: "a group of keys",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s", stream=sys.stderr)
    log.setLevel(logging.INFO)
    try:
        layout = Layout.at(options.results)
        config = read_config(options.config or layout.config, options.set)
        COMMANDS[options.command](layout, config, options)
    except CalvingFrontError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def read_config(path: str | Path, changes: Sequence[str] = ()) -> dict[str, Any]:
    """Read a resolved configuration; apply changes written as `training.max_epochs=3`."""
    try:
        config: dict[str, Any] = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            path, "cannot be read", "Run `snakemake dataset`, which writes it, or give --config."
        ) from error
    for change in changes:
        _apply(config, change)
    return config


def _apply(config: dict[str, Any], change: str) -> None:
    """Change one key in place, written as `training.max_epochs=3`; raise ConfigError."""
    key, equals, text = change.partition("=")
    where = f"--set {change}"
    if not equals:
        raise ConfigError(where, "has no value", "Write KEY=VALUE.")
    section: Any = config
    *groups, last = key.split(".")
    for group in groups:
        section = section.get(group) if isinstance(section, dict) else None
    if not isinstance(section, dict) or last not in section:
        known = section if isinstance(section, dict) else config
        raise ConfigError(where, f"there is no key {key}", f"Keys there: {', '.join(known)}.")
    section[last] = _as_before(section[last], text, where)


def _as_before(old: Any, text: str, where: str) -> Any:
    """Read a value of the kind that stands there; null stands for any kind. Raises ConfigError."""
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(where, "cannot be read", f"It is {old!r} now.") from error
    if isinstance(old, str) and value is not None:
        return text if isinstance(value, bool) else str(value)  # `off` is a word there
    if isinstance(old, int | float) and not isinstance(old, bool) and isinstance(value, str):
        with suppress(ValueError):
            value = float(value)  # YAML takes 1e-2 for text
    if old is None or value is None:
        return value
    kind = next(kind for kind in KINDS if isinstance(old, kind))  # bool first: it is an int too
    if not isinstance(value, kind) or isinstance(value, bool) is not isinstance(old, bool):
        raise ConfigError(where, f"{text} is not {KINDS[kind]}", f"It is {old!r} now.")
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="calvingfront",
        description="Train, predict, score and draw on prepared arrays (results/dataset).",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    texts = {
        "train": "train one network with one loss and one seed",
        "predict": "predict the validation and test scenes of one run",
        "score": "choose the thresholds of one run and score its test scenes",
        "tabulate": "make the tables of every scored run",
        "draw": "draw the figures of every scored run",
        "grid": "all of it: every model × loss × seed, the rows without a network, tables, figures",
    }
    for name, text in texts.items():
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--results", default="results", help="results folder (%(default)s)")
        command.add_argument(
            "--config", help="resolved configuration (results/dataset/config.yaml)"
        )
        command.add_argument(
            "--set", action="append", default=[], metavar="KEY=VALUE", help="change one key"
        )
        if name in ("train", "predict", "score"):
            rows = "" if name == "train" else ", prior or nearest_date"
            command.add_argument("--model", required=True, help=f"unet, attention_unet{rows}")
            command.add_argument("--loss", help="needed where the configuration has several")
            command.add_argument("--seed", type=int, help="likewise")
        if name == "predict":
            command.add_argument(
                "--scenes", choices=("held_out", "all"), default="held_out",
                help="validation and test scenes (%(default)s), or every scene of the archive, "
                "into files of their own (all_probabilities.npy, all_index.tsv)",
            )  # fmt: skip
    return parser


def _chosen(options: argparse.Namespace, config: dict[str, Any]) -> Run:
    """Return the run that the options name; the only loss or seed there is need not be given."""
    if options.model in WITHOUT_NETWORK:
        return Run(options.model)
    chosen = {"loss": options.loss, "seed": options.seed}
    for key, group in (("loss", "losses"), ("seed", "seeds")):
        if chosen[key] is None:
            if len(config[group]) > 1:
                known = ", ".join(str(value) for value in config[group])
                raise ConfigError(f"--{key}", "is not given", f"Write one of {known}.")
            chosen[key] = config[group][0]
    return Run(options.model, **chosen)


def train(layout: Layout, config: dict[str, Any], run: Run) -> None:
    """Train one run."""
    from calvingfront.training.run import train_network

    train_network(
        **layout.dataset, split=layout.split, **layout.model(run),
        model=run.model, loss=run.loss, seed=run.seed,
        networks=config["networks"], training=config["training"],
    )  # fmt: skip


def predict(
    layout: Layout,
    config: dict[str, Any],
    run: Run,
    scenes: Literal["held_out", "all"] = "held_out",
) -> None:
    """Predict the validation and test scenes of one run, or all scenes of the archive."""
    from calvingfront.evaluation import baselines
    from calvingfront.evaluation.predict import predict_fronts

    if scenes == "all" and not run.trained:
        raise ConfigError(
            f"--scenes {scenes}", f"{run.model} predicts held-out scenes only",
            "Leave --scenes away, or give a network's --model.",
        )  # fmt: skip
    common = {**layout.dataset, "split": layout.split, **layout.predictions(run, scenes)}
    if run.model == "prior":
        baselines.predict_prior(**common)
    elif run.model == "nearest_date":
        baselines.predict_nearest_date(**common)
    else:
        files = layout.model(run)
        if not files["record"].exists():
            raise ConfigError(
                files["record"], "is not there: this network is not trained",
                f"Train it first: calvingfront train --model {run.model} --loss {run.loss} "
                f"--seed {run.seed}",
            )  # fmt: skip
        settings = config["training"]
        predict_fronts(
            **common, weights=files["weights"], record=files["record"],
            batch_size=settings["batch_size"], device=settings["device"],
            threads=settings["threads"], scenes=scenes, gpu_slots=settings["gpu_slots"],
        )  # fmt: skip


def score(layout: Layout, config: dict[str, Any], run: Run) -> None:
    """Choose the thresholds of one run and score its test scenes."""
    from calvingfront.evaluation.scores import score_predictions
    from calvingfront.evaluation.thresholds import choose_threshold

    files = layout.evaluation(run)
    common = {**layout.dataset, **layout.predictions(run), "threshold": files["threshold"]}
    choose_threshold(**common, curve=files["curve"])
    score_predictions(
        **common, scores=files["scores"],
        min_front_length_m=config["evaluation"]["min_front_length_m"],
    )  # fmt: skip


def tabulate(layout: Layout, config: dict[str, Any]) -> None:
    """Make all tables of the runs that have scores."""
    from calvingfront.tables import comparisons, distances, thickness
    from calvingfront.tables import scores as tables

    scores = [layout.evaluation(run)["scores"] for run in layout.scored_runs()]
    about = {"split_method": config["split"]["method"], "size_px": config["samples"]["size"]}

    def files(name: str, *suffixes: str) -> Keywords:
        return {suffix: layout.table(name, suffix) for suffix in suffixes}

    tables.tabulate_scores(
        scores=scores, **about, bootstrap_samples=config["evaluation"]["bootstrap_samples"],
        **files("table1", "csv", "md", "tex"),
    )  # fmt: skip
    thickness.tabulate_thickness(
        scores=scores, index=layout.dataset["index"], **about,
        front_width_px=config["samples"]["front_width_px"], **files("table2", "csv", "md", "tex"),
    )  # fmt: skip
    distances.tabulate_distances(
        scores=scores, **about, **files("distances", "csv", "md", "tex"),
        breakdown_csv=layout.table("breakdown", "csv"),
        breakdown_md=layout.table("breakdown", "md"),
    )  # fmt: skip
    comparisons.compare_models(scores=scores, **about, **files("comparisons", "csv", "md"))


def draw(layout: Layout, config: dict[str, Any]) -> None:
    """Draw all figures of the runs that have scores."""
    from calvingfront import figures
    from calvingfront.evaluation.attention import read_attention
    from calvingfront.training.run import epoch_file

    every = list(layout.scored_runs())
    trained = [run for run in every if run.trained]
    files = {
        key: [layout.evaluation(run)[key] for run in trained] for key in ("scores", "threshold")
    }
    scenes, networks = config["figures"]["scenes"], config["networks"]
    predicted: dict[str, Any] = {
        **layout.dataset,
        "predictions": [layout.predictions(run)["probabilities"] for run in trained],
        "thresholds": files["threshold"],
        "scores": files["scores"],
        "scenes": scenes,
    }
    models = networks["models"]
    figures.draw_architecture(
        model="attention_unet" if "attention_unet" in models else models[0],
        **{key: networks[key] for key in ("variant", "width", "depth", "kernel")},
        size_px=config["samples"]["size"], **layout.figure("figure1"),
    )  # fmt: skip
    figures.draw_weighting(**predicted, **layout.figure("figure2"))
    figures.draw_overlays(**predicted, **layout.figure("figure3"))
    gated = [run for run in trained if run.model == "attention_unet"]
    gated = [run for run in gated if run.seed == min(r.seed for r in gated)]
    for run in gated:
        model = layout.model(run)
        kept = [
            model["weights"].with_name(epoch_file(e)) for e in config["training"]["keep_epochs"]
        ]
        read_attention(
            **layout.dataset, weights=[*kept, model["weights"]], record=model["record"],
            scores=files["scores"], attention=layout.attention(run), scenes=scenes,
            device=config["training"]["device"], threads=config["training"]["threads"],
            gpu_slots=config["training"]["gpu_slots"],
        )  # fmt: skip
    if gated:
        maps = [layout.attention(run) for run in gated]
        records = [layout.model(run)["record"] for run in gated]
        figures.draw_attention_epochs(
            **layout.dataset, attention=maps, runs=records, **layout.figure("figure4")
        )
        figures.draw_attention_losses(**layout.dataset, attention=maps, **layout.figure("figure5"))
    figures.draw_training(
        histories=[layout.model(run)["history"] for run in trained],
        **layout.figure("training_curves"),
    )
    figures.draw_thresholds(
        curves=[layout.evaluation(run)["curve"] for run in every],
        thresholds=[layout.evaluation(run)["threshold"] for run in every],
        **layout.figure("threshold_curves"),
    )
    figures.draw_archive(**layout.dataset, **layout.figure("archive"))


def grid(layout: Layout, config: dict[str, Any]) -> None:
    """Run the whole experiment; what a file on disk already answers is not done again."""
    runs = planned_runs(config["networks"]["models"], config["losses"], config["seeds"])
    for number, run in enumerate(runs, start=1):
        started = time.perf_counter()
        # What follows from something new is made anew.
        new = run.trained and not layout.model(run)["record"].exists()
        if new:
            train(layout, config, run)
        new = new or not layout.predictions(run)["predictions"].exists()
        if new:
            predict(layout, config, run)
        if new or not layout.evaluation(run)["scores"].exists():
            score(layout, config, run)
        log.info(
            "%d of %d: %s, %.0f s", number, len(runs), run.folder, time.perf_counter() - started
        )
    tabulate(layout, config)
    draw(layout, config)


COMMANDS = {
    "train": lambda layout, config, options: train(layout, config, _chosen(options, config)),
    "predict": lambda layout, config, options: predict(
        layout, config, _chosen(options, config), options.scenes
    ),
    "score": lambda layout, config, options: score(layout, config, _chosen(options, config)),
    "tabulate": lambda layout, config, options: tabulate(layout, config),
    "draw": lambda layout, config, options: draw(layout, config),
    "grid": lambda layout, config, options: grid(layout, config),
}
