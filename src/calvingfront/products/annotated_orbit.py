"""State vectors as annotated in a product."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache

import numpy as np
import numpy.typing as npt
from pyproj import Transformer

from calvingfront.files import PathLike
from calvingfront.orbits.orbit import fit_orbit
from calvingfront.products.reading import fault, finite
from calvingfront.radar.model import Array, StateVectors


def annotated_orbit(
    times: Sequence[datetime],
    positions_m: npt.ArrayLike,
    velocities_m_s: npt.ArrayLike,
    path: PathLike,
    field: str,
) -> StateVectors:
    """Return state vectors, with the time of the first as epoch.

    times: n, UTC; positions_m, velocities_m_s: (n, 3), Earth-fixed.
    Raises ProductError for fewer than two vectors, times that do not increase or non-finite values.
    """
    if len(times) < 2:
        raise fault(path, field, f"an orbit needs two state vectors, but there are {len(times)}")
    epoch = times[0]
    seconds = np.array([(time - epoch).total_seconds() for time in times])
    if not (np.diff(seconds) > 0).all():
        raise fault(path, field, "the times of the state vectors do not increase")
    return StateVectors(
        epoch,
        seconds,
        finite(positions_m, path, f"{field}: position"),
        finite(velocities_m_s, path, f"{field}: velocity"),
    )


@cache
def earth_fixed() -> Transformer:
    """From longitude, latitude (degrees) and ellipsoidal height (m) to Earth-fixed coordinates."""
    return Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)


def interpolate_orbit(orbit: StateVectors, times_s: Array) -> tuple[Array, Array]:
    """Positions (n, 3), m, and velocities (n, 3), m/s, at times (n,), s since the epoch.

    For times close together, such as those of one image. Raises OrbitError if the vectors do not
    cover them or contradict each other (see fit_orbit).
    """
    fitted = fit_orbit(orbit, float(times_s.min()), float(times_s.max()))
    position, velocity = fitted.evaluate(times_s, 1)
    return position, velocity
