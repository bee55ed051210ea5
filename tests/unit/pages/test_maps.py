"""Which maps a page has, in which frame."""

from __future__ import annotations

import numpy as np
import pytest

from calvingfront.errors import SceneError
from calvingfront.locating.degrees import WGS84, to_crs
from calvingfront.pages.maps import maps_of, upright
from front_examples import LINE, empty, front, on_image

STEP = np.array([[-500.0, 0.0], [500.0, 0.0]])


def test_there_is_a_map_for_each_glacier_and_one_for_its_images_without_a_position() -> None:
    found = maps_of([front("b", glacier="B"), front("a", glacier="A"), on_image("i", glacier="A")])
    assert [where.title for where in found] == ["A", "A (no map position)", "B"]
    assert [where.crs for where in found] == ["EPSG:3031", None, "EPSG:3031"]
    assert "has no map position" in found[1].frame
    assert found[1].north is None


def test_fronts_are_ordered_by_time_and_scenes_without_a_line_join_their_glacier() -> None:
    fronts = [
        front("late", acquired="2012-01-01"),
        empty("none", acquired="2011-06-01", crs=None),
        front("early", acquired="2011-01-01"),
    ]
    (where,) = maps_of(fronts)
    assert [one.scene for one in where.fronts] == ["early", "none", "late"]
    (image,) = maps_of([on_image("i"), empty("n")])
    assert [one.scene for one in image.fronts] == ["i", "n"]


def test_scenes_without_any_line_have_a_map_without_a_box() -> None:
    (where,) = maps_of([empty("a"), empty("b", acquired="2010-01-01")])
    assert where.box() is None
    assert [one.scene for one in where.fronts] == ["b", "a"]


def test_the_plane_of_an_image_has_y_upwards() -> None:
    (line,) = upright(on_image())
    assert line.tolist() == [[0, 0], [3.5, -7], [70, -0.1]]
    (where,) = maps_of([on_image()])
    assert where.box() == (0, -7, 70, 0)


@pytest.mark.parametrize(
    ("crs", "longitude", "latitude", "expected"),
    [
        ("EPSG:3031", 90.0, -75.0, 90.0),  # north is away from the pole in the middle
        ("EPSG:3031", -60.0, -65.0, -60.0),
        ("EPSG:3413", -45.0, 70.0, 0.0),
        ("EPSG:3413", 45.0, 80.0, -90.0),  # towards the pole in the middle
        ("EPSG:32622", -51.0, 69.0, 0.0),
    ],
)
def test_north_is_where_latitude_grows(
    crs: str, longitude: float, latitude: float, expected: float
) -> None:
    centre = to_crs(np.array([[longitude, latitude]]), WGS84, crs)
    (where,) = maps_of([front(crs=crs, lines=[centre + STEP])])
    assert where.north == pytest.approx(expected, abs=0.1)


def test_the_scale_of_a_polar_map_is_that_at_the_fronts() -> None:
    """EPSG:3413 is true at 70° N and shrinks towards the pole by (1 + sin 70°) / (1 + sin 80°)."""
    centre = to_crs(np.array([[-45.0, 80.0]]), WGS84, "EPSG:3413")
    (where,) = maps_of([front(crs="EPSG:3413", lines=[centre + STEP])])
    sphere = (1 + np.sin(np.radians(70))) / (1 + np.sin(np.radians(80)))
    assert where.stretch == pytest.approx(sphere, abs=0.002)


def test_degrees_become_metres_around_the_glacier() -> None:
    line = np.array([[-50.0, 68.995], [-50.0, 69.005]])
    (where,) = maps_of([front(crs="EPSG:4326", lines=[line])])
    west, south, east, north = where.box() or (0, 0, 0, 0)
    assert north - south == pytest.approx(1116, abs=2)  # 0.01° of latitude at 69°
    assert east - west < 1
    assert where.stretch == pytest.approx(1, abs=1e-4)
    assert where.frame == "Lambert azimuthal equal-area projection around 69.00° N, 50.00° W"


def test_the_first_fronts_crs_is_the_maps() -> None:
    moved = to_crs(LINE, "EPSG:3031", "EPSG:4326")
    fronts = [front("a"), front("b", crs="EPSG:4326", lines=[moved], acquired="2012-01-01")]
    (where,) = maps_of(fronts)
    assert where.crs == "EPSG:3031"
    assert where.fronts[1].lines[0] == pytest.approx(LINE, abs=0.01)
    far = np.array([[-50.0, 69.0], [-50.0, 69.1]])
    with pytest.raises(SceneError, match="b: its line lies where EPSG:3031 stretches"):
        maps_of([fronts[0], front("b", crs="EPSG:4326", lines=[far], acquired="2012-01-01")])
