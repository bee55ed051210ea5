"""The threshold: from validation alone, and the paper's oracle beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from calvingfront.evaluation.metrics import dice, iou, weighted_dice
from calvingfront.evaluation.thresholds import THRESHOLDS, choose_threshold, stretch
from calvingfront.storage.sealed import read_sealed
from calvingfront.vocabulary.metrics import METRICS
from packed import band, write_packed, write_run

ROWS = [("s0", "validation"), ("s1", "validation"), ("s2", "test"), ("s3", "test")]


def fronts() -> npt.NDArray[np.uint8]:
    return np.stack([band(16, row, 3) for row in (2, 5, 8, 11)])


def ramp(truth: npt.NDArray[np.uint8], front: float, beside: float) -> npt.NDArray[np.float64]:
    """A prediction: `front` on the front, `beside` on the two rows around it, else 0.02."""
    out = np.full(truth.shape, 0.02)
    top = int(np.flatnonzero(truth.any(axis=1))[0])
    out[top - 2 : top + 5] = beside
    out[truth > 0] = front
    return out


def choose(
    folder: Path, probability: npt.NDArray[np.floating], truth: npt.NDArray[np.uint8]
) -> tuple[dict[str, Any], pd.DataFrame]:
    write_packed(folder, truth)
    run = write_run(folder, probability, ROWS)
    choose_threshold(folder, **run, threshold=folder / "threshold.json", curve=folder / "curve.tsv")
    chosen = json.loads((folder / "threshold.json").read_text(encoding="utf-8"))
    return chosen, read_sealed(folder / "curve.tsv")


def test_thresholds_are_the_hundred_from_0_to_0_99() -> None:
    np.testing.assert_allclose(THRESHOLDS, np.linspace(0, 0.99, 100), atol=1e-15)


def test_stretch_maps_the_range_to_256_grey_values() -> None:
    values = stretch(np.array([[0.2, 0.25], [0.3, 0.6]]))
    # 0.05 / 0.4 · 255 = 31.875 → 32; 0.1 / 0.4 · 255 = 63.75 → 64
    np.testing.assert_allclose(values, [[0, 32 / 255], [64 / 255, 1]], atol=1e-15)
    assert (stretch(np.full((2, 2), 0.7, np.float16)) == 0).all()
    random = stretch(np.random.default_rng(1).random((30, 30)))
    np.testing.assert_allclose(random * 255, np.rint(random * 255), atol=1e-9)


def test_a_value_equal_to_a_threshold_passes_it_in_the_released_variant() -> None:
    grey = np.arange(256, dtype=np.uint8)
    values = stretch(grey / 255.0, "released")
    for threshold in THRESHOLDS:
        np.testing.assert_array_equal(values > threshold, grey >= threshold * 255)
    plain = stretch(grey / 255.0)
    np.testing.assert_array_equal(plain * 255, grey)
    assert ((plain > 0.2) != (values > 0.2)).sum() == 1
    assert (stretch(np.full((2, 2), 0.7), "released") > 0).all()


def test_the_variant_of_the_samples_decides_what_passes(tmp_path: Path) -> None:
    truth = fronts()
    probability = np.stack([ramp(mask, 1.0, 0.2) for mask in truth])
    probability[:, 0, 0] = 0.0  # stretched, 0.2 is 51 / 255
    curves = {}
    for variant in ("paper", "released"):
        write_packed(tmp_path / variant, truth)
        table = pd.read_csv(tmp_path / variant / "index.tsv", sep="\t")
        table["variant"] = variant
        table.to_csv(tmp_path / variant / "index.tsv", sep="\t", index=False)
        run = write_run(tmp_path / variant, probability, ROWS)
        choose_threshold(
            tmp_path / variant, **run,
            threshold=tmp_path / "threshold.json", curve=tmp_path / "curve.tsv",
        )  # fmt: skip
        curves[variant] = pd.read_csv(tmp_path / "curve.tsv", sep="\t")
    paper, released = curves["paper"], curves["released"]
    apart = (paper["dice"] - released["dice"]).abs() > 1e-6
    assert set(paper.loc[apart, "stretched"]) == {1}
    assert set(paper.loc[apart, "threshold"]) == {0.0, 0.2}


def test_the_middle_of_equal_maxima_is_taken(tmp_path: Path) -> None:
    truth = fronts()
    probability = np.stack([ramp(mask, 0.8, 0.4) for mask in truth])
    chosen, _ = choose(tmp_path, probability, truth)
    # As float16 0.4 is 0.39990 and 0.8 is 0.79980: 0.40 … 0.79 are all perfect; the lower middle.
    assert chosen["validation_threshold"] == 0.59
    assert chosen["validation_dice"] == 1.0
    # Stretched, 0.4 is (0.38 / 0.78 · 255 = 124) 0.486 and 0.8 is 1: 0.49 … 0.99.
    assert chosen["paper_protocol"] == dict.fromkeys(METRICS, 0.74)


def test_the_validation_threshold_sees_validation_only(tmp_path: Path) -> None:
    truth = fronts()
    probability = np.stack([ramp(mask, 0.8, 0.4) for mask in truth])
    chosen, _ = choose(tmp_path / "a", probability, truth)
    other_truth, other_probability = truth.copy(), probability.copy()
    other_truth[2:] = band(16, 1, 9)
    other_probability[2:] = np.random.default_rng(2).random((2, 16, 16))
    changed, _ = choose(tmp_path / "b", other_probability, other_truth)
    assert changed["validation_threshold"] == chosen["validation_threshold"]
    assert changed["validation_dice"] == chosen["validation_dice"]
    assert changed["paper_protocol"] != chosen["paper_protocol"]


def test_the_validation_threshold_moves_with_the_validation_truth(tmp_path: Path) -> None:
    truth = fronts()
    probability = np.stack([ramp(mask, 0.8, 0.4) for mask in truth])
    chosen, _ = choose(tmp_path / "a", probability, truth)
    wide = truth.copy()
    wide[:2] = (probability[:2] > 0.1).astype(np.uint8)
    changed, _ = choose(tmp_path / "b", probability, wide)
    assert changed["validation_threshold"] < 0.4 <= chosen["validation_threshold"]
    assert changed["paper_protocol"] == chosen["paper_protocol"]


def test_the_oracle_has_each_metrics_own_best_threshold_of_the_stretched_test(
    tmp_path: Path,
) -> None:
    rng = np.random.default_rng(8)
    truth = fronts()
    probability = np.clip(truth * 0.35 + rng.random(truth.shape) * 0.6, 0, 1) * 0.5 + 0.1
    chosen, _ = choose(tmp_path, probability, truth)
    functions = {
        "dice": dice,
        "iou": iou,
        **{f"wdice{w}": lambda p, y, w=w: weighted_dice(p, y, w) for w in (4, 8, 16)},
    }
    stored = probability.astype(np.float16)
    for metric, function in functions.items():
        means = np.array(
            [
                np.mean([function(stretch(stored[k]) > t, truth[k]) for k in (2, 3)])
                for t in THRESHOLDS
            ]
        )
        mine = means[round(chosen["paper_protocol"][metric] * 100)]
        assert mine == pytest.approx(means.max(), rel=1e-6), metric


def test_curves_hold_the_means_over_images_of_every_subset_and_stretch(tmp_path: Path) -> None:
    truth = fronts()
    probability = np.random.default_rng(4).random(truth.shape)
    _, curve = choose(tmp_path, probability, truth)
    assert list(curve) == ["subset", "stretched", "threshold", *METRICS]
    assert len(curve) == 400
    stored = probability.astype(np.float16).astype(np.float64)
    for subset, images in (("validation", (0, 1)), ("test", (2, 3))):
        for stretched in (0, 1):
            part = curve[(curve["subset"] == subset) & (curve["stretched"] == stretched)]
            row = part[part["threshold"] == 0.37].iloc[0]
            masks = [(stretch(stored[k]) if stretched else stored[k]) > 0.37 for k in images]
            expected = np.mean([dice(m, truth[k]) for m, k in zip(masks, images, strict=True)])
            assert row["dice"] == pytest.approx(expected, abs=1e-6)
            expected = np.mean(
                [weighted_dice(m, truth[k], 8) for m, k in zip(masks, images, strict=True)]
            )
            assert row["wdice8"] == pytest.approx(expected, abs=1e-6)
