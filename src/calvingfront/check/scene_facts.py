"""What is measured on each image and front, for the pages on which a user checks the scenes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from calvingfront.errors import CalvingFrontError
from calvingfront.fronts.lines import centre_lines
from calvingfront.scenes.pixels import Grey, Mask, front_pixels, read_grey

NO_DATA, SATURATED = 0, 255
LARGEST_FRONT_SHARE = 0.25
Lines = list[npt.NDArray[np.int64]]


@dataclass(frozen=True)
class Looked:
    """An image with its front. lines: (n, 2) row and column of their vertices, px."""

    image: Grey
    front: Mask | None
    lines: Lines


@dataclass(frozen=True)
class SceneFacts:
    """One scene: its row of the table, and what was measured on its files.

    pixel_m: height and width of a pixel, m, None if unknown. shape: px. contrast: grey levels
    between the 5th and 95th percentile of the data. share: of the image, marked as front.
    front_m: its length. spread: the larger part of height and width that the front spans.
    on_no_data: share of the front. middle_m: of the front, x to the right and y down from the
    image's corner, or on the map. frame: what positions are comparable within. fault: why the
    files could not be read.
    """

    scene: str
    glacier: str
    mission: str
    acquired: str
    tag_m: float | None = None
    pixel_m: tuple[float, float] | None = None
    shape: tuple[int, int] = (0, 0)
    crs: str | None = None
    no_data: float = 0.0
    saturated: float = 0.0
    contrast: float = 0.0
    digest: str = ""
    labelled: bool = False
    share: float = 0.0
    front_m: float | None = None
    pieces: int = 0
    spread: float | None = None
    on_no_data: float = 0.0
    middle_m: tuple[float, float] | None = None
    frame: str = ""
    fault: str = ""


def look_at(row: Mapping[str, Any]) -> Looked:
    """Read the 8-bit image and the front of a row of the prepared scene table."""
    image = read_grey(row["image"])
    if row["front"] is None:
        return Looked(image, None, [])
    front = front_pixels(read_grey(row["front"]))
    thin = front.mean() < LARGEST_FRONT_SHARE  # an area has no centre line
    lines = centre_lines(front.astype(np.uint8)) if thin else []
    return Looked(image, front, [np.stack([line.rows, line.cols], axis=1) for line in lines])


def measure(row: Mapping[str, Any]) -> SceneFacts:
    """Measure one scene. A file that cannot be read is a fault of the scene, not an error."""
    names = {key: str(row[key]) for key in ("scene", "glacier", "mission", "acquired")}
    facts: dict[str, Any] = {**names, "tag_m": row["resolution_tag_m"]}
    facts["labelled"] = row["front"] is not None
    try:
        looked = look_at(row)
        place = _place_of(row)
    except CalvingFrontError as error:
        return SceneFacts(**facts, fault=str(error))
    image = looked.image
    data = image[image != NO_DATA]
    low, high = np.percentile(data, (5, 95)) if data.size else (0, 0)
    facts |= {
        "shape": image.shape,
        "pixel_m": place.pixel_m,
        "crs": place.crs,
        "no_data": 1 - data.size / image.size,
        "saturated": float((data == SATURATED).mean()) if data.size else 0.0,
        "contrast": float(high - low),
        "digest": hashlib.blake2b(image.tobytes() + repr(image.shape).encode()).hexdigest(),
    }
    if looked.front is not None:
        facts["share"] = float(looked.front.mean())
    if looked.front is not None and looked.lines:
        facts |= _of_front(looked, place)
    return SceneFacts(**facts)


@dataclass(frozen=True)
class _Place:
    pixel_m: tuple[float, float] | None
    crs: str | None
    corner: tuple[float, float] | None


def _place_of(row: Mapping[str, Any]) -> _Place:
    """Pixel size and place on the map: of the table, or of a map made by the workflow."""
    pixel = None
    if row["pixel_size_x_m"] is not None:
        pixel = (float(row["pixel_size_y_m"]), float(row["pixel_size_x_m"]))
    corner = None
    if row["upper_left_x"] is not None and row["upper_left_y"] is not None:
        corner = (float(row["upper_left_x"]), float(row["upper_left_y"]))
    crs = row["crs"]
    if crs is None and Path(row["image"]).suffix.lower() in {".tif", ".tiff"}:
        from calvingfront.scenes.rasters import open_raster

        with open_raster(row["image"]) as dataset:
            if dataset.crs is not None and dataset.crs.is_projected:
                transform, crs = dataset.transform, dataset.crs.to_string()
                corner, pixel = (transform.c, transform.f), (-transform.e, transform.a)
    return _Place(pixel, crs, corner)


def _of_front(looked: Looked, place: _Place) -> dict[str, Any]:
    """Length, span and middle of a front."""
    assert looked.front is not None
    height, width = looked.front.shape
    rows, columns = np.nonzero(looked.front)
    spread = max(np.ptp(rows) / max(1, height - 1), np.ptp(columns) / max(1, width - 1))
    same = looked.image.shape == looked.front.shape
    hidden = float((looked.image[looked.front] == NO_DATA).mean()) if same else 0.0
    found: dict[str, Any] = {
        "pieces": len(looked.lines), "spread": float(spread), "on_no_data": hidden,
    }  # fmt: skip
    if place.pixel_m is None:
        return found
    size = np.array(place.pixel_m)
    found["front_m"] = float(
        sum(np.hypot(*(np.diff(line, axis=0) * size).T).sum() for line in looked.lines)
    )
    down, right = (np.array([rows.mean(), columns.mean()]) + 0.5) * size
    if place.crs is None or place.corner is None:
        extent = f"{height * size[0]:.3g} × {width * size[1]:.3g} m"
        return found | {"middle_m": (float(right), float(down)), "frame": extent}
    left, top = place.corner
    return found | {"middle_m": (left + float(right), top - float(down)), "frame": place.crs}
