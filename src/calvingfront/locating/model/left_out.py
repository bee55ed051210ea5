"""Trainings that left glaciers out: which ones, and which of them form one ensemble."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calvingfront.dataset.files import SPLIT
from calvingfront.dataset.reading import Dataset, open_dataset, read_split
from calvingfront.errors import ModelError
from calvingfront.files import PathLike
from calvingfront.locating.extract import text
from calvingfront.locating.model.likeness import Likeness, check_data, check_start
from calvingfront.locating.model.runs import file_of, runs_in
from calvingfront.scenes.places.names import bare_name
from calvingfront.vocabulary import paths
from calvingfront.vocabulary.runs import Run
from calvingfront.vocabulary.subsets import TEST, TRAIN, VALIDATION


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
    whose data have changed, or that does not stand for the model's own (`likeness`); and if a
    glacier is left out by trainings on different data.
    """
    model = Likeness(results, runs, config)
    by_results: dict[Path, list[Run]] = {}
    for place, run in runs_in(folders):
        by_results.setdefault(place, []).append(run)
    found: list[Situation] = []
    for place, its in by_results.items():
        data, split = open_dataset(place / paths.DATASET), read_split(place / paths.DATASET)
        model.check_preprocessing(place, data)
        glaciers = left_out(place, data, split)
        for run in its:
            check_data(place, run, split)
            check_start(place, run, glaciers)
            model.check_training(place, run)
        new = Situation(tuple((place, run) for run in its), data, split, glaciers)
        found = _joined(found, new)
    for situation in found:
        model.check_members(situation.runs, situation.glaciers)
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
