"""PALSAR level 1.5: polynomials or corners place the image, as the product itself decides."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

import palsar_maps as maps
from calvingfront.errors import ProductError
from calvingfront.products.ceos.palsar_map import (
    CORNERS_AT,
    LEVEL_AT,
    SYSTEM_AT,
    ZONE_AT,
    read_map,
)
from calvingfront.products.ceos.palsar_polynomials import ToPixel
from calvingfront.products.ceos.records import Leader
from calvingfront.products.checks import check_product
from calvingfront.products.registry import open_product
from calvingfront.simulation.product_writers import palsar as writer
from ceos_images import LINES, SAMPLES, radar_image

SHAPE = (LINES, SAMPLES)


@pytest.fixture
def leader(tmp_path: Path) -> Path:
    return writer.write(radar_image("PALSAR", is_complex=False), tmp_path)


def utm(path: Path) -> tuple[str, str]:
    """The UTM zone of an image, and its CRS."""
    latitude, longitude = maps.centre_of(path, SHAPE)
    zone = int((longitude + 180) // 6) + 1
    return str(zone), f"+proj=utm +zone={zone} +ellps=GRS80 {'+south' if latitude < 0 else ''}"


def worst_m(to_ground, to_pixel, grid: maps.Grid) -> tuple[float, float]:
    """How far places (m) and pixels are from the grid's."""
    lines, samples = grid.shape
    line, sample = (
        axis.ravel()
        for axis in np.meshgrid(np.linspace(0, lines - 1, 5), np.linspace(0, samples - 1, 5))
    )
    latitude, longitude = grid.place(line, sample)
    found = to_ground(line, sample)
    north = (found[0] - latitude) * 111_000
    east = (found[1] - longitude) * 111_000 * np.cos(np.deg2rad(latitude))
    back = np.hypot(*(np.stack(to_pixel(latitude, longitude)) - np.stack([line, sample])))
    return float(np.hypot(north, east).max()), float(back.max())


@pytest.mark.parametrize("turn_deg", [0.0, 12.0])
@pytest.mark.parametrize("projection", ["UTM-PROJECTION", "PS-PROJECTION"])
def test_an_older_leader_is_placed_by_its_corners(
    projection: str, turn_deg: float, leader: Path
) -> None:
    zone, crs = utm(leader)
    if projection.startswith("PS"):
        zone, crs = "", "+proj=stere +lat_0=-90 +lat_ts=-71 +lon_0=30 +ellps=GRS80"
    grid = maps.Grid(maps.centre_of(leader, SHAPE), SHAPE, 12.5, crs, turn_deg)
    maps.on_grid(leader, maps.map_projection(grid, projection, zone))
    product = open_product(leader.parent)
    assert check_product(product) == []
    assert "placed by its corners" in product.notes[-1]
    metres, pixels = worst_m(product.geometry.to_ground, product.geometry.to_pixel, grid)
    assert metres < 0.05  # the corners are given to 1 cm
    assert pixels < 0.005


@pytest.mark.parametrize(("size", "spacing"), [(3600, 100.0), (5600, 12.5)])
def test_a_scansar_scene_at_65_south_is_placed_to_a_centimetre(
    size: int, spacing: float, leader: Path
) -> None:
    grid = maps.Grid((-65.2, -63.1), (size, size), spacing, "+proj=utm +zone=20 +south", 9.0)
    maps.on_grid(leader, maps.map_projection(grid, "UTM-PROJECTION", "20"))
    geometry, _ = read_map(Leader.open(leader), grid.shape, "right")
    metres, pixels = worst_m(geometry.to_ground, geometry.to_pixel, grid)
    assert metres < 0.05
    assert pixels < 0.005


def test_polynomials_that_contradict_the_corners_are_not_used(leader: Path) -> None:
    """As ScanSAR's may be: the corners, if they lie on their grid, are right."""
    zone, crs = utm(leader)
    latitude, longitude = maps.centre_of(leader, SHAPE)
    grid = maps.Grid((latitude + 0.001, longitude), SHAPE, 12.5, crs)
    maps.on_grid(leader, maps.map_projection(grid, "UTM-PROJECTION", zone), polynomials=True)
    product = open_product(leader.parent)
    assert "contradicts its corners" in product.notes[-1]
    assert worst_m(product.geometry.to_ground, product.geometry.to_pixel, grid)[0] < 0.05


def test_polynomials_that_fit_the_corners_are_used(leader: Path) -> None:
    product = open_product(leader.parent)
    assert isinstance(product.geometry.to_pixel, ToPixel)
    assert not any("placed by" in note for note in product.notes)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ("another zone", "{other}"),
        ("no zone", "    "),
        ("a moved corner", "-64.0000000"),
        ("no corner", " " * 16),
        ("another spacing", "12.49"),
        ("another projection", "LAMBERT"),
    ],
)
def test_corners_on_no_grid_are_refused(change: str, text: str, leader: Path) -> None:
    zone, crs = utm(leader)
    # 70 km: wide enough that a neighbouring zone is another grid.
    grid = maps.Grid(maps.centre_of(leader, SHAPE), (5600, 5600), 12.5, crs)
    spacing = 12.5 if change != "another spacing" else float(text)
    name = "LCC-PROJECTION" if change == "another projection" else "UTM-PROJECTION"
    record = bytearray(maps.map_projection(grid, name, zone, spacing))
    if "zone" in change:
        record[ZONE_AT - 1 : ZONE_AT + 3] = text.format(other=int(zone) + 1).rjust(4).encode()
    if "corner" in change:
        record[CORNERS_AT - 1 : CORNERS_AT + 15] = text.rjust(16).encode()
    maps.on_grid(leader, bytes(record))
    with pytest.raises(ProductError, match="no facility record with polynomials") as caught:
        read_map(Leader.open(leader), grid.shape, "right")
    assert "Order the scene again" in caught.value.remedy


def test_corners_that_are_twisted_against_each_other_are_no_grid(leader: Path) -> None:
    """By 6 m, half a pixel, of 70 km: as one corner of a square cannot move alone."""
    zone, crs = utm(leader)
    grid = maps.Grid(maps.centre_of(leader, SHAPE), (5600, 5600), 12.5, crs)
    record = bytearray(maps.map_projection(grid, "UTM-PROJECTION", zone))
    for k, sign in enumerate((1, -1, 1, -1)):
        at = CORNERS_AT - 1 + 32 * k
        latitude = float(record[at : at + 16]) + sign * 5.5e-5
        record[at : at + 16] = f"{latitude:16.7f}".encode()
    maps.on_grid(leader, bytes(record))
    with pytest.raises(ProductError, match="no facility record with polynomials"):
        read_map(Leader.open(leader), grid.shape, "right")


def test_polynomials_that_contradict_corners_on_no_grid_are_refused(leader: Path) -> None:
    _, crs = utm(leader)
    latitude, longitude = maps.centre_of(leader, SHAPE)
    grid = maps.Grid((latitude + 0.001, longitude), SHAPE, 12.5, crs)
    maps.on_grid(leader, maps.map_projection(grid, "UNKNOWN"), polynomials=True)
    with pytest.raises(ProductError, match=r"put the corners up to \d+ pixels from"):
        open_product(leader.parent)


def test_the_real_corners_lie_on_their_grid_and_it_on_the_polynomials(
    shared_data: Path, tmp_path: Path
) -> None:
    """3 mm, and 6 mm over the whole image; the product would be read alike without either."""
    with zipfile.ZipFile(next((shared_data / "products/alos2-ceos").glob("*.zip"))) as archive:
        (name,) = (name for name in archive.namelist() if name.startswith("LED"))
        archive.extract(name, tmp_path)
    path, shape = tmp_path / name, (13161, 12870)
    own, notes = read_map(Leader.open(path), shape, "right")
    assert notes == ()
    record = Leader.open(path).all_of(20)[0].content
    maps.on_grid(path, record)
    by_corners, notes = read_map(Leader.open(path), shape, "right")
    assert "UTM zone 20 S" in notes[0]
    line, sample = np.meshgrid(np.linspace(0, 13160, 5), np.linspace(0, 12869, 5))
    one, other = own.to_ground(line, sample), by_corners.to_ground(line, sample)
    assert np.abs(one[0] - other[0]).max() * 111_000 < 0.01
    assert np.abs(one[1] - other[1]).max() * 109_000 < 0.01


@pytest.mark.parametrize(("level", "words"), [("1.0", "raw data"), ("4.2", "decomposition")])
def test_a_level_without_an_image_is_refused(level: str, words: str, leader: Path) -> None:
    set_summary(leader, LEVEL_AT, level.ljust(16))
    with pytest.raises(ProductError, match=f"is {level}, .*{words}"):
        open_product(leader.parent)


def test_subswaths_of_one_polarisation_are_refused(leader: Path) -> None:
    (image,) = leader.parent.glob("IMG-*")
    for number in (1, 2):
        shutil.copy(image, f"{image}-F{number}")
    image.unlink()
    with pytest.raises(ProductError, match=r"has 2 images of HH.*ScanSAR scene as level 1\.5"):
        open_product(leader.parent)


def set_summary(path: Path, at: int, text: str) -> None:
    content = bytearray(path.read_bytes())
    start = len(Leader.open(path).records[0].content) + at - 1
    content[start : start + len(text)] = text.encode()
    path.write_bytes(content)


@pytest.mark.parametrize("is_complex", [False, True])
def test_a_product_of_esas_processor_is_refused_by_name(is_complex: bool, tmp_path: Path) -> None:
    path = writer.write(radar_image("PALSAR", is_complex=is_complex), tmp_path)
    set_summary(path, SYSTEM_AT, "ESA ALOS")
    with pytest.raises(ProductError, match=r"is ESA's, .*from JAXA or the Alaska"):
        open_product(tmp_path)
