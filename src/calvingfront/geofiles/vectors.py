"""Vector files: read in the formats that are meant, written with the same bytes each time."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from calvingfront.files import PathLike

# Replaces the time of writing.
NO_TIME = "1970-01-01T00:00:00.000Z"
# Formats that hold their own features, by GDAL's names. Others name further files or services to
# open (virtual layers, WFS …), and GDAL recognises them by content, whatever the suffix.
VECTOR_DRIVERS = (
    *("GPKG", "ESRI Shapefile", "GeoJSON", "GeoJSONSeq", "FlatGeobuf", "OpenFileGDB"),
    *("LIBKML", "KML", "GPX", "CSV", "Parquet"),
)
FORMATS = "GeoPackage, Shapefile, GeoJSON, FlatGeobuf, KML, GPX or File Geodatabase"
LINKS = {"link", "url"}  # types of a GeoJSON's CRS that GDAL fetches


def layers_with_kinds(path: PathLike) -> list[tuple[str, str | None]]:
    """Name and kind of geometry (None: a table) of each layer of a local vector file.

    Raises ValueError if the file is missing or has another format, or what GDAL raises.
    """
    import pyogrio  # slow to import, and `position` reads tables without it

    with _only_known_formats(path) as local:
        return [(str(name), kind) for name, kind in pyogrio.list_layers(local)]


def read_layer(path: PathLike, layer: str | None = None, **options: Any) -> Any:
    """A layer of a local vector file, or its first, as a GeoDataFrame (DataFrame: a table).

    options: of `pyogrio.read_dataframe`.
    Raises ValueError if the file is missing or has another format, or what GDAL raises.
    """
    import geopandas

    with _only_known_formats(path) as local:
        return geopandas.read_file(local, layer=layer, engine="pyogrio", **options)


def read_raw(path: PathLike, layer: str, **options: Any) -> tuple[dict[str, Any], Any, list[Any]]:
    """A layer of a local vector file as arrays: what is known of it, geometry as WKB, attributes.

    options: of `pyogrio.raw.read`. Raises as `read_layer` does, in a third of its time.
    """
    from pyogrio.raw import read

    with _only_known_formats(path) as local:
        meta, _, geometry, values = read(local, layer=layer, **options)
    return meta, geometry, values


@contextmanager
def _only_known_formats(path: PathLike) -> Iterator[str]:
    """Yield the absolute path of a file that exists and links to no other."""
    import pyogrio

    local = Path(path).absolute()
    if not local.exists():
        raise ValueError(f"{path} does not exist")
    if local.is_file():
        _refuse_links(local)
    _forget_other_formats()
    try:
        yield str(local)
    except pyogrio.errors.DataSourceError as error:
        if "not recognized" in str(error):
            raise ValueError(f"{local.name} is none of {FORMATS}") from None
        raise


@cache
def _forget_other_formats() -> None:
    """Take all other formats from pyogrio's GDAL, once and for good; a file of ours needs none."""
    import pyogrio
    from pyogrio.core import _register_drivers

    others = set(pyogrio.list_drivers()) - set(VECTOR_DRIVERS)
    pyogrio.set_gdal_config_options({"GDAL_SKIP": ",".join(sorted(others))})
    _register_drivers()


def _refuse_links(path: Path) -> None:
    """Refuse a GeoJSON, plain or in a .zip, whose CRS is a link, which GDAL would fetch."""
    links: list[str] = []

    def note(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        for key, value in pairs:
            if key == "crs" and isinstance(value, dict):
                links.extend({str(value.get("type")).lower()} & LINKS)
        return dict(pairs)

    for text in _json_texts(path):
        if not re.search(rb'"(link|url)"|\\u', text, re.IGNORECASE):
            continue
        try:
            json.loads(text, object_pairs_hook=note)
        except (ValueError, RecursionError):  # perhaps a sequence of features, one a line
            try:
                for line in text.replace(b"\x1e", b"").splitlines():
                    json.loads(line or "null", object_pairs_hook=note)
            except (ValueError, RecursionError):
                raise ValueError(f"{path.name} is no sound GeoJSON") from None
        if links:
            what = f"gives its CRS as a {links[0]}, which is not opened"
            raise ValueError(f"{path.name} {what}; write the name of the CRS")


def _json_texts(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        start = file.read(64)
    if start.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        yield path.read_bytes()
    elif start[:2] == b"PK":
        try:
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    if name.lower().endswith("json"):
                        yield archive.read(name)
        except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError):
            return


@contextmanager
def without_clock() -> Iterator[None]:
    """Make GDAL write NO_TIME, or the time the user has set, as `last_change`, not the present."""
    import pyogrio

    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before or NO_TIME})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})
