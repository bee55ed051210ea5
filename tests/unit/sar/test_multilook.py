from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from calvingfront.errors import CalvingFrontError, DamagedFileError, ProductError
from calvingfront.orbits.earth import to_earth_fixed, to_geodetic
from calvingfront.products.product_json import write_product_json
from calvingfront.products.registry import open_product
from calvingfront.radar.model import Calibration, MapGeometry
from calvingfront.sar import multilook as module
from calvingfront.sar.geometry import to_ground
from calvingfront.sar.intensity_file import read_intensity, write_intensity
from calvingfront.sar.looks import choose_looks, multilooked_geometry, pixel_spacing
from calvingfront.sar.multilook import multilook
from calvingfront.simulation.product_writers.palsar import write as write_palsar
from ceos_images import radar_image
from kernel_twins import average
from radar_scenes import MIDDLE_S, ArrayReader, make_product, make_scene, orbit_of

SCENE = make_scene("ERS", shape=(61, 50))  # lines 20 m apart, samples 7.9 m in slant range


def noise(shape: tuple[int, int] = SCENE.shape) -> np.ndarray:
    random = np.random.default_rng(0)
    return (random.normal(size=shape) + 1j * random.normal(size=shape)).astype(np.complex64)


def test_the_spacing_on_the_ground_follows_the_incidence():
    down, across = pixel_spacing(SCENE.vectors, SCENE.geometry, SCENE.shape)
    assert down == pytest.approx(20.0, rel=0.01)
    middle = (np.full(1, v) for v in (30.0, 24.5, 0.0))
    point = to_ground(*middle, orbit_of(SCENE), SCENE.geometry)
    longitude, latitude, _ = to_geodetic(point)
    up = to_earth_fixed(longitude, latitude, np.ones(1)) - point
    sight = SCENE.orbit.states(np.array([MIDDLE_S]))[0] - point
    incidence = np.arccos(np.sum(sight * up) / np.linalg.norm(sight))
    assert 0.3 < incidence < 0.5
    assert across == pytest.approx(7.9 / np.sin(incidence), rel=0.002)


def test_looks_bring_the_spacing_nearest_to_the_one_asked_for():
    assert choose_looks((4.0, 20.3), 20.0, (100, 100)) == (5, 1)
    assert choose_looks((4.0, 7.0), 20.0, (100, 2)) == (5, 2)
    assert choose_looks((30.0, 30.0), 20.0, (9, 9)) == (1, 1)


@pytest.mark.parametrize("kind", ["complex", "detected"])
@pytest.mark.parametrize("threads", [1, 3])
def test_multilooking_averages_the_power_of_each_cell(kind, threads, monkeypatch):
    monkeypatch.setattr(module, "BLOCK_PIXELS", 700)  # several blocks
    pixels = noise() if kind == "complex" else np.abs(noise())
    pixels[20, 7] = np.nan
    product = make_product(SCENE, pixels)
    image = multilook(product, 60.0, threads)
    assert image.looks == (3, 3)
    assert image.intensity.shape == (20, 16)
    valid = np.isfinite(pixels)
    np.testing.assert_allclose(image.intensity, average(pixels, valid, (3, 3)), rtol=1e-5)
    assert np.isfinite(image.intensity).all()  # one lost pixel loses no cell


def test_lines_of_zeros_and_repeated_lines_are_no_data_and_do_not_spread(monkeypatch):
    monkeypatch.setattr(module, "BLOCK_PIXELS", 300)
    pixels = noise()
    pixels[6:8] = 0  # two of a cell's three lines
    pixels[30:34] = pixels[29]
    pixels[42] = pixels[41]  # across two blocks
    image = multilook(make_product(SCENE, pixels), 60.0)
    valid = np.ones(pixels.shape, bool)
    valid[6:8] = valid[30:34] = valid[42] = False  # the first of the equal lines stays
    np.testing.assert_allclose(image.intensity, average(pixels, valid, (3, 3)), rtol=1e-5)
    lost = np.flatnonzero(np.isnan(image.intensity).all(axis=1))
    np.testing.assert_array_equal(lost, [2, 10])


def test_zeros_at_the_ends_of_a_line_are_no_data_but_a_quiet_sea_is():
    pixels = noise()
    pixels[:, :6] = 0
    pixels[:, 45:] = 0
    pixels[30:36, 18:30] = 0
    image = multilook(make_product(SCENE, pixels), 60.0)
    assert np.isnan(image.intensity[:, [0, 1, 15]]).all()
    assert (image.intensity[10:12, 6:10] == 0).all()
    assert np.isfinite(image.intensity[:, 2:15]).all()


def test_calibration_interpolates_its_grid_at_the_cells_centres():
    gains = np.array([[1.0, 2.0], [3.0, 4.0]])
    calibration = Calibration("beta0", gains, np.array([0.0, 60.0]), np.array([0.0, 49.0]), -0.25)
    product = make_product(SCENE, np.ones(SCENE.shape, np.float32), calibration=calibration)
    product = replace(product, pixels=ArrayReader(varied(SCENE.shape)))
    image = multilook(product, 60.0)
    assert image.kind == "beta0"
    lines, samples = np.meshgrid(1 + 3 * np.arange(20), 1 + 3 * np.arange(16), indexing="ij")
    expected = average(varied(SCENE.shape), np.ones(SCENE.shape, bool), (3, 3)) - 0.25
    expected *= 1 + samples / 49 + 2 * lines / 60
    np.testing.assert_allclose(image.intensity, expected, rtol=1e-5)


def varied(shape: tuple[int, int]) -> np.ndarray:
    """Amplitudes near one, no line like another."""
    return (1 + 0.1 * np.random.default_rng(1).random(shape)).astype(np.float32)


@pytest.mark.parametrize("ground", [True, False])
def test_the_averaged_pixel_lies_at_the_middle_of_its_cell(ground):
    scene = make_scene("ERS", shape=(60, 50), ground=ground)
    averaged = multilooked_geometry(scene.geometry, (5, 2))
    orbit = orbit_of(scene)
    height = np.zeros(1)
    cell = to_ground(np.array([3.0]), np.array([7.0]), height, orbit, averaged)
    middle = to_ground(np.array([17.0]), np.array([14.5]), height, orbit, scene.geometry)
    np.testing.assert_allclose(cell, middle, atol=1e-4)


def test_the_averaged_pixel_of_a_map_product_lies_at_the_middle_of_its_cell():
    geometry = MapGeometry(lambda la, lo: (la, lo), lambda line, sample: (line, sample), "right")
    averaged = multilooked_geometry(geometry, (5, 2))
    assert isinstance(averaged, MapGeometry)
    assert averaged.to_ground(np.array(3.0), np.array(7.0)) == (17.0, 14.5)
    assert averaged.to_pixel(np.array(17.0), np.array(14.5)) == (3.0, 7.0)


class OneAtATime(ArrayReader):
    """Notes whether two threads were inside at once."""

    inside = 0
    met = False

    def read(self, first, count):
        self.inside += 1
        self.met |= self.inside > 1
        time.sleep(0.002)
        self.inside -= 1
        return super().read(first, count)


@pytest.mark.parametrize("concurrent", [False, True])
def test_a_reader_serves_one_thread_at_a_time_unless_it_says_otherwise(concurrent, monkeypatch):
    monkeypatch.setattr(module, "BLOCK_PIXELS", 300)
    reader = OneAtATime(noise())
    if concurrent:
        reader.concurrent = True
    product = replace(make_product(SCENE, noise()), pixels=reader)
    image = multilook(product, 60.0, threads=4)
    assert reader.met == concurrent
    np.testing.assert_array_equal(
        image.intensity, multilook(make_product(SCENE, noise()), 60.0).intensity
    )


def test_a_reader_that_returns_too_little_and_an_empty_image_are_refused():
    short = make_product(SCENE, noise(), shape=(70, 50))
    with pytest.raises(ProductError, match="shorter than its header says"):
        multilook(short, 60.0)
    empty = make_product(SCENE, np.zeros(SCENE.shape, np.complex64))
    with pytest.raises(ProductError, match="contains no data"):
        multilook(empty, 60.0)


@pytest.mark.parametrize("ground", [True, False])
def test_the_intensity_file_comes_back_as_it_was_written(ground, tmp_path):
    scene = make_scene("ERS", shape=(60, 50), ground=ground)
    pixels = noise(scene.shape)
    pixels[12:18] = 0
    image = multilook(make_product(scene, pixels), 60.0)
    write_intensity(image, tmp_path / "intensity.tif")
    back = read_intensity(tmp_path / "intensity.tif")
    np.testing.assert_array_equal(back.intensity, image.intensity)
    assert np.isnan(back.mean_height_m)
    assert back.facts == image.facts
    assert (back.kind, back.looks) == (image.kind, image.looks)
    np.testing.assert_array_equal(back.orbit.positions_m, image.orbit.positions_m)
    assert back.orbit.epoch == image.orbit.epoch
    line, sample = np.array([3.0, 9.0]), np.array([2.0, 11.0])
    np.testing.assert_array_equal(
        back.geometry.range.slant_range(sample, back.geometry.azimuth.time(line)),
        image.geometry.range.slant_range(sample, image.geometry.azimuth.time(line)),
    )
    assert back.geometry.look_side == "right"


def test_a_damaged_intensity_file_is_refused(tmp_path):
    image = multilook(make_product(SCENE, noise()), 60.0)
    with pytest.raises(CalvingFrontError, match=r"intensity\.json: cannot be read"):
        read_intensity(tmp_path / "intensity.tif")
    write_intensity(image, tmp_path / "intensity.tif")
    other = multilook(make_product(SCENE, noise()), 100.0)
    write_intensity(other, tmp_path / "other.tif")
    (tmp_path / "other.json").replace(tmp_path / "intensity.json")
    with pytest.raises(DamagedFileError, match="pixels instead of"):
        read_intensity(tmp_path / "intensity.tif")


def test_a_product_on_a_map_grid_takes_its_polynomials_from_product_json(tmp_path):
    path = write_palsar(radar_image("PALSAR", is_complex=False), tmp_path)
    product = open_product(path)
    assert isinstance(product.geometry, MapGeometry)
    image = multilook(product, 40.0)
    write_intensity(image, tmp_path / "intensity.tif")
    with pytest.raises(ProductError, match=r"no product\.json is given"):
        read_intensity(tmp_path / "intensity.tif")
    write_product_json(tmp_path / "product.json", product)
    back = read_intensity(tmp_path / "intensity.tif", product=tmp_path / "product.json")
    np.testing.assert_array_equal(back.intensity, image.intensity)
    line, sample = np.array([0.0, 3.5]), np.array([1.0, 2.0])
    for here, there in zip(
        back.geometry.to_ground(line, sample), image.geometry.to_ground(line, sample), strict=True
    ):
        np.testing.assert_array_equal(here, there)
