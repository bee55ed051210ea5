"""A results folder as one situation: what was held out, the scores, and the records behind them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from calvingfront.dataset.files import INDEX, SPLIT, SPLIT_ORIGIN
from calvingfront.dataset.leakage import leakage
from calvingfront.dataset.reading import read_index, read_split, read_table
from calvingfront.errors import CalvingFrontError, Faults
from calvingfront.evaluation.score_table import read_scores
from calvingfront.files import PathLike, read_json
from calvingfront.provenance.content import Digests
from calvingfront.vocabulary import paths
from calvingfront.vocabulary.augmentations import COPIES
from calvingfront.vocabulary.runs import Run, run_of
from calvingfront.vocabulary.subsets import TEST, TRAIN, VALIDATION

DRAWN = ("paper", "random")  # the methods that hold out no kind of scene
UNRECORDED: tuple[Any, ...] = (OSError, ValueError, KeyError, TypeError)
AGAIN = "Run `calvingfront grid` in this folder again, and bring all its records."


@dataclass(frozen=True)
class Situation:
    """One results folder.

    name: of the folder. settings: with which the scenes were split, by its record. subsets: the
    split. index: of the data set. scores: of every row, see `read_scores`. records: run.json of
    every training. settings_of: settings of prediction and scoring, by row.
    """

    folder: Path
    name: str
    settings: Mapping[str, Any]
    subsets: Mapping[str, list[str]]
    index: pd.DataFrame
    split: pd.DataFrame
    scores: pd.DataFrame
    records: Mapping[Run, Mapping[str, Any]]
    settings_of: Mapping[Run, Mapping[str, Any]]

    @property
    def method(self) -> str:
        """`split.method`."""
        return str(self.settings["method"])

    @property
    def share(self) -> float:
        """`split.train_share`."""
        return float(self.settings.get("train_share", 1))

    @property
    def is_plain(self) -> bool:
        """Whether it holds out no kind of scene, and trains with all that are left."""
        return self.method in DRAWN and self.share == 1

    @cached_property
    def test(self) -> frozenset[str]:
        """Its test scenes."""
        return frozenset(self.subsets[TEST])

    @cached_property
    def train(self) -> frozenset[str]:
        """Its training scenes."""
        return frozenset(self.subsets[TRAIN])

    @cached_property
    def validation(self) -> frozenset[str]:
        """Its validation scenes."""
        return frozenset(self.subsets[VALIDATION])

    @property
    def leaked(self) -> frozenset[str]:
        """Test scenes that are training scenes too."""
        return self.test & self.train

    @property
    def unleaked_scores(self) -> pd.DataFrame:
        """The scores of the test scenes that are not training scenes too."""
        return self.scores[~self.scores.scene.isin(self.leaked)]

    @cached_property
    def days(self) -> pd.Series:
        """Days from each test scene to the nearest training scene of its glacier; none if NA."""
        return leakage(self.index, self.split).set_index("scene")["days"]

    def unseen(self, column: str) -> dict[str, int]:
        """Glaciers or missions without a training scene → number of their test scenes."""
        of = self.index.set_index("scene")[column]
        counts = of[sorted(self.test)].value_counts()
        trained = set(of[sorted(self.train)])
        return {
            str(name): int(counts[name]) for name in sorted(counts.index) if name not in trained
        }

    @cached_property
    def held_out(self) -> str:
        """What is held out, in words, as split and index show it."""
        if self.method in ("glacier", "mission"):
            names = [*self.unseen(self.method)]
            plural = {"glacier": "glaciers", "mission": "missions"}[self.method]
            text = f"{plural if len(names) > 1 else self.method} {', '.join(names)}"
        elif self.method in ("time", "middle"):
            day = self.index.set_index("scene")["acquired"][sorted(self.test)].astype(str)
            part = "last" if self.method == "time" else "middle"
            text = f"the {part} years ({day.min()[:4]}–{day.max()[:4]})"
        else:
            text = "scenes drawn at random" if "shares" in self.settings else "scenes of a list"
        return text if self.share == 1 else f"{text}; {100 * self.share:g} % of the training scenes"

    def seen(self, model: str, loss: str) -> tuple[float, float]:
        """Mean number of epochs of a row's trainings, and of images seen; NaN if it has none."""
        found = [
            (int(record["epochs"]), int(record["train_images"]), record["training"]["augmentation"])
            for run, record in self.records.items()
            if (run.model, run.loss) == (model, loss)
        ]
        if not found:
            return float("nan"), float("nan")
        epochs = [number for number, _, _ in found]
        images = [number * count * COPIES[copies] for number, count, copies in found]
        return sum(epochs) / len(found), sum(images) / len(found)


def read_situations(folders: Sequence[PathLike]) -> list[Situation]:
    """Read several results folders. Raises Faults with everything that is wrong in any of them."""
    places = [Path(folder) for folder in folders]
    # A link keeps its own name.
    names = [place.name.strip(".") or place.resolve().name for place in places]
    faults: list[CalvingFrontError] = []
    found = []
    for place, name in zip(places, names, strict=True):
        if names.count(name) > 1:
            what = f"{names.count(name)} of the folders are called {name}"
            faults.append(CalvingFrontError(place, what, "Rename them, so that rows have a name."))
            continue
        try:
            found.append(_read(place, name))
        except Faults as error:
            faults += error.faults
        except CalvingFrontError as error:
            faults.append(error)
    if faults:
        raise Faults(faults, "The facts of the table come from these records.")
    return found


def _read(folder: Path, name: str) -> Situation:
    dataset, digests = folder / paths.DATASET, Digests()
    try:
        made = read_json(dataset / SPLIT_ORIGIN)["made_from"]
        settings, files = dict(made["settings"]), {**made["inputs"], **made["outputs"]}
        settings["method"]
    except UNRECORDED:
        raise CalvingFrontError(
            dataset / SPLIT_ORIGIN,
            "does not say how the scenes were split",
            "Make the data set with `snakemake dataset`, and bring this file with the results.",
        ) from None
    now = {file: digests.of_file(dataset / file, whole=True) for file in (INDEX, SPLIT)}
    faults = [
        CalvingFrontError(
            dataset / file, "has changed since the scenes were split",
            "Restore it, or make the data set again with `snakemake dataset`.",
        )
        for file, digest in files.items()
        if now.get(file, digest) != digest
    ]  # fmt: skip
    files_of = sorted(folder.glob(paths.SCORES.format(model="*", loss="*", seed="*")))
    if not files_of:
        raise CalvingFrontError(folder, "has no scores", "Run `calvingfront grid` in it first.")
    subsets = read_split(dataset)
    scores = read_scores(files_of)
    records: dict[Run, Mapping[str, Any]] = {}
    settings_of: dict[Run, Mapping[str, Any]] = {}
    for path in files_of:
        run = run_of(path)
        faults += [*_faults_of_run(folder, run, now, digests)]
        if run.trained:
            try:
                records[run] = _record(folder / paths.RECORD.format(**run._asdict()))
            except CalvingFrontError as error:
                faults.append(error)
        settings_of[run] = _settings(folder, run)
    if set(scores.scene) != set(subsets[TEST]):
        odd = sorted(set(scores.scene) ^ set(subsets[TEST]))
        what = f"has scores of other scenes than its split tests: {', '.join(odd[:3])}"
        faults.append(CalvingFrontError(folder, what, AGAIN))
    if faults:
        raise Faults(faults, AGAIN)
    split = read_table(dataset / SPLIT, str)
    index = read_index(dataset)
    return Situation(folder, name, settings, subsets, index, split, scores, records, settings_of)


def _record(path: Path) -> Mapping[str, Any]:
    """The record of a training with all that a table says of it. Raises CalvingFrontError."""
    try:
        record: Mapping[str, Any] = read_json(path)
        for key in ("epochs", "train_images", "image_size"):
            int(record[key])
        COPIES[record["training"]["augmentation"]]
        dict(record["made_from"]["settings"])
    except UNRECORDED:
        what = "does not say what the network was trained on, and how long"
        raise CalvingFrontError(path, what, AGAIN) from None
    return record


def _faults_of_run(
    folder: Path, run: Run, now: Mapping[str, str], digests: Digests
) -> Iterator[CalvingFrontError]:
    """Whether the records of a row say that it was made on this data set and split."""
    fields = run._asdict()
    scores, origin = (
        folder / each.format(**fields) for each in (paths.SCORES, paths.SCORES_ORIGIN)
    )
    try:
        made = read_json(origin)["made_from"]
        wanted = {INDEX: made["inputs"][f"{paths.DATASET}/{INDEX}"]}
        own = made["outputs"][paths.SCORES.format(**fields)]
    except UNRECORDED:
        yield CalvingFrontError(origin, "does not say what the scores were made from", AGAIN)
        return
    if own != digests.of_file(scores, whole=True):
        yield CalvingFrontError(scores, "has changed since it was made", AGAIN)
    if wanted[INDEX] != now[INDEX]:
        yield CalvingFrontError(scores, f"was made from another {INDEX}", AGAIN)
    records = [paths.RECORD] if run.trained else [paths.PREDICTIONS_ORIGIN]
    for path in (folder / each.format(**fields) for each in records):
        try:
            split = read_json(path)["made_from"]["inputs"].get(f"{paths.DATASET}/{SPLIT}")
        except UNRECORDED:  # of a training, `_record` tells
            continue
        if split not in (None, now[SPLIT]):
            yield CalvingFrontError(path, f"was made from another {SPLIT}", AGAIN)


def _settings(folder: Path, run: Run) -> dict[str, Any]:
    """What of the settings of prediction and scoring changes a score, as far as the records say."""
    found: dict[str, Any] = {}
    for pattern, keys in (
        (paths.PREDICTIONS_ORIGIN, ("orientations",)),
        (paths.SCORES_ORIGIN, ("min_front_length_m",)),
    ):
        try:
            made = read_json(folder / pattern.format(**run._asdict()))["made_from"]
            found |= {key: made["settings"][key] for key in keys if key in made["settings"]}
        except UNRECORDED:
            continue
        if pattern == paths.SCORES_ORIGIN:
            found["code"] = made.get("code")
    return found
