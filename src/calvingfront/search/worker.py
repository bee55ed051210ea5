"""One training of a trial in a process of its own: trained, scored, and its failure recorded."""

from __future__ import annotations

import copy
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import torch

from calvingfront.errors import StoppedError
from calvingfront.files import lock, write_json
from calvingfront.logs import FORMAT, said
from calvingfront.pipeline.judging import MISSING_FILE
from calvingfront.pipeline.publishing import without_paths
from calvingfront.pipeline.results import Results
from calvingfront.search.folder import (
    DEVICE_NOTES,
    FAILURE,
    asked,
    scoring_step,
    undone,
    with_known_length,
    write_config,
)
from calvingfront.search.length import Planned, measured_length
from calvingfront.training.resuming.checkpoints import stop_trainings
from calvingfront.vocabulary.runs import Run

log = logging.getLogger("calvingfront")
LOGS = "logs/{model}_{loss}_seed{seed}.log"
MOST_SAVE_MINUTES = 2.0  # a search is made to be killed
STOPPED, ORPHANED = 4, 5  # how a process ends whose training goes on the next time


@dataclass(frozen=True)
class Task:
    """One training. slots: how many run side by side on this machine."""

    folder: Path
    planned: Planned
    run: Run
    orientations: tuple[int, ...]
    slots: int = 1

    @property
    def results(self) -> Results:
        """The trial's folder, with its epochs if they were measured."""
        return Results(self.folder, with_known_length(self.folder, self.planned).config)


def work(task: Task, parent: Connection) -> None:
    """Train and score; on an error, record it and end with status 1.

    parent: a pipe of which the other end closes when the process that started this one ends. What
    it sends stops the training, whose state is saved first; scores are finished.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    signal.signal(signal.SIGTERM, lambda *_: stop_trainings())  # Slurm sends it to each process
    threading.Thread(target=_listen, args=(parent,), daemon=True).start()
    with _logged(task.folder / LOGS.format(**task.run._asdict())):
        try:
            train_and_score(task)
        except StoppedError as error:
            log.info("%s", error)
            sys.exit(STOPPED)
        except Exception as error:
            told = said(error)
            if told is None:
                log.exception("unexpected error")
            else:
                log.error("%s", told)
            text = str(told) if told is not None else f"{type(error).__name__}: {error}"
            write_failure(task, text)
            sys.exit(1)


def write_failure(task: Task, error: str) -> None:
    """Record why a training failed, with what it was asked."""
    text = without_paths(" ".join(error.split()))  # the log is to be shown to others
    content = {"error": text, "asked": asked(task.results, task.run)}
    write_json(task.results.place(FAILURE, task.run), content)


def train_and_score(task: Task) -> None:
    """The steps of one training that are not done; a half-trained network goes on."""
    planned = _with_length(task)
    config = _on_this_machine(planned.config, task.slots)
    results = Results(task.folder, config)
    Path(results.place(FAILURE, task.run)).unlink(missing_ok=True)
    anew = False
    for step in ("train_network", scoring_step(task.orientations)):
        why = undone(results, step, task.run)
        if not anew and why is None:
            continue
        if why and not why.endswith(MISSING_FILE):
            log.info("%s is made anew: %s", step if isinstance(step, str) else step.name, why)
        results.run(step, task.run)
        if step == "train_network":
            write_json(results.place(DEVICE_NOTES, task.run), {"side_by_side": task.slots})
        anew = True


def _with_length(task: Task) -> Planned:
    """The trial with its number of epochs, measured once for all its seeds."""
    planned = task.planned
    if planned.length is None or planned.length.epochs:
        return planned
    handle = lock(task.folder / ".length.lock")
    try:
        known = with_known_length(task.folder, planned)
        if known is planned:
            config = _on_this_machine(planned.config, task.slots)
            measured_length(task.folder, config, task.run, planned)
            known = with_known_length(task.folder, planned)
            write_config(task.folder, known.config)
        return known
    finally:
        os.close(handle)


def _on_this_machine(config: dict[str, object], slots: int) -> dict[str, object]:
    """A copy with what runs the training here; none of it changes what the training gives."""
    made = copy.deepcopy(config)
    training = made["training"]
    assert isinstance(training, dict)
    if training["device"] != "cpu" and torch.cuda.is_available():
        training["gpu_slots"] = -(-slots // torch.cuda.device_count())
    training["save_minutes"] = min(training["save_minutes"], MOST_SAVE_MINUTES)
    return made


def _listen(parent: Connection) -> None:
    """Stop the training when asked; end at once when the parent has ended."""
    try:
        while True:
            parent.recv()
            stop_trainings()
    except (EOFError, OSError):
        os._exit(ORPHANED)


@contextmanager
def _logged(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(path, mode="a", encoding="utf-8")
    handler.setFormatter(logging.Formatter(FORMAT))
    log.setLevel(logging.INFO)
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
        handler.close()
