"""Vector files that are whole: GDAL says little, or nothing, of a full disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from calvingfront.errors import DiskError
from calvingfront.files import PathLike, replacing


@contextmanager
def replacing_geopackage(path: PathLike) -> Iterator[Path]:
    """As `files.replacing`, for a GeoPackage that the block writes with GDAL.

    Raises DiskError unless it has been written whole.
    """
    with replacing(path) as temporary, telling_gdal(path):
        yield temporary
        fault = geopackage_fault(temporary)
        if fault:
            raise DiskError.of(path, OSError(fault))


@contextmanager
def telling_gdal(path: PathLike) -> Iterator[None]:
    """Raise DiskError for whatever GDAL raises when `path` cannot be written."""
    from pyogrio.errors import DataLayerError, DataSourceError, FeatureError

    try:
        yield
    except (DataSourceError, DataLayerError, FeatureError) as error:
        # GDAL names neither the disk nor the fault.
        raise DiskError.of(path, error) from error


def geopackage_fault(path: PathLike) -> str:
    """What is wrong with the pages of a GeoPackage, or empty."""
    address = f"file:{quote(str(Path(path).absolute()))}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(address, uri=True)) as database:
            (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
            tables = database.execute("SELECT count(*) FROM gpkg_contents").fetchone()[0]
    except sqlite3.Error as error:
        return str(error)
    if found != "ok":
        return str(found)
    return "" if tables else "it has no layers"


def shapefile_fault(path: PathLike, features: int) -> str:
    """What is wrong with the files of a new Shapefile of so many features, or empty.

    Its lengths are compared with its headers; no record may hold what a lost block leaves.
    """
    main, index, table = (
        Path(path).with_suffix(suffix).read_bytes() for suffix in (".shp", ".shx", ".dbf")
    )
    place, count = 100, 0
    while place + 8 <= len(main) and int.from_bytes(main[place : place + 4]) == count + 1:
        place += 8 + 2 * int.from_bytes(main[place + 4 : place + 8])
        count += 1
    head, width = (int.from_bytes(table[start : start + 2], "little") for start in (8, 10))
    records = table[head : head + features * width]
    sound = {
        "its lines are not whole": place == len(main) == 2 * int.from_bytes(main[24:28])
        and count == features,
        "its index is not whole": len(index) == 100 + 8 * features
        and 2 * int.from_bytes(index[24:28]) == len(index)
        and all(index[k : k + 8] == main_place for k, main_place in _places(main, features)),
        "its attributes are not whole": int.from_bytes(table[4:8], "little") == features
        and head > 0
        and len(records) == features * width
        and b"\0" not in records,
        "its CRS is lost": Path(path).with_suffix(".prj").read_bytes().endswith(b"]"),
        "its encoding is lost": Path(path).with_suffix(".cpg").read_bytes() == b"UTF-8",
    }
    return next((what for what, fine in sound.items() if not fine), "")


def _places(main: bytes, features: int) -> Iterator[tuple[int, bytes]]:
    """Where each record's entry in the index is, and what it must be."""
    place = 100
    for number in range(features):
        length = main[place + 4 : place + 8]
        yield 100 + 8 * number, (place // 2).to_bytes(4) + length
        place += 8 + 2 * int.from_bytes(length)
