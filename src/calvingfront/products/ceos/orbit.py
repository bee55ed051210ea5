"""State vectors from the platform position record of a CEOS leader, whatever its frame.

Positions are in metres or kilometres, velocities in m/s, km/s or mm/s, and the frame is Earth-fixed
or inertial. An orbit obeys Newton's law in the inertial frame only: this shows whether the named
frame is the true one, and whether a number is damaged.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

import numpy as np

from calvingfront.errors import OrbitError, ProductError
from calvingfront.products.ceos.records import DAMAGED, Record
from calvingfront.radar.model import Array, StateVectors

EARTH_ROTATION_RAD_S = 7.292_115_855_3e-5  # relative to the equinox: Aoki et al. (1982)
GRAVITY_M3_S2 = 3.986_004_418e14
VELOCITY_NOISE_M_S = 0.1  # twice that of real vectors, 4 cm/s; see orbits.path for what it does
MOST_VECTORS = 64  # capacity of the record
FIRST_VECTOR = 387
VECTOR_LENGTH = 132
INERTIAL = ("INERTIAL", "ECI", "J2000", "TRUE OF DATE", "MEAN OF DATE")
ROTATING = ("ROTATING", "ECR", "ECEF", "ITRF", "EARTH FIXED", "WGS")


def state_vectors(record: Record) -> tuple[StateVectors, tuple[str, ...]]:
    """Read the platform position record: Earth-fixed state vectors, and notes about them.

    Epoch: midnight of the first vector's day. Raises OrbitError if the vectors are not the orbit of
    an Earth satellite in the frame named by the record.
    """
    count = record.integer(141, 4, "number of state vectors", 2, MOST_VECTORS)
    year = record.integer(145, 4, "year", 1978, 2100)
    month = record.integer(149, 4, "month", 1, 12)
    day = record.integer(153, 4, "day", 1, 31)
    try:
        epoch = datetime(year, month, day)
    except ValueError as error:
        raise record.fault(145, "date", f"{year}-{month:02}-{day:02} does not exist") from error
    second = record.number(161, 22, "second of the day", 0, 86_401)
    step = record.number(183, 22, "interval of the state vectors", 0.01, 1000)
    values: Array = np.array(
        [
            record.numbers(FIRST_VECTOR + VECTOR_LENGTH * k, 22, 6, f"state vector {k + 1}, part")
            for k in range(count)
        ]
    )
    positions = values[:, :3] * _scale(record, values[:, :3], (1.0, 1e3), 6.5e6, 9e6, "position")
    velocities = values[:, 3:] * _scale(
        record, values[:, 3:], (1.0, 1e3, 1e-3), 6.5e3, 8.5e3, "velocity"
    )
    times: Array = second + step * np.arange(count, dtype=np.float64)
    inertial = _is_inertial(record, times, positions, velocities)
    notes: tuple[str, ...] = ()
    if inertial:
        angle, notes = _hour_angle(record, epoch + timedelta(seconds=second))
        positions, velocities = to_earth_fixed(times, positions, velocities, angle)
    return StateVectors(epoch, times, positions, velocities), notes


def _scale(
    record: Record, values: Array, scales: tuple[float, ...], low: float, high: float, what: str
) -> float:
    """Return the scale that brings the length of every vector between low and high."""
    lengths = np.linalg.norm(values, axis=1)
    fitting = [s for s in scales if bool(np.all((lengths * s > low) & (lengths * s < high)))]
    if not fitting:
        raise _fault(record, f"a {what} of length {lengths.max():g} is not an Earth satellite's")
    return fitting[0]


def _fault(record: Record, what: str) -> OrbitError:
    return OrbitError(f"{record.path}, platform position record", what, DAMAGED)


def orbit_misfit(times_s: Array, positions_m: Array, velocities_m_s: Array) -> float:
    """Return how far inertial vectors are from an orbit; up to 1 they count as one.

    Each step is compared with Newton's law, a = −µ p/r³, in two ways. Positions: the corrected
    trapezoidal rule Δp = (v₀ + v₁) Δt/2 + (a₀ − a₁) Δt²/12, whose error grows with the fifth power
    of the step. Velocities: Δv/Δt = (a₀ + a₁)/2, whose error is about a twelfth of the squared
    orbital angle of a step; the Coriolis acceleration in an Earth-fixed frame is larger, 1 m/s².
    The flattening of the Earth adds about a thousandth of the acceleration to both.
    """
    radius = np.linalg.norm(positions_m, axis=1, keepdims=True)
    acceleration = -GRAVITY_M3_S2 * positions_m / radius**3
    step = np.diff(times_s)[:, np.newaxis]
    travel = (velocities_m_s[1:] + velocities_m_s[:-1]) * step / 2
    travel += (acceleration[:-1] - acceleration[1:]) * step**2 / 12
    turn = np.diff(velocities_m_s, axis=0) / step
    turn -= (acceleration[1:] + acceleration[:-1]) / 2
    longest = float(step.max())
    angle = longest * np.sqrt(GRAVITY_M3_S2 / float(radius.min()) ** 3)
    position_bound = 5.0 + 7500 * longest * (4 * angle**4 / 720 + 1e-3 * angle**2)
    noise = min(0.4, VELOCITY_NOISE_M_S / longest)  # less than the Coriolis acceleration
    turn_bound = 0.05 + noise + 12 * angle**2 / 12
    miss = np.linalg.norm(np.diff(positions_m, axis=0) - travel, axis=1).max()
    return float(max(miss / position_bound, np.linalg.norm(turn, axis=1).max() / turn_bound))


def _is_inertial(record: Record, times: Array, positions: Array, velocities: Array) -> bool:
    """Take the frame from its name, or from the motion if the name is unknown; check the motion."""
    spin = np.cross([0.0, 0.0, EARTH_ROTATION_RAD_S], positions)
    turned = _turn(positions, EARTH_ROTATION_RAD_S * (times - times[0]))
    moved = _turn(velocities + spin, EARTH_ROTATION_RAD_S * (times - times[0]))
    as_inertial = orbit_misfit(times, positions, velocities)
    as_fixed = orbit_misfit(times, turned, moved)
    name = record.text(205, 64, "reference frame").upper()
    if any(word in name for word in INERTIAL):
        inertial = True
    elif any(word in name for word in ROTATING):
        inertial = False
    else:
        inertial = as_inertial < as_fixed
    misfit = as_inertial if inertial else as_fixed
    if not misfit <= 1:
        what = f"the state vectors are not an orbit in the frame {name!r} (misfit {misfit:.1f} > 1)"
        raise _fault(record, what)
    return inertial


def _turn(vectors: Array, angles_rad: Array) -> Array:
    """Rotate each vector by its angle about the z axis, counter-clockwise."""
    cos, sin = np.cos(angles_rad), np.sin(angles_rad)
    x, y, z = vectors.T
    return np.stack([cos * x - sin * y, sin * x + cos * y, z], axis=1)


def to_earth_fixed(
    times_s: Array, positions_m: Array, velocities_m_s: Array, hour_angle_rad: float
) -> tuple[Array, Array]:
    """Rotate inertial vectors into the Earth-fixed frame; the hour angle applies at times_s[0].

    Velocities are relative to the Earth: v − ω × p before the rotation.
    """
    angles = -(hour_angle_rad + EARTH_ROTATION_RAD_S * (times_s - times_s[0]))
    spin = np.cross([0.0, 0.0, EARTH_ROTATION_RAD_S], positions_m)
    return _turn(positions_m, angles), _turn(velocities_m_s - spin, angles)


def to_inertial(
    times_s: Array, positions_m: Array, velocities_m_s: Array, hour_angle_rad: float
) -> tuple[Array, Array]:
    """Undo to_earth_fixed."""
    angles = hour_angle_rad + EARTH_ROTATION_RAD_S * (times_s - times_s[0])
    spin = np.cross([0.0, 0.0, EARTH_ROTATION_RAD_S], positions_m)
    return _turn(positions_m, angles), _turn(velocities_m_s + spin, angles)


def hour_angle_deg(moment: datetime) -> float:
    """Return the apparent Greenwich sidereal angle in degrees, UT1 taken as UTC (≤ 0.004° off).

    Sources: Meeus, Astronomical Algorithms (1998), formula 12.4; the equation of the equinoxes with
    its two largest terms, as the U.S. Naval Observatory gives it (0.0003° off).
    """
    days = (moment - datetime(2000, 1, 1, 12)) / timedelta(days=1)
    mean = 280.460_618_37 + 360.985_647_366_29 * days
    node = np.deg2rad(125.04 - 0.052_954 * days)
    sun = np.deg2rad(280.47 + 0.985_65 * days)
    nutation = 15 * (-0.000_319 * np.sin(node) - 0.000_024 * np.sin(2 * sun))
    return float((mean + nutation * np.cos(np.deg2rad(23.4393))) % 360)


def _hour_angle(record: Record, moment: datetime) -> tuple[float, tuple[str, ...]]:
    """Return the annotated hour angle (rad) if it fits the time, else the computed one."""
    computed = hour_angle_deg(moment)
    if record.is_blank(269, 22, "Greenwich hour angle"):
        note = "no Greenwich hour angle: computed from the time (up to 500 m off in longitude)"
        return float(np.deg2rad(computed)), (note,)
    stated = record.number(269, 22, "Greenwich hour angle", -1e5, 1e5)
    if abs((stated - computed + 180) % 360 - 180) > 0.1:
        note = f"Greenwich hour angle {stated:.4f}° contradicts the time: {computed:.4f}° used"
        return float(np.deg2rad(computed)), (note,)
    return float(np.deg2rad(stated)), ()


def pass_direction(orbit: StateVectors, time_s: float) -> Literal["ascending", "descending"]:
    """Return the flight direction from the sign of the velocity along the Earth's axis."""
    north = np.interp(time_s, orbit.times_s, orbit.velocities_m_s[:, 2])
    return "ascending" if north > 0 else "descending"


def seconds_since(orbit: StateVectors, moment: datetime, record: Record, field: str) -> float:
    """Return a moment in s since the orbit's epoch; ProductError if it is a day off the orbit."""
    seconds = (moment - orbit.epoch) / timedelta(seconds=1)
    if not orbit.times_s[0] - 86_400 < seconds < orbit.times_s[-1] + 86_400:
        what = f"{moment} is more than a day from the orbit's {orbit.epoch:%Y-%m-%d}"
        raise ProductError(f"{record.path}, {field}", what, DAMAGED)
    return seconds
