"""Which threshold and errors a line has: those of the training's glaciers, or those elsewhere."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import pandas as pd

from calvingfront.locating.extract import text
from calvingfront.locating.located_front import ELSEWHERE, TRAINED, UNTESTED
from calvingfront.locating.model.content import Elsewhere, ModelCard, Percentiles
from calvingfront.scenes.places.names import bare_name
from calvingfront.uncertainty.calibration import Calibration

UNNAMED = "unknown"  # stands in a card for training scenes without a glacier's name


@dataclass(frozen=True)
class Trust:
    """How a line is drawn, and how its errors are found.

    threshold: of the probability. calibrated: `TRAINED`, `ELSEWHERE` or `UNTESTED`, see
    `located_front`. calibration: None without errors. spread_px: of the scenes behind it; None if
    unknown. scenes: these, in words.
    """

    threshold: float
    calibrated: str
    calibration: Calibration | None
    spread_px: Percentiles | None
    scenes: str


def trust_in(card: ModelCard, glacier: object) -> Trust:
    """Threshold and errors of a model's lines on a glacier (a name; "", None or NaN if unknown)."""
    own = Trust(card.threshold, TRAINED, card.calibration, card.spread_px, "")
    return trust_of(glacier, card.trained_on.glaciers, own, card.elsewhere)


def trust_of(
    glacier: object, trained: Collection[str], own: Trust, elsewhere: Elsewhere | None
) -> Trust:
    """As `trust_in`, from the parts of a card. trained: the glaciers of the training scenes. own:
    what holds on these, whose scenes are still to be put into words.

    A glacier without a name is not taken for one of them.
    """
    number = 0 if own.calibration is None else own.calibration.scenes
    own = replace(own, scenes=f"{number} validation scenes")
    if is_among(glacier, trained):
        return own
    if elsewhere is None:
        words = f"{own.scenes}, not tested on other glaciers"
        return replace(own, calibrated=UNTESTED, scenes=words)
    left = len(elsewhere.glaciers)
    words = f"{elsewhere.calibration.scenes} scenes of "
    words += "a glacier that trainings" if left == 1 else f"{left} glaciers that trainings"
    threshold = own.threshold if elsewhere.threshold is None else elsewhere.threshold
    words += " left out"
    return Trust(threshold, ELSEWHERE, elsewhere.calibration, elsewhere.spread_px, words)


def is_among(glacier: object, glaciers: Collection[str]) -> bool:
    """Whether a glacier is one of these, whatever case, accents, blanks and signs of the names."""
    name = bare_name(text(glacier) or "")
    return name not in ("", UNNAMED) and name in {bare_name(each) for each in glaciers}


def name_of(value: object) -> str:
    """A name in the index of a data set; `UNNAMED` where there is none."""
    return UNNAMED if pd.isna(value) else str(value)  # type: ignore[call-overload]
