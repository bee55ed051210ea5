"""Scenes that a table lists: images and products with what is known of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd

from calvingfront.errors import CalvingFrontError, SceneError
from calvingfront.files import PathLike
from calvingfront.locating.inputs.known import Said, product_of_row
from calvingfront.locating.inputs.radar_product import no_map
from calvingfront.locating.new_scenes import NewScene, checked_day
from calvingfront.vocabulary.kinds import ASK, known_kind

COLUMNS = ("scene", "glacier")
SOURCES = ("image", "product")
NO_ARCHIVE = "Unpack it first."


def read_table_of_scenes(
    table: PathLike,
    said: Said | None = None,
    unpacked: Callable[[Path], Path] | None = None,
    faults: list[CalvingFrontError] | None = None,
) -> list[NewScene]:
    """Read a CSV or TSV with the columns scene, glacier, and image or product (or both).

    A line with an image also needs mission and acquired, and may have pixel_size_m, values and band
    (without them, those that are said hold); of a product, both are read from its header, and
    polarisation and orbit_file may be given. Paths start at the table's folder; other columns are
    not read.
    said: holds for all products, with the map (chart). unpacked: unpacks archives.
    faults: takes the faults of products, whose lines are then left out; without it they are raised.
    Raises SceneError with the line at fault.
    """
    path = Path(table)
    separator = "\t" if path.suffix.lower() in {".tsv", ".tab"} else ","
    try:
        cells = pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise SceneError(path, f"cannot be read ({error})", "Give a CSV or TSV.") from None
    missing = [column for column in COLUMNS if column not in cells.columns]
    if not set(SOURCES) & set(cells.columns):
        missing.append(" or ".join(SOURCES))
    if missing:
        raise SceneError(
            path,
            f"has no column {', '.join(missing)}",
            "Give scene, glacier, mission, acquired, and image or product.",
        )
    said = said or Said()
    unmapped = []
    scenes = []
    for number, record in enumerate(cells.to_dict("records"), start=2):
        cell = {str(name): str(value).strip() for name, value in record.items()}
        where = f"{path.name} line {number}"
        given = [name for name in SOURCES if cell.get(name)]
        if not cell["scene"]:
            raise SceneError(where, "has no scene", "Fill in the cell.")
        if len(given) != 1:
            what = "has both an image and a product" if given else "has no image"
            if not given and "product" in cell:
                what += " and no product"
            raise SceneError(where, what, "Give one of them.")
        if given == ["image"]:
            scenes.append(_image(cell, path.parent, where, said))
            continue
        if said.chart is None:
            unmapped.append(cell["scene"])
            continue
        try:
            scenes.append(_product(cell, path.parent, where, said, unpacked))
        except CalvingFrontError as error:
            if faults is None:
                raise
            faults.append(error)
    if unmapped:
        if faults is None:
            raise no_map(unmapped)
        faults.append(no_map(unmapped))
    return scenes


def _image(cell: Mapping[str, str], folder: Path, where: str, said: Said) -> NewScene:
    for column in ("mission", "acquired"):
        if not cell.get(column):
            raise SceneError(where, f"has no {column}", "Fill in the cell.")
    size = cell.get("pixel_size_m", "")
    try:
        values = known_kind(cell.get("values")) or said.values
    except ValueError as error:
        raise SceneError(where, str(error), ASK) from None
    return NewScene(
        scene=cell["scene"],
        glacier=cell["glacier"],
        mission=cell["mission"],
        acquired=checked_day(cell["acquired"], where),
        image=folder / cell["image"],
        pixel_size_m=_metres(size, where) if size else None,
        values=values,
        band=cell.get("band") or said.band,
    )


def _product(
    cell: Mapping[str, str],
    folder: Path,
    where: str,
    said: Said,
    unpacked: Callable[[Path], Path] | None,
) -> NewScene:
    def refuse(archive: Path) -> Path:
        raise SceneError(archive, "is an archive", NO_ARCHIVE)

    day = cell.get("acquired", "")
    orbit_file = cell.get("orbit_file")
    own = replace(
        said,
        mission=cell.get("mission") or said.mission,
        acquired=checked_day(day, where) if day else said.acquired,
        glacier=cell["glacier"],
        polarisation=cell.get("polarisation") or said.polarisation,
        orbit_file=folder / orbit_file if orbit_file else said.orbit_file,
    )
    return product_of_row(folder / cell["product"], cell["scene"], own, unpacked or refuse)


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
