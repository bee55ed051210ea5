"""The real headers: every field that is read, and orbit and timing against their own ground points.

Residuals come from the tests' own zero-Doppler solver (see header_residuals.py).
"""

from __future__ import annotations

import struct
import zipfile
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

import header_residuals
from calvingfront.products.ceos import ers as ers_ceos
from calvingfront.products.ceos import palsar, radarsat1, radarsat1_asf
from calvingfront.products.ceos.ers_radiometry import read_calibration
from calvingfront.products.ceos.imagery import Imagery
from calvingfront.products.ceos.orbit import (
    hour_angle_deg,
    orbit_misfit,
    state_vectors,
    to_inertial,
)
from calvingfront.products.ceos.palsar_polynomials import read_polynomials
from calvingfront.products.ceos.product_files import platform_of
from calvingfront.products.ceos.records import Leader, look_side, scene_time
from calvingfront.radar.model import AzimuthTime, SlantRange


@pytest.fixture(scope="module")
def ers(shared_data):
    return next((shared_data / "products" / "ers1-ims-ceos").rglob("LEA_01.001"))


@pytest.fixture(scope="module")
def rsat(shared_data):
    return shared_data / "products" / "rsat1-ceos" / "R1_26161_FN1_F164.L"


@pytest.fixture(scope="module")
def alos2(shared_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("alos2")
    with zipfile.ZipFile(next((shared_data / "products" / "alos2-ceos").glob("*.zip"))) as archive:
        for name in archive.namelist():
            if name[:3] in {"LED", "VOL", "TRL", "IMG"}:
                archive.extract(name, folder)
    return next(folder.glob("LED-*"))


def test_ers_leader_is_read_field_by_field(ers):
    leader = Leader.open(ers)
    summary = leader.summary
    assert ers_ceos.recognises(ers)
    assert ers_ceos.recognises(ers.parent)
    assert platform_of(ers) == "ERS1"
    assert scene_time(summary) == datetime(1995, 12, 20, 2, 43, 27, 962_000)
    assert look_side(summary) == "right"
    assert summary.number(501, 16, "wavelength", 0, 1) == 0.056666
    assert [summary.number(at, 16, "looks", 0, 9) for at in (1175, 1191)] == [1.0, 1.0]
    orbit, notes = state_vectors(leader.one(30, "platform position"))
    assert notes == ()
    assert orbit.epoch == datetime(1995, 12, 20)
    assert orbit.times_s[[0, 4]] == pytest.approx([9800.055413, 9815.869429], abs=1e-9)
    assert orbit.positions_m[0].tolist() == [-2667028.56, 3388797.58, 5711367.99]
    assert orbit.velocities_m_s[4].tolist() == [-1819.02727, 5818.35699, -4449.4507]
    geometry, notes = ers_ceos.read_geometry(leader, orbit, (26567, 4991), True)
    assert notes == ()
    assert geometry.azimuth == AzimuthTime(9800.055413, 1 / 1679.9023438)
    assert isinstance(geometry.range, SlantRange)
    assert geometry.range.first_time_s == pytest.approx(5.5643970e-3, abs=1e-15)
    assert 1 / geometry.range.interval_s == pytest.approx(18.962468e6)


def test_a_real_ers_slc_says_that_it_is_not_compensated(ers):
    """Range spreading fades it by 0.6 dB across the swath."""
    leader = Leader.open(ers)
    orbit, _ = state_vectors(leader.one(30, "platform position"))
    geometry, _ = ers_ceos.read_geometry(leader, orbit, (26567, 4991), True)
    calibration, notes = read_calibration(leader, geometry.range, 4991)
    assert len(notes) == 2
    assert "elevation antenna pattern is not compensated" in notes[1]
    plain = 1 / (65026 * np.sin(np.deg2rad(23)))
    ranges = geometry.range.slant_range(calibration.samples, calibration.samples)
    assert calibration.gains[0] == pytest.approx(plain * (ranges / 847e3) ** 3)
    across = 10 * np.log10(calibration.gains[0, -1] / calibration.gains[0, 0])
    assert across == pytest.approx(0.60, abs=0.01)


def test_ers_corners_lie_where_orbit_and_timing_put_them(shared_data):
    """Given to 1e-6 degree (0.1 m); by the annotated whole millisecond they would be 2.7 m off."""
    found = header_residuals.ers1(shared_data / "products")
    azimuth, across = found.along_m, found.across_m
    assert abs(azimuth.mean()) < 0.03
    assert np.ptp(azimuth) < 0.15
    assert across.mean() == pytest.approx(-0.05, abs=0.03)
    assert np.ptp(across) < 0.05


def test_an_ers_leader_without_imagery_says_so(ers):
    with pytest.raises(ers_ceos.ProductError, match="has 0 imagery files"):
        ers_ceos.read(ers.parent)


def test_ers2_keywords_and_ground_points_fit_the_same_geometry(shared_data):
    """Points of another program, made with this geometry: residuals of its rounding and scale.

    The key words hold no first line time, only the scene centre's (1 ms) and the pulse rate.
    """
    folder = shared_data / "products"
    words = header_residuals.ers2_words(folder)
    orbit, geometry = header_residuals.ers2_geometry(words)
    inertial = to_inertial(orbit.times_s, orbit.positions_m, orbit.velocities_m_s, 0.0)
    assert orbit_misfit(orbit.times_s, *inertial) < 1
    rows = np.loadtxt(folder / "ers2-slc-otb" / "ers2-1.gcp")
    sample, line, longitude, latitude, height = rows[:, :5].T
    points = replace(header_residuals.places(line, sample, latitude, longitude), height=height)
    found = header_residuals.by_pixel("ERS-2", orbit, points, geometry, "points")
    assert found.along_m.std() < 0.3
    assert found.across_m.std() < 1.5
    # What that program made its points fit: the corners, given to 0.001 degree (up to 90 m off).
    corners = header_residuals.ers2(folder)
    assert np.abs([corners.along_m, corners.across_m]).max() < 130
    assert found.along_m.mean() == pytest.approx(corners.along_m.mean(), abs=60)
    assert found.across_m.mean() == pytest.approx(corners.across_m.mean(), abs=60)


def test_radarsat_leader_is_read_field_by_field(rsat):
    leader = Leader.open(rsat)
    assert radarsat1.recognises(rsat)
    assert radarsat1.recognises(rsat.with_suffix(".D"))
    assert not leader.all_of(120)
    record = leader.one(30, "platform position")
    assert record.text(205, 64, "frame") == "GEOCENTRIC EQUATORIAL INERTIAL"
    orbit, notes = state_vectors(record)
    assert notes == ()
    assert orbit.times_s.tolist() == pytest.approx([5482.2099609375, 5486.08921814, 5489.96847534])
    assert np.linalg.norm(orbit.positions_m[0]) == pytest.approx(7_162_815.4076, abs=1e-3)
    facility = leader.one(210, "facility")
    assert facility.number(1021, 16, "swath speed", 0, 1e4) == 6599.1972656
    assert facility.number(1104, 16, "last slant range", 0, 1e4) == 1002.6189575
    assert facility.number(559, 16, "altitude", 0, 1e4) == 801.9449463
    calibration, notes = radarsat1_asf.read_calibration(leader)
    assert calibration.gains[0, 0] == 2.6899999e-05
    assert calibration.offset == 0
    assert notes == ("thermal noise stays in the image: -31 to -30 dB of σ⁰",)


def test_radarsat_hour_angle_is_the_apparent_sidereal_time(rsat):
    """0.0005 degree apart: UT1 was 0.1 s ahead; the mean sidereal time would be 0.0035 off."""
    record = Leader.open(rsat).one(30, "platform position")
    stated = record.number(269, 22, "hour angle", 0, 360)
    moment = datetime(2000, 11, 8) + timedelta(seconds=5482.2099609375)
    assert hour_angle_deg(moment) == pytest.approx(stated, abs=0.001)


def test_radarsat_corners_lie_where_the_turned_orbit_puts_them(rsat, shared_data):
    """Given to 1e-7 degree; half a line (3 m) and the ellipsoid (GEM06, 7 m) remain open."""
    leader = Leader.open(rsat)
    orbit, _ = state_vectors(leader.one(30, "platform position"))
    geometry = radarsat1_asf.read_geometry(leader, orbit, (8192, 8192))
    assert geometry.azimuth.interval_s < 0
    found = header_residuals.radarsat1(shared_data / "products")
    azimuth, across = found.along_m, found.across_m
    assert np.abs(azimuth).max() < 5
    assert abs(azimuth.mean()) < 2
    assert across.min() > 2
    assert across.max() < 9


def test_radarsat_line_headers_carry_one_time_for_all_lines(rsat):
    data = rsat.with_suffix(".D")
    imagery = Imagery.open(data, whole=False)
    assert (imagery.shape, imagery.prefix, imagery.stride) == ((8192, 8192), 192, 8384)
    with pytest.raises(radarsat1.ProductError, match="bytes too short for its 8192 lines"):
        radarsat1.read(data)
    content = data.read_bytes()
    for line in range(3):
        at = imagery.first + line * imagery.stride
        assert struct.unpack(">3i", content[at + 36 : at + 48]) == (2000, 313, 5_482_210)
        assert struct.unpack(">3i", content[at + 64 : at + 76]) == (971_101, 986_583, 1_002_618)


def test_alos2_leader_is_read_where_the_layout_is_the_same(alos2):
    leader = Leader.open(alos2)
    assert palsar.recognises(alos2)
    assert palsar.recognises(alos2.parent)
    orbit, notes = state_vectors(leader.one(30, "platform position"))
    assert notes == ()
    assert len(orbit.times_s) == 28
    assert orbit.times_s[[0, 27]].tolist() == [15_600.0, 17_220.0]
    assert orbit.positions_m[0] == pytest.approx(
        [2129356.513345231, -2537160.285770472, -6186365.282866754]
    )
    assert palsar.read_calibration(leader, False).gains[0, 0] == pytest.approx(10**-8.3)
    assert leader.summary.number(935, 16, "PRF", 0, 1e9) == 2_122_318.448518
    imagery = Imagery.open(next(alos2.parent.glob("IMG-HV-*")), whole=False)
    assert (imagery.shape, imagery.prefix, imagery.stride) == ((13161, 12870), 192, 25932)


def test_alos2_scene_centre_is_passed_at_the_scene_centre_time(shared_data):
    """The centre is given to 1e-7 degree, its time to 1 ms (7 m): 10 m apart."""
    found = header_residuals.alos2(shared_data / "products")
    assert found.along_m == pytest.approx(-9.8, abs=1)


def test_the_document_shows_what_the_headers_give(shared_data):
    """docs/evidence.md holds the table that benchmarks/real_headers.py prints."""
    document = Path(__file__).resolve().parents[3] / "docs" / "evidence.md"
    table = "\n".join(header_residuals.table(shared_data / "products"))
    assert f"\n{table}\n" in document.read_text(encoding="utf-8")


def test_alos2_polynomials_reproduce_the_corners(alos2):
    """Corners given to 1e-7 degree (1 cm): 5 mm apart, and 1 mm there and back."""
    leader = Leader.open(alos2)
    to_pixel, to_ground = read_polynomials(leader)
    corners = np.array(leader.one(20, "map projection").numbers(1073, 16, 8, "corner"))
    line, sample = np.array([0, 0, 13160, 13160.0]), np.array([0, 12869, 12869, 0.0])
    latitude, longitude = to_ground(line, sample)
    assert np.abs(latitude - corners[::2]).max() * 111_000 < 0.01
    assert np.abs(longitude - corners[1::2]).max() * 109_000 < 0.01
    back = to_pixel(latitude, longitude)
    assert np.abs(back[0] - line).max() < 0.002
    assert np.abs(back[1] - sample).max() < 0.002


def test_damaged_state_vectors_of_a_real_orbit_are_no_orbit(alos2):
    leader = Leader.open(alos2)
    orbit, _ = state_vectors(leader.one(30, "platform position"))
    inertial = to_inertial(orbit.times_s, orbit.positions_m, orbit.velocities_m_s, 0.0)
    assert orbit_misfit(orbit.times_s, *inertial) < 0.5
    assert orbit_misfit(orbit.times_s, orbit.positions_m, orbit.velocities_m_s) > 10
    positions = inertial[0].copy()
    positions[5, 1] += 2000
    assert orbit_misfit(orbit.times_s, positions, inertial[1]) > 1
