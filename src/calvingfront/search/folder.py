"""The folder of a search: its data set, a results folder for each trial, its log."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from calvingfront.configuration.reading import read_yaml
from calvingfront.dataset import files
from calvingfront.errors import CalvingFrontError, ConfigError, DamagedFileError
from calvingfront.files import NoLocksError, lock, read_json, write_json, write_text
from calvingfront.pipeline.judging import why_unfit
from calvingfront.pipeline.results import Results
from calvingfront.pipeline.step import Config, Step, dataset_files
from calvingfront.pipeline.steps import STEPS
from calvingfront.search.blind import ORIGIN
from calvingfront.search.length import Planned, known_length, with_epochs
from calvingfront.vocabulary import paths
from calvingfront.vocabulary.runs import RUN_FOLDER, Run

log = logging.getLogger(__name__)
TRIALS, TRIAL, SEARCH = "trials", "trial.json", "search.json"
LOG = "log"  # of a search: log.csv, log.md …
SCORES = f"validation/{RUN_FOLDER}/scores_{{count}}.tsv"
THRESHOLD = f"validation/{RUN_FOLDER}/threshold_{{count}}.json"
# What `why_unfit` says of a training of which only the code has changed.
OTHER_CODE = "the code of train_network has changed since it was made"
SCORED = f"validation/{RUN_FOLDER}/made_from.json"
FAILURE = f"failures/{RUN_FOLDER}.json"
DEVICE_NOTES = f"models/{RUN_FOLDER}/beside.json"  # how many trainings ran beside it
PROGRESS = f"models/{RUN_FOLDER}/progress.tsv"
# What the records of a trial must hold, and its configuration.
FACTS = {"number": int, "name": str, "changes": str, "data": str}
OF_A_TRIAL = ("networks", "losses", "seeds", "training", "evaluation")
ANEW = "The same `calvingfront search` without --log-only and --winner writes it anew"


@contextmanager
def held(search: Path) -> Iterator[None]:
    """Keep other searches out of a folder while the block runs. Raises ConfigError."""
    search.mkdir(parents=True, exist_ok=True)
    try:
        handle = lock(search / ".lock", wait=False)
    except BlockingIOError:
        remedy = "Wait for it, or give --output another folder"
        raise ConfigError(search, "is in use by another search", remedy) from None
    except NoLocksError as error:
        log.warning("%s: no locks here (%s); do not start a search twice", search, error.strerror)
        yield
        return
    try:
        yield
    finally:
        os.close(handle)


def scored_path(pattern: str, run: Run, count: int) -> str:
    """A path of the scores of one run in so many orientations, below the trial's folder."""
    return pattern.format(**run._asdict(), count=count)


def scoring_step(orientations: Sequence[int]) -> Step:
    """The step that scores the validation scenes; `pipeline.results` runs it as any other."""
    predict, score = STEPS["predict_fronts"], STEPS["score_predictions"]

    def outputs(config: Config) -> dict[str, str | list[str]]:
        return {
            keyword: [pattern.replace("{count}", str(count)) for count in orientations]
            for keyword, pattern in (("scores", SCORES), ("thresholds", THRESHOLD))
        }

    return replace(
        predict,
        name="score_validation",
        code="calvingfront.evaluation.validating:score_validation",
        inputs=lambda config: {
            "dataset": dataset_files(files.SPLIT),
            "weights": paths.WEIGHTS,
            "record": paths.RECORD,
        },
        outputs=outputs,
        parameters=lambda config: {
            "batch_size": predict.parameters(config)["batch_size"],
            "orientations": list(orientations),
            **score.parameters(config),
        },
        origin=SCORED,
    )


def prepare(folder: Path, planned: Planned, dataset: Path, number: int) -> None:
    """Write the results folder of a trial: its configuration, and links to the scenes.

    dataset: the folder with the scenes of training and validation, inside that of the search.
    """
    own = folder / paths.DATASET
    own.mkdir(parents=True, exist_ok=True)
    for source in sorted(dataset.iterdir()):
        if source.name in (ORIGIN, files.CONFIG) or source.name.startswith("."):
            continue
        link = own / source.name
        target = os.path.relpath(source, own)
        if link.is_symlink() and str(link.readlink()) == target:
            continue
        link.unlink(missing_ok=True)
        link.symlink_to(target)
    write_config(folder, planned.config)
    trial = planned.trial
    facts = {
        "number": number,
        "name": trial.name,
        "changes": planned.words,
        "data": trial.data,
        "budget": trial.budget,
        "overrides": trial.changes,
    }
    write_json(folder / TRIAL, facts)


def undone(results: Results, step: str | Step, run: Run) -> str | None:
    """Why a step of a trial is to be run; None if it is done.

    As `why_unfit`, but a network that other code trained is not trained again: the log says so.
    """
    why = why_unfit(results, step, run)
    return None if why == OTHER_CODE else why


def trained_by_other_code(results: Results, run: Run) -> bool:
    """Whether a network is as asked, but the code that trained it has changed."""
    return why_unfit(results, "train_network", run) == OTHER_CODE


def write_config(folder: Path, config: Mapping[str, Any]) -> None:
    """Write the configuration of a trial, with which the plain commands repeat it."""
    text = yaml.safe_dump(json.loads(json.dumps(config)), sort_keys=False, allow_unicode=True)
    write_text(folder / paths.DATASET / files.CONFIG, text)


def with_known_length(folder: Path, planned: Planned) -> Planned:
    """The trial with the epochs that were measured for its budget before, if they were."""
    if planned.length is None or planned.length.epochs:
        return planned
    epochs = known_length(folder, planned)
    if epochs is None:
        return planned
    config = with_epochs(planned.config, epochs, planned.trial.changes)
    return replace(planned, config=config, length=planned.length._replace(epochs=epochs))


def trial_folders(search: Path) -> Iterator[tuple[dict[str, Any], Results]]:
    """The facts and the results of every trial in a search's folder, in the order of the plan.

    Raises DamagedFileError for a trial whose facts or configuration are: a log without it would
    compare the others as if it had never been tried.
    """
    found = []
    for path in search.glob(f"{TRIALS}/*/{TRIAL}"):
        facts = _facts(path, FACTS)
        place = path.parent / paths.DATASET / files.CONFIG
        config = read_yaml(place).content
        if lacking := sorted(set(OF_A_TRIAL) - set(config)):
            raise DamagedFileError(place, f"lacks {', '.join(lacking)}", ANEW)
        found.append((facts, Results(path.parent, config)))
    yield from sorted(found, key=lambda each: (each[0]["number"], each[0]["name"]))


def _facts(path: Path, kinds: Mapping[str, type]) -> dict[str, Any]:
    """A record of the search with what it must hold. Raises DamagedFileError."""
    try:
        facts: dict[str, Any] = read_json(path)
        for name, kind in kinds.items():
            if not isinstance(facts[name], kind):
                raise TypeError
    except (OSError, ValueError, KeyError, TypeError):
        raise DamagedFileError(path, "is damaged or incomplete", ANEW) from None
    return facts


def read_facts(search: Path) -> dict[str, Any]:
    """What the search as a whole was asked. Raises CalvingFrontError if there is none."""
    if not (search / SEARCH).is_file():
        remedy = "Name the folder of a search with --output"
        raise CalvingFrontError(search, "holds no search", remedy)
    return _facts(search / SEARCH, {"orientations": list, "against": str})


def failure_of(results: Results, run: Run) -> dict[str, Any] | None:
    """Why a training failed; None if it did not, or with another configuration."""
    try:
        found: dict[str, Any] = read_json(results.place(FAILURE, run))
    except (OSError, ValueError):
        return None
    return found if found.get("asked") == asked(results, run) else None


def asked(results: Results, run: Run) -> dict[str, Any]:
    """What a failed training was asked: the same again would fail again."""
    call = results.call_of("train_network", run)
    made: dict[str, Any] = json.loads(json.dumps(call.parameters | call.how))
    return made
