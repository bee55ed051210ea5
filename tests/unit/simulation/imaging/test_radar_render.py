"""Images in radar geometry: places, layover, shadow, energy, speckle."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pyproj import Transformer
from radar_surfaces import CORNER, SIDE_M, centres, flat, seen_at, view_of
from scipy.optimize import curve_fit

from calvingfront.simulation.imaging.radar_render import (
    CLIFF_DB,
    PointTarget,
    backscatter,
    render_radar,
)
from calvingfront.simulation.imaging.radar_surface import Surface
from calvingfront.simulation.imaging.radar_view import RadarView

COS_35 = np.cos(np.deg2rad(35.0))


def inside(view: RadarView, margin: int = 20) -> tuple[slice, slice]:
    return slice(margin, view.shape[0] - margin), slice(margin, view.shape[1] - margin)


def seed() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.mark.parametrize(("mission", "level", "left"), [
    ("ERS", "SLC", False), ("RSAT", "SGF", True), ("PALSAR", "1.5", False), ("TSX", "MGD", False)
])  # fmt: skip
def test_a_flat_surface_comes_out_as_bright_as_it_went_in(
    mission: str, level: str, left: bool
) -> None:
    """σ0 = level · (cos θ / cos 35°)^1.6, as the backscatter table has it; β0 = σ0 / sin θ."""
    view = view_of(mission, level, False, left, 30.0)
    power = backscatter(view, flat(level=0.2))[inside(view)]
    theta = view.incidence_rad[inside(view)[1]]
    expected = 0.2 * (np.cos(theta) / COS_35) ** 1.6
    if view.mode.backscatter == "beta0":
        expected = expected / np.sin(theta)
    assert np.mean(power / expected) == pytest.approx(1.0, abs=2e-3)
    assert np.abs(power / expected - 1).max() < 0.015  # ripple of single cells


def centroid(power: np.ndarray, line: float, sample: float) -> tuple[float, float]:
    """Centre of the energy around a place; farther off lie the mirror images of the world."""
    top, left = max(0, round(line) - 60), max(0, round(sample) - 60)
    part = power[top : top + 121, left : left + 121]
    rows, columns = np.nonzero(part)
    weight = part[rows, columns]
    return top + np.average(rows, weights=weight), left + np.average(columns, weights=weight)


@pytest.mark.parametrize(("mission", "level", "ascending", "left"), [
    ("ERS", "SLC", False, False), ("RSAT", "SGF", True, True), ("TSX", "MGD", True, False)
])  # fmt: skip
@pytest.mark.parametrize("height", [0.0, 300.0])
def test_a_bright_patch_lands_at_its_exact_line_and_sample(
    mission: str, level: str, ascending: bool, left: bool, height: float
) -> None:
    view = view_of(mission, level, ascending, left, 35.0, 300.0)
    surface = flat(height, level=0.0, spacing_m=5.0)
    down, right = np.mgrid[0:400, 0:400]
    # without edges, which facets would cut into stairs
    surface.level[:] = np.exp(-((down - 200.3) ** 2 + (right - 230.6) ** 2) / (2 * 8.0**2))
    power = backscatter(view, surface)
    lines, samples = seen_at(view, surface, height)
    row = np.average(lines, weights=surface.level)
    column = np.average(samples, weights=surface.level)
    found = centroid(power, row, column)
    assert found == pytest.approx((row, column), abs=0.05)


def test_height_moves_a_patch_towards_the_radar_by_h_over_tan_theta() -> None:
    view = view_of("ERS", "SLC", highest_m=300.0)
    found = []
    for height in (0.0, 300.0):
        surface = flat(height, level=0.0)
        surface.level[190:210, 190:210] = 1.0
        line, sample = (float(np.mean(v[190:210, 190:210])) for v in seen_at(view, surface, height))
        found.append(centroid(backscatter(view, surface), line, sample)[1])
    # 300 m · cos 23° = 276.2 m of slant range, cells of 7.905 m
    assert found[0] - found[1] == pytest.approx(300 * np.cos(np.deg2rad(23)) / 7.9049, abs=0.15)


def coast(view: RadarView, land_beyond: bool, height_m: float, sea: float, land: float) -> Surface:
    """A straight coast across the look direction: a cliff of land beyond (or before) the sea."""
    surface = flat(height_m)
    _, samples = seen_at(view, surface)
    middle = np.median(samples)
    ocean = (samples < middle) == land_beyond
    level = np.where(ocean, sea, land).astype(np.float32)
    return replace(surface, ocean=ocean.astype(np.uint8), level=level)


def test_a_cliff_that_faces_the_radar_lies_over_the_sea_before_it() -> None:
    """Sea, cliff and land add up over h cos θ of slant range: 184 m, 23 cells."""
    view = view_of("ERS", "SLC", highest_m=200.0)
    theta = np.deg2rad(23.0)
    surface = coast(view, True, 200.0, sea=0.0, land=0.1)
    power = np.median(backscatter(view, surface)[40:-40], axis=0)
    foot = float(np.median(seen_at(view, surface)[1]))
    bright = np.flatnonzero(power > 0.5 * power[int(foot) - 12])
    assert bright[0] == pytest.approx(foot - 200 * np.cos(theta) / 7.9049, abs=1.5)
    land = 0.1 * (np.cos(theta) / COS_35) ** 1.6 / np.sin(theta)
    cliff = 0.1 * 10 ** (CLIFF_DB / 10) / np.cos(theta)  # h of face per h cos θ of range
    both = power[int(foot) - 18 : int(foot) - 5]
    assert np.mean(both) == pytest.approx(land + cliff, rel=0.04)
    assert np.mean(power[int(foot) + 5 : int(foot) + 20]) == pytest.approx(land, rel=0.02)


def test_behind_a_cliff_that_faces_away_the_sea_is_black_for_h_over_cos_theta() -> None:
    """From the edge's range to the range where the ray over it meets the sea: h / cos θ."""
    view = view_of("ERS", "SLC", highest_m=200.0)
    surface = coast(view, False, 200.0, sea=0.1, land=0.1)
    power = backscatter(view, surface)[40:-40]
    dark = np.mean(np.sum(power[:, 30:-30] < 0.5 * np.median(power), axis=1))
    assert dark == pytest.approx(200 / np.cos(np.deg2rad(23.0)) / 7.9049, abs=0.7)
    edge = np.median(seen_at(view, surface, 200.0)[1])
    first = np.mean(np.argmax(power[:, 30:] < 0.5 * np.median(power), axis=1)) + 30
    assert first == pytest.approx(edge, abs=1.5)


@pytest.mark.parametrize("tilt_deg", [10.0, -10.0])
def test_a_slope_towards_the_radar_is_foreshortened_and_bright(tilt_deg: float) -> None:
    """β0 of a plane tilted by α towards the radar: σ0(θ − α) / sin(θ − α)."""
    view = view_of("ERS", "SLC", incidence_deg=35.0, highest_m=400.0)
    surface = flat()
    x, y = centres(flat(spacing_m=10.0))
    lines, samples = seen_at(view, flat(spacing_m=10.0))
    away = np.array(
        [np.polyfit(x[100], samples[100], 1)[0], np.polyfit(y[:, 100], samples[:, 100], 1)[0]]
    )
    away /= np.linalg.norm(away)
    distance = (x - CORNER[0] - SIDE_M / 2) * away[0] + (y - CORNER[1] + SIDE_M / 2) * away[1]
    scale = 1.0 / 1.0231  # metres on the ground per metre of the map at 64.5° S
    heights = 200.0 + np.tan(np.deg2rad(tilt_deg)) * distance * scale
    power = backscatter(view, replace(surface, heights=heights.astype(np.float32)))
    line, sample = (int(np.median(found)) for found in seen_at(view, surface, 200.0))
    local = np.deg2rad(35.0 - tilt_deg)
    expected = (np.cos(local) / COS_35) ** 1.6 / np.sin(local)
    assert np.mean(power[line - 15 : line + 15, sample - 8 : sample + 8]) == pytest.approx(
        expected, rel=0.02
    )
    assert lines.std() > 0


def test_complex_speckle_is_circular_and_exponential_in_intensity() -> None:
    view = view_of("ERS", "SLC")
    values = render_radar(view, flat(level=0.2), seed()).values[inside(view)]
    assert values.dtype == np.complex64
    intensity = np.abs(values) ** 2
    assert intensity.std() / intensity.mean() == pytest.approx(1.0, abs=0.03)
    assert abs(np.mean(values**2)) < 0.03 * intensity.mean()  # real and imaginary alike
    quiet = render_radar(view, flat(level=0.2), seed(), speckle=False).values[inside(view)]
    assert intensity.mean() == pytest.approx(np.mean(np.abs(quiet) ** 2), rel=0.03)
    steps = np.mean(values[1:] * values[:-1].conj()) / intensity.mean()
    assert abs(steps) < 0.03


@pytest.mark.parametrize(("mission", "level"), [("RSAT", "SGF"), ("ERS", "PRI"), ("TSX", "MGD")])
def test_detected_speckle_has_the_nominal_looks(mission: str, level: str) -> None:
    view = view_of(mission, level, side_m=6000.0 if mission != "TSX" else 2000.0)
    surface = flat(level=0.2, side_m=6000.0 if mission != "TSX" else 2000.0)
    values = render_radar(view, surface, seed(), noise=False).values[inside(view)]
    assert values.dtype == np.float32
    intensity = values.astype(float) ** 2
    looks = intensity.mean() ** 2 / intensity.var()
    assert looks == pytest.approx(np.prod(view.mode.looks), rel=0.05)


def test_where_nothing_scatters_the_noise_floor_stays() -> None:
    view = view_of("PALSAR", "1.5", incidence_deg=38.7)
    image = render_radar(view, flat(level=0.0), seed(), speckle=False)
    assert np.allclose(image.values**2, 10**-2.5, rtol=1e-5)
    assert np.all(render_radar(view, flat(level=0.0), seed(), noise=False).values == 0)


@pytest.mark.parametrize(
    ("mission", "level"),
    [("ERS", "SLC"), ("TSX", "MGD"), ("RSAT", "SGF"), ("PALSAR", "1.1"), ("PALSAR", "1.5")],
)
def test_a_corner_reflector_peaks_at_its_place_and_holds_its_cross_section(
    mission: str, level: str
) -> None:
    view = view_of(mission, level, incidence_deg=35.0)
    x, y = CORNER[0] + 1023.0, CORNER[1] - 977.0
    lon, lat = Transformer.from_crs("EPSG:3031", "EPSG:4326", always_xy=True).transform(x, y)
    target = PointTarget(lat, lon, 20.0, 1.0e4)
    image = render_radar(view, flat(level=0.0), seed(), [target], noise=False)
    power = np.abs(image.values.astype(np.complex128)) ** 2
    points = Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True).transform(
        lon, lat, 20.0
    )
    line, sample = (float(v[0]) for v in view.line_sample(np.array([points])))
    i, j = np.unravel_index(power.argmax(), power.shape)
    assert (i, j) == (round(line), round(sample))
    for axis, (index, exact) in enumerate([(i, line), (j, sample)]):
        near = np.arange(index - 3, index + 4)
        found, _ = curve_fit(
            lambda at, peak, centre, null: peak * np.sinc((at - centre) / null) ** 2,
            near,
            power[near, j] if axis == 0 else power[i, near],
            (power.max(), float(index), 2.0),
        )
        assert found[1] == pytest.approx(exact, abs=0.05)
        resolution = view.mode.azimuth_resolution_m, view.mode.range_resolution_m
        spacing = (
            view.line_spacing_m[j],
            (view.slant_spacing_m[j] if view.mode.is_complex else view.mode.ground_spacing_m),
        )
        # the 3 dB width of sinc² is 0.886 of its null
        assert 0.886 * found[2] * spacing[axis] == pytest.approx(resolution[axis], rel=0.01)
    cell = view.line_spacing_m[j] * view.slant_spacing_m[j]
    section = power.sum() * cell
    if view.mode.backscatter == "sigma0":
        section /= np.sin(view.incidence_rad[j])
    assert section == pytest.approx(1.0e4, rel=0.04)


def test_the_same_seed_gives_the_same_bits_and_another_others() -> None:
    view, surface = view_of("RSAT", "SGF"), flat(level=0.2)
    first, second, other = (
        render_radar(view, surface, np.random.default_rng(s)).values for s in (1, 1, 2)
    )
    assert first.tobytes() == second.tobytes()
    assert not np.array_equal(first, other)


def test_the_image_says_what_it_is() -> None:
    view = view_of("RSAT", "SGF", True, True, 44.0)
    image = render_radar(view, flat(), seed())
    assert (image.mission, image.level, image.platform) == ("RSAT", "SGF", "RADARSAT-1")
    assert (image.geometry.look_side, image.pass_direction) == ("left", "ascending")
    assert image.values.shape == view.shape
    corners = set(zip(image.tie_points.line, image.tie_points.sample, strict=True))
    rows, columns = view.shape
    assert {(0, 0), (0, columns - 1), (rows - 1, 0), (rows - 1, columns - 1)} <= corners


def test_left_and_right_looks_mirror_the_same_cliff() -> None:
    """Seen from the other side, the cliff that was bright casts a shadow."""
    lengths = []
    right = view_of("RSAT", "SGF", False, False, 37.0, 200.0)
    surface = coast(right, True, 200.0, sea=0.1, land=0.1)
    for left in (False, True):
        view = view_of("RSAT", "SGF", False, left, 37.0, 200.0)
        power = backscatter(view, surface)[40:-40, 40:-40]
        lengths.append(float(np.mean(np.sum(power < 0.5 * np.median(power), axis=1))))
    assert lengths[0] < 0.2
    # h / cos θ of slant range is h / (sin θ cos θ) on the ground: 416 m, cells of 12.5 m
    expected = 200.0 / (np.sin(np.deg2rad(37.0)) * np.cos(np.deg2rad(37.0))) / 12.5
    assert lengths[1] == pytest.approx(expected, rel=0.1)
