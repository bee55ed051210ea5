"""Choices are measured once, kept, and made anew where they cannot be read."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from calvingfront.training.acceleration.plan import Plan
from calvingfront.training.acceleration.remembered import remembered
from full_disk import no_room

START = Plan("eager", "channels_last", "float32", 2)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "calvingfront" / "tuning.json"


def test_jobs_that_start_together_measure_once(cache: Path) -> None:
    begun, go_on = threading.Event(), threading.Event()
    found: list[Plan] = []

    def slow() -> Plan:
        begun.set()
        assert go_on.wait(10)
        return Plan("eager", "contiguous", "float32", 1, source="measured")

    first = threading.Thread(target=lambda: found.append(remembered("key", slow)))
    first.start()
    assert begun.wait(10)
    second = threading.Thread(target=lambda: found.append(remembered("key", lambda: START)))
    second.start()
    second.join(0.2)
    assert second.is_alive()
    go_on.set()
    first.join(10)
    second.join(10)
    assert [plan.layout for plan in found] == ["contiguous", "contiguous"]
    assert {plan.source for plan in found} == {"measured", "remembered"}


@pytest.mark.parametrize("text", ["", "[1]", '{"key": {"way": "eager", "speed": 3}}'])
def test_a_damaged_memory_is_made_anew(cache: Path, text: str) -> None:
    cache.parent.mkdir()
    cache.write_text(text, encoding="utf-8")
    assert remembered("key", lambda: START) == START
    assert remembered("key", lambda: pytest.fail("measured again")).source == "remembered"


def test_without_a_place_to_remember_the_choice_counts_for_this_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert remembered("key", lambda: START) == START
    assert "may choose differently" in caplog.text


def test_a_choice_that_cannot_be_written_counts_for_this_training(
    cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with no_room(0):
        assert remembered("key", lambda: START) == START
    assert "may choose differently" in caplog.text
    assert not cache.exists()
