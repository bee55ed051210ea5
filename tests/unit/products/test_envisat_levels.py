"""Envisat's further levels: two polarisations, medium resolution, wide swath, strips."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import simulated_images as images
from calvingfront.errors import ProductError
from calvingfront.products.checks import check_product
from calvingfront.products.envisat import reader as envisat
from calvingfront.products.envisat import records
from calvingfront.radar.model import Product
from calvingfront.simulation.imaging.radar_image import RadarImage
from calvingfront.simulation.product_writers.envisat import write_envisat

DESCRIPTOR = b'DS_NAME="MAIN PROCESSING PARAMS ADS'


def worst_db(product: Product, image: RadarImage) -> float:
    """The largest error of calibrated backscatter (dB), of pixels that integers hold well."""
    bright = np.abs(image.values) > 0.05
    gains = np.interp(
        np.arange(product.shape[1]), product.calibration.samples, product.calibration.gains[0]
    )
    read = np.abs(product.pixels.read(0, product.shape[0])).astype(np.float64) ** 2 * gains
    return float(np.abs(10 * np.log10(read[bright] / np.abs(image.values[bright]) ** 2)).max())


def off_truth_m(product: Product, image: RadarImage) -> tuple[float, float]:
    """How far the product's geometry is from the image's, along the track and in range (m)."""
    lines, samples = image.values.shape
    line, sample = np.meshgrid([0.0, lines / 2, lines - 1.0], [0.0, samples / 3, samples - 1.0])
    read, exact = product.geometry, image.geometry
    shift = (product.orbit.epoch - image.orbit.epoch).total_seconds()
    time = exact.azimuth.time(line)
    along = 7000 * np.abs(read.azimuth.time(line) + shift - time).max()
    ranges = read.range.slant_range(sample, time - shift) - exact.range.slant_range(sample, time)
    return float(along), float(np.abs(ranges).max())


@pytest.mark.parametrize("level", ["APS", "APP", "IMM", "APM", "WSM"])
def test_a_level_comes_back_in_metres_and_decibels(level: str, tmp_path: Path) -> None:
    image = images.envisat_image(level)
    product = envisat.read(write_envisat(image, tmp_path))
    assert (product.level, product.mission) == (level, "ENVISAT")
    assert product.is_complex == (level == "APS")
    assert check_product(product) == []
    along, across = off_truth_m(product, image)
    assert along < 0.01
    assert across < 0.1  # float32 of the format
    assert worst_db(product, image) < 0.1


def test_an_ers_strip_of_medium_resolution_is_read(tmp_path: Path) -> None:
    product = envisat.read(write_envisat(images.envisat_image("IMM", "ERS-2"), tmp_path))
    assert (product.mission, product.platform, product.level) == ("ERS", "ERS-2", "IMM")
    assert check_product(product) == []


@pytest.mark.parametrize(("level", "power"), [("IMS", 3), ("APS", 4)])
def test_uncompensated_range_spreading_comes_back_in_decibels(
    level: str, power: int, tmp_path: Path
) -> None:
    """The image fades with the third power of the range, that of two polarisations with the 4th."""
    image = images.envisat_image(level)
    samples = image.values.shape[1]
    ranges = image.geometry.range.slant_range(np.arange(samples, dtype=float), np.zeros(samples))
    faded = image.values * (800_000.0 / ranges) ** (power / 2)
    path = write_envisat(replace(image, values=faded.astype(np.complex64)), tmp_path)
    content = bytearray(path.read_bytes())
    content[processing_start(content) + records.RANGE_SPREADING_FLAG] = 0
    path.write_bytes(content)
    assert worst_db(envisat.read(path), image) < 0.1


def dual(level: str, folder: Path, names: tuple[str, str]) -> tuple[Path, dict[str, RadarImage]]:
    both = {
        name: images.envisat_image(
            level,
            polarisation=name,
            values=images.values_of((40, 60), level == "APS", seed=number) / (1 + 3 * number),
        )
        for number, name in enumerate(names)
    }
    first, second = both.values()
    return write_envisat(first, folder, second), both


@pytest.mark.parametrize("level", ["APS", "APP", "APM"])
@pytest.mark.parametrize(
    ("names", "chosen"),
    [(("VH", "VV"), "VV"), (("HV", "HH"), "HH"), (("VV", "HH"), "HH"), (("HH", "HV"), "HH")],
)
def test_the_co_polarised_image_is_read_with_its_own_calibration(
    level: str, names: tuple[str, str], chosen: str, tmp_path: Path
) -> None:
    path, both = dual(level, tmp_path, names)
    assert envisat.read(path).polarisation == chosen
    for name, image in both.items():
        product = envisat.read(path, name.lower())
        assert product.polarisation == name
        assert check_product(product) == []
        assert worst_db(product, image) < 0.1
    other = next(name for name in ("HH", "VV", "HV", "VH") if name not in names)
    with pytest.raises(ProductError, match=f"does not offer {other}; available: ") as caught:
        envisat.read(path, other)
    assert all(name in str(caught.value) for name in names)


def processing_start(content: bytes | bytearray) -> int:
    entry = content.index(DESCRIPTOR)
    field = content.index(b"DS_OFFSET=", entry) + len(b"DS_OFFSET=")
    return int(content[field : field + 21])


def strip(path: Path, gain_factor: float = 1.0) -> None:
    """Append a second record of processing parameters: the state vectors 8 s later."""
    content = bytearray(path.read_bytes())
    start = processing_start(content)
    size = records.PROCESSING_BYTES[-1]
    first = bytes(content[start : start + size])
    second = bytearray(first)
    image = images.envisat_image("WSM")
    later = images.circular_orbit(np.arange(5) * 4.0 + 4.0, image.orbit.epoch)
    for number in range(records.ORBIT_VECTORS):
        at = records.ORBIT + number * records.ORBIT_VECTOR_BYTES
        days, seconds, microseconds = struct.unpack_from(">iII", first, at)
        struct.pack_into(">iII", second, at, days, seconds + 8, microseconds)
        position = np.rint(later.positions_m[number] * 1e2).astype(int)
        velocity = np.rint(later.velocities_m_s[number] * 1e5).astype(int)
        struct.pack_into(">6i", second, at + 12, *position, *velocity)
    calibration = struct.unpack_from(">f", first, records.CALIBRATION)[0]
    struct.pack_into(">f", second, records.CALIBRATION, calibration * gain_factor)
    entry = content.index(DESCRIPTOR)
    for key, number in (
        (b"DS_OFFSET=", len(content)),
        (b"DS_SIZE=", 2 * size),
        (b"NUM_DSR=", 2),
    ):
        at = content.index(key, entry) + len(key)
        width = content.index(b"<" if key != b"NUM_DSR=" else b"\n", at) - at
        content[at : at + width] = f"{number:+0{width}d}".encode()
    path.write_bytes(bytes(content) + first + bytes(second))


def test_a_strip_has_the_state_vectors_of_all_its_records(tmp_path: Path) -> None:
    path = write_envisat(images.envisat_image("WSM"), tmp_path)
    strip(path)
    product = envisat.read(path)
    assert product.orbit.times_s == pytest.approx([0, 4, 8, 12, 16, 20, 24])
    assert check_product(product) == []


def test_a_strip_whose_calibration_changes_is_refused(tmp_path: Path) -> None:
    path = write_envisat(images.envisat_image("WSM"), tmp_path)
    strip(path, gain_factor=1.5)
    with pytest.raises(ProductError, match="calibration: changes within the product"):
        envisat.read(path)


def test_a_detected_image_needs_no_parameters_of_complex_ones(tmp_path: Path) -> None:
    path = write_envisat(images.envisat_image("WSM"), tmp_path)
    content = bytearray(path.read_bytes())
    start = processing_start(content)
    for at in (records.REFERENCE_RANGE, records.SAMPLING_RATE):
        struct.pack_into(">f", content, start + at, 0.0)
    path.write_bytes(content)
    assert check_product(envisat.read(path)) == []


@pytest.mark.parametrize(("level", "coarse"), [("IMP", False), ("IMM", True), ("WSM", True)])
def test_a_medium_resolution_is_told(level: str, coarse: bool, tmp_path: Path) -> None:
    notes = envisat.read(write_envisat(images.envisat_image(level), tmp_path)).notes
    assert any("150 m" in note for note in notes) == coarse
