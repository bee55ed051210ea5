"""The exact geometry of one simulated acquisition: where each place of the map falls in the image.

Every coordinate here comes from the orbit by Newton's method on the range and Doppler equations
(Curlander & McDonough 1991, section 8.2); nothing is interpolated on a lattice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Literal

import numpy as np
import numpy.typing as npt
from numpy.polynomial import polynomial
from pyproj import Transformer

from calvingfront.errors import GeocodingError
from calvingfront.radar.model import (
    SPEED_OF_LIGHT,
    Array,
    AzimuthTime,
    DopplerCentroid,
    GroundPoints,
    GroundRange,
    RadarGeometry,
    SlantRange,
    StateVectors,
)
from calvingfront.simulation.imaging.acquisition import Mode
from calvingfront.simulation.imaging.radar_surface import Surface
from calvingfront.simulation.imaging.satellite_orbit import LocalPath, Track, pass_over

MARGIN_PX = 12  # cells around the surface's rectangle
GROUND_RANGE_DEGREE = 4  # five coefficients, as in ESA's products
LOCATE_STEPS = 15
TIE_POINTS = 11  # along each side of the image
SWATH_NODES = 129  # places across the swath at which smooth quantities are computed
FASTEST_M_S = 6000.0  # less than any ground speed: bounds the duration of a scene


@cache
def transformer(source: str, target: str) -> Transformer:
    """A transformer with x (longitude) first; cached, because creating one is slow."""
    return Transformer.from_crs(source, target, always_xy=True)


def map_to_earth(
    crs: str, x: npt.ArrayLike, y: npt.ArrayLike, height: npt.ArrayLike
) -> tuple[Array, Array]:
    """Earth-fixed points (n, 3), m, and the ellipsoid's unit normals there, from map x, y (m)."""
    lon, lat = transformer(crs, "EPSG:4979").transform(np.asarray(x, float), np.asarray(y, float))[
        :2
    ]
    return geodetic_to_earth(lon, lat, height)


def geodetic_to_earth(
    longitude: npt.ArrayLike, latitude: npt.ArrayLike, height: npt.ArrayLike
) -> tuple[Array, Array]:
    """Earth-fixed points (n, 3), m, and unit normals, from degrees and ellipsoidal height (m)."""
    lon, lat, h = np.broadcast_arrays(
        np.asarray(longitude, float), np.asarray(latitude, float), np.asarray(height, float)
    )
    points = np.stack(transformer("EPSG:4979", "EPSG:4978").transform(lon, lat, h), axis=-1)
    lon, lat = np.deg2rad(lon), np.deg2rad(lat)
    normals = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)
    return points, normals


def earth_to_geodetic(points_m: Array) -> tuple[Array, Array, Array]:
    """Longitude, latitude (degrees) and ellipsoidal height (m) of Earth-fixed points (n, 3)."""
    lon, lat, height = transformer("EPSG:4978", "EPSG:4979").transform(
        points_m[:, 0], points_m[:, 1], points_m[:, 2]
    )
    return np.asarray(lon), np.asarray(lat), np.asarray(height)


@dataclass(frozen=True)
class RadarView:
    """One acquisition's exact geometry.

    path: the orbit around the scene; orbit: the annotated vectors of the same orbit.
    geometry, shape: the image's grid. incidence_rad, line_spacing_m, slant_spacing_m: (samples,)
    at mean_height_m and at the scene's middle: incidence on the ellipsoid, distance between lines
    on the ground, slant range between samples.
    """

    mode: Mode
    acquired: datetime
    pass_direction: Literal["ascending", "descending"]
    path: LocalPath
    orbit: StateVectors
    geometry: RadarGeometry
    shape: tuple[int, int]
    mean_height_m: float
    incidence_rad: Array
    line_spacing_m: Array
    slant_spacing_m: Array

    def line_sample(self, points_m: Array) -> tuple[Array, Array]:
        """Line and sample of Earth-fixed points (n, 3), m."""
        time, slant = seen_at(self.path, points_m, self.geometry.doppler)
        azimuth = self.geometry.azimuth
        return (time - azimuth.first_s) / azimuth.interval_s, self.sample_of_range(slant)

    def sample_of_range(self, slant_m: Array) -> Array:
        """Sample of a slant range (m): the geometry's range model, inverted by Newton's method."""
        model = self.geometry.range
        if isinstance(model, SlantRange):
            first = 0.5 * SPEED_OF_LIGHT * model.first_time_s
            return np.asarray((slant_m - first) / (0.5 * SPEED_OF_LIGHT * model.interval_s))
        coefficients = model.coefficients[0]
        slope = polynomial.polyder(coefficients)
        ground = (slant_m - coefficients[0]) / coefficients[1]
        for _ in range(12):
            miss = polynomial.polyval(ground, coefficients) - slant_m
            ground = ground - miss / polynomial.polyval(ground, slope)
        return np.asarray((ground + model.origins_m[0] - model.first_m) / model.spacing_m)

    def place(self, line: Array, sample: Array, height_m: float) -> tuple[Array, Array, Array]:
        """Latitude, longitude (degrees) and Earth-fixed points (n, 3) of pixels at a height."""
        time = self.geometry.azimuth.time(line)
        slant = self.geometry.range.slant_range(sample, time)
        left = self.geometry.look_side == "left"
        points = locate(self.path, time, slant, height_m, left, self.geometry.doppler)
        lon, lat, _ = earth_to_geodetic(points)
        return lat, lon, points

    def tie_points(self) -> GroundPoints:
        """Exact positions of a grid of pixels, corners included, at mean_height_m."""
        lines, samples = (
            grid.ravel()
            for grid in np.meshgrid(
                np.linspace(0, self.shape[0] - 1, TIE_POINTS),
                np.linspace(0, self.shape[1] - 1, TIE_POINTS),
                indexing="ij",
            )
        )
        latitude, longitude, _ = self.place(lines, samples, self.mean_height_m)
        time = self.geometry.azimuth.time(lines)
        delay = 2 * self.geometry.range.slant_range(samples, time) / SPEED_OF_LIGHT
        height = np.full(lines.size, self.mean_height_m)
        return GroundPoints(lines, samples, latitude, longitude, height, time, delay)


def seen_at(
    path: LocalPath, points_m: Array, doppler: DopplerCentroid | None = None
) -> tuple[Array, Array]:
    """Time (n,), s, and slant range (n,), m, at which points (n, 3) are imaged.

    Broadside, or where they have the Doppler centroid.
    """
    time = np.zeros(points_m.shape[0])
    rate = polynomial.polyder(path.coefficients, 2)
    for _ in range(8):
        position, velocity = path.state(time)
        bend = np.moveaxis(polynomial.polyval(time / path.scale_s, rate), 0, -1) / path.scale_s**2
        sight = points_m - position
        miss = np.sum(sight * velocity, axis=1)
        if doppler is not None:
            speed = np.linalg.norm(velocity, axis=1)
            miss -= speed * doppler.lead(np.linalg.norm(sight, axis=1), speed)
        slope = np.sum(sight * bend, axis=1) - np.sum(velocity * velocity, axis=1)
        time = time - miss / slope
    position, _ = path.state(time)
    return time, np.asarray(np.linalg.norm(points_m - position, axis=1))


def locate(
    path: LocalPath,
    time_s: npt.ArrayLike,
    slant_m: npt.ArrayLike,
    height_m: float,
    left: bool,
    doppler: DopplerCentroid | None = None,
) -> Array:
    """Earth-fixed points (n, 3) at an azimuth time, slant range and ellipsoidal height.

    Raises GeocodingError if the range does not reach the ground on the look side.
    """
    time, slant = np.broadcast_arrays(np.asarray(time_s, float), np.asarray(slant_m, float))
    position, velocity = path.state(time)
    radius = np.linalg.norm(position, axis=1)
    speed = np.linalg.norm(velocity, axis=1)
    forward = velocity / speed[:, None]
    lead = np.zeros(speed.shape) if doppler is None else doppler.lead(slant, speed)
    side = np.cross(position / radius[:, None], forward) * (1.0 if left else -1.0)
    # first guess: a sphere through the ground below the satellite
    ground = radius - earth_to_geodetic(position)[2] + height_m
    cos_look = (slant**2 + radius**2 - ground**2) / (2 * slant * radius)
    if np.any(np.abs(cos_look) >= 1):
        raise GeocodingError(
            "simulated view", "a slant range does not reach the ground", "Widen the range window"
        )
    sin_look = np.sqrt(1 - cos_look**2)
    down = -position / radius[:, None]
    points = position + slant[:, None] * (cos_look[:, None] * down + sin_look[:, None] * side)
    for _ in range(LOCATE_STEPS):
        lon, lat, height = earth_to_geodetic(points)
        _, normal = geodetic_to_earth(lon, lat, height)
        sight = points - position
        distance = np.linalg.norm(sight, axis=1)
        matrix = np.stack([sight / distance[:, None], forward, normal], axis=1)
        miss = np.column_stack(
            [distance - slant, np.sum(sight * forward, axis=1) - lead, height - height_m]
        )
        step = np.linalg.solve(matrix, miss[..., None])[..., 0]
        points = points - step
        if np.abs(step).max() < 1e-6:
            break
    return np.asarray(points)


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
