"""What a model says of its errors where few scenes show them."""

from __future__ import annotations

from dataclasses import replace

from calvingfront.locating.model.card import card_text
from calvingfront.locating.model.content import Scores
from calvingfront.uncertainty.calibration import Calibration
from model_cards import CARD, SCORE

LEVELS = ("50", "90", "95")
KNOWN = replace(SCORE, within=dict.fromkeys(LEVELS, 0.9), half_width_m=dict.fromkeys(LEVELS, 50.0))


def text(reached: tuple[float, float, float]) -> str:
    calibration = Calibration(3, (50, 90, 95), (0.5, 1.5, 1.5), reached, 0.4)
    return card_text(replace(CARD, calibration=calibration, scores=Scores(KNOWN, {}, {})))


def test_a_card_tells_which_bands_too_few_scenes_cannot_calibrate() -> None:
    told = text((50.0, 66.67, 66.67))
    for level in (90, 95):
        assert (
            f"3 validation scenes are too few for {level} %: the band of {level} % contains the "
            "front along 67 % of the line" in told
        )
    assert "for 50 %" not in told
    assert "too few" not in text((50.0, 90.0, 95.0))
