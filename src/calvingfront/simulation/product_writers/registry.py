"""The writer of each mission's product."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType

from calvingfront.errors import ProductError
from calvingfront.simulation.imaging.radar_image import RadarImage

Writer = Callable[[RadarImage, Path], Path]
_PACKAGE = "calvingfront.simulation.product_writers"

# module of product_writers for each mission and level
LAYOUTS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("ERS", "SLC"): "ers_ceos",
        ("ERS", "PRI"): "ers_ceos",
        ("ERS", "IMS"): "envisat",
        ("ERS", "IMP"): "envisat",
        ("ENVISAT", "IMS"): "envisat",
        ("ENVISAT", "IMP"): "envisat",
        ("RSAT", "SGF"): "radarsat1",
        ("PALSAR", "1.1"): "palsar",
        ("PALSAR", "1.5"): "palsar",
        ("TSX", "MGD"): "terrasar",
        ("TSX", "SSC"): "terrasar",
        ("TDX", "MGD"): "terrasar",
        ("TDX", "SSC"): "terrasar",
    }
)


def find_writer(mission: str, level: str) -> Writer:
    """The function that writes a mission's level; its module is imported only here.

    Raises ProductError if no layout is known.
    """
    if (mission, level) not in LAYOUTS:
        raise ProductError(
            f"simulated {mission} image",
            f"has the level {level}, which no writer supports",
            "Choose one of " + ", ".join(" ".join(known) for known in LAYOUTS),
        )
    name = LAYOUTS[mission, level]
    module = import_module(f"{_PACKAGE}.{name}")
    writer: Writer = getattr(module, f"write_{name}", None) or module.write
    return writer


def write_product(image: RadarImage, folder: Path) -> Path:
    """Write an image in its mission's own layout; return the file or folder that a reader opens."""
    folder.mkdir(parents=True, exist_ok=True)
    return find_writer(image.mission, image.level)(image, folder)
