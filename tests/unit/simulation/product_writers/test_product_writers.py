"""Written products: GDAL's own drivers read the same pixels, the readers the same geometry."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.errors import NotGeoreferencedWarning

import simulated_images as images
from calvingfront.errors import ProductError
from calvingfront.products.checks import check_product
from calvingfront.products.registry import open_product
from calvingfront.radar.model import SPEED_OF_LIGHT, RadarGeometry
from calvingfront.simulation.imaging.radar_image import RadarImage
from calvingfront.simulation.product_writers.envisat import write_envisat
from calvingfront.simulation.product_writers.envisat_text import five_vectors
from calvingfront.simulation.product_writers.terrasar import write_terrasar

Writer = Callable[[RadarImage, Path], Path]
MADE: dict[str, tuple[Callable[[], RadarImage], Writer, str]] = {
    "ASAR IMS": (lambda: images.envisat_image("IMS"), write_envisat, "ESAT"),
    "ASAR IMP": (lambda: images.envisat_image("IMP"), write_envisat, "ESAT"),
    "ERS-1 IMS": (lambda: images.envisat_image("IMS", "ERS-1"), write_envisat, "ESAT"),
    "ERS-2 IMP": (lambda: images.envisat_image("IMP", "ERS-2"), write_envisat, "ESAT"),
    "TSX SSC": (lambda: images.terrasar_image("SSC"), write_terrasar, "TSX"),
    "TDX SSC left": (
        lambda: images.terrasar_image("SSC", "TDX", look_side="left"),
        write_terrasar,
        "TSX",
    ),
    "TSX MGD": (lambda: images.terrasar_image("MGD"), write_terrasar, "TSX"),
    "TDX MGD": (lambda: images.terrasar_image("MGD", "TDX"), write_terrasar, "TSX"),
}


@pytest.fixture(params=MADE)
def made(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[RadarImage, Path, str]:
    build, write, driver = MADE[request.param]
    image = build()
    return image, write(image, tmp_path), driver


def read_by_gdal(path: Path, driver: str) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        source = path if path.is_file() else next(path.glob("*.xml"))
        with rasterio.open(source, driver=driver) as raster:
            return raster.read(1)


def test_gdals_own_driver_reads_the_same_pixels(made: tuple[RadarImage, Path, str]) -> None:
    image, path, driver = made
    product = open_product(path)
    pixels = product.pixels.read(0, product.shape[0])
    assert (read_by_gdal(path, driver) == pixels).all()
    assert np.iscomplexobj(pixels) == np.iscomplexobj(image.values)
    # Calibrated, they are the simulated backscatter to half a step of the integers.
    gain = product.calibration.gains.item()
    step = np.sqrt(gain)
    difference = np.abs(pixels * step - image.values)
    no_data = image.values == 0
    assert (pixels[no_data] == 0).all()
    assert (pixels[~no_data] != 0).all()
    assert difference.max() < 1.01 * step
    assert difference.mean() < 0.5 * step
    assert np.abs(pixels).max() > 20_000


def test_parts_of_an_image_are_the_lines_of_the_whole(made: tuple[RadarImage, Path, str]) -> None:
    pixels = open_product(made[1]).pixels
    whole = pixels.read(0, 40)
    assert (pixels.read(7, 5) == whole[7:12]).all()
    for first, count in ((-1, 2), (39, 2), (0, 0)):
        with pytest.raises(ProductError, match="lines within the image"):
            pixels.read(first, count)


def test_the_cosar_driver_reads_the_same_pixels(tmp_path: Path) -> None:
    folder = write_terrasar(images.terrasar_image(), tmp_path)
    (cosar,) = folder.glob("IMAGEDATA/*.cos")
    pixels = open_product(folder).pixels.read(0, 40)
    assert (read_by_gdal(cosar, "COSAR") == pixels).all()


def test_the_readers_read_the_geometry_that_was_written(
    made: tuple[RadarImage, Path, str],
) -> None:
    image, path, driver = made
    product = open_product(path)
    assert check_product(product) == []
    for name in ("mission", "platform", "level", "polarisation", "pass_direction", "looks"):
        assert getattr(product, name) == getattr(image, name), name
    assert product.mean_height_m == pytest.approx(image.mean_height_m)
    assert product.radar_frequency_hz == pytest.approx(image.radar_frequency_hz, rel=1e-7)
    geometry = product.geometry
    assert isinstance(geometry, RadarGeometry)
    assert geometry.look_side == image.geometry.look_side
    # Envisat: positions in cm, velocities in 1e-5 m/s, 9 digits per interval, ranges in float32;
    # all times in µs. TerraSAR-X: 17 digits, but for times in µs.
    is_envisat = driver == "ESAT"
    shift = (product.orbit.epoch - image.orbit.epoch).total_seconds()
    assert product.orbit.times_s + shift == pytest.approx(image.orbit.times_s, abs=1e-6)
    position = np.abs(product.orbit.positions_m - image.orbit.positions_m).max()
    velocity = np.abs(product.orbit.velocities_m_s - image.orbit.velocities_m_s).max()
    assert position <= (0.00501 if is_envisat else 1e-8)
    assert velocity <= (0.00000501 if is_envisat else 1e-11)
    lines = np.array([0.0, image.values.shape[0] - 1.0])
    expected = image.geometry.azimuth.time(lines) - shift
    assert geometry.azimuth.time(lines) == pytest.approx(expected, abs=1.6e-6)
    sample = np.linspace(0, image.values.shape[1] - 1, 13)
    for time_s in expected:
        truth = image.geometry.range.slant_range(sample, np.full(13, time_s + shift))
        ranges = geometry.range.slant_range(sample, np.full(13, time_s))
        assert ranges == pytest.approx(truth, abs=0.035 if is_envisat else 0.0005)


def test_the_tie_points_come_back(made: tuple[RadarImage, Path, str]) -> None:
    _, path, driver = made
    product = open_product(path)
    points = product.ground_points
    assert points is not None
    assert isinstance(product.geometry, RadarGeometry)
    places = np.stack(
        images.TO_FIXED.transform(points.longitude, points.latitude, points.height), axis=1
    )
    time_s, slant_range_m = images.zero_doppler(product.orbit, places, points.azimuth_time_s)
    along = 7000 * (time_s - product.geometry.azimuth.time(points.line))
    across = slant_range_m - product.geometry.range.slant_range(points.sample, time_s)
    # Envisat's latitude and longitude have a step of 0.11 m.
    assert np.abs(along).max() < (0.25 if driver == "ESAT" else 0.02)
    assert np.abs(across).max() < (0.15 if driver == "ESAT" else 0.001)


def test_an_orbit_of_many_vectors_is_sampled_for_envisats_five(tmp_path: Path) -> None:
    image = images.envisat_image()
    many = images.circular_orbit(np.arange(12) * 10.0 - 40.0, image.orbit.epoch)
    long = replace(image, orbit=many)
    five = five_vectors(long)
    true = images.circular_orbit(five.times_s, image.orbit.epoch)
    assert five.times_s[0] == pytest.approx(image.geometry.azimuth.first_s, abs=1e-6)
    assert np.abs(five.positions_m - true.positions_m).max() < 1e-4
    assert np.abs(five.velocities_m_s - true.velocities_m_s).max() < 1e-5


def test_the_slant_range_time_of_envisats_grid_is_the_geometrys(tmp_path: Path) -> None:
    image = images.envisat_image("IMP")
    points = open_product(write_envisat(image, tmp_path)).ground_points
    assert points is not None
    truth = image.geometry.range.slant_range(points.sample, points.azimuth_time_s)
    annotated = SPEED_OF_LIGHT / 2 * points.slant_range_time_s
    assert np.abs(annotated - truth).max() < 0.04  # float32 nanoseconds


@pytest.mark.parametrize(
    ("image", "write", "words"),
    [
        (replace(images.envisat_image(), backscatter="sigma0"), write_envisat, "Render beta0"),
        (
            replace(images.envisat_image(), level="GM1"),
            write_envisat,
            "Simulate a level",
        ),
        (replace(images.envisat_image(), level="IMP"), write_envisat, "does not match"),
        (replace(images.envisat_image(), platform="ERS-3"), write_envisat, "ERS-3"),
        (replace(images.terrasar_image(), backscatter="sigma0"), write_terrasar, "Render beta0"),
        (replace(images.terrasar_image(), level="EEC"), write_terrasar, "SSC or MGD"),
        (replace(images.terrasar_image(), mission="ERS"), write_terrasar, "TSX or TDX"),
        (replace(images.terrasar_image("MGD"), level="SSC"), write_terrasar, "does not match"),
    ],
)
def test_an_image_that_the_format_cannot_hold_is_refused(
    image: RadarImage, write: Writer, words: str, tmp_path: Path
) -> None:
    with pytest.raises(ProductError, match=words):
        write(image, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_scattered_tie_points_are_refused(tmp_path: Path) -> None:
    image = images.envisat_image()
    points = replace(image.tie_points, line=image.tie_points.line + np.arange(121))
    with pytest.raises(ProductError, match="full grid"):
        write_envisat(replace(image, tie_points=points), tmp_path)


def test_writing_again_replaces_the_product(made: tuple[RadarImage, Path, str]) -> None:
    image, path, driver = made
    write = write_envisat if driver == "ESAT" else write_terrasar
    darker = replace(image, values=image.values * np.float32(0.5))
    assert write(darker, path.parent) == path
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    product = open_product(path)
    amplitude = np.abs(product.pixels.read(0, 40)) * np.sqrt(product.calibration.gains.item())
    assert amplitude.mean() == pytest.approx(np.abs(darker.values).mean(), rel=1e-3)
