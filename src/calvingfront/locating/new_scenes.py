"""New scenes to locate: what is known of each, and its image on the square sample."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rasterio.crs import CRS

from calvingfront.errors import SceneError
from calvingfront.files import PathLike
from calvingfront.locating.degrees import crs_text
from calvingfront.locating.inputs.radar_product import RadarProduct
from calvingfront.samples.geometry import square_grid
from calvingfront.samples.median import filter_image
from calvingfront.samples.square import describe_sample, read_image_of_sample, resize_image
from calvingfront.scenes.imagery.headers import image_header
from calvingfront.scenes.importing import read_new_image
from calvingfront.scenes.lists.caffe_names import parse_name
from calvingfront.tabular.cells import Unreadable
from calvingfront.tabular.days import read_day

ASK = "Give --mission and --acquired, list it in a table (--table), or name it as CaFFe does."


@dataclass(frozen=True)
class NewScene:
    """An image or a product whose front is wanted.

    acquired: YYYY-MM-DD, UTC, or of a product the date-time. image: geocoded, or the product.
    pixel_size_m: of an image without a map position; else None. orbit: orbit or image id.
    values, band: the kind of the image's values and its band, if known; see `read_new_image`.
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
    values: str | None = None
    band: str | None = None


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
        faults: list[str] = []

        def note(what: str, _: str, to: list[str] = faults) -> None:
            to.append(what)

        header = image_header(scene.image, scene.pixel_size_m, note, scene.band)
        if not faults and header.get("crs") is not None:
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


def prepare(
    scene: NewScene, size: int, median_area_m2: float, variant: str, grey_levels: str
) -> Sample:
    """Bring a geocoded scene to the square sample, in the same steps as the workflow.

    8 bit, median filter, padding and resize. The settings are those of the model (`Preprocessing`).
    Raises SceneError if the image cannot be used.
    """
    grey, header, _, _ = read_new_image(
        scene.image, scene.pixel_size_m, scene.values, scene.band, grey_levels, scene.view
    )
    across, down = float(header["pixel_size_x_m"]), float(header["pixel_size_y_m"])
    filtered = filter_image(grey, across, down, median_area_m2)
    grid = square_grid(filtered.shape[0], filtered.shape[1], down, across, size, variant)
    place = (header.get(key) for key in ("crs", "upper_left_x", "upper_left_y"))
    meta = describe_sample(scene.scene, filtered.shape, grid, across, down, variant, None, *place)
    image = resize_image(filtered, grid, variant)
    return _sample(
        image, meta, scene.glacier, scene.mission, scene.acquired, scene.orbit, scene.view
    )


def sample_of_file(
    sample: PathLike,
    glacier: str,
    mission: str,
    acquired: str,
    orbit: str | None = None,
    view: PathLike | None = None,
) -> Sample:
    """The sample of a scene of the workflow (see `square_file`), with or without a front.

    acquired: YYYY-MM-DD. view: see `Sample`.
    """
    image, meta = read_image_of_sample(sample)
    return _sample(image, meta, glacier, mission, acquired, orbit, Path(view) if view else None)


def _sample(
    image: npt.NDArray[np.uint8],
    meta: dict[str, Any],
    glacier: str,
    mission: str,
    acquired: str,
    orbit: str | None,
    view: Path | None,
) -> Sample:
    about = {"glacier": glacier, "mission": mission, "acquired": acquired, "orbit": orbit}
    mean = float(image[: meta["content_height"], : meta["content_width"]].mean())
    return Sample(image, meta | about, mean, view)


def checked_day(text: str, where: object) -> str:
    """The UTC day YYYY-MM-DD of a text that cannot be misread (`tabular.days`)."""
    try:
        return read_day(text)
    except Unreadable as error:
        raise SceneError(where, f"has an invalid date: {error.what}", error.remedy) from None
