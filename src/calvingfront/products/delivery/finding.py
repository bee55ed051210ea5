"""Find the product that a path stands for: a folder above it, or the archive it was packed in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from calvingfront.errors import ProductError
from calvingfront.products.ceos.product_files import kind_of_file
from calvingfront.products.delivery.archives import SUFFIXES, is_archive, visible
from calvingfront.products.formats import format_of, known_formats

# Folders around a product; dims_…/TSX-1.SAR.L1B/TSX1_SAR__… are two, an archive adds its own.
DEEPEST = 6
MOST_ENTRIES = 20_000
_SHOWN_BYTES = 16
_SHOWN_NAMES = 5


@dataclass(frozen=True)
class Place:
    """The file or folder of a product, or the archive that holds it (`is_packed`)."""

    path: Path
    is_packed: bool = False


def place_of(path: Path) -> Place:
    """The one product or archive at a path: a file, or a folder at or above it.

    Raises ProductError if there is none, or more than one.
    """
    if not path.exists():
        raise ProductError(path, "does not exist", "Give a product's file, folder or archive.")
    if path.is_dir():
        places = list(places_below(path))
        if len(places) == 1:
            return places[0]
        if places:
            inside = [place.path.relative_to(path) for place in places]
            raise _several(path, inside, "Name one of them instead of the folder.")
    elif format_of(path) is not None:
        return Place(path)
    elif is_archive(path):
        return Place(path, is_packed=True)
    elif kind_of_file(path) == "volume":  # a CD's, whose product is in SCENE1/
        return place_of(path.parent)
    remedy = f"Use one of these formats: {known_formats()}."
    if (product := _around(path)) is not None:
        remedy = f"Give {product}, if it is a part of that product. {remedy}"
    raise ProductError(path, f"is not a product of a known format: {_describe(path)}", remedy)


def places_below(folder: Path) -> Iterator[Place]:
    """The products at or below a folder, then the archives there that are not theirs.

    Nothing is looked for inside a product. An archive of a product's name is its packed copy.
    Raises ProductError if the folder holds too many files to search.
    """
    products, archives = _search(folder)
    yield from map(Place, products)
    names = {_bare(product) for product in products}
    yield from (Place(path, True) for path in archives if _bare(path) not in names)


def products_below(folder: Path) -> list[Path]:
    """The products at or below a folder, the nearest first. Raises as `places_below`."""
    return _search(folder)[0]


def product_in(folder: Path, archive: Path) -> Path:
    """The one product in the folder to which an archive was unpacked.

    Raises ProductError, about the archive, if there is none, or more than one.
    """
    products = products_below(folder)
    if len(products) == 1:
        return products[0]
    if products:
        inside = [product.relative_to(folder) for product in products]
        raise _several(archive, inside, "Unpack it and name one of them.")
    what = f"contains no product of a known format: {_describe(folder)}"
    raise ProductError(archive, what, f"Use one of these formats: {known_formats()}.")


def _several(path: Path, products: list[Path], remedy: str) -> ProductError:
    shown = ", ".join(str(product) for product in products[:_SHOWN_NAMES])
    more = ", …" if len(products) > _SHOWN_NAMES else ""
    return ProductError(path, f"holds {len(products)} products ({shown}{more})", remedy)


def scene_name(path: Path) -> str:
    """The name of a product or archive without the suffix of its format."""
    for suffix in (*SUFFIXES, ".safe", ".n1", ".e1", ".e2", ".xml"):
        if path.name.lower().endswith(suffix) and len(path.name) > len(suffix):
            return path.name[: -len(suffix)]
    return path.name


def _around(path: Path) -> Path | None:
    """The product in whose folders a path lies, as an image in measurement/; None if in none."""
    for folder in path.parents[:3]:
        with suppress(ProductError):  # a folder above that may not be read
            if format_of(folder) is not None:
                return folder
    return None


def _bare(path: Path) -> str:
    """The name without any suffix of a format, as of ….N1.gz and ….SAFE.zip."""
    name = scene_name(path)
    return name if name == path.name else _bare(path.with_name(name))


def _search(folder: Path) -> tuple[list[Path], list[Path]]:
    """The products and the archives at or below a folder, level by level."""
    products: list[Path] = []
    archives: list[Path] = []
    searched: set[Path] = set()  # links may lead back to a folder
    level, seen = [folder], 0
    for depth in range(DEEPEST + 1):
        below: list[Path] = []
        for path in level:
            if path.is_dir():
                if path.resolve() in searched:
                    continue
                searched.add(path.resolve())
            if format_of(path) is not None:
                products.append(path)
            elif path.is_dir():
                below += visible(path) if depth < DEEPEST else []
            elif path.name.lower().endswith(SUFFIXES):
                archives.append(path)
        seen += len(below)
        if seen > MOST_ENTRIES:
            what = f"holds more than {MOST_ENTRIES} files and folders, too many to search"
            raise ProductError(folder, what, "Name the product's own file or folder.")
        level = below
    return products, archives


def _describe(path: Path) -> str:
    if path.is_dir():
        names = sorted(entry.name for entry in path.iterdir())
        more = f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else ""
        return f"a folder with {', '.join(names[:_SHOWN_NAMES]) or 'nothing'}{more}"
    with path.open("rb") as file:
        start = file.read(_SHOWN_BYTES)
    return f"a file of {path.stat().st_size} bytes that begins with {start!r}"
