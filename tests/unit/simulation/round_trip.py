"""The way of a simulated image: written as its mission's product, taken in, put on the map."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.transform import Affine
from scipy.ndimage import gaussian_filter1d, map_coordinates
from skimage.registration import phase_cross_correlation

from calvingfront.products.ingest import ingest_product, open_ingested
from calvingfront.sar.geocode import geocode_file
from calvingfront.sar.grid import SPACING_M, Bounds
from calvingfront.sar.intensity_file import write_intensity
from calvingfront.sar.multilook import multilook
from calvingfront.simulation.imaging.radar_image import RadarImage
from calvingfront.simulation.imaging.radar_surface import Surface
from calvingfront.simulation.product_writers.registry import write_product

Field = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Scene:
    """What a user of the workflow holds in the end."""

    backscatter: npt.NDArray[np.float32]
    view: npt.NDArray[np.uint8]
    left: float
    top: float
    spacing_m: float

    def pixel(self, x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Field, Field]:
        """Row and column of map coordinates, from the file's own transform."""
        row = (self.top - np.asarray(y, float)) / self.spacing_m - 0.5
        return row, (np.asarray(x, float) - self.left) / self.spacing_m - 0.5


def inner(surface: Surface, margin_m: float) -> Bounds:
    """The surface's rectangle without its margins."""
    left, top = surface.upper_left
    width, height = surface.size_m
    return left + margin_m, top - height + margin_m, left + width - margin_m, top - margin_m


def write_heights(surface: Surface, path: Path) -> Path:
    """The terrain model of a surface: GeoTIFF, m above the ellipsoid."""
    rows, columns = surface.heights.shape
    step = surface.height_spacing_m
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=rows,
        width=columns,
        count=1,
        dtype="float32",
        crs=surface.crs,
        transform=Affine(step, 0.0, surface.upper_left[0], 0.0, -step, surface.upper_left[1]),
    ) as dataset:
        dataset.write(surface.heights, 1)
    return path


def to_map(
    image: RadarImage,
    dem: Path,
    area: Bounds,
    folder: Path,
    spacing_m: float | None = None,
    looks_m: float | None = None,
    crs: str = "EPSG:3031",
    geoid: Path | None = None,
) -> Scene:
    """Write, ingest, multilook to looks_m, geocode to spacing_m (both: the mission's own).

    dem: a file, or a folder of tiles; above the geoid if one is given.
    """
    spacing = SPACING_M[image.mission] if spacing_m is None else spacing_m
    folder.mkdir(parents=True, exist_ok=True)
    written = write_product(image, folder / "product")
    record = folder / "product.json"
    ingest_product(written, record, image.mission, image.acquired.date().isoformat())
    averaged = multilook(open_ingested(record), spacing if looks_m is None else looks_m)
    write_intensity(averaged, folder / "intensity.tif")
    geocode_file(
        folder / "intensity.tif",
        product=record,
        dem=dem,
        output=folder / "map.tif",
        view=folder / "view.tif",
        crs=crs,
        spacing_m=spacing,
        vertical_datum="ellipsoid" if geoid is None else "geoid",
        geoid=geoid,
        area=area,
    )
    with rasterio.open(folder / "map.tif") as dataset:
        backscatter = dataset.read(1)
        transform = dataset.transform
    with rasterio.open(folder / "view.tif") as dataset:
        view = dataset.read(1)
    return Scene(backscatter, view, transform.c, transform.f, transform.a)


def peak_offsets(
    scene: Scene, x: Field, y: Field, reach: int, background: Callable[[Field], float]
) -> Field:
    """Where bright points came back: (n, 2) rows and columns off their places, map pixels.

    Centroid of the power over the background, around the brightest pixel near the place.
    """
    found = []
    for row, column in zip(*scene.pixel(x, y), strict=True):
        i, j = round(float(row)), round(float(column))
        near = scene.backscatter[i - reach : i + reach + 1, j - reach : j + reach + 1]
        down, across = np.unravel_index(np.nanargmax(near), near.shape)
        i, j = i - reach + int(down), j - reach + int(across)
        part = scene.backscatter[i - reach : i + reach + 1, j - reach : j + reach + 1].astype(float)
        part = part - background(part)
        rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
        found.append(
            (
                i + float(np.sum(part * rows) / part.sum()) - row,
                j + float(np.sum(part * columns) / part.sum()) - column,
            )
        )
    return np.array(found)


def shift_between(one: Scene, other: Scene) -> tuple[Field, float]:
    """Rows and columns by which the other scene is off, and the correlation of both as they lie.

    Peak of the cross-correlation of the logarithms, to 1/50 pixel.
    """
    first, second = (
        np.log(np.maximum(scene.backscatter.astype(float), 1e-6)) for scene in (one, other)
    )
    first, second = first - first.mean(), second - second.mean()
    shift = phase_cross_correlation(first, second, upsample_factor=50, normalization=None)[0]
    return np.asarray(shift), float(np.corrcoef(first.ravel(), second.ravel())[0, 1])


def edge_offsets(scene: Scene, line: Field, reach_px: float = 6.0) -> Field:
    """Distance (map pixels, along the normal) from a line to the steepest change of power.

    line: (n, 2), x, y in m; its last 150 m at both ends are left out. Profiles are averaged over
    some pixels along the line, against speckle. Positive on the left of the line's direction.
    """
    length = np.r_[0.0, np.cumsum(np.hypot(*np.diff(line, axis=0).T))]
    at = np.arange(150.0, length[-1] - 150.0, scene.spacing_m / 2)
    points = np.column_stack([np.interp(at, length, axis) for axis in line.T])
    course = np.gradient(gaussian_filter1d(points, 6, axis=0), axis=0)
    course /= np.hypot(*course.T)[:, np.newaxis]
    normal = np.column_stack([-course[:, 1], course[:, 0]])
    steps = np.arange(-reach_px, reach_px + 0.05, 0.1)
    places = points[:, np.newaxis] + steps[:, np.newaxis] * scene.spacing_m * normal[:, np.newaxis]
    rows, columns = scene.pixel(places[..., 0], places[..., 1])
    profiles = map_coordinates(scene.backscatter, [rows, columns], order=1)
    profiles = gaussian_filter1d(profiles, 8, axis=0)
    change = np.abs(gaussian_filter1d(profiles, 5, axis=1, order=1))
    return np.asarray(steps[change.argmax(axis=1)])
