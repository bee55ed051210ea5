"""The files of a terrain model: one raster, a mosaic, a folder or a list of tiles."""

from __future__ import annotations

import re
from collections.abc import Sequence
from glob import glob
from pathlib import Path

from calvingfront.errors import GeocodingError
from calvingfront.files import PathLike

Terrain = PathLike | Sequence[PathLike]
# What a folder of tiles may hold; a file that is named may have any suffix.
SUFFIXES = (
    *(".tif", ".tiff", ".hgt", ".dt0", ".dt1", ".dt2", ".img", ".bil", ".asc", ".jp2"),
    *(".nc", ".dem", ".flt", ".vrt", ".gtx"),
)
ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".7z")
# Layers that the agencies pack beside the heights: errors, sources, water, counts, dates, pictures.
LAYERS = re.compile(
    r"[_-](EDM|FLM|HEM|WBM|ACM|AMP|AM2|COM|COV|IPM|LSM|WAM|count|mad|(min|max)date|browse|matchtag"
    r"|datamask|bitmask|num|swb|hillshade|slope|aspect|rugged)(_\d+m)?$",
    re.IGNORECASE,
)
MARKS = "*?["  # of a pattern
# A geoid beside the tiles is none of them: it would fill the sea.
GEOID = re.compile(r"geoid|undulation|egm_?(96|0?8|2008|84)|eigen", re.IGNORECASE)
# How many files of a folder are named in messages.
NAMED = 3


def terrain_files(dem: Terrain) -> list[Path]:
    """The rasters of a terrain model, in the order given; those of a folder or pattern by name.

    dem: a raster or mosaic, a folder (with those below it), a pattern such as `tiles/*.tif`, or a
    list of these. In a folder, the other layers that agencies pack beside heights are passed over.
    Raises GeocodingError if something does not exist or a folder holds no raster.
    """
    if not isinstance(dem, str) and isinstance(dem, Sequence):
        if not dem:
            raise GeocodingError("terrain model", "is an empty list", "Name its files.")
        every = [file for each in dem for file in terrain_files(each)]
        return list(dict.fromkeys(every))
    path = Path(dem)
    if path.is_dir():
        return _in_folder(path)
    if path.exists():
        if path.name.lower().endswith(ARCHIVES):
            raise GeocodingError(path, "is an archive", "Unpack it, and name the file or folder.")
        return [path]
    names = expanded(dem)
    if isinstance(names, list):
        return terrain_files(names)
    if any(mark in str(dem) for mark in MARKS):
        raise GeocodingError(dem, "matches no file", "Correct the pattern.")
    raise GeocodingError(dem, "does not exist", "Correct the path.")


def expanded(dem: Terrain) -> Terrain:
    """The paths that match a pattern, sorted; anything else, also what matches none, as it is."""
    if not isinstance(dem, str) and isinstance(dem, Sequence):
        return [path for each in dem for path in _matching(each)]
    found = _matching(dem)
    return dem if found == [dem] else found


def _matching(path: PathLike) -> list[PathLike]:
    text = str(path)
    if not any(mark in text for mark in MARKS) or Path(text).exists():
        return [path]
    return [*sorted(glob(text, recursive=True))] or [path]  # noqa: PTH207 (absolute patterns)


def terrain_name(dem: Terrain) -> str:
    """A short name of a terrain model, for messages."""
    if isinstance(dem, str) or not isinstance(dem, Sequence):
        return str(dem)
    first = ", ".join(str(path) for path in dem[:NAMED])
    return first if len(dem) <= NAMED else f"{first} and {len(dem) - NAMED} more"


def _in_folder(folder: Path) -> list[Path]:
    found = [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in SUFFIXES
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    heights = [p for p in found if not (LAYERS.search(p.stem) or GEOID.search(p.stem))]
    tiles = [path for path in heights if path.suffix.lower() != ".vrt"]
    if tiles:  # a mosaic of the same tiles beside them adds nothing
        return tiles
    if heights:
        return heights
    packed = [p for p in sorted(folder.rglob("*")) if p.name.lower().endswith(ARCHIVES)]
    if packed:
        what = f"holds archives ({packed[0].name}) and no raster of heights"
        raise GeocodingError(folder, what, "Unpack them.")
    raise GeocodingError(
        folder,
        "holds no raster of heights",
        f"Name a folder with tiles that end in one of {', '.join(SUFFIXES[:6])} …",
    )
