"""Whether a training that left a glacier out knows nothing of it, and stands for a model's own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from calvingfront.dataset.files import SPLIT
from calvingfront.dataset.reading import Dataset, open_dataset, read_index, read_split
from calvingfront.errors import ModelError
from calvingfront.locating.extract import text
from calvingfront.locating.model.facts import preprocessing_of, settings_of, value_in
from calvingfront.locating.model.runs import file_of
from calvingfront.networks.settings import NetworkSettings
from calvingfront.provenance.content import Digests
from calvingfront.scenes.places.names import bare_name
from calvingfront.storage.sealed import read_record
from calvingfront.training.ending import ENDS, HOW
from calvingfront.training.settings import TrainingSettings
from calvingfront.vocabulary import paths
from calvingfront.vocabulary.runs import Run
from calvingfront.vocabulary.subsets import TRAIN, VALIDATION

# Settings of a training that change its last digits, or its length, which is compared by itself.
FREE = (*ENDS, *HOW, "deterministic", "precision", "tuning", "half_cycle_epochs")
LENGTH = 2.0  # times as long or short a training may be
REMEDY = "Train with the configuration of the exported runs and another split."


def check_data(results: Path, run: Run, split: Mapping[str, list[str]]) -> None:
    """Check that a run was trained on the data set and split that lie beside it now.

    Raises ModelError if its record tells otherwise, or too little.
    """
    path = file_of(results, paths.RECORD, run)
    record = read_record(path)
    remedy = "Bring its own data set back, or train again."
    made = (record.get("made_from") or {}).get("inputs") or {}
    for name, recorded in made.items():
        place = results / name
        # What is missing is not compared: it may have stayed on another machine.
        if place.is_file() and Digests().of_file(place, whole=True) != recorded:
            what = f"was trained with another {name} than the one that is there now"
            raise ModelError(path.parent, what, remedy)
    compared = f"{paths.DATASET}/{SPLIT}" in made
    if compared:
        return
    for subset, key in ((TRAIN, "train_images"), (VALIDATION, "validation_images")):
        number = value_in(path, record, key)
        if number != len(split[subset]):
            what = f"was trained with {number} {subset} scenes, but the split has now "
            raise ModelError(path.parent, f"{what}{len(split[subset])}", remedy)


def check_start(results: Path, run: Run, left_out: Collection[str]) -> None:
    """Check that the weights from which a run started have not seen the glaciers it left out.

    Raises ModelError if they have, or if it is not known: neither the record of the run nor the
    data set of that other training says it.
    """
    path = file_of(results, paths.RECORD, run)
    start = read_record(path).get("start")
    if not start:
        return
    weights = Path(str(start.get("weights")))
    seen = [str(name) for name in start.get("glaciers_seen") or ()]
    # Of a model folder, whose glaciers are compared when a training starts from it.
    known = weights.name.startswith("member_")
    dataset = weights.parents[4] / paths.DATASET if len(weights.parents) > 4 else weights
    if not known and (dataset / SPLIT).is_file():
        index = read_index(dataset).set_index("scene")["glacier"]
        names = [text(index.get(scene)) for scene in read_split(dataset)[TRAIN]]
        known, seen = None not in names, [*seen, *filter(None, names)]
    remedy = "Train without training.start_from, or from weights of other glaciers."
    if common := sorted({bare_name(g) for g in seen} & {bare_name(g) for g in left_out}):
        name = next(glacier for glacier in left_out if bare_name(glacier) == common[0])
        what = f"started from {start['from']}, which has seen {name}"
        raise ModelError(path.parent, what, remedy)
    if not known:
        what = f"started from {start.get('from')}, of which nobody knows the glaciers it has seen"
        raise ModelError(path.parent, what, f"Bring {dataset} back. {remedy}")


class Likeness:
    """What other trainings must share with the runs of a model to stand for them."""

    def __init__(self, results: Path, runs: Sequence[Run], config: Mapping[str, Any]) -> None:
        self.kinds = Counter((run.model, run.loss) for run in runs)
        self.path = file_of(results, paths.RECORD, runs[0]).parent
        self.records = {
            (run.model, run.loss): read_record(file_of(results, paths.RECORD, run)) for run in runs
        }
        self.preprocessing = asdict(
            preprocessing_of(results, config, open_dataset(results / paths.DATASET))
        )

    def check_preprocessing(self, results: Path, data: Dataset) -> None:
        """Raise ModelError if the samples of some results were made otherwise."""
        its = asdict(preprocessing_of(results, settings_of(results), data))
        for key, value in self.preprocessing.items():
            if its[key] != value:
                what = f"has samples.{key} {its[key]}, but the exported runs have {value}"
                raise ModelError(results / paths.DATASET, what, REMEDY)

    def check_training(self, results: Path, run: Run) -> None:
        """Raise ModelError if a run is of another network, loss or recipe, or far longer."""
        path = file_of(results, paths.RECORD, run)
        own = self.records.get((run.model, run.loss))
        if own is None:
            what = f"is {run.label}, which none of the exported runs is"
            raise ModelError(path.parent, what, REMEDY)
        its = read_record(path)
        if bool(its.get("start")) != bool(own.get("start")):
            what = "started from weights of another training, unlike the exported runs"
            if not its.get("start"):
                what = "did not start from weights of another training, as the exported runs did"
            raise ModelError(path.parent, what, REMEDY)
        for section, settings in (("network", _network), ("training", _recipe)):
            mine, theirs = settings(own), settings(its)
            for key in sorted({*mine, *theirs}):
                if mine.get(key) != theirs.get(key):
                    what = f"has {section} {key} {theirs.get(key)}, but the exported runs have "
                    raise ModelError(path.parent, f"{what}{mine.get(key)}", REMEDY)
        lengths = tuple(_length(path, each) for each in (own, its))
        if all(not 1 / LENGTH <= a / b <= LENGTH for a, b in zip(*lengths, strict=True)):
            what = (
                f"was trained for {lengths[1][0]} epochs, {lengths[1][1]} images, but the exported "
                f"runs for {lengths[0][0]} epochs, {lengths[0][1]} images"
            )
            raise ModelError(path.parent, what, REMEDY)

    def check_members(self, runs: Sequence[tuple[Path, Run]], glaciers: Collection[str]) -> None:
        """Raise ModelError if an ensemble lacks a network of the model or has more of one."""
        its = Counter((run.model, run.loss) for _, run in runs)
        names = ", ".join(glaciers)
        for (network, loss), number in self.kinds.items():
            label, there = Run(network, loss).label, its[network, loss]
            if not 1 <= there <= number:
                what = f"{there} of {label}, of which the exported runs have {number}"
                raise ModelError(
                    runs[0][0], f"the trainings without {names} have {what}",
                    f"Give 1 to {number} of each network and loss.",
                )  # fmt: skip


def _network(record: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a network, with the defaults of those that its record lacks."""
    return asdict(NetworkSettings(**record["network"]))


def _recipe(record: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a training that make other networks, likewise."""
    usual = {each.name: each.default for each in fields(TrainingSettings)}
    given = usual | dict(record.get("training") or {})
    idle = () if record["network"].get("auxiliary") else ("auxiliary_weight",)
    return {key: value for key, value in given.items() if key not in (*FREE, *idle)}


def _length(path: Path, record: Mapping[str, Any]) -> tuple[int, int]:
    """Epochs of a training, and how many images they are."""
    epochs = int(value_in(path, record, "epochs"))
    return epochs, epochs * int(value_in(path, record, "train_images"))
