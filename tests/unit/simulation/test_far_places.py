"""From the ground to the map near a pole, on the antimeridian and in Greenland.

The terrain is given as the Copernicus DEM comes: tiles of 1° in degrees, above a geoid, with fewer
columns near the poles and none over the open sea. Four tiles meet in the middle of each scene.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import rasterio
from pyproj import Transformer
from radar_surfaces import flat
from rasterio.transform import from_origin
from round_trip import Field, Scene, inner, peak_offsets, to_map

from calvingfront.radar.view import FILLED
from calvingfront.simulation.imaging.acquisition import find_mode
from calvingfront.simulation.imaging.radar_image import RadarImage
from calvingfront.simulation.imaging.radar_render import PointTarget, render_radar
from calvingfront.simulation.imaging.radar_surface import Surface
from calvingfront.simulation.imaging.view_planning import plan_view

SIDE_M, STEP_M = 3000.0, 10.0
ROWS = 1200  # of a tile, as GLO-90 has them
GEOID_M = -20.0
GAP_M = (1860.0, 2460.0)  # from the left and from the top


@dataclass(frozen=True)
class Place:
    """Where four tiles meet, and what is flown there."""

    crs: str
    longitude: float
    latitude: float
    mission: str
    level: str
    ascending: bool
    left: bool
    incidence_deg: float


POLE = Place("EPSG:3031", -45, -80, "RSAT", "SGF", True, True, 37.0)
DATELINE = Place("EPSG:3031", 180, -77, "ENVISAT", "IMP", False, False, 23.0)
PACIFIC = Place("EPSG:3832", 180, -16, "ENVISAT", "IMP", True, False, 23.0)
GREENLAND = Place("EPSG:3413", -50, 69, "TSX", "MGD", False, False, 37.5)
PLACES = pytest.mark.parametrize(
    "place", [POLE, DATELINE, PACIFIC, GREENLAND], ids=["pole", "dateline", "pacific", "greenland"]
)


def corner_of(place: Place) -> tuple[float, float]:
    to_map_of = Transformer.from_crs("EPSG:4326", place.crs, always_xy=True)
    x, y = to_map_of.transform(place.longitude, place.latitude)
    return round(x - SIDE_M / 2, -2), round(y + SIDE_M / 2, -2)


def slope(right: Field) -> Field:
    """Heights above the ellipsoid, m."""
    return 60.0 + 0.12 * np.clip(right, -500.0, SIDE_M + 500.0)


def surface_at(place: Place, sea: bool) -> Surface:
    """A slope; with sea, its lower right quarter is water at 0 m."""
    base = flat(level=0.003, side_m=SIDE_M, spacing_m=STEP_M)
    count = round(SIDE_M / STEP_M)
    _, right = np.mgrid[:count, :count] * STEP_M + STEP_M / 2
    ocean = np.zeros((count, count), np.uint8)
    if sea:
        ocean[is_sea(place, *np.mgrid[:count, :count] * STEP_M + STEP_M / 2)] = 1
    return replace(
        base, crs=place.crs, upper_left=corner_of(place),
        heights=slope(right).astype(np.float32), ocean=ocean,
    )  # fmt: skip


def degrees_of(place: Place, down: Field, right: Field) -> tuple[Field, Field]:
    left, top = corner_of(place)
    to_degrees = Transformer.from_crs(place.crs, "EPSG:4326", always_xy=True)
    longitude, latitude = to_degrees.transform(left + right, top - down)
    return np.asarray(longitude), np.asarray(latitude)


def is_sea(place: Place, down: Field, right: Field) -> np.ndarray:
    """South-east of a coast, which lies 250 m beyond the tile that is not there."""
    longitude, latitude = degrees_of(place, down + 250, right + 250)
    east = (longitude - place.longitude + 180) % 360 - 180
    return np.asarray((east > 0) & (latitude < place.latitude))


def write_tiles(place: Place, folder: Path, geoid_m: float, sea: bool) -> Path:
    """The four tiles, with a gap of −32768 m in one; with sea, the south-eastern is not there."""
    folder.mkdir()
    to_map_of = Transformer.from_crs("EPSG:4326", place.crs, always_xy=True)
    left, top = corner_of(place)
    for south in (place.latitude - 1, place.latitude):
        nearest = min(abs(south), abs(south + 1))
        parts = next(n for to, n in ((50, 1), (60, 1.5), (70, 2), (80, 3), (85, 5)) if nearest < to)
        for west in (place.longitude - 1, place.longitude):
            if sea and south < place.latitude and west == place.longitude:
                continue
            columns = round(ROWS / parts)
            west = (west + 180) % 360 - 180
            longitude = west + (np.arange(columns) + 0.5) / columns
            latitude = south + 1 - (np.arange(ROWS) + 0.5) / ROWS
            x, y = to_map_of.transform(*np.meshgrid(longitude, latitude))
            right, down = x - left, top - y
            values = slope(right) - geoid_m
            if sea:
                values[is_sea(place, down, right)] = 0
            gap = (np.minimum(right, down) > GAP_M[0]) & (np.maximum(right, down) < GAP_M[1])
            values[gap] = -32768
            lat = f"{'NS'[south < 0]}{abs(int(south)):02d}"
            lon = f"{'EW'[west < 0]}{abs(int(west)):03d}"
            with rasterio.open(
                folder / f"Copernicus_DSM_COG_30_{lat}_00_{lon}_00_DEM.tif", "w", driver="GTiff",
                count=1, dtype="float32", width=columns, height=ROWS, crs="EPSG:4326",
                transform=from_origin(west, south + 1, 1 / columns, 1 / ROWS), compress="zstd",
            ) as dataset:  # fmt: skip
                dataset.write(values.astype(np.float32), 1)
    return folder


def write_geoid(path: Path, height_m: float) -> Path:
    with rasterio.open(
        path, "w", driver="GTiff", count=1, dtype="float32", width=1440, height=721,
        crs="EPSG:4326", transform=from_origin(-180.125, 90.125, 0.25, 0.25),
    ) as dataset:  # fmt: skip
        dataset.write(np.full((721, 1440), height_m, np.float32), 1)
    return path


def seen(place: Place, sea: bool) -> tuple[RadarImage, Surface, Field, Field]:
    """An image with reflectors, and where they stand: m from the top and from the left."""
    surface = surface_at(place, sea)
    rng = np.random.default_rng(5)
    lattice = np.meshgrid(540.0 + 480.0 * np.arange(5), 540.0 + 480.0 * np.arange(5))
    right, down = (axis.ravel() + rng.uniform(-60.0, 60.0, 25) for axis in lattice)
    height = slope(right)
    if sea:
        height[is_sea(place, down, right)] = 0.0
    longitude, latitude = degrees_of(place, down, right)
    targets = tuple(
        PointTarget(lat, lon, z, 1.0e5)
        for lat, lon, z in zip(latitude, longitude, height, strict=True)
    )
    mode = find_mode(place.mission, place.level)
    acquired = datetime(2009 if place.mission == "TSX" else 2004, 2, 3, 4, 5, 6)
    view = plan_view(surface, mode, place.ascending, place.left, place.incidence_deg, acquired)
    return render_radar(view, surface, rng, targets), surface, down, right


def errors_m(scene: Scene, surface: Surface, down: Field, right: Field) -> Field:
    x, y = surface.upper_left[0] + right, surface.upper_left[1] - down
    return np.hypot(*peak_offsets(scene, x, y, 8, np.median).T) * scene.spacing_m


Chain = Callable[[Place, bool, float], tuple[Field, Scene, Field, Field]]


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    """Errors of the reflectors' places on the map in m, the scene, and where they stand."""

    def run(place: Place, sea: bool, geoid_m: float) -> tuple[Field, Scene, Field, Field]:
        image, surface, down, right = seen(place, sea)
        tiles = write_tiles(place, tmp_path / "tiles", geoid_m, sea)
        geoid = write_geoid(tmp_path / "us_nga_egm08_25.tif", geoid_m)
        spacing = 10.0 if place.mission != "TSX" else 3.5
        scene = to_map(
            image, tiles, inner(surface, 200.0), tmp_path / "scene", spacing, crs=place.crs,
            geoid=geoid,
        )  # fmt: skip
        return errors_m(scene, surface, down, right), scene, down, right

    return run


@PLACES
def test_reflectors_come_back_on_the_tiles_of_the_copernicus_model(
    place: Place, chain: Chain
) -> None:
    found, scene, down, right = chain(place, False, GEOID_M)
    gap = (np.minimum(right, down) > GAP_M[0]) & (np.maximum(right, down) < GAP_M[1])
    print(
        f"PLACES {place.crs} {place.longitude:g} {place.latitude:g} {place.mission}: median "
        f"{np.median(found):.2f} m, greatest {found.max():.2f} m, in the gap {found[gap].max():.2f}"
    )
    assert gap.any()
    assert np.median(found) < 1.0
    assert found[gap].max() < 2.0
    assert (scene.view == FILLED).any()


def test_where_a_tile_is_missing_the_sea_lies_at_the_geoid(chain: Chain) -> None:
    found, _, down, right = chain(GREENLAND, True, 0.0)
    sea = is_sea(GREENLAND, down, right)
    print(
        f"COAST: median on land {np.median(found[~sea]):.2f} m, at sea {np.median(found[sea]):.2f}"
    )
    assert sea.sum() >= 4
    assert np.median(found[sea]) < 1.0
    assert np.median(found[~sea]) < 1.0
