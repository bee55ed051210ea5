"""Tables of new scenes: read as any program saves them, refused in one sentence."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from calvingfront.errors import CalvingFrontError, SceneError
from calvingfront.locating.command import _pixel_size
from calvingfront.locating.inputs.table import read_table_of_scenes
from calvingfront.locating.new_scenes import checked_day

TEXT = "scene,glacier,mission,acquired,image,pixel_size_m\nA,Isbræ,TSX,2007-03-04,a.png,20\n"


def table(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "new.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (TEXT, "utf-8-sig"),
        (TEXT.replace(",", ";").replace("\n", "\r\n"), "utf-16"),
        (TEXT.replace(",", " ,\u00a0").replace("scene", "Scene"), "utf-8"),
        (TEXT.replace("20\n", "20,,\n\n,,,\n"), "utf-8"),
        (TEXT.replace("2007-03-04", "2007-03-03T22:15-03:00"), "utf-8"),
    ],
)
def test_a_table_is_read_whatever_program_saved_it(
    tmp_path: Path, text: str, encoding: str
) -> None:
    (scene,) = read_table_of_scenes(table(tmp_path, text, encoding))
    assert (scene.scene, scene.glacier, scene.mission) == ("A", "Isbræ", "TSX")
    assert (scene.acquired, scene.pixel_size_m) == ("2007-03-04", 20.0)
    assert scene.image == tmp_path / "a.png"


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("2007-03-04", "04/03/2007", r"new\.csv line 2: has an invalid date: '04/03/2007' may"),
        ("2007-03-04", "2007", "line 2: has an invalid date: '2007' is a year, not a day"),
        ("a.png,20", "a.png,inf", "line 2: has an invalid pixel size: 'inf' is no number"),
        ("a.png,20", "a.png,20,x", "line 2: has 7 cells, but the table has 6 columns"),
        ("pixel_size_m", "pixelsize", "has a column 'pixelsize', but .* mean pixel_size_m"),
        ("acquired", "aquired", "has a column 'aquired', but .* Did you mean acquired"),
        ("scene,", "name,", r"has no column scene \(it has name, glacier"),
    ],
)
def test_a_fault_is_one_sentence(tmp_path: Path, before: str, after: str, message: str) -> None:
    with pytest.raises(CalvingFrontError, match=message):
        read_table_of_scenes(table(tmp_path, TEXT.replace(before, after)))


def test_another_encoding_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CalvingFrontError, match="line 2: has the byte 0xe6, which is no UTF-8"):
        read_table_of_scenes(table(tmp_path, TEXT, "cp1252"))


def test_a_day_on_the_command_line_is_read_as_in_a_table() -> None:
    assert checked_day("4 Mar 2007", "--acquired") == "2007-03-04"
    with pytest.raises(SceneError, match="--acquired: has an invalid date: '070304' has a year"):
        checked_day("070304", "--acquired")


@pytest.mark.parametrize("text", ["inf", "nan", "1_0", "20 m", "0", "1e-9", "16,67"])
def test_a_pixel_size_on_the_command_line_is_read_as_in_a_table(text: str) -> None:
    assert _pixel_size("16.67") == 16.67
    with pytest.raises(argparse.ArgumentTypeError, match="Write"):
        _pixel_size(text)
