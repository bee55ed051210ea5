"""Scores of single images, with distances in metres."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from calvingfront.evaluation.metrics import dice, iou, weighted_dice
from calvingfront.evaluation.scores import _hemisphere, score_front, score_predictions, season
from calvingfront.storage.sealed import read_sealed
from calvingfront.vocabulary.metrics import METRICS
from packed import band, write_packed, write_run


@pytest.mark.parametrize("month", range(1, 13))
def test_winter_is_april_to_august_in_the_south_and_half_a_year_later_in_the_north(
    month: int,
) -> None:
    date = f"2004-{month:02d}-15"
    assert season(date, "south") == ("winter" if month in (4, 5, 6, 7, 8) else "summer")
    assert season(date, "north") == ("winter" if month in (10, 11, 12, 1, 2) else "summer")
    assert season(date, None) == season(date, float("nan")) == ""


@pytest.mark.parametrize("shift", [0, 1, 4, 9])
@pytest.mark.parametrize("pixel", [20.0, 44.74])
def test_a_front_moved_by_k_pixels_is_k_pixels_off_in_metres(shift: int, pixel: float) -> None:
    scores = score_front(band(128, 20 + shift), band(128, 20), pixel, 750)
    # The skeletons bend by a pixel at their ends, which brings these few a little nearer.
    assert scores["mde_m"] == pytest.approx(shift * pixel, rel=0.005)
    assert scores["hd95_m"] == pytest.approx(shift * pixel)
    assert scores["mde_m"] == pytest.approx(
        scores["distance_sum_px"] / scores["distance_count"] * pixel
    )
    assert (scores["missing"], scores["predicted_px"], scores["true_px"]) == (0, 768, 768)


def test_thin_fronts_are_moved_exactly() -> None:
    """Lines one pixel wide need no thinning: 64 and 64 pixels, each 5 px from the other line."""
    scores = score_front(band(64, 25, 1), band(64, 20, 1), 40.0, 750)
    assert (scores["distance_sum_px"], scores["distance_count"]) == (pytest.approx(640), 128)
    assert (scores["mde_m"], scores["hd95_m"]) == (pytest.approx(200), pytest.approx(200))


def test_the_skeletons_length_times_the_thickness_is_the_area() -> None:
    scores = score_front(band(200, 90), band(200, 90), 20.0, 750)
    assert scores["predicted_px"] / scores["skeleton_px"] == pytest.approx(6, rel=0.05)


def piece(length: int) -> npt.NDArray[np.uint8]:
    mask = np.zeros((64, 64), np.uint8)
    mask[10, 5 : 5 + length] = 1  # length − 1 steps long
    return mask


def test_a_predicted_piece_shorter_than_750_m_is_dropped_from_the_distance() -> None:
    truth = band(64, 40, 1)
    long = truth.copy()
    long[10, 5:20] = 1  # 14 steps · 50 m = 700 m, 30 px from the front
    assert score_front(long, truth, 50.0, 750)["mde_m"] == 0
    assert score_front(long, truth, 50.0, 700)["mde_m"] > 0
    assert score_front(long, truth, 54.0, 750)["mde_m"] > 0  # 756 m with larger pixels
    assert score_front(long, truth, 50.0, 750)["skeleton_px"] == 63 + 14  # Table II counts it


@pytest.mark.parametrize("prediction", [np.zeros((64, 64), np.uint8), piece(15)])
def test_without_a_predicted_front_of_750_m_the_image_is_missing(
    prediction: npt.NDArray[np.uint8],
) -> None:
    scores = score_front(prediction, band(64, 40), 50.0, 750)
    assert scores["missing"] == 1
    for name in ("distance_sum_px", "distance_count", "mde_m", "hd95_m"):
        assert math.isnan(scores[name])
    assert scores["predicted_px"] == np.count_nonzero(prediction)


def test_a_true_piece_shorter_than_750_m_stays() -> None:
    truth = band(64, 40, 1)
    truth[10, 5:15] = 1
    scores = score_front(band(64, 40, 1), truth, 50.0, 750)
    assert scores["distance_count"] == 64 + 64 + 10
    assert scores["distance_sum_px"] == pytest.approx(10 * 30)
    assert scores["mde_m"] == pytest.approx(300 / 138 * 50)


@pytest.fixture
def scored(tmp_path: Path) -> tuple[pd.DataFrame, npt.NDArray[np.float64]]:
    """Two test scenes under both protocols, with another threshold for each metric."""
    truth = np.stack([band(32, 3), band(32, 12), band(32, 20)])
    # Smooth predictions: thresholds between 0.05 and 0.5 give bands of different width.
    rows = np.arange(32.0)[:, None]
    probability = np.stack(
        [np.repeat(0.5 * np.exp(-(((rows - c) / 4) ** 2)), 32, axis=1) for c in (6, 16, 22)]
    )
    write_packed(
        tmp_path, truth, acquired=["2001-01-01", "2002-05-06", "2003-12-31"],
        glacier=["SI", "SI", "DBE"], mission=["ERS", "TSX", "ENVISAT"],
        resolution_tag_m=[20, 7, 20], pixel_size_m=[30.0, 40.0, 50.0],
        hemisphere=["south", "south", "north"],
    )  # fmt: skip
    run = write_run(tmp_path, probability, [("s0", "validation"), ("s2", "test"), ("s1", "test")])
    # The order of the predictions is not that of the packed samples.
    np.save(run["probabilities"], probability[[0, 2, 1]].astype(np.float16))
    chosen = {
        "validation_threshold": 0.2,
        "validation_dice": 0.5,
        "paper_protocol": {
            "dice": 0.3, "wdice4": 0.4, "wdice8": 0.5, "wdice16": 0.6, "iou": 0.25,
        },
    }  # fmt: skip
    (tmp_path / "threshold.json").write_text(json.dumps(chosen), encoding="utf-8")
    score_predictions(
        tmp_path, **run, threshold=tmp_path / "threshold.json",
        scores=tmp_path / "scores.tsv", min_front_length_m=750,
    )  # fmt: skip
    return read_sealed(tmp_path / "scores.tsv"), probability.astype(np.float16)


def test_scores_have_one_row_per_protocol_and_test_scene(
    scored: tuple[pd.DataFrame, npt.NDArray[np.float64]],
) -> None:
    table, _ = scored
    assert sorted(table) == sorted(
        ["protocol", "scene", "glacier", "mission", "resolution_tag_m", "acquired", "season",
         "pixel_size_m", "threshold", *METRICS, "predicted_px", "true_px", "skeleton_px",
         "missing", "distance_sum_px", "distance_count", "mde_m", "hd95_m"]
    )  # fmt: skip
    assert table[["protocol", "scene"]].to_numpy().tolist() == [
        ["validation_threshold", "s2"], ["validation_threshold", "s1"],
        ["paper_protocol", "s2"], ["paper_protocol", "s1"],
    ]  # fmt: skip
    assert table["glacier"].tolist() == ["DBE", "SI"] * 2
    assert table["mission"].tolist() == ["ENVISAT", "TSX"] * 2
    assert table["season"].tolist() == ["winter", "winter"] * 2  # December in the north, May
    assert table["pixel_size_m"].tolist() == [50.0, 40.0] * 2


def test_the_validation_threshold_is_applied_unstretched(
    scored: tuple[pd.DataFrame, npt.NDArray[np.float64]],
) -> None:
    table, probability = scored
    for _, row in table[table["protocol"] == "validation_threshold"].iterrows():
        k = int(row["scene"][1])
        mask, truth = probability[k] > 0.2, band(32, (3, 12, 20)[k])
        assert row["threshold"] == 0.2
        assert row["predicted_px"] == mask.sum()
        assert row["dice"] == pytest.approx(dice(mask, truth), abs=1e-6)
        assert row["iou"] == pytest.approx(iou(mask, truth), abs=1e-6)
        assert row["wdice8"] == pytest.approx(weighted_dice(mask, truth, 8), abs=1e-6)


def test_the_paper_protocol_stretches_and_has_a_threshold_per_metric(
    scored: tuple[pd.DataFrame, npt.NDArray[np.float64]],
) -> None:
    table, probability = scored
    for _, row in table[table["protocol"] == "paper_protocol"].iterrows():
        k = int(row["scene"][1])
        p, truth = probability[k].astype(np.float64), band(32, (3, 12, 20)[k])
        p = np.rint((p - p.min()) / (p.max() - p.min()) * 255) / 255
        assert row["threshold"] == 0.3
        assert row["predicted_px"] == (p > 0.3).sum()
        assert row["dice"] == pytest.approx(dice(p > 0.3, truth), abs=1e-6)
        assert row["wdice4"] == pytest.approx(weighted_dice(p > 0.4, truth, 4), abs=1e-6)
        assert row["wdice8"] == pytest.approx(weighted_dice(p > 0.5, truth, 8), abs=1e-6)
        assert row["wdice16"] == pytest.approx(weighted_dice(p > 0.6, truth, 16), abs=1e-6)
        assert row["iou"] == pytest.approx(iou(p > 0.25, truth), abs=1e-6)


def test_distances_of_the_table_are_in_each_scenes_own_metres(
    scored: tuple[pd.DataFrame, npt.NDArray[np.float64]],
) -> None:
    table, probability = scored
    for _, row in table[table["protocol"] == "validation_threshold"].iterrows():
        k = int(row["scene"][1])
        mask = (probability[k] > 0.2).astype(np.uint8)
        expected = score_front(mask, band(32, (3, 12, 20)[k]), (30.0, 40.0, 50.0)[k], 750)
        assert row["mde_m"] == pytest.approx(expected["mde_m"], rel=1e-6)
        assert row["mde_m"] == pytest.approx(
            row["distance_sum_px"] / row["distance_count"] * row["pixel_size_m"], rel=1e-5
        )


@pytest.mark.parametrize(
    ("placed", "of_glaciers", "expected"),
    [
        ("north", {"SI": "south", "": "south"}, "north"),
        (None, {"SI": "south", "": "north"}, "south"),
        (float("nan"), {"": "north"}, "north"),
        ("", {"DBE": "north"}, None),
    ],
)
def test_the_hemisphere_is_that_of_the_place_then_of_the_glacier_then_of_all(
    placed: object, of_glaciers: dict[str, str], expected: str | None
) -> None:
    assert _hemisphere({"hemisphere": placed, "glacier": "SI"}, of_glaciers) == expected
