"""What a job says when it fails, in its log and on standard error."""

from __future__ import annotations

import errno
import logging
from pathlib import Path

import pytest

from calvingfront.cli import main
from calvingfront.errors import SceneError
from calvingfront.files import write_text
from calvingfront.logs import log_to
from full_disk import small_disk


def test_a_fault_of_the_user_is_one_sentence_and_exit_status_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended, log_to(tmp_path / "logs" / "a.log"):
        raise SceneError("a.png", "is empty", "Fetch it")
    assert ended.value.code == 1
    assert capsys.readouterr().err == "error: a.png: is empty. Fetch it.\n"
    assert "a.png: is empty" in (tmp_path / "logs" / "a.log").read_text(encoding="utf-8")


def test_a_full_disk_is_one_sentence_wherever_it_is_met(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also behind the error of a library."""
    with pytest.raises(SystemExit), log_to(tmp_path / "a.log"):
        raise OSError(errno.ENOSPC, "No space left on device", str(tmp_path / "x.bin"))
    said = capsys.readouterr().err
    assert said.startswith(f"error: {tmp_path}/x.bin: cannot be written: the disk of {tmp_path} is")
    assert "MB free). Free space and run the same command again." in said
    with pytest.raises(SystemExit), log_to(tmp_path / "a.log"):
        raise RuntimeError("failed") from OSError(errno.EDQUOT, "Disk quota exceeded", "x.bin")
    assert "your quota on the disk of" in capsys.readouterr().err
    assert "Traceback" not in (tmp_path / "a.log").read_text(encoding="utf-8")


def test_a_fault_of_the_program_keeps_its_traceback(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), log_to(tmp_path / "a.log"):
        _ = 1 / 0
    assert "Traceback" in (tmp_path / "a.log").read_text(encoding="utf-8")


def test_a_log_that_cannot_be_written_hides_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "logs").write_text("", encoding="utf-8")  # where a folder should be

    def job() -> None:
        with log_to(tmp_path / "logs" / "a.log"):
            logging.getLogger("calvingfront.x").info("half done")
            raise SceneError("a.png", "is empty", "Fetch it")

    with pytest.raises(SystemExit):
        job()
    said = capsys.readouterr().err
    assert "the log" in said
    assert "half done" in said
    assert "error: a.png: is empty. Fetch it.\n" in said


def test_a_log_on_a_full_disk_hides_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with small_disk(tmp_path / "disk", 40) as disk:

        def job() -> None:
            with log_to(disk.path / "a.log"):
                disk.leave(0)
                logging.getLogger("calvingfront.x").info("half done")
                write_text(disk.path / "b.txt", "text")

        with pytest.raises(SystemExit):
            job()
        said = capsys.readouterr().err
        assert "half done" in said
        assert f"error: {disk.path}/b.txt: cannot be written: the disk of {disk.path}" in said
        assert "Logging error" not in said
        assert "Traceback" not in said


def test_a_plain_command_tells_a_full_disk_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device", str(tmp_path / "x.bin"))

    monkeypatch.setitem(__import__("calvingfront.cli").cli.ON_FILES, "summary", full)
    assert main(["summary", "--results", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith(f"error: {tmp_path}/x.bin: cannot be written")
