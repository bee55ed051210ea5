"""Describe fronts in a STAC item: where, when and in which files.

Source: SpatioTemporal Asset Catalog, item specification 1.1.0; projection extension 2.0.0.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from calvingfront.errors import SceneError
from calvingfront.files import PathLike, write_json
from calvingfront.locating.attributes import moment_of
from calvingfront.locating.degrees import WGS84, box, crs_text, to_crs
from calvingfront.locating.located_front import Floats, LocatedFront
from calvingfront.vocabulary.missions import MISSIONS

VERSION = "1.1.0"
PROJECTION = "https://stac-extensions.github.io/projection/v2.0.0/schema.json"
MEDIA_TYPES = {
    ".gpkg": "application/geopackage+sqlite3",
    ".parquet": "application/vnd.apache.parquet",
    ".shp": "application/vnd.shp",
    ".geojson": "application/geo+json",
    ".qml": "application/xml",
}
# Minimum extent of a polygon, degrees: 1e-6° is 0.1 m.
_LEAST = 1e-6


def write_item(
    fronts: Iterable[LocatedFront],
    path: PathLike,
    assets: Mapping[str, PathLike],
    crs: str | None = None,
) -> None:
    """Write the item of `item_of` as JSON, atomically; its id is the file name without .json.

    assets: name and current path of each file with these fronts. The item refers to them relative
    to its own folder.
    crs: as given when the files were written.
    Raises SceneError where there is no front or no file, or a file is missing or of unknown type.
    """
    path = Path(path)
    hrefs = {}
    for name, asset in assets.items():
        if not Path(asset).is_file():
            raise SceneError(path, f"asset {name}: {asset} does not exist", "Write it first.")
        hrefs[name] = Path(os.path.relpath(asset, path.parent)).as_posix()
    write_json(path, item_of(list(fronts), path.stem, hrefs, crs))


def item_of(
    fronts: Sequence[LocatedFront], name: str, hrefs: Mapping[str, str], crs: str | None = None
) -> dict[str, Any]:
    """A STAC item of all fronts: bounding box and footprint in degrees (WGS 84), time, files.

    If all fronts share one date-time, that is `datetime`. Otherwise `datetime` is null, and
    `start_datetime` and `end_datetime` span the fronts; a day ends at 23:59:59.999Z. The footprint
    is the bounding box, in two parts where it crosses 180° (RFC 7946). Without a map position,
    `geometry` is null and there is no `bbox`.
    hrefs: the address of each asset. crs: the CRS of the files, where it differs from the fronts'.
    Raises SceneError where there is no front, no name, no asset, an asset of unknown type, no CRS
    of this name, or a line without a position in degrees.
    """
    if not fronts or not name or not hrefs:
        raise SceneError(name or "item", "has no front, no name or no asset", "Give all three.")
    _check_types(fronts, name, hrefs)
    lines = [_in_degrees(front, line) for front in fronts if front.crs for line in front.lines]
    theirs = sorted({front.crs for front in fronts if front.crs is not None})
    files_crs = theirs
    if crs is not None:
        try:
            files_crs = [crs_text(str(crs))] if theirs else []
        except ValueError as error:
            raise SceneError(name, f"crs: {error}", "Give a code such as EPSG:3031.") from None
    properties = {**_times(fronts), **_facts(fronts)}
    if len(files_crs) == 1:
        has_code = "[" not in files_crs[0]  # otherwise it is WKT
        properties["proj:code"] = files_crs[0] if has_code else None
        properties |= {} if has_code else {"proj:wkt2": files_crs[0]}
    item: dict[str, Any] = {
        "type": "Feature",
        "stac_version": VERSION,
        "stac_extensions": [PROJECTION] if len(files_crs) == 1 else [],
        "id": name,
        "geometry": None,
        "properties": properties,
        "links": [],
        "assets": {key: _asset(key, href) for key, href in hrefs.items()},
    }
    if lines:
        limits = box(lines)
        item |= {"geometry": _footprint(limits), "bbox": list(limits)}
    return item


def _check_types(fronts: Any, name: Any, hrefs: Any) -> None:
    """Raise SceneError unless the arguments of `item_of` are of their types."""
    if not isinstance(fronts, Sequence) or not all(isinstance(f, LocatedFront) for f in fronts):
        raise SceneError("fronts", "are not a sequence of LocatedFront", "Give such a list.")
    if not isinstance(name, str):
        raise SceneError("name", f"{name!r} is not text", "Give the name of the item.")
    texts = [*hrefs, *hrefs.values()] if isinstance(hrefs, Mapping) else [None]
    if not all(isinstance(text, str) for text in texts):
        raise SceneError(name, f"has the assets {hrefs!r}", "Give a mapping of name to address.")


def _in_degrees(front: LocatedFront, line: Floats) -> Floats:
    try:
        return to_crs(line, front.crs or WGS84, WGS84)
    except ValueError as error:
        remedy = "Correct its coordinates or its CRS."
        raise SceneError(front.scene, f"its line {error}", remedy) from None


def _asset(name: str, href: str) -> dict[str, Any]:
    suffix = Path(href).suffix.lower()
    if suffix not in MEDIA_TYPES:
        known = ", ".join(MEDIA_TYPES)
        raise SceneError(f"asset {name}", f"{href} has no known suffix", f"Use one of {known}.")
    is_style = suffix == ".qml"
    return {
        "href": href,
        "type": MEDIA_TYPES[suffix],
        "title": "Style of QGIS" if is_style else "Calving fronts",
        "roles": ["metadata"] if is_style else ["data"],
    }


def _times(fronts: Sequence[LocatedFront]) -> dict[str, str | None]:
    moments = {front.acquired for front in fronts}
    if len(moments) == 1 and "T" in fronts[0].acquired:
        return {"datetime": fronts[0].acquired}
    begins = [text if "T" in text else f"{text}T00:00:00Z" for text in moments]
    ends = [text if "T" in text else f"{text}T23:59:59.999Z" for text in moments]
    return {
        "datetime": None,
        "start_datetime": min(begins, key=moment_of),
        "end_datetime": max(ends, key=moment_of),
    }


def _facts(fronts: Sequence[LocatedFront]) -> dict[str, Any]:
    """The properties that belong to STAC's common metadata."""
    glaciers = sorted({front.glacier for front in fronts if front.glacier})
    drawn = sum(bool(front.lines) for front in fronts)
    pixels = [front.pixel_size_m for front in fronts if front.pixel_size_m is not None]
    missions = sorted({front.mission for front in fronts if front.mission})
    known = [MISSIONS[name].label if name in MISSIONS else name for name in missions]
    facts: dict[str, Any] = {
        "title": "Calving fronts" + (f" of {', '.join(glaciers)}" if glaciers else ""),
        "description": f"{len(fronts)} scenes, {drawn} with a front"
        + (f"; {', '.join(known)}" if known else ""),
    }
    if len(known) == 1:
        facts["platform"] = known[0]
    if pixels:
        facts["gsd"] = min(pixels)
    return facts


def _footprint(limits: tuple[float, float, float, float]) -> dict[str, Any]:
    west, south, east, north = limits
    if north - south < _LEAST:
        south, north = max(-90.0, south - _LEAST), min(90.0, north + _LEAST)
    if abs(east - west) < _LEAST:
        west, east = max(-180.0, west - _LEAST), min(180.0, east + _LEAST)
    if west <= east:
        return {"type": "Polygon", "coordinates": [_ring(west, south, east, north)]}
    rings = [[_ring(west, south, 180.0, north)], [_ring(-180.0, south, east, north)]]
    return {"type": "MultiPolygon", "coordinates": rings}


def _ring(west: float, south: float, east: float, north: float) -> list[list[float]]:
    """The corners of a box, counterclockwise, closed."""
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]
