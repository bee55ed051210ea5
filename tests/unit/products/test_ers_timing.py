"""Line times of ERS CEOS from times rounded to a millisecond, and from state vectors."""

from __future__ import annotations

import numpy as np
import pytest

from calvingfront.products.ceos.ers_timing import azimuth_time

PULSE_S = 1 / 1679.902
LINES = 26_000
ELSEWHERE = 3000.0 + 4.167 * np.arange(5)  # state vectors that say nothing about the lines


def rounded(first_s: float, lines: int, interval_s: float) -> np.ndarray:
    ends = first_s + np.array([0.0, 0.5, 1.0]) * (lines - 1) * interval_s
    return np.round(ends, 3)


def errors(interval_s: float | None, seed: int = 1, count: int = 2000) -> np.ndarray:
    """Errors (count, 2) in ms of the first line's and the middle's time, over many images."""
    rng = np.random.default_rng(seed)
    found = []
    for first, lines in zip(
        5000 + rng.uniform(size=count), rng.integers(20_000, 28_000, count), strict=True
    ):
        stated = rounded(first, lines, PULSE_S)
        azimuth, notes = azimuth_time(stated, ELSEWHERE, lines, interval_s)
        assert notes == ()
        places = np.array([0.0, (lines - 1) / 2])
        found.append(azimuth.time(places) - (first + places * PULSE_S))
    return 1e3 * np.array(found)


def test_vectors_that_span_the_image_tell_its_times_to_a_microsecond() -> None:
    first = 5000.123413
    step = round((LINES - 1) * PULSE_S / 4, 6)
    vectors = first + step * np.arange(5)
    stated = rounded(first, LINES, PULSE_S)
    azimuth, notes = azimuth_time(stated, vectors, LINES, PULSE_S)
    assert (azimuth.first_s, azimuth.interval_s, notes) == (first, PULSE_S, ())
    azimuth, notes = azimuth_time(stated, vectors, LINES, None)
    assert (azimuth.first_s, notes) == (first, ())
    assert float(azimuth.time(np.array(LINES - 1.0))) == pytest.approx(vectors[-1], abs=1e-9)


@pytest.mark.parametrize("shift_s", [0.0012, -0.0012, 1.0])
def test_vectors_beside_the_image_are_not_its_times(shift_s: float) -> None:
    first = 5000.123
    vectors = first + shift_s + (LINES - 1) * PULSE_S / 4 * np.arange(5)
    stated = rounded(first, LINES, PULSE_S)
    for interval in (PULSE_S, None):
        azimuth, _ = azimuth_time(stated, vectors, LINES, interval)
        assert abs(azimuth.first_s - first) < 0.5e-3


def test_vectors_of_another_length_than_the_pulses_are_not_its_times() -> None:
    first = 5000.1234
    vectors = first + ((LINES - 1) * PULSE_S + 1e-4) / 4 * np.arange(5)
    stated = rounded(first, LINES, PULSE_S)
    with_them = azimuth_time(stated, vectors, LINES, PULSE_S)
    assert with_them == azimuth_time(stated, ELSEWHERE, LINES, PULSE_S)


def test_three_rounded_times_and_the_pulse_rate_halve_the_error_of_one() -> None:
    first, _ = np.abs(errors(PULSE_S)).T
    assert first.mean() < 0.135  # 0.25 for one rounded time
    assert np.median(first) < 0.11
    assert first.max() <= 0.5 + 1e-6


def test_three_rounded_times_tell_a_detected_image_better_than_two() -> None:
    first, middle = np.abs(errors(None)).T
    assert first.mean() < 0.235  # 0.25 for first and last alone
    assert middle.mean() < 0.14  # 0.17
    assert middle.max() <= 0.5 + 1e-6


@pytest.mark.parametrize("interval_s", [PULSE_S, None])
def test_a_missing_centre_leaves_the_other_two(interval_s: float | None) -> None:
    stated = rounded(5000.1231, LINES, PULSE_S)
    stated[1] = np.nan
    azimuth, notes = azimuth_time(stated, ELSEWHERE, LINES, interval_s)
    assert abs(azimuth.first_s - 5000.1231) < 0.5e-3
    assert notes == ()


@pytest.mark.parametrize(("interval_s", "place"), [(PULSE_S, 1), (PULSE_S, 2), (None, 1)])
def test_times_that_contradict_each_other_leave_the_first_and_say_so(
    interval_s: float | None, place: int
) -> None:
    stated = rounded(5000.123, LINES, PULSE_S)
    stated[place] += 0.004
    azimuth, notes = azimuth_time(stated, ELSEWHERE, LINES, interval_s)
    assert azimuth.first_s == stated[0]
    assert "4.0 ms" in notes[0] or "disagree by 3" in notes[0] or "disagree by 2" in notes[0]
