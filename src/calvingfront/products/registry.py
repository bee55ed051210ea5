"""Find the format of a product by its content, never by its name."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Protocol, cast

from calvingfront.errors import ProductError
from calvingfront.files import PathLike
from calvingfront.geofiles.rasters import head_of
from calvingfront.radar.model import Product

# Each provides FORMAT, `recognises(path) -> bool` and `read(path, polarisation) -> Product`.
FORMATS = (
    "envisat.reader",
    "ceos.ers",
    "ceos.palsar",
    "ceos.radarsat1",
    "sentinel1.reader",
    "terrasar.reader",
)
ARCHIVES = (b"PK\x03\x04", b"\x1f\x8b")  # .zip, .gz
_SHOWN_BYTES = 16
_SHOWN_NAMES = 5


class FormatModule(Protocol):
    """The interface of a format's module."""

    FORMAT: str

    def recognises(self, path: Path) -> bool:
        """Whether the path holds a product of this format."""
        ...

    def read(self, path: Path, polarisation: str | None = None) -> Product:
        """Read the product's headers."""
        ...


def format_modules() -> tuple[FormatModule, ...]:
    """Return the modules of all formats, in the order in which they are tried."""
    names = (f"calvingfront.products.{name}" for name in FORMATS)
    return tuple(cast(FormatModule, importlib.import_module(name)) for name in names)


def format_of(path: PathLike) -> str | None:
    """The format of a product (file or folder), by its beginning; None if no format matches.

    Raises ProductError if the path cannot be read.
    """
    place = Path(path)
    try:
        return next((m.FORMAT for m in format_modules() if m.recognises(place)), None)
    except (OSError, ValueError) as error:
        raise ProductError(
            place, f"cannot be opened ({error})", "Check the path and its permissions."
        ) from error


def known_formats() -> str:
    """The names of all formats, for messages."""
    return ", ".join(module.FORMAT for module in format_modules())


def open_product(path: PathLike, polarisation: str | None = None) -> Product:
    """Read the headers of a product (file or folder) of any known format.

    polarisation: e.g. "HH"; None takes the format's default (co-polarised first).
    Raises ProductError if no format matches or the product is damaged.
    """
    place = Path(path)
    modules = format_modules()
    try:
        if not place.exists():
            raise ProductError(place, "does not exist", "Give a product's file or folder.")
        for module in modules:
            if module.recognises(place):
                return module.read(place, polarisation)
        found = _describe(place)
    except (OSError, ValueError) as error:
        raise ProductError(
            place, f"cannot be opened ({error})", "Check the path and its permissions."
        ) from error
    what = f"is not a product of a known format: {found}"
    remedy = f"Use one of these formats: {known_formats()}."
    if place.is_file() and head_of(place).startswith(ARCHIVES):
        what, remedy = "is an archive of files", "Unpack it and give the product's folder or file."
    raise ProductError(place, what, remedy)


def _describe(place: Path) -> str:
    if place.is_dir():
        names = sorted(entry.name for entry in place.iterdir())
        more = f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else ""
        return f"a folder with {', '.join(names[:_SHOWN_NAMES]) or 'nothing'}{more}"
    with place.open("rb") as file:
        start = file.read(_SHOWN_BYTES)
    return f"a file of {place.stat().st_size} bytes that begins with {start!r}"
