"""What a model finds in its held-out scenes, on members whose errors are known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import pytest

from calvingfront.dataset.reading import Dataset, open_dataset, read_split
from calvingfront.locating.held_out_files import write_held_out
from calvingfront.locating.model.held_out import band_scores, measure
from model_cards import CARD
from packed import band, write_packed, write_split

SIZE, SCENES, PIXEL = 48, 14, 50.0
EMPTY = SCENES - 1


class Members:
    """Two members that see a horizontal front: one where it is, one some pixels below it.

    The images are constant: the grey level is the scene's number. The last scene shows nothing.
    """

    def members(self, image: np.ndarray) -> np.ndarray:
        scene = int(image[0, 0])
        if scene == EMPTY:
            return np.zeros((2, SIZE, SIZE), np.float32)
        rows = np.arange(SIZE)[:, None] - (front_row(scene) + 1.0)
        away = np.array([0.0, 0.5 * (1 + scene % 4)])
        lines = np.exp(-((rows[None] - away[:, None, None]) ** 2) / 2)
        return np.repeat(lines, SIZE, axis=2).astype(np.float32)


def front_row(scene: int) -> int:
    return 10 + 2 * (scene % 7)


@pytest.fixture
def data(tmp_path: Path) -> Dataset:
    folder = tmp_path / "dataset"
    write_packed(
        folder,
        np.stack([band(SIZE, front_row(k), 3) for k in range(SCENES)]),
        content_height=SIZE, content_width=SIZE, pixel_size_m=PIXEL, orbit="1",
        source_pixel_size_x_m=PIXEL, source_pixel_size_y_m=PIXEL, step_x=1.0, step_y=1.0,
        crs="EPSG:3031", upper_left_x=-2.4e6, upper_left_y=1.3e6,
    )  # fmt: skip
    images = np.repeat(np.arange(SCENES, dtype=np.uint8), SIZE * SIZE)
    np.save(folder / "images.npy", images.reshape(SCENES, SIZE, SIZE))
    names = [f"s{k}" for k in range(SCENES)]
    write_split(folder, train=names[:1], validation=names[1:8], test=names[8:])
    return open_dataset(folder)


def measured(data: Dataset, scratch: Path) -> Any:
    split = read_split(scratch / "dataset")
    return measure(data, split, Members(), 200.0, scratch)  # type: ignore[arg-type]


def test_threshold_and_factors_come_from_the_validation_scenes(
    data: Dataset, tmp_path: Path
) -> None:
    found = measured(data, tmp_path)
    assert found.calibration is not None
    assert found.calibration.scenes == 7
    assert found.calibration.levels == (50, 90, 95)
    assert [scene.subset for scene in found.scenes] == ["validation"] * 7 + ["test"] * 6
    drawn = [scene for scene in found.scenes if scene.row != EMPTY]
    (empty,) = (scene for scene in found.scenes if scene.row == EMPTY)
    assert all(scene.traced.lines for scene in drawn)
    assert (list(empty.traced.lines), list(empty.distances)) == ([], [])
    # The mean of the two members lies between them: half their distance from the true front.
    for scene in drawn:
        expected = 0.25 * (1 + scene.row % 4)
        assert np.concatenate(scene.distances).mean() == pytest.approx(expected, abs=0.2)
    spreads = {scene.row % 4: scene.traced.spread_px for scene in drawn}
    assert spreads[0] < spreads[1] < spreads[2] < spreads[3]
    assert not list(tmp_path.glob(".members.*"))


def test_the_files_say_what_was_measured(data: Dataset, tmp_path: Path) -> None:
    found = measured(data, tmp_path)
    card = replace(CARD, threshold=found.threshold, calibration=found.calibration)
    write_held_out(found, data, card, tmp_path / "out/fronts.gpkg", tmp_path / "out/errors.tsv")
    table = pd.read_csv(tmp_path / "out/errors.tsv", sep="\t").set_index("scene")
    assert table["subset"].value_counts().to_dict() == {"validation": 7, "test": 6}
    scene = next(scene for scene in found.scenes if scene.row == 12)
    row, scores = table.loc["s12"], band_scores(scene, found.calibration, PIXEL)
    assert row["line_m"] == pytest.approx(np.concatenate(scene.distances).mean() * PIXEL, rel=1e-5)
    assert row["within_90"] == pytest.approx(scores["within_90"])
    assert row["half_width_90_m"] == pytest.approx(row["err90_m"], rel=1e-5)
    assert row["error_m"] == pytest.approx(
        found.calibration.expected * scene.traced.spread_px * PIXEL, rel=1e-5
    )
    assert table.loc["s13", "quality"] == "none"
    assert np.isnan(table.loc["s13", "line_m"])
    fronts = geopandas.read_file(tmp_path / "out/fronts.gpkg", layer="fronts")
    assert set(fronts["scene"]) == set(table.index)
    bands = geopandas.read_file(tmp_path / "out/fronts.gpkg", layer="bands")
    assert len(bands) == 12 * 3


def test_without_a_calibration_there_is_only_the_distance(data: Dataset, tmp_path: Path) -> None:
    found = measured(data, tmp_path)
    assert band_scores(found.scenes[0], None, PIXEL).keys() == {"line_m"}
    (empty,) = (scene for scene in found.scenes if scene.row == EMPTY)
    assert np.isnan(band_scores(empty, found.calibration, PIXEL)["line_m"])
