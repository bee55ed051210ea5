"""Users' tables: read as any program saves them, told by line where a cell may be misplaced."""

from __future__ import annotations

from pathlib import Path

import pytest

from calvingfront.errors import Faults, TableError
from calvingfront.tabular.text_tables import missing, read_table

COLUMNS = ("scene", "glacier", "front", "pixel_size_m")
TEXT = "scene,glacier,front\nS1,Isbræ,a.png\nS2,B,\n"
ROWS = [
    {"scene": "S1", "glacier": "Isbræ", "front": "a.png"},
    {"scene": "S2", "glacier": "B", "front": ""},
]


def written(folder: Path, content: str | bytes, encoding: str = "utf-8") -> Path:
    path = folder / "t.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def rows(path: Path) -> list[dict[str, str]]:
    return [row.cells for row in read_table(path, COLUMNS).sound_rows()]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le+mark", "utf-16-be+mark"]
)
@pytest.mark.parametrize("eol", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_is_read_whatever_program_saved_it(
    tmp_path: Path, encoding: str, eol: str, separator: str
) -> None:
    text = TEXT.replace(",", separator).replace("\n", eol)
    codec, _, mark = encoding.partition("+")
    assert rows(written(tmp_path, ("\ufeff" if mark else "") + text, codec)) == ROWS


@pytest.mark.parametrize(
    "text",
    [
        TEXT.rstrip("\n"),
        TEXT.replace(",", " , "),
        TEXT.replace("S1", "\u00a0S1\u200b").replace("scene", "\ufeffscene\u00a0"),
        TEXT.replace("\n", ",,\n"),
        TEXT.replace("S1", "\n\n,,\nS1") + "\n , \n\n",
        TEXT.replace("scene", '"scene"').replace("Isbræ", '"Isbræ"').replace("a.png", ' "a.png"'),
        TEXT.replace("scene,glacier,front", "Scene,GLACIER,Front"),
        "sep=;\n" + TEXT.replace(",", ";"),
        "# Scenes of 2007, by hand\n\n" + TEXT,
        TEXT.replace("S2,B,", "S2,B"),
        ",scene,glacier,front\n0,S1,Isbræ,a.png\n1,S2,B,\n",
        "remark,front,glacier,remark,scene\na,a.png,Isbræ,b,S1\n,,B,,S2\n",
    ],
)
def test_blanks_marks_and_order_change_nothing(tmp_path: Path, text: str) -> None:
    assert rows(written(tmp_path, text)) == ROWS


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_trailing_separator_on_every_line_shifts_nothing(tmp_path: Path, separator: str) -> None:
    """As a spreadsheet exports an empty last column, with or without it in the header."""
    lines = TEXT.replace(",", separator).splitlines()
    for first in (lines[0], lines[0] + separator):
        text = "\n".join([first, *(line + separator for line in lines[1:])])
        assert rows(written(tmp_path, text)) == ROWS


def test_a_quoted_cell_may_contain_the_separator_and_marks(tmp_path: Path) -> None:
    path = written(tmp_path, 'scene,glacier\nS1,"A, the ""big"" one"\nS2,5" pipe\n')
    assert [row["glacier"] for row in rows(path)] == ['A, the "big" one', '5" pipe']


def test_lines_keep_their_numbers(tmp_path: Path) -> None:
    path = written(tmp_path, "# by hand\n\nscene,glacier\n\nS1,A\n,\nS2,B\n")
    table = read_table(path, COLUMNS)
    assert [row.line for row in table.rows] == [5, 7]
    assert table.where(table.rows[1]) == f"{path}, line 7"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n , \n", "is empty"),
        (b"# nothing but a comment\n", "is empty"),
        ("scene,glacier\nS1,Isbræ\n".encode("cp1252"), "line 2: has the byte 0xe6, .* no UTF-8"),
        ("scene,glacier\r\rS1,Isbræ\r".encode("cp1252"), "line 3: has the byte 0xe6"),
        (b"\xff\xfes\0c\0e", "has the byte 0x65, which is no UTF-16"),
        ("scene,glacier\n".encode("utf-16-le"), "is no text: it has NUL bytes"),
        (b"scene,glacier\nS1,A" + b" " * 5000 + b"\0\n", "line 2: has a NUL byte"),
        ("scene,glacier\nS1,Isbr\ufffd\n".encode(), "line 2: has a character that was lost"),
        (b"PK\x03\x04\0\0", "is a spreadsheet or another archive. Save the table as CSV"),
        (b"\xd0\xcf\x11\xe0\0", "is a spreadsheet. Save the table as CSV in UTF-8"),
        (b"version https://git-lfs.github.com/spec/v1\n", "is a pointer of git-lfs"),
        (b"scene,glacier,Scene\n", "line 1: has 2 columns with the name scene. Keep one"),
        (b"scene,glacier,fronts\n", "has a column 'fronts', but none with the name front. Did"),
        (b"scene,glacier,pixelsize_m\n", "'pixelsize_m', but .* Did you mean pixel_size_m"),
        (b"scene,glacier,front_mask\n", "'front_mask', but .* Did you mean front"),
        (b"scene,glacier,Pixel size (m)\n", "Did you mean pixel_size_m"),
        (b'scene,"glacier\nS1,A\n', "line 1: has a quotation mark without its partner"),
    ],
)
def test_a_file_that_is_no_such_table_is_told_in_one_sentence(
    tmp_path: Path, content: bytes, message: str
) -> None:
    with pytest.raises(TableError, match=message) as caught:
        read_table(written(tmp_path, content), COLUMNS)
    assert "\n" not in str(caught.value)
    assert str(tmp_path / "t.csv") in str(caught.value)


def test_a_folder_and_a_missing_file_are_told(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.csv"):
        with pytest.raises(TableError, match="cannot be read"):
            read_table(path, COLUMNS)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("S3,A,b.png,a remark", "has 4 cells, but the table has 3 columns .beyond: 'a remark'"),
        ('S3,"A,b.png', "has a quotation mark without its partner on the line"),
        ('S3,"A"B,b.png', "has a quotation mark without its partner on the line"),
        ("S3,A\u200bB,b.png", r"has the invisible character U\+200B in glacier"),
        ("S3,A\x1bB,b.png", r"has the invisible character U\+001B in glacier"),
        ("#S3,A,b.png", "begins with #"),
        (f"S3,{'x' * 200_000},b.png", "has a cell of more than 100,000 characters"),
    ],
)
def test_a_line_that_could_be_misread_is_told_with_its_number(
    tmp_path: Path, line: str, message: str
) -> None:
    table = read_table(written(tmp_path, f"{TEXT}\n{line}\nS4,A,\n"), COLUMNS)
    assert [row.line for row in table.rows if row.fault] == [5]
    with pytest.raises(Faults, match=rf"t\.csv, line 5: {message}"):
        table.sound_rows()


def test_a_decimal_comma_shifts_no_cell_unseen(tmp_path: Path) -> None:
    """16,5 fills two columns, and leaves an empty cell over."""
    header = "scene,glacier,pixel_size_m,front\n"
    path = written(tmp_path, header + "S1,A,20,\nS2,A,16,5,\nS3,A,20,\n")
    with pytest.raises(Faults, match="line 3: has 5 cells, but the table has 4 columns"):
        rows(path)
    path = written(tmp_path, header + "S1,A,20,,\nS2,A,16,5,,\nS3,A,20,,\n")
    with pytest.raises(Faults, match="line 3: has 6 cells, but the table has 4 columns") as caught:
        rows(path)
    assert len(caught.value.faults) == 1


def test_text_beyond_the_last_column_of_every_line_is_told(tmp_path: Path) -> None:
    """As R writes row names without a name for their column: all cells stand one too far right."""
    path = written(tmp_path, "scene,glacier,front\n1,S1,A,a.png\n2,S2,B,b.png\n")
    with pytest.raises(Faults, match="line 2: has 4 cells, but the table has 3 columns") as caught:
        rows(path)
    assert len(caught.value.faults) == 2


def test_an_open_quotation_mark_swallows_no_line(tmp_path: Path) -> None:
    """Two of them would make one cell of all lines between, in a column that is not read."""
    text = 'scene,glacier,remark\nS1,A,"open\nS2,B,\nS3,C,"open again\n'
    table = read_table(written(tmp_path, text), COLUMNS)
    assert [(row.line, row.fault is None) for row in table.rows] == [
        (2, False), (3, True), (4, False),
    ]  # fmt: skip


def test_text_under_a_column_without_a_name_is_told(tmp_path: Path) -> None:
    with pytest.raises(Faults, match="line 2: has 'x' in a column without a name"):
        rows(written(tmp_path, "scene,glacier,,\nS1,A,x,\n"))
    with pytest.raises(Faults, match="line 2: has 'x' in a column without a name"):
        rows(written(tmp_path, ",scene,glacier\nx,S1,A\n1,S2,B\n"))


def test_columns_that_are_not_used_are_known(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, "scene,remark,glacier,,orbit\n"), COLUMNS)
    assert table.unused == ("remark", "orbit")
    assert missing(table, ("scene", "glacier")) is None
    assert missing(table, ("front", "pixel_size_m")) == (
        "is missing the columns front, pixel_size_m (it has scene, remark, glacier, orbit)"
    )
