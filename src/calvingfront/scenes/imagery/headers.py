"""What the header of an image says: size, pixel size, place.

Without pandas, whose import takes as long as importing a scene.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rasterio.errors import RasterioError

from calvingfront.scenes.imagery.bands import REMEDY as CHOOSE_BAND
from calvingfront.scenes.places.metres import flat_name, map_fault
from calvingfront.scenes.rasters import band_faults, open_raster

SQUARE_TOLERANCE = 1e-6  # relative rotation that counts as none
Fault = Callable[[str, str], None]


def image_header(
    path: Path, pixel_size_m: float | None, fault: Fault, band: str | None = None
) -> dict[str, Any]:
    """Size, pixel size and position of an image from its header; calls `fault` for each fault.

    band: to be read; several bands without a choice are a fault if three of their rows differ.
    `grid` is shape, CRS and transform as the file states them, for the check of its mask.
    """
    try:
        with open_raster(path) as dataset:
            for what in band_faults(dataset, band):
                fault(f"image {path.name} {what}", CHOOSE_BAND)
            shape, crs, transform = dataset.shape, dataset.crs, dataset.transform
    except RasterioError as error:
        fault(f"image {path.name} cannot be read ({error})", "Fetch or convert the file.")
        return {}
    found = grid_of_image(path, shape, crs, transform, pixel_size_m, fault)
    return found | {"grid": (shape, crs, transform)}


def grid_of_image(
    path: Path,
    shape: tuple[int, int],
    crs: Any,
    transform: Any,
    pixel_size_m: float | None,
    fault: Fault,
) -> dict[str, Any]:
    """The same of an image that has been read: `shape`, CRS (None if unknown) and transform."""
    height, width = shape
    found: dict[str, Any] = {"height_px": height, "width_px": width}
    if crs is None:
        if pixel_size_m is None:
            fault(
                f"image {path.name} has no coordinate reference system and no known pixel size",
                "Give its pixel size (pixel_size_m), or a GeoTIFF with its CRS.",
            )
        return found | {"pixel_size_x_m": pixel_size_m, "pixel_size_y_m": pixel_size_m}
    name = crs.to_string()
    corners = [(width / 2, height / 2), (0, 0), (width, 0), (0, height), (width, height)]
    fault_of_map = map_fault(name, [transform @ corner for corner in corners], abs(transform.a))
    if fault_of_map is not None:
        fault(f"image {path.name} {fault_of_map.what}", fault_of_map.remedy)
        return found
    if (
        max(abs(transform.b), abs(transform.d)) > SQUARE_TOLERANCE * transform.a
        or transform.a <= 0
        or transform.e >= 0
    ):
        fault(
            f"image {path.name} is rotated or flipped",
            "Warp it to a north-up grid, with gdalwarp IMAGE NEW.tif.",
        )
        return found
    if pixel_size_m is not None and abs(pixel_size_m - transform.a) > 0.01 * transform.a:
        fault(
            f"has pixel_size_m {pixel_size_m:g}, but image {path.name} has {transform.a:g} m",
            "Clear the cell: the file gives the pixel size.",
        )
    return found | {
        "pixel_size_x_m": transform.a,
        "pixel_size_y_m": -transform.e,
        "crs": flat_name(name),
        "upper_left_x": transform.c,
        "upper_left_y": transform.f,
    }
