"""Which format a product has, found by its content, never by its name."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Protocol, cast

from calvingfront.errors import ProductError
from calvingfront.files import PathLike
from calvingfront.radar.model import Product

# Each offers FORMAT, `recognises(path) -> bool` and `read(path, polarisation) -> Product`.
FORMATS = (
    "envisat.reader",
    "ceos.ers",
    "ceos.palsar",
    "ceos.radarsat1",
    "sentinel1.reader",
    "terrasar.reader",
)
_SHOWN_BYTES = 16
_SHOWN_NAMES = 5


class FormatModule(Protocol):
    """What the module of a format offers."""

    FORMAT: str

    def recognises(self, path: Path) -> bool:
        """Whether the path holds a product of this format."""
        ...

    def read(self, path: Path, polarisation: str | None = None) -> Product:
        """Read the product's headers."""
        ...


def format_modules() -> tuple[FormatModule, ...]:
    """The modules of all formats, in the order in which they are asked."""
    names = (f"calvingfront.products.{name}" for name in FORMATS)
    return tuple(cast(FormatModule, importlib.import_module(name)) for name in names)


def open_product(path: PathLike, polarisation: str | None = None) -> Product:
    """Read the headers of the product at a file or folder, whatever its format.

    polarisation: e.g. "HH"; None lets the format choose (the co-polarised one first).
    Raises ProductError where nothing is recognised, or where the product is damaged.
    """
    place = Path(path)
    modules = format_modules()
    try:
        if not place.exists():
            raise ProductError(place, "is not there", "Name a product's file or folder.")
        for module in modules:
            if module.recognises(place):
                return module.read(place, polarisation)
        found = _describe(place)
    except (OSError, ValueError) as error:
        raise ProductError(
            place, f"cannot be opened ({error})", "Check name and rights."
        ) from error
    known = ", ".join(module.FORMAT for module in modules)
    raise ProductError(place, f"is no product that can be read: {found}", f"Readable are: {known}.")


def _describe(place: Path) -> str:
    if place.is_dir():
        names = sorted(entry.name for entry in place.iterdir())
        more = f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else ""
        return f"a folder with {', '.join(names[:_SHOWN_NAMES]) or 'nothing'}{more}"
    with place.open("rb") as file:
        start = file.read(_SHOWN_BYTES)
    return f"a file of {place.stat().st_size} bytes that begins with {start!r}"
