"""Bands around lines."""

from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely
from pyproj import Geod

from calvingfront.locating.bands import band_around
from calvingfront.locating.vectors import write_fronts
from front_examples import front, full, on_image, widths

LINE = np.array([[-2.40e6, 1.30e6], [-2.40e6, 1.31e6]])


def test_a_band_of_one_width_is_the_buffer_of_the_line() -> None:
    line = np.array([[0.0, 0.0], [100.0, 0.0]])
    band = band_around([line], [np.array([10.0, 10.0])], None)
    assert band.area == pytest.approx(100 * 20 + np.pi * 100, rel=0.005)


def test_the_width_changes_linearly_between_vertices() -> None:
    line = np.array([[0.0, 0.0], [100.0, 0.0]])
    band = band_around([line], [np.array([10.0, 20.0])], None)
    middle = shapely.intersection(band, shapely.LineString([(50, -99), (50, 99)]))
    assert middle.length == pytest.approx(30, rel=0.02)


def test_widths_are_metres_on_the_ground_whatever_the_map() -> None:
    band = band_around([LINE], [np.array([500.0, 500.0])], "EPSG:3031")
    in_degrees = geopandas.GeoSeries([band], crs="EPSG:3031").to_crs(4326)[0]
    length = shapely.LineString(LINE)
    length = geopandas.GeoSeries([length], crs="EPSG:3031").to_crs(4326)[0]
    geod = Geod(ellps="WGS84")
    area = abs(geod.geometry_area_perimeter(in_degrees)[0])
    along = geod.geometry_length(length)
    assert area == pytest.approx(along * 1000 + np.pi * 500**2, rel=0.005)
    assert along < 0.99 * 10_000  # EPSG:3031 stretches the line here


def test_segments_without_a_width_at_both_ends_have_no_band() -> None:
    line = np.array([[0.0, 0.0], [100.0, 0.0], [200.0, 0.0], [300.0, 0.0]])
    band = band_around([line], [np.array([5.0, 5.0, np.nan, 5.0])], None)
    assert band.bounds == pytest.approx((-5, -5, 105, 5))
    assert band_around([line], [np.full(4, np.nan)], None).is_empty


def test_a_band_across_180_degrees_stays_narrow() -> None:
    line = np.array([[179.99, -78.0], [-179.99, -78.0]])
    band = band_around([line], [np.array([100.0, 100.0])], "EPSG:4326")
    assert len(band.geoms) == 2
    assert all(part.bounds[2] - part.bounds[0] < 0.02 for part in band.geoms)
    assert (band.bounds[0], band.bounds[2]) == pytest.approx((-180, 180))


def test_a_geopackage_has_a_band_per_level_for_fronts_with_errors(tmp_path: Path) -> None:
    fronts = [front("plain"), full("known"), on_image("seen", vertex_errors_m=[widths(1, 2, 3)])]
    write_fronts(fronts, tmp_path / "f.gpkg")
    bands = geopandas.read_file(tmp_path / "f.gpkg", layer="bands")
    assert bands["scene"].tolist() == ["known"] * 3
    assert bands["level"].tolist() == [50, 90, 95]
    assert set(bands.geom_type) == {"MultiPolygon"}
    inner, middle, outer = bands.geometry
    assert inner.area < middle.area < outer.area
    assert bands["acquired"][0].isoformat() == "2012-02-29T06:07:08.123000+00:00"
    image = geopandas.read_file(tmp_path / "f.gpkg", layer="bands_image")
    assert image["scene"].tolist() == ["seen"] * 3
    assert image.total_bounds[3] > 0 > image.total_bounds[1]  # y up
