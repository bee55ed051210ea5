"""Fronts with the errors of their model, and the flags of scenes unlike its training."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from calvingfront.locating.judging import judged_front, unlike_training
from judged_samples import facts, traced
from model_cards import CARD, PIXEL


def test_errors_are_the_spread_times_the_factors_in_metres() -> None:
    front = judged_front(facts(), traced(1.0, 2.0, 3.0), CARD)
    np.testing.assert_allclose(
        front.vertex_errors_m[0], PIXEL * np.outer([1, 2, 3], [0.5, 1.5, 2.0])
    )
    assert front.error_m == pytest.approx(PIXEL * 0.4 * 2)
    assert front.err90_m == pytest.approx(PIXEL * 1.5 * 2)
    assert (front.members, front.quality, front.reason) == (16, "good", "")
    assert front.err_method == "spread of 16 predictions, calibrated on 7 validation scenes"


def test_a_model_without_calibration_states_no_error_but_judges() -> None:
    card = replace(CARD, calibration=None)
    front = judged_front(facts(), traced(4.0, 4.0), card)
    assert (front.error_m, front.err90_m, front.err_method) == (None, None, None)
    assert front.vertex_errors_m == ()
    assert front.quality == "doubtful"
    assert "spread 2.0 times as widely" in front.reason


def test_a_scene_without_a_line_says_why_and_what_is_unlike() -> None:
    front = judged_front(facts(), traced(), CARD, ["S1 is new"])
    assert front.quality == "none"
    assert front.reason == "no pixel exceeds the threshold 0.5; S1 is new"
    assert front.error_m is None


@pytest.mark.parametrize(
    ("changes", "grey", "said"),
    [
        ({}, 100.0, []),
        ({"mission": "S1"}, 100.0, ["S1 is not among the missions"]),
        ({"pixel_size_m": 18.0 / 1.24}, 100.0, []),
        ({"pixel_size_m": 18.0 / 1.26}, 100.0, ["14 m a pixel; the training had 18 to 22 m"]),
        ({"pixel_size_m": 22.0 * 1.26}, 100.0, ["28 m a pixel"]),
        ({}, 90 / 1.11, ["mean grey level 81; the training had 90 to 110"]),
        ({}, 110 * 1.11, ["mean grey level 122"]),
    ],
)
def test_what_is_unlike_the_training_is_named(
    changes: dict[str, Any], grey: float, said: list[str]
) -> None:
    found = list(unlike_training(facts(**changes), grey, CARD))
    assert len(found) == len(said)
    for text, start in zip(found, said, strict=True):
        assert text.startswith(start)
