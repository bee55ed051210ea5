"""TerraSAR-X and TanDEM-X: a real annotation, and products with single faults."""

from __future__ import annotations

import re
import struct
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

import header_residuals
import simulated_images as images
from calvingfront.errors import ProductError
from calvingfront.products.checks import check_product
from calvingfront.products.terrasar import reader as terrasar
from calvingfront.products.terrasar.cosar import read_burst
from calvingfront.products.terrasar.slant_range import invert_ground_range
from calvingfront.products.xml_reading import XmlFields
from calvingfront.radar.model import SPEED_OF_LIGHT, Product, RadarGeometry, SlantRange
from calvingfront.simulation.product_writers.terrasar import write_terrasar


@pytest.fixture(scope="module")
def scene(shared_data: Path) -> Product:
    return terrasar.read(shared_data / "products" / "tsx-ssc")


def annotation(folder: Path) -> Path:
    (path,) = folder.glob("*.xml")
    return path


def edit(path: Path, pattern: str, replacement: str) -> None:
    text, count = re.subn(pattern, replacement, path.read_text(encoding="utf-8"), count=1)
    assert count == 1
    path.write_text(text, encoding="utf-8")


def test_a_real_annotation_reads_as_it_was_annotated(scene: Product) -> None:
    assert (scene.mission, scene.platform, scene.level) == ("TSX", "TerraSAR-X", "SSC")
    assert scene.shape == (32710, 15328)
    assert (scene.polarisation, scene.pass_direction) == ("HH", "descending")
    assert scene.orbit.times_s == pytest.approx(np.arange(12) * 10.0)
    assert scene.orbit.positions_m[0, 0] == -1580218.09609726421
    assert abs((scene.acquired - datetime(2008, 3, 10, 13, 32, 24, 350454)).total_seconds()) < 1e-3
    assert isinstance(scene.geometry, RadarGeometry)
    assert scene.geometry.look_side == "right"
    assert isinstance(scene.geometry.range, SlantRange)
    assert 1 / scene.geometry.range.interval_s == pytest.approx(109_886_128.0)
    assert 1 / scene.geometry.azimuth.interval_s == pytest.approx(3832.52399553571422)
    assert scene.calibration.gains.item() == 1.04344690525452603e-05
    # Annotated times less the delays of GEOREF.xml, which came later than without them.
    delay = 1.86348973640016759e-10 + 1.45474766252304439e-08
    assert scene.geometry.range.first_time_s == pytest.approx(
        4.22716597608860812e-03 - delay, abs=1e-15
    )
    assert scene.geometry.azimuth.first_s == pytest.approx(44.083162 + 1.8e-4, abs=1e-9)


def test_the_real_orbit_is_off_the_annotated_times_by_the_annotated_delays(
    shared_data: Path,
) -> None:
    found = header_residuals.terrasar_raw(shared_data / "products")
    assert found.along_m.mean() == pytest.approx(1.27, abs=0.02)
    assert found.along_m.std() < 0.01
    assert found.across_m is not None
    assert found.across_m.mean() == pytest.approx(-2.210, abs=0.002)
    assert found.across_m.std() < 0.001


def test_the_products_geometry_without_the_delays_fits_to_a_centimetre(scene: Product) -> None:
    found = header_residuals.of_product("TSX", scene, "points")
    assert found.along_m.size == 8296
    assert np.abs(found.along_m).max() < 0.03
    assert found.across_m is not None
    assert np.abs(found.across_m).max() < 0.005


def test_the_real_annotation_without_its_image_is_refused(scene: Product) -> None:
    (fault,) = check_product(scene)
    assert "IMAGE_HH_SRA_strip_011.cos" in fault.where


@pytest.mark.parametrize(
    ("pattern", "replacement", "field"),
    [
        (r"<numberOfRows>\d+", "<numberOfRows>99999999", "numberOfRows"),
        (r"<numberOfColumns>\d+", "<numberOfColumns>many", "numberOfColumns"),
        (r"<posX>[^<]+", "<posX>nan", "posX"),
        (r"<rowSpacing units=.s.>[^<]+", "<rowSpacing>2e-8", "rowSpacing"),
        (r"<productVariant>SSC", "<productVariant>EEC", "productVariant"),
        (r"<path>IMAGEDATA", "<path>/etc", "points outside"),
        (r"<lookDirection>RIGHT</lookDirection>", "", "lookDirection"),
        (r"<calFactor>[^<]+", "<calFactor>0", "calFactor"),
        (r"^", "<!DOCTYPE a [<!ENTITY b 'bbbb'>]>", "DOCTYPE"),
    ],
)
def test_a_wrong_field_is_named(pattern: str, replacement: str, field: str, tmp_path: Path) -> None:
    folder = write_terrasar(images.terrasar_image(), tmp_path)
    edit(annotation(folder), pattern, replacement)
    with pytest.raises(ProductError, match=field):
        terrasar.read(annotation(folder))


def test_a_fast_turned_image_has_its_times_from_the_other_end(tmp_path: Path) -> None:
    image = images.terrasar_image()
    folder = write_terrasar(image, tmp_path)
    edit(annotation(folder), "EARLYAZNEARRG", "LATEAZFARRG")
    geometry = terrasar.read(folder).geometry
    assert isinstance(geometry, RadarGeometry)
    original = image.geometry
    lines, samples = image.values.shape
    last = original.azimuth.time(np.array(lines - 1.0))
    assert geometry.azimuth.time(np.array(0.0)) == pytest.approx(last, abs=1e-9)
    far = original.range.slant_range(np.array(samples - 1.0), last)
    assert geometry.range.slant_range(np.array(0.0), last) == pytest.approx(far, abs=1e-4)
    near = original.range.slant_range(np.array(0.0), last)
    assert geometry.range.slant_range(np.array(samples - 1.0), last) == pytest.approx(
        near, abs=1e-4
    )


def test_the_delays_move_a_ground_range_image_too(tmp_path: Path) -> None:
    folder = write_terrasar(images.terrasar_image("MGD"), tmp_path)
    before = terrasar.read(folder)
    effects = (
        "<signalPropagationEffects><rangeDelay><coefficient exponent='0'>2e-8</coefficient>"
        "</rangeDelay><azimuthShift><coefficient exponent='0'>-1e-4</coefficient></azimuthShift>"
        "</signalPropagationEffects>"
    )
    edit(folder / "ANNOTATION" / "GEOREF.xml", r"<signalPropagationEffects */>", effects)
    after = terrasar.read(folder)
    assert isinstance(before.geometry, RadarGeometry)
    assert isinstance(after.geometry, RadarGeometry)
    zero = np.zeros(1)
    moved = after.geometry.range.slant_range(zero, zero) - before.geometry.range.slant_range(
        zero, zero
    )
    assert moved == pytest.approx(-1e-8 * SPEED_OF_LIGHT, abs=1e-6)
    assert after.geometry.azimuth.first_s - before.geometry.azimuth.first_s == pytest.approx(1e-4)


def test_without_georef_the_product_says_that_delays_stay(tmp_path: Path) -> None:
    folder = write_terrasar(images.terrasar_image(), tmp_path)
    (folder / "ANNOTATION" / "GEOREF.xml").unlink()
    product = terrasar.read(folder)
    assert product.ground_points is None
    assert "no ANNOTATION/GEOREF.xml" in product.notes[0]


def test_the_co_polarised_layer_is_read_whatever_the_order(tmp_path: Path) -> None:
    folder = write_terrasar(images.terrasar_image(), tmp_path)
    text = annotation(folder).read_text(encoding="utf-8")
    (layer,) = re.findall(r"<imageData\b.*?</imageData>", text, re.DOTALL)
    (constant,) = re.findall(r"<calibrationConstant\b.*?</calibrationConstant>", text, re.DOTALL)
    own = terrasar.read(folder).polarisation
    for first, second in (("VH", "VV"), ("VV", "HH")):
        changed = text
        for part in (layer, constant):
            both = [part.replace(f">{own}<", f">{name}<") for name in (first, second)]
            changed = changed.replace(part, "".join(both))
        annotation(folder).write_text(changed, encoding="utf-8")
        assert terrasar.read(folder).polarisation == second
        assert terrasar.read(folder, first.lower()).polarisation == first


def cosar(folder: Path) -> Path:
    (path,) = folder.glob("IMAGEDATA/*.cos")
    return path


def test_samples_outside_the_valid_range_of_a_line_are_no_data(tmp_path: Path) -> None:
    image = images.terrasar_image()
    folder = write_terrasar(image, tmp_path)
    path = cosar(folder)
    burst = read_burst(path)
    content = bytearray(path.read_bytes())
    struct.pack_into(">2i", content, burst.offset_bytes + 3 * burst.record_bytes, 11, 50)
    path.write_bytes(content)
    line = terrasar.read(folder).pixels.read(3, 1)[0]
    assert (np.flatnonzero(line) == np.arange(10, 50)).all()


@pytest.mark.parametrize(
    ("offset", "value", "field"),
    [
        (8, 2**31, "range samples"),
        (12, 41, "bytes|lines"),
        (20, 0, "bytes of a line"),
        (28, 0, "header"),
        (32, 7, "version"),
    ],
)
def test_a_wrong_cosar_header_is_refused(
    offset: int, value: int, field: str, tmp_path: Path
) -> None:
    folder = write_terrasar(images.terrasar_image(), tmp_path)
    content = bytearray(cosar(folder).read_bytes())
    struct.pack_into(">I", content, offset, value)
    cosar(folder).write_bytes(content)
    with pytest.raises(ProductError, match=field):
        terrasar.read(folder).pixels.read(0, 1)


def test_a_second_burst_is_refused(tmp_path: Path) -> None:
    folder = write_terrasar(images.terrasar_image(), tmp_path)
    cosar(folder).write_bytes(cosar(folder).read_bytes() * 2)
    with pytest.raises(ProductError, match="MGD"):
        terrasar.read(folder).pixels.read(0, 1)


def test_a_ground_range_that_falls_with_slant_range_is_refused(tmp_path: Path) -> None:
    folder = write_terrasar(images.terrasar_image("MGD"), tmp_path)
    edit(annotation(folder), r'exponent="1">', 'exponent="1">-')
    with pytest.raises(ProductError, match="slantToGroundRangeProjection"):
        terrasar.read(folder)


@pytest.mark.parametrize("swath_m", [30_000.0, 100_000.0])
def test_a_slant_to_ground_polynomial_is_inverted_to_a_millimetre(swath_m: float) -> None:
    # Ground range on a sphere, as a polynomial of time after the middle of the swath.
    earth, orbit, near = 6.371e6, 6.886e6, 5.8e5

    def ground_of(slant):
        return earth * np.arccos((earth**2 + orbit**2 - slant**2) / (2 * earth * orbit))

    far = np.sqrt(
        earth**2 + orbit**2 - 2 * earth * orbit * np.cos((ground_of(near) + swath_m) / earth)
    )
    slant = np.linspace(near, far, 400)
    times = 2 * slant / SPEED_OF_LIGHT
    reference = times.mean()
    half = np.ptp(times) / 2
    scaled = np.polynomial.polynomial.polyfit((times - reference) / half, ground_of(slant), 8)
    coefficients = scaled / half ** np.arange(9)
    terms = "".join(
        f"<coefficient exponent='{k}'>{value:.17e}</coefficient>"
        for k, value in enumerate(coefficients)
    )
    fields = XmlFields.parse(
        f"<a><referencePoint>{reference:.17e}</referencePoint>{terms}</a>".encode(), "a.xml"
    )
    origin, inverse = invert_ground_range(fields, times[0], swath_m)
    ground = ground_of(slant) - ground_of(near)
    found = np.polynomial.polynomial.polyval(ground - origin, inverse)
    assert np.abs(found - slant).max() < 1e-3
