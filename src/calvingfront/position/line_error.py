"""The error of a front line, and what it does to a position.

Errors of a line delineated in an image are correlated along it: where the line lies too far
seaward, it does so for some hundred metres. Here the errors of two points d apart correlate as
exp(-d/λ). The error of a mean over the width lies between the mean error (λ → ∞) and that error
divided by the root of the number of independent stretches (λ → 0). In lines of Harald Moltke Bræ,
delineated by a network in images at most 3 days apart, the differences correlate by 1/e at about
400 m; the default λ is 500 m. The error of the image's position shifts the whole line.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely

Array = npt.NDArray[np.float64]

NORMAL_90: Final = 1.6448536269514722  # half-width of the 90 % interval in standard errors
CORRELATION_M = 500.0
STEPS = 150  # points at most at which the error of a line is evaluated
LOCAL_M = 50.0  # on either side: the direction of a line at a point
LEAST_DEGREES = 20.0  # at smaller angles an error along the flow line is no longer meaningful
DRAWS, SEED = 2000, 20140101


@dataclass(frozen=True)
class LineError:
    """Standard errors of a front line across it.

    source:   where they come from, for the table.
    line_m:   one value for the whole line, m; or
    pieces:   for each piece its vertices (n, 2), in map metres, and their errors (n,), m, NaN where
              unknown.
    shift_m:  standard error of the image's position, in each direction.
    correlation_m: the length λ over which the error is correlated along the line, m.
    """

    source: str
    line_m: float | None = None
    pieces: tuple[tuple[Array, Array], ...] = ()
    shift_m: float = 0.0
    correlation_m: float = CORRELATION_M

    def correlated_over(self, length_m: float) -> LineError:
        return replace(self, correlation_m=length_m)

    def at(self, points: Array) -> Array:
        """Standard error at points (n, 2) on or near the line, (n,) m; NaN where unknown.

        Between vertices it is interpolated along the nearest piece.
        """
        if self.line_m is not None:
            return np.full(len(points), self.line_m)
        places = shapely.points(points)
        found, nearest = np.full(len(points), np.nan), np.full(len(points), np.inf)
        for vertices, errors in self.pieces:
            known = np.isfinite(errors)
            line = shapely.LineString(vertices)
            away = shapely.distance(line, places)
            along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(vertices, axis=0).T))])
            values = np.full(len(points), np.nan)
            if known.any():
                values = np.interp(
                    shapely.line_locate_point(line, places), along[known], errors[known]
                )
            closer = away < nearest
            found[closer], nearest[closer] = values[closer], away[closer]
        return found

    def of_mean(self, line: Any, width: float) -> float | None:
        """Standard error, m, of the area under a line divided by a width (both in map metres).

        None where the error of some part of the line is unknown.
        """
        step = max(line.length / STEPS, 1e-6)
        points, lengths = [], []
        for part in shapely.get_parts(line):
            count = max(1, int(np.ceil(part.length / step)))
            middles = (np.arange(count) + 0.5) / count
            points.append(
                shapely.get_coordinates(
                    shapely.line_interpolate_point(part, middles, normalized=True)
                )
            )
            lengths.append(np.full(count, part.length / count))
        places = np.concatenate(points)
        shares = np.concatenate(lengths) / width * self.at(places)
        squared = float(shares @ self.correlations(places) @ shares)
        merged = shapely.line_merge(line)
        chord = width
        if merged.geom_type == "LineString":
            chord = float(np.hypot(*np.diff(shapely.get_coordinates(merged)[[0, -1]], axis=0)[0]))
        squared += (self.shift_m * max(1.0, chord / width)) ** 2
        return float(np.sqrt(squared)) if np.isfinite(squared) else None

    def correlations(self, places: Array) -> Array:
        """Correlation matrix (n, n) of the errors at points (n, 2)."""
        apart = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1))
        return np.asarray(np.exp(-apart / self.correlation_m))

    def of_crossings(self, points: Array, sines: Array) -> float | None:
        """Standard error, m, of the ice along a flow line that a line crosses at points (n, 2).

        sines: (n,) of the angles between the two. Several crossings err together: a line drawn too
        far seaward adds ice at each of them.
        """
        steep = np.maximum(sines, np.sin(np.radians(LEAST_DEGREES)))
        drawn = float(np.sum(self.at(points) / steep))
        total = float(np.hypot(drawn, self.shift_m * float(np.mean(1 / steep))))
        return total if np.isfinite(total) else None

    def of_median(self, values: Array, places: Array, errors: Array) -> float | None:
        """Standard error, m, of the median of values (n,) measured at places (n, 2).

        errors: (n,) of the values, without the shift. By 2000 draws, always the same.
        """
        if not np.isfinite(errors).all():
            return None
        matrix = self.correlations(places) * np.outer(errors, errors)
        root = np.linalg.cholesky(matrix + 1e-9 * np.diag(errors**2 + 1e-12))
        normal = np.random.default_rng(SEED).standard_normal((DRAWS, len(values)))
        medians = np.median(values + normal @ root.T, axis=1)
        return float(np.hypot(medians.std(), self.shift_m))


def sine_between(front: Any, flow_line: Any, point: Any) -> float:
    """Sine of the angle at which a front meets a flow line (0 along it, 1 across)."""
    one, other = _direction(front, point), _direction(flow_line, point)
    return float(abs(one[0] * other[1] - one[1] * other[0]))


def _direction(line: Any, point: Any) -> Array:
    """Unit direction of a (multi)line near a point, over LOCAL_M on either side."""
    parts = shapely.get_parts(line)
    nearest = parts[int(np.argmin(shapely.distance(parts, point)))]
    place = float(shapely.line_locate_point(nearest, point))
    ends = [max(0.0, place - LOCAL_M), min(nearest.length, place + LOCAL_M)]
    start, end = shapely.get_coordinates(shapely.line_interpolate_point(nearest, ends))
    length = np.hypot(*(end - start))
    return np.asarray((end - start) / (length or 1.0))
