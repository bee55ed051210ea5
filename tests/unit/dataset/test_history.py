"""Fronts of other dates as channels: which are read, what they show, and that nothing leaks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from calvingfront.dataset.history import CHANNELS, History, HistorySettings
from calvingfront.dataset.reading import open_dataset
from calvingfront.errors import ConfigError
from packed import band, write_packed

SIZE = 64
#       s0            s1            s2            s3 (copy)     s4            s5            s6
DATES = ["2000-01-01", "2001-01-01", "2001-03-01", "2001-03-01", "2001-02-05", "2001-01-20", "2002-01-01"]  # fmt: skip # noqa: E501
GLACIERS = ["SI", "SI", "SI", "SI", "SI", "SI", "DBE"]
SPLIT = {"train": ["s0", "s1", "s2", "s3", "s6"], "validation": ["s5"], "test": ["s4"]}
EVERY = [f"s{k}" for k in range(7)]


def fronts() -> npt.NDArray[np.uint8]:
    return np.stack([band(SIZE, 8 * k, 3) for k in range(7)])


def history(
    folder: Path, masks: npt.NDArray[np.uint8] | None = None, split: Any = None, **settings: Any
) -> History:
    """Of every scene, s0 to s6."""
    facts = {"acquired": DATES, "glacier": GLACIERS}
    data = open_dataset(write_packed(folder, fronts() if masks is None else masks, **facts))
    return History(data, EVERY, split or SPLIT, HistorySettings(**settings))


def channels(given: History, scene: int) -> npt.NDArray[np.uint8]:
    out = np.full((CHANNELS, SIZE, SIZE), 99, np.uint8)
    given.read(scene, out)
    return out


@pytest.mark.parametrize(
    ("settings", "scene", "expected"),
    [
        # Of s4, 5 February: s2 and its copy s3 after 24 days, s1 before 35, s0 before 401.
        ({}, 4, [2, 3, 1, 0]),
        ({"when": "past"}, 4, [1, 0]),
        ({"gap_days": 24}, 4, [1, 0]),
        ({"gap_days": 23}, 4, [2, 3, 1, 0]),
        ({"when": "past", "gap_days": 35}, 4, [0]),
        # Its own front and every copy of its acquisition are left out.
        ({}, 2, [1, 0]),
        ({"when": "past"}, 0, []),
        ({}, 6, []),  # no other scene of its glacier
    ],
)
def test_a_scene_reads_the_fronts_of_its_glacier_that_the_settings_allow(
    tmp_path: Path, settings: dict[str, Any], scene: int, expected: list[int]
) -> None:
    rows, days = history(tmp_path, **settings).sources(scene)
    assert rows.tolist() == expected
    assert (np.diff(days) >= 0).all()


@pytest.mark.parametrize("when", ["past", "both"])
def test_no_held_out_front_and_not_the_own_one_changes_a_channel(tmp_path: Path, when: str) -> None:
    split = {**SPLIT, "test": ["s4", "s1"]}  # s1 is a training scene too
    before = history(tmp_path / "before", split=split, when=when)
    changed = fronts()
    for scene in (1, 4, 5):
        changed[scene] = band(SIZE, 50, 9)
    after = history(tmp_path / "after", changed, split, when=when)
    for scene in range(7):
        np.testing.assert_array_equal(channels(before, scene), channels(after, scene))
    for scene in range(7):
        own = fronts()
        own[scene] = band(SIZE, 50, 9)
        alone = history(tmp_path / f"own{scene}", own, split, when=when)
        np.testing.assert_array_equal(channels(before, scene), channels(alone, scene))


def test_a_training_front_changes_the_channels_of_the_others(tmp_path: Path) -> None:
    changed = fronts()
    changed[2] = band(SIZE, 50, 9)
    before, after = history(tmp_path / "a"), history(tmp_path / "b", changed)
    assert (channels(before, 4) != channels(after, 4)).any()


def test_the_channels_are_frequency_closeness_and_age(tmp_path: Path) -> None:
    frequency, closeness, age = channels(history(tmp_path), 4)
    assert frequency.max() == 255
    assert frequency[9, 5] > frequency[33, 5]  # two fronts near there (rows 8, 16 …), none at 33
    nearest = fronts()[2] > 0
    assert (closeness[nearest] == 255).all()
    assert closeness[~nearest].max() < 255
    assert closeness[18 + 2, 0] == round(255 / np.e)  # 2 px, 1/32 of the side, below the front
    assert np.unique(age).tolist() == [round(255 * np.exp(-24 / 365))]


def test_without_any_known_front_all_channels_are_zero(tmp_path: Path) -> None:
    assert not channels(history(tmp_path / "none", when="past"), 0).any()
    empty = np.zeros_like(fronts())
    assert not channels(history(tmp_path / "empty", empty), 4).any()


def test_an_empty_front_is_not_the_nearest(tmp_path: Path) -> None:
    masks = fronts()
    masks[2:4] = 0
    _, closeness, age = channels(history(tmp_path, masks), 4)
    assert (closeness[masks[1] > 0] == 255).all()
    assert age[0, 0] == round(255 * np.exp(-35 / 365))


@pytest.mark.parametrize(
    ("key", "value"), [("when", "future"), ("gap_days", -1), ("dropped", 1.5), ("dropped", -0.1)]
)
def test_settings_that_cannot_be_are_refused_by_name(key: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=rf"history\.{key}"):
        HistorySettings(**{key: value})
