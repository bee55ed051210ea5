"""Predictions averaged over orientations and over networks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import torch

from calvingfront.dataset.reading import Dataset
from calvingfront.errors import SampleError
from calvingfront.evaluation.averaging import average_predictions
from calvingfront.evaluation.ensemble import member_probabilities
from calvingfront.evaluation.predict import predict
from calvingfront.evaluation.predictions import open_predictions
from packed import write_run
from trained import SIZE, network

CPU = torch.device("cpu")
ROWS = [("s0", "validation"), ("s1", "test")]


def predicted(images: npt.NDArray[np.uint8], orientations: int) -> npt.NDArray[Any]:
    names = [f"s{k}" for k in range(len(images))]
    data = Dataset(images, images, pd.DataFrame({"scene": names}))
    blocks = predict(network(), data, names, CPU, 2, orientations=orientations)
    return np.concatenate(list(blocks)).astype(np.float64)


def images() -> npt.NDArray[np.uint8]:
    return np.random.default_rng(6).integers(0, 255, (3, SIZE, SIZE)).astype(np.uint8)


def test_eight_orientations_are_those_of_locating() -> None:
    for image, mean in zip(images(), predicted(images(), 8), strict=True):
        members = member_probabilities(image, [network()], CPU)
        np.testing.assert_allclose(mean, members.mean(axis=0), atol=6e-4)


def test_the_mean_over_eight_orientations_turns_with_the_image() -> None:
    plain, turned = predicted(images(), 8), predicted(np.rot90(images(), 1, (1, 2)).copy(), 8)
    np.testing.assert_allclose(turned, np.rot90(plain, 1, (1, 2)), atol=1e-3)
    mirrored = predicted(images()[:, ::-1].copy(), 8)
    np.testing.assert_allclose(mirrored, plain[:, ::-1], atol=1e-3)
    one = predicted(images(), 1)
    assert np.abs(predicted(np.rot90(images(), 1, (1, 2)).copy(), 1) - np.rot90(one, 1, (1, 2))).max() > 0.01  # fmt: skip # noqa: E501


def rows(folder: Path, values: list[float], table: Any = ROWS) -> tuple[list[Path], list[Path]]:
    """Rows that predict one value everywhere."""
    files = [
        write_run(folder / str(value), np.full((len(table), 4, 4), value), table)
        for value in values
    ]
    return [each["probabilities"] for each in files], [each["predictions"] for each in files]


def average(folder: Path, members: tuple[list[Path], list[Path]]) -> Any:
    average_predictions(*members, folder / "p.npy", folder / "index.tsv")
    return open_predictions(folder / "p.npy", folder / "index.tsv")


def test_an_average_is_the_mean_of_its_members_scene_by_scene(tmp_path: Path) -> None:
    array, table = average(tmp_path, rows(tmp_path, [0.25, 0.5, 0.625]))
    assert list(table.itertuples(index=False, name=None)) == ROWS
    assert array.shape == (2, 4, 4)
    np.testing.assert_allclose(array, 0.4583, atol=5e-4)


def test_rows_of_other_scenes_are_not_averaged(tmp_path: Path) -> None:
    first, second = rows(tmp_path, [0.5]), rows(tmp_path, [0.25], ROWS[::-1])
    members = first[0] + second[0], first[1] + second[1]
    with pytest.raises(SampleError, match=r"0\.25.*has other scenes or pixels than"):
        average(tmp_path, members)
