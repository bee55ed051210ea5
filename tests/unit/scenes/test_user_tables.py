"""Users' tables of images as people keep them: read rightly, or one sentence with the line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from builders import line_mask, speckled, write_image
from calvingfront.errors import CalvingFrontError, ConfigError, Faults
from calvingfront.scenes.checks.report import describe_scenes
from calvingfront.scenes.images import list_images

HEADER = "scene,glacier,mission,acquired,image,front,pixel_size_m,quality"
DAYS = ("2007-03-04", "2007-04-03", "2008-01-15")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for k in range(3):
        write_image(tmp_path / "data" / f"S{k + 1}.png", speckled(30, 40, k))
        write_image(tmp_path / "data" / f"S{k + 1}_front.png", line_mask(30, 40, 5 + k))
    return tmp_path


def cells(k: int, **changed: str) -> list[str]:
    """The cells of a sound line, of which some are changed."""
    sound = {
        "scene": f"S{k + 1}", "glacier": "Isbræ", "mission": "ERS", "acquired": DAYS[k],
        "image": f"data/S{k + 1}.png", "front": f"data/S{k + 1}_front.png", "pixel_size_m": "20",
        "quality": "",
    }  # fmt: skip
    return list((sound | changed).values())


def table(folder: Path, *lines: list[str], header: str = HEADER) -> Path:
    path = folder / "scenes.csv"
    path.write_text("\n".join([header, *(",".join(line) for line in lines)]) + "\n", "utf-8")
    return path


def days(path: Path) -> list[str]:
    return [str(day) for day in list_images(path)["acquired"]]


def fault_of(folder: Path, **changed: str) -> str:
    """The one fault of a table whose first line is changed."""
    with pytest.raises(Faults) as caught:
        list_images(table(folder, cells(0, **changed), cells(1)))
    assert len(caught.value.faults) == 1, caught.value
    return str(caught.value.faults[0])


def test_days_with_the_day_first_are_refused_line_by_line(folder: Path) -> None:
    written = [".".join(reversed(day.split("-"))) for day in DAYS]
    with pytest.raises(Faults) as caught:
        list_images(table(folder, *(cells(k, acquired=day) for k, day in enumerate(written))))
    assert [fault.where for fault in caught.value.faults] == [
        f"scenes.csv line {k + 2} (S{k + 1})" for k in range(3)
    ]
    assert "'04.03.2007' may begin with the day or with the month" in str(caught.value)


def test_local_times_are_brought_to_utc_and_parts_of_a_day_refused(folder: Path) -> None:
    local = ("2007-03-04T22:15:00-03:00", "2007-04-03T01:30:00+02:00", "2008-06-20")
    lines = [cells(k, acquired=text) for k, text in enumerate(local)]
    assert days(table(folder, *lines)) == ["2007-03-05", "2007-04-02", "2008-06-20"]
    assert "'2008' is a year, not a day" in fault_of(folder, acquired="2008")
    assert "'2009-02' is a month, not a day" in fault_of(folder, acquired="2009-02")


def test_a_comma_at_the_end_of_every_line_shifts_no_column(folder: Path) -> None:
    header = HEADER.removesuffix(",pixel_size_m,quality")
    sound = list_images(table(folder, *(cells(k) for k in range(3))))
    path = table(folder, *([*cells(k), ""] for k in range(3)))
    pd.testing.assert_frame_equal(list_images(path), sound)
    short = ["pixel_size_m", *header.split(",")]
    path = table(folder, *(["20", *cells(k)[:6], ""] for k in range(3)), header=",".join(short))
    pd.testing.assert_frame_equal(list_images(path), sound)


def test_optional_cells_may_be_left_out_at_the_end_of_a_line(folder: Path) -> None:
    lines = [cells(0, quality="2"), cells(1)[:7], cells(2, front="")[:7]]
    scenes = list_images(table(folder, *lines))
    assert scenes["quality"].tolist()[:1] == [2]
    assert scenes["quality"].isna().tolist() == [False, True, True]
    assert scenes["front"].isna().tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("encoding", "separator", "eol", "readable"),
    [
        ("utf-8-sig", ",", "\r\n", True), ("utf-16", "\t", "\r\n", True),
        ("utf-8", ";", "\n", True), ("utf-8", ",", "\r", True), ("cp1252", ",", "\n", False),
    ],
)  # fmt: skip
def test_the_same_table_saved_by_another_program_is_the_same_or_one_sentence(
    folder: Path, encoding: str, separator: str, eol: str, readable: bool
) -> None:
    path = table(folder, *(cells(k) for k in range(3)))
    sound = list_images(path)
    text = path.read_text("utf-8").replace(",", separator).replace("\n", eol)
    path.write_bytes(text.encode(encoding))
    if readable:
        pd.testing.assert_frame_equal(list_images(path), sound)
        return
    with pytest.raises(CalvingFrontError, match=r"scenes\.csv, line 2: has the byte 0xe6.* UTF-8"):
        list_images(path)


def test_more_cells_than_columns_are_told_with_the_line(folder: Path) -> None:
    path = table(folder, cells(0), [*cells(1), "a remark"], cells(2))
    with pytest.raises(Faults, match=r"scenes\.csv line 3 \(S2\): has 9 cells, but .* 8 columns"):
        list_images(path)
    assert len(list_images(path, exclude={"S2": "torn"})) == 2


@pytest.mark.parametrize(
    ("column", "text", "message"),
    [
        ("pixel_size_m", "inf", "'inf' is no number"),
        ("pixel_size_m", "nan", "'nan' is no number"),
        ("pixel_size_m", '"16,67"', "'16,67' has a comma. Write a decimal point"),
        ("pixel_size_m", "20 m", "'20 m' has a unit or other text. Write the number alone"),
        ("pixel_size_m", "1_000", "'1_000' is no number"),
        ("pixel_size_m", "２０", "'２０' is no number"),
        ("pixel_size_m", "1e-9", "'1e-9' is no size of a pixel (0.1 to 1000 m)"),
        ("pixel_size_m", "0", "'0' is not more than 0"),
        ("image", "data\\S1.png", "does not exist: it has backslashes. Write / between folders"),
        ("image", "data", "image 'data' is a folder. Give the file in it"),
        ("image", "x" * 300, "cannot be opened (File name too long)"),
        ("front", "data", "front 'data' is a folder. Give the file in it"),
        ("front", "data/S1.png", "front S1.png is the image itself. Give the front's own file"),
        ("scene", "S 1", "has the invalid name 'S 1'. Use letters"),
        ("scene", "../S1", "has the invalid name '../S1'"),
        ("scene", "x" * 201, "has a name of 201 characters, which no file can bear"),
        ("glacier", "..", "has the glacier '..', which is no name"),
        ("glacier", " \u200b", "has no glacier"),
        ("glacier", "A\u200bB", "has the invisible character U+200B in glacier"),
        ("mission", "", "has no mission"),
        ("quality", "7", "has the invalid quality '7'"),
        ("quality", "2.5", "has the invalid quality '2.5'"),
        ("acquired", "", "has an invalid date: '' is empty"),
    ],
)
def test_an_odd_cell_is_told_in_one_sentence(
    folder: Path, column: str, text: str, message: str
) -> None:
    found = fault_of(folder, **{column: text})
    assert message in found
    assert found.startswith("scenes.csv line 2 (")


def test_blanks_and_marks_around_a_cell_are_no_part_of_it(folder: Path) -> None:
    odd = cells(0, scene="S1\u00a0", glacier=" Isbræ\u200b", mission="\ufeffERS", quality="2.0")
    scenes = list_images(
        table(folder, odd, cells(1, glacier="Sø\u00a0 re"), cells(2, glacier="e\u0301"))
    )
    assert scenes["scene"].tolist() == ["S1", "S2", "S3"]
    assert scenes["glacier"].tolist() == ["Isbræ", "Sø re", "é"]
    assert scenes["mission"].tolist() == ["ERS"] * 3
    assert scenes["quality"].tolist()[0] == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "image a.tif is an empty file. Fetch it again"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Run git lfs pull"),
        ("/annex/objects/MD5-s1--0\n", "Run git annex get"),
    ],
)
def test_a_file_that_was_not_fetched_is_told(folder: Path, text: str, message: str) -> None:
    (folder / "a.tif").write_text(text)
    assert message in fault_of(folder, image="a.tif")
    assert message.replace("image", "front") in fault_of(folder, front="a.tif")
    new = list_images(table(folder, cells(0, image="a.tif", front=""), cells(1)))
    assert new["front"].isna().tolist() == [True, False]  # its own job says why


@pytest.mark.parametrize("name", ["pixelsize_m", "pixel-size", "front_mask", "Fronts", "Qualitiy"])
def test_a_misspelt_optional_column_is_told_by_name(folder: Path, name: str) -> None:
    meant = next(c for c in ("pixel_size_m", "front", "quality") if c[:4] == name[:4].lower())
    with pytest.raises(CalvingFrontError, match=rf"has a column '{name}'.* Did you mean {meant}"):
        list_images(table(folder, cells(0), header=HEADER.replace(meant, name)))


def test_other_columns_are_named_in_the_report(folder: Path) -> None:
    path = table(folder, [*cells(0), "windy", "381"], header=f"{HEADER},remark,orbit")
    scenes = list_images(path)
    assert scenes.attrs["notes"][1] == "scenes.csv: columns not used: remark, orbit"


def test_a_table_without_its_columns_says_which_it_has(folder: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"missing the columns mission, acquired .it has scene, g"
    ):
        list_images(table(folder, header="scene,glacier,image,remark"))


def test_a_bar_in_a_name_stays_in_its_cell_of_the_report(folder: Path) -> None:
    lines = [cells(0, glacier="A|B", mission="E|S"), cells(1)]
    text = describe_scenes(list_images(table(folder, *lines)), {"S9": "dark\n\n# no heading"})
    widths = {
        len(line.replace(r"\|", "").split("|")) for line in text.splitlines() if line[:1] == "|"
    }
    assert r"| A\|B | " in text
    assert r"| glacier | ERS | E\|S | all |" in text
    assert len(widths) == 2  # two tables
    assert "- S9: dark # no heading" in text


def test_ten_thousand_lines_fit_in_little_memory(tmp_path: Path) -> None:
    """Measured as megabytes of Python objects; the seconds are in docs/benchmarks.md."""
    import tracemalloc

    from calvingfront.tabular.text_tables import read_table

    path = tmp_path / "t.csv"
    line = "S{0},Isbræ,ERS,2007-03-04,data/S{0}.tif,data/S{0}_front.png,20,2"
    path.write_text("\n".join([HEADER, *map(line.format, range(10_000))]), "utf-8")
    tracemalloc.start()
    rows = read_table(path, HEADER.split(",")).sound_rows()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(rows) == 10_000
    assert peak < 60e6
    assert np.unique([row.line for row in rows]).size == 10_000
