"""What the CEOS products of all missions share: fields at the same positions, a trailer file."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from calvingfront.errors import ProductError
from calvingfront.products.ceos.imagery import Imagery
from calvingfront.products.ceos.orbit import pass_direction
from calvingfront.products.ceos.product_files import kind_of_file, product_key
from calvingfront.products.ceos.records import HEADER, Leader, read_part
from calvingfront.radar.model import SPEED_OF_LIGHT, StateVectors


def shared_fields(
    path: Path,
    leader: Leader,
    imagery: Imagery,
    orbit: StateVectors,
    middle_s: float,
    wavelength_m: tuple[float, float],
) -> dict[str, Any]:
    """Return the fields of a Product that are at the same positions for every mission.

    middle_s: azimuth time of the image's middle, s since the orbit's epoch. wavelength_m: shortest
    and longest that the mission can have. Raises ProductError if a field is damaged.
    """
    summary = leader.summary
    return {
        "path": path,
        "files": (leader.path, imagery.path),
        "acquired": orbit.epoch + timedelta(seconds=middle_s),
        "pass_direction": pass_direction(orbit, middle_s),
        "shape": imagery.shape,
        "is_complex": imagery.is_complex,
        "looks": (
            summary.number(1175, 16, "azimuth looks", 0.5, 100),
            summary.number(1191, 16, "range looks", 0.5, 100),
        ),
        "radar_frequency_hz": SPEED_OF_LIGHT / summary.number(501, 16, "wavelength", *wavelength_m),
        "orbit": orbit,
        "pixels": imagery,
    }


TYPE_AT = 1111  # of the summary: product type, 32 characters
# Words of product types that are no image in radar geometry, as processors of ESA, CDPF and ASF
# write them.
_NO_IMAGES = {
    "RAW": "raw data",
    "SIGNAL DATA": "raw data",
    "GEOCODED": "a map already",
    "SCANSAR": "ScanSAR, of several beams",
}


def refuse_types(leader: Leader, order: str) -> None:
    """Raise ProductError if the summary names a product that cannot be geocoded.

    order: the remedy.
    """
    name = leader.summary.text(TYPE_AT, 32, "product type").upper()
    for word, kind in _NO_IMAGES.items():
        if word in name:
            where = f"{leader.path}, product type"
            raise ProductError(where, f"is {name!r}, {kind}", order)


def with_trailer(leader: Leader) -> Leader:
    """The leader with the records of the product's trailer file, if there is one beside it.

    Some processors wrote into the trailer what others wrote into the leader. Raises ProductError if
    the trailer is damaged.
    """
    folder = leader.path.parent
    for path in sorted(folder.iterdir()):
        if path == leader.path or product_key(path.name) != product_key(leader.path.name):
            continue
        if path.is_file() and not kind_of_file(path) and _is_descriptor(path):
            return Leader(leader.path, leader.records + Leader.open(path).records[1:])
    return leader


def _is_descriptor(path: Path) -> bool:
    """Whether a file begins with a CEOS file descriptor record."""
    header = read_part(path, 0, HEADER.size)
    return len(header) == HEADER.size and HEADER.unpack(header)[2:5] == (192, 18, 18)
