"""Unpack the archive of a product: once, whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from calvingfront.errors import OrbitError, ProductError
from calvingfront.files import PathLike
from calvingfront.products.delivery.archives import SUFFIXES, Wanted, everything, unpack
from calvingfront.products.delivery.finding import place_of, product_in, products_below

# Archives in an archive, as in an order of several EO-SIP packages.
DEEPEST = 3
# Files of nothing but pixels, which no reader opens for its headers.
_PIXELS = (".tif", ".tiff", ".cos")


def unpack_delivery(archive: Path, folder: Path, wanted: Wanted = everything) -> None:
    """Unpack an archive into a new folder; if it holds no product, the archives in it as well.

    The folder appears when it is whole. Raises ProductError as `archives.unpack`.
    """
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)  # of a run that was killed
    try:
        unpack(archive, part, wanted)
        for _ in range(DEEPEST):
            inner = [path for path in sorted(part.rglob("*")) if _is_packed(path)]
            if not inner or products_below(part):
                break
            for path in inner:
                unpack(path, path.with_name(f"{path.name}.unpacked"), wanted)
                path.unlink()
        part.replace(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def unpack_product(path: PathLike, folder: PathLike) -> None:
    """Unpack the archive at a path, which must hold one product, into a new folder.

    Raises ProductError as `archives.unpack`, and if it holds no product or several.
    """
    archive, target = place_of(Path(path)).path, Path(folder)
    unpack_delivery(archive, target)
    try:
        product_in(target, archive)
    except ProductError:
        shutil.rmtree(target, ignore_errors=True)
        raise


@contextmanager
def unpacked_headers(path: PathLike, folder: PathLike | None = None) -> Iterator[Path]:
    """The place of a product with its headers: itself, or a temporary copy of its archive.

    The copy has empty files in the place of those that hold pixels only. folder: where it is made;
    None: where the system keeps temporary files. Raises as `place_of` and `unpack_product`.
    """
    place = place_of(Path(path))
    if not place.is_packed:
        yield place.path
        return
    if folder is not None:
        Path(folder).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".headers-", dir=folder) as temporary:
        target = Path(temporary) / "unpacked"
        unpack_delivery(place.path, target, _has_headers)
        with named_by(place.path, target):
            yield product_in(target, place.path)


@contextmanager
def named_by(archive: Path, folder: Path) -> Iterator[None]:
    """Name the archive in errors about its folder, which is gone when they are read."""
    try:
        yield
    except (OrbitError, ProductError) as error:
        where = error.where.replace(str(folder), str(archive))
        raise type(error)(where, error.what, error.remedy) from None


class Temporary:
    """Archives unpacked for as long as this process lives, each once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._root: tempfile.TemporaryDirectory[str] | None = None
        self._folders: dict[tuple[str, int, int], Path] = {}

    def of(self, archive: Path) -> Path:
        """The folder with the content of an archive. Raises ProductError as `archives.unpack`."""
        facts = archive.stat()
        key = str(archive.resolve()), facts.st_size, facts.st_mtime_ns
        with self._lock:
            if self._root is None:
                self._root = tempfile.TemporaryDirectory(prefix="calvingfront-")
            if key not in self._folders:
                folder = Path(self._root.name) / f"{len(self._folders)}"
                unpack_delivery(archive, folder)
                self._folders[key] = folder
            return self._folders[key]


def _is_packed(path: Path) -> bool:
    return path.name.lower().endswith(SUFFIXES) and path.is_file()


def _has_headers(name: str) -> bool:
    return os.path.splitext(name)[1].lower() not in _PIXELS  # noqa: PTH122
