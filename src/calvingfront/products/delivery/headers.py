"""Mission and day of products, remembered so that no archive is unpacked twice for them."""

from __future__ import annotations

import contextlib
from functools import cache
from pathlib import Path
from typing import NamedTuple

from calvingfront.files import PathLike, read_json, write_json
from calvingfront.products.delivery.packed import archive_at
from calvingfront.products.delivery.unpacking import unpacked_headers
from calvingfront.products.registry import open_product
from calvingfront.provenance.content import Digests, digests_of

FILE = "headers.json"


class Said(NamedTuple):
    """What a header says: mission, and day YYYY-MM-DD (UTC)."""

    mission: str
    acquired: str


class Headers:
    """What the headers of products say; of packed ones it is remembered by the archive's content.

    results: the results folder, which keeps it in check/. None remembers nothing.
    """

    def __init__(self, results: PathLike | None = None) -> None:
        self._folder = None if results is None else Path(results) / "check"
        self._digests = Digests() if results is None else digests_of(str(results))
        self._known: dict[str, list[str]] = {}
        if self._folder is not None:
            with contextlib.suppress(OSError, ValueError, TypeError):
                self._known = dict(read_json(self._folder / FILE))

    def of(self, path: PathLike, polarisation: str | None = None) -> Said:
        """Mission and day of a product. Raises as `open_product`."""
        archive = archive_at(Path(path))
        if archive is None:
            return _said(path, polarisation)
        key = f"{self._digests.of(archive)} {polarisation or ''}"
        with contextlib.suppress(KeyError, TypeError):
            return Said(*self._known[key])
        with unpacked_headers(archive, self._folder) as place:
            said = _said(place, polarisation)
        self._known[key] = list(said)
        if self._folder is not None:
            with contextlib.suppress(OSError):
                write_json(self._folder / FILE, self._known)
        return said


@cache
def headers_of(results: PathLike | None) -> Headers:
    """What is remembered in a results folder; one object for each folder."""
    return Headers(results)


def _said(path: PathLike, polarisation: str | None) -> Said:
    product = open_product(path, polarisation)
    return Said(product.mission, product.acquired.date().isoformat())
