"""Sentinel-1 orbit files, written here as ESA's are."""

from __future__ import annotations

import gzip
import zipfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from calvingfront.errors import OrbitError
from calvingfront.orbits.orbit import fit_orbit
from calvingfront.orbits.orbit_files import read_orbit_file, with_orbit_file
from radar_scenes import EPOCH, MIDDLE_S, CircularOrbit, make_product, make_scene

ORBIT = CircularOrbit(693e3)
SCENE = EPOCH, MIDDLE_S - 8.0, MIDDLE_S + 8.0
TYPE = "AUX_POEORB"


def utc(seconds: float) -> str:
    return (EPOCH + timedelta(seconds=seconds)).isoformat(timespec="microseconds")


def eof_file(
    path: Path,
    orbit: CircularOrbit = ORBIT,
    satellite: str = "Sentinel-1A",
    frame: str = "EARTH_FIXED",
    around_s: float = 600.0,
    quality: str = "NOMINAL",
) -> Path:
    """Vectors every 10 s; the scene does not lie on one."""
    times = MIDDLE_S + 3.0 + np.arange(-around_s, around_s, 10.0)
    vectors = []
    for time, position, velocity in zip(times, *orbit.states(times), strict=True):
        axes = "".join(
            f'<{name} unit="{unit}">{value:.6f}</{name}>'
            for name, unit, value in zip(
                ("X", "Y", "Z", "VX", "VY", "VZ"),
                3 * ("m",) + 3 * ("m/s",),
                (*position, *velocity),
                strict=True,
            )
        )
        vectors.append(
            f"<OSV><TAI>TAI={utc(time + 33)}</TAI><UTC>UTC={utc(time)}</UTC>"
            f"<UT1>UT1={utc(time)}</UT1><Absolute_Orbit>+1</Absolute_Orbit>{axes}"
            f"<Quality>{quality}</Quality></OSV>\n"
        )
    path.write_text(
        '<?xml version="1.0" ?>\n<Earth_Explorer_File><Earth_Explorer_Header><Fixed_Header>'
        f"<File_Name>{path.stem}</File_Name><Mission>{satellite}</Mission>"
        f"<File_Type>{TYPE}</File_Type><Validity_Period>"
        f"<Validity_Start>UTC={utc(times[0])[:19]}</Validity_Start>"
        f"<Validity_Stop>UTC={utc(times[-1])[:19]}</Validity_Stop></Validity_Period>"
        f"</Fixed_Header><Variable_Header><Ref_Frame>{frame}</Ref_Frame>"
        "<Time_Reference>UTC</Time_Reference></Variable_Header></Earth_Explorer_Header>"
        f'<Data_Block type="xml"><List_of_OSVs count="{len(vectors)}">\n{"".join(vectors)}'
        "</List_of_OSVs></Data_Block></Earth_Explorer_File>\n",
        encoding="utf-8",
    )
    return path


def test_the_vectors_about_the_scene_give_its_orbit(tmp_path: Path) -> None:
    found = read_orbit_file(eof_file(tmp_path / "S1A.EOF"), *SCENE, "Sentinel-1A")
    assert found.source == "S1A.EOF"
    assert 8 <= len(found.times_s) <= 14
    assert found.times_s[0] < SCENE[1] - 30
    assert found.times_s[-1] > SCENE[2] + 30
    orbit = fit_orbit(found, *SCENE[1:])
    times = np.linspace(*SCENE[1:], 9)
    assert np.abs(orbit.position(times) - ORBIT.states(times)[0]).max() < 1e-4


@pytest.mark.parametrize("kind", ["zip", "gz", "crlf", "bom", "name space"])
def test_a_file_that_was_packed_or_transferred_as_text_gives_the_same_vectors(
    kind: str, tmp_path: Path
) -> None:
    plain = eof_file(tmp_path / "S1A.EOF")
    content, changed = plain.read_bytes(), tmp_path / "changed"
    if kind == "zip":
        with zipfile.ZipFile(changed, "w") as archive:
            archive.write(plain, "S1A.EOF")
    else:
        changed.write_bytes(
            {
                "gz": gzip.compress(content),
                "crlf": content.replace(b"\n", b"\r\n"),
                "bom": b"\xef\xbb\xbf" + content,
                "name space": content.replace(b"_File>", b'_File xmlns="urn:eof">', 1),
            }[kind]
        )
    expected, found = (read_orbit_file(p, *SCENE) for p in (plain, changed))
    np.testing.assert_array_equal(found.positions_m, expected.positions_m)
    np.testing.assert_array_equal(found.times_s, expected.times_s)


def test_the_file_of_another_satellite_is_refused_by_name(tmp_path: Path) -> None:
    scene = make_scene("ERS", shape=(60, 50))
    product = make_product(scene, np.ones((60, 50), np.float32))
    product = replace(product, platform="Sentinel-1A")
    own = eof_file(tmp_path / "own.EOF", scene.orbit)
    assert with_orbit_file(product, own).orbit.source == "own.EOF"
    other = eof_file(tmp_path / "other.EOF", scene.orbit, satellite="Sentinel-1B")
    message = r"other\.EOF.* is an orbit of Sentinel-1B, but .* acquired by Sentinel-1A"
    with pytest.raises(OrbitError, match=message):
        with_orbit_file(product, other)


def test_a_file_that_does_not_cover_the_scene_says_from_when_to_when_it_is_valid(
    tmp_path: Path,
) -> None:
    path = eof_file(tmp_path / "S1A.EOF")
    for start, stop in ((MIDDLE_S + 700, MIDDLE_S + 716), (MIDDLE_S + 580, MIDDLE_S + 596)):
        message = r"S1A\.EOF.* is valid from 2004-07-03 00:50:03 to 2004-07-03 01:09:53"
        with pytest.raises(OrbitError, match=message):
            read_orbit_file(path, EPOCH, start, stop)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (b"EARTH_FIXED", b"INERTIAL", "has Ref_Frame 'INERTIAL'"),
        (b"<Time_Reference>UTC", b"<Time_Reference>TAI", "has Time_Reference 'TAI'"),
        (b'count="120"', b'count="121"', "contains 120 of 121 vectors"),
        (b'<VX unit="m/s">', b'<VX unit="km/s">', "gives VX in km/s, m/s, not m/s"),
        (b"<X unit", b"<Y unit", "not a complete EOF orbit"),
        (b"</Data_Block>", b"", "not a complete EOF orbit"),
        (b"<Earth_Explorer_File>", b"<!DOCTYPE x><Earth_Explorer_File>", "document type"),
    ],
)
def test_a_faulty_file_is_refused_with_what_is_wrong(
    before: bytes, after: bytes, message: str, tmp_path: Path
) -> None:
    path = eof_file(tmp_path / "S1A.EOF")
    content = path.read_bytes()
    assert before in content
    path.write_bytes(content.replace(before, after, 1))
    with pytest.raises(OrbitError, match=message):
        read_orbit_file(path, *SCENE)


def test_vectors_that_are_not_nominal_are_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    read_orbit_file(eof_file(tmp_path / "S1A.EOF", quality="DEGRADED"), *SCENE)
    assert "S1A.EOF marks state vectors about the scene as not nominal" in caplog.text
