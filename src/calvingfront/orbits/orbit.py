"""Fit one smooth orbit to the state vectors around a scene.

State vectors can be 480 s apart (RADARSAT-1), where a polynomial through three of them is 10 m off.
Therefore a reference orbit is subtracted first: the path under the gravity of an oblate Earth,
integrated from the vector nearest to the scene. The remainder varies slowly, so Hermite
interpolation of its position and velocity bridges the gaps. Real DORIS orbits are reproduced to
1.1 mm from eight vectors 120 s apart, and to 0.6 m from three vectors 480 s apart.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt

from calvingfront.errors import OrbitError
from calvingfront.orbits.hermite import Hermite
from calvingfront.orbits.trajectory import Trajectory
from calvingfront.radar.model import Array, StateVectors

GRAVITY_M3_S2 = 3.986004418e14  # WGS 84
EARTH_RADIUS_M = 6_378_137.0  # WGS 84
OBLATENESS_J2 = 1.082_626_68e-3  # EGM 96
EARTH_RATE_RAD_S = 7.292115e-5  # WGS 84

MOST_VECTORS = 8
MARGIN_S = 1.0  # the polynomial reaches this far beyond the scene, for the map pixels around it
EXTENSION_S = 6.0  # extrapolation beyond the last vector; 5e-5 m/s² of unmodelled force adds 1 mm
TOLERANCE_M = 1e-4  # wanted: distance of the polynomial from the interpolated vectors
MOST_RESIDUAL_M = 1e-3  # accepted: the same distance
MISMATCH_M_S = 10.0  # accepted mismatch of neighbouring vectors, per second between them


@dataclass(frozen=True)
class Orbit:
    """The satellite's path around one scene: a polynomial in time for each coordinate.

    epoch: UTC; start_s, stop_s: the span of validity, s since epoch.
    coefficients: (degree + 1, 3), m, in increasing degree of x = (t − middle) / half the span.
    residual_m: largest distance from the interpolated vectors. source: of the vectors.
    """

    epoch: datetime
    start_s: float
    stop_s: float
    coefficients: Array
    residual_m: float
    source: str

    def position(self, time_s: npt.ArrayLike) -> Array:
        """Earth-fixed position (…, 3), m. Raises OrbitError outside the span."""
        return self.evaluate(self._inside(time_s), 0)[0]

    def velocity(self, time_s: npt.ArrayLike) -> Array:
        """Earth-fixed velocity (…, 3), m/s. Raises OrbitError outside the span."""
        return self.evaluate(self._inside(time_s), 1)[1]

    def acceleration(self, time_s: npt.ArrayLike) -> Array:
        """Earth-fixed acceleration (…, 3), m/s². Raises OrbitError outside the span."""
        return self.evaluate(self._inside(time_s), 2)[2]

    def evaluate(self, time_s: Array, derivatives: int) -> list[Array]:
        """Position and its first `derivatives` derivatives, without checking the span."""
        half = (self.stop_s - self.start_s) / 2
        x = np.asarray((time_s - self.start_s) / half - 1)
        results = []
        coefficients: npt.NDArray[np.floating] = self.coefficients
        for _ in range(derivatives + 1):
            # One coordinate at a time: three times as fast as all three at once.
            value = np.empty((3, *x.shape))
            for axis in range(3):
                value[axis] = coefficients[-1, axis]
                for coefficient in coefficients[-2::-1, axis]:
                    value[axis] *= x
                    value[axis] += coefficient
            results.append(np.moveaxis(value, 0, -1))
            coefficients = np.polynomial.polynomial.polyder(coefficients, scl=1 / half, axis=0)
        return results

    def _inside(self, time_s: npt.ArrayLike) -> Array:
        time = np.asarray(time_s, dtype=np.float64)
        if not bool(np.all((time >= self.start_s) & (time <= self.stop_s))):
            low, high = np.min(time), np.max(time)
            raise OrbitError(
                f"orbit ({self.source})",
                f"covers {self.start_s:.3f} to {self.stop_s:.3f} s after {self.epoch.isoformat()}, "
                f"not the requested {low:.3f} to {high:.3f} s",
                "Request times within the scene.",
            )
        return time


def fit_orbit(vectors: StateVectors, start_s: float, stop_s: float) -> Orbit:
    """Fit one polynomial per coordinate to the path from start_s to stop_s (s since the epoch).

    Up to 8 vectors around the scene are used. If the scene begins up to 5 s before the first vector
    or ends up to 5 s after the last, the path is extrapolated by integration.
    Raises OrbitError if the vectors do not cover the scene, contradict each other or are too few.
    """
    if stop_s < start_s:
        start_s, stop_s = stop_s, start_s
    _check(vectors, start_s, stop_s)
    chosen = choose_vectors(vectors.times_s, start_s, stop_s)
    times = vectors.times_s[chosen]
    start = max(start_s - MARGIN_S, times[0] - EXTENSION_S)
    stop = min(stop_s + MARGIN_S, times[-1] + EXTENSION_S)
    path = _Path(vectors, chosen, start, stop)
    half = (stop - start) / 2
    between = np.linspace(start, stop, 129)
    truth = path.position(between)
    best = None
    for degree in range(4, 21):
        nodes = np.polynomial.chebyshev.chebpts1(degree + 1)
        fitted = np.polynomial.chebyshev.chebfit(
            nodes, path.position(start + half * (nodes + 1)), degree
        )
        powers = np.stack([np.polynomial.chebyshev.cheb2poly(column) for column in fitted.T], 1)
        orbit = Orbit(vectors.epoch, start, stop, powers, np.inf, vectors.source)
        missed = np.linalg.norm(orbit.evaluate(between, 0)[0] - truth, axis=1).max()
        if best is None or missed < best.residual_m:
            best = replace(orbit, residual_m=float(missed))
        if best.residual_m < TOLERANCE_M:
            break
    assert best is not None
    if best.residual_m < MOST_RESIDUAL_M:
        return best
    raise OrbitError(
        f"orbit ({vectors.source})",
        f"differs from any smooth path by {best.residual_m * 1000:.1f} mm",
        "Check the state vectors, or give an orbit file.",
    )


def leave_one_out(vectors: StateVectors, start_s: float, stop_s: float) -> Array:
    """Distance (m) of each inner vector from the path through the others.

    Considers the vectors that `fit_orbit` uses; empty for fewer than three. This checks the vectors
    and bounds the interpolation error, since the gap bridged here is twice as wide as in use.
    """
    chosen = choose_vectors(vectors.times_s, start_s, stop_s)
    distances = []
    for left_out in chosen[1:-1]:
        others = chosen[chosen != left_out]
        times = vectors.times_s[others]
        path = _Path(vectors, others, times[0], times[-1])
        found = path.position(vectors.times_s[[left_out]])[0]
        distances.append(np.linalg.norm(found - vectors.positions_m[left_out]))
    return np.array(distances, dtype=np.float64)


def choose_vectors(times_s: Array, start_s: float, stop_s: float) -> npt.NDArray[np.intp]:
    """Indices of up to 8 vectors best centred on the scene; every k-th if the scene is long."""
    count = min(MOST_VECTORS, len(times_s))
    middle = (start_s + stop_s) / 2
    chosen = np.arange(count)
    for stride in range(1, (len(times_s) - 1) // (count - 1) + 1):
        windows = [
            first + stride * np.arange(count)
            for first in range(len(times_s) - stride * (count - 1))
        ]
        chosen = min(windows, key=lambda w: abs((times_s[w[0]] + times_s[w[-1]]) / 2 - middle))
        if times_s[chosen[0]] <= start_s and times_s[chosen[-1]] >= stop_s:
            break
    return chosen


class _Path:
    """The path through the chosen vectors: reference orbit plus interpolated remainder."""

    def __init__(
        self, vectors: StateVectors, chosen: npt.NDArray[np.intp], start: float, stop: float
    ) -> None:
        times = vectors.times_s[chosen]
        states = np.hstack([vectors.positions_m[chosen], vectors.velocities_m_s[chosen]])
        centre = int(np.argmin(np.abs(times - (start + stop) / 2)))
        self.centre = times[centre]
        self.first, self.last = times[0], times[-1]
        low, high = min(start, times[0]), max(stop, times[-1])
        self.forward = Trajectory(_motion, states[centre], high - self.centre)
        self.backward = Trajectory(_motion, states[centre], low - self.centre)
        rest = states - self._reference(times)
        self._check(times, rest, centre, vectors.source)
        self.scale = max(1.0, (times[-1] - times[0]) / 2)
        nodes = (times - self.centre) / self.scale
        self.rest = Hermite(nodes, rest[:, :3], rest[:, 3:] * self.scale)
        self.ends = rest[0], rest[-1]

    def position(self, time_s: Array) -> Array:
        inside = np.clip(time_s, self.first, self.last)
        rest = self.rest((inside - self.centre) / self.scale)
        # Beyond the vectors a polynomial diverges: the remainder continues in a straight line.
        before, after = (time_s < self.first)[:, None], (time_s > self.last)[:, None]
        beyond = (time_s - inside)[:, None]
        rest += np.where(before, self.ends[0][3:], 0) * beyond
        rest += np.where(after, self.ends[1][3:], 0) * beyond
        return np.asarray(self._reference(time_s)[:, :3] + rest)

    def _reference(self, time_s: Array) -> Array:
        since = time_s - self.centre
        ahead = self.forward(np.maximum(since, 0))
        behind = self.backward(np.minimum(since, 0))
        return np.asarray(np.where((since >= 0)[:, None], ahead, behind), dtype=np.float64)

    def _check(self, times: Array, rest: Array, centre: int, source: str) -> None:
        for neighbour in {max(0, centre - 1), min(len(times) - 1, centre + 1)} - {centre}:
            gap = abs(times[neighbour] - times[centre])
            miss = float(np.linalg.norm(rest[neighbour, :3]))
            if miss > MISMATCH_M_S * gap:
                raise OrbitError(
                    f"state vectors ({source})",
                    f"contradict each other: {miss:.0f} m apart after {gap:g} s of free fall",
                    "Check the units, and that the velocities are Earth-fixed, not inertial.",
                )


def _motion(states: Array) -> Array:
    """Time derivative of (position, velocity), (n, 6), in the rotating frame.

    Attraction of an oblate Earth, Coriolis and centrifugal acceleration. Source: Montenbruck and
    Gill (2000), Satellite Orbits, chapter 3.2.
    """
    x, y, z, vx, vy, vz = states.T
    square = x * x + y * y + z * z
    pull = -GRAVITY_M3_S2 / (square * np.sqrt(square))
    j2 = 1.5 * OBLATENESS_J2 * EARTH_RADIUS_M**2 / square
    polar = 5 * z * z / square
    level = pull * (1 + j2 * (1 - polar))
    w = EARTH_RATE_RAD_S
    return np.column_stack(
        [
            vx,
            vy,
            vz,
            level * x + w * w * x + 2 * w * vy,
            level * y + w * w * y - 2 * w * vx,
            pull * (1 + j2 * (3 - polar)) * z,
        ]
    )


def _check(vectors: StateVectors, start_s: float, stop_s: float) -> None:
    times = vectors.times_s
    where = f"state vectors ({vectors.source})"
    if len(times) < 2:
        raise OrbitError(
            where, f"are too few ({len(times)})", "Give at least two, or an orbit file."
        )
    numbers = (times, vectors.positions_m, vectors.velocities_m_s)
    if not all(np.isfinite(values).all() for values in numbers) or (np.diff(times) <= 0).any():
        raise OrbitError(
            where,
            "have times that do not increase, or values that are NaN or infinite",
            "Fetch the product or orbit file again.",
        )
    reach = EXTENSION_S - MARGIN_S
    if not (times[0] - reach <= start_s and stop_s <= times[-1] + reach):  # NaN neither
        raise OrbitError(
            where,
            f"cover {times[0]:.1f} to {times[-1]:.1f} s after {vectors.epoch.isoformat()}, but the "
            f"scene needs {start_s:.1f} to {stop_s:.1f} s",
            "Give an orbit file that covers the scene.",
        )
