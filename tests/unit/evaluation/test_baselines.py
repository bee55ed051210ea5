"""The rows without a network: the prior and the nearest date."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from calvingfront.dataset.common_grid import front_on_grid
from calvingfront.dataset.reading import open_dataset
from calvingfront.evaluation.baselines import predict_without_network
from packed import band, write_packed, write_split

SIZE = 16
DATES = ["2000-01-01", "2001-01-01", "2001-03-01", "2000-06-01", "2001-02-05", "2001-01-20"]
GLACIERS = ["SI", "SI", "SI", "DBE", "SI", "DBE"]
TRAIN, VALIDATION, TEST = ["s0", "s1", "s2", "s3"], ["s5"], ["s4"]


def fronts() -> npt.NDArray[np.uint8]:
    """Every scene's front begins two rows below the one before, so that each can be told."""
    return np.stack([band(SIZE, 2 * k, 3) for k in range(6)])


def predictions(
    folder: Path, model: str, split: dict[str, list[str]] | None = None, **columns: Any
) -> dict[tuple[str, str], npt.NDArray[np.float64]]:
    """Run a baseline; return its probability by (scene, subset)."""
    facts = {"acquired": DATES, "glacier": GLACIERS, **columns}
    write_packed(folder, fronts(), **facts)
    write_split(folder, **(split or {"train": TRAIN, "validation": VALIDATION, "test": TEST}))
    predict_without_network(
        folder,
        model,
        probabilities=folder / "out" / "probabilities.npy",
        predictions=folder / "out" / "index.tsv",
    )
    values = np.load(folder / "out" / "probabilities.npy")
    table = pd.read_csv(folder / "out" / "index.tsv", sep="\t")
    assert values.dtype == np.float16
    keys = zip(table["scene"], table["subset"], strict=True)
    return dict(zip(keys, values.astype(np.float64), strict=True))


def test_the_prior_is_the_mean_of_the_glaciers_training_fronts(tmp_path: Path) -> None:
    found = predictions(tmp_path, "prior")
    assert list(found) == [("s5", "validation"), ("s4", "test")]
    expected = fronts()[[0, 1, 2]].mean(axis=0)  # s3 is another glacier's
    np.testing.assert_allclose(found["s4", "test"], expected, atol=5e-4)
    np.testing.assert_array_equal(found["s5", "validation"], fronts()[3])


def test_the_nearest_date_copies_the_glaciers_closest_training_front(tmp_path: Path) -> None:
    found = predictions(tmp_path, "nearest_date")
    # s4 (5 February): s2 is 24 days later, s1 35 days earlier, s5 nearer but of validation.
    np.testing.assert_array_equal(found["s4", "test"], fronts()[2])
    # s5 (20 January, DBE): s1 is nearer in time, but only s3 is of its glacier.
    np.testing.assert_array_equal(found["s5", "validation"], fronts()[3])


def test_earlier_and_later_dates_count_alike(tmp_path: Path) -> None:
    dates = [*DATES[:4], "2001-01-25", DATES[5]]  # 24 days after s1, 35 before s2
    found = predictions(tmp_path, "nearest_date", acquired=dates)
    np.testing.assert_array_equal(found["s4", "test"], fronts()[1])


def test_a_scene_in_train_and_test_counts_as_it_does_for_the_networks(tmp_path: Path) -> None:
    """The row shows all that the split gives away, a scene that stands on both sides included."""
    split = {"train": [*TRAIN, "s4"], "validation": ["s5"], "test": ["s4", "s2"]}
    nearest = predictions(tmp_path / "nearest", "nearest_date", split)
    np.testing.assert_array_equal(nearest["s4", "test"], fronts()[4])
    np.testing.assert_array_equal(nearest["s2", "test"], fronts()[2])
    prior = predictions(tmp_path / "prior", "prior", split)
    expected = fronts()[[0, 1, 2, 4]].mean(axis=0)
    np.testing.assert_allclose(prior["s4", "test"], expected, atol=5e-4)


def test_a_glacier_without_training_scenes_takes_all_of_them(tmp_path: Path) -> None:
    glaciers = ["SI", "SI", "SI", "DBE", "JAC", "JAC"]
    prior = predictions(tmp_path / "a", "prior", glacier=glaciers)
    np.testing.assert_allclose(prior["s4", "test"], fronts()[:4].mean(axis=0), atol=5e-4)
    nearest = predictions(tmp_path / "b", "nearest_date", glacier=glaciers)
    np.testing.assert_array_equal(nearest["s5", "validation"], fronts()[1])


def georeferenced(
    folder: Path, left: list[float], top: list[float], pixel: list[float], crs: list[str]
) -> Any:
    mask = np.zeros((2, SIZE, SIZE), np.uint8)
    mask[0, 4:6, 7] = 1
    columns = {"crs": crs, "upper_left_x": left, "upper_left_y": top, "pixel_size_m": pixel}
    return open_dataset(write_packed(folder, mask, **columns))


SAME = ["EPSG:3031", "EPSG:3031"]


def test_a_front_keeps_its_place_on_the_map_when_the_grid_is_moved(tmp_path: Path) -> None:
    # The target begins 3 px (of 20 m) east and 2 px south of the source.
    data = georeferenced(tmp_path, [1000, 1060], [5000, 4960], [20, 20], SAME)
    expected = np.zeros((SIZE, SIZE), np.uint8)
    expected[2:4, 4] = 1
    np.testing.assert_array_equal(front_on_grid(data, 0, 1), expected)


def test_what_leaves_the_grid_is_gone(tmp_path: Path) -> None:
    data = georeferenced(tmp_path, [1000, 1000 + 20 * 8], [5000, 5000], [20, 20], SAME)
    assert not front_on_grid(data, 0, 1).any()


def test_a_front_is_resampled_to_finer_pixels(tmp_path: Path) -> None:
    data = georeferenced(tmp_path, [1000, 1000], [5000, 5000], [20, 10], SAME)
    expected = np.zeros((SIZE, SIZE), np.uint8)
    expected[8:12, 14:16] = 1  # rows 4–5 and column 7, doubled
    np.testing.assert_array_equal(front_on_grid(data, 0, 1), expected)


@pytest.mark.parametrize(
    ("left", "crs"),
    [
        ([1000, 1000], SAME),  # the same grid
        ([1000, 1009], SAME),  # less than half a pixel
        ([1000, 1060], ["EPSG:3031", "EPSG:32720"]),  # not comparable
        ([1000, float("nan")], SAME),  # unknown
    ],
)
def test_grids_that_agree_or_cannot_be_compared_are_left_alone(
    tmp_path: Path, left: list[float], crs: list[str]
) -> None:
    data = georeferenced(tmp_path, left, [5000, 5000], [20, 20], crs)
    np.testing.assert_array_equal(front_on_grid(data, 0, 1), data.fronts[0])


def test_the_nearest_date_is_laid_onto_the_grid_of_its_image(tmp_path: Path) -> None:
    moved = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    found = predictions(
        tmp_path, "nearest_date", crs="EPSG:3031", upper_left_x=moved,
        upper_left_y=[0.0, 0.0, 0.0, 0.0, -150.0, 0.0],  # s4 begins three pixels further south
    )  # fmt: skip
    expected = np.zeros((SIZE, SIZE))
    expected[:-3] = fronts()[2][3:]
    np.testing.assert_array_equal(found["s4", "test"], expected)
