"""On a split in time, no network is shown a front that it could not know, in training or after."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from calvingfront.dataset.history import CHANNELS, History, HistorySettings
from calvingfront.dataset.reading import open_dataset, read_split
from calvingfront.dataset.splits import split_scenes
from calvingfront.evaluation.baselines import predict_without_network
from calvingfront.evaluation.filtering import FilterSettings, known_of, prior_of
from packed import band, write_packed

SIZE, COUNT, GAP = 32, 60, 90
HELD_OUT = ("validation", "test")
SHARES = (30, 12, 18)


def write(folder: Path, seed: int, method: str) -> Path:
    """Two glaciers of 60 scenes on random days, several on one, split in time."""
    rng = np.random.default_rng(seed)
    days = np.sort(rng.choice(np.arange(3650), 50, replace=False))
    days = np.concatenate([days, rng.choice(days, 10)])
    acquired = [str(np.datetime64("2000-01-01") + int(day)) for day in [*days, *(days + 7)]]
    fronts = np.stack([band(SIZE, int(row), 3) for row in rng.integers(0, 28, 2 * COUNT)])
    write_packed(folder, fronts, acquired=acquired, glacier=["SI"] * COUNT + ["DBE"] * COUNT)
    index = open_dataset(folder).index
    split = split_scenes(index, method=method, shares=SHARES, gap_days=GAP)
    split.to_csv(folder / "split.tsv", sep="\t", index=False)
    return folder


CASES = [
    (seed, method, when)
    for seed in range(4)
    for method, when in (("time", "past"), ("middle", "both"), ("middle", "past"))
]


@pytest.mark.parametrize(("seed", "method", "when"), CASES)
def test_only_training_fronts_beyond_the_gap_are_read_and_with_past_only_earlier_ones(
    tmp_path: Path, seed: int, method: str, when: str
) -> None:
    data = open_dataset(write(tmp_path, seed, method))
    subsets = read_split(tmp_path)
    settings = HistorySettings(when, GAP)  # type: ignore[arg-type]
    days = pd.to_datetime(data.index["acquired"])
    training = set(data.rows(subsets["train"]).tolist())
    for subset, scenes in subsets.items():
        history = History(data, scenes, subsets, settings)
        read = 0
        for position, row in enumerate(data.rows(scenes).tolist()):
            sources, away = history.sources(position)
            later = np.array([(days[k] - days[row]).days for k in sources.tolist()])
            assert set(sources.tolist()) <= training
            assert (np.abs(later) == away).all()
            assert (np.abs(later) > GAP).all()
            assert when == "both" or (later < 0).all()
            if when == "both" and len(later):  # what may be read is read
                same = data.index["glacier"] == data.index["glacier"][row]
                far = (days - days[row]).abs().dt.days > GAP
                expected = {k for k in np.flatnonzero(same & far).tolist() if k in training}
                assert set(sources.tolist()) == expected
            read += len(later)
        assert read, subset


@pytest.mark.parametrize(("method", "when"), [("time", "past"), ("middle", "both")])
def test_what_is_shown_of_a_scene_is_the_same_whatever_the_unknown_fronts_are(
    tmp_path: Path, method: str, when: str
) -> None:
    """Later fronts, held-out ones and those in a gap are all replaced."""
    folder = write(tmp_path, 7, method)
    data, subsets = open_dataset(folder), read_split(folder)
    settings = HistorySettings(when, GAP)  # type: ignore[arg-type]
    days = pd.to_datetime(data.index["acquired"]).to_numpy()
    known = set(data.rows(subsets["train"]).tolist())

    def shown(scene: str) -> list[np.ndarray]:
        history = History(open_dataset(folder), [scene], subsets, settings)
        out = np.zeros((CHANNELS, SIZE, SIZE), np.uint8)
        history.read(0, out)
        fronts = known_of(history, 0)
        return [out] if fronts is None else [out, prior_of(fronts, FilterSettings(1, 365, 0.002))]

    fronts = np.load(folder / "fronts.npy")
    for subset in ("train", *HELD_OUT):
        scene = subsets[subset][-1]
        row = int(data.rows([scene])[0])
        before = shown(scene)
        changed = fronts.copy()
        for other in range(len(fronts)):
            away = (days[other] - days[row]).astype("timedelta64[D]").astype(int)
            if other not in known or abs(away) <= GAP or (when == "past" and away > 0):
                changed[other] = np.roll(fronts[other], 9, axis=0)
        np.save(folder / "fronts.npy", changed)
        for one, other_ in zip(before, shown(scene), strict=True):
            np.testing.assert_array_equal(one, other_)
        changed = np.roll(fronts, 9, axis=1)
        np.save(folder / "fronts.npy", changed)
        assert any((a != b).any() for a, b in zip(before, shown(scene), strict=True))
        np.save(folder / "fronts.npy", fronts)


@pytest.mark.parametrize("rule", ["prior", "nearest_date"])
@pytest.mark.parametrize("method", ["time", "middle"])
def test_the_rules_without_a_network_read_training_fronts_only(
    tmp_path: Path, method: str, rule: str
) -> None:
    folder = write(tmp_path / "data", 5, method)

    def predicted(name: str) -> np.ndarray:
        files = tmp_path / f"{name}.npy", tmp_path / f"{name}.tsv"
        predict_without_network(folder, rule, *files)
        return np.load(files[0])

    before, fronts = predicted("before"), np.load(folder / "fronts.npy")
    unknown = np.ones(len(fronts), bool)
    unknown[open_dataset(folder).rows(read_split(folder)["train"])] = False
    fronts[unknown] = np.roll(fronts[unknown], 9, axis=1)
    np.save(folder / "fronts.npy", fronts)
    np.testing.assert_array_equal(predicted("after"), before)
