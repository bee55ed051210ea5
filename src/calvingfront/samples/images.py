"""Scenes of the user's own, listed: a table of geocoded images with front masks or lines."""

from __future__ import annotations

import logging
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pandas as pd
from rasterio.errors import RasterioError

from calvingfront.errors import CalvingFrontError, ConfigError, Faults, SceneError
from calvingfront.samples.caffe import EXCLUDE
from calvingfront.samples.rasters import is_raster, open_raster
from calvingfront.samples.scene_table import SCENE_NAME, scene_table

log = logging.getLogger(__name__)

REQUIRED = ("scene", "glacier", "mission", "acquired", "image", "front")
OPTIONAL = ("pixel_size_m", "quality")
SQUARE_TOLERANCE = 1e-6  # relative rotation that counts as none


def list_images(table: str | Path | None, exclude: Collection[str] = ()) -> pd.DataFrame:
    """The scene table of a user's table (CSV or TSV), completed from the image headers.

    Paths start at the table's folder. Raises Faults with everything that is wrong.
    """
    if table is None or not Path(table).is_file():
        raise ConfigError(
            "source.images.table", f"{table} is not a file", "Write the path of a CSV or TSV."
        )
    separator = "\t" if Path(table).suffix.lower() in {".tsv", ".tab"} else ","
    cells = pd.read_csv(table, sep=separator, dtype=str, keep_default_na=False)
    missing = [column for column in REQUIRED if column not in cells.columns]
    if missing:
        raise ConfigError(
            "source.images.table",
            f"{table} lacks the columns {', '.join(missing)}",
            f"Give the columns {', '.join(REQUIRED)} and, where wanted, {', '.join(OPTIONAL)}.",
        )
    faults: list[CalvingFrontError] = []
    rows: list[dict[str, Any]] = []
    seen: set[str] = set()
    for number, record in enumerate(cells.to_dict("records"), start=2):
        cell = {str(key): str(value).strip() for key, value in record.items()}
        if cell["scene"] in exclude:
            seen.add(cell["scene"])
            continue
        where = f"{Path(table).name} line {number} ({cell['scene'] or 'no name'})"
        try:
            row, problems = _row(cell, Path(table).parent, where)
        except SceneError as error:
            row, problems = {}, [error]
        if cell["scene"] in seen:
            problems.append(SceneError(where, "stands in the table twice", "Delete one line."))
        seen.add(cell["scene"])
        faults.extend(problems)
        rows.append(row)
    for name in sorted(set(exclude) - seen):
        faults.append(
            ConfigError(
                f"source.exclude.{name}", "there is no such scene", "Correct or delete the key."
            )
        )
    if not rows and not faults:
        faults.append(ConfigError("source.images.table", f"{table} lists no scene", "Add lines."))
    if faults:
        raise Faults(faults, EXCLUDE)
    scenes = scene_table(rows)
    scenes.attrs["notes"] = [f"{Path(table).name}: {len(cells)} lines, {len(scenes)} used"]
    return scenes


def _row(
    cell: dict[str, str], folder: Path, where: str
) -> tuple[dict[str, Any], list[CalvingFrontError]]:
    """One row of the scene table, and what is wrong with it."""
    problems: list[CalvingFrontError] = []

    def fault(what: str, remedy: str) -> None:
        problems.append(SceneError(where, what, remedy))

    row: dict[str, Any] = {key: cell[key] for key in ("scene", "glacier", "mission", "acquired")}
    if not SCENE_NAME.fullmatch(cell["scene"]):
        fault(f"has the name {cell['scene']!r}", "Use letters, digits, '.', '_' and '-' only.")
    for key in ("glacier", "mission"):
        if not cell[key]:
            fault(f"has no {key}", "Fill the cell.")
    try:
        day = pd.Timestamp(cell["acquired"])
        row["acquired"] = day.strftime("%Y-%m-%d")
    except (ValueError, TypeError):
        fault(f"has the date {cell['acquired']!r}", "Write YYYY-MM-DD.")
    quality = cell.get("quality", "")
    if quality and quality not in set("123456"):
        fault(f"has the quality {quality!r}", "Write 1 (best) to 6, or leave it empty.")
    row["quality"] = int(quality) if quality in set("123456") and quality else None
    for key in ("image", "front"):
        row[key] = str(folder / cell[key])
        if not cell[key] or not (folder / cell[key]).is_file():
            fault(f"{key} {cell[key]!r} does not exist", f"Paths start at {folder}.")
    pixel_size = None
    if cell.get("pixel_size_m"):
        try:
            pixel_size = float(cell["pixel_size_m"])
        except ValueError:
            pixel_size = -1.0
        if not pixel_size > 0:
            fault(f"has the pixel size {cell['pixel_size_m']!r}", "Write metres above zero.")
    if cell["image"] and (folder / cell["image"]).is_file():
        row |= _header(folder / cell["image"], pixel_size, fault)
    if "height_px" in row and cell["front"] and (folder / cell["front"]).is_file():
        _check_mask_size(folder / cell["front"], (row["height_px"], row["width_px"]), fault)
    return row, problems


def _check_mask_size(front: Path, shape: tuple[int, int], fault: Any) -> None:
    """A mask must have the image's (height, width); lines are looked at when they are burnt."""
    if not is_raster(front):
        return
    with open_raster(front) as dataset:
        height, width = dataset.height, dataset.width
    if (height, width) != shape:
        fault(
            f"front {front.name} is {height} × {width} px, its image {shape[0]} × {shape[1]}",
            "Draw the mask on the image's own grid, or give the front as lines.",
        )


def _header(path: Path, pixel_size_m: float | None, fault: Any) -> dict[str, Any]:
    """Size, pixel size and place of an image from its header; `fault(what, remedy)` on faults."""
    try:
        with open_raster(path) as dataset:
            height, width = dataset.height, dataset.width
            crs, transform = dataset.crs, dataset.transform
    except RasterioError as error:
        fault(f"image {path.name} cannot be read ({error})", "Fetch or convert the file.")
        return {}
    found: dict[str, Any] = {"height_px": height, "width_px": width}
    if crs is None:
        if pixel_size_m is None:
            fault(
                f"image {path.name} has no coordinate reference system and no known pixel size",
                "Give pixel_size_m in the table, or a GeoTIFF with its CRS.",
            )
        return found | {"pixel_size_x_m": pixel_size_m, "pixel_size_y_m": pixel_size_m}
    name = crs.to_string()
    if not crs.is_projected or crs.linear_units.lower() not in {"metre", "meter", "m"}:
        fault(
            f"image {path.name} is in {name}, not in projected metres",
            "Warp it first, as with gdalwarp -t_srs EPSG:3031.",
        )
        return found
    if (
        max(abs(transform.b), abs(transform.d)) > SQUARE_TOLERANCE * transform.a
        or transform.a <= 0
        or transform.e >= 0
    ):
        fault(f"image {path.name} is rotated or flipped", "Warp it to a north-up grid.")
        return found
    if pixel_size_m is not None and abs(pixel_size_m - transform.a) > 0.01 * transform.a:
        fault(
            f"has pixel_size_m {pixel_size_m:g}, but image {path.name} has {transform.a:g} m",
            "Delete the cell: the file knows it.",
        )
    return found | {
        "pixel_size_x_m": transform.a,
        "pixel_size_y_m": -transform.e,
        "crs": name,
        "upper_left_x": transform.c,
        "upper_left_y": transform.f,
    }
