"""The command `calvingfront search`."""

from __future__ import annotations

import argparse
import logging
import shlex
import signal
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calvingfront.errors import ConfigError
from calvingfront.files import write_json, write_text
from calvingfront.pipeline.publishing import without_paths
from calvingfront.vocabulary.paths import DATASET

if TYPE_CHECKING:
    from calvingfront.search.file import SearchFile
    from calvingfront.search.length import Planned
    from calvingfront.search.worker import Task

log = logging.getLogger(__name__)
TEXT = "train short trials of several configurations, and compare them on validation scenes"
ABOUT = """\
Trains every trial of a search file, a short set of changes of one configuration each, and scores it
on the validation scenes. Test scenes are never read: the folder of the search holds none. Kill it
at any time and repeat the command: finished trainings are not repeated, others go on. The log,
log.md, names every trial, failed ones too. docs/search.md explains the files."""


def add_command(commands: Any) -> None:
    """Add the command and its options to the subparsers of `calvingfront`."""
    command = commands.add_parser(
        "search", help=TEXT, description=ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    command.add_argument(
        "files", nargs="*", metavar="SEARCH", help="search files, later ones on top"
    )
    command.add_argument(
        "--results", default="results", help="results folder with a data set (%(default)s)"
    )
    command.add_argument("--output", help="folder of the search (default: RESULTS/search)")
    command.add_argument(
        "--configfile", nargs="+", default=[], metavar="FILE",
        help="configuration files under every trial, on top of those that the search names",
    )  # fmt: skip
    command.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE",
        help="change one key under every trial, as in training.device=cpu; repeatable",
    )  # fmt: skip
    command.add_argument(
        "--seeds", nargs="+", type=int, metavar="SEED", help="instead of those of the search file"
    )
    command.add_argument("--only", nargs="+", default=[], metavar="TRIAL", help="these trials only")
    command.add_argument(
        "--slots", type=int, default=1, metavar="N", help="trainings side by side (%(default)s)"
    )
    command.add_argument(
        "--stop-after", type=float, metavar="SECONDS",
        help="then save and stop what still trains, which goes on the next time, and write the log",
    )  # fmt: skip
    command.add_argument("--retry", action="store_true", help="try failed trainings again")
    command.add_argument(
        "--dry-run", action="store_true", help="check everything and name the trials"
    )
    command.add_argument(
        "--log-only", action="store_true", help="train nothing, write the log from the folders"
    )
    command.add_argument(
        "--winner", nargs="?", const="-", metavar="FILE",
        help="train nothing, write the best trial as a configuration file, or print it",
    )  # fmt: skip
    command.add_argument(
        "--trial", metavar="TRIAL", help="with --winner: this trial instead of the best"
    )


def run(options: argparse.Namespace) -> int:
    """Run the command. Raises CalvingFrontError."""
    logging.getLogger("calvingfront").setLevel(logging.INFO)
    search = Path(options.output or Path(options.results) / "search")
    if options.winner is not None:
        return _winner(search, options)
    if options.log_only:
        from calvingfront.search.writing import write_log

        print(write_log(search))
        return 0
    _check(options)
    return _search(search, options)


def _check(options: argparse.Namespace) -> None:
    if not options.files:
        raise ConfigError("search", "names no search file", "Write one, such as search.yaml")
    for name, value, sound in (
        ("--slots", options.slots, options.slots >= 1),
        ("--stop-after", options.stop_after, options.stop_after is None or options.stop_after > 0),
    ):
        if not sound:
            raise ConfigError(name, f"{value} is too small", "Write 1 or more")


def _winner(search: Path, options: argparse.Namespace) -> int:
    from calvingfront.search.winner import overlay_of

    text = overlay_of(search, options.trial)
    if options.winner == "-":
        print(text, end="")
    else:
        write_text(options.winner, text)
        print(f"{options.winner}: use it with --configfile {options.winner} mine.yaml")
    return 0


def _search(search: Path, options: argparse.Namespace) -> int:
    from calvingfront.search.file import read_search
    from calvingfront.search.folder import held
    from calvingfront.search.planning import base_config, plan

    asked = read_search(options.files)
    if options.seeds:
        asked = replace(asked, seeds=options.seeds)
    data = _data_sets(search, Path(options.results) / DATASET, asked)
    base, notes = base_config(data[""], [*asked.base, *options.configfile], options.set)
    for note in notes:
        log.info("%s", note)
    planned = plan(asked, base, data)
    names = [each.name for each in planned]
    for name in options.only:
        if name not in names:
            raise ConfigError("--only", f"{name} is no trial", f"Write one of {', '.join(names)}")
    against = asked.against if asked.against in names else names[0]
    chosen = [each for each in planned if not options.only or each.name in options.only]
    trainings = sum(len(each.runs) for each in chosen)
    print(f"{len(chosen)} trials, {trainings} trainings, {options.slots} side by side")
    if options.dry_run:
        for each in chosen:
            print(f"  {each.name}: {_length(each)}; {each.words}")
        return 0
    facts = {"orientations": asked.orientations, "against": against, "command": _command()}
    with held(search):
        return _train(search, planned, {each.name for each in chosen}, data, facts, options)


def _data_sets(search: Path, dataset: Path, asked: SearchFile) -> dict[str, Path]:
    """Make the data sets without test scenes; name → folder, "" for that of the search."""
    from calvingfront.search.blind import (
        check_nothing_tested,
        check_scenes_agree,
        without_test_scenes,
    )

    used = {trial.data for trial in asked.trials} - {""}
    further = {name: folder / DATASET for name, folder in asked.data.items() if name in used}
    check_nothing_tested(dataset, further)
    found = {"": search / DATASET} | {name: search / "data" / name for name in further}
    for name, source in ({"": dataset} | further).items():
        without_test_scenes(source, found[name])
    check_scenes_agree(found)
    return found


def _train(
    search: Path,
    planned: Sequence[Planned],
    chosen: set[str],
    data: dict[str, Path],
    facts: dict[str, Any],
    options: argparse.Namespace,
) -> int:
    from calvingfront.search import folder as folders
    from calvingfront.search.running import run_tasks
    from calvingfront.search.writing import write_log

    write_json(search / folders.SEARCH, facts)
    ready = []
    for number, each in enumerate(planned):
        if each.name in chosen:
            place = search / folders.TRIALS / each.name
            known = folders.with_known_length(place, each)
            folders.prepare(place, known, data[each.trial.data], number)
            ready.append((place, known))
    tasks = list(_tasks(ready, facts["orientations"], options))
    total = len(tasks)
    ended: list[Task] = []

    def told(task: Task, seconds: float) -> None:
        ended.append(task)
        failure = folders.failure_of(task.results, task.run)
        how = "done" if failure is None else f"failed: {failure['error']}"
        log.info("%d of %d: %s, seed %d, %.0f s, %s", len(ended), total,
                 task.planned.name, task.run.seed, seconds, how)  # fmt: skip
        write_log(search)

    before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Slurm ends a job
    try:
        complete = run_tasks(tasks, options.slots, options.stop_after, told)
    finally:
        signal.signal(signal.SIGTERM, before)
    said = write_log(search)
    print(said if complete else f"Stopped. The same command goes on. {said}")
    return 0


def _tasks(
    ready: Iterable[tuple[Path, Planned]], orientations: Sequence[int], options: argparse.Namespace
) -> Iterable[Task]:
    """What is left to do: the first seed of every trial, then the second of every trial …"""
    from calvingfront.search.folder import failure_of, scoring_step, undone
    from calvingfront.search.worker import Task

    step = scoring_step(orientations)
    every = [
        (number, Task(place, each, run, tuple(orientations), options.slots))
        for place, each in ready
        for number, run in enumerate(each.runs)
    ]
    for _, task in sorted(every, key=lambda pair: pair[0]):
        results, run = task.results, task.run
        if failure_of(results, run) is not None and not options.retry:
            continue
        if undone(results, "train_network", run) or undone(results, step, run):
            yield task


def _length(planned: Planned) -> str:
    if planned.length is not None and planned.length.epochs is None:
        return f"{planned.length.amount:g} core minutes"
    return f"{planned.config['training']['max_epochs']} epochs"


def _command() -> str:
    return str(without_paths(" ".join(["calvingfront", *map(shlex.quote, sys.argv[1:])])))
