"""Products of every format that a simulated image can be written in, and a tiny Sentinel-1."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import simulated_images as images
from calvingfront.simulation.product_writers.envisat import write_envisat
from calvingfront.simulation.product_writers.terrasar import write_terrasar
from sentinel1_files import write_sentinel1

PRODUCTS: dict[str, Callable[[Path], Path]] = {
    "IMS": lambda folder: write_envisat(images.envisat_image("IMS"), folder),
    "IMP": lambda folder: write_envisat(images.envisat_image("IMP", "ERS-2"), folder),
    "SSC": lambda folder: write_terrasar(images.terrasar_image("SSC"), folder),
    "MGD": lambda folder: write_terrasar(images.terrasar_image("MGD", "TDX"), folder),
    "GRD": write_sentinel1,
}


@pytest.fixture(params=PRODUCTS)
def product_path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A product of each kind in turn."""
    return PRODUCTS[request.param](tmp_path)
