"""Probability maps lie where the sample's pixels lie, also where these are not square."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from calvingfront.errors import SceneError
from calvingfront.locating.outputs.probability import ProbabilityMaps, write_probability
from calvingfront.samples.geometry import VARIANTS, sample_to_map, square_grid
from full_disk import no_room

SIZE = 32


def facts_of(variant: str, **changes: Any) -> dict[str, Any]:
    """A scene of 100 × 77 px of 20 × 10 m (across, down)."""
    grid = square_grid(77, 100, 10.0, 20.0, SIZE, variant)
    return {
        "scene": "a", "acquired": "2010-03-04", "crs": "EPSG:3031",
        "content_height": grid.content_height, "content_width": grid.content_width,
        "step_x": grid.step_x, "step_y": grid.step_y, "source_pixel_size_x_m": 20.0,
        "source_pixel_size_y_m": 10.0, "upper_left_x": -2.4e6, "upper_left_y": 1.3e6, **changes,
    }  # fmt: skip


@pytest.mark.parametrize("variant", VARIANTS)
def test_each_pixel_lies_where_the_sample_says(tmp_path: Path, variant: str) -> None:
    facts, chance = facts_of(variant), np.random.default_rng(1).random((SIZE, SIZE))
    write_probability(tmp_path / "a.tif", facts, chance)
    with rasterio.open(tmp_path / "a.tif") as source:
        values, transform = source.read(1), source.transform
        assert source.tags()["SCENE"] == "a"
    if variant == "released":  # 12.32 rows become 12
        assert abs(transform.e) / transform.a == pytest.approx(12.32 / 12)
    rows, cols = (axis.ravel() for axis in np.mgrid[:SIZE, :SIZE])
    x, y = sample_to_map(facts, rows, cols)
    np.testing.assert_allclose(transform.c + (cols + 0.5) * transform.a, x, rtol=0, atol=1e-6)
    np.testing.assert_allclose(transform.f + (rows + 0.5) * transform.e, y, rtol=0, atol=1e-6)
    inside = (rows < facts["content_height"]) & (cols < facts["content_width"])
    expected = np.where(inside.reshape(SIZE, SIZE), chance, np.nan).astype(np.float32)
    np.testing.assert_array_equal(values, expected)


def test_a_map_that_cannot_be_written_is_a_fault_and_the_next_is_written(tmp_path: Path) -> None:
    maps = ProbabilityMaps(tmp_path / "maps", ["a", "b"])
    chance = np.random.default_rng(1).random((SIZE, SIZE))
    with no_room(200):
        maps.add(facts_of("paper"), chance)
    maps.add(facts_of("paper", scene="b"), chance)
    assert list(maps.faults) == ["a"]
    assert "a.tif: cannot be written" in str(maps.faults["a"])
    assert [path.name for path in (tmp_path / "maps").iterdir()] == ["b.tif"]


def test_the_name_of_a_scene_must_be_a_file_name(tmp_path: Path) -> None:
    with pytest.raises(SceneError, match="cannot be the name of a probability map"):
        ProbabilityMaps(tmp_path, ["a", "../b"])
    (tmp_path / "file").write_text("")
    with pytest.raises(SceneError, match="cannot be made"):
        ProbabilityMaps(tmp_path / "file", ["a"])
