"""What an ensemble finds in the validation and test scenes of its runs."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from calvingfront.dataset.reading import Dataset
from calvingfront.errors import ModelError
from calvingfront.evaluation.ensemble import member_probabilities
from calvingfront.evaluation.metrics import metrics_over_thresholds
from calvingfront.evaluation.thresholds import THRESHOLDS, best_threshold
from calvingfront.files import PathLike, folder_beside
from calvingfront.locating.located_front import LEVELS
from calvingfront.locating.tracing import Traced, distances_from, trace, true_line
from calvingfront.networks.unet import UNet
from calvingfront.uncertainty.calibration import Calibration, calibrate
from calvingfront.vocabulary.metrics import METRICS
from calvingfront.vocabulary.subsets import TEST, VALIDATION

log = logging.getLogger(__name__)

Floats = npt.NDArray[np.float64]
DICE = list(METRICS).index("dice")


@dataclass(frozen=True)
class HeldOutScene:
    """One held-out scene: its row in the index, what was drawn, and the distance of each vertex
    from the true front, px (() where either is missing)."""

    subset: str
    row: int
    traced: Traced
    distances: Sequence[Floats]


@dataclass(frozen=True)
class HeldOut:
    """An ensemble on its held-out scenes: its threshold, the mean validation Dice there, its
    calibration (None where too few validation scenes have a line), and the scenes."""

    threshold: float
    validation_dice: float
    calibration: Calibration | None
    scenes: Sequence[HeldOutScene]


@dataclass(frozen=True)
class Ensemble:
    """Networks in evaluation mode on a device, and the orientations in which they predict."""

    networks: Sequence[UNet]
    device: torch.device
    orientations: int

    def members(self, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Every network's probability in every orientation (k, s, s)."""
        return member_probabilities(image, self.networks, self.device, self.orientations)


def measure(
    data: Dataset,
    split: dict[str, list[str]],
    ensemble: Ensemble,
    min_front_length_m: float,
    scratch: PathLike,
) -> HeldOut:
    """Choose threshold and calibration on the validation scenes, and draw all held-out scenes.

    scratch: folder for the members' predictions of the validation scenes, which are needed twice
    (float16; removed at the end).
    """
    rows = data.rows(split[VALIDATION]).tolist()
    with folder_beside(Path(scratch) / "members") as folder:
        stored = _Stored(folder)
        curves = []
        for number, row in enumerate(rows):
            members = ensemble.members(np.asarray(data.images[row]))
            stored.write(number, members)
            mean = members.mean(axis=0, dtype=np.float64)
            curves.append(metrics_over_thresholds(mean, np.asarray(data.fronts[row]), THRESHOLDS))
            log.info("validation scene %d of %d", number + 1, len(rows))
        threshold, dice = best_threshold(np.mean(curves, axis=0)[:, DICE])
        scenes = [
            _drawn(data, VALIDATION, row, stored.read(number), threshold, min_front_length_m)
            for number, row in enumerate(rows)
        ]
    scenes += _tests(data, split[TEST], ensemble, threshold, min_front_length_m)
    return HeldOut(threshold, dice, _calibrated(scenes), scenes)


def _tests(
    data: Dataset, names: list[str], ensemble: Ensemble, threshold: float, shortest_m: float
) -> Iterator[HeldOutScene]:
    for number, row in enumerate(data.rows(names).tolist()):
        members = ensemble.members(np.asarray(data.images[row]))
        yield _drawn(data, TEST, row, members, threshold, shortest_m)
        log.info("test scene %d of %d", number + 1, len(names))


def _drawn(
    data: Dataset, subset: str, row: int, members: Any, threshold: float, shortest_m: float
) -> HeldOutScene:
    facts = {str(name): value for name, value in data.index.loc[row].items()}
    traced = trace(members, facts, threshold, shortest_m)
    truth = true_line(np.asarray(data.fronts[row]), facts)
    distances = distances_from(truth, traced.lines) if not truth.is_empty else []
    return HeldOutScene(subset, row, traced, distances)


def _calibrated(scenes: Sequence[HeldOutScene]) -> Calibration | None:
    used = [scene for scene in scenes if scene.subset == VALIDATION and scene.distances]
    try:
        found = calibrate(
            [np.concatenate(scene.distances) for scene in used],
            [np.concatenate(scene.traced.spreads) for scene in used],
            LEVELS,
        )
    except ModelError as error:
        log.warning("the lines will have no errors: %s", error)
        return None
    for level, reached in found.falls_short:
        log.warning("bands of %d %% reach %.0f %% only: too few validation scenes", level, reached)
    return found


def band_scores(
    scene: HeldOutScene, calibration: Calibration | None, pixel_size_m: float
) -> dict[str, float]:
    """How a scene's line lies to its true front.

    line_m: mean distance, m; NaN where either is missing. within_L: share of the line within its
    band of L per cent; half_width_L_m: the band's mean half-width; only with a calibration.
    """
    if not scene.distances:
        return {"line_m": float("nan")}
    distances = np.concatenate(scene.distances)
    spreads = np.concatenate(scene.traced.spreads)
    scores = {"line_m": float(distances.mean()) * pixel_size_m}
    if calibration is not None:
        for level, factor in zip(calibration.levels, calibration.factors, strict=True):
            scores[f"within_{level}"] = float((distances <= factor * spreads).mean())
            scores[f"half_width_{level}_m"] = float(factor * spreads.mean()) * pixel_size_m
    return scores


class _Stored:
    """Predictions of some scenes, written to disk one by one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, number: int, members: npt.NDArray[np.float32]) -> None:
        np.save(self._folder / f"{number}.npy", members.astype(np.float16))

    def read(self, number: int) -> npt.NDArray[np.float16]:
        stored: npt.NDArray[np.float16] = np.load(self._folder / f"{number}.npy")
        return stored
