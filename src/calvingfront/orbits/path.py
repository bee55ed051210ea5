"""The path through state vectors: free fall plus a smooth remainder.

State vectors can be 480 s apart (RADARSAT-1), where a polynomial through three of them is 10 m off.
Therefore a reference orbit is subtracted first: the path under the gravity of an oblate Earth,
integrated from the vector nearest to the scene. The remainder varies slowly. A polynomial is fitted
to its positions and velocities: exact where the vectors are, smooth where they are noisy. Its
degree, and the weight of the velocities, are those that are likely to shift the image least, judged
by how well each vector near the scene is foretold from all the others (cross-validation).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.polynomial import chebyshev

from calvingfront.errors import OrbitError
from calvingfront.orbits.trajectory import Trajectory
from calvingfront.radar.model import Array, StateVectors

GRAVITY_M3_S2 = 3.986004418e14  # WGS 84
EARTH_RADIUS_M = 6_378_137.0  # WGS 84
OBLATENESS_J2 = 1.082_626_68e-3  # EGM 96
EARTH_RATE_RAD_S = 7.292115e-5  # WGS 84

HIGHEST_DEGREE = 15
# A velocity counts as a position this many times the vectors' spacing away, divided by its error.
WEIGHTS = (1.0, 0.1, 0.01, 10.0)
LEAST_DETERMINANT = 1e-12
SWING_S = 120.0  # slant range over speed: a velocity that is 1 cm/s off shifts an image by 1.2 m
LEAST_SMOOTHED = 5  # fewer vectors are interpolated: they cannot tell noise from curvature
NEAR = 4  # vectors nearest to the scene that are foretold, besides those during it
MISMATCH_M, MISMATCH_M_S = 20.0, 10.0  # accepted between neighbours: this, and this per second


@dataclass(frozen=True)
class _Fit:
    """One least-squares polynomial through remainders.

    coefficients: (degree + 1, 3), Chebyshev. misses: (2 n, 3), weighted residuals of positions,
    then velocities. triangle: R of the QR decomposition of the weighted design.
    """

    degree: int
    weight_s: float
    coefficients: Array
    misses: Array
    triangle: Array
    basis: Array

    @classmethod
    def each(
        cls, x: Array, scale_s: float, rest: Array, degrees: range, weight_s: float
    ) -> Iterator[_Fit]:
        """The fits of all degrees: one QR decomposition serves them, its columns are nested."""
        design = _design(x, degrees[-1])
        design[len(x) :] *= weight_s / scale_s
        wanted = np.concatenate([rest[:, :3], weight_s * rest[:, 3:]])
        basis, triangle = np.linalg.qr(design)
        parts = basis.T @ wanted
        for degree in degrees:
            own = np.s_[: degree + 1]
            solved = np.linalg.solve(triangle[own, own], parts[own])
            misses = wanted - basis[:, own] @ parts[own]
            yield cls(degree, weight_s, solved, misses, triangle[own, own], basis[:, own])

    @classmethod
    def of(cls, x: Array, scale_s: float, rest: Array, degree: int, weight_s: float) -> _Fit:
        """The fit of one degree."""
        return next(cls.each(x, scale_s, rest, range(degree, degree + 1), weight_s))

    def foretold(self) -> tuple[Array, Array]:
        """Distances of each vector from where the fit without it would put it: (n,) m, (n,) m/s.

        Infinite where the other vectors determine no such place.
        """
        count = len(self.misses) // 2
        position, velocity = self.basis[:count], self.basis[count:]
        # (I − H) solved for the misses: H is the part of the hat matrix of one vector, 2 × 2.
        a, b, d = (
            start - np.einsum("ij,ij->i", left, right)
            for start, left, right in (
                (1.0, position, position), (0.0, position, velocity), (1.0, velocity, velocity)
            )
        )  # fmt: skip
        determinant = a * d - b * b
        alone = determinant <= LEAST_DETERMINANT
        scale = np.where(alone, 1.0, determinant)
        told = []
        for own, other, first, second in (
            (d, b, self.misses[:count], self.misses[count:]),
            (a, b, self.misses[count:], self.misses[:count]),
        ):
            misses = own[:, None] * first - other[:, None] * second
            told.append(np.where(alone, np.inf, np.linalg.norm(misses, axis=1) / scale))
        return told[0], told[1] / self.weight_s

    def shift(self, scene: Array, scale_s: float, near: npt.NDArray[np.intp]) -> float:
        """How far (m) the noise of the vectors is likely to shift an image, at its worst place.

        scene: the design at places in the image, of this degree or a higher one.
        It is the standard error of the position, and that of the velocity times SWING_S: where the
        radar looks follows from the direction of the velocity. The near vectors' distances from
        what the others foretell stand for their noise: of five vectors and a high degree, the
        residuals themselves would be too small.
        """
        noise = np.array([float((told[near] ** 2).mean()) for told in self.foretold()])
        if not np.isfinite(noise).all():
            return float("inf")
        count = len(self.misses) // 2
        of_rows = np.repeat([noise[0], noise[1] * self.weight_s**2], count)
        from_rows = np.linalg.solve(self.triangle, self.basis.T)
        errors = np.sqrt(((scene[:, : self.degree + 1] @ from_rows) ** 2) @ of_rows)
        places = len(scene) // 2
        return float((errors[:places] + SWING_S / scale_s * errors[places:]).max())


def _design(x: Array, degree: int) -> Array:
    """Chebyshev polynomials at x, then their derivatives, (2 n, degree + 1)."""
    slopes = chebyshev.chebder(np.eye(degree + 1))
    return np.concatenate(
        [chebyshev.chebvander(x, degree), chebyshev.chebvander(x, max(degree - 1, 0)) @ slopes]
    )


class VectorPath:
    """The path through the chosen vectors, from start to stop (s since their epoch).

    error_m: by how much the vectors' noise is likely to shift an image between start and stop; NaN
    if they are interpolated.
    residual_m, residual_m_s: root mean square distance of the vectors from the path.
    foretold_m: distance (n,) of each vector from the path through the others.
    Raises OrbitError if neighbouring vectors contradict each other.
    """

    def __init__(
        self, vectors: StateVectors, chosen: npt.NDArray[np.intp], start: float, stop: float
    ) -> None:
        times = vectors.times_s[chosen]
        states = np.hstack([vectors.positions_m[chosen], vectors.velocities_m_s[chosen]])
        nearest = int(np.argmin(np.abs(times - (start + stop) / 2)))
        self.origin = times[nearest]
        self.first, self.last = times[0], times[-1]
        low, high = min(start, times[0]), max(stop, times[-1])
        self.forward = Trajectory(_motion, states[nearest], high - self.origin)
        self.backward = Trajectory(_motion, states[nearest], low - self.origin)
        rest = states - self._reference(times)
        self._check(times, rest, nearest, vectors.source)
        self.middle = (times[0] + times[-1]) / 2
        self.scale = (times[-1] - times[0]) / 2
        x = (times - self.middle) / self.scale
        near = _near(times, start, stop)
        within = np.linspace(max(start, self.first), min(stop, self.last), 9)
        scene = _design((within - self.middle) / self.scale, HIGHEST_DEGREE)
        fit, without = _best_fit(x, self.scale, rest, near, scene)
        self.coefficients = fit.coefficients
        self.slopes = chebyshev.chebder(fit.coefficients) / self.scale
        count = len(times)
        position, velocity = fit.misses[:count], fit.misses[count:] / fit.weight_s
        self.residual_m, self.residual_m_s = (
            float(np.sqrt((misses**2).sum(axis=1).mean())) for misses in (position, velocity)
        )
        self.foretold_m = without.foretold()[0]
        self.error_m = float("nan")
        if fit is without:
            self.error_m = fit.shift(scene, self.scale, near)

    def position(self, time_s: Array) -> Array:
        """Earth-fixed positions (n, 3) at times (n,)."""
        inside = np.clip(time_s, self.first, self.last)
        x = (inside - self.middle) / self.scale
        rest = chebyshev.chebval(x, self.coefficients).T
        # Beyond the vectors a polynomial diverges: the remainder continues in a straight line.
        slope = chebyshev.chebval(x, self.slopes).T
        return np.asarray(
            self._reference(time_s)[:, :3] + rest + slope * (time_s - inside)[:, None]
        )

    def _reference(self, time_s: Array) -> Array:
        since = time_s - self.origin
        ahead = self.forward(np.maximum(since, 0))
        behind = self.backward(np.minimum(since, 0))
        return np.asarray(np.where((since >= 0)[:, None], ahead, behind), dtype=np.float64)

    def _check(self, times: Array, rest: Array, nearest: int, source: str) -> None:
        for neighbour in {max(0, nearest - 1), min(len(times) - 1, nearest + 1)} - {nearest}:
            gap = abs(times[neighbour] - times[nearest])
            miss = float(np.linalg.norm(rest[neighbour, :3]))
            if miss > MISMATCH_M + MISMATCH_M_S * gap:
                raise OrbitError(
                    f"state vectors ({source})",
                    f"contradict each other: {miss:.0f} m apart after {gap:g} s of free fall",
                    "Check the units, and that the velocities are Earth-fixed, not inertial.",
                )


def _near(times: Array, start: float, stop: float) -> npt.NDArray[np.intp]:
    """The inner vectors during the scene, and those nearest to it."""
    inner = np.arange(1, len(times) - 1)
    away = np.maximum(np.maximum(start - times[inner], times[inner] - stop), 0.0)
    order = np.argsort(away, kind="stable")
    return inner[order[: max(NEAR, int((away == 0).sum()))]]


def _best_fit(
    x: Array, scale_s: float, rest: Array, near: npt.NDArray[np.intp], scene: Array
) -> tuple[_Fit, _Fit]:
    """The fit to use, and the one that is likely to shift the image least.

    If the latter has the highest degree which a vector less can determine, the vectors are too far
    apart and too exact to smooth them: all of them are then interpolated (Hermite).
    """
    count = len(x)
    spacing = 2 * scale_s / (count - 1)
    hermite = 2 * count - 1
    if count < LEAST_SMOOTHED:
        through_all = _Fit.of(x, scale_s, rest, hermite, spacing)
        return through_all, _Fit.of(x, scale_s, rest, hermite - 2, spacing)
    tried = []
    for share in WEIGHTS:
        degrees = range(1, min(hermite - 2, HIGHEST_DEGREE) + 1)
        for fit in _Fit.each(x, scale_s, rest, degrees, share * spacing):
            tried.append((fit.shift(scene, scale_s, near), fit))
    best = min(tried, key=lambda entry: entry[0])[1]
    if best.degree == hermite - 2:
        return _Fit.of(x, scale_s, rest, hermite, spacing), best
    return best, best


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
