"""Find the images and products among files, folders and archives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from calvingfront.errors import CalvingFrontError, SceneError
from calvingfront.files import PathLike
from calvingfront.products.delivery.archives import SUFFIXES, is_archive, visible
from calvingfront.products.delivery.finding import (
    DEEPEST,
    place_of,
    product_in,
    products_below,
    scene_name,
)
from calvingfront.products.formats import format_of, known_formats
from calvingfront.scenes.rasters import is_raster

IMAGES = {".tif", ".tiff", ".png"}
# TIFF (either byte order, also BigTIFF) and PNG: GDAL would open anything that looks like a raster.
_IMAGE_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"\x89PNG")


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

    A folder that is a product counts as the product; any other stands for the images and archives
    directly in it and the products in it at any depth, an archive for the images and products in it
    at any depth. Hidden files are left out.
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
            if path.is_dir() and format_of(path) is None:
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
    """The one product at a path: a file, a folder at or above it, or an archive with one product.

    Raises CalvingFrontError if there is none, or several.
    """
    place = place_of(path)
    product = product_in(unpacked(place.path), place.path) if place.is_packed else place.path
    return Found(product, scene_name(product), format_of(product), place.path)


def accepted() -> str:
    """The formats that can be located, for messages."""
    return (
        f"geocoded images (GeoTIFF; PNG with --pixel-size-m), products of {known_formats()}, "
        f"archives of these ({', '.join(SUFFIXES)}), and folders of any of them"
    )


def _single(path: Path, unpacked: Callable[[Path], Path]) -> list[Found]:
    """A product, an image, or what is in an archive."""
    kind = format_of(path)
    if kind is not None:
        return [Found(path, scene_name(path), kind, path)]
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
    """The images, products and archives in a folder, and the products below it.

    Files of other kinds are skipped.
    """
    found: list[Found] = []
    recognised = 0
    for path in visible(folder):
        try:
            if path.suffix.lower() in IMAGES and path.is_file():
                found.append(Found(path, path.stem, None, path))
            elif (kind := format_of(path)) is not None:
                found.append(Found(path, scene_name(path), kind, path))
            elif path.is_dir():
                found += [_product(below, below) for below in products_below(path)]
            elif path.name.lower().endswith(SUFFIXES):
                recognised += 1
                found += _in_archive(path, unpacked(path))
        except CalvingFrontError as error:
            faults.append(error)
    if not found and not recognised:
        what = "contains no image, product or archive, and its subfolders no product"
        raise SceneError(folder, what, f"Name {accepted()}.")
    return found


def _in_archive(archive: Path, folder: Path) -> list[Found]:
    """All products and images in the folder of an archive."""
    products = products_below(folder)
    found = [_product(path, archive if path == folder else path, archive) for path in products]
    for path in _images_below(folder, products):
        found.append(Found(path, path.stem, None, archive))
    if not found:
        raise SceneError(archive, "contains no image and no product", f"Name {accepted()}.")
    return sorted(found, key=lambda each: each.path)


def _product(path: Path, named: Path, origin: Path | None = None) -> Found:
    return Found(path, scene_name(named), format_of(path), origin or path)


def _images_below(folder: Path, products: Sequence[Path], depth: int = 0) -> Iterator[Path]:
    """The images in a folder at any depth, without those inside products."""
    for path in visible(folder) if folder not in products else []:
        if path.is_dir():
            if depth < DEEPEST:
                yield from _images_below(path, products, depth + 1)
        elif path not in products and path.suffix.lower() in IMAGES:
            with path.open("rb") as file:
                if file.read(8).startswith(_IMAGE_STARTS):
                    yield path


def _distinct(found: list[Found]) -> list[Found]:
    """The same scenes, with the archive's name before names that appear more than once."""
    counts = Counter(each.name for each in found)
    return [
        Found(each.path, f"{scene_name(each.origin)}_{each.name}", each.format, each.origin)
        if counts[each.name] > 1 and each.origin != each.path
        else each
        for each in found
    ]
