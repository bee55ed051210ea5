"""Where a satellite flies and what it sees, so that an image covers a part of the world."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import numpy.typing as npt
from numpy.polynomial import polynomial

from calvingfront.radar.model import (
    SPEED_OF_LIGHT,
    Array,
    AzimuthTime,
    DopplerCentroid,
    GroundRange,
    RadarGeometry,
    SlantRange,
)
from calvingfront.simulation.imaging.acquisition import Mode
from calvingfront.simulation.imaging.radar_surface import Surface
from calvingfront.simulation.imaging.radar_view import (
    FASTEST_M_S,
    GROUND_RANGE_DEGREE,
    MARGIN_PX,
    SWATH_NODES,
    RadarView,
    earth_to_geodetic,
    geodetic_to_earth,
    locate,
    map_to_earth,
    seen_at,
    transformer,
)
from calvingfront.simulation.imaging.satellite_orbit import LocalPath, Track, pass_over


def plan_view(
    surface: Surface,
    mode: Mode,
    ascending: bool,
    left_looking: bool,
    incidence_deg: float,
    acquired: datetime,
) -> RadarView:
    """Lay an image over the surface's rectangle, with room for terrain that relief shifts nearer.

    incidence_deg: at the rectangle's centre. acquired: UTC at the middle of the image, the epoch
    of all times. Raises OrbitError if no orbit sees the place.
    """
    centre = surface.centre
    lon, lat = transformer(surface.crs, "EPSG:4979").transform(*centre)[:2]
    track = Track(mode.semi_major_axis_m, mode.inclination_deg, ascending, left_looking)
    half_vectors = 0.5 * (mode.vectors - 1) * mode.vector_spacing_s
    half_span = float(np.hypot(*surface.size_m)) / FASTEST_M_S + 1.0
    # products annotate vectors at fixed steps: the scene does not lie at their middle
    offset = 0.37 * mode.vector_spacing_s
    orbit = pass_over(lat, lon, incidence_deg, track, half_vectors + offset + 2 * half_span)
    path = orbit.local_path(half_span)

    land = surface.heights
    mean_height = float(np.round(np.mean(np.where(_coarse_ocean(surface), 0, land))))
    outline = _outline(surface, float(land.max()))
    doppler = None
    if mode.doppler_hz:
        # Wavelength, and a frequency that is the same at all ranges.
        doppler = DopplerCentroid(
            SPEED_OF_LIGHT / mode.radar_frequency_hz, 0.0, np.array([mode.doppler_hz])
        )
    time, slant = seen_at(path, outline, doppler)
    if mode.is_complex:
        interval = mode.line_interval_s
    else:
        speed = _ground_speed(path, slant.mean(), mean_height, left_looking)
        interval = mode.line_spacing_m / float(speed[0])
    first_time = float(time.min()) - MARGIN_PX * interval
    lines = int(np.ceil((time.max() - first_time) / interval)) + MARGIN_PX
    azimuth = AzimuthTime(first_time, interval)
    start_s, step_s = offset - half_vectors, mode.vector_spacing_s
    if not step_s:  # both are annotated in microseconds
        start_s, step_s = (
            round(span, 6) for span in (first_time, (lines - 1) * interval / (mode.vectors - 1))
        )
    vectors = orbit.state_vectors(acquired, start_s + step_s * np.arange(mode.vectors))
    near, far = float(slant.min()), float(slant.max())
    model: SlantRange | GroundRange
    if mode.is_complex:
        step = 0.5 * SPEED_OF_LIGHT / mode.sampling_hz
        near -= MARGIN_PX * step
        samples = int(np.ceil((far - near) / step)) + MARGIN_PX
        model = SlantRange(2 * near / SPEED_OF_LIGHT, 1 / mode.sampling_hz)
    else:
        model, samples = _ground_range(path, near, far, mode, mean_height, left_looking, first_time)
    geometry = RadarGeometry(azimuth, model, "left" if left_looking else "right", doppler)
    # all three vary smoothly across the swath
    nodes = np.linspace(0, samples - 1, SWATH_NODES)
    zeros = np.zeros(SWATH_NODES)
    slants = model.slant_range(nodes, zeros)
    points = locate(path, zeros, slants, mean_height, left_looking)
    position, _ = path.state(zeros)
    glon, glat, _ = earth_to_geodetic(points)
    _, normals = geodetic_to_earth(glon, glat, 0.0)
    cos_incidence = np.sum((position - points) * normals, axis=1) / slants
    speed = _ground_speed(path, slants, mean_height, left_looking)
    spacing = model.slant_range(nodes + 0.5, zeros) - model.slant_range(nodes - 0.5, zeros)
    each = np.arange(samples)
    return RadarView(
        mode,
        acquired,
        "ascending" if ascending else "descending",
        path,
        vectors,
        geometry,
        (lines, samples),
        mean_height,
        np.interp(each, nodes, np.arccos(cos_incidence)),
        np.interp(each, nodes, interval * speed),
        np.interp(each, nodes, spacing),
    )


def _coarse_ocean(surface: Surface) -> npt.NDArray[np.bool_]:
    """The sea on the grid of the heights."""
    rows, columns = surface.heights.shape
    ratio = surface.height_spacing_m / surface.level_spacing_m
    i = np.minimum(((np.arange(rows) + 0.5) * ratio).astype(int), surface.ocean.shape[0] - 1)
    j = np.minimum(((np.arange(columns) + 0.5) * ratio).astype(int), surface.ocean.shape[1] - 1)
    return np.asarray(surface.ocean[np.ix_(i, j)] > 0)


def _outline(surface: Surface, highest_m: float) -> Array:
    """Earth-fixed points around the rectangle, at height 0 and at the highest one."""
    width, height = surface.size_m
    side = np.linspace(0.0, 1.0, 9)
    right = np.concatenate([side, side, 0 * side, 0 * side + 1]) * width
    down = np.concatenate([0 * side, 0 * side + 1, side, side]) * height
    x, y = surface.upper_left[0] + right, surface.upper_left[1] - down
    levels = [map_to_earth(surface.crs, x, y, level)[0] for level in (0.0, highest_m)]
    return np.concatenate(levels)


def _ground_speed(
    path: LocalPath, slant_m: npt.ArrayLike, height_m: float, left: bool
) -> npt.NDArray[np.float64]:
    """Speed (m/s) at which the zero-Doppler line sweeps the ground at slant ranges (n,)."""
    slants = np.atleast_1d(np.asarray(slant_m, float))
    half = 0.05
    ahead, behind = (
        locate(path, np.full(slants.shape, when), slants, height_m, left) for when in (half, -half)
    )
    return np.asarray(np.linalg.norm(ahead - behind, axis=1) / (2 * half))


def _ground_range(
    path: LocalPath,
    near_m: float,
    far_m: float,
    mode: Mode,
    height_m: float,
    left: bool,
    first_time_s: float,
) -> tuple[GroundRange, int]:
    """The ground-range polynomial of a detected product, and its number of samples.

    Ground range is the distance on the ellipsoid raised to height_m, at the scene's middle.
    """
    slants = np.linspace(near_m - 40 * MARGIN_PX, far_m + 40 * MARGIN_PX, 4001)
    points = locate(path, np.zeros(slants.size), slants, height_m, left)
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    ground = np.concatenate([[0.0], np.cumsum(steps)])
    start = float(np.interp(near_m, slants, ground)) - MARGIN_PX * mode.ground_spacing_m
    stop = float(np.interp(far_m, slants, ground)) + MARGIN_PX * mode.ground_spacing_m
    span = stop - start
    fit = polynomial.polyfit((ground - start) / span, slants, GROUND_RANGE_DEGREE)
    coefficients = fit / span ** np.arange(GROUND_RANGE_DEGREE + 1)
    model = GroundRange(
        0.0,
        mode.ground_spacing_m,
        np.array([first_time_s]),
        np.zeros(1),
        coefficients[np.newaxis],
    )
    return model, int(np.ceil(span / mode.ground_spacing_m)) + 1
