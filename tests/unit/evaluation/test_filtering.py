"""Predictions filtered in time with the fronts of other dates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from calvingfront.dataset.history import History, HistorySettings
from calvingfront.dataset.reading import open_dataset
from calvingfront.evaluation.filtering import (
    FilterSettings,
    Known,
    filter_predictions,
    known_of,
    posterior_of,
    prior_of,
    settings_among,
)
from calvingfront.evaluation.predictions import open_predictions
from calvingfront.storage.sealed import read_record
from packed import band, write_packed, write_run, write_split

SIZE = 64
DATES = ["2010-01-01", "2010-03-02", "2010-03-12", "2010-03-12", "2010-02-20", "2010-09-01"]
SPLIT = {"train": ["s0", "s1", "s2"], "validation": ["s3"], "test": ["s4", "s5"]}
GLACIERS = ["SI", "SI", "SI", "SI", "SI", "DBE"]
FRONTS = np.stack([band(SIZE, 10 * k + 2, 2) for k in range(6)])
BAYES = FilterSettings(strength=1, memory_days=60, step=1 / 512)
ONE = {"strength": [1], "memory_days": [60], "step": [1 / 512]}


def packed(folder: Path, fronts: npt.NDArray[np.uint8] = FRONTS) -> Path:
    write_packed(folder, fronts, acquired=DATES, glacier=GLACIERS)
    write_split(folder, **SPLIT)
    return folder


def prior(folder: Path, scene: str, **settings: Any) -> Any:
    data = open_dataset(packed(folder))
    known = known_of(History(data, [scene], SPLIT, HistorySettings(**settings)), 0)
    assert known is not None
    return prior_of(known, BAYES)


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
    known = [known_of(history, k) for k in range(2)]
    soon, late = (prior_of(each, BAYES) for each in known if each is not None)
    assert soon[2, 5] == late[2, 5] == 1
    assert soon[12, 5] < 0.01 < 0.02 < late[12, 5]


def test_bayes_rule_on_the_odds() -> None:
    probability = np.array([[0.0, 0.5, 0.9, 1.0]])

    def known(prior: float) -> Known:
        """A front at the distance at which the prior is this."""
        away = 4 / 128 * np.sqrt(-2 * np.log(prior))
        return Known(np.full((1, 1, 4), away, np.float32), np.array([0]))

    same = posterior_of(probability, known(1 / 3), BAYES)
    np.testing.assert_allclose(same, probability, rtol=1e-6)
    more = posterior_of(probability, known(1.0), BAYES)
    np.testing.assert_allclose(more, [[0, 0.75, 27 / 28, 1]])
    root = posterior_of(probability, known(1.0), FilterSettings(0.5, 60, 0))
    np.testing.assert_allclose(root[0, 1], np.sqrt(3) / (np.sqrt(3) + 1))
    less = posterior_of(probability, known(1e-9), BAYES)
    assert 0 < less[0, 1] < 0.01
    for idle in (None, known(1e-9)):
        off = FilterSettings(0, 60, 0) if idle else BAYES
        np.testing.assert_array_equal(posterior_of(probability, idle, off), probability)


def filtered(folder: Path, fronts: npt.NDArray[np.uint8] = FRONTS) -> Any:
    data = packed(folder / "data", fronts)
    rows = [("s3", "validation"), ("s4", "test"), ("s5", "test")]
    files = write_run(folder / "member", np.full((3, SIZE, SIZE), 0.5), rows)
    filter_predictions(
        data, [files["probabilities"]], [files["predictions"]], {"when": "both", "gap_days": 0},
        folder / "p.npy", folder / "index.tsv", folder / "filter.json", ONE,
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


def test_every_combination_is_tried_the_weakest_first() -> None:
    tried = settings_among({"strength": [1, 0], "memory_days": [60, 365], "step": [0.1, 0.2]})
    assert len(tried) == 1 + 4
    assert [each.strength for each in tried] == [0, 1, 1, 1, 1]
    assert len({(each.memory_days, each.step) for each in tried[1:]}) == 4


def choice(folder: Path, probability: Any, **more: Any) -> Any:
    """What is chosen for a network that predicts `probability` of s3, validation, s4 and s5."""
    rows = [("s3", "validation"), ("s4", "test"), ("s5", "test")]
    data = packed(folder / "data", more.get("fronts", FRONTS))
    files = write_run(folder / "member", probability, rows)
    filter_predictions(
        data, [files["probabilities"]], [files["predictions"]], {"when": "both", "gap_days": 0},
        folder / "p.npy", folder / "index.tsv", folder / "filter.json",
    )  # fmt: skip
    return read_record(folder / "filter.json"), np.load(folder / "p.npy")


def test_a_filter_that_does_not_help_on_validation_is_switched_off(tmp_path: Path) -> None:
    """s3 has moved away from every known front, and the network sees it."""
    sure = np.where(FRONTS[3:] > 0, 0.9, 0.1)
    sure[:, FRONTS[1] > 0] = 0.8  # where known fronts are, there is something too
    record, filtered = choice(tmp_path, sure)
    assert record["chosen"]["strength"] == 0
    assert record["validation_scenes"] == 1
    assert len(record["tried"]) == 1 + 2 * 2 * 3
    np.testing.assert_allclose(filtered, sure, atol=1e-3)


def test_one_that_helps_on_validation_is_chosen_whatever_it_does_to_the_test_scenes(
    tmp_path: Path,
) -> None:
    fronts = FRONTS.copy()
    fronts[3] = fronts[1]  # the front of s3 is where s1 had it
    spread = np.full((3, SIZE, SIZE), 0.3)
    spread[:, fronts[1] > 0] = spread[:, band(SIZE, 52, 2) > 0] = 0.6
    record, _ = choice(tmp_path / "a", spread, fronts=fronts)
    assert record["chosen"]["strength"] > 0
    dice = [each["validation_dice"] for each in record["tried"]]
    assert record["chosen"]["validation_dice"] == max(dice) > dice[0]
    other = fronts.copy()
    other[4:] = np.roll(other[4:], 7, axis=1)
    upset = spread.copy()
    upset[1:] = np.random.default_rng(1).random((2, SIZE, SIZE))
    again, _ = choice(tmp_path / "b", upset, fronts=other)
    assert again == record  # the test scenes have no part in it
