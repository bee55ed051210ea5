"""The image behind the fronts: cut out, taken to the map, and made small enough to embed."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from rasterio import Affine
from rasterio.crs import CRS
from rasterio.enums import ColorInterp, Resampling
from rasterio.errors import RasterioError
from rasterio.warp import reproject, transform_bounds

from calvingfront.errors import SceneError
from calvingfront.files import PathLike
from calvingfront.geofiles.rasters import open_raster
from calvingfront.pages.maps import Map
from calvingfront.scenes.imagery.bands import candidates, first_difference

LARGEST_PX = 1200
MOST_READ_PX = 6000
MOST_BYTES = 300_000 * 3 // 4  # base64 makes 300 kB of them
QUALITIES = (80, 65, 50, 35)
WIDEST = 1.4  # width of a map divided by its height, at most
MARGIN = 0.25  # of the larger side of the fronts' box, on every side
_PLANE = CRS.from_epsg(3857)  # for two grids in one plane: any projection in metres


@dataclass(frozen=True)
class Background:
    """An 8-bit image, and where it lies if its file does not say.

    crs, corner:  CRS, and x and y of the outer upper left corner, m; None: as in the file.
    pixel_size_m: width and height of a pixel; None: as in the file.
    name:         what the page calls it; "" for the name of the file.
    """

    path: PathLike
    crs: str | None = None
    corner: tuple[float, float] | None = None
    pixel_size_m: tuple[float, float] | None = None
    name: str = ""


@dataclass(frozen=True)
class Picture:
    """An embedded image: data URI, and its west, south, east and north on the map, m."""

    uri: str
    box: tuple[float, float, float, float]
    name: str


def picture_of(background: Background, where: Map) -> Picture:
    """The part of an image around a map's fronts, as WebP with transparency where it has no data.

    Raises SceneError where the file cannot be read, is not 8-bit, has no position, or does not
    cover the fronts.
    """
    fronts = where.box()
    if fronts is None:
        raise SceneError(
            background.path, f"would lie behind no front of {where.title}", "Leave it out."
        )
    pixels, valid, transform, crs = _read(background)
    if (crs is None) != (where.crs is None):
        has = "no map position" if crs is None else "a map position"
        have = "have one" if crs is None else "have none"
        raise SceneError(
            background.path,
            f"has {has}, but the fronts of {where.glacier or where.title} {have}",
            "Give an image in which they were drawn.",
        )
    west, south, east, north = fronts
    margin = MARGIN * max(east - west, north - south, 1000.0)
    # A wide screen shows more to the left and right.
    side = max(margin, (WIDEST * (north - south + 2 * margin) - (east - west)) / 2)
    source = target = _PLANE
    if crs is not None and where.crs is not None:
        source, target = crs, CRS.from_user_input(where.crs)
    height, width = pixels.shape
    sides = sorted([(transform @ (0, 0)), (transform @ (width, height))])
    xs, ys = [side[0] for side in sides], [side[1] for side in sides]
    whole = transform_bounds(source, target, min(xs), min(ys), max(xs), max(ys))
    box = (
        max(west - side, whole[0]), max(south - margin, whole[1]),
        min(east + side, whole[2]), min(north + margin, whole[3]),
    )  # fmt: skip
    if box[0] >= min(east, box[2]) or box[1] >= min(north, box[3]) or box[2] <= west:
        raise SceneError(
            background.path,
            f"does not cover the fronts of {where.glacier or where.title}",
            "Give an image of this glacier.",
        )
    spacing = max((box[2] - box[0]), (box[3] - box[1])) / LARGEST_PX
    spacing = max(spacing, min(abs(transform.a), abs(transform.e)) / 2)
    for _ in range(8):
        drawn = _drawn((pixels, valid, transform, source), target, box, spacing)
        for quality in QUALITIES:
            found = io.BytesIO()
            drawn.save(found, "WEBP", quality=quality, method=4)
            if found.tell() <= MOST_BYTES:
                text = base64.b64encode(found.getvalue()).decode("ascii")
                name = background.name or Path(background.path).name
                return Picture(f"data:image/webp;base64,{text}", box, name)
        spacing *= 1.4
    raise AssertionError("an image of a few pixels is small")


def _drawn(
    image: tuple[Any, Any, Affine, CRS], target: CRS, box: tuple[float, ...], spacing: float
) -> Image.Image:
    pixels, valid, transform, source = image
    shape = (
        max(1, round((box[3] - box[1]) / spacing)),
        max(1, round((box[2] - box[0]) / spacing)),
    )
    grid = Affine((box[2] - box[0]) / shape[1], 0, box[0], 0, -(box[3] - box[1]) / shape[0], box[3])
    if target is _PLANE:  # GDAL takes a grid with its corner at 0, 0 and pixels of 1 m for none
        away = Affine.translation(1e6, 1e6)
        transform, grid = away @ transform, away @ grid
    grey, seen = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for values, result in ((np.where(valid, pixels, 0), grey), (valid, seen)):
        reproject(
            values.astype(np.float32), result, src_transform=transform, src_crs=source,
            dst_transform=grid, dst_crs=target, resampling=Resampling.average,
        )  # fmt: skip
    with np.errstate(divide="ignore", invalid="ignore"):
        grey = np.where(seen > 0, grey / seen, 0)
    layers = [np.clip(np.rint(grey), 0, 255), np.where(seen >= 0.5, 255, 0)]
    return Image.fromarray(np.stack(layers, axis=2).astype(np.uint8), "LA").convert("RGBA")


def _read(background: Background) -> tuple[Any, Any, Affine, CRS | None]:
    """Grey levels, whether they are data, the position of the pixels, and the CRS."""
    path = Path(background.path)
    if not path.exists():
        raise SceneError(path, "does not exist", "Correct the path of the background.")
    try:
        with open_raster(path) as opened:
            kind = opened.dtypes[0]
            if kind != "uint8":
                raise SceneError(
                    path, f"is {kind}, not 8-bit", "Give an image from results/imported."
                )
            others = first_difference(opened, candidates(opened, None), whole=False)
            if others or opened.colorinterp[0] == ColorInterp.palette:
                raise SceneError(
                    path, "is coloured, not grey", "Give an image from results/imported."
                )
            shrunk = max(1.0, max(opened.width, opened.height) / MOST_READ_PX)
            shape = (
                max(1, round(opened.height / shrunk)),
                max(1, round(opened.width / shrunk)),
            )
            pixels = opened.read(1, out_shape=shape, resampling=Resampling.average)
            valid = opened.dataset_mask(out_shape=shape) > 0
            crs, transform = opened.crs, opened.transform
            size = (opened.width, opened.height)
    except (RasterioError, ValueError) as error:
        raise SceneError(path, f"is not a readable image ({error})", "Write it again.") from None
    if background.pixel_size_m is not None:
        x, y = background.corner or (0.0, 0.0)
        transform = Affine(background.pixel_size_m[0], 0, x, 0, -background.pixel_size_m[1], y)
        crs = CRS.from_user_input(background.crs) if background.crs else None
    elif transform.is_identity:
        raise SceneError(
            path,
            "has neither a map position nor a pixel size",
            "Give a GeoTIFF, or its pixel size.",
        )
    if transform.b or transform.d:
        raise SceneError(path, "is rotated on the map", "Warp it to a grid along the axes.")
    scaled = transform @ Affine.scale(size[0] / shape[1], size[1] / shape[0])
    return pixels, valid, scaled, crs
