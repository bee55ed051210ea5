"""Read fronts from the tables of other data sets, such as TermPicks and CALFIN."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, time
from pathlib import Path
from typing import Any

import pandas as pd
import shapely

from calvingfront.errors import SceneError
from calvingfront.locating.located_front import Floats, LocatedFront, time_text
from calvingfront.tabular.cells import Unreadable
from calvingfront.tabular.days import moment_of
from calvingfront.vocabulary.missions import MISSIONS

log = logging.getLogger(__name__)

# Column names in TermPicks, CALFIN, AutoTerm and GEEDiT, in lower case.
GLACIERS = ("glacierid", "glacier id", "glacier_id", "glacier", "termpicksid")
IMAGES = ("imageid", "image_id")


def cell(value: Any) -> Any:
    """A cell of a table; None where it is empty."""
    return None if value is None or value is pd.NaT or pd.isna(value) else value


def pieces(shape: Any, where: object) -> list[Floats]:
    """The pieces of a geometry, without heights. Raises SceneError unless they are lines."""
    if shape is None or shape.is_empty:
        return []
    parts = list(getattr(shape, "geoms", [shape]))
    if {part.geom_type for part in parts} - {"LineString", "LinearRing"}:
        raise SceneError(where, f"contains a {shape.geom_type}", "Keep lines only.")
    return [shapely.get_coordinates(part) for part in parts]


def fronts_of_others(
    table: Any, path: Path, glacier: str | None, skip_undated: bool
) -> list[LocatedFront]:
    """The fronts of a GeoDataFrame; see `reading.read_fronts` for the parameters.

    Raises SceneError where the CRS, glacier or day is missing or ambiguous, or a row has another
    geometry than lines.
    """
    if table.crs is None:
        raise SceneError(path, "has no CRS", "Add it to the file (a Shapefile needs its .prj).")
    columns = _columns(table, path, glacier)
    days = _days(table, path)
    undated = [number for number, day in enumerate(days, start=1) if not isinstance(day, str)]
    if undated and not skip_undated:
        why = days[undated[0] - 1]
        reason = f": {why.what}" if isinstance(why, Unreadable) else ""
        others = f"; rows without one: {len(undated)}" if len(undated) > 1 else ""
        raise SceneError(
            f"{path}, row {undated[0]}",
            f"has no readable date{reason}{others}",
            "Write YYYY-MM-DD into Date, or skip such rows: skip_undated=True.",
        )
    if undated:
        log.info("%s: rows skipped without a readable date: %d", path, len(undated))
    crs = table.crs.to_wkt()
    fronts: dict[str, LocatedFront] = {}
    for number, (row, day) in enumerate(zip(table.to_dict("records"), days, strict=True), start=1):
        if isinstance(day, str):
            where = f"{path}, row {number}"
            its = {key: _text(row[column]) if column else "" for key, column in columns.items()}
            lines = pieces(row[table.geometry.name], where)
            front = _front(its, day, crs, lines, fronts, where)
            fronts[front.scene] = front
    return list(fronts.values())


def _front(
    its: dict[str, str], day: str, crs: str, lines: list[Floats], taken: Any, where: str
) -> LocatedFront:
    if not its["glacier"]:
        raise SceneError(where, "has no glacier name", "Fill it in.")
    scene, count = f"{its['glacier']}_{day[:10]}", 1
    while scene in taken:
        count += 1
        scene = f"{its['glacier']}_{day[:10]}_{count}"
    missions = {mission.label: mission.name for mission in MISSIONS.values()}
    return LocatedFront(
        scene=scene,
        glacier=its["glacier"],
        mission=missions.get(its["satellite"], its["satellite"]),
        acquired=day,
        orbit=its["image"],
        pixel_size_m=None,
        crs=crs,
        lines=lines,
        model=None,
        threshold=None,
        members=None,
        quality=None if lines else "none",
        reason=f"QualFlag {its['flag']}" if its["flag"] else "",
        author=its["author"],
    )


def _columns(table: Any, path: Path, glacier: str | None) -> dict[str, str | None]:
    """The columns of glacier, image, satellite, author and flag; None where there is none."""
    glacier = glacier or _one(table, GLACIERS, "glacier", path)
    if glacier is None or glacier not in table.columns:
        raise SceneError(
            path,
            f"has no column {glacier or 'for the glacier'}; it has {', '.join(table.columns)}",
            "Name the column of the glacier: glacier=…",
        )
    return {
        "glacier": glacier,
        "image": _one(table, IMAGES, "image", path),
        "satellite": _one(table, ("satellite",), "satellite", path),
        "author": _one(table, ("author",), "author", path),
        "flag": _one(table, ("qualflag",), "quality", path),
    }


def _one(table: Any, names: Sequence[str], what: str, path: Path) -> str | None:
    """The one column with any of these names, ignoring case; None if there is none."""
    found = [str(column) for column in table.columns if str(column).lower() in names]
    if len(found) > 1:
        remedy = "Choose one: glacier=…" if what == "glacier" else "Keep one of them."
        fault = f"has more than one column for the {what}: {', '.join(found)}"
        raise SceneError(path, fault, remedy)
    return found[0] if found else None


def _text(value: Any) -> str:
    """A cell as text, "" if empty; 12.0 (an integer in a column with gaps) becomes 12."""
    value = cell(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else str(value).strip()


def _days(table: Any, path: Path) -> list[str | Unreadable | None]:
    """The day (YYYY-MM-DD) or UTC time of each row; why it is unreadable, None where it is missing.

    Raises SceneError where there is no column for it, a time has no time zone, or columns
    contradict each other.
    """
    column = _one(table, ("date",), "date", path)
    parts = [_one(table, (name,), name, path) for name in ("year", "month", "day")]
    if column is None and None in parts:
        raise SceneError(
            path,
            "has neither a column Date nor columns Year, Month and Day",
            "Write the day of each line into Date, as YYYY-MM-DD.",
        )
    found: list[str | Unreadable | None] = [None] * len(table)
    if column is not None:
        found = [_day(value, path) for value in table[column]]
    if None in parts:
        return found
    for k, values in enumerate(table[parts].itertuples(index=False, name=None)):
        day = _day("-".join(_text(value).zfill(2) for value in values), path)
        known = found[k]
        if isinstance(known, str) and isinstance(day, str) and known[:10] != day:
            raise SceneError(
                f"{path}, row {k + 1}",
                f"has {known} in {column}, but {day} in {', '.join(map(str, parts))}",
                "Correct the wrong one.",
            )
        if not isinstance(known, str):
            found[k] = day if isinstance(day, str) else known or day
    return found


def _day(value: Any, path: Path) -> str | Unreadable | None:
    value = cell(value)
    try:
        moment = moment_of(value)
    except Unreadable as error:
        return error
    if not isinstance(moment, datetime):
        return None if moment is None else moment.isoformat()
    written = isinstance(value, str) and moment.tzinfo is not None
    if moment.time() == time() and not written:  # how readers return a day
        return moment.date().isoformat()
    if moment.tzinfo is None:
        raise SceneError(
            path, f"has the time {value} without a time zone", "Write UTC, or only the day."
        )
    return time_text(moment)
