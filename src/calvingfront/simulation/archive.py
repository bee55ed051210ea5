"""The default archive in radar geometry: one product per scene, DEM and fronts."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from calvingfront.errors import SceneError
from calvingfront.files import PathLike
from calvingfront.geofiles.whole_rasters import write_raster
from calvingfront.geofiles.whole_vectors import replacing_geopackage
from calvingfront.simulation.imaging.acquisition import find_mode, on_day
from calvingfront.simulation.imaging.radar_image import RadarImage
from calvingfront.simulation.imaging.radar_render import render_radar
from calvingfront.simulation.imaging.radar_surface import scene_seed, smooth_heights, surface_of_day
from calvingfront.simulation.imaging.view_planning import plan_view
from calvingfront.simulation.missions import find_orbit
from calvingfront.simulation.product_writers.registry import write_product
from calvingfront.simulation.world.glacier import OCEAN
from calvingfront.simulation.world.world import World
from calvingfront.storage.sealed import read_record, write_record

if TYPE_CHECKING:
    import pandas as pd

# Grid of classes and backscatter: finer than a resolution cell, so that the front has no steps
LEVEL_SPACING_M: Mapping[str, float] = MappingProxyType({"TSX": 4.0, "TDX": 4.0})
LEVEL_SPACING_ELSE_M = 5.0
DEM_SPACING_M = 20.0
DEM_MARGIN_PX = 25  # so that slopes at the edge of a map have neighbours
NO_HEIGHT = -9999.0


def image_scene(
    world: World,
    glacier: str,
    mission: str,
    acquired: datetime,
    orbit: str,
    level: str,
    quality: int = 1,
) -> RadarImage:
    """Image one glacier in radar geometry; bit-identical for the same arguments.

    acquired: UTC at the middle of the image. quality: 1 best … 6, see sea.draw_sea_state.
    Raises SceneError for an unknown orbit or a day without a front, ConfigError for a level that
    the mission does not have.
    """
    day = acquired.date()
    mode = on_day(find_mode(mission, level), day)
    try:
        track = find_orbit(mission, orbit)
    except KeyError as error:
        raise SceneError(
            f"{glacier} {acquired}", f"{error.args[0]}", "Use a row of plan_scenes"
        ) from None
    rng = np.random.default_rng(scene_seed(world.seed, glacier, day, mission, orbit))
    spacing = LEVEL_SPACING_M.get(mission, LEVEL_SPACING_ELSE_M)
    surface = surface_of_day(world, glacier, mission, day, orbit, quality, spacing, rng)
    view = plan_view(
        surface, mode, track.ascending, track.left_looking, track.incidence_deg, acquired
    )
    return render_radar(view, surface, rng)


def simulate_product(
    world: PathLike,
    scene: str,
    glacier: str,
    mission: str,
    acquired_utc: str,
    orbit: str,
    level: str,
    quality: int,
    product: PathLike,
) -> Path:
    """Image a planned scene, write it in its mission's layout; return the product's path.

    world: file of `build_world`. product: JSON record (scene, mission, level, acquired, glacier,
    product), written beside the product; its `product` is a path relative to the record.
    """
    import cv2

    cv2.setNumThreads(1)  # one core per job: the scheduler runs jobs side by side
    try:
        acquired = datetime.fromisoformat(acquired_utc)
    except ValueError as error:
        what = f"has no valid time: {error}"
        raise SceneError(scene, what, "Use a row of plan_scenes") from None
    loaded = World.load(world, only=glacier)
    image = image_scene(loaded, glacier, mission, acquired, orbit, level, int(quality))
    record = Path(product)
    written = write_product(image, record.parent)
    write_record(
        record,
        {
            "scene": scene,
            "mission": mission,
            "level": level,
            "acquired": acquired_utc,
            "glacier": glacier,
            "product": os.path.relpath(written, record.parent),
        },
    )
    return written


def collect_products(records: Iterable[PathLike]) -> pd.DataFrame:
    """Return the scene table of an archive from the records of `simulate_product`.

    Columns scene, mission, level, acquired (UTC), glacier, product (path of the file or folder).
    """
    import pandas as pd

    rows = []
    for path in records:
        record = read_record(path)
        record["product"] = str(Path(path).parent / record["product"])
        rows.append(record)
    return pd.DataFrame(rows).sort_values("scene", ignore_index=True)


def write_dem(world: World, output: PathLike) -> None:
    """Write one terrain model of all glaciers: GeoTIFF, float32, m above the WGS 84 ellipsoid.

    Ice covers everything that it covered on any day, so that every front is at its true height; the
    sea is 0. Between the glaciers' frames there are no data (NO_HEIGHT).
    """
    from rasterio.transform import Affine

    pieces = []
    for name in world.glaciers:
        place = world[name]
        sea = place.greatest_classes(DEM_SPACING_M) == OCEAN
        heights = np.where(sea, np.float32(0), smooth_heights(place, DEM_SPACING_M))
        heights = np.pad(heights, DEM_MARGIN_PX, mode="symmetric")
        reach = DEM_MARGIN_PX * DEM_SPACING_M
        pieces.append((place.frame.upper_left_x - reach, place.frame.upper_left_y + reach, heights))
    left, top = min(piece[0] for piece in pieces), max(piece[1] for piece in pieces)
    offsets = [
        (round((top - y) / DEM_SPACING_M), round((x - left) / DEM_SPACING_M)) for x, y, _ in pieces
    ]
    shape = tuple(
        max(
            offset[axis] + piece[2].shape[axis]
            for offset, piece in zip(offsets, pieces, strict=True)
        )
        for axis in (0, 1)
    )
    mosaic = np.full(shape, NO_HEIGHT, np.float32)
    for (row, column), (_, _, heights) in zip(offsets, pieces, strict=True):
        mosaic[row : row + heights.shape[0], column : column + heights.shape[1]] = heights
    write_raster(
        output,
        mosaic,
        {"VERTICAL_DATUM": "WGS 84 ellipsoid", "UNIT": "m"},
        driver="GTiff",
        crs=World.crs,
        transform=Affine(DEM_SPACING_M, 0.0, left, 0.0, -DEM_SPACING_M, top),
        nodata=NO_HEIGHT,
        compress="deflate",
        predictor=3,
        tiled=True,
    )


def write_fronts(world: World, scenes: pd.DataFrame, output: PathLike) -> None:
    """Write the front of every scene as lines in one GeoPackage.

    scenes: rows of `plan_scenes`. Attributes: scene, glacier, acquired (YYYY-MM-DD).
    """
    import geopandas
    from shapely.geometry import LineString, MultiLineString

    rows, shapes = [], []
    for row in scenes.itertuples():
        lines = world[str(row.glacier)].front_lines(date.fromisoformat(str(row.acquired)))
        rows.append({"scene": row.scene, "glacier": row.glacier, "acquired": row.acquired})
        shapes.append(MultiLineString([LineString(line) for line in lines]))
    layer = geopandas.GeoDataFrame(rows, geometry=shapes, crs=World.crs)
    with replacing_geopackage(output) as temporary:
        layer.to_file(temporary, driver="GPKG", layer="fronts")
