"""New scenes to locate: what is known of each, and its image on the square sample."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rasterio.crs import CRS

from calvingfront.errors import SceneError
from calvingfront.locating.degrees import crs_text
from calvingfront.locating.inputs.radar_product import RadarProduct
from calvingfront.samples.geometry import square_grid
from calvingfront.samples.median import kernel_side, median_filter
from calvingfront.samples.square import resize_image
from calvingfront.scenes.caffe import parse_name
from calvingfront.scenes.images import grid_of_image, image_header
from calvingfront.scenes.rasters import read_image
from calvingfront.scenes.scaling import to_8bit

ASK = "Give --mission and --acquired, list it in a table (--table), or name it as CaFFe does."


@dataclass(frozen=True)
class NewScene:
    """An image or a product whose front is wanted.

    acquired: YYYY-MM-DD, UTC, or of a product the date-time. image: geocoded, or the product.
    pixel_size_m: of an image without a map position; else None. orbit: orbit or image id.
    product: if it still has to be geocoded. view: its codes on the grid of the image (0 no data,
    1 valid, 2 layover, 3 shadow), once it is.
    """

    scene: str
    glacier: str
    mission: str
    acquired: str
    image: Path
    pixel_size_m: float | None = None
    orbit: str | None = None
    product: RadarProduct | None = None
    view: Path | None = None


@dataclass(frozen=True)
class Sample:
    """The square sample of a scene: image (s, s) uint8, and its row as in the index of a data set.

    mean_grey: of the sample without its padding, 0…255. view: as in NewScene.
    """

    image: npt.NDArray[np.uint8]
    facts: dict[str, Any]
    mean_grey: float
    view: Path | None = None


def check_scenes(scenes: Sequence[NewScene], crs: str | None) -> None:
    """Check that the fronts of all scenes can be written to one file, in `crs` if given.

    Raises SceneError if a scene appears twice, `crs` is no CRS, or it is needed: the scenes are in
    several.
    """
    twice = sorted(n for n, count in Counter(s.scene for s in scenes).items() if count > 1)
    if twice:
        raise SceneError(twice[0], "appears twice", "Give each scene its own name.")
    if crs is not None:
        try:
            crs_text(crs)
        except ValueError as error:
            raise SceneError("--crs", str(error), "Give a code such as EPSG:3031.") from None
        return
    known = crs_of_images(scenes)
    if len(known) > 1:
        what = f"is needed, because the images are in {' and '.join(known)}"
        raise SceneError("--crs", what, "Give the CRS of the file.")


def crs_of_images(scenes: Sequence[NewScene]) -> list[str]:
    """The CRSs of the scenes, sorted; images that cannot be used are passed over."""
    found: set[str] = set()
    for scene in scenes:
        if scene.product is not None:
            found.add(CRS.from_user_input(scene.product.chart["crs"]).to_string())
            continue
        try:
            header = image_header(scene.image, scene.pixel_size_m, _refuse(scene.image))
        except SceneError:
            continue
        if header.get("crs") is not None:
            found.add(str(header["crs"]))
    return sorted(found)


def scene_of(
    image: Path,
    mission: str | None,
    acquired: str | None,
    glacier: str | None,
    pixel_size_m: float | None,
    name: str | None = None,
) -> NewScene:
    """What is known of an image by the options given, or by its name if that is CaFFe's.

    name: of the scene, if it is not the image's.

    Raises SceneError if mission or day are unknown: they are never guessed.
    """
    known: dict[str, Any] = {
        "scene": name or image.stem,
        "glacier": "",
        "mission": "",
        "acquired": "",
    }
    try:
        known |= parse_name(image.stem) | {"scene": name or image.stem}
    except SceneError:
        if not (mission and acquired):
            missing = " and ".join(
                name for name, given in (("mission", mission), ("day", acquired)) if not given
            )
            raise SceneError(image, f"has no known {missing}", ASK) from None
    return NewScene(
        scene=name or image.stem,
        glacier=glacier or str(known["glacier"]),
        mission=mission or str(known["mission"]),
        acquired=checked_day(acquired or str(known["acquired"]), image),
        image=image,
        pixel_size_m=pixel_size_m,
    )


def prepare(scene: NewScene, size: int, median_area_m2: float, variant: str) -> Sample:
    """Bring a geocoded scene to the square sample, in the same steps as the workflow.

    8 bit, median filter, padding and resize. Raises SceneError if the image cannot be used.
    """
    values, valid, crs, transform = read_image(scene.image)
    refuse = _refuse(scene.image)
    header = grid_of_image(scene.image, values.shape, crs, transform, scene.pixel_size_m, refuse)
    grey = to_8bit(values, valid, scene.image)
    across, down = float(header["pixel_size_x_m"]), float(header["pixel_size_y_m"])
    sides = kernel_side(median_area_m2, down), kernel_side(median_area_m2, across)
    filtered = median_filter(grey, *sides)
    height, width = filtered.shape
    grid = square_grid(height, width, down, across, size, variant)
    facts = {
        "scene": scene.scene,
        "glacier": scene.glacier,
        "mission": scene.mission,
        "acquired": scene.acquired,
        "orbit": scene.orbit,
        "pixel_size_m": grid.pixel_size_m,
        "content_height": grid.content_height,
        "content_width": grid.content_width,
        "source_pixel_size_x_m": across,
        "source_pixel_size_y_m": down,
        "step_x": grid.step_x,
        "step_y": grid.step_y,
        **{key: header.get(key) for key in ("crs", "upper_left_x", "upper_left_y")},
    }
    image = resize_image(filtered, grid, variant)
    mean = float(image[: grid.content_height, : grid.content_width].mean())
    return Sample(image, facts, mean, scene.view)


def _refuse(image: Path) -> Any:
    def fault(what: str, remedy: str) -> None:
        raise SceneError(image, what, remedy)

    return fault


def checked_day(text: str, where: object) -> str:
    """Check a day: YYYY-MM-DD and nothing else, because 07/03/2004 is read in two ways."""
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
            raise ValueError(text)
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise SceneError(where, f"has the date {text!r}", "Write YYYY-MM-DD.") from None
