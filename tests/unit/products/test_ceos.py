"""CEOS records, orbits and readers on small products, edited byte by byte."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from calvingfront.errors import OrbitError, ProductError
from calvingfront.products.ceos import ers as ers_ceos
from calvingfront.products.ceos import palsar, radarsat1
from calvingfront.products.ceos.imagery import Imagery
from calvingfront.products.ceos.orbit import orbit_misfit, state_vectors
from calvingfront.products.ceos.product_files import product_files
from calvingfront.products.ceos.records import Leader, Record
from calvingfront.products.registry import open_product
from calvingfront.simulation.product_writers import ers_ceos as write_ers
from calvingfront.simulation.product_writers import palsar as write_palsar
from calvingfront.simulation.product_writers import radarsat1 as write_radarsat1
from ceos_images import LINES, START_S, earth_fixed, kepler, radar_image


@pytest.fixture
def ers_slc(tmp_path):
    return write_ers.write(radar_image("ERS", is_complex=True), tmp_path)


@pytest.fixture
def rsat_sgf(tmp_path):
    return write_radarsat1.write(radar_image("RSAT", is_complex=False), tmp_path)


def edit(path, kind: int, at: int, text: str) -> None:
    """Overwrite a field of the leader's first record of a kind (None: of the file descriptor)."""
    content = bytearray(path.read_bytes())
    offset = 0
    for record in Leader.open(path).records:
        if offset and record.code[1] == kind:
            content[offset + at - 1 : offset + at - 1 + len(text)] = text.encode()
            path.write_bytes(content)
            return
        offset += len(record.content)
    raise AssertionError(f"no record {kind}")


def record(text: str) -> Record:
    return Record(__file__, (18, 10, 18, 20), b"\0" * 12 + text.encode())


@pytest.mark.parametrize(
    ("text", "value"), [(" 1.5 ", 1.5), ("-1.5D+02", -150), ("+.5e1", 5), ("7.", 7), ("0042", 42)]
)
def test_numbers_in_fortran_notation(text, value):
    assert record(text).number(13, len(text), "field", -1e9, 1e9) == value


@pytest.mark.parametrize("text", ["nan", "inf", "1_000", "0x10", "", "1 2", "--1", "1e999", "9,5"])
def test_what_python_takes_for_a_number_and_a_format_does_not(text):
    with pytest.raises(ProductError, match="byte 13, field"):
        record(text).number(13, len(text), "field", -1e9, 1e9)


def test_a_field_beyond_the_records_end_is_named():
    with pytest.raises(ProductError, match="byte 20, late: the record ends after 15 bytes"):
        record("abc").text(20, 4, "late")


def test_a_wrong_frame_name_is_found_out(rsat_sgf):
    edit(rsat_sgf, 30, 205, "EARTH CENTRED ROTATING")
    with pytest.raises(OrbitError, match="not an orbit in the frame 'EARTH CENTRED ROTATING'"):
        radarsat1.read(rsat_sgf)


@pytest.mark.parametrize("mission", ["ERS", "RSAT"])
def test_an_unknown_frame_name_is_told_by_the_motion(mission, tmp_path):
    write = {"ERS": write_ers.write, "RSAT": write_radarsat1.write}[mission]
    image = radar_image(mission, is_complex=True)
    leader = write(image, tmp_path)
    edit(leader, 30, 205, "NAMELESS".ljust(64))
    orbit, _ = state_vectors(Leader.open(leader).one(30, "platform position"))
    assert np.abs(orbit.positions_m - image.orbit.positions_m).max() < 1e-5


def test_a_missing_hour_angle_is_computed_and_said(rsat_sgf):
    before = radarsat1.read(rsat_sgf)
    edit(rsat_sgf, 30, 269, " " * 22)
    after = radarsat1.read(rsat_sgf)
    assert not before.notes
    assert "no Greenwich hour angle" in after.notes[0]
    assert np.abs(after.orbit.positions_m - before.orbit.positions_m).max() < 1


def test_an_hour_angle_of_another_day_is_replaced_and_said(rsat_sgf):
    edit(rsat_sgf, 30, 269, f"{123.0:22.10f}")
    product = radarsat1.read(rsat_sgf)
    assert "contradicts the time" in product.notes[0]
    wanted = radar_image("RSAT", is_complex=False).orbit.positions_m
    assert np.abs(product.orbit.positions_m - wanted).max() < 1


@pytest.mark.parametrize(("scale", "unit"), [(1e-3, 1.0), (1.0, 1e3), (1e-3, 1e-3)])
def test_kilometres_and_millimetres_per_second_are_recognised(rsat_sgf, scale, unit):
    leader = Leader.open(rsat_sgf)
    values = leader.one(30, "orbit").numbers(387, 22, 30, "vector")
    before, _ = state_vectors(leader.one(30, "orbit"))
    for k, value in enumerate(values):
        edit(rsat_sgf, 30, 387 + 22 * k, f"{value * (scale if k % 6 < 3 else unit):22.14E}")
    after, _ = state_vectors(Leader.open(rsat_sgf).one(30, "orbit"))
    assert np.abs(after.positions_m - before.positions_m).max() < 1e-5
    assert np.abs(after.velocities_m_s - before.velocities_m_s).max() < 1e-8


def test_one_damaged_digit_of_a_state_vector_is_found(ers_slc):
    leader = Leader.open(ers_slc)
    value = leader.one(30, "orbit").numbers(387, 22, 30, "vector")[8]
    edit(ers_slc, 30, 387 + 22 * 8, f"{value + 1000:22.14E}")
    with pytest.raises(OrbitError, match="not an orbit"):
        ers_ceos.read(ers_slc)


@pytest.mark.parametrize("per_metre", [False, True])
@pytest.mark.parametrize("in_metres", [False, True])
def test_each_reading_of_the_pri_polynomial_is_told_by_the_range_times(
    per_metre, in_metres, tmp_path
):
    image = radar_image("ERS", is_complex=False)
    leader = write_ers.write(image, tmp_path)
    facility = Leader.open(leader).one(200, "facility")
    for k, value in enumerate(facility.numbers(1855, 20, 4, "coefficient")):
        value *= (149_896_229.0 if in_metres else 1.0) / (12.5**k if per_metre else 1.0)
        edit(leader, 200, 1855 + 20 * k, f"{value:20.12E}")
    sample = np.array([0.0, 20.0, 46.0])
    found = ers_ceos.read(leader).geometry.range.slant_range(sample, np.zeros(3))
    assert found == pytest.approx(image.geometry.range.slant_range(sample, np.zeros(3)), abs=0.01)


def test_a_pri_polynomial_that_misses_the_swath_is_refused(tmp_path):
    leader = write_ers.write(radar_image("ERS", is_complex=False), tmp_path)
    edit(leader, 200, 1875, f"{0.5:20.12E}")
    with pytest.raises(ProductError, match="ground-to-slant polynomial"):
        ers_ceos.read(leader)


def test_the_radarsat_table_gives_one_gain_for_each_step(rsat_sgf):
    edit(rsat_sgf, 50, 61, f"{47:8}")
    edit(rsat_sgf, 50, 89 + 16 * 40, f"{500.0:16.8E}")
    edit(rsat_sgf, 50, 8317, f"{-3.5:16.8E}")
    calibration = radarsat1.read(rsat_sgf).calibration
    assert calibration.gains.shape == (1, 47)
    assert calibration.gains[0, 40] == 1 / 500
    assert calibration.samples[[0, 1, 46]].tolist() == [0, 1, 46]
    assert calibration.offset == -3.5


def test_equal_line_times_fall_back_on_the_processing_record(rsat_sgf):
    before = radarsat1.read(rsat_sgf)
    data = before.pixels
    content = bytearray(data.path.read_bytes())
    for line in range(LINES):
        at = data.first + line * data.stride + 44
        content[at : at + 4] = content[data.first + 44 : data.first + 48]
    data.path.write_bytes(content)
    after = radarsat1.read(rsat_sgf)
    line = np.array([0.0, LINES - 1.0])
    apart = after.geometry.azimuth.time(line) - before.geometry.azimuth.time(line)
    assert np.abs(apart).max() < 1e-3
    assert np.abs(apart).max() > 0


def test_a_jump_in_the_line_times_is_refused(rsat_sgf):
    data = radarsat1.read(rsat_sgf).pixels
    content = bytearray(data.path.read_bytes())
    at = data.first + 30 * data.stride + 44
    content[at : at + 4] = (int.from_bytes(content[at : at + 4], "big") + 50).to_bytes(4, "big")
    data.path.write_bytes(content)
    with pytest.raises(ProductError, match="deviate from steps of"):
        radarsat1.read(rsat_sgf)


def test_left_looking_stands_in_the_clock_angle(rsat_sgf):
    assert radarsat1.read(rsat_sgf).geometry.look_side == "right"
    edit(rsat_sgf, 10, 477, " -90.000")
    assert radarsat1.read(rsat_sgf).geometry.look_side == "left"
    edit(rsat_sgf, 10, 477, "   0.000")
    with pytest.raises(ProductError, match="neither right- nor left-looking"):
        radarsat1.read(rsat_sgf)


def test_the_missing_bytes_of_a_truncated_image_are_counted(ers_slc):
    data = ers_slc.with_name("DAT_01.001")
    data.write_bytes(data.read_bytes()[:-100])
    with pytest.raises(ProductError, match=r"DAT_01.001: is 100 bytes too short for its 60 lines"):
        ers_ceos.read(ers_slc)


def test_lines_outside_the_image_are_refused(ers_slc):
    pixels = ers_ceos.read(ers_slc).pixels
    for first, count in ((-1, 2), (59, 2), (0, 0)):
        with pytest.raises(ProductError, match="has 60 lines"):
            pixels.read(first, count)
    assert pixels.read(59, 1).shape == (1, 47)


def test_polarisations_are_offered_by_name(tmp_path):
    leader = write_palsar.write(radar_image("PALSAR", is_complex=False), tmp_path)
    data = next(tmp_path.glob("IMG-HH-*"))
    shutil.copy(data, tmp_path / data.name.replace("HH", "HV"))
    assert palsar.read(tmp_path).polarisation == "HH"
    assert palsar.read(tmp_path, "HV").files[1].name.startswith("IMG-HV-")
    with pytest.raises(ProductError, match="does not offer VV; available: HH, HV"):
        palsar.read(leader, "VV")


@pytest.mark.parametrize(
    ("offered", "first"),
    [("VV VH", "VV"), ("HV HH", "HH"), ("VH VV HV HH", "HH"), ("VH HV", "HV"), ("VH", "VH")],
)
def test_the_co_polarised_image_is_read_if_none_is_asked_for(tmp_path, offered, first):
    write_palsar.write(radar_image("PALSAR", is_complex=False), tmp_path)
    data = next(tmp_path.glob("IMG-HH-*"))
    data = data.rename(tmp_path / "kept")
    for name in offered.split():
        shutil.copy(data, tmp_path / f"IMG-{name}-A")
    data.unlink()
    assert open_product(tmp_path).polarisation == first
    for name in offered.split():
        for asked in (name, name.lower(), f"{name[0]}/{name[1]}"):
            assert open_product(tmp_path, asked).polarisation == name


def test_ceos_folders_as_people_have_them_are_read(ers_slc, tmp_path):
    originals = list(ers_slc.parent.iterdir())
    expected = ers_ceos.read(ers_slc).acquired
    for number, rename in enumerate((str.lower, "{};1".format)):
        copy = tmp_path / str(number)
        copy.mkdir()
        for file in originals:
            shutil.copy(file, copy / rename(file.name))
        assert open_product(copy).acquired == expected
    for litter in ("._LEA_01.001", "._DAT_01.001", ".DS_Store", "Thumbs.db", "readme.txt"):
        (copy / litter).write_bytes(b"\0\5\x16\7\0\2\0\0Mac OS X        " + bytes(4000))
    assert open_product(copy).acquired == expected


def test_two_ers_products_in_a_folder_are_told_by_the_registry_too(ers_slc):
    folder = ers_slc.parent
    for file in list(folder.glob("*_01.001")):
        shutil.copy(file, folder / file.name.replace("01.001", "02.001"))
    with pytest.raises(ProductError, match=r"holds 2 leader files \(LEA_01.001, LEA_02.001\)"):
        open_product(folder)
    assert open_product(folder / "DAT_02.001").shape == ers_ceos.read(folder / "LEA_01.001").shape


def test_two_products_in_a_folder_must_be_named(tmp_path):
    first = write_palsar.write(radar_image("PALSAR", is_complex=False), tmp_path)
    second = write_palsar.write(radar_image("PALSAR", is_complex=True), tmp_path)
    with pytest.raises(ProductError, match=r"holds 2 leader files \(LED-.*, LED-.*\)\. Give one"):
        palsar.read(tmp_path)
    assert palsar.read(first).level == "1.5"
    assert palsar.read(second).level == "1.1"
    image = product_files(next(tmp_path.glob("IMG-HH-*1.1*")))
    assert image[0] == second


@pytest.mark.parametrize("name", ["nothing", "text.txt"])
def test_what_is_no_product_is_not_recognised(name, tmp_path):
    (tmp_path / "text.txt").write_text("no CEOS file", encoding="utf-8")
    for reader in (ers_ceos, radarsat1, palsar):
        assert not reader.recognises(tmp_path / name)
        assert not reader.recognises(tmp_path)
        with pytest.raises(ProductError):
            reader.read(tmp_path / name)


def test_counts_beyond_reason_allocate_nothing(ers_slc):
    data = ers_slc.with_name("DAT_01.001")
    content = bytearray(data.read_bytes())
    content[236:244] = b"99999999"
    data.write_bytes(content)
    with pytest.raises(ProductError, match=r"lines: 1e\+08 is outside 1 … 200000"):
        Imagery.open(data)


@pytest.mark.parametrize("step_s", [1.0, 4.0, 60.0])
def test_velocities_that_are_4_cm_s_off_are_an_orbit_and_those_of_another_frame_are_not(step_s):
    times = START_S + step_s * np.arange(9)
    position, velocity = kepler(7.1e6, times)
    noise = np.random.default_rng(2).normal(0, 0.04 / 3**0.5, velocity.shape)
    assert orbit_misfit(times, position, velocity + noise) < 1
    assert orbit_misfit(times, *earth_fixed(7.1e6, times)) > 1
