from __future__ import annotations

import gzip
import zipfile
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from calvingfront.errors import OrbitError
from calvingfront.orbits.earth import to_geodetic
from calvingfront.orbits.orbit import fit_orbit, leave_one_out
from calvingfront.orbits.orbit_files import read_orbit_file, with_orbit_file
from calvingfront.radar.model import StateVectors
from radar_scenes import EPOCH as SCENES_EPOCH
from radar_scenes import MIDDLE_S, CircularOrbit, make_product, make_scene

DORIS = "DOR_VOR_AXVF-P20080331_075200_20080301_215527_20080303_002327.zip"
EPOCH = datetime(2008, 3, 2)


@pytest.fixture
def doris(shared_data: Path) -> Path:
    return shared_data / "orbits" / DORIS


def test_a_doris_orbit_gives_the_vectors_of_its_text(doris):
    # Its second line: 01-MAR-2008 21:56:27, +6673165.375 +0491871.954 −2570604.042 m, …
    found = read_orbit_file(doris, datetime(2008, 3, 1, 21, 50), 390.0, 400.0)
    np.testing.assert_allclose(found.times_s[:7], 327.0 + 60.0 * np.arange(7))
    np.testing.assert_array_equal(found.positions_m[1], [6673165.375, 491871.954, -2570604.042])
    np.testing.assert_array_equal(found.velocities_m_s[1], [2750.373102, -1476.905363, 6873.408587])
    assert found.source == DORIS


def test_eight_doris_vectors_120_s_apart_give_the_one_between_them_within_3_mm(doris):
    dense = read_orbit_file(doris, EPOCH, 3600.0, 9000.0)
    misses = []
    for first in range(0, 60, 10):
        rows = first + np.arange(0, 16, 2)
        sparse = StateVectors(
            EPOCH, dense.times_s[rows], dense.positions_m[rows], dense.velocities_m_s[rows]
        )
        between = dense.times_s[first + 7]
        orbit = fit_orbit(sparse, between - 8.0, between + 8.0)
        misses.append(np.linalg.norm(orbit.position(between) - dense.positions_m[first + 7]))
    assert np.median(misses) < 2e-3
    assert max(misses) < 3e-3


def test_the_doris_vectors_beside_a_scene_are_foretold_by_the_others_within_7_mm(doris):
    # A gap in the middle is harder than vectors twice as far apart; at the ends it is up to 0.8 m.
    found = read_orbit_file(doris, EPOCH, 3600.0, 3616.0)
    distances = leave_one_out(found, 3600.0, 3616.0)
    assert len(distances) == 6
    assert distances[2:4].max() < 7e-3


def test_vectors_480_s_apart_give_the_doris_orbit_between_them(doris):
    # What RADARSAT-1 annotates, of a real orbit: the vectors between are the truth.
    dense = read_orbit_file(doris, EPOCH, 3600.0, 9000.0)
    rows = np.arange(0, 17, 8)
    sparse = StateVectors(
        EPOCH, dense.times_s[rows], dense.positions_m[rows], dense.velocities_m_s[rows]
    )
    between = dense.times_s[12]
    orbit = fit_orbit(sparse, between - 8.0, between + 8.0)
    assert np.linalg.norm(orbit.position(between) - dense.positions_m[12]) < 0.6
    assert np.linalg.norm(orbit.velocity(between) - dense.velocities_m_s[12]) < 5e-3


@pytest.mark.parametrize(
    ("name", "start", "height_km"),
    [
        ("ers2_ODR.015", datetime(1995, 6, 9, 12), 785),
        ("ers1_ODR.079", None, 785),
        ("envisat_ODR.051", None, 795),
    ],
)
def test_a_delft_arc_gives_an_orbit_that_obeys_gravity(shared_data, name, start, height_km):
    path = shared_data / "orbits" / name
    if start is None:
        first = int(np.frombuffer(path.read_bytes()[32:36], ">i4")[0])
        start = datetime.fromtimestamp(473_385_600 + first + 40_000, tz=None).replace(tzinfo=None)
    found = read_orbit_file(path, start, 0.0, 16.0)
    heights = to_geodetic(found.positions_m)[2] / 1000
    assert np.abs(heights - height_km).max() < 40
    speeds = np.linalg.norm(found.velocities_m_s, axis=1)
    assert np.all((speeds > 7300) & (speeds < 7700))
    # Velocities of the differentiated positions against those of free fall between the positions.
    distances = leave_one_out(found, 0.0, 16.0)
    assert distances[2:4].max() < 0.02
    orbit = fit_orbit(found, 0.0, 16.0)
    assert orbit.residual_m < 0.02  # the file is rounded to 1 cm
    assert orbit.residual_m_s < 1e-3


def test_a_file_that_does_not_cover_the_scene_says_what_it_covers(doris):
    message = (
        "covers 2008-03-01 21:55:27 to 2008-03-03 00:23:27, but the scene was acquired at 2008-03"
    )
    with pytest.raises(OrbitError, match=message):
        read_orbit_file(doris, datetime(2008, 3, 4), 10.0, 20.0)


def test_a_doris_orbit_that_is_cut_off_is_refused(doris, tmp_path):
    with zipfile.ZipFile(doris) as archive:
        content = archive.read(archive.namelist()[0])
    path = tmp_path / "cut"
    path.write_bytes(content[:-129])
    with pytest.raises(OrbitError, match="1588 of 1589 vectors"):
        read_orbit_file(path, EPOCH, 3600.0, 3616.0)
    path.write_bytes(content[:-60])
    with pytest.raises(OrbitError, match="1588 of 1589 vectors"):
        read_orbit_file(path, EPOCH, 3600.0, 3616.0)


def delft_arc(path: Path, records: int, announced: int) -> Path:
    """A made-up arc: a satellite that moves north by 3.6° a minute."""
    header = b"xODRERS-2   " + np.array([0, 35000, 15, announced, 424], ">i4").tobytes()
    minutes = np.arange(records)
    rows = np.stack(
        [
            minutes * 60,
            -30e7 + minutes * 3.6e7,
            np.full(records, 20e7),
            np.full(records, 785_000_000),
        ],
        axis=1,
    )
    path.write_bytes(header + rows.astype(">i4").tobytes())
    return path


def test_velocities_of_a_delft_arc_are_the_derivative_of_its_positions(tmp_path):
    path = delft_arc(tmp_path / "ODR.001", 20, 20)
    found = read_orbit_file(path, datetime(1985, 1, 1), 600.0, 610.0)
    assert found.times_s[0] == 300.0
    longitude, latitude, height = to_geodetic(found.positions_m)
    np.testing.assert_allclose(latitude, -30 + 3.6 * found.times_s / 60, atol=1e-6)
    np.testing.assert_allclose(longitude, 20, atol=1e-9)
    np.testing.assert_allclose(height, 785_000, atol=1e-3)
    # 3.6° a minute along a meridian: (M + h) · dφ/dt, M = 6.35e6 m at 12° south.
    speed = np.linalg.norm(found.velocities_m_s, axis=1)
    curvature = (
        6_378_137 * (1 - 0.00669438) / (1 - 0.00669438 * np.sin(np.deg2rad(latitude)) ** 2) ** 1.5
    )
    np.testing.assert_allclose(speed, (curvature + height) * np.deg2rad(3.6) / 60, rtol=1e-7)


def test_a_delft_arc_that_is_cut_off_is_refused(tmp_path):
    with pytest.raises(OrbitError, match="19 of 20 vectors"):
        read_orbit_file(delft_arc(tmp_path / "a", 19, 20), datetime(1985, 1, 1), 600.0, 610.0)


def test_a_delft_arc_too_short_for_velocities_says_how_many_vectors_it_needs(tmp_path):
    with pytest.raises(OrbitError, match=r"contains 9 vectors, too few .* \(11 are needed\)"):
        read_orbit_file(delft_arc(tmp_path / "a", 9, 9), datetime(1985, 1, 1), 60.0, 70.0)


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "orbit.txt"
    path.write_text("no orbit")
    with pytest.raises(OrbitError, match="neither a DORIS orbit"):
        read_orbit_file(path, EPOCH, 0.0, 1.0)
    with pytest.raises(OrbitError, match="cannot be read"):
        read_orbit_file(tmp_path / "absent", EPOCH, 0.0, 1.0)


def doris_file(path: Path, orbit: CircularOrbit) -> Path:
    """A DORIS orbit in the format of the real ones, 41 minutes around the made-up scenes."""
    times = MIDDLE_S + 60.0 * np.arange(-20, 21)
    states = np.hstack(orbit.states(times))
    lines = []
    for seconds, state in zip(times, states, strict=True):
        moment = (SCENES_EPOCH + timedelta(seconds=seconds)).strftime("%d-%b-%Y %H:%M:%S.%f")
        numbers = " ".join(
            [*(f"{v:+012.3f}" for v in state[:3]), *(f"{v:+012.6f}" for v in state[3:])]
        )
        lines.append(f"{moment.upper()} -.362073 +31832 {numbers}      3\n")
    body = "".join(lines)
    header = (
        'PRODUCT="DOR_VOR"\nDS_NAME="DORIS PRECISE ORBIT     "\n'
        f"DS_OFFSET=+{200:020d}<bytes>\nDS_SIZE=+{len(body):020d}<bytes>\nNUM_DSR=+{len(lines):010d}\n"
    )
    path.write_text(header.ljust(199) + "\n" + body)
    return path


def test_an_orbit_file_takes_the_place_of_the_annotated_vectors(tmp_path):
    scene = make_scene("ERS", shape=(60, 50))
    product = make_product(scene, np.ones((60, 50), np.float32))
    found = with_orbit_file(product, doris_file(tmp_path / "vor", scene.orbit))
    assert found.orbit.source == "vor"
    assert len(found.orbit.times_s) == 13  # the scene lies on both sides of one of them
    orbit = fit_orbit(found.orbit, *scene.span_s)
    times = np.linspace(*scene.span_s, 5)
    # The file is rounded to a millimetre.
    assert np.abs(orbit.position(times) - scene.orbit.states(times)[0]).max() < 2e-3


def test_another_satellites_orbit_file_is_refused(tmp_path):
    scene = make_scene("ERS", shape=(60, 50))
    product = make_product(scene, np.ones((60, 50), np.float32))
    other = doris_file(tmp_path / "vor", CircularOrbit(800e3))
    with pytest.raises(
        OrbitError, match=r"differs by 15 km from the orbit annotated in made-up\.E1"
    ):
        with_orbit_file(product, other)


@pytest.mark.parametrize("change", ["crlf", "gz", "zip"])
def test_a_doris_file_that_was_transferred_as_text_or_packed_gives_the_same_vectors(
    tmp_path, change
):
    plain = doris_file(tmp_path / "DOR", CircularOrbit(790e3))
    content = plain.read_bytes()
    changed = tmp_path / f"DOR.{change}"
    if change == "zip":
        with zipfile.ZipFile(changed, "w") as archive:
            archive.write(plain, "DOR")
    else:
        changed.write_bytes(
            gzip.compress(content) if change == "gz" else content.replace(b"\n", b"\r\n")
        )
    scene = SCENES_EPOCH, MIDDLE_S, MIDDLE_S + 20
    expected, found = read_orbit_file(plain, *scene), read_orbit_file(changed, *scene)
    np.testing.assert_array_equal(found.positions_m, expected.positions_m)
    np.testing.assert_array_equal(found.times_s, expected.times_s)


def test_a_doris_file_that_ends_within_a_number_is_refused(tmp_path):
    plain = doris_file(tmp_path / "DOR", CircularOrbit(790e3))
    content = plain.read_bytes()
    for lost in (1, 2, 6, 40, 129, 300):
        plain.write_bytes(content[: len(content) - lost])
        if lost == 1:  # the last line's end
            read_orbit_file(plain, SCENES_EPOCH, MIDDLE_S, MIDDLE_S + 20)
            continue
        with pytest.raises(OrbitError, match=r"contains \d+ of 41 vectors|not a complete"):
            read_orbit_file(plain, SCENES_EPOCH, MIDDLE_S, MIDDLE_S + 20)
    plain.write_bytes(gzip.compress(content)[:-50])
    with pytest.raises(OrbitError):
        read_orbit_file(plain, SCENES_EPOCH, MIDDLE_S, MIDDLE_S + 20)


def test_a_compressed_file_that_would_fill_the_memory_is_refused(tmp_path):
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("orbit.EOF", bytes(70 << 20))
    with pytest.raises(OrbitError, match="too long for an orbit"):
        read_orbit_file(path, EPOCH, 0.0, 1.0)
