"""Open a product of any format, in any packaging."""

from __future__ import annotations

from pathlib import Path

from calvingfront.errors import ProductError
from calvingfront.files import PathLike
from calvingfront.products.delivery.finding import place_of, product_in
from calvingfront.products.delivery.unpacking import Temporary, named_by
from calvingfront.products.formats import FORMATS, format_modules, format_of, known_formats
from calvingfront.radar.model import Product

__all__ = ["FORMATS", "format_modules", "format_of", "known_formats", "open_product"]

_UNPACKED = Temporary()


def open_product(path: PathLike, polarisation: str | None = None) -> Product:
    """Read the headers of the one product at a path: itself, a folder above it, or its archive.

    An archive is unpacked into a temporary folder, which is removed when this process ends.
    polarisation: e.g. "HH"; None takes the format's default (co-polarised first).
    Raises ProductError if no format matches, there are several products, or one is damaged.
    """
    try:
        place = place_of(Path(path))
        if not place.is_packed:
            return _read(place.path, polarisation)
        folder = _UNPACKED.of(place.path)
        with named_by(place.path, folder):
            return _read(product_in(folder, place.path), polarisation)
    except (OSError, ValueError) as error:
        raise ProductError(
            path, f"cannot be opened ({error})", "Check the path and its permissions."
        ) from error


def _read(found: Path, polarisation: str | None) -> Product:
    module = next(module for module in format_modules() if module.recognises(found))
    return module.read(found, polarisation)
