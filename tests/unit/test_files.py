"""Files are replaced whole, and what killed writers left behind goes with the next write."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from calvingfront.errors import DiskError
from calvingfront.files import (
    UNTOUCHED_S,
    folder_beside,
    leftovers,
    replacing,
    temporary_of,
    write_text,
)
from full_disk import no_room

WAITING = """
import sys, time
from calvingfront.files import folder_beside, replacing
with replacing(sys.argv[1]) as temporary, folder_beside(sys.argv[2]) as folder:
    temporary.write_text("half")
    (folder / "part").write_text("half")
    print("writing", flush=True)
    time.sleep(60)
"""


def test_a_failure_leaves_the_file_and_removes_what_libraries_put_beside(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    path.write_text("good", encoding="utf-8")

    def fail() -> None:
        with replacing(path) as temporary:
            temporary.write_text("half", encoding="utf-8")
            temporary.with_name(f"{temporary.name}-journal").write_text("", encoding="utf-8")
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    assert path.read_text(encoding="utf-8") == "good"
    assert [left.name for left in tmp_path.iterdir()] == ["a.gpkg"]


def test_what_a_killed_writer_left_is_removed_by_the_next_one(tmp_path: Path) -> None:
    path, other = tmp_path / "a.npy", tmp_path / "b.shp"
    writer = subprocess.Popen(
        [sys.executable, "-c", WAITING, str(path), str(other)], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == "writing\n"
    # While it lives, nobody touches its file.
    write_text(path, "mine")
    assert len(leftovers(path)) == 1
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    assert len([*leftovers(path), *leftovers(other)]) == 2
    write_text(path, "mine again")
    with folder_beside(other):
        assert leftovers(other) == [temporary_of(other)]
    assert [left.name for left in tmp_path.iterdir()] == ["a.npy"]


def test_files_of_other_names_and_of_other_machines_stay(tmp_path: Path) -> None:
    mine = temporary_of(tmp_path / "a.png").name
    gone = mine.replace(str(os.getpid()), "999999999")
    elsewhere = ".a.999999999-00000000.tmp.png"
    names = [
        gone.replace(".a.", ".a.b."),  # of a.b.png, another scene
        gone.replace(".png", ".tif"),
        elsewhere,
        ".a.notes.tmp.png",  # of the user
    ]
    for name in (gone, *names):
        (tmp_path / name).write_text("", encoding="utf-8")
    write_text(tmp_path / "a.png", "")
    assert {path.name for path in tmp_path.iterdir()} == {"a.png", *names}
    # Of a machine that has not been heard of for a day, nothing will come any more.
    long_ago = time.time() - UNTOUCHED_S - 60
    os.utime(tmp_path / elsewhere, (long_ago, long_ago))
    write_text(tmp_path / "a.png", "")
    assert {path.name for path in tmp_path.iterdir()} == {"a.png", *names} - {elsewhere}


def test_a_limit_on_the_size_of_files_is_not_called_a_full_disk(tmp_path: Path) -> None:
    limited = r"a\.txt: .* no file of this size \(ulimit -f\)"
    with pytest.raises(DiskError, match=limited), no_room(10):
        write_text(tmp_path / "a.txt", "x" * 100)
    assert not list(tmp_path.iterdir())
