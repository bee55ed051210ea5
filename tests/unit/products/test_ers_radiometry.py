"""ERS CEOS: what the leader's flags say is corrected, and which record they stand in."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from calvingfront.errors import ProductError
from calvingfront.products.ceos import ers
from calvingfront.products.ceos.ers_radiometry import ANTENNA_AT, SPREADING_AT
from calvingfront.products.ceos.records import Leader
from calvingfront.products.checks import check_product
from calvingfront.products.registry import open_product
from calvingfront.simulation.product_writers import ers_ceos as writer
from ceos_images import radar_image


def facility(path: Path) -> tuple[int, bytes]:
    """Where the facility record begins in the leader, and its content."""
    offset = 0
    for record in Leader.open(path).records:
        if offset and record.code[1] == 200:
            return offset, record.content
        offset += len(record.content)
    raise AssertionError("no facility record")


def with_flags(path: Path, antenna: str, spreading: str) -> Path:
    content = bytearray(path.read_bytes())
    start, _ = facility(path)
    for at, text in ((ANTENNA_AT, antenna), (SPREADING_AT, spreading)):
        content[start + at - 1 : start + at + 3] = text.ljust(4).encode()
    path.write_bytes(content)
    return path


def worst_db(path: Path, values: np.ndarray) -> float:
    product = ers.read(path)
    bright = np.abs(values) > 0.5
    gains = np.interp(
        np.arange(product.shape[1]), product.calibration.samples, product.calibration.gains[0]
    )
    read = np.abs(product.pixels.read(0, product.shape[0])).astype(np.float64) ** 2 * gains
    return float(np.abs(10 * np.log10(read[bright] / np.abs(values[bright]) ** 2)).max())


def test_an_image_that_fades_with_the_range_comes_back_in_decibels(tmp_path: Path) -> None:
    image = radar_image("ERS", is_complex=True)
    samples = np.arange(image.values.shape[1], dtype=float)
    ranges = image.geometry.range.slant_range(samples, samples)
    faded = image.values * (847e3 / ranges) ** 1.5
    path = writer.write(replace(image, values=faded.astype(np.complex64)), tmp_path)
    assert worst_db(with_flags(path, "1", "1"), image.values) > 0.15
    assert ers.read(path).notes == ()
    assert worst_db(with_flags(path, "1", "0"), image.values) < 0.08
    assert ["847 km" in note for note in ers.read(path).notes] == [True]
    assert check_product(ers.read(path)) == []


@pytest.mark.parametrize(
    ("antenna", "spreading", "told"),
    [
        ("1", "1", []),
        ("0", "1", ["antenna pattern is not compensated"]),
        ("", "1", ["does not say whether the elevation"]),
        ("1", "-999", ["does not say whether range spreading"]),
        ("0", "0000", ["range spreading loss compensated", "antenna pattern is not compensated"]),
    ],
)
def test_what_stays_in_the_image_is_told(
    antenna: str, spreading: str, told: list[str], tmp_path: Path
) -> None:
    path = writer.write(radar_image("ERS", is_complex=True), tmp_path)
    notes = ers.read(with_flags(path, antenna, spreading)).notes
    assert len(notes) == len(told)
    assert all(text in note for text, note in zip(told, notes, strict=True))


def test_a_detected_image_is_compensated_by_its_processor(tmp_path: Path) -> None:
    path = writer.write(radar_image("ERS", is_complex=False), tmp_path)
    product = ers.read(with_flags(path, "0", "0"))
    assert product.calibration.gains.shape == (1, 1)


def test_a_facility_record_of_type_216_is_read(tmp_path: Path) -> None:
    path = writer.write(radar_image("ERS", is_complex=False), tmp_path)
    before = open_product(tmp_path)
    start, _ = facility(path)
    content = bytearray(path.read_bytes())
    content[start + 5] = 216
    path.write_bytes(content)
    after = open_product(tmp_path)
    assert after.calibration.gains == before.calibration.gains
    assert np.array_equal(after.geometry.range.coefficients, before.geometry.range.coefficients)


def test_a_pcs_record_before_the_general_one_is_passed_over(tmp_path: Path) -> None:
    path = writer.write(radar_image("ERS", is_complex=True), tmp_path)
    before = open_product(tmp_path).calibration.gains
    start, _ = facility(path)
    content = path.read_bytes()
    name = b"FACILITY RELATED DATA RECORD [ESA PCS TYPE]".ljust(64)
    body = name + b"0" * (20_000 - 12 - len(name))
    pcs = struct.pack(">IBBBBI", 5, 10, 200, 31, 50, 12 + len(body)) + body
    path.write_bytes(content[:start] + pcs + content[start:])
    assert open_product(tmp_path).calibration.gains == before


def test_a_leader_of_another_facility_is_refused_by_name(tmp_path: Path) -> None:
    path = writer.write(radar_image("ERS", is_complex=True), tmp_path)
    start, _ = facility(path)
    content = bytearray(path.read_bytes())
    content[start + 5] = 210
    path.write_bytes(content)
    with pytest.raises(ProductError, match="Alaska SAR Facility: order the scene from ESA"):
        open_product(tmp_path)
    content[start + 5] = 77
    path.write_bytes(content)
    with pytest.raises(ProductError, match="no general facility record"):
        open_product(tmp_path)
