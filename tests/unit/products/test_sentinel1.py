"""Sentinel-1 GRD: a real SAFE folder with its annotation, and a tiny one as folder and .zip."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import sentinel1_files as files
import simulated_images as images
from calvingfront.errors import ProductError
from calvingfront.products.checks import check_product
from calvingfront.products.registry import open_product
from calvingfront.products.sentinel1 import reader as sentinel1
from calvingfront.radar.model import SPEED_OF_LIGHT, GroundRange, Product, RadarGeometry


@pytest.fixture(scope="module")
def rome(shared_data: Path) -> Product:
    (path,) = (shared_data / "products" / "s1-grdh-rome").glob("*.SAFE")
    return sentinel1.read(path)


def test_a_real_annotation_reads_as_it_was_annotated(rome: Product) -> None:
    assert (rome.mission, rome.platform, rome.level) == ("S1", "Sentinel-1B", "GRD")
    assert rome.shape == (16705, 26102)
    assert (rome.polarisation, rome.pass_direction, rome.beam) == ("VV", "descending", "IW")
    assert rome.looks == (1.0, 5.0)
    assert rome.orbit.times_s.size == 16
    assert rome.calibration.gains.shape == (27, 654)
    assert rome.calibration.gains[0, 0] == pytest.approx(473.9733**-2)
    assert check_product(rome) == []


def test_the_real_orbit_and_times_reproduce_the_geolocation_grid(rome: Product) -> None:
    points = rome.ground_points
    assert points is not None
    places = images.TO_FIXED.transform(points.longitude, points.latitude, points.height)
    time_s, slant_range_m = images.zero_doppler(
        rome.orbit, np.stack(places, axis=1), points.azimuth_time_s
    )
    along = 7500 * (time_s - points.azimuth_time_s)
    across = slant_range_m - SPEED_OF_LIGHT / 2 * points.slant_range_time_s
    assert np.abs(along).max() < 0.02
    assert np.abs(across).max() < 0.001
    # The grid takes the polynomial nearest in time; between two, images change smoothly.
    assert isinstance(rome.geometry, RadarGeometry)
    assert isinstance(rome.geometry.range, GroundRange)
    sets = rome.geometry.range
    nearest = np.abs(sets.times_s[:, np.newaxis] - points.azimuth_time_s).argmin(axis=0)
    by_nearest = sets.slant_range(points.sample, sets.times_s[nearest])
    assert by_nearest == pytest.approx(SPEED_OF_LIGHT / 2 * points.slant_range_time_s, abs=1e-6)
    by_sample = slant_range_m - sets.slant_range(points.sample, time_s)
    assert abs(by_sample.mean()) < 0.3
    assert np.abs(by_sample).max() < 4
    # Its times contain the bistatic term, half the difference of the two-way times to mid-swath,
    # which line times do not: 2 m at the swath's edges.
    by_line = rome.geometry.azimuth.time(points.line) - time_s
    slope, middle = np.polyfit(points.slant_range_time_s - 5.8675e-3, by_line, 1)
    assert slope == pytest.approx(-0.5, abs=0.001)
    assert abs(6800 * middle) < 0.05
    assert np.abs(6800 * by_line).max() < 2


def test_folder_and_zip_are_the_same_product(tmp_path: Path) -> None:
    root = files.write_sentinel1(tmp_path, ("hv", "hh"))
    archive = files.zip_safe(root)
    for path in (root, archive, root / "manifest.safe"):
        product = open_product(path)
        assert product.polarisation == "HH"  # the co-polarised one, whatever the order
        assert check_product(product) == []
        assert (product.pixels.read(5, 20) == files.numbers_of("hh")[5:25]).all()
        cross = open_product(path, "hv")
        assert cross.polarisation == "HV"
        assert (cross.pixels.read(0, 40) == files.numbers_of("hv")).all()


@pytest.mark.parametrize("everywhere", [False, True])
@pytest.mark.parametrize("zipped", [False, True])
def test_a_cloud_optimised_product_is_read_under_its_names(
    tmp_path: Path, everywhere: bool, zipped: bool
) -> None:
    root = files.write_sentinel1(tmp_path, ("vh", "vv"))
    renamed = root.rename(root.with_name(root.name.replace(".SAFE", "_COG.SAFE")))
    for file in [*renamed.glob("annotation/**/*.xml"), *renamed.glob("measurement/*")]:
        if everywhere or file.suffix == ".tiff":
            file.rename(file.with_name(f"{file.stem}-cog{file.suffix}"))
    product = open_product(files.zip_safe(renamed) if zipped else renamed)
    assert product.polarisation == "VV"
    assert (product.pixels.read(0, 40) == files.numbers_of("vv")).all()


def test_ground_range_follows_the_polynomials_and_calibration_the_vectors(tmp_path: Path) -> None:
    product = sentinel1.read(files.write_sentinel1(tmp_path))
    assert isinstance(product.geometry, RadarGeometry)
    sample = np.array([0.0, 17.0, 59.0])
    for time_s in (60.0, 65.0, 70.0):
        expected = files.GEOMETRY.range.slant_range(sample, np.full(3, time_s))
        read = product.geometry.range.slant_range(sample, np.full(3, time_s))
        assert read == pytest.approx(expected, abs=1e-6)
    assert product.geometry.azimuth.interval_s == files.INTERVAL_S
    assert product.calibration.lines.tolist() == [-10.0, 50.0]
    assert product.calibration.samples.tolist() == [0.0, 30.0, 59.0]
    assert product.calibration.gains[:, 1] == pytest.approx([400.0**-2, 500.0**-2])
    assert product.calibration.kind == "beta0"


def annotation(root: Path) -> Path:
    (path,) = root.glob("annotation/*.xml")
    return path


@pytest.mark.parametrize(
    ("pattern", "replacement", "field"),
    [
        (r"<numberOfLines>40", "<numberOfLines>4000000", "numberOfLines"),
        (r"<numberOfLines>40", "<numberOfLines>400", "azimuthTimeInterval"),
        (r"Earth Fixed", "GM2000", "frame"),
        (r"<gr0>[^<]+", "<gr0>inf", "gr0"),
        (r"grsrCoefficients count='6'>\S+", "grsrCoefficients>", "grsrCoefficients"),
        (r"<productType>GRD", "<productType>SLC", "productType"),
        (r"<latitude>[^<]+", "<latitude>north", "latitude"),
        (r"<time>2021", "<time>0021", "time"),
    ],
)
def test_a_wrong_field_is_named(pattern: str, replacement: str, field: str, tmp_path: Path) -> None:
    root = files.write_sentinel1(tmp_path)
    text, count = re.subn(pattern, replacement, annotation(root).read_text(), count=1)
    assert count == 1
    annotation(root).write_text(text)
    with pytest.raises(ProductError, match=field):
        sentinel1.read(root)


def test_a_size_that_the_raster_does_not_have_is_found(tmp_path: Path) -> None:
    root = files.write_sentinel1(tmp_path)
    text = annotation(root).read_text().replace("Samples>60", "Samples>61")
    annotation(root).write_text(text)
    (fault,) = check_product(sentinel1.read(root))
    assert "its annotation says 40 of 61" in str(fault)


def test_a_missing_measurement_is_named(tmp_path: Path) -> None:
    root = files.write_sentinel1(tmp_path)
    (measurement,) = root.glob("measurement/*")
    measurement.unlink()
    with pytest.raises(ProductError, match=r"measurement/.*is missing"):
        sentinel1.read(root)


def test_an_annotation_that_unpacks_without_end_is_refused(tmp_path: Path) -> None:
    root = files.write_sentinel1(tmp_path)
    with annotation(root).open("ab") as file:
        file.write(b" " * (33 << 20))
    archive = files.zip_safe(root)
    assert archive.stat().st_size < 1 << 20
    for path in (root, archive):
        with pytest.raises(ProductError, match="too many for an annotation"):
            open_product(path)


def test_a_folder_without_a_manifest_is_not_recognised(tmp_path: Path) -> None:
    root = files.write_sentinel1(tmp_path)
    assert sentinel1.recognises(root)
    (root / "manifest.safe").unlink()
    assert not sentinel1.recognises(root)
    assert not sentinel1.recognises(root.parent)
