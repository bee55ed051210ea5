"""New scenes to locate: what is known of each, and its image on the square sample."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from calvingfront.errors import SceneError
from calvingfront.files import PathLike
from calvingfront.samples.geometry import square_grid
from calvingfront.samples.median import filter_image
from calvingfront.samples.square import describe_sample, read_image_of_sample, resize_image
from calvingfront.scenes.caffe import parse_name
from calvingfront.scenes.images import image_header
from calvingfront.scenes.importing import read_new_image

COLUMNS = ("scene", "glacier", "mission", "acquired", "image")
IMAGES = {".tif", ".tiff", ".png"}
ASK = "Give --mission and --acquired, list it in a table (--table), or name it as CaFFe does."


@dataclass(frozen=True)
class NewScene:
    """A geocoded image whose front is wanted.

    acquired: YYYY-MM-DD, UTC. pixel_size_m: of an image without a map position; else None.
    """

    scene: str
    glacier: str
    mission: str
    acquired: str
    image: Path
    pixel_size_m: float | None = None


@dataclass(frozen=True)
class Sample:
    """The square sample of a scene: image (s, s) uint8, and its row as in the index of a data set.

    mean_grey: of the sample without its padding, 0…255.
    view: GeoTIFF of view codes (0 no data, 1 valid, 2 layover, 3 shadow) on the grid of the scene,
    for a geocoded product; else None.
    """

    image: npt.NDArray[np.uint8]
    facts: dict[str, Any]
    mean_grey: float
    view: Path | None = None


def find_images(paths: Sequence[PathLike]) -> tuple[list[Path], list[SceneError]]:
    """Find the images among files and folders; hidden files are skipped.

    Returns the images, sorted within each folder, and a fault for each path that does not exist
    and each folder without an image.
    """
    images: list[Path] = []
    faults: list[SceneError] = []
    for path in map(Path, paths):
        if path.is_file():
            images.append(path)
        elif not path.exists():
            faults.append(SceneError(path, "does not exist", "Check the path."))
        else:
            found = sorted(
                file
                for file in path.iterdir()
                if file.suffix.lower() in IMAGES and not file.name.startswith(".")
            )
            images += found
            if not found:
                what = "contains no image (TIFF or PNG)"
                faults.append(SceneError(path, what, "Name the folder of the images."))
    return images, faults


def crs_of_images(scenes: Sequence[NewScene]) -> list[str]:
    """The CRSs of the scenes' images, sorted; images that cannot be used are passed over."""
    found: set[str] = set()
    for scene in scenes:
        faults: list[str] = []

        def note(what: str, _: str, to: list[str] = faults) -> None:
            to.append(what)

        header = image_header(scene.image, scene.pixel_size_m, note)
        if not faults and header.get("crs") is not None:
            found.add(str(header["crs"]))
    return sorted(found)


def scene_of(
    image: Path,
    mission: str | None,
    acquired: str | None,
    glacier: str | None,
    pixel_size_m: float | None,
) -> NewScene:
    """What is known of an image by the options given, or by its name if that is CaFFe's.

    Raises SceneError if mission or day are unknown: they are never guessed.
    """
    known: dict[str, Any] = {"scene": image.stem, "glacier": "", "mission": "", "acquired": ""}
    try:
        known |= parse_name(image.stem)
    except SceneError:
        if not (mission and acquired):
            missing = " and ".join(
                name for name, given in (("mission", mission), ("day", acquired)) if not given
            )
            raise SceneError(image, f"has no known {missing}", ASK) from None
    return NewScene(
        scene=str(known["scene"]),
        glacier=glacier or str(known["glacier"]),
        mission=mission or str(known["mission"]),
        acquired=_day(acquired or str(known["acquired"]), image),
        image=image,
        pixel_size_m=pixel_size_m,
    )


def read_table_of_scenes(table: PathLike) -> list[NewScene]:
    """Read a CSV or TSV with the columns scene, glacier, mission, acquired and image.

    Optional: pixel_size_m. Paths start at the table's folder; a column `front` is not read.
    Raises SceneError with the line at fault.
    """
    path = Path(table)
    separator = "\t" if path.suffix.lower() in {".tsv", ".tab"} else ","
    try:
        cells = pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise SceneError(path, f"cannot be read ({error})", "Give a CSV or TSV.") from None
    missing = [column for column in COLUMNS if column not in cells.columns]
    if missing:
        raise SceneError(
            path, f"has no column {', '.join(missing)}", f"Give the columns {', '.join(COLUMNS)}."
        )
    scenes = []
    for number, cell in enumerate(cells.to_dict("records"), start=2):
        where = f"{path.name} line {number}"
        for column in ("scene", "mission", "acquired", "image"):
            if not str(cell[column]).strip():
                raise SceneError(where, f"has no {column}", "Fill in the cell.")
        size = str(cell.get("pixel_size_m", "")).strip()
        scenes.append(
            NewScene(
                scene=str(cell["scene"]).strip(),
                glacier=str(cell["glacier"]).strip(),
                mission=str(cell["mission"]).strip(),
                acquired=_day(str(cell["acquired"]).strip(), where),
                image=path.parent / str(cell["image"]).strip(),
                pixel_size_m=_metres(size, where) if size else None,
            )
        )
    return scenes


def prepare(scene: NewScene, size: int, median_area_m2: float, variant: str) -> Sample:
    """Bring a scene to the square sample, in the same steps as the workflow.

    8 bit, median filter, padding and resize. Raises SceneError if the image cannot be used.
    """
    grey, header, _, _ = read_new_image(scene.image, scene.pixel_size_m)
    across, down = float(header["pixel_size_x_m"]), float(header["pixel_size_y_m"])
    filtered = filter_image(grey, across, down, median_area_m2)
    grid = square_grid(filtered.shape[0], filtered.shape[1], down, across, size, variant)
    place = (header.get(key) for key in ("crs", "upper_left_x", "upper_left_y"))
    meta = describe_sample(scene.scene, filtered.shape, grid, across, down, variant, None, *place)
    image = resize_image(filtered, grid, variant)
    return _sample(image, meta, scene.glacier, scene.mission, scene.acquired, None, None)


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


def _day(text: str, where: object) -> str:
    """Check a day: YYYY-MM-DD and nothing else, because 07/03/2004 is read in two ways."""
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
            raise ValueError(text)
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise SceneError(where, f"has the date {text!r}", "Write YYYY-MM-DD.") from None


def _metres(text: str, where: object) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 1e5:
        raise SceneError(
            where, f"has the pixel size {text!r}", "Write a positive number of metres."
        )
    return value
