"""The error of a front line, and the error of a position that follows from it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import shapely
from position_world import FRAME, LEFT, WIDE, box, flow_line, line, straight

from calvingfront.position.box import Box
from calvingfront.position.centreline import (
    bundle,
    centreline_position,
    multi_centreline_position,
)
from calvingfront.position.dated_fronts import Front
from calvingfront.position.enclosed import box_position
from calvingfront.position.line_error import LineError, sine_between
from calvingfront.position.series import measure
from calvingfront.position.trend import fit

Array = npt.NDArray[np.float64]
ACROSS = line((6000, 0), (6000, WIDE))


def of_mean(correlation_m: float, error: float = 20.0, shift: float = 0.0) -> float:
    stated = LineError("", error, shift_m=shift, correlation_m=correlation_m)
    found = stated.of_mean(ACROSS, WIDE)
    assert found is not None
    return found


def test_the_error_of_a_mean_lies_between_full_correlation_and_none() -> None:
    assert of_mean(1e9) == pytest.approx(20, rel=1e-4)  # everything errs together
    # Hand-computed: the variance of a mean over W is 2λ/W (1 - λ/W (1 - exp(-W/λ))).
    share = 500 / WIDE
    expected = 20 * np.sqrt(2 * share * (1 - share * (1 - np.exp(-1 / share))))
    assert of_mean(500) == pytest.approx(expected, rel=1e-3)
    errors = [of_mean(length) for length in (50, 200, 500, 2000, 1e5)]
    assert errors == sorted(errors)
    assert errors[0] < 20 * np.sqrt(2 * 50 / WIDE) * 1.05


def test_a_shift_of_the_image_shifts_the_whole_front() -> None:
    assert of_mean(1.0, error=0.001, shift=15.0) == pytest.approx(15, rel=1e-3)
    assert of_mean(1e9, error=20.0, shift=15.0) == pytest.approx(25, rel=1e-4)
    slanting = LineError("", 0.0, shift_m=15.0).of_mean(line((0, 0), (WIDE, WIDE)), WIDE)
    assert slanting == pytest.approx(15 * np.sqrt(2), rel=1e-6)


def test_errors_between_vertices_are_interpolated_along_the_nearest_piece() -> None:
    one = np.array([[0.0, 0.0], [100.0, 0.0], [200.0, 0.0]])
    other = one + np.array([0, 50])
    error = LineError("", pieces=((one, np.array([10.0, np.nan, 30.0])), (other, np.full(3, 5.0))))
    assert error.at(np.array([[50.0, 1.0], [150.0, 1.0], [150.0, 49.0]])).tolist() == [15, 25, 5]


def test_an_unknown_error_stays_unknown() -> None:
    vertices = shapely.get_coordinates(ACROSS)
    unknown = LineError("", pieces=((vertices, np.full(len(vertices), np.nan)),))
    assert unknown.of_mean(ACROSS, WIDE) is None
    assert box_position(straight(6000), box(), error=unknown).error_m is None
    assert centreline_position(straight(6000), flow_line(), unknown).error_m is None
    found = multi_centreline_position(straight(6000), bundle(flow_line(), 2000, 5), unknown)
    assert found.error_m is None
    assert box_position(straight(6000), box()).error_m is None


@pytest.mark.parametrize(("degrees", "factor"), [(90, 1.0), (30, 2.0), (10, 2.9238)])
def test_a_slanting_front_errs_more_along_the_flow_line(degrees: float, factor: float) -> None:
    """1 / sin, at most 1 / sin 20°; flatter fronts are flagged."""
    reach = 1500 / np.tan(np.radians(degrees))
    front = line((6000 - reach, 500), (6000 + reach, 3500))
    found = centreline_position(front, flow_line((-9000, 2000), (19_000, 2000)), LineError("", 20))
    assert found.error_m == pytest.approx(20 * factor, rel=1e-3)
    assert found.flag == ("doubtful" if degrees < 20 else "ok")
    if degrees < 20:
        assert found.reasons == ("nearly parallel: it meets the flow line at 10°",)


def test_crossings_of_one_front_err_together() -> None:
    zigzag = line((6000, 4300), (6000, 1500), (5000, 1500), (5000, 2500), (4000, 2500), (4000, -9))
    found = centreline_position(zigzag, flow_line(), LineError("", 20))
    assert found.crossings == 3
    assert found.error_m == pytest.approx(60, rel=1e-3)


def test_the_median_of_many_lines_errs_less_than_one_but_a_shift_stays() -> None:
    lines = bundle(flow_line(), 3000, 31)

    def error(correlation_m: float, shift: float = 0.0) -> float:
        stated = LineError("", 20.0, shift_m=shift, correlation_m=correlation_m)
        found = multi_centreline_position(straight(6000), lines, stated).error_m
        assert found is not None
        return found

    assert error(1e9) == pytest.approx(20, rel=0.05)
    independent = 20 * np.sqrt(np.pi / 2 / 31)  # the efficiency of a median
    assert error(1.0) == pytest.approx(independent, rel=0.08)
    assert error(1.0, shift=30.0) == pytest.approx(np.hypot(independent, 30), rel=0.02)


def test_the_sine_is_that_of_the_angle_between_both() -> None:
    flow = flow_line().line
    for degrees in (90, 45, 12):
        angle = np.radians(degrees)
        front = line(
            (6000 - 900 * np.cos(angle), 2000 - 900 * np.sin(angle)),
            (6000 + 900 * np.cos(angle), 2000 + 900 * np.sin(angle)),
        )
        point = shapely.Point(LEFT + 6000, -2_273_000)
        assert sine_between(front, flow, point) == pytest.approx(np.sin(angle), abs=1e-6)


def drawn_front(
    random: np.random.Generator, at: float, correlation_m: float
) -> tuple[Front, Array]:
    """A front that waves around `at`, delineated with known errors; and the true line."""
    y = np.arange(-300, WIDE + 301, 50.0)
    phases = random.uniform(0, 2 * np.pi, 3)
    waves = sum(
        120 * np.sin(y / scale + p) for scale, p in zip((400, 700, 1500), phases, strict=True)
    )
    true = at + np.asarray(waves)
    sizes = 25 * np.exp(0.4 * np.sin(y / 900 + phases[0])) * random.uniform(0.4, 2.0)
    root = np.linalg.cholesky(
        np.exp(-np.abs(y[:, None] - y) / correlation_m) + 1e-9 * np.eye(len(y))
    )
    slope = np.gradient(true, y)
    normal = np.column_stack([np.ones_like(y), -slope]) / np.hypot(1, slope)[:, None]
    shift = 8.0 * random.standard_normal(2)
    error = (sizes * (root @ random.standard_normal(len(y))))[:, None] * normal + shift
    offset = np.array([LEFT, -2_275_000.0])
    places = np.column_stack([true, y]) + error + offset
    stated = LineError("vertices", pieces=((places, sizes),), shift_m=8.0)
    return Front("", "", pd.Timestamp("2020-01-01"), shapely.LineString(places), stated), (
        np.column_stack([true, y]) + offset
    )


@pytest.mark.parametrize("method", ["box", "centreline", "multi-centreline"])
@pytest.mark.parametrize(("correlation_m", "least", "most"), [(500, 0.83, 0.97), (250, 0.83, 1.0)])
def test_nine_in_ten_intervals_hold_the_true_position(
    method: str, correlation_m: float, least: float, most: float
) -> None:
    """Errors correlated over λ as supposed (500 m), or over half of that: then cautious."""
    random = np.random.default_rng(7)
    target: Box | object = {
        "box": box(), "centreline": flow_line(), "multi-centreline": bundle(flow_line(), 2500, 11),
    }[method]  # fmt: skip
    fronts, truths = [], []
    for _ in range(150):
        front, true = drawn_front(random, float(random.uniform(3000, 7000)), correlation_m)
        fronts.append(front)
        truths.append(Front("", "", front.date, shapely.LineString(true)))
    table = measure(fronts, target, method, FRAME)  # type: ignore[arg-type]
    truth = measure(truths, target, method, FRAME)["position_m"]  # type: ignore[arg-type]
    usable = table["flag"].eq("ok") & truth.notna()
    held = (table["low_m"] <= truth) & (truth <= table["high_m"])
    share = float(held[usable].mean())
    print(f"\n{method}, λ {correlation_m} m: {share:.3f} of {usable.sum()} 90 % intervals hold")
    assert usable.sum() > 130
    assert least <= share <= most


def test_rate_and_swing_of_simulated_fronts_lie_in_their_intervals_in_95_of_100_worlds() -> None:
    """From lines with known errors, through the box, to trend and season."""
    worlds, held = 100, np.zeros(2, int)
    target = box()
    rate, swing = -150.0, 300.0
    for seed in range(worlds):
        random = np.random.default_rng(seed)
        years = np.sort(random.uniform(0, 6, 40))
        lags = np.abs(years[:, None] - years) * 365.25
        root = np.linalg.cholesky(np.exp(-lags / 40) + 1e-9 * np.eye(40))
        places = (
            5500 + rate * years + swing / 2 * np.cos(2 * np.pi * (years - 0.4))
            + 40 * root @ random.standard_normal(40)
        )  # fmt: skip
        fronts = [drawn_front(random, float(place) * 1.0026, 500)[0] for place in places]
        table = measure(fronts, target, "box", FRAME)
        good = table["flag"].eq("ok").to_numpy()
        assert good.sum() > 34
        found = fit(
            2015 + years[good],
            table["position_m"].to_numpy(float)[good],
            errors=table["error_m"].to_numpy(float)[good],
        )
        for k, (estimate, truth) in enumerate(((found.rate(), rate), (found.swing(), swing))):
            held[k] += estimate.low <= truth <= estimate.high
    print(f"\nof {worlds} worlds of fronts, held: rate {held[0]}, swing {held[1]}")
    assert (held >= 89).all()  # at 95 % fewer come once in a hundred times
