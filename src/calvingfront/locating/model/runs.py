"""The trained runs of which a model folder is made: which they are, and whether they are whole."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from calvingfront.dataset.files import CONFIG
from calvingfront.errors import ModelError
from calvingfront.files import PathLike
from calvingfront.vocabulary import paths
from calvingfront.vocabulary.models import BASELINES, reads_history
from calvingfront.vocabulary.runs import Run, run_of

# Each file that a run must have, and the command that makes it.
NEEDED = {paths.WEIGHTS: "train", paths.RECORD: "train"}


def file_of(results: Path, pattern: str, run: Run) -> Path:
    """A run's file."""
    return results / pattern.format(**run._asdict())


def runs_in(folders: Sequence[PathLike], configured: bool = False) -> list[tuple[Path, Run]]:
    """The results folder and the run of each folder RESULTS/models/MODEL/LOSS/seedN, in order.

    configured: whether their configuration is known, so that no file has to tell it.
    Raises ModelError if one is no trained network, is not finished, reads the fronts of other dates
    or is given twice.
    """
    if isinstance(folders, str | os.PathLike):
        folders = [folders]
    found: list[tuple[Path, Run]] = []
    for folder in (Path(each).resolve() for each in folders):
        if len(folder.parts) < 5 or folder.parts[-4] != "models" or folder.parts[-3] in BASELINES:
            remedy = "Name a folder RESULTS/models/MODEL/LOSS/seedN."
            raise ModelError(folder, "is not the folder of a trained network", remedy)
        run, results = run_of(folder / "weights.safetensors"), folder.parents[3]
        if reads_history(run.model):
            what = "reads fronts of other dates, which a model has not for new scenes"
            raise ModelError(folder, what, "Export a network that reads the image alone.")
        if (results, run) in found:
            raise ModelError(folder, "is given twice", "Name each run once.")
        found.append((results, run))
        if not configured and not (results / paths.DATASET / CONFIG).is_file():
            what = "is missing, so nobody knows how the samples were made"
            remedy = "Bring the data set of the run, with its configuration, to this place."
            raise ModelError(results / paths.DATASET / CONFIG, what, remedy)
        for pattern, command in NEEDED.items():
            path = file_of(results, pattern, run)
            if not path.is_file():
                remedy = f"Finish the run first: `calvingfront {command}`, or the workflow."
                raise ModelError(path, "is missing", remedy)
    return found


def runs_of_one_results(
    folders: Sequence[PathLike], configured: bool = False
) -> tuple[Path, list[Run]]:
    """The results folder of the runs, and the runs in the order of the tables.

    Raises ModelError, as `runs_in`, and if there is no run or they are of several results folders.
    """
    found = runs_in(folders, configured)
    if not found:
        raise ModelError("runs", "no run is given", "Name at least one RESULTS/models/…/seedN.")
    first = found[0][0]
    for results, run in found:
        if results != first:
            folder = file_of(results, paths.WEIGHTS, run).parent
            what = (
                f"belongs to other results than {file_of(first, paths.WEIGHTS, found[0][1]).parent}"
            )
            raise ModelError(folder, what, "Name runs of one results folder; they share its split.")
    return first, sorted((run for _, run in found), key=lambda run: run.order)
