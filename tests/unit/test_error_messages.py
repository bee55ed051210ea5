"""What a user sees of many faults: each kind once, and where the whole list stands."""

from __future__ import annotations

import logging
import pickle
from pathlib import Path

import pytest

from calvingfront.errors import MOST_LINES, ConfigError, Faults, SceneError, all_faults
from calvingfront.logs import log_to


def missing(number: int) -> SceneError:
    where = f"scenes.csv line {number} (S{number})"
    return SceneError(where, f"image 'data/S{number}.tif' does not exist", "Give a path.")


def many() -> Faults:
    faults = [missing(number) for number in range(2, 444)]
    faults.insert(7, SceneError("scenes.csv line 9 (X)", "has no glacier", "Fill in the cell."))
    return Faults(faults, "Fix the files.")


def test_faults_that_differ_in_names_and_numbers_only_stand_on_one_line() -> None:
    text = str(many())
    assert text.startswith("443 faults found:\n")
    assert "line 2 (S2): image 'data/S2.tif' does not exist. Give a path." in text
    assert "… and 441 more like this" in text
    assert "line 9 (X): has no glacier. Fill in the cell." in text
    assert text.endswith("\nFix the files.")
    assert len(text.splitlines()) == 4


def test_the_whole_list_stays_at_hand() -> None:
    text = many().in_full()
    assert len(text.splitlines()) == 445
    assert "line 443 (S443)" in text
    assert many().shortened


def test_three_faults_of_a_kind_are_told_one_by_one() -> None:
    faults = Faults([missing(number) for number in (2, 3, 4)], "Fix the files.")
    assert str(faults) == faults.in_full()
    assert not faults.shortened


def test_a_message_is_never_longer_than_a_page() -> None:
    words = [f"{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(40)]
    faults = Faults([ConfigError("key", f"is {word}", "Correct it.") for word in words], "See.")
    lines = str(faults).splitlines()
    assert len(lines) == MOST_LINES + 3
    assert f"… and {40 - MOST_LINES} more of other kinds" in lines[-2]


def test_nested_faults_are_taken_apart_and_what_was_found_survives_a_process() -> None:
    outer = Faults([many(), ConfigError("a", "is b", "Write c.")], "See.", found=["S1"])
    assert len(all_faults(outer)) == 444
    again = pickle.loads(pickle.dumps(outer))
    assert str(again) == str(outer)
    assert again.found == ["S1"]


def test_a_job_tells_the_summary_and_its_log_holds_every_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "job.log"
    with pytest.raises(SystemExit), log_to(log):
        raise many()
    logging.getLogger("calvingfront").handlers.clear()
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 5
    assert f"All of them stand in {log}." in said
    assert "line 443 (S443)" in log.read_text(encoding="utf-8")
