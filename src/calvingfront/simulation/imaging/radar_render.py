"""One image in true radar geometry: energy of terrain facets, speckle, noise, point targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.polynomial import polynomial

from calvingfront.radar.model import Array, Pixels
from calvingfront.simulation.imaging.acquisition import beam_name
from calvingfront.simulation.imaging.backscatter import ANGLE_EXPONENT, REFERENCE_INCIDENCE_DEG
from calvingfront.simulation.imaging.facet_kernel import splat_surface
from calvingfront.simulation.imaging.radar_image import RadarImage
from calvingfront.simulation.imaging.radar_surface import Surface
from calvingfront.simulation.imaging.radar_view import (
    RadarView,
    geodetic_to_earth,
    locate,
    map_to_earth,
    seen_at,
    transformer,
)
from calvingfront.simulation.imaging.speckle import draw_speckle

SUPER_SAMPLING = 2  # facets per resolution cell, in each direction
CLIFF_DB = 4.0  # by how much the broken face of the front is brighter than the ice behind it
GROUND_DEGREE = 4  # of the polynomial for the map projection: micrometres over 100 km
RANGE_TABLE_M = 0.5  # step of the table from slant range to sample: linear to 1e-6 px in between
DELAY_NODES = 65  # across the swath: delay and range are smooth
NULL_TO_3DB = 0.886  # 3 dB width of sinc², in units of the distance from the peak to the null
RESPONSE_PX = 24  # how far the response of a point target is drawn


@dataclass(frozen=True)
class PointTarget:
    """A corner reflector. height: m above the ellipsoid; cross_section_m2: radar cross section."""

    latitude: float
    longitude: float
    height: float
    cross_section_m2: float


def render_radar(
    view: RadarView,
    surface: Surface,
    rng: np.random.Generator,
    targets: Sequence[PointTarget] = (),
    speckle: bool = True,
    noise: bool = True,
) -> RadarImage:
    """Image a surface; bit-identical for the same arguments.

    Complex modes: circular complex Gaussian speckle. Detected modes: Gamma speckle of the nominal
    looks. Thermal noise adds its mean power before the speckle, as in a processor without noise
    subtraction. Without speckle the values are the square root of the expected backscatter.
    """
    mode = view.mode
    power = backscatter(view, surface)
    if noise:
        level = 10 ** (mode.noise_db / 10)
        power += (level * _from_sigma(view))[np.newaxis]
    values = _detect(power.astype(np.float32), view, rng, speckle)
    for target in targets:
        _add_target(values, view, target)
    return RadarImage(
        mission=mode.mission,
        platform=mode.platform,
        level=mode.level,
        acquired=view.acquired,
        polarisation=mode.polarisation,
        pass_direction=view.pass_direction,
        radar_frequency_hz=mode.radar_frequency_hz,
        looks=mode.looks,
        orbit=view.orbit,
        geometry=view.geometry,
        backscatter=mode.backscatter,
        values=values,
        tie_points=view.tie_points(),
        mean_height_m=view.mean_height_m,
        beam=beam_name(mode, float(np.rad2deg(view.incidence_rad.mean()))),
    )


def backscatter(view: RadarView, surface: Surface) -> Array:
    """Expected backscatter (lines, samples) without noise: β0 or σ0, depending on the mode.

    Energy over the cell's area: in slant range for β0, on the ellipsoid for σ0 (Raney et al. 1994).
    """
    energy = _energy(view, surface)
    cell = view.line_spacing_m * view.slant_spacing_m
    return np.asarray(energy / cell * (_from_sigma(view) * np.sin(view.incidence_rad)))


def _from_sigma(view: RadarView) -> Array:
    """Factor from σ0 on the ellipsoid to the mode's coefficient, (samples,)."""
    if view.mode.backscatter == "sigma0":
        return np.ones(view.shape[1])
    return np.asarray(1.0 / np.sin(view.incidence_rad))


def _energy(view: RadarView, surface: Surface) -> Array:
    """Radar cross section (m²) that falls into each cell, (lines, samples)."""
    heights = np.ascontiguousarray(surface.heights, np.float32)
    grid = _FacetGrid.over(view, surface, float(max(heights.max(), 0.0)))
    table = _range_table(view)
    rate = polynomial.polyder(view.path.coefficients)
    bend = polynomial.polyder(view.path.coefficients, 2)
    energy = np.zeros(view.shape)
    azimuth = view.geometry.azimuth
    splat_surface(
        heights,
        np.ascontiguousarray(surface.level, np.float32),
        np.ascontiguousarray(surface.ocean, np.uint8),
        surface.height_spacing_m,
        surface.level_spacing_m,
        grid.start,
        grid.along,
        grid.across,
        grid.row_nodes.size - 2,
        grid.nodes,
        grid.row_nodes,
        grid.ground,
        grid.normal,
        np.ascontiguousarray(view.path.coefficients),
        np.ascontiguousarray(rate),
        np.ascontiguousarray(bend),
        view.path.scale_s,
        grid.along_m,
        grid.across_m,
        ANGLE_EXPONENT,
        float(np.cos(np.deg2rad(REFERENCE_INCIDENCE_DEG))),
        10 ** (CLIFF_DB / 10),
        azimuth.first_s,
        azimuth.interval_s,
        table[0],
        RANGE_TABLE_M,
        table[1],
        table[2],
        energy,
    )
    return energy


def _range_table(view: RadarView) -> tuple[float, Array, Array]:
    """First slant range (m), then samples and delays (s) at equal steps of slant range.

    A point that is broadside at this range is imaged that sample, and so much later. The delay is
    that of the image's middle: it changes by less than 1e-5 of itself along the track.
    """
    ends = view.geometry.range.slant_range(np.array([-2.0, view.shape[1] + 1.0]), np.zeros(2))
    slants = ends[0] + RANGE_TABLE_M * np.arange(int((ends[1] - ends[0]) / RANGE_TABLE_M) + 2)
    if view.geometry.doppler is None:
        return float(ends[0]), view.sample_of_range(slants), np.zeros(slants.size)
    nodes = np.linspace(slants[0], slants[-1], DELAY_NODES)
    left = view.geometry.look_side == "left"
    broadside = locate(view.path, np.zeros(DELAY_NODES), nodes, view.mean_height_m, left)
    delay, ranges = seen_at(view.path, broadside, view.geometry.doppler)
    imaged = slants + np.interp(slants, nodes, ranges - nodes)
    return float(ends[0]), view.sample_of_range(imaged), np.interp(slants, nodes, delay)


@dataclass(frozen=True)
class _FacetGrid:
    """Facets in rows across the track, so that a row is seen at about one azimuth time.

    start, along, across: map offsets (right, down), m; along_m, across_m: their lengths on the
    ground. row_nodes, nodes: coordinates in −1 … 1 of the polynomials ground (Earth-fixed point at
    height 0, m) and normal, (degree + 1, degree + 1, 3).
    """

    start: Array
    along: Array
    across: Array
    along_m: float
    across_m: float
    row_nodes: Array
    nodes: Array
    ground: Array
    normal: Array

    @classmethod
    def over(cls, view: RadarView, surface: Surface, highest_m: float) -> _FacetGrid:
        """Cover everything that can fall into the image, or cast a shadow into it."""
        lines, samples = view.shape
        mode = view.mode
        middle = np.array([(lines - 1) / 2]), np.array([(samples - 1) / 2])
        centre = _on_map(view, surface, *middle)[0]
        far = _on_map(view, surface, middle[0], middle[1] + 50)[0]
        away = (far - centre) / np.linalg.norm(far - centre)
        later = _on_map(view, surface, middle[0] + 50, middle[1])[0]
        ahead = np.array([-away[1], away[0]])
        if ahead @ (later - centre) < 0:
            ahead = -ahead
        scale = _ground_length(surface, centre, away)
        # a whole number of rows per line: the energy then has no ripple
        line_m = float(view.line_spacing_m[samples // 2])
        rows_per_line = max(1, round(SUPER_SAMPLING * line_m / mode.azimuth_resolution_m))
        along_m = line_m / rows_per_line
        sine = float(np.sin(view.incidence_rad[samples // 2]))
        resolution = mode.range_resolution_m / (sine if mode.is_complex else 1.0)
        across_m = resolution / SUPER_SAMPLING
        corners = _on_map(
            view, surface, np.array([0, 0, lines, lines]), np.array([0, samples, 0, samples])
        )
        u = (corners - centre) @ ahead
        v = (corners - centre) @ away
        steep = float(np.tan(view.incidence_rad.max())), float(np.tan(view.incidence_rad.min()))
        v_first = v.min() - highest_m * steep[0] / scale
        v_last = v.max() + highest_m / steep[1] / scale
        step_u, step_v = along_m / scale, across_m / scale
        rows = int(np.ceil((u.max() - u.min()) / step_u)) + 4
        count = int(np.ceil((v_last - v_first) / step_v)) + 2
        u_first = u.min() - 2 * step_u
        origin = np.asarray(surface.upper_left)
        flip = np.array([1.0, -1.0])  # map y points up, offsets point down
        u_span = (u_first - step_u, u_first + rows * step_u)
        v_span = (v_first, v_first + (count - 1) * step_v)
        ground, normal = _ground_polynomials(surface, centre, ahead, away, u_span, v_span)
        return cls(
            (centre + u_first * ahead + v_first * away - origin) * flip,
            step_u * ahead * flip,
            step_v * away * flip,
            along_m,
            across_m,
            np.linspace(-1.0, 1.0, rows + 2),
            np.linspace(-1.0, 1.0, count),
            ground,
            normal,
        )


def _on_map(view: RadarView, surface: Surface, line: Array, sample: Array) -> Array:
    """Map x, y (n, 2) of pixels at height 0."""
    latitude, longitude, _ = view.place(np.asarray(line, float), np.asarray(sample, float), 0.0)
    to_map = transformer("EPSG:4979", surface.crs)
    return np.column_stack(to_map.transform(longitude, latitude))


def _ground_length(surface: Surface, centre: Array, direction: Array) -> float:
    """Metres on the ellipsoid per metre on the map, at a place."""
    ends = centre + np.outer([-500.0, 500.0], direction)
    points, _ = map_to_earth(surface.crs, ends[:, 0], ends[:, 1], 0.0)
    return float(np.linalg.norm(points[1] - points[0])) / 1000.0


def _ground_polynomials(
    surface: Surface,
    centre: Array,
    ahead: Array,
    away: Array,
    u_span: tuple[float, float],
    v_span: tuple[float, float],
) -> tuple[Array, Array]:
    """Earth-fixed points and normals of the map as polynomials in row and node coordinates."""
    order = GROUND_DEGREE + 1
    nodes = np.cos(np.pi * (np.arange(2 * order) + 0.5) / (2 * order))
    a, b = (grid.ravel() for grid in np.meshgrid(nodes, nodes, indexing="ij"))
    u = u_span[0] + (a + 1) / 2 * (u_span[1] - u_span[0])
    v = v_span[0] + (b + 1) / 2 * (v_span[1] - v_span[0])
    places = centre + np.outer(u, ahead) + np.outer(v, away)
    points, normals = map_to_earth(surface.crs, places[:, 0], places[:, 1], 0.0)
    basis = polynomial.polyvander2d(a, b, [GROUND_DEGREE, GROUND_DEGREE])
    solved = np.linalg.lstsq(basis, np.column_stack([points, normals]), rcond=None)[0]
    shaped = solved.reshape(order, order, 6)
    return np.ascontiguousarray(shaped[..., :3]), np.ascontiguousarray(shaped[..., 3:])


def _detect(
    power: npt.NDArray[np.float32], view: RadarView, rng: np.random.Generator, speckle: bool
) -> Pixels:
    """From expected backscatter to the values of one image."""
    if not view.mode.is_complex:
        if speckle:
            looks = float(np.prod(view.mode.looks))
            power *= draw_speckle(power.shape, looks, rng)
        return np.sqrt(power)
    if not speckle:
        return np.sqrt(power).astype(np.complex64)
    values = np.empty(power.shape, np.complex64)
    pairs = values.view(np.float32).reshape(*power.shape, 2)
    rng.standard_normal(dtype=np.float32, out=pairs)
    values *= np.sqrt(np.float32(0.5) * power)
    return values


def _add_target(values: Pixels, view: RadarView, target: PointTarget) -> None:
    """Add the response of a point: sinc in both directions, its energy the cross section.

    Peak backscatter = cross section / (null widths of both directions), as the square of a sinc
    integrates to its null width.
    """
    mode = view.mode
    points, _ = geodetic_to_earth([target.longitude], [target.latitude], [target.height])
    line, sample = (float(found[0]) for found in view.line_sample(points))
    lines, samples = view.shape
    rows = np.arange(max(0, round(line) - RESPONSE_PX), min(lines, round(line) + RESPONSE_PX + 1))
    columns = np.arange(
        max(0, round(sample) - RESPONSE_PX), min(samples, round(sample) + RESPONSE_PX + 1)
    )
    if rows.size == 0 or columns.size == 0:
        return
    middle = int(np.clip(round(sample), 0, samples - 1))
    sine = float(np.sin(view.incidence_rad[middle]))
    null_azimuth = mode.azimuth_resolution_m / NULL_TO_3DB
    null_range = mode.range_resolution_m / NULL_TO_3DB * (1.0 if mode.is_complex else sine)
    peak = target.cross_section_m2 / (null_azimuth * null_range)
    if mode.backscatter == "sigma0":
        peak *= sine
    down = np.sinc((rows - line) * view.line_spacing_m[middle] / null_azimuth)
    along = np.sinc((columns - sample) * view.slant_spacing_m[middle] / null_range)
    response = (np.sqrt(peak) * np.outer(down, along)).astype(np.float32)
    window = np.ix_(rows, columns)
    if np.iscomplexobj(values):
        values[window] += response
    else:
        values[window] = np.sqrt(values[window] ** 2 + response**2)
