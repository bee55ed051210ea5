"""The steps of the learning half as plain commands: the same files without Snakemake."""

from __future__ import annotations

import logging
import time
from typing import Literal

from calvingfront.errors import ConfigError
from calvingfront.pipeline.judging import MISSING_FILE, chain_of, check_rows, why_unfit
from calvingfront.pipeline.results import Results
from calvingfront.pipeline.rows import prediction_step, runs_of, threshold_step
from calvingfront.pipeline.shown import figures_of
from calvingfront.tables.registry import TABLES
from calvingfront.vocabulary import paths
from calvingfront.vocabulary.runs import Run

__all__ = ["Results", "draw", "grid", "predict", "score", "tabulate", "train"]

log = logging.getLogger(__name__)


def train(results: Results, run: Run) -> None:
    """Train one network."""
    if not run.trained:
        raise ConfigError("--model", f"{run.model} has nothing to train", "Choose a network.")
    results.run("train_network", run)


def predict(results: Results, run: Run, scenes: Literal["held_out", "all"] = "held_out") -> None:
    """Predict the validation and test scenes of one row, or all scenes of the archive."""
    if run.trained and scenes == "held_out":
        results.run("predict_fronts", run)
    elif run.trained:
        every = {"probabilities": paths.ALL_PROBABILITIES, "predictions": paths.ALL_PREDICTIONS}
        outputs = {
            keyword: results.folder / path.format(**run._asdict())
            for keyword, path in every.items()
        }
        results.run("predict_fronts", run, scenes=scenes, **outputs)
    elif scenes == "all":
        raise ConfigError(
            f"--scenes {scenes}", f"{run.model} predicts held-out scenes only",
            "Omit --scenes, or choose a network with --model.",
        )  # fmt: skip
    else:
        results.run(prediction_step(run), run)


def score(results: Results, run: Run) -> None:
    """Choose the thresholds of one row and score its test scenes."""
    results.run(threshold_step(run, results.config), run)
    results.run("score_predictions", run)


def tabulate(results: Results) -> None:
    """Make all tables. Raises Faults if a row is not what the configuration would make now."""
    check_rows(results)
    for table in TABLES.values():
        results.run(table.step)


def draw(results: Results) -> None:
    """Read the attention maps and draw all figures. Raises Faults as `tabulate` does."""
    check_rows(results)
    for run in runs_of("gated", results.config):
        results.run("read_attention", run)
    for figure in figures_of(results.config):
        results.run(figure.step)


def grid(results: Results) -> None:
    """Run the whole experiment; what is finished and fits the configuration is not made again."""
    runs = runs_of("all", results.config)
    for number, run in enumerate(runs, start=1):
        started = time.perf_counter()
        anew = False  # whatever depends on a new file is made anew
        for name in chain_of(run, results.config):
            why = why_unfit(results, name, run)
            if not anew and why is None:
                continue
            if why and not why.endswith(MISSING_FILE):
                log.info("%s, %s is made anew: %s", run.folder, name, why)
            results.run(name, run)
            anew = True
        log.info(
            "%d of %d: %s, %.0f s", number, len(runs), run.folder, time.perf_counter() - started
        )
    tabulate(results)
    draw(results)
