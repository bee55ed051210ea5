"""Envisat's format: a real ASAR header, and headers with single faults."""

from __future__ import annotations

import struct
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

import header_residuals
import simulated_images as images
from calvingfront.errors import ProductError
from calvingfront.products.checks import check_product
from calvingfront.products.envisat import reader as envisat
from calvingfront.products.envisat.records import (
    CALIBRATION,
    REFERENCE_RANGE,
)
from calvingfront.radar.model import SPEED_OF_LIGHT, Product, RadarGeometry, SlantRange
from calvingfront.simulation.product_writers.envisat import write_envisat

PROCESSING_OFFSET_FIELD = b'DS_NAME="MAIN PROCESSING PARAMS ADS'


@pytest.fixture(scope="module")
def asar(shared_data: Path) -> Product:
    (path,) = (shared_data / "products" / "envisat-asar-ims").glob("*.N1")
    return envisat.read(path)


def test_a_real_asar_header_reads_as_it_was_annotated(asar: Product) -> None:
    assert (asar.mission, asar.platform, asar.level) == ("ENVISAT", "Envisat", "IMS")
    assert asar.shape == (30308, 5177)
    assert (asar.polarisation, asar.pass_direction, asar.beam) == ("VV", "ascending", "IS2")
    assert asar.orbit.epoch == datetime(2004, 7, 3, 20, 53, 38, 232230)
    assert asar.orbit.positions_m[0] == pytest.approx([5350934.52, 866491.98, 4675604.42])
    assert asar.orbit.velocities_m_s[4] == pytest.approx([-4540.26258, -2606.30837, 5440.70848])
    assert asar.radar_frequency_hz == 5_331_004_416.0
    assert asar.mean_height_m == pytest.approx(276.73, abs=0.005)
    assert asar.ground_points is not None
    assert asar.ground_points.line.size == 154
    # The file counts lines and samples from 1.
    assert (asar.ground_points.line.min(), asar.ground_points.line.max()) == (0, 30307)
    assert (asar.ground_points.sample.min(), asar.ground_points.sample.max()) == (0, 5176)
    assert isinstance(asar.geometry, RadarGeometry)
    assert isinstance(asar.geometry.range, SlantRange)
    assert asar.geometry.range.first_time_s == pytest.approx(5_525_977.5e-9, abs=2.5e-10)


def test_the_real_orbit_and_timing_reproduce_the_products_own_ground_points(asar: Product) -> None:
    points = asar.ground_points
    assert points is not None
    assert isinstance(asar.geometry, RadarGeometry)
    places = images.TO_FIXED.transform(points.longitude, points.latitude, points.height)
    time_s, slant_range_m = images.zero_doppler(
        asar.orbit, np.stack(places, axis=1), points.azimuth_time_s
    )
    along = 7000 * (time_s - points.azimuth_time_s)
    across = slant_range_m - SPEED_OF_LIGHT / 2 * points.slant_range_time_s
    assert abs(along.mean()) < 0.02
    assert along.std() < 0.13  # latitude and longitude are annotated to 0.11 m
    assert across.mean() == pytest.approx(-0.05, abs=0.01)
    assert across.std() < 0.03
    # The same through line and sample numbers: the image's own geometry.
    found = header_residuals.of_product("ASAR", asar, "tie points")
    assert abs(found.along_m.mean()) < 0.02
    assert found.across_m is not None
    assert found.across_m.mean() == pytest.approx(-0.05, abs=0.01)
    assert found.across_m.std() < 0.015  # finer than the 7 cm of a single annotated time


def test_a_height_of_0_would_be_255_m_off_in_range(asar: Product) -> None:
    points = asar.ground_points
    assert points is not None
    places = images.TO_FIXED.transform(points.longitude, points.latitude, 0 * points.height)
    _, slant_range_m = images.zero_doppler(
        asar.orbit, np.stack(places, axis=1), points.azimuth_time_s
    )
    across = slant_range_m - SPEED_OF_LIGHT / 2 * points.slant_range_time_s
    assert across.mean() == pytest.approx(255, abs=1)


def test_the_real_header_without_its_pixels_is_refused_with_the_missing_bytes(
    asar: Product,
) -> None:
    (fault,) = check_product(asar)
    assert "628133300 bytes are missing" in str(fault)
    assert asar.path.name in fault.where


def test_uncompensated_range_spreading_is_calibrated_with_the_cube_of_the_range(
    asar: Product,
) -> None:
    assert isinstance(asar.geometry, RadarGeometry)
    assert isinstance(asar.geometry.range, SlantRange)
    samples = asar.calibration.samples
    ranges = asar.geometry.range.slant_range(samples, samples)
    expected = (ranges / 8e5) ** 3 / 32284.94140625
    assert asar.calibration.gains[0] == pytest.approx(expected, rel=1e-12)
    assert any("antenna" in note for note in asar.notes)


def test_compensated_images_have_one_gain_and_no_note(tmp_path: Path) -> None:
    product = envisat.read(write_envisat(images.envisat_image(), tmp_path))
    assert product.calibration.gains.shape == (1, 1)
    assert product.notes == ()


def change(path: Path, old: bytes, new: bytes) -> None:
    content = path.read_bytes()
    assert content.count(old) >= 1
    path.write_bytes(content.replace(old, new, 1))


def processing_start(path: Path) -> int:
    content = path.read_bytes()
    entry = content.index(PROCESSING_OFFSET_FIELD)
    field = content.index(b"DS_OFFSET=", entry) + len(b"DS_OFFSET=")
    return int(content[field : field + 21])


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        (b"LINE_LENGTH=+00060", b"LINE_LENGTH=-00060", "LINE_LENGTH"),
        (b"NUM_DSD=+0000000005", b"NUM_DSD=+0009999999", "NUM_DSD"),
        (b"SPH_SIZE=+000000", b"SPH_SIZE=+999000", "SPH_SIZE"),
        (b'PASS="DESCENDING"', b'PASS="SIDEWAYS  "', "PASS"),
        (b"-MAR-2006 13:01:04", b"-MAI-2006 13:01:04", "not a time"),
        (b"LINE_TIME_INTERVAL=+6.0", b"LINE_TIME_INTERVAL=+nan", "LINE_TIME_INTERVAL"),
        (b'SAMPLE_TYPE="COMPLEX "', b'SAMPLE_TYPE="DETECTED"', "SAMPLE_TYPE"),
        (b"ASA_IMS_1P", b"ASA_IMG_1P", "IMG_1P', a map without terrain.*Order the scene as IMP"),
        (b"ASA_IMS_1P", b"ASA_GM1_1P", "1 km resolution.*Order the scene as WSM"),
        (b"ASA_IMS_1P", b"ASA_XXX_1P", "no image that can be geocoded"),
    ],
)
def test_a_wrong_field_is_named(old: bytes, new: bytes, field: str, tmp_path: Path) -> None:
    path = write_envisat(images.envisat_image(), tmp_path)
    if b"MAR" in old:
        content = path.read_bytes()
        at = content.index(b"FIRST_LINE_TIME")
        path.write_bytes(content[:at] + content[at:].replace(b"-MAR-", b"-MAI-", 1))
    else:
        change(path, old, new)
    with pytest.raises(ProductError, match=field) as caught:
        envisat.read(path)
    assert path.name in caught.value.where or path.name in str(caught.value)


def test_a_truncated_file_is_refused_with_its_name_and_the_missing_bytes(tmp_path: Path) -> None:
    path = write_envisat(images.envisat_image(), tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[:-100])
    (fault,) = check_product(envisat.read(path))
    assert "100 bytes are missing" in str(fault)
    path.write_bytes(content[:5000])
    with pytest.raises(ProductError, match="bytes are missing") as caught:
        envisat.read(path)
    assert path.name in caught.value.where


def test_a_signalling_nan_in_the_processing_parameters_is_refused(tmp_path: Path) -> None:
    path = write_envisat(images.envisat_image(), tmp_path)
    start = processing_start(path)
    content = bytearray(path.read_bytes())
    content[start + CALIBRATION : start + CALIBRATION + 4] = b"\x7f\x80\x00\x01"
    path.write_bytes(content)
    with pytest.raises(ProductError, match="calibration factor"):
        envisat.read(path)


def test_uncompensated_images_are_known_by_two_flags(tmp_path: Path) -> None:
    path = write_envisat(images.envisat_image(), tmp_path)
    start = processing_start(path)
    content = bytearray(path.read_bytes())
    # Elevation antenna pattern and range spreading: where a generic reader of the format has them.
    assert (content[start + 121], content[start + 126]) == (1, 1)
    content[start + 126] = 0
    struct.pack_into(">f", content, start + REFERENCE_RANGE, 850_000.0)
    path.write_bytes(content)
    product = envisat.read(path)
    assert product.calibration.gains.shape == (1, 17)
    assert product.notes == ()
    content[start + 121] = 0
    path.write_bytes(content)
    assert len(envisat.read(path).notes) == 1


@pytest.mark.parametrize(
    ("sets", "first"), [(("V/H", "V/V"), "VV"), (("V/V", "H/H"), "HH"), (("H/H", "H/V"), "HH")]
)
def test_the_co_polarised_data_set_is_read_whatever_the_order(
    sets: tuple[str, str], first: str, tmp_path: Path
) -> None:
    header = envisat.read_header(write_envisat(images.envisat_image(), tmp_path))
    for number, text in enumerate(sets, start=1):
        header.specific.values[f"MDS{number}_TX_RX_POLAR"] = text
    index = next(i for i, text in enumerate(sets) if text.replace("/", "") == first)
    assert envisat._choose(header, None) == (index, first)
    for index, text in enumerate(sets):
        assert envisat._choose(header, text) == (index, text.replace("/", ""))


def test_another_polarisation_is_refused_with_those_that_are_there(tmp_path: Path) -> None:
    path = write_envisat(images.envisat_image(), tmp_path)
    assert envisat.read(path, "HH").polarisation == "HH"
    with pytest.raises(ProductError, match="does not offer VV; available: HH"):
        envisat.read(path, "VV")
