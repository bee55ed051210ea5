"""A product whole: each fault is found, and none where there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.errors import NotGeoreferencedWarning

import simulated_images as images
from calvingfront.errors import ProductError
from calvingfront.products.annotated_orbit import interpolate_orbit
from calvingfront.products.checks import check_product
from calvingfront.products.pixels import RasterPixels
from calvingfront.products.registry import open_product
from calvingfront.products.terrasar import reader as terrasar
from calvingfront.radar.model import (
    AzimuthTime,
    Calibration,
    MapGeometry,
    Product,
    SlantRange,
    StateVectors,
)
from calvingfront.simulation.product_writers import palsar
from calvingfront.simulation.product_writers.terrasar import write_terrasar
from ceos_images import radar_image


@pytest.fixture
def product(tmp_path: Path) -> Product:
    return terrasar.read(write_terrasar(images.terrasar_image(), tmp_path))


def test_a_good_product_has_no_fault(product: Product) -> None:
    assert check_product(product) == []


def orbit_with(product: Product, **changes: object) -> Product:
    return replace(product, orbit=replace(product.orbit, **changes))


def geometry_with(product: Product, **changes: object) -> Product:
    return replace(product, geometry=replace(product.geometry, **changes))


def one_position_in_km(product: Product) -> Product:
    positions = product.orbit.positions_m.copy()
    positions[3] /= 1000
    return orbit_with(product, positions_m=positions)


def inertial_velocities(product: Product) -> Product:
    orbit = product.orbit
    turn = images.EARTH_TURNS * np.cross([0, 0, 1], orbit.positions_m)
    return orbit_with(product, velocities_m_s=orbit.velocities_m_s + turn)


def shifted_points(product: Product, **changes: float) -> Product:
    points = product.ground_points
    assert points is not None
    moved = {name: getattr(points, name) + value for name, value in changes.items()}
    return replace(product, ground_points=replace(points, **moved))


FAULTS: dict[str, tuple[Callable[[Product], Product], str]] = {
    "position": (one_position_in_km, "implausible radius"),
    "velocity unit": (
        lambda p: orbit_with(p, velocities_m_s=p.orbit.velocities_m_s / 100),
        "implausible speed",
    ),
    "velocity frame": (inertial_velocities, "velocities disagree by"),
    "velocity sign": (
        lambda p: orbit_with(p, velocities_m_s=-p.orbit.velocities_m_s),
        "velocities disagree by",
    ),
    "orbit of another time": (
        lambda p: orbit_with(p, times_s=p.orbit.times_s - 200),
        "orbit file",
    ),
    "line interval": (
        lambda p: geometry_with(p, azimuth=AzimuthTime(47.12, 2.6e-7)),
        "m apart",
    ),
    "range in km": (
        lambda p: geometry_with(p, range=SlantRange(4.2e-6, 9.1e-9)),
        "plausible",
    ),
    "image date": (
        lambda p: replace(p, acquired=p.acquired + timedelta(seconds=100)),
        "not the middle",
    ),
    "range gate": (
        lambda p: geometry_with(p, range=SlantRange(4.2371660e-3, 9.1e-9)),
        "samples and slant ranges",
    ),
    "first line": (
        lambda p: replace(
            geometry_with(p, azimuth=AzimuthTime(47.6, p.geometry.azimuth.interval_s)),
            acquired=p.acquired + timedelta(seconds=0.5),
        ),
        "lines and times",
    ),
    "points elsewhere": (lambda p: shifted_points(p, latitude=0.02), "along the track"),
    "points too high": (lambda p: shifted_points(p, height=3000.0), "orbit (in range)"),
    "gain": (
        lambda p: replace(p, calibration=Calibration.constant("beta0", 0.0)),
        "not finite and positive",
    ),
    "shape": (lambda p: replace(p, shape=(39, 60)), "the header"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found(name: str, product: Product) -> None:
    change, words = FAULTS[name]
    faults = check_product(change(product))
    assert any(words in str(fault) for fault in faults), list(map(str, faults))


def test_all_faults_are_reported_at_once(product: Product) -> None:
    (image,) = product.path.glob("IMAGEDATA/*")
    image.unlink()
    broken = replace(one_position_in_km(product), calibration=Calibration.constant("beta0", -1.0))
    assert len(check_product(broken)) == 3


@pytest.mark.parametrize("step_s", [4.6, 10.0, 60.0, 480.0])
def test_true_orbits_of_every_mission_pass_and_inertial_velocities_do_not(
    step_s: float, product: Product
) -> None:
    orbit = images.circular_orbit(np.arange(5) * step_s, product.orbit.epoch)
    faults = check_product(replace(product, orbit=orbit))
    assert not [fault for fault in faults if "velocities disagree by" in str(fault)]
    inertial = inertial_velocities(replace(product, orbit=orbit))
    assert [fault for fault in check_product(inertial) if "velocities disagree by" in str(fault)]


@pytest.mark.parametrize(("step_s", "tolerance_m"), [(4.6, 3e-5), (60.0, 3e-5), (480.0, 1.0)])
def test_interpolation_meets_the_true_orbit(step_s: float, tolerance_m: float) -> None:
    epoch = images.datetime(2000, 11, 8)
    vectors: StateVectors = images.circular_orbit(np.arange(8) * step_s, epoch)
    times = np.linspace(3 * step_s, 4 * step_s, 33)
    position, velocity = interpolate_orbit(vectors, times)
    true = images.circular_orbit(times, epoch)
    assert np.abs(position - true.positions_m).max() < tolerance_m
    assert np.abs(velocity - true.velocities_m_s).max() < tolerance_m / step_s * 10


def map_fault(
    folder: Path, change: Callable[[MapGeometry], MapGeometry], **changes: object
) -> list[str]:
    product = open_product(palsar.write(radar_image("PALSAR", is_complex=False), folder))
    assert isinstance(product.geometry, MapGeometry)
    assert check_product(product) == []
    changed = replace(product, geometry=change(product.geometry), **changes)
    return list(map(str, check_product(changed)))


def moved(geometry: MapGeometry, degrees: float) -> MapGeometry:
    """The same image on the ground elsewhere, there and back."""
    to_pixel, to_ground = geometry.to_pixel, geometry.to_ground

    def away(line: np.ndarray, sample: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        latitude, longitude = to_ground(line, sample)
        return latitude + degrees, longitude

    return replace(geometry, to_ground=away, to_pixel=lambda lat, lon: to_pixel(lat - degrees, lon))


def test_a_map_geometry_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    """Found by damaged files: the orbit was then sought at no time, without end."""
    for number in (np.nan, np.inf, 91.0):
        (fault,) = map_fault(
            tmp_path / str(number),
            lambda g, number=number: replace(
                g, to_ground=lambda line, sample: (line * 0 + number, sample * 0)
            ),
        )
        assert "no valid latitude and longitude" in fault


def test_a_map_geometry_that_misses_a_corner_is_found(tmp_path: Path) -> None:
    def bent(geometry: MapGeometry) -> MapGeometry:
        def to_pixel(latitude: np.ndarray, longitude: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            line, sample = geometry.to_pixel(latitude, longitude)
            return line + 2e-3 * line**2, sample

        return replace(geometry, to_pixel=to_pixel)

    (fault,) = map_fault(tmp_path, bent)
    assert "off by up to 7.0 pixels" in fault


def test_a_map_image_far_from_the_satellite_is_found(tmp_path: Path) -> None:
    (fault,) = map_fault(tmp_path, lambda g: moved(g, 20.0))
    assert "m from the satellite" in fault


def test_a_map_image_of_another_time_than_the_orbit_is_found(tmp_path: Path) -> None:
    later = images.datetime(2004, 11, 7, 23)
    (fault,) = map_fault(tmp_path, lambda g: g, acquired=later)
    assert "state vectors cover" in fault
    assert "orbit file" in fault


def test_an_image_of_several_bands_is_refused(tmp_path: Path) -> None:
    """Found by damaged files: a damaged count of bands, 65,535, took most of a second."""
    path = tmp_path / "image.tif"
    with (
        pytest.warns(NotGeoreferencedWarning),
        rasterio.open(path, "w", "GTiff", 5, 4, 2, dtype="uint16") as raster,
    ):
        raster.write(np.ones((2, 4, 5), np.uint16))
    with pytest.raises(ProductError, match="has 2 bands, not one"):
        RasterPixels(str(path), (4, 5)).read(0, 1)
