"""A satellite's path past a place on the Earth: the simulated radar's exact orbit.

The path obeys the Earth's gravity with its zonal harmonics up to the fourth degree. It starts from
a circular state at the middle of the scene, chosen so that the scene's centre is seen broadside at
the wanted angle, and is integrated from there in both directions. Only the integrator is shared
with the geocoder, so that simulated products put the geocoder's own orbit to the test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
from numpy.polynomial import legendre, polynomial
from pyproj import Transformer

from calvingfront.errors import OrbitError
from calvingfront.orbits.trajectory import Trajectory
from calvingfront.radar.model import Array, StateVectors

GRAVITY_M3_S2 = 3.986004418e14  # WGS 84
EARTH_RADIUS_M = 6_378_137.0  # WGS 84
EARTH_RATE_RAD_S = 7.292115e-5  # WGS 84
ZONAL = np.array([0.0, 0.0, 1.08262668e-3, -2.53266e-6, -1.61962e-6])  # J0 … J4, EGM 96
NEWTON_STEPS = 12
SLOPE_STEP_RAD = 1e-5
MOST_MISS = 1e-9  # of the sines and cosines wanted: a centimetre on the ground
LOCAL_DEGREE = 4  # of the polynomial around the scene: micrometres over ±15 s


@dataclass(frozen=True)
class Track:
    """Where a satellite flies.

    semi_major_axis_m: radius of the circular state; inclination_deg: of the orbital plane.
    ascending: flight direction over the scene; left_looking: side on which the scene lies.
    """

    semi_major_axis_m: float
    inclination_deg: float
    ascending: bool
    left_looking: bool = False


@dataclass(frozen=True)
class LocalPath:
    """The path around one scene as a polynomial in time, exact to a micrometre.

    coefficients: (degree + 1, 3), m, of rising degree in time_s / scale_s.
    """

    scale_s: float
    coefficients: Array

    def state(self, time_s: npt.ArrayLike) -> tuple[Array, Array]:
        """Earth-fixed positions (n, 3), m, and velocities (n, 3), m/s."""
        x = np.asarray(time_s, float) / self.scale_s
        rate = polynomial.polyder(self.coefficients)
        position = np.moveaxis(polynomial.polyval(x, self.coefficients), 0, -1)
        velocity = np.moveaxis(polynomial.polyval(x, rate), 0, -1) / self.scale_s
        return np.asarray(position), np.asarray(velocity)


class SatelliteOrbit:
    """A path, known from −reach_s to reach_s seconds around the middle of the scene."""

    def __init__(self, state: Array, reach_s: float) -> None:
        """state: (6,) inertial position (m), velocity (m/s) at time 0, when both frames agree."""
        self.reach_s = reach_s
        self._later = Trajectory(_motion, state, reach_s)
        self._earlier = Trajectory(_motion, state, -reach_s)

    def inertial(self, time_s: npt.ArrayLike) -> Array:
        """Inertial states (n, 6) at times (n,), s since the scene's middle."""
        times = np.atleast_1d(np.asarray(time_s, float))
        if times.size and np.abs(times).max() > self.reach_s:
            raise OrbitError(
                "simulated orbit",
                f"covers ±{self.reach_s:.0f} s, not the requested {np.abs(times).max():.1f} s",
                "Build the orbit with a longer reach",
            )
        later = self._later(np.clip(times, 0, None))
        earlier = self._earlier(np.clip(times, None, 0))
        return np.asarray(np.where(times[:, None] >= 0, later, earlier))

    def earth_fixed(self, time_s: npt.ArrayLike) -> tuple[Array, Array]:
        """Earth-fixed positions (n, 3), m, and velocities (n, 3), m/s.

        The velocity is the time derivative of the Earth-fixed position: R (v − ω × r).
        """
        times = np.atleast_1d(np.asarray(time_s, float))
        state = self.inertial(times)
        angle = EARTH_RATE_RAD_S * times
        relative = state[:, 3:] - np.cross([0.0, 0.0, EARTH_RATE_RAD_S], state[:, :3])
        return _turned(state[:, :3], angle), _turned(relative, angle)

    def state_vectors(self, epoch: datetime, times_s: npt.ArrayLike) -> StateVectors:
        """State vectors at times (n,) since the scene's middle, which is `epoch`."""
        times = np.asarray(times_s, float)
        position, velocity = self.earth_fixed(times)
        return StateVectors(epoch, times, position, velocity)

    def local_path(self, half_span_s: float) -> LocalPath:
        """The path within ±half_span_s of the scene's middle as one polynomial."""
        nodes = np.cos(np.pi * (np.arange(2 * LOCAL_DEGREE) + 0.5) / (2 * LOCAL_DEGREE))
        position, _ = self.earth_fixed(nodes * half_span_s)
        fit = polynomial.polyfit(nodes, position, LOCAL_DEGREE)
        return LocalPath(half_span_s, np.asarray(fit, dtype=np.float64))


def pass_over(
    latitude_deg: float, longitude_deg: float, incidence_deg: float, track: Track, reach_s: float
) -> SatelliteOrbit:
    """The orbit that sees a place of height 0 broadside (zero Doppler) at time 0.

    incidence_deg: angle at the place between the ellipsoid's normal and the satellite.
    reach_s: how far the path is integrated in both directions.
    Raises OrbitError if no orbit of this inclination sees the place.
    """
    place = np.array(
        _geocentric().transform(longitude_deg, latitude_deg, 0.0, radians=False), dtype=float
    )
    lat, lon = np.deg2rad(latitude_deg), np.deg2rad(longitude_deg)
    up = np.array([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    wanted = np.cos(np.deg2rad(incidence_deg))

    def miss(angles: Array) -> Array:
        state = _circular(angles[0], angles[1], track)
        line_of_sight = place - state[:3]
        relative = state[3:] - np.cross([0.0, 0.0, EARTH_RATE_RAD_S], state[:3])
        distance = np.linalg.norm(line_of_sight)
        doppler = line_of_sight @ relative / (distance * np.linalg.norm(relative))
        return np.array([doppler, -(line_of_sight @ up) / distance - wanted])

    guess = _first_guess(place, np.deg2rad(incidence_deg), track)
    angles = _solve(miss, guess)
    if not np.abs(miss(angles)).max() <= MOST_MISS:
        raise OrbitError(
            f"place {latitude_deg:.2f}°, {longitude_deg:.2f}°",
            f"no orbit of inclination {track.inclination_deg}° sees it at {incidence_deg}°",
            "Choose a place nearer to the equator, or the other look side",
        )
    return SatelliteOrbit(_circular(angles[0], angles[1], track), reach_s)


def _solve(miss: Callable[[Array], Array], guess: Array) -> Array:
    """Two angles (rad) at which both misses vanish, by Newton's method from a near guess."""
    angles = guess
    for _ in range(NEWTON_STEPS):
        slopes = [
            (miss(angles + step) - miss(angles - step)) / (2 * SLOPE_STEP_RAD)
            for step in SLOPE_STEP_RAD * np.eye(2)
        ]
        if not np.isfinite(slopes).all() or np.linalg.det(slopes) == 0:
            break
        angles = angles - np.linalg.solve(np.transpose(slopes), miss(angles))
    return angles


def _geocentric() -> Transformer:
    """From longitude, latitude (degrees), ellipsoidal height (m) to Earth-fixed x, y, z (m)."""
    return Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)


def _circular(latitude_argument: float, node: float, track: Track) -> Array:
    """Inertial state of a circular orbit from the argument of latitude and the node (rad)."""
    inclination = np.deg2rad(track.inclination_deg)
    to_node = np.array([np.cos(node), np.sin(node), 0.0])
    across = np.array(
        [
            -np.sin(node) * np.cos(inclination),
            np.cos(node) * np.cos(inclination),
            np.sin(inclination),
        ]
    )
    cos, sin = np.cos(latitude_argument), np.sin(latitude_argument)
    speed = np.sqrt(GRAVITY_M3_S2 / track.semi_major_axis_m)
    position = track.semi_major_axis_m * (cos * to_node + sin * across)
    return np.concatenate([position, speed * (cos * across - sin * to_node)])


def _first_guess(place: Array, incidence: float, track: Track) -> Array:
    """Argument of latitude and node (rad) on a spherical Earth; NaN if there are none."""
    radius = float(np.linalg.norm(place))
    lat, lon = np.arcsin(place[2] / radius), np.arctan2(place[1], place[0])
    inclination = np.deg2rad(track.inclination_deg)
    with np.errstate(invalid="ignore"):
        heading = np.arcsin(np.cos(inclination) / np.cos(lat))
    heading = heading if track.ascending else np.pi - heading
    # the ground track lies on the far side of where the radar looks
    azimuth = heading + (np.pi / 2 if track.left_looking else -np.pi / 2)
    arc = incidence - np.arcsin(radius / track.semi_major_axis_m * np.sin(incidence))
    nadir_lat = np.arcsin(np.sin(lat) * np.cos(arc) + np.cos(lat) * np.sin(arc) * np.cos(azimuth))
    nadir_lon = lon + np.arctan2(
        np.sin(azimuth) * np.sin(arc) * np.cos(lat),
        np.cos(arc) - np.sin(lat) * np.sin(nadir_lat),
    )
    with np.errstate(invalid="ignore"):
        argument = np.arcsin(np.sin(nadir_lat) / np.sin(inclination))
    argument = argument if track.ascending else np.pi - argument
    node = nadir_lon - np.arctan2(np.cos(inclination) * np.sin(argument), np.cos(argument))
    return np.array([argument, node])


def _turned(vectors: Array, angle: Array) -> Array:
    """Vectors (n, 3) of the inertial frame in the frame rotated by the angles (n,)."""
    cos, sin = np.cos(angle), np.sin(angle)
    x, y, z = vectors.T
    return np.column_stack([cos * x + sin * y, -sin * x + cos * y, z])


def _motion(states: Array) -> Array:
    """Velocity and acceleration in the field of the zonal harmonics (Vallado 2013, section 8.6)."""
    position = states[:, :3]
    radius = np.linalg.norm(position, axis=1)
    unit = position / radius[:, None]
    degrees = np.arange(ZONAL.size)[:, None]
    strength = ZONAL[:, None] * (EARTH_RADIUS_M / radius) ** degrees
    sine = unit[:, 2]
    outward = 1.0 - legendre.legval(sine, (degrees + 1) * strength, tensor=False)
    northward = -legendre.legval(sine, legendre.legder(strength), tensor=False)
    scale = (GRAVITY_M3_S2 / radius**2)[:, None]
    north = np.array([0.0, 0.0, 1.0]) - sine[:, None] * unit
    acceleration = scale * (northward[:, None] * north - outward[:, None] * unit)
    return np.hstack([states[:, 3:], acceleration])


def potential(position: Array) -> float:
    """Specific potential energy at an inertial position, J/kg; what the motion conserves."""
    radius = float(np.linalg.norm(position))
    strength = ZONAL * (EARTH_RADIUS_M / radius) ** np.arange(ZONAL.size)
    return -GRAVITY_M3_S2 / radius * (1.0 - float(legendre.legval(position[2] / radius, strength)))
