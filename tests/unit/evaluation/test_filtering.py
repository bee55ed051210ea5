"""Predictions filtered in time with the fronts of other dates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from calvingfront.dataset.history import History, HistorySettings
from calvingfront.dataset.reading import open_dataset
from calvingfront.evaluation.filtering import filter_predictions, posterior_of, prior_of
from calvingfront.evaluation.predictions import open_predictions
from packed import band, write_packed, write_run, write_split

SIZE = 64
DATES = ["2010-01-01", "2010-03-02", "2010-03-12", "2010-03-12", "2010-02-20", "2010-09-01"]
SPLIT = {"train": ["s0", "s1", "s2"], "validation": ["s3"], "test": ["s4", "s5"]}
GLACIERS = ["SI", "SI", "SI", "SI", "SI", "DBE"]
FRONTS = np.stack([band(SIZE, 10 * k + 2, 2) for k in range(6)])


def packed(folder: Path, fronts: npt.NDArray[np.uint8] = FRONTS) -> Path:
    write_packed(folder, fronts, acquired=DATES, glacier=GLACIERS)
    write_split(folder, **SPLIT)
    return folder


def prior(folder: Path, scene: str, **settings: Any) -> Any:
    data = open_dataset(packed(folder))
    return prior_of(History(data, [scene], SPLIT, HistorySettings(**settings)), 0)


def test_the_prior_is_highest_on_the_front_nearest_in_time(tmp_path: Path) -> None:
    found = prior(tmp_path, "s4")  # 20 February: s1 after 10 days, s2 after 20, s0 before 50
    on = [float(found[FRONTS[k] > 0].mean()) for k in range(6)]
    assert on[1] > on[2] > on[0] > on[4]
    assert found.min() >= 0
    assert found.max() <= 1
    past = prior(tmp_path, "s4", when="past")
    assert past[FRONTS[0] > 0].mean() == pytest.approx(1)
    assert past[FRONTS[2] > 0].mean() < 0.01


def test_an_older_front_says_less_precisely_where_the_front_is(tmp_path: Path) -> None:
    write_packed(tmp_path, FRONTS[:3], acquired=["2010-01-01", "2010-01-05", "2012-01-01"])
    split = {"train": ["s0"], "validation": ["s1"], "test": ["s2"]}
    history = History(open_dataset(tmp_path), ["s1", "s2"], split, HistorySettings())
    soon, late = (prior_of(history, k) for k in range(2))
    assert soon is not None
    assert late is not None
    assert soon[2, 5] == late[2, 5] == 1
    assert soon[12, 5] < 0.01 < 0.02 < late[12, 5]


def test_bayes_rule_on_the_odds() -> None:
    probability = np.array([[0.0, 0.5, 0.9, 1.0]])
    same = posterior_of(probability, np.full((1, 4), 1 / 3))
    np.testing.assert_allclose(same, probability)
    more = posterior_of(probability, np.full((1, 4), 1.0))
    np.testing.assert_allclose(more, [[0, 0.75, 27 / 28, 1]])
    less = posterior_of(probability, np.zeros((1, 4)))
    assert 0 < less[0, 1] < 0.01
    np.testing.assert_array_equal(posterior_of(probability, None), probability)


def filtered(folder: Path, fronts: npt.NDArray[np.uint8] = FRONTS) -> Any:
    data = packed(folder / "data", fronts)
    rows = [("s3", "validation"), ("s4", "test"), ("s5", "test")]
    files = write_run(folder / "member", np.full((3, SIZE, SIZE), 0.5), rows)
    filter_predictions(
        data, [files["probabilities"]], [files["predictions"]], {"when": "both", "gap_days": 0},
        folder / "p.npy", folder / "index.tsv",
    )  # fmt: skip
    array, table = open_predictions(folder / "p.npy", folder / "index.tsv")
    assert list(table.itertuples(index=False, name=None)) == rows
    return np.asarray(array, np.float64)


def test_what_is_far_from_every_known_front_is_taken_away(tmp_path: Path) -> None:
    validation, test, alone = filtered(tmp_path)
    assert test[FRONTS[1] > 0].min() > 0.5
    assert test[-6:].max() < 0.1
    assert validation[FRONTS[1] > 0].min() > 0.5
    assert validation[FRONTS[2] > 0].max() < 0.1  # s2 is of the same day
    np.testing.assert_array_equal(alone, 0.5)  # no other scene of its glacier


def test_no_held_out_front_changes_a_filtered_prediction(tmp_path: Path) -> None:
    changed = FRONTS.copy()
    changed[3:] = np.roll(changed[3:], 5, axis=1)
    np.testing.assert_array_equal(filtered(tmp_path / "a"), filtered(tmp_path / "b", changed))
    changed[1] = np.roll(changed[1], 5, axis=0)
    assert (filtered(tmp_path / "a") != filtered(tmp_path / "c", changed)).any()
