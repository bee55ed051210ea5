"""Whether a product is packed. Asked for every scene before the first job, so it must be fast."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from calvingfront.errors import ProductError
from calvingfront.files import PathLike
from calvingfront.products.delivery.archives import SUFFIXES, begins_as_archive, visible


@cache
def archive_at(path: PathLike) -> Path | None:
    """The archive that holds the product of a path: itself, or the only one in a folder.

    None if the product is not packed, and if there is no product or several (opening it tells).
    """
    place = Path(path)
    try:
        if not place.is_dir():
            return place if place.is_file() and begins_as_archive(place) else None
        if not _names_an_archive(place):
            return None
        from calvingfront.products.delivery.finding import place_of  # loads every format

        found = place_of(place)
    except (ProductError, OSError):
        return None
    return found.path if found.is_packed else None


def _names_an_archive(folder: Path, deepest: int = 6) -> bool:
    inside = visible(folder)
    if any(path.name.lower().endswith(SUFFIXES) for path in inside):
        return True
    return deepest > 0 and any(_names_an_archive(p, deepest - 1) for p in inside if p.is_dir())
