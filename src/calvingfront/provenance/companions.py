"""The files that are read with another: a Shapefile's table, an image's world file."""

from __future__ import annotations

import os
import re
from contextlib import suppress
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
    wanted = [name + suffix for suffix in _BY_NAME] + [f"{stem}.{suffix}" for suffix in _BY_STEM]
    there = _names(str(path.parent), _changed(path.parent))
    others = [other for low in wanted if low != name for other in there.get(low, ())]
    return sorted(path.with_name(other) for other in others) + _sources(path)


def _changed(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=64)
def _names(folder: str, changed: int) -> dict[str, list[str]]:
    """The names in a folder, by themselves in lower case; listed again when it has changed."""
    found: dict[str, list[str]] = {}
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            found.setdefault(entry.name.lower(), []).append(entry.name)
    return found


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
