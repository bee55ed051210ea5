"""Metres on the ground, whatever the map: areas, lengths, and CRS that are refused."""

from __future__ import annotations

import geopandas
import numpy as np
import pytest
import shapely
from position_world import FRAME, line, polygon
from pyproj import CRS, Geod

from calvingfront.errors import PositionError
from calvingfront.position.ellipsoid import Frame, LocalMap

SQUARE = shapely.box(0, 0, 10_000, 10_000)


@pytest.mark.parametrize("latitude", [60, 65, 70, 75, 80])
@pytest.mark.parametrize("epsg", [3413, 3031])
def test_an_area_is_that_on_the_ground_and_not_that_on_the_map(epsg: int, latitude: int) -> None:
    """Against an equal-area projection, which knows nothing of geodesics."""
    sign = 1 if epsg == 3413 else -1
    middle = geopandas.GeoSeries.from_xy([-50.0], [sign * latitude], crs=4326).to_crs(epsg)[0]
    square = shapely.affinity.translate(SQUARE, middle.x, middle.y)
    local = f"+proj=laea +lat_0={sign * latitude} +lon_0=-50 +ellps=WGS84"
    fine = shapely.segmentize(square, 100)
    true = geopandas.GeoSeries([fine], crs=epsg).to_crs(local).area[0]
    found = Frame(CRS.from_epsg(epsg), "test").area_m2(square)
    assert found == pytest.approx(true, rel=1e-7)
    # Against the formula of the polar stereographic map: its scale squared.
    standard = 70 if epsg == 3413 else 71
    scale = (1 + np.sin(np.radians(standard))) / (1 + np.sin(np.radians(latitude)))
    assert square.area / found == pytest.approx(scale**2, rel=4e-3)


def test_the_map_is_wrong_by_per_cents_where_the_correction_is_tested() -> None:
    north = geopandas.GeoSeries.from_xy([-45.0, -45.0], [60.0, 80.0], crs=4326).to_crs(3413)
    for middle, excess in zip(north, (1.08, 0.955), strict=True):
        square = shapely.affinity.translate(SQUARE, middle.x, middle.y)
        assert square.area / FRAME.area_m2(square) == pytest.approx(excess, abs=0.003)


def test_a_length_is_that_on_the_ground() -> None:
    geod = Geod(ellps="WGS84")
    ends = FRAME.to_degrees(shapely.get_coordinates(line((0, 0), (3000, 4000))))
    _, _, true = geod.inv(*ends[0], *ends[1])
    assert FRAME.length_m(line((0, 0), (3000, 4000))) == pytest.approx(true, abs=1e-4)
    assert true == pytest.approx(5000 / 1.0026, abs=1.0)


def test_holes_and_parts_count() -> None:
    outer, inner = polygon((0, 0), (9, 0), (9, 9), (0, 9)), polygon((3, 3), (6, 3), (6, 6), (3, 6))
    whole = FRAME.area_m2(outer)
    assert FRAME.area_m2(outer.difference(inner)) == pytest.approx(whole * 72 / 81, rel=1e-4)
    parts = shapely.MultiPolygon([inner, shapely.affinity.translate(inner, 20, 0)])
    assert FRAME.area_m2(parts) == pytest.approx(whole * 18 / 81, rel=1e-4)


@pytest.mark.parametrize(
    ("crs", "said"),
    [
        ("EPSG:4326", "in degrees"),
        ("EPSG:3857", "Web Mercator"),
        ("EPSG:4978", "not a map projection"),
        ("EPSG:2263", "US survey foot"),
        ("+proj=stere +lat_0=90 +R=6371000", "sphere"),
        ("+proj=merc +a=6378137 +b=6378137", "sphere"),
        ("+proj=stere +lat_0=90 +lat_ts=70 +lon_0=-45 +ellps=WGS84 +units=km", "kilometre"),
    ],
)
def test_a_map_that_hides_what_a_metre_is_is_refused(crs: str, said: str) -> None:
    with pytest.raises(PositionError, match=rf"fronts\.gpkg.*{said}"):
        Frame(CRS.from_user_input(crs), "fronts.gpkg")


def test_no_crs_is_refused() -> None:
    with pytest.raises(PositionError, match="no coordinate reference system"):
        Frame(None, "fronts.shp")


@pytest.mark.parametrize(
    "crs",
    [
        "EPSG:3413",
        "EPSG:3031",
        "EPSG:32620",
        "EPSG:3995",
        "EPSG:6931",
        "+proj=utm +zone=20 +ellps=intl +towgs84=1,2,3",
    ],
)
def test_maps_of_the_field_are_taken(crs: str) -> None:
    assert Frame(CRS.from_user_input(crs), "fronts").crs


def test_heights_in_a_crs_are_left_out() -> None:
    assert Frame(CRS.from_user_input("EPSG:32620+5773"), "fronts").crs.to_epsg() == 32620


def test_a_local_map_is_true_and_comes_back() -> None:
    drawn = line((0, 0), (30_000, 0))
    local = LocalMap(FRAME, drawn)
    assert local.into(drawn).length == pytest.approx(FRAME.length_m(drawn), rel=1e-5)
    back = shapely.get_coordinates(local.back(local.into(drawn)))
    assert np.abs(back[[0, -1]] - shapely.get_coordinates(drawn)).max() < 1e-5


def test_latitude_and_bearing() -> None:
    south = Frame(CRS.from_epsg(3031), "test")
    assert south.latitude(shapely.Point(0, 1_000_000)) == pytest.approx(-80.8, abs=0.1)
    # Up the map on the meridian of −45° is north.
    on_meridian = shapely.Point(0, -2_000_000), shapely.Point(0, -1_900_000)
    assert FRAME.azimuth(*on_meridian) == pytest.approx(0, abs=1e-6)
