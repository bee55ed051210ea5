"""Which errors a line has: those of the training's glaciers, or those found elsewhere."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from calvingfront.locating.extract import text
from calvingfront.locating.located_front import ELSEWHERE, TRAINED, UNTESTED
from calvingfront.locating.model.content import Elsewhere, ModelCard, Percentiles
from calvingfront.scenes.places.names import bare_name
from calvingfront.uncertainty.calibration import Calibration

UNNAMED = "unknown"  # stands in a card for training scenes without a glacier's name


@dataclass(frozen=True)
class Trust:
    """How the errors of a line are found.

    calibrated: `TRAINED`, `ELSEWHERE` or `UNTESTED`, see `located_front`. calibration: None without
    errors. spread_px: of the scenes behind it; None if unknown. scenes: these, in words.
    """

    calibrated: str
    calibration: Calibration | None
    spread_px: Percentiles | None
    scenes: str


def trust_in(card: ModelCard, glacier: object) -> Trust:
    """The errors of a model's lines on a glacier (a name; "", None or NaN where unknown)."""
    glaciers = card.trained_on.glaciers
    return trust_of(glacier, glaciers, card.calibration, card.elsewhere, card.spread_px)


def trust_of(
    glacier: object, trained: Collection[str], calibration: Calibration | None,
    elsewhere: Elsewhere | None, spread_px: Percentiles | None = None,
) -> Trust:  # fmt: skip
    """As `trust_in`, from the parts of a card. trained: the glaciers of the training scenes.

    A glacier without a name is not taken for one of them.
    """
    number = 0 if calibration is None else calibration.scenes
    own = f"{number} validation scenes"
    if is_among(glacier, trained):
        return Trust(TRAINED, calibration, spread_px, own)
    if elsewhere is None:
        words = f"{own}, not tested on other glaciers"
        return Trust(UNTESTED, calibration, spread_px, words)
    left = len(elsewhere.glaciers)
    words = f"{elsewhere.calibration.scenes} scenes of "
    words += "a glacier that trainings" if left == 1 else f"{left} glaciers that trainings"
    return Trust(ELSEWHERE, elsewhere.calibration, elsewhere.spread_px, f"{words} left out")


def is_among(glacier: object, glaciers: Collection[str]) -> bool:
    """Whether a glacier is one of these, whatever case, accents, blanks and signs of the names."""
    name = bare_name(text(glacier) or "")
    return name not in ("", UNNAMED) and name in {bare_name(each) for each in glaciers}
