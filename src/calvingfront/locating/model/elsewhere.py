"""What a card says of glaciers that are not in the training."""

from __future__ import annotations

import logging

import numpy as np

from calvingfront.locating.model.content import Elsewhere, LeftOut, Percentiles
from calvingfront.locating.model.on_others import Found, OnOthers
from calvingfront.locating.model.scoring import rows_of_tests, score_of, short

log = logging.getLogger(__name__)
FEW_GLACIERS = 3  # with fewer, what is reported of one rests on one other, or on none


def elsewhere_of(there: OnOthers, shortest_m: float) -> Elsewhere:
    """What a card says of other glaciers. Warns where it rests on little."""
    if len(there.found) < FEW_GLACIERS:
        log.warning("%s", few_words(len(there.found)))
    for level, reached in zip(there.calibration.levels, there.calibration.reached, strict=True):
        if reached < level:
            log.warning("elsewhere, bands of %d %% reach %.0f %% only", level, reached)
    spreads = [[each.spreads.mean() for each in its] for its in there.lines]
    weights = np.concatenate([np.full(len(its), 1 / len(its)) for its in spreads])
    values = np.quantile(
        np.concatenate(spreads), (0.01, 0.5, 0.99), weights=weights, method="inverted_cdf"
    )
    return Elsewhere(
        calibration=there.calibration,
        spread_px=Percentiles(*(short(value) for value in values)),
        glaciers={each.glacier: _left_out(each, shortest_m) for each in there.found},
        threshold=there.threshold if len(there.found) > 1 else None,
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
    data = each.situation.data
    rows = rows_of_tests(data, each.scenes, lambda _: each.calibration, shortest_m)
    return LeftOut(
        networks=len(each.situation.runs),
        trained_on=each.situation.trained_on,
        threshold=each.threshold,
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
        for scene in each.scenes
        if scene.distances
    ]
    return short(float(np.mean(stated)))
