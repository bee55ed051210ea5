"""Find the format of a product by its content, never by its name."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Protocol, cast

from calvingfront.errors import ProductError
from calvingfront.files import PathLike
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
