"""From a probability on the square sample to a line on the map, and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calvingfront.locating.extract import extract_fronts, locate_front
from calvingfront.locating.vectors import read_fronts
from calvingfront.samples.geometry import map_to_sample, sample_to_map, square_grid
from packed import band, write_packed, write_run

SIZE = 64


def facts_of(
    height: int, width: int, down_m: float, right_m: float, variant: str
) -> dict[str, Any]:
    """The row of the index of a scene of `height` × `width` pixels, in EPSG:3031."""
    grid = square_grid(height, width, down_m, right_m, SIZE, variant)
    return {
        "scene": "A_2010-01-01", "glacier": "A", "mission": "TSX", "acquired": "2010-01-01",
        "orbit": "7", "crs": "EPSG:3031", "upper_left_x": -2_462_000.0, "upper_left_y": 1_427_000.0,
        "source_pixel_size_y_m": down_m, "source_pixel_size_x_m": right_m,
        "step_y": grid.step_y, "step_x": grid.step_x, "pixel_size_m": grid.pixel_size_m,
        "content_height": grid.content_height, "content_width": grid.content_width,
    }  # fmt: skip


def drawn(facts: dict[str, Any], line: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """A probability that peaks on a line (n, 2) of the map, 3 px wide."""
    rows, cols = map_to_sample(facts, line[:, 0], line[:, 1])
    y, x = np.mgrid[:SIZE, :SIZE]
    distance = np.full((SIZE, SIZE), np.inf)
    for k in range(len(rows) - 1):
        along = np.array([rows[k + 1] - rows[k], cols[k + 1] - cols[k]])
        share = ((y - rows[k]) * along[0] + (x - cols[k]) * along[1]) / (along @ along)
        share = np.clip(share, 0, 1)
        away = np.hypot(y - rows[k] - share * along[0], x - cols[k] - share * along[1])
        distance = np.minimum(distance, away)
    return np.exp(-0.5 * (distance / 1.3) ** 2)


@settings(max_examples=40, deadline=None)
@given(
    height=st.integers(40, 500), width=st.integers(40, 500),
    down_m=st.floats(5, 60), right_m=st.floats(5, 60),
    variant=st.sampled_from(["paper", "released"]),
    start=st.floats(0.25, 0.75), end=st.floats(0.25, 0.75), bend=st.floats(-0.05, 0.05),
)  # fmt: skip
def test_a_known_line_comes_back_within_a_tenth_of_a_sample_pixel(
    height: int, width: int, down_m: float, right_m: float, variant: str,
    start: float, end: float, bend: float,
) -> None:  # fmt: skip
    facts = facts_of(height, width, down_m, right_m, variant)
    high, wide = facts["content_height"], facts["content_width"]
    if min(high, wide) < 24:  # too slim a scene to hold a line away from its edges
        return
    share = np.linspace(0, 1, 40)
    rows = high * (start + (end - start) * share + bend * np.sin(np.pi * share)) - 0.5
    cols = 6 + (wide - 13) * share
    truth = np.column_stack(sample_to_map(facts, rows, cols))
    front = locate_front(facts, drawn(facts, truth), 0.5, 0.0, "U-Net")
    assert front.crs == "EPSG:3031"
    [found] = front.lines
    inner = found[5:-5]  # the ends are as sharp as the profile's
    row, col = map_to_sample(facts, inner[:, 0], inner[:, 1])
    distances = [np.hypot(rows - r, cols - c) for r, c in zip(row, col, strict=True)]
    slope = np.hypot(np.diff(rows), np.diff(cols)).max() / 2  # between the truth's own vertices
    nearest = np.array([distance.min() for distance in distances])
    across = np.sqrt(np.maximum(nearest**2 - slope**2, 0))
    assert across.max() < 0.1


@pytest.fixture
def predicted(tmp_path: Path) -> dict[str, Path]:
    """Three packed scenes with predictions: a front, nothing, and one in two subsets."""
    dataset = write_packed(
        tmp_path / "dataset", np.stack([band(SIZE, 20 + k, 3) for k in range(3)]),
        orbit="7", crs="", content_height=SIZE, content_width=SIZE, step_y=2.0, step_x=2.0,
        source_pixel_size_x_m=25.0, source_pixel_size_y_m=25.0,
        upper_left_x=np.nan, upper_left_y=np.nan,
    )  # fmt: skip
    found = np.zeros((4, SIZE, SIZE))
    found[[0, 2, 3], 30:33, 10:50] = 0.9
    folder = tmp_path / "predictions" / "unet" / "bce" / "seed1"
    rows = [("s0", "validation"), ("s1", "test"), ("s2", "test"), ("s0", "test")]
    run = write_run(folder, found, rows)
    threshold = tmp_path / "threshold.json"
    threshold.write_text(json.dumps({"validation_threshold": 0.5}), encoding="utf-8")
    return {"dataset": dataset, **run, "threshold": threshold, "fronts": tmp_path / "fronts.gpkg"}


def test_every_scene_has_one_row_and_one_without_a_line_says_why(
    predicted: dict[str, Path],
) -> None:
    extract_fronts(**predicted, min_front_length_m=750.0)
    fronts = {front.scene: front for front in read_fronts(predicted["fronts"])}
    assert list(fronts) == ["s0", "s1", "s2"]
    assert (fronts["s1"].quality, len(fronts["s1"].lines)) == ("none", 0)
    assert fronts["s1"].reason == "no pixel exceeds the threshold 0.5"
    assert fronts["s0"].quality is None  # nobody judged it
    assert fronts["s0"].model == "U-Net, BCE"
    assert fronts["s0"].threshold == 0.5


def test_without_a_map_position_lines_are_in_metres_of_the_image(
    predicted: dict[str, Path],
) -> None:
    extract_fronts(**predicted, min_front_length_m=750.0)
    front = next(front for front in read_fronts(predicted["fronts"]) if front.scene == "s0")
    assert front.crs is None
    x, y = front.lines[0].T
    # rows 30 to 32 and columns 10 to 49 of 50 m pixels; y counts downwards
    np.testing.assert_allclose(y, 31.5 * 50, atol=5)
    assert x.min() == pytest.approx(10 * 50, abs=60)
    assert x.max() == pytest.approx(50 * 50, abs=60)


def test_pieces_that_are_too_short_are_named_as_the_reason(predicted: dict[str, Path]) -> None:
    extract_fronts(**predicted, min_front_length_m=5000.0)
    front = next(front for front in read_fronts(predicted["fronts"]) if front.scene == "s0")
    assert not front.lines
    assert front.reason == "only pieces shorter than 5000 m exceed the threshold"


def test_scenes_in_several_crss_are_written_in_longitude_and_latitude(
    predicted: dict[str, Path],
) -> None:
    index = predicted["dataset"] / "index.tsv"
    table = pd.read_csv(index, sep="\t")
    table["crs"] = ["EPSG:3031", "EPSG:3031", "EPSG:32720"]
    table["upper_left_x"] = [-2_462_000.0, -2_462_000.0, 400_000.0]
    table["upper_left_y"] = [1_427_000.0, 1_427_000.0, 2_900_000.0]
    table.to_csv(index, sep="\t", index=False)
    extract_fronts(**predicted, min_front_length_m=750.0)
    fronts = {front.scene: front for front in read_fronts(predicted["fronts"])}
    for scene in ("s0", "s2"):
        assert fronts[scene].crs == "EPSG:4326"
        longitude, latitude = fronts[scene].lines[0].T
        assert ((longitude > -68) & (longitude < -55)).all()
        assert ((latitude > -66) & (latitude < -62)).all()
