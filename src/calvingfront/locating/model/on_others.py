"""The fronts that trainings draw on glaciers which they left out, each judged by the others."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from calvingfront.errors import ModelError
from calvingfront.evaluation.metrics import metrics_over_thresholds
from calvingfront.evaluation.thresholds import THRESHOLDS, best_threshold
from calvingfront.files import PathLike, folder_beside
from calvingfront.locating.located_front import LEVELS
from calvingfront.locating.model.held_out import DICE, Ensemble, HeldOutScene, Stored, drawn
from calvingfront.locating.model.left_out import Situation
from calvingfront.locating.model.runs import file_of
from calvingfront.networks.weights import load_network, round_to_half
from calvingfront.uncertainty.calibration import FEWEST, Calibration, calibrate
from calvingfront.vocabulary import paths
from calvingfront.vocabulary.subsets import TEST

log = logging.getLogger(__name__)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Found:
    """What the trainings of a situation found on one glacier that they left out.

    threshold: chosen on the other glaciers; the model's own if there is no other. scenes: drawn at
    it. calibration: on the other glaciers' lines at it; None if there is no other.
    """

    glacier: str
    situation: Situation
    threshold: float
    scenes: Sequence[HeldOutScene]
    calibration: Calibration | None


@dataclass(frozen=True)
class Drawn:
    """Along the lines of a scene, px: their spreads (n,), and the distances (n,) from the true
    front; None without one."""

    spreads: Floats
    distances: Floats | None


@dataclass(frozen=True)
class OnOthers:
    """What trainings found on all glaciers that they left out.

    found: on each, judged by the others. threshold: at which the mean of the glaciers' mean Dice is
    highest; the model's own for a single glacier. lines: of each glacier, its scenes with a line at
    that threshold. calibration: on them.
    """

    found: Sequence[Found]
    threshold: float
    lines: Sequence[Sequence[Drawn]]
    calibration: Calibration


def measure_elsewhere(
    situations: Sequence[Situation], threshold: float, device: torch.device, orientations: int,
    half: bool, shortest_m: float, scratch: PathLike,
) -> OnOthers:  # fmt: skip
    """Draw the fronts of the glaciers that trainings left out, as a model draws those of new ones.

    threshold: of the model, for a single glacier; from two on, it is chosen on the others.
    orientations, half, shortest_m: as the model has them. scratch: folder for the predictions,
    which are needed several times (float16; removed at the end).
    Raises ModelError, with its name, if a glacier has fewer than three scenes with a line.
    """
    with folder_beside(Path(scratch) / "elsewhere") as folder:
        glaciers = [
            each
            for number, situation in enumerate(situations)
            for each in _predicted(situation, device, orientations, half, folder / str(number))
        ]

        @cache
        def lines(number: int, limit: float) -> list[Drawn]:
            return [_light(scene) for scene in glaciers[number].drawn(limit, shortest_m)]

        def choice(numbers: Sequence[int]) -> float:
            if len(glaciers) < 2:
                return threshold
            return best_threshold(np.mean([glaciers[n].dice for n in numbers], axis=0))[0]

        def calibration(numbers: Sequence[int], limit: float) -> Calibration:
            return pooled([lines(n, limit) for n in numbers])

        found = []
        for number, each in enumerate(glaciers):
            others = [n for n in range(len(glaciers)) if n != number]
            limit = choice(others)
            scenes = list(each.drawn(limit, shortest_m))
            _check_enough(each.name, sum(bool(scene.distances) for scene in scenes))
            its = calibration(others, limit) if others else None
            found.append(Found(each.name, each.situation, limit, scenes, its))
        everywhere = range(len(glaciers))
        limit = choice(everywhere)
        return OnOthers(
            found,
            limit,
            [[each for each in lines(n, limit) if len(each.spreads)] for n in everywhere],
            calibration(everywhere, limit),
        )


@dataclass(frozen=True)
class _Glacier:
    """Predictions on the scenes of a glacier that was left out, and their mean Dice at each of
    `THRESHOLDS` (t,)."""

    name: str
    situation: Situation
    rows: Sequence[int]
    stored: Stored
    dice: Floats

    def drawn(self, threshold: float, shortest_m: float) -> Iterator[HeldOutScene]:
        for number, row in enumerate(self.rows):
            members = self.stored.read(number)
            yield drawn(self.situation.data, TEST, row, members, threshold, shortest_m)


def _predicted(
    situation: Situation, device: torch.device, orientations: int, half: bool, folder: Path
) -> Iterator[_Glacier]:
    networks = [
        load_network(file_of(place, paths.WEIGHTS, run), file_of(place, paths.RECORD, run))
        for place, run in situation.runs
    ]
    if half:
        for network in networks:
            round_to_half(network)
    ensemble = Ensemble([each.to(device) for each in networks], device, orientations)
    log.info("trainings without %s", ", ".join(situation.glaciers))
    for number, (glacier, names) in enumerate(situation.glaciers.items()):
        place = folder / str(number)
        place.mkdir(parents=True)
        stored, rows, curves = Stored(place), situation.data.rows(names).tolist(), []
        for scene, row in enumerate(rows):
            members = ensemble.members(np.asarray(situation.data.images[row]))
            stored.write(scene, members)
            mean, truth = members.mean(axis=0, dtype=np.float64), situation.data.fronts[row]
            curves.append(metrics_over_thresholds(mean, np.asarray(truth), THRESHOLDS)[:, DICE])
            log.info("%s: scene %d of %d", glacier, scene + 1, len(rows))
        yield _Glacier(glacier, situation, rows, stored, np.mean(curves, axis=0))


def _light(scene: HeldOutScene) -> Drawn:
    """What a calibration needs of a scene, a thousandth of its memory."""
    spreads = np.concatenate([np.empty(0), *scene.traced.spreads])
    return Drawn(spreads, np.concatenate(scene.distances) if scene.distances else None)


def _check_enough(glacier: str, lines: int) -> None:
    if lines < FEWEST:
        raise ModelError(
            glacier,
            f"has {lines} scenes with a line by the trainings that left it out",
            f"Errors need at least {FEWEST}: leave these trainings away, or train longer.",
        )


def pooled(glaciers: Sequence[Sequence[Drawn]]) -> Calibration:
    """Calibrate on the scenes of some glaciers, each of which weighs the same.

    A band is judged on each glacier by the factor chosen on the others; on a single glacier, on
    each scene by the factor chosen on its other scenes.
    """
    distances, spreads, names = [], [], []
    for name, scenes in enumerate(glaciers):
        for scene in scenes:
            if scene.distances is not None:
                distances.append(scene.distances)
                spreads.append(scene.spreads)
                names.append(name)
    return calibrate(distances, spreads, LEVELS, names if len(set(names)) > 1 else None)
