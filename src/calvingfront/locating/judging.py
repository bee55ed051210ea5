"""From a traced line to a front with its errors and its quality."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from calvingfront.locating.extract import content, front_of, why_none
from calvingfront.locating.located_front import LocatedFront
from calvingfront.locating.model.content import ModelCard
from calvingfront.locating.tracing import Traced
from calvingfront.uncertainty.quality import judge


def judged_front(
    facts: Mapping[str, Any],
    traced: Traced,
    card: ModelCard,
    unlike: Sequence[str] = (),
    hidden: float = 0.0,
) -> LocatedFront:
    """The front of a sample: lines on the map, errors by the model's calibration, quality.

    facts: its row in the index of its data set. unlike: what distinguishes the scene from the
    training data. hidden: share of the line in layover or shadow.
    """
    members = len(card.members) * card.orientations
    if not traced.lines:
        why = why_none(facts, traced.probability, card.threshold, card.min_front_length_m)
        reason = "; ".join([why, *unlike])
        return front_of(facts, [], card.threshold, card.label, members, reason)
    front = front_of(facts, traced.lines, card.threshold, card.label, members)
    quality = judge(
        [np.column_stack([line.rows, line.cols]) for line in traced.lines],
        traced.spread_px,
        card.spread_px.p50 if card.spread_px else None,
        content(facts, len(traced.probability)),
        hidden,
        unlike,
    )
    front = replace(front, quality=quality.name, reason="; ".join(quality.reasons))
    if card.calibration is None:
        return front
    pixel, factors = float(facts["pixel_size_m"]), np.array(card.calibration.factors)
    widths = [pixel * np.outer(spread, factors) for spread in traced.spreads]
    return replace(
        front,
        error_m=pixel * card.calibration.expected * traced.spread_px,
        err90_m=float(np.concatenate(widths)[:, card.calibration.levels.index(90)].mean()),
        err_method=f"spread of {members} predictions, calibrated on {card.calibration.scenes} "
        f"validation scenes",
        vertex_errors_m=widths,
    )
