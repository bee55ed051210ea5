"""The files that are read with another: a Shapefile's table, an image's world file."""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path

# After the stem, as in front.shp and front.dbf, lake.tif and lake.tfw.
_BY_STEM = frozenset(
    {"dbf", "shx", "prj", "cpg", "qpj", "hdr", "ovr", "msk", "wld", "tfw", "tifw", "tiffw"}
    | {"pgw", "pngw", "jgw", "jpgw", "jp2w", "j2w", "bpw", "gfw"}
)
# After the whole name, as in dem.tif.aux.xml; a GeoPackage in use has part of its content in -wal.
_BY_NAME = (".aux.xml", ".ovr", ".msk", ".vat.dbf", "-wal", "-journal")
_SOURCE = re.compile(r"<Source(?:Filename|DataSource)([^>]*)>([^<]+)</")


def companions(path: Path) -> list[Path]:
    """The existing files that are read together with `path`, sorted by name, without itself.

    A virtual raster (VRT) also has the files that it names as companions, with theirs.
    """
    name, stem = path.name.lower(), path.stem.lower()
    found = []
    for other in _names(str(path.parent), _changed(path.parent)):
        low = other.lower()
        if low == name:
            continue
        of_name = any(low == name + suffix for suffix in _BY_NAME)
        if of_name or (low.startswith(f"{stem}.") and low[len(stem) + 1 :] in _BY_STEM):
            found.append(path.with_name(other))
    return sorted(found) + _sources(path)


def _changed(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=64)
def _names(folder: str, changed: int) -> tuple[str, ...]:
    """The names in a folder; listed again when it has changed."""
    try:
        return tuple(entry.name for entry in os.scandir(folder))
    except OSError:
        return ()


def _sources(path: Path) -> list[Path]:
    """The files that a virtual raster names, and those that these name."""
    if path.suffix.lower() != ".vrt":
        return []
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    found: list[Path] = []
    for attributes, name in _SOURCE.findall(text):
        relative = 'relativeToVRT="1"' in attributes
        source = path.parent / name.strip() if relative else Path(name.strip())
        if source.is_file() and source != path and source not in found:
            found += [source, *companions(source)[:64]]
    return found
