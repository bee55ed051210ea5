"""Find the images and products among files, folders and archives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from calvingfront.errors import CalvingFrontError, SceneError
from calvingfront.files import PathLike
from calvingfront.locating.inputs.archives import SUFFIXES, is_archive
from calvingfront.products.registry import format_of, known_formats
from calvingfront.scenes.rasters import is_raster

IMAGES = {".tif", ".tiff", ".png"}
# TIFF (either byte order, also BigTIFF) and PNG: GDAL would open anything that looks like a raster.
_IMAGE_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"\x89PNG")
# Archives wrap a product in two or three folders.
DEEPEST = 6


@dataclass(frozen=True)
class Found:
    """An image or a product.

    name:   for its scene: without suffixes, and with the archive's if several would have the same.
    format: of a product; None for an image.
    origin: what the user named or what lay in the folder; differs from `path` in an archive only.
    """

    path: Path
    name: str
    format: str | None
    origin: Path


def find_scenes(
    paths: Sequence[PathLike], unpacked: Callable[[Path], Path]
) -> tuple[list[Found], list[CalvingFrontError]]:
    """Find the images and products among files, folders and archives.

    A folder that is a product counts as the product; any other stands for the images, products and
    archives directly in it, an archive for the images and products in it at any depth. Hidden files
    are left out.
    unpacked: the folder to which an archive is unpacked. Raises SceneError if it cannot be.
    Returns what was found, in the order given and sorted within each folder, and a fault for each
    path that cannot be used.
    """
    found: list[Found] = []
    faults: list[CalvingFrontError] = []
    for path in map(Path, paths):
        try:
            if not path.exists():
                raise SceneError(path, "does not exist", "Check the path.")
            if path.is_dir() and _product(path) is None:
                found += _in_folder(path, unpacked, faults)
            else:
                found += _single(path, unpacked)
        except CalvingFrontError as error:
            faults.append(error)
        except OSError as error:
            what = f"cannot be read ({error.strerror})"
            faults.append(SceneError(path, what, "Check the path and its permissions."))
    return _distinct(found), faults


def find_product(path: Path, unpacked: Callable[[Path], Path]) -> Found:
    """The product that a path stands for: a file, a folder, or what holds exactly one product.

    Raises CalvingFrontError if there is none, or several.
    """
    found, faults = find_scenes([path], unpacked)
    if faults:
        raise faults[0]
    products = [each for each in found if each.format is not None]
    if len(products) != 1:
        what = f"holds {len(products) or 'no'} product{'s' * (len(products) > 1)}"
        raise SceneError(path, what, "Name one product: its file, its folder or its archive.")
    return products[0]


def accepted() -> str:
    """The formats that can be located, for messages."""
    return (
        f"geocoded images (GeoTIFF; PNG with --pixel-size-m), products of {known_formats()}, "
        f"archives of these ({', '.join(SUFFIXES)}), and folders of any of them"
    )


def _single(path: Path, unpacked: Callable[[Path], Path]) -> list[Found]:
    """A product, an image, or what is in an archive."""
    kind = _product(path)
    if kind is not None:
        return [Found(path, _name(path), kind, path)]
    if path.suffix.lower() in IMAGES:
        return [Found(path, path.stem, None, path)]
    if is_archive(path):
        return _in_archive(path, unpacked(path))
    if is_raster(path):
        return [Found(path, path.stem, None, path)]
    what = "is neither an image nor a product nor an archive"
    raise SceneError(path, what, f"Name {accepted()}.")


def _in_folder(
    folder: Path, unpacked: Callable[[Path], Path], faults: list[CalvingFrontError]
) -> list[Found]:
    """The images, products and archives directly in a folder; files of other kinds are skipped."""
    found: list[Found] = []
    recognised = 0
    for path in _visible(folder):
        try:
            if path.suffix.lower() in IMAGES and path.is_file():
                found.append(Found(path, path.stem, None, path))
            elif (kind := _product(path)) is not None:
                found.append(Found(path, _name(path), kind, path))
            elif path.is_file() and path.name.lower().endswith(SUFFIXES):
                recognised += 1
                found += _in_archive(path, unpacked(path))
        except CalvingFrontError as error:
            faults.append(error)
    if not found and not recognised:
        what = "contains no image, product or archive (its subfolders were not searched)"
        raise SceneError(folder, what, f"Name {accepted()}.")
    return found


def _in_archive(archive: Path, folder: Path) -> list[Found]:
    """All images and products in the folder of an archive."""
    found = [
        Found(path, _name(archive if path == folder else path, kind), kind, archive)
        for path, kind in _below(folder, 0)
    ]
    if not found:
        raise SceneError(archive, "contains no image and no product", f"Name {accepted()}.")
    return found


def _below(path: Path, depth: int) -> Iterator[tuple[Path, str | None]]:
    kind = _product(path)
    if kind is not None:
        yield path, kind
    elif path.is_dir() and depth < DEEPEST:
        for inside in _visible(path):
            yield from _below(inside, depth + 1)
    elif path.suffix.lower() in IMAGES and path.is_file():
        with path.open("rb") as file:
            if file.read(8).startswith(_IMAGE_STARTS):
                yield path, None


def _product(path: Path) -> str | None:
    """The format of a product; None for other paths and for a folder around a product's folder."""
    kind = format_of(path)
    if kind is not None and path.is_dir():
        inner = (entry for entry in _visible(path) if entry.is_dir())
        if any(format_of(entry) is not None for entry in inner):
            return None
    return kind


def _visible(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _name(path: Path, kind: str | None = "archive") -> str:
    """A name for the scene of an image, product or archive: without the suffix of its format."""
    if kind is None:
        return path.stem
    for suffix in (*SUFFIXES[2:], *SUFFIXES[:2], ".safe", ".n1", ".e1", ".e2", ".xml"):
        if path.name.lower().endswith(suffix) and len(path.name) > len(suffix):
            return path.name[: -len(suffix)]
    return path.name


def _distinct(found: list[Found]) -> list[Found]:
    """The same scenes, with the archive's name before names that appear more than once."""
    counts = Counter(each.name for each in found)
    return [
        Found(each.path, f"{_name(each.origin)}_{each.name}", each.format, each.origin)
        if counts[each.name] > 1 and each.origin != each.path
        else each
        for each in found
    ]
