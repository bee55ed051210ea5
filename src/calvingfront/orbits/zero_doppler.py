"""The time at which the radar sees a point, and its slant range, solved to a few micrometres."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from calvingfront.orbits.orbit import Orbit
from calvingfront.radar.model import Array, DopplerCentroid, Side

STEPS = 30
CONVERGED_S = 1e-9  # 7 µm along the track


def zero_doppler(
    points_m: Array,
    orbit: Orbit,
    first_guess_s: Array | None = None,
    doppler: DopplerCentroid | None = None,
) -> tuple[Array, Array]:
    """Solve (X − P(t)) · V(t) = 0 for each point by Newton's method.

    With a Doppler centroid, the point lies ahead of the satellite by its lead instead:
    (X − P) · V = |V| · lead(|X − P|, |V|). The lead hardly changes with time, so that the same
    slope serves.
    points_m: (n, 3). Returns azimuth time (n,), s since the orbit's epoch, and slant range (n,),
    m; both are NaN for points that the radar passes outside the orbit's span.
    Source: Curlander and McDonough (1991), Synthetic Aperture Radar, section 8.2.
    """
    middle = (orbit.start_s + orbit.stop_s) / 2
    reach = orbit.stop_s - orbit.start_s  # keeps the long first steps where the polynomial is valid
    if first_guess_s is None:
        time = np.full(len(points_m), middle)
    else:
        time = np.where(np.isfinite(first_guess_s), first_guess_s, middle)
    for _ in range(STEPS):
        position, velocity, acceleration = orbit.evaluate(time, 2)
        line_of_sight = points_m - position
        miss = np.einsum("ij,ij->i", line_of_sight, velocity)
        if doppler is not None:
            speed = np.linalg.norm(velocity, axis=1)
            miss -= speed * doppler.lead(np.linalg.norm(line_of_sight, axis=1), speed)
        slope = np.einsum("ij,ij->i", line_of_sight, acceleration) - np.einsum(
            "ij,ij->i", velocity, velocity
        )
        moved = np.clip(time - miss / slope, middle - reach, middle + reach)
        change = np.max(np.abs(moved - time), initial=0.0)
        time = moved
        if change < CONVERGED_S:
            break
    position = orbit.evaluate(time, 0)[0]
    slant_range = np.linalg.norm(points_m - position, axis=1)
    seen = (time >= orbit.start_s) & (time <= orbit.stop_s)
    return np.where(seen, time, np.nan), np.where(seen, slant_range, np.nan)


def on_look_side(
    points_m: Array, time_s: Array, orbit: Orbit, look_side: Side
) -> npt.NDArray[np.bool_]:
    """True for points (n, 3) on the side to which the radar looks; False where the time is NaN.

    Points on the other side of the track also have a range and a zero-Doppler time.
    """
    position, velocity = orbit.evaluate(time_s, 1)
    right = np.cross(velocity, position)
    beside = np.einsum("ij,ij->i", points_m - position, right)
    return np.asarray(beside > 0 if look_side == "right" else beside < 0)
