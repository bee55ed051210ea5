"""From a scene of any extent to a square sample of square pixels."""

from __future__ import annotations

import json
import math
from typing import Any

import cv2
import numpy as np

from calvingfront.errors import SampleError, SceneError
from calvingfront.files import PathLike, replacing
from calvingfront.samples.geometry import SquareGrid, square_grid
from calvingfront.samples.widening import widened
from calvingfront.scenes.pixels import Grey, Mask, read_front, read_grey
from calvingfront.storage.sealed import reading


def resize_image(
    image: Grey, grid: SquareGrid, variant: str = "paper", interpolation: int = cv2.INTER_LINEAR
) -> Grey:
    """Resize bilinearly onto `grid`, zeros in the padding; (size, size) uint8.

    `paper`: pad at bottom and right to a square on the ground, then resize. `released`: resize,
    then pad. Bilinear means the four nearest pixels, even if the image shrinks: as in the paper, no
    low-pass filter precedes it (the median filter has already reduced the speckle).
    interpolation: another of OpenCV's ways to resize.
    """
    square: Grey = np.zeros((grid.size, grid.size), dtype=np.uint8)
    if variant == "released":
        shape = grid.content_width, grid.content_height
        content = cv2.resize(image, shape, interpolation=interpolation)
        square[: grid.content_height, : grid.content_width] = content
        return square
    # If pixels are not square, the padded canvas ends within a pixel: it is rounded up, the scale
    # is given exactly, and what lies beyond the square is cut off.
    rows = math.ceil(grid.size * grid.step_y - 1e-6)
    cols = math.ceil(grid.size * grid.step_x - 1e-6)
    canvas = np.pad(image, ((0, rows - image.shape[0]), (0, cols - image.shape[1])))
    resized = cv2.resize(
        canvas, None, fx=1 / grid.step_x, fy=1 / grid.step_y, interpolation=interpolation
    )
    return np.ascontiguousarray(resized[: grid.size, : grid.size], dtype=np.uint8)


def resize_labels(labels: Grey, grid: SquareGrid) -> Grey:
    """Nearest neighbour (by pixel centres) onto `grid`, 0 in the padding; (size, size) uint8."""
    rows = _nearest(labels.shape[0], grid.step_y, grid.content_height)
    cols = _nearest(labels.shape[1], grid.step_x, grid.content_width)
    square: Grey = np.zeros((grid.size, grid.size), dtype=np.uint8)
    square[: grid.content_height, : grid.content_width] = labels[np.ix_(rows, cols)]
    return square


def _nearest(length: int, step: float, count: int) -> Any:
    return np.minimum(((np.arange(count) + 0.5) * step).astype(np.intp), length - 1)


def square_front(mask: Mask, grid: SquareGrid, width_px: int, variant: str = "paper") -> Mask:
    """Draw a prepared front (see `fronts.prepare_front`) on the sample; (size, size) bool.

    `paper`: thin until now, it becomes `width_px` wide (`widening.widened`). The `released` variant
    resizes as the authors do, by OpenCV's nearest neighbour: sample pixel i is scene pixel
    floor(i · step), so that the front lies up to half a sample pixel further down and right than on
    the image, which is resized by pixel centres.
    """
    if variant != "released":
        return widened(mask, grid, width_px)
    square = np.zeros((grid.size, grid.size), dtype=np.bool_)
    content = cv2.resize(
        mask.astype(np.uint8),
        (grid.content_width, grid.content_height),
        interpolation=cv2.INTER_NEAREST,
    )
    square[: grid.content_height, : grid.content_width] = content > 0
    return square


def square_file(
    image: PathLike,
    front: PathLike | None,
    scene: str,
    pixel_size_x_m: float,
    pixel_size_y_m: float,
    size: int,
    front_width_px: int,
    output: PathLike,
    variant: str = "paper",
    crs: str | None = None,
    upper_left_x: float | None = None,
    upper_left_y: float | None = None,
    place: PathLike | None = None,
) -> None:
    """Write the sample of one scene: `image`, `front` (0/1), `valid` (0/1) and `meta` (JSON).

    image, front: the filtered image and the prepared front, on the same grid. Without a front the
    sample has none either.
    place: GeoTIFF of that grid; if given, CRS and corner are read from it.
    The arrays are uint8, (size, size). Raises SceneError if image and front differ in size,
    DamagedFileError if one is damaged.
    """
    pixels, mask = read_grey(image, made=True), read_front(front, made=True) if front else None
    if mask is not None and pixels.shape != mask.shape:
        raise SceneError(
            scene,
            f"has an image of {pixels.shape[0]} × {pixels.shape[1]} px but a front of "
            f"{mask.shape[0]} × {mask.shape[1]} px",
            "Draw the front on the image's own grid.",
        )
    if place is not None:
        from calvingfront.scenes.rasters import open_raster  # rasterio: only if needed

        with reading(place), open_raster(place) as dataset:
            crs = dataset.crs.to_string()
            upper_left_x, upper_left_y = dataset.transform.c, dataset.transform.f
    height, width = pixels.shape
    size_y, size_x = float(pixel_size_y_m), float(pixel_size_x_m)
    grid = square_grid(height, width, size_y, size_x, size, variant)
    valid = np.zeros((size, size), dtype=np.uint8)
    valid[: grid.content_height, : grid.content_width] = 1
    meta = describe_sample(
        scene, pixels.shape, grid, size_x, size_y, variant, front_width_px,
        crs, upper_left_x, upper_left_y,
    )  # fmt: skip
    arrays: dict[str, Any] = {"image": resize_image(pixels, grid, variant)}
    if mask is not None:
        arrays["front"] = square_front(mask, grid, front_width_px, variant).astype(np.uint8)
    arrays |= {"valid": valid, "meta": np.array(json.dumps(meta))}
    with replacing(output) as temporary:
        np.savez_compressed(temporary, **arrays)


def describe_sample(
    scene: str,
    shape: tuple[int, ...],
    grid: SquareGrid,
    pixel_size_x_m: float,
    pixel_size_y_m: float,
    variant: str,
    front_width_px: int | None,
    crs: Any,
    upper_left_x: Any,
    upper_left_y: Any,
) -> dict[str, Any]:
    """All that is known of a sample: the pixels, the padding, and the place on the map.

    shape: (height, width) of the scene, whose `grid` this is. front_width_px: None without a front.
    """
    return {
        "scene": scene,
        "pixel_size_m": grid.pixel_size_m,
        "content_height": grid.content_height,
        "content_width": grid.content_width,
        "source_height": shape[0],
        "source_width": shape[1],
        "source_pixel_size_x_m": pixel_size_x_m,
        "source_pixel_size_y_m": pixel_size_y_m,
        "step_x": grid.step_x,
        "step_y": grid.step_y,
        "variant": variant,
        "front_width_px": front_width_px,
        "crs": _known(crs),
        "upper_left_x": _known(upper_left_x),
        "upper_left_y": _known(upper_left_y),
    }


def read_meta(path: PathLike) -> dict[str, Any]:
    """What is known of one sample (see `describe_sample`). Raises DamagedFileError."""
    with reading(path), np.load(path, allow_pickle=False) as sample:
        meta: dict[str, Any] = json.loads(str(sample["meta"]))
        return meta


def read_image_of_sample(path: PathLike) -> tuple[Grey, dict[str, Any]]:
    """Image and meta of one sample, which need not have a front. Raises DamagedFileError."""
    with reading(path), np.load(path, allow_pickle=False) as sample:
        meta: dict[str, Any] = json.loads(str(sample["meta"]))
        return sample["image"], meta


def read_sample(path: PathLike) -> tuple[Grey, Grey, Grey, dict[str, Any]]:
    """Image, front, valid and meta of one sample.

    Raises SampleError if it has no front, DamagedFileError if it is damaged.
    """
    with reading(path), np.load(path, allow_pickle=False) as sample:
        if "front" not in sample:
            raise SampleError(path, "has no front", "Give its scene a front, and rerun its jobs.")
        meta: dict[str, Any] = json.loads(str(sample["meta"]))
        return sample["image"], sample["front"], sample["valid"], meta


def _known(value: Any) -> Any:
    """None for the empty cells of a table (empty text or NaN)."""
    if value is None or value == "" or value != value:
        return None
    return value if isinstance(value, str) else float(value)
