"""List the user's own scenes: a table of geocoded images, with front masks or lines if known."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from calvingfront.errors import ConfigError
from calvingfront.scenes.fronts.listing import Fronts, front_of
from calvingfront.scenes.imagery.headers import image_header
from calvingfront.scenes.places.metres import stretched
from calvingfront.scenes.scene_table import with_front
from calvingfront.scenes.user_table import Fault, day_of, existing, fetched, list_table, metres_of
from calvingfront.vocabulary.auxiliary import learns_zones
from calvingfront.vocabulary.kinds import ASK, known_kind

REQUIRED = ("scene", "glacier", "mission", "acquired", "image")
OPTIONAL = ("front", "pixel_size_m", "quality", "values", "band")


def from_config(config: Mapping[str, Any]) -> pd.DataFrame:
    """The scene table of `source.images`."""
    source, zones = config["source"], learns_zones(config)
    return list_images(**source["images"], exclude=source["exclude"] or {}, zones=zones)


def faults(config: Mapping[str, Any]) -> Iterator[ConfigError]:
    """What is missing in `source.images`."""
    if config["source"]["images"]["table"] is None:
        yield ConfigError(
            "source.images.table",
            "is not set, but source.kind is images",
            "Write the CSV or TSV that lists the images, and their fronts if known",
        )


def list_images(
    table: str | Path | None,
    exclude: Collection[str] = (),
    values: str | None = None,
    band: str | None = None,
    zones: bool = False,
) -> pd.DataFrame:
    """The scene table of a user's table (CSV or TSV), completed from the image headers.

    values, band: of the images whose own columns values and band are empty. zones: whether to read
    the column zones; `attrs["zones"]` is then scene → mask, for the scenes with a front and a mask.
    Paths are relative to the table's folder. Raises Faults with all faults.
    """
    fronts = Fronts()
    masks: dict[str, str] | None = {} if zones else None
    make_row = partial(_row, fronts=fronts, values=values, band=band, zones=masks)
    required = (*REQUIRED, "zones") if zones else REQUIRED
    scenes = list_table(table, "source.images.table", required, OPTIONAL, exclude, make_row)
    scenes.attrs["notes"] = [*scenes.attrs["notes"], *fronts.notes(), *stretched(scenes)]
    if masks is not None:
        scenes.attrs["zones"] = masks
        lacking = len(with_front(scenes)) - len(masks)
        if lacking:
            note = f"{lacking} scenes with a front have no zones: networks learn none from them"
            scenes.attrs["notes"].append(note)
    return scenes


def _row(
    cell: dict[str, str],
    folder: Path,
    fault: Fault,
    fronts: Fronts,
    values: str | None = None,
    band: str | None = None,
    zones: dict[str, str] | None = None,
) -> dict[str, Any]:
    """The columns of a line: mission, date, files, kind of values, and the image's header.

    zones: to which the scene's mask of zones is added; None if they are not read.
    An image without a front may be unusable here: its own job says why, and stops no other.
    """
    row: dict[str, Any] = {"mission": cell["mission"], "acquired": day_of(cell["acquired"], fault)}
    if not cell["mission"]:
        fault("has no mission", "Fill in the cell.")
    image = existing(cell, "image", folder, fault)
    front, layer = front_of(cell, folder, fault)
    if image is not None and cell["front"] and not fetched(image, "image", fault):
        image = None
    if image is not None and front is not None and front.samefile(image):
        fault(f"front {front.name} is the image itself", "Give the front's own file.")
        front = None
    if zones is not None and cell["front"] and cell["zones"]:
        mask = existing(cell, "zones", folder, fault)
        if mask is not None and fetched(mask, "zones", fault):
            zones[cell["scene"]] = str(mask)
    row["image"] = str(folder / cell["image"])
    row["front"] = str(folder / cell["front"]) if cell["front"] else None
    text = cell.get("pixel_size_m")
    pixel_size = metres_of(text, fault) if text else None
    row["band"] = band = cell.get("band") or band
    try:
        row["values"] = known_kind(cell.get("values")) or values
    except ValueError as error:
        fault(str(error), ASK)
    if text and pixel_size is None:
        return row
    if image is not None and cell["front"]:
        row |= image_header(image, pixel_size, fault, band)
    elif image is not None:
        faults: list[str] = []
        header = image_header(image, pixel_size, lambda what, _: faults.append(what), band)
        own = {"pixel_size_x_m": pixel_size, "pixel_size_y_m": pixel_size}
        row |= own if faults else header
    if front is not None:
        known = row if "pixel_size_x_m" in row else None
        fronts.check(front, layer, cell | {"acquired": row["acquired"]}, fault, known)
    return row
