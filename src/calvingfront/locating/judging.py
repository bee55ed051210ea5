"""From a traced line to a front with its errors and its quality."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from calvingfront.files import PathLike
from calvingfront.locating.extract import content, front_of, why_none
from calvingfront.locating.located_front import LocatedFront
from calvingfront.locating.model.content import ModelCard
from calvingfront.locating.model.trust import Trust, trust_in
from calvingfront.locating.tracing import Traced
from calvingfront.locating.visibility import hidden_share
from calvingfront.uncertainty.quality import judge

# How far beyond the training's range a scene may be before it counts as unlike it.
TOLERANCE, BRIGHTNESS = 1.25, 1.1


def judged_front(
    facts: Mapping[str, Any],
    traced: Traced,
    card: ModelCard,
    unlike: Sequence[str] = (),
    view: PathLike | None = None,
    trust: Trust | None = None,
) -> LocatedFront:
    """The front of a sample: lines on the map, errors by the model's calibration, quality.

    facts: its row in the index of its data set. unlike: what distinguishes the scene from the
    training data. view: raster of view codes on the grid of the scene's image, if there is one.
    trust: which errors it has; by default those of its glacier (`trust_in`).
    """
    trust = trust or trust_in(card, facts.get("glacier"))
    members = len(card.members) * card.orientations
    if not traced.lines:
        why = why_none(facts, traced.probability, card.threshold, card.min_front_length_m)
        reason = "; ".join([why, *unlike])
        return front_of(facts, [], card.threshold, card.label, members, reason)
    front = front_of(facts, traced.lines, card.threshold, card.label, members)
    quality = judge(
        [np.column_stack([line.rows, line.cols]) for line in traced.lines],
        traced.spreads,
        trust.spread_px.p50 if trust.spread_px else None,
        content(facts, len(traced.probability)),
        0.0 if view is None else hidden_share(view, front.lines),
        unlike,
    )
    front = replace(front, quality=quality.name, reason="; ".join(quality.reasons))
    calibration = trust.calibration
    if calibration is None:
        return front
    pixel, factors = float(facts["pixel_size_m"]), np.array(calibration.factors)
    widths = [pixel * np.outer(spread, factors) for spread in traced.spreads]
    return replace(
        front,
        error_m=pixel * calibration.expected * traced.spread_px,
        err90_m=float(np.concatenate(widths)[:, calibration.levels.index(90)].mean()),
        err_method=f"spread of {members} predictions, calibrated on {trust.scenes}",
        err_calib=trust.calibrated,
        vertex_errors_m=widths,
    )


def unlike_training(facts: Mapping[str, Any], mean_grey: float, card: ModelCard) -> Iterator[str]:
    """Say in what a scene differs from those that the model was trained on.

    facts: its row in the index of its data set. mean_grey: of its sample without padding, 0…255.
    """
    seen = card.trained_on
    mission = str(facts["mission"])
    if mission not in seen.missions:
        yield f"{mission} is not among the missions of the training ({', '.join(seen.missions)})"
    size, sizes = float(facts["pixel_size_m"]), seen.pixel_size_m
    if not sizes.lowest / TOLERANCE <= size <= sizes.highest * TOLERANCE:
        yield f"{size:.0f} m a pixel; the training had {sizes.lowest:.0f} to {sizes.highest:.0f} m"
    grey, greys = mean_grey, seen.brightness.mean
    if not greys.p01 / BRIGHTNESS <= grey <= greys.p99 * BRIGHTNESS:
        yield f"mean grey level {grey:.0f}; the training had {greys.p01:.0f} to {greys.p99:.0f}"
