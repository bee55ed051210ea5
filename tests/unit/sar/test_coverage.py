"""Only the part of an image that a map area needs is read, and no digit of the map shows it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calvingfront.errors import GeocodingError, ProductError
from calvingfront.orbits.earth import to_earth_fixed
from calvingfront.products.product_json import write_product_json
from calvingfront.products.registry import open_product
from calvingfront.radar.model import AzimuthTime, Calibration, Product, RadarGeometry, SlantRange
from calvingfront.sar.coverage import footprint, image_window, scene_grid
from calvingfront.sar.geocode import MapImage, geocode
from calvingfront.sar.geometry import to_line_sample
from calvingfront.sar.grid import MapGrid, grid_over
from calvingfront.sar.intensity_file import read_intensity, write_intensity
from calvingfront.sar.multilook import Multilooked, multilook
from calvingfront.simulation.product_writers.palsar import write as write_palsar
from ceos_images import radar_image
from radar_scenes import ArrayReader, Scene, make_product, make_scene, orbit_of

CRS = "EPSG:3031"
SHAPE = (901, 700)
SPACING_M = 60.0


class Lines(ArrayReader):
    """Notes which lines are read."""

    def __init__(self, pixels):
        super().__init__(pixels)
        self.read_lines = set()

    def read(self, first, count):
        self.read_lines |= set(range(first, first + count))
        return super().read(first, count)


def noise(shape=SHAPE):
    """Complex speckle with zeros at the ends of lines, lost lines and a quiet sea."""
    random = np.random.default_rng(7)
    pixels = (random.normal(size=shape) + 1j * random.normal(size=shape)).astype(np.complex64)
    pixels[:, :9] = 0
    pixels[:, -5:] = 0
    rows, columns = shape[0] // 2, shape[1] // 2
    pixels[rows - 9 : rows - 3, columns - 20 : columns] = 0
    pixels[rows + 10 : rows + 16] = 0
    pixels[rows + 40 : rows + 43] = pixels[rows + 40]
    return pixels


def calibrated(scene: Scene) -> Product:
    gains = np.array([[1.0, 2.0, 1.5], [3.0, 4.0, 2.0]])
    lines, samples = np.array([0.0, SHAPE[0] - 1]), np.array([0.0, 300.0, SHAPE[1] - 1])
    calibration = Calibration("sigma0", gains, lines, samples, 0.02)
    return make_product(scene, noise(), calibration=calibration)


def area_in(scene: Scene | Product, share: float = 0.2) -> MapGrid:
    """The middle of what a scene covers."""
    product = scene if isinstance(scene, Product) else make_product(scene, noise())
    left, bottom, right, top = footprint(product, CRS)
    x, y, half = (left + right) / 2, (bottom + top) / 2, share / 2 * min(right - left, top - bottom)
    return grid_over(CRS, (x - half, y - half, x + half, y + half), SPACING_M)


def hills(grid: MapGrid, highest_m: float = 1500.0) -> np.ndarray:
    row, column = np.indices((grid.height, grid.width)) * grid.spacing_m
    heights = highest_m / 2 * (1 + np.sin(row / 400) * np.cos(column / 500))
    return heights.astype(np.float32)


def same(part: MapImage, whole: MapImage) -> None:
    np.testing.assert_array_equal(
        part.backscatter.view(np.uint32), whole.backscatter.view(np.uint32)
    )
    np.testing.assert_array_equal(part.view, whole.view)


def turned(scene: Scene) -> Scene:
    """Newest line first, far range first."""
    azimuth, ranges = scene.geometry.azimuth, scene.geometry.range
    assert isinstance(ranges, SlantRange)
    last_s = azimuth.first_s + azimuth.interval_s * (scene.shape[0] - 1)
    far_s = ranges.first_time_s + ranges.interval_s * (scene.shape[1] - 1)
    geometry = RadarGeometry(
        AzimuthTime(last_s, -azimuth.interval_s), SlantRange(far_s, -ranges.interval_s), "right"
    )
    return replace(scene, geometry=geometry)


SCENES = {
    "ERS": make_scene("ERS", shape=SHAPE),
    "left, descending": make_scene("RSAT", shape=SHAPE, side="left", ascending=False),
    "ground range": make_scene("TSX", shape=SHAPE, ground=True),
    "turned": turned(make_scene("ERS", shape=SHAPE)),
}


@pytest.mark.parametrize("flattening", [False, True])
@pytest.mark.parametrize("name", SCENES)
def test_the_part_of_an_image_gives_the_whole_images_map_to_the_last_bit(name, flattening):
    product = calibrated(SCENES[name])
    grid = area_in(product)
    heights = hills(grid)
    part = multilook(product, SPACING_M, grid=grid)
    whole = multilook(product, SPACING_M)
    assert part.intensity.size < 0.8 * whole.intensity.size
    assert part.looks == whole.looks != (1, 1)
    lines = slice(part.window.first_line, part.window.last_line)
    cut = whole.intensity[lines, part.window.first_sample : part.window.last_sample]
    np.testing.assert_array_equal(part.intensity.view(np.uint32), cut.view(np.uint32))
    place = grid, heights, 1, 256, flattening
    mapped = geocode(whole, *place)
    assert (mapped.view > 0).mean() > 0.6
    assert (mapped.view == 0).any()
    same(geocode(part, *place), mapped)


def test_threads_and_blocks_change_no_bit_of_a_part(monkeypatch):
    product = calibrated(SCENES["ERS"])
    grid = area_in(product)
    part = multilook(product, SPACING_M, grid=grid)
    monkeypatch.setattr("calvingfront.sar.multilook.BLOCK_PIXELS", 2500)
    split = multilook(product, SPACING_M, 3, grid)
    np.testing.assert_array_equal(part.intensity.view(np.uint32), split.intensity.view(np.uint32))


@pytest.mark.parametrize("name", SCENES)
def test_only_the_lines_that_the_area_needs_are_read(name):
    product = make_product(SCENES[name], noise())
    reader = Lines(noise())
    grid = area_in(product, 0.1)
    multilook(replace(product, pixels=reader), SPACING_M, grid=grid)
    assert len(reader.read_lines) < 0.45 * SHAPE[0]


@pytest.mark.parametrize("name", SCENES)
def test_the_window_holds_the_area_at_any_height_of_the_earth(name):
    scene = SCENES[name]
    product = make_product(scene, noise())
    grid = area_in(product, 0.5)
    window = image_window(product, grid)
    random = np.random.default_rng(2)
    row, column = (random.uniform(0, extent - 1, 4000) for extent in (grid.height, grid.width))
    longitude, latitude = grid.to_geographic(*grid.centre(row, column))
    for height in (-600.0, 0.0, 4000.0, 9000.0):
        points = to_earth_fixed(longitude, latitude, np.full(4000, height))
        line, sample, _ = to_line_sample(points, orbit_of(scene), scene.geometry, SHAPE)
        line = line[(line > 0) & (line < SHAPE[0] - 1)]
        sample = sample[(sample > 0) & (sample < SHAPE[1] - 1)]
        assert line.min() >= window.first_line + 1
        assert line.max() <= window.last_line - 2
        if sample.size:
            assert sample.min() >= window.first_sample + (window.first_sample > 0)
            assert sample.max() <= window.last_sample - 2 + (window.last_sample == SHAPE[1])


def test_an_area_at_the_images_edge_ends_where_the_image_does():
    product = calibrated(SCENES["ERS"])
    left, bottom, _, top = footprint(product, CRS)
    grid = grid_over(CRS, (left - 2000, bottom - 2000, left + 5000, top + 2000), SPACING_M)
    heights = np.zeros((grid.height, grid.width), np.float32)
    mapped = geocode(multilook(product, SPACING_M), grid, heights)
    assert 0.1 < (mapped.view > 0).mean() < 0.9
    same(geocode(multilook(product, SPACING_M, grid=grid), grid, heights), mapped)


@pytest.mark.parametrize("flattening", [False, True])
def test_a_product_on_a_map_grid_is_read_in_part(tmp_path, flattening):
    product = open_product(write_palsar(radar_image("PALSAR", is_complex=False), tmp_path))
    spacing_m = 2 * float(np.sqrt(np.prod(spacings(product))))
    left, bottom, right, top = footprint(product, CRS)
    x, y = (left + right) / 2, (bottom + top) / 2
    half = 0.15 * min(right - left, top - bottom)
    grid = grid_over(CRS, (x - half, y - half, x + half, y + half), spacing_m)
    heights = np.full((grid.height, grid.width), 30, np.float32)
    part, whole = multilook(product, spacing_m, grid=grid), multilook(product, spacing_m)
    place = grid, heights, 1, 256, flattening
    mapped = geocode(whole, *place)
    assert (mapped.view > 0).any()
    same(geocode(part, *place), mapped)
    write_product_json(tmp_path / "product.json", product)
    write_intensity(part, tmp_path / "intensity.tif")
    back = read_intensity(tmp_path / "intensity.tif", product=tmp_path / "product.json")
    same(geocode(back, *place), mapped)


def spacings(product: Product) -> tuple[float, float]:
    from calvingfront.sar.looks import pixel_spacing

    return pixel_spacing(product.orbit, product.geometry, product.shape)


def test_the_part_comes_back_from_its_file_in_its_place(tmp_path):
    product = calibrated(SCENES["ERS"])
    grid = area_in(product)
    part = multilook(product, SPACING_M, grid=grid)
    write_intensity(part, tmp_path / "intensity.tif")
    back = read_intensity(tmp_path / "intensity.tif")
    assert (back.window, back.shape) == (part.window, part.shape)
    assert back.window.first_line > 0
    heights = hills(grid)
    same(geocode(back, grid, heights), geocode(part, grid, heights))


def test_a_part_that_was_read_for_another_area_is_refused():
    product = make_product(SCENES["ERS"], noise())
    part = multilook(product, SPACING_M, grid=area_in(product, 0.1))
    wide = area_in(product, 0.4)
    with pytest.raises(GeocodingError, match=r"made-up\.E1: was multilooked for another map area"):
        geocode(part, wide, hills(wide))


def test_an_area_beside_the_image_or_without_data_is_refused():
    scene = SCENES["ERS"]
    product = make_product(scene, noise())
    _, _, right, top = footprint(product, CRS)
    beside = grid_over(CRS, (right + 9000, top + 9000, right + 12_000, top + 12_000), SPACING_M)
    with pytest.raises(GeocodingError, match="does not cover the map area left"):
        multilook(product, SPACING_M, grid=beside)
    pixels = noise()
    pixels[: 3 * SHAPE[0] // 4] = 0
    grid = area_in(product, 0.1)
    with pytest.raises(GeocodingError, match="has no data in the map area left"):
        multilook(make_product(scene, pixels), SPACING_M, grid=grid)
    with pytest.raises(ProductError, match="contains no data"):
        multilook(make_product(scene, np.zeros_like(pixels)), SPACING_M)


def test_a_product_and_its_multilooked_image_cover_the_same_ground():
    product = make_product(SCENES["ERS"], noise())
    image = multilook(product, SPACING_M)
    assert isinstance(image, Multilooked)
    np.testing.assert_allclose(footprint(product, CRS), footprint(image, CRS), atol=100)
    grid = scene_grid(product, CRS, SPACING_M)
    assert image_window(product, grid).shape == SHAPE
