"""Trainings that left glaciers out: whether they did, and whether they stand for a model's own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from calvingfront.dataset.files import FRONTS, IMAGES, INDEX, SPLIT
from calvingfront.dataset.reading import Dataset, open_dataset, read_split
from calvingfront.errors import ModelError
from calvingfront.files import PathLike
from calvingfront.locating.extract import text
from calvingfront.locating.model.facts import preprocessing_of, settings_of, value_in
from calvingfront.locating.model.runs import file_of, runs_in
from calvingfront.provenance.content import Digests
from calvingfront.scenes.places.names import bare_name
from calvingfront.storage.sealed import read_record
from calvingfront.training.ending import ENDS, HOW
from calvingfront.vocabulary import paths
from calvingfront.vocabulary.runs import Run
from calvingfront.vocabulary.subsets import TEST, TRAIN, VALIDATION

# Settings of a training that change its last digits, or its length, which is compared by itself.
FREE = (*ENDS, *HOW, "deterministic", "precision", "tuning", "half_cycle_epochs")
LENGTH = 2.0  # times as long or short a training may be
REMEDY = "Train with the configuration of the exported runs and another split."


@dataclass(frozen=True)
class Situation:
    """Trainings on one data set and split that left glaciers out, which form one ensemble.

    runs: with their results folders. data, split: of the first of these folders. glaciers: by name,
    their test scenes.
    """

    runs: tuple[tuple[Path, Run], ...]
    data: Dataset
    split: Mapping[str, list[str]]
    glaciers: Mapping[str, list[str]]

    @property
    def trained_on(self) -> tuple[str, ...]:
        """The glaciers of the training scenes."""
        return tuple(sorted({name or "" for name in _glaciers(self.data, self.split[TRAIN])}))


def situations(
    folders: Sequence[PathLike], results: Path, runs: Sequence[Run], config: Mapping[str, Any]
) -> list[Situation]:
    """The situations in which the runs in `folders` were trained.

    results, runs, config: of the model that they are to stand for.
    Raises ModelError, with its name, for a run that has seen the glaciers of all its test scenes,
    whose data have changed, or that does not stand for the model's own (`_check_alike`); and if a
    glacier is left out by trainings on different data.
    """
    model = _Model(results, runs, config)
    by_results: dict[Path, list[Run]] = {}
    for place, run in runs_in(folders):
        by_results.setdefault(place, []).append(run)
    found: list[Situation] = []
    for place, its in by_results.items():
        data, split = open_dataset(place / paths.DATASET), read_split(place / paths.DATASET)
        model.check_preprocessing(place, data)
        for run in its:
            _check_data(place, run, split)
            model.check_training(place, run)
        glaciers = left_out(place, data, split)
        new = Situation(tuple((place, run) for run in its), data, split, glaciers)
        found = _joined(found, new)
    for situation in found:
        model.check_members(situation)
    return found


def left_out(results: Path, data: Dataset, split: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """The test scenes of each glacier that neither training nor validation shows.

    Raises ModelError if there is none, or nobody knows: a scene of these has no glacier.
    """
    path = results / paths.DATASET / SPLIT
    seen: dict[str, str] = {}
    for subset in (VALIDATION, TRAIN):
        scenes = split[subset]
        for scene, name in zip(scenes, _glaciers(data, scenes), strict=True):
            if name is None:
                what = f"has the {subset} scene {scene}, whose glacier is not known"
                raise ModelError(path, what, "Name the glacier of each scene, and train again.")
            seen[bare_name(name)] = f"{name} ({subset})"
    found: dict[str, list[str]] = {}
    names: dict[str, str] = {}
    for scene, name in zip(split[TEST], _glaciers(data, split[TEST]), strict=True):
        if name is not None and bare_name(name) not in seen:
            found.setdefault(names.setdefault(bare_name(name), name), []).append(scene)
    if not found:
        shown = ", ".join(sorted(seen.values()))
        raise ModelError(
            path,
            f"leaves no glacier out: it has scenes of {shown} and tests on no other",
            "Give trainings of split.method glacier, or of lists that keep a glacier for the test.",
        )
    return found


def _glaciers(data: Dataset, scenes: list[str]) -> Iterator[str | None]:
    names = data.index["glacier"].iloc[data.rows(scenes)]
    yield from (text(name) for name in names)


def _joined(found: list[Situation], new: Situation) -> list[Situation]:
    """With the runs of other results folders that left the same glaciers out."""
    for n, old in enumerate(found):
        both = {bare_name(each) for each in old.glaciers} & {bare_name(g) for g in new.glaciers}
        if not both:
            continue
        first, other = (each.runs[0][0] for each in (old, new))
        if old.split != new.split or not _same(old.data, new.data):
            name = next(each for each in new.glaciers if bare_name(each) in both)
            what = f"leaves {name} out, as {first} does, but with other scenes or another split"
            raise ModelError(other, what, "Give the trainings of one of the two.")
        if twice := {run for _, run in old.runs} & {run for _, run in new.runs}:
            folder = file_of(other, paths.WEIGHTS, min(twice, key=lambda run: run.order)).parent
            what = f"is the same network, loss and seed as in {first}"
            raise ModelError(folder, what, "Give each training once; seeds make them differ.")
        runs = (*old.runs, *new.runs)
        return [*found[:n], Situation(runs, old.data, old.split, old.glaciers), *found[n + 1 :]]
    return [*found, new]


def _same(one: Dataset, other: Dataset) -> bool:
    return one.index.equals(other.index) and all(
        (a.shape == b.shape) and bool((a == b).all())
        for a, b in ((one.images, other.images), (one.fronts, other.fronts))
    )


def _check_data(results: Path, run: Run, split: Mapping[str, list[str]]) -> None:
    """Check that a run was trained on the data set and split that lie beside it now."""
    path = file_of(results, paths.RECORD, run)
    record = read_record(path)
    remedy = "Bring its own data set back, or train again."
    made = (record.get("made_from") or {}).get("inputs") or {}
    digests, compared = Digests(), False
    for name in (SPLIT, INDEX, IMAGES, FRONTS):
        recorded = made.get(f"{paths.DATASET}/{name}")
        if recorded is None:
            continue
        compared = compared or name == SPLIT
        if digests.of_file(results / paths.DATASET / name, whole=True) != recorded:
            what = f"was trained with another {paths.DATASET}/{name} than the one that is there now"
            raise ModelError(path.parent, what, remedy)
    if compared:
        return
    for subset, key in ((TRAIN, "train_images"), (VALIDATION, "validation_images")):
        number = value_in(path, record, key)
        if number != len(split[subset]):
            what = f"was trained with {number} {subset} scenes, but the split has now "
            raise ModelError(path.parent, f"{what}{len(split[subset])}", remedy)


class _Model:
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
        for section in ("network", "training"):
            mine, theirs = own.get(section) or {}, its.get(section) or {}
            for key in sorted({*mine} & {*theirs}):
                if mine[key] != theirs[key] and not (section == "training" and key in FREE):
                    what = f"has {section} {key} {theirs[key]}, but the exported runs have "
                    raise ModelError(path.parent, f"{what}{mine[key]}", REMEDY)
        mine, theirs = (_length(path, each) for each in (own, its))
        if all(not 1 / LENGTH <= a / b <= LENGTH for a, b in zip(theirs, mine, strict=True)):
            what = (
                f"was trained for {theirs[0]} epochs, {theirs[1]} images, but the exported runs "
                f"for {mine[0]} epochs, {mine[1]} images"
            )
            raise ModelError(path.parent, what, REMEDY)

    def check_members(self, situation: Situation) -> None:
        """Raise ModelError if an ensemble lacks a network of the model or has more of one."""
        its = Counter((run.model, run.loss) for _, run in situation.runs)
        names = ", ".join(situation.glaciers)
        for (network, loss), number in self.kinds.items():
            label, there = Run(network, loss).label, its[network, loss]
            if not 1 <= there <= number:
                what = f"{there} of {label}, of which the exported runs have {number}"
                raise ModelError(
                    situation.runs[0][0], f"the trainings without {names} have {what}",
                    f"Give 1 to {number} of each network and loss.",
                )  # fmt: skip


def _length(path: Path, record: Mapping[str, Any]) -> tuple[int, int]:
    """Epochs of a training, and how many images they are."""
    epochs = int(value_in(path, record, "epochs"))
    return epochs, epochs * int(value_in(path, record, "train_images"))
