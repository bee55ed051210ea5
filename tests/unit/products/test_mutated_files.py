"""Truncated files, flipped bits, blown up counts, text for numbers: always a ProductError."""

from __future__ import annotations

from pathlib import Path

import pytest

import simulated_images as images
from calvingfront.errors import ProductError
from calvingfront.products.checks import check_product
from calvingfront.products.product_json import product_to_dict
from calvingfront.products.registry import open_product
from calvingfront.simulation.product_writers.envisat import write_envisat
from calvingfront.simulation.product_writers.terrasar import write_terrasar
from mutations import COUNT, survive
from sentinel1_files import write_sentinel1, zip_safe


def use(path: Path) -> None:
    """Everything that ingestion does with a product."""
    product = open_product(path)
    faults = check_product(product)
    product_to_dict(product)
    if faults:
        raise faults[0]


def damage(path: Path, pattern: str, share: float, within: int | None = None) -> int:
    file = path if path.is_file() else next(path.glob(pattern))
    content = file.read_bytes()
    count = max(int(COUNT * share), 1)
    return survive(content, file.write_bytes, lambda: use(path), count, within)


@pytest.mark.parametrize("level", ["IMS", "IMP"])
def test_envisat_survives_damage(level: str, tmp_path: Path) -> None:
    path = write_envisat(images.envisat_image(level), tmp_path)
    assert damage(path, "", 0.5, within=24_000) > 0


@pytest.mark.parametrize(
    ("level", "pattern", "share"),
    [
        ("SSC", "*.xml", 0.4),
        ("SSC", "ANNOTATION/*.xml", 0.2),
        ("SSC", "IMAGEDATA/*", 0.1),
        ("MGD", "*.xml", 0.2),
        ("MGD", "IMAGEDATA/*", 0.1),
    ],
)
def test_terrasar_survives_damage(level: str, pattern: str, share: float, tmp_path: Path) -> None:
    path = write_terrasar(images.terrasar_image(level), tmp_path)
    assert damage(path, pattern, share) > 0


@pytest.mark.parametrize(
    ("pattern", "share"),
    [("annotation/*.xml", 0.5), ("annotation/calibration/*", 0.2), ("measurement/*", 0.1)],
)
def test_sentinel1_survives_damage(pattern: str, share: float, tmp_path: Path) -> None:
    assert damage(write_sentinel1(tmp_path), pattern, share) > 0


def test_a_zip_survives_damage(tmp_path: Path) -> None:
    path = zip_safe(write_sentinel1(tmp_path))
    assert damage(path, "", 0.2) > 0


def test_the_undamaged_products_are_used_without_a_fault(product_path: Path) -> None:
    use(product_path)


def test_the_helper_notices_another_exception(tmp_path: Path) -> None:
    file = tmp_path / "numbers.txt"
    file.write_bytes(b"12 34 56 78 " * 20)

    def fragile() -> None:
        if not file.read_bytes().startswith(b"12 34"):
            raise KeyError("not caught")

    with pytest.raises(AssertionError, match="KeyError"):
        survive(file.read_bytes(), file.write_bytes, fragile, 100)


def test_the_helper_counts_refusals(tmp_path: Path) -> None:
    file = tmp_path / "numbers.txt"
    file.write_bytes(b"12 34 56 78 " * 20)

    def strict() -> None:
        if file.read_bytes() != b"12 34 56 78 " * 20:
            raise ProductError(file, "changed", "Fetch it again.")

    assert survive(file.read_bytes(), file.write_bytes, strict, 50) >= 45
