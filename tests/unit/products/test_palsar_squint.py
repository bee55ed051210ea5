"""ALOS PALSAR 1.1: whether its lines are timed at zero Doppler is decided by its own places."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from calvingfront.errors import ProductError
from calvingfront.products.ceos import palsar
from calvingfront.products.ceos.palsar_polynomials import read_polynomials
from calvingfront.products.checks import check_product
from calvingfront.products.product_json import product_from_dict, product_to_dict
from calvingfront.radar.model import DopplerCentroid, Product, RadarGeometry
from calvingfront.simulation.imaging.radar_image import RadarImage
from calvingfront.simulation.product_writers.palsar import write
from ceos_images import LINES, SAMPLES, radar_image

WAVELENGTH_M = 0.236057
# 60 Hz at 847 km, falling by 5 Hz over the image's 440 m of range.
DOPPLER = DopplerCentroid(WAVELENGTH_M, 847e3, np.array([60.0, -0.011]))


def image_of(doppler: DopplerCentroid | None) -> RadarImage:
    image = radar_image("PALSAR", is_complex=True)
    return replace(image, geometry=replace(image.geometry, doppler=doppler))


def read_geometry(path: Path) -> tuple[Product, RadarGeometry]:
    product = palsar.read(path)
    assert isinstance(product.geometry, RadarGeometry)
    return product, product.geometry


def test_an_image_in_the_middle_of_the_beam_is_recognised(tmp_path: Path) -> None:
    product, geometry = read_geometry(write(image_of(DOPPLER), tmp_path))
    assert geometry.doppler is not None
    ranges = np.linspace(847e3, 847.44e3, 5)
    found, wanted = (d.lead(ranges, 7500.0) for d in (geometry.doppler, DOPPLER))
    np.testing.assert_allclose(found, wanted, atol=0.05)
    assert wanted[0] == pytest.approx(800.0, abs=2.0)
    assert wanted[0] - wanted[-1] > 60.0
    assert "those of the Doppler centroid" in product.notes[-1]
    assert "791 m from zero Doppler" in product.notes[-1]
    assert check_product(product) == []


def test_a_deskewed_image_keeps_its_times_whatever_doppler_its_leader_states(
    tmp_path: Path,
) -> None:
    product, geometry = read_geometry(write(image_of(None), tmp_path, annotated=DOPPLER))
    assert geometry.doppler is None
    assert "zero-Doppler times" in product.notes[-1]
    assert check_product(product) == []


@pytest.mark.parametrize("factor", [-1.0, 0.5, 3.0])
def test_an_image_that_fits_neither_is_refused_with_both_distances(
    factor: float, tmp_path: Path
) -> None:
    other = replace(DOPPLER, coefficients=factor * DOPPLER.coefficients)
    path = write(image_of(other), tmp_path, annotated=DOPPLER)
    message = r"m along the track from zero Doppler and \d+ m from the annotated .* level 1\.5"
    with pytest.raises(ProductError, match=message):
        palsar.read(path)


def test_without_places_only_a_harmless_squint_is_taken(tmp_path: Path) -> None:
    with pytest.raises(ProductError, match=r"would shift the image by 790 m .* level 1\.5"):
        palsar.read(write(image_of(None), tmp_path / "a", annotated=DOPPLER, polynomials=False))
    slight = replace(DOPPLER, coefficients=np.array([0.5]))
    path = write(image_of(None), tmp_path / "b", annotated=slight, polynomials=False)
    product, geometry = read_geometry(path)
    assert geometry.doppler is None
    assert "the squint is 6.6 m at most" in product.notes[-1]


def change(path: Path, kind: int, at: int, text: bytes) -> None:
    """Write over byte `at` (from 1) of the first record of a kind."""
    content = bytearray(path.read_bytes())
    start = 0
    while content[start + 5] != kind or start == 0:
        start += int.from_bytes(content[start + 8 : start + 12], "big")
    content[start + at - 1 : start + at - 1 + len(text)] = text
    path.write_bytes(content)


def test_without_places_an_unknown_doppler_is_refused_and_alos_2_is_at_zero(tmp_path: Path) -> None:
    path = write(image_of(None), tmp_path, annotated=DOPPLER, polynomials=False)
    for at in palsar.DOPPLER_AT:
        change(path, 10, at, b" " * 16)
    with pytest.raises(ProductError, match="its Doppler centroid is unknown"):
        palsar.read(path)
    change(path, 10, 397, b"ALOS2")
    product, geometry = read_geometry(path)
    assert (product.platform, geometry.doppler) == ("ALOS-2", None)


@pytest.mark.parametrize("doppler", [None, DOPPLER])
def test_the_coordinates_in_the_lines_decide_where_there_are_no_polynomials(
    doppler: DopplerCentroid | None, tmp_path: Path
) -> None:
    whole = write(image_of(doppler), tmp_path / "whole")
    points = palsar.read(whole).ground_points
    assert points is not None
    path = write(image_of(doppler), tmp_path / "lines", annotated=DOPPLER, polynomials=False)
    _, to_ground = read_polynomials(palsar.Leader.open(whole))
    (imagery,) = path.parent.glob("IMG-*")
    content = np.frombuffer(imagery.read_bytes(), np.uint8).copy()
    stride = (len(content) - 720) // LINES
    rows = content[720:].reshape(LINES, stride)
    for k, sample in enumerate((0, SAMPLES // 2, SAMPLES - 1)):
        place = to_ground(np.arange(LINES), np.full(LINES, sample))
        for degrees, at in zip(place, palsar.PLACES_AT[k::3], strict=True):
            whole_numbers = np.round(degrees * 1e6).astype(">i4").view(np.uint8).reshape(-1, 4)
            rows[:, at - 1 : at + 3] = whole_numbers
    imagery.write_bytes(content.tobytes())
    product, geometry = read_geometry(path)
    assert (geometry.doppler is None) == (doppler is None)
    assert "the coordinates of the lines" in product.notes[-1]
    assert check_product(product) == []


def test_a_near_range_that_is_off_is_taken_for_a_height_and_one_that_is_far_off_refused(
    tmp_path: Path,
) -> None:
    image = image_of(DOPPLER)
    path = write(image, tmp_path)
    (imagery,) = tmp_path.glob("IMG-*")
    content = np.frombuffer(imagery.read_bytes(), np.uint8).copy()
    rows = content[720:].reshape(LINES, -1)
    rows[:, 116:120] = np.frombuffer((840_000).to_bytes(4, "big"), np.uint8)
    imagery.write_bytes(content.tobytes())
    with pytest.raises(ProductError, match="off in slant range"):
        palsar.read(path)


def test_the_doppler_centroid_is_kept_in_product_json(tmp_path: Path) -> None:
    product, geometry = read_geometry(write(image_of(DOPPLER), tmp_path))
    restored = product_from_dict(product_to_dict(product)).geometry
    assert isinstance(restored, RadarGeometry)
    assert restored.doppler is not None
    assert geometry.doppler is not None
    np.testing.assert_array_equal(restored.doppler.coefficients, geometry.doppler.coefficients)
    assert restored.doppler.wavelength_m == geometry.doppler.wavelength_m
    assert restored.doppler.origin_m == geometry.doppler.origin_m
