"""Errors on a glacier that is not in the training, found by trainings that left glaciers out."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from calvingfront.errors import ModelError
from calvingfront.files import PathLike
from calvingfront.locating.located_front import LEVELS
from calvingfront.locating.model.content import Elsewhere, LeftOut, Percentiles
from calvingfront.locating.model.held_out import Ensemble, HeldOut, HeldOutScene, measure
from calvingfront.locating.model.left_out import Situation
from calvingfront.locating.model.runs import file_of
from calvingfront.locating.model.scoring import rows_of_tests, score_of, short
from calvingfront.networks.weights import load_network, round_to_half
from calvingfront.uncertainty.calibration import FEWEST, Calibration, calibrate
from calvingfront.vocabulary import paths
from calvingfront.vocabulary.subsets import TEST, VALIDATION

log = logging.getLogger(__name__)
FEW_GLACIERS = 3  # with fewer, what is reported of one rests on one other, or on none


@dataclass(frozen=True)
class Found:
    """What the trainings of a situation found on one glacier: its test scenes in `held_out`.

    calibration: chosen on the other glaciers; None if there is no other.
    """

    glacier: str
    situation: Situation
    held_out: HeldOut
    calibration: Calibration | None = None


def measure_elsewhere(
    situations: Sequence[Situation], device: torch.device, orientations: int, half: bool,
    shortest_m: float, scratch: PathLike,
) -> list[Found]:  # fmt: skip
    """Draw the fronts of the glaciers that trainings left out, as a model draws those of new ones.

    The threshold of each situation is chosen on its own validation scenes. orientations, half,
    shortest_m: as the model has them. scratch: see `measure`.
    Raises ModelError, with its name, if a glacier has fewer than three scenes with a line.
    """
    found = []
    for situation in situations:
        networks = [
            load_network(file_of(place, paths.WEIGHTS, run), file_of(place, paths.RECORD, run))
            for place, run in situation.runs
        ]
        if half:
            for network in networks:
                round_to_half(network)
        ensemble = Ensemble([each.to(device) for each in networks], device, orientations)
        names = [scene for scenes in situation.glaciers.values() for scene in scenes]
        split = {VALIDATION: situation.split[VALIDATION], TEST: names}
        log.info("trainings without %s", ", ".join(situation.glaciers))
        whole = measure(situation.data, split, ensemble, shortest_m, scratch)
        for glacier, scenes in situation.glaciers.items():
            rows = set(situation.data.rows(scenes).tolist())
            its = [s for s in whole.scenes if s.subset == TEST and s.row in rows]
            lines = sum(bool(scene.distances) for scene in its)
            if lines < FEWEST:
                raise ModelError(
                    glacier,
                    f"has {lines} scenes with a line by the trainings that left it out",
                    f"Errors need at least {FEWEST}: leave these trainings away, or train longer.",
                )
            part = HeldOut(whole.threshold, whole.validation_dice, None, its)
            found.append(Found(glacier, situation, part))
    return [_checked(each, found) for each in found]


def _checked(each: Found, found: Sequence[Found]) -> Found:
    """With the calibration on the other glaciers, by which this one is judged."""
    others = [other for other in found if other is not each]
    calibration = pooled([(o.glacier, o.held_out.scenes) for o in others]) if others else None
    return Found(each.glacier, each.situation, each.held_out, calibration)


def pooled(glaciers: Sequence[tuple[str, Sequence[HeldOutScene]]]) -> Calibration:
    """Calibrate on the scenes of some glaciers, each of which weighs the same.

    A band is judged on each glacier by the factor chosen on the others; on a single glacier, on
    each scene by the factor chosen on its other scenes.
    """
    drawn = [(name, scene) for name, scenes in glaciers for scene in scenes if scene.distances]
    names = [name for name, _ in drawn]
    return calibrate(
        [np.concatenate(scene.distances) for _, scene in drawn],
        [np.concatenate(scene.traced.spreads) for _, scene in drawn],
        LEVELS,
        names if len(set(names)) > 1 else None,
    )


def elsewhere_of(found: Sequence[Found], shortest_m: float) -> Elsewhere:
    """What a card says of other glaciers. Warns where it rests on little."""
    calibration = pooled([(each.glacier, each.held_out.scenes) for each in found])
    if len(found) < FEW_GLACIERS:
        log.warning("%s", few_words(len(found)))
    for level, reached in calibration.falls_short:
        log.warning("elsewhere, bands of %d %% reach %.0f %% only", level, reached)
    spreads = [
        [scene.traced.spread_px for scene in each.held_out.scenes if scene.traced.lines]
        for each in found
    ]
    weights = np.concatenate([np.full(len(its), 1 / len(its)) for its in spreads])
    values = np.quantile(
        np.concatenate(spreads), (0.01, 0.5, 0.99), weights=weights, method="inverted_cdf"
    )
    return Elsewhere(
        calibration=calibration,
        spread_px=Percentiles(*(short(value) for value in values)),
        glaciers={each.glacier: _left_out(each, shortest_m) for each in found},
    )


def few_words(glaciers: int) -> str:
    """What a calibration on one or two glaciers is worth."""
    if glaciers == 1:
        return (
            "the errors elsewhere come from a single glacier: how far they hold on another was not "
            "tested"
        )
    return "the errors elsewhere come from two glaciers: each was tested with those of one other"


def _left_out(each: Found, shortest_m: float) -> LeftOut:
    situation, held_out = each.situation, each.held_out
    rows = rows_of_tests(situation.data, held_out, lambda _: each.calibration, shortest_m)
    return LeftOut(
        networks=len(situation.runs),
        trained_on=situation.trained_on,
        threshold=held_out.threshold,
        score=score_of(rows),
        stated_m=_stated_m(each),
    )


def _stated_m(each: Found) -> float | None:
    """The mean stated error, m, of the lines whose true front is known."""
    calibration, index = each.calibration, each.situation.data.index
    if calibration is None:
        return None
    pixels = index["pixel_size_m"].to_numpy()
    stated = [
        float(pixels[scene.row]) * calibration.expected * scene.traced.spread_px
        for scene in each.held_out.scenes
        if scene.distances
    ]
    return short(float(np.mean(stated)))
