"""The sizes of CaFFe's images: a table for shrunk copies, and what gives such copies away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

from calvingfront.errors import CalvingFrontError, ConfigError, Faults, TableError
from calvingfront.tabular.cells import Unreadable, name_of
from calvingfront.tabular.numbers import number, pixel_size, whole
from calvingfront.tabular.text_tables import Row, missing, read_table

KEY = "source.caffe.sizes"
SIZE_COLUMNS = ("glacier", "resolution_tag_m", "pixel_size_m", "height_px", "width_px")
PLACE_COLUMNS = ("crs", "upper_left_x", "upper_left_y")
# Height and width, px, of the published images by glacier and resolution in the name, m. Every
# glacier's images have one extent on the ground, so that each resolution has its own size.
PUBLISHED_PX = {
    "COL": {7: (2107, 4476), 20: (702, 1492)},
    "Crane": {7: (3561, 2768), 17: (1424, 1108), 20: (1187, 922)},
    "DBE": {7: (2819, 3081), 12: (1504, 1643), 17: (1128, 1233), 20: (939, 1027)},
    "JAC": {6: (3143, 2639)},
    "Jorum": {7: (1955, 2996), 17: (782, 1198), 20: (651, 998)},
    "Mapple": {7: (1215, 1146), 17: (486, 458), 20: (405, 382)},
    "SI": {7: (2828, 3435), 12: (1507, 1833), 17: (1131, 1374), 20: (943, 1145)},
}
NETWORK_SIZES_PX = frozenset(2**k for k in range(6, 12))  # of squares that networks take

Size = tuple[int, int]
Group = tuple[str, int]


def read_sizes(path: str | Path) -> dict[Group, dict[str, Any]]:
    """The extents of the scenes by glacier and resolution in the name, from a user's table.

    Each has pixel_size_m (m), height_px, width_px, and, if known, crs, upper_left_x, upper_left_y.
    Raises ConfigError or TableError if the file is no such table, Faults with all lines at fault.
    """
    if not Path(path).is_file():
        raise ConfigError(KEY, f"{path} is not a file", "Write the path of a CSV.")
    table = read_table(path, (*SIZE_COLUMNS, *PLACE_COLUMNS))
    lacking = missing(table, SIZE_COLUMNS)
    if lacking:
        raise ConfigError(KEY, f"{path} {lacking}", f"Give the columns {', '.join(SIZE_COLUMNS)}.")
    faults: list[CalvingFrontError] = []
    sizes: dict[Group, dict[str, Any]] = {}
    lines: dict[Group, int] = {}
    for row in table.rows:
        try:
            group, size = _size(row)
            if group in sizes:
                what = f"repeats {group[0]} at {group[1]} m, which is on line {lines[group]}"
                raise Unreadable(what, "Delete one of the two lines.")
        except Unreadable as error:
            faults.append(TableError(table.where(row), error.what, error.remedy))
            continue
        sizes[group], lines[group] = size, row.line
    if faults:
        raise Faults(faults, f"Correct the table of {KEY}.")
    return sizes


def _size(row: Row) -> tuple[Group, dict[str, Any]]:
    """Group and extent of a line. Raises Unreadable."""
    if row.fault:
        raise row.fault
    glacier = name_of(row.cells["glacier"])
    if not glacier:
        raise Unreadable("has no glacier", "Fill in the cell.")
    readers = {
        "resolution_tag_m": whole, "pixel_size_m": pixel_size, "height_px": whole, "width_px": whole
    }  # fmt: skip
    size: dict[str, Any] = dict.fromkeys(PLACE_COLUMNS)
    for column, read in readers.items():
        size[column] = _read(column, row.cells[column], read)
    given = [column for column in PLACE_COLUMNS if row.cells.get(column)]
    if given and len(given) < len(PLACE_COLUMNS):
        absent = ", ".join(column for column in PLACE_COLUMNS if column not in given)
        raise Unreadable(f"has {given[0]}, but no {absent}", "Give all three or none.")
    for column in given:
        size[column] = _read(column, row.cells[column], _crs if column == "crs" else number)
    return (glacier, size.pop("resolution_tag_m")), size


def _read(column: str, text: str, read: Any) -> Any:
    if not text:
        raise Unreadable(f"has no {column}", "Fill in the cell.")
    try:
        return read(text)
    except Unreadable as error:
        raise Unreadable(f"has an invalid {column}: {error.what}", error.remedy) from None


def _crs(text: str) -> str:
    from rasterio.crs import CRS  # only where a table names one
    from rasterio.errors import CRSError

    try:
        projected = CRS.from_user_input(text).is_projected
    except (CRSError, ValueError):
        projected = False
    if not projected:
        raise Unreadable(f"{text!r} is no projected CRS", "Write a code such as EPSG:3031.")
    return text


def shrunk(rows: Iterable[Mapping[str, Any]]) -> Iterator[ConfigError]:
    """The fault of images that must be shrunk or cut, so that their names do not give their pixels.

    rows: of the scene table, with glacier, resolution_tag_m, height_px and width_px.
    Two signs: one size at two glaciers or two resolutions, which published images never have (for
    one glacier, to within a pixel); and one square of a size that networks take for all images.
    """
    groups: dict[Size, set[Group]] = {}
    for row in rows:
        size = row["height_px"], row["width_px"]
        groups.setdefault(size, set()).add((row["glacier"], row["resolution_tag_m"]))
    remedy = (
        "If they are shrunk copies, give the size and pixel size of their originals in a table, "
        "source.caffe.sizes; if they are cut out, give their own"
    )
    shared = next((s for s, g in groups.items() if len(_alike(s, g, groups)) > 1), None)
    if shared is not None:
        names = [f"{g} at {m} m" for g, m in sorted(_alike(shared, groups[shared], groups))]
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        what = (
            f"is not set, but the images of {', '.join(names[:3])}{more} are all {shared[0]} × "
            f"{shared[1]} px: no two of them can have the resolution in their names"
        )
        yield ConfigError(KEY, what, remedy)
    elif len(groups) == 1:
        ((height, width),) = groups
        if height == width and height in NETWORK_SIZES_PX:
            what = f"is not set, but all images are {height} × {width} px, as made for a network"
            yield ConfigError(KEY, what, remedy)


def _alike(size: Size, own: set[Group], groups: Mapping[Size, set[Group]]) -> set[Group]:
    """The groups with images of a size; other resolutions of a glacier to within a pixel."""
    near = {
        group
        for down, across in product((-1, 0, 1), repeat=2)
        for group in groups.get((size[0] + down, size[1] + across), ())
        for glacier, tag in own
        if group[0] == glacier and group[1] != tag
    }
    return own | near


def unlike_published(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Notes on glaciers of CaFFe whose images have another size than the published ones."""
    told: set[Group] = set()
    for row in rows:
        group = row["glacier"], row["resolution_tag_m"]
        size = row["height_px"], row["width_px"]
        published = PUBLISHED_PX.get(group[0], {}).get(group[1])
        if published is not None and size != published and group not in told:
            told.add(group)
            yield (
                f"{group[0]} at {group[1]} m: images of {size[0]} × {size[1]} px, published with "
                f"{published[0]} × {published[1]}; shrunk copies need source.caffe.sizes"
            )
