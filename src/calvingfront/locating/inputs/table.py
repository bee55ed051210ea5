"""Scenes that a table lists: images and products with what is known of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from calvingfront.errors import CalvingFrontError, SceneError
from calvingfront.files import PathLike
from calvingfront.locating.inputs.known import Said, product_of_row
from calvingfront.locating.inputs.radar_product import no_map
from calvingfront.locating.new_scenes import NewScene, checked_day
from calvingfront.tabular.cells import Unreadable, name_of
from calvingfront.tabular.numbers import pixel_size
from calvingfront.tabular.text_tables import read_table
from calvingfront.vocabulary.kinds import ASK, known_kind

COLUMNS = ("scene", "glacier")
SOURCES = ("image", "product")
OTHERS = (
    "mission", "acquired", "pixel_size_m", "values", "band", "polarisation", "orbit_file"
)  # fmt: skip
NO_ARCHIVE = "Unpack it first."


def read_table_of_scenes(
    table: PathLike,
    said: Said | None = None,
    unpacked: Callable[[Path], Path] | None = None,
    faults: list[CalvingFrontError] | None = None,
) -> list[NewScene]:
    """Read a user's table with the columns scene, glacier, and image or product (or both).

    A line with an image also needs mission and acquired, and may have pixel_size_m, values and band
    (without them, those that are said hold); of a product, both are read from its header, and
    polarisation and orbit_file may be given. Paths start at the table's folder; other columns are
    not read.
    said: holds for all products, with the map (chart). unpacked: unpacks archives.
    faults: takes the faults of products, whose lines are then left out; without it they are raised.
    Raises SceneError with the line at fault, TableError or Faults if the table cannot be read.
    """
    path = Path(table)
    read = read_table(path, (*COLUMNS, *SOURCES, *OTHERS))
    lacking = [name for name in COLUMNS if name not in read.names]
    if not set(SOURCES) & set(read.names):
        lacking.append(" or ".join(SOURCES))
    if lacking:
        raise SceneError(
            path,
            f"has no column {', '.join(lacking)} (it has {', '.join(filter(None, read.names))})",
            "Give scene, glacier, mission, acquired, and image or product.",
        )
    said = said or Said()
    unmapped = []
    scenes = []
    for row in read.sound_rows():
        cell = row.cells | {"glacier": name_of(row.cells["glacier"])}
        where = f"{path.name} line {row.line}"
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
    size = cell.get("pixel_size_m")
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
        return pixel_size(text)
    except Unreadable as error:
        what = f"has an invalid pixel size: {error.what}"
        raise SceneError(where, what, error.remedy) from None
