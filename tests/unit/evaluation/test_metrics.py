"""The overlap metrics on masks one can count."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calvingfront.evaluation.metrics import dice, iou, metrics_over_thresholds, weighted_dice
from calvingfront.vocabulary.metrics import METRICS

Mask = npt.NDArray[np.uint8]
WEIGHTS = (4, 8, 16)
EMPTY, FULL = np.zeros((4, 4), np.uint8), np.ones((4, 4), np.uint8)


def rows(*chosen: int) -> Mask:
    mask = EMPTY.copy()
    mask[list(chosen)] = 1
    return mask


@pytest.mark.parametrize(
    ("prediction", "truth", "dice_value", "iou_value"),
    [
        (rows(1), rows(1), 1.0, 1.0),
        (rows(1, 2), rows(2, 3), 9 / 17, 4 / 12),  # 4 of 8 and 8 pixels agree
        (rows(0), rows(3), 1 / 9, 0.0),
        (EMPTY, rows(1), 1 / 5, 0.0),  # empty prediction
        (rows(1), EMPTY, 1 / 5, 0.0),  # empty truth
        (EMPTY, EMPTY, 1.0, 1.0),
        (FULL, FULL, 1.0, 1.0),
        (FULL, rows(1), 9 / 21, 4 / 16),
        (rows(1), FULL, 9 / 21, 4 / 16),
        (FULL, EMPTY, 1 / 17, 0.0),
    ],
)
def test_dice_and_iou_by_hand(
    prediction: Mask, truth: Mask, dice_value: float, iou_value: float
) -> None:
    assert dice(prediction, truth) == pytest.approx(dice_value, abs=1e-15)
    assert iou(prediction, truth) == pytest.approx(iou_value, abs=1e-15)


def test_masks_may_be_of_0_and_255_or_of_bool() -> None:
    p, y = rows(1, 2), rows(2, 3)
    assert dice(p * 255, y * 255) == dice(p > 0, y > 0) == dice(p, y)
    assert iou(p * 255, y * 255) == iou(p > 0, y > 0) == iou(p, y)
    assert weighted_dice(p * 255, y * 255, 4) == weighted_dice(p > 0, y > 0, 4)


def test_uint8_sums_do_not_overflow() -> None:
    full = np.ones((512, 512), np.uint8)
    assert dice(full, full) == 1.0
    assert iou(full, full) == 1.0
    assert weighted_dice(full, full, 4) == 1.0


@pytest.mark.parametrize("w", WEIGHTS)
def test_weighted_dice_by_hand(w: int) -> None:
    # Truth in row 1; prediction in rows 1 and 2 and one corner of row 3: 4 pixels with W̃ = 1,
    # 4 with tanh(1/2w), one with tanh(2/2w).
    truth, prediction = rows(1), rows(1, 2)
    prediction[3, 0] = 1
    weighted = 4 + 4 * np.tanh(1 / (2 * w)) + np.tanh(2 / (2 * w))
    expected = (2 * 4 + 1) / (4 + weighted + 1)
    assert weighted_dice(prediction, truth, w) == pytest.approx(expected, abs=1e-7)
    assert weighted_dice(prediction, truth, w) > dice(prediction, truth)


@pytest.mark.parametrize("w", WEIGHTS)
@pytest.mark.parametrize("prediction", [EMPTY, rows(2), FULL])
def test_weighted_dice_of_an_empty_truth_is_the_dice(prediction: Mask, w: int) -> None:
    assert weighted_dice(prediction, EMPTY, w) == dice(prediction, EMPTY)


@pytest.mark.parametrize("prediction", [EMPTY, rows(2), FULL])
def test_weighted_dice_of_an_all_front_truth_is_the_dice(prediction: Mask) -> None:
    assert weighted_dice(prediction, FULL, 8) == dice(prediction, FULL)


def test_a_prediction_beside_the_front_is_forgiven_more_the_larger_w() -> None:
    truth = np.zeros((8, 8), np.uint8)
    truth[2] = 1
    beside = np.zeros((8, 8), np.uint8)
    beside[2:4] = 1
    values = [dice(beside, truth), *(weighted_dice(beside, truth, w) for w in (4, 8, 16))]
    assert values == sorted(values)
    assert len(set(values)) == 4


def direct(probability: npt.NDArray[np.floating], truth: Mask, threshold: float) -> list[float]:
    p = probability.astype(np.float64) > threshold
    return [dice(p, truth), *(weighted_dice(p, truth, w) for w in WEIGHTS), iou(p, truth)]


def test_columns_stand_in_the_order_of_their_names() -> None:
    assert tuple(METRICS) == ("dice", "wdice4", "wdice8", "wdice16", "iou")
    weights = {name: metric.weight_px for name, metric in METRICS.items() if metric.weight_px}
    assert weights == {f"wdice{w}": w for w in WEIGHTS}


@given(
    seed=st.integers(0, 10_000),
    density=st.sampled_from([0.0, 0.05, 0.5, 1.0]),
    dtype=st.sampled_from([np.float16, np.float32, np.float64]),
    grid=st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_scanning_thresholds_equals_thresholding_at_each(
    seed: int, density: float, dtype: type, grid: bool
) -> None:
    """`grid`: probabilities on the thresholds themselves, where > and ≥ part."""
    rng = np.random.default_rng(seed)
    truth = (rng.random((7, 9)) < density).astype(np.uint8)
    thresholds = np.arange(20) / 20
    probability = rng.integers(0, 21, (7, 9)) / 20 if grid else rng.random((7, 9))
    probability = probability.astype(dtype)
    values = metrics_over_thresholds(probability, truth, thresholds)
    assert values.shape == (20, 5)
    for k, threshold in enumerate(thresholds):
        np.testing.assert_allclose(
            values[k], direct(probability, truth, threshold), rtol=1e-6, err_msg=str(threshold)
        )


def test_a_probability_equal_to_the_threshold_is_no_front() -> None:
    probability, truth = np.full((2, 2), 0.5), np.ones((2, 2), np.uint8)
    values = metrics_over_thresholds(probability, truth, np.array([0.49, 0.5, 0.51]))
    assert values[:, 4].tolist() == [1.0, 0.0, 0.0]
    assert values[:, 0] == pytest.approx([1.0, 1 / 5, 1 / 5])


def test_probability_one_passes_every_threshold_and_zero_none() -> None:
    truth = np.ones((2, 2), np.uint8)
    thresholds = np.arange(100) / 100
    assert (metrics_over_thresholds(np.ones((2, 2)), truth, thresholds)[:, 4] == 1).all()
    assert (metrics_over_thresholds(np.zeros((2, 2)), truth, thresholds)[:, 4] == 0).all()
