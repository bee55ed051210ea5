"""Whether the lines of ALOS PALSAR level 1.1 are timed at zero Doppler or mid-beam.

The format description does not say, and programs disagree: SNAP, isce2 and sarpy take the image to
be in the geometry of the beam (native Doppler), MapReady takes it to be deskewed. At 60 Hz the two
lie 800 m apart along the track. Each product says where its pixels lie on the ground, though, by
polynomials or by coordinates in its lines: the geometry that puts them there is used, and a product
that both or neither of them fits is refused. ALOS-2 is at zero Doppler (JAXA, SNAP).

The beam's squint changes the slant range by 0.4 m only (r/2 · (lead / r)²): whether ranges were
corrected for it does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from calvingfront.errors import ProductError
from calvingfront.orbits.earth import to_earth_fixed
from calvingfront.orbits.scene_orbit import scene_orbit
from calvingfront.radar.model import (
    Array,
    DopplerCentroid,
    GroundPoints,
    RadarGeometry,
    StateVectors,
)

# Polynomials of degree 4 and times of 1 ms that are fitted: a few metres. JAXA states 9.7 m RMS for
# the places of level 1.5; an ALOS-2 scene centre lies 10 m from where its orbit puts it.
TOLERANCE_M = 50.0
HARMLESS_M = 8.5  # along the track, half a map pixel of 17 m
HEIGHTS_M = (-500.0, 6000.0)  # of the ellipsoid or terrain on which the places may be given
FIRST_HEIGHTS_M = (0.0, 1000.0)
ORDER = "Order the scene as level 1.5, or as level 1.1 from a later processing."


@dataclass(frozen=True)
class Places:
    """Where a product says that its pixels lie; all (n,), latitude and longitude in degrees."""

    source: str
    line: Array
    sample: Array
    latitude: Array
    longitude: Array


@dataclass(frozen=True)
class Settled:
    """The geometry to use, the ground points that it was checked on, and notes about it."""

    geometry: RadarGeometry
    points: GroundPoints | None
    notes: tuple[str, ...]


def settle(
    path: Path,
    geometry: RadarGeometry,
    vectors: StateVectors,
    shape: tuple[int, int],
    doppler: DopplerCentroid | None,
    places: Places | None,
    *,
    zero_doppler_known: bool,
) -> Settled:
    """Give the geometry its Doppler centroid, if the product's own places show that it has one.

    geometry: timed at zero Doppler; doppler: as annotated. zero_doppler_known: the mission is known
    to time its lines so, whether or not the product says where its pixels lie.
    Raises ProductError if neither geometry, or no telling which, fits; OrbitError as scene_orbit.
    """
    squinted = None if doppler is None else replace(geometry, doppler=doppler)
    if places is None:
        return _without_places(path, geometry, squinted, vectors, shape, zero_doppler_known)
    orbit = scene_orbit(vectors, squinted or geometry, shape)
    time = geometry.azimuth.time(places.line)
    position, velocity = orbit.evaluate(time, 1)
    speed = np.linalg.norm(velocity, axis=1)
    ranges = geometry.range.slant_range(places.sample, time)

    def seen(height_m: float) -> tuple[Array, Array]:
        """How far the places lie ahead of the satellite, and beyond their slant range, m."""
        heights = np.full(places.line.shape, height_m)
        sight = to_earth_fixed(places.longitude, places.latitude, heights) - position
        ahead = np.einsum("ij,ij->i", sight, velocity) / speed
        return ahead, np.linalg.norm(sight, axis=1) - ranges

    # The height above the ellipsoid at which the places are given is not stated: it shows in the
    # range, and hardly moves them along the track.
    low, high = (float(seen(height)[1].mean()) for height in FIRST_HEIGHTS_M)
    height = FIRST_HEIGHTS_M[1] * low / (low - high) if low != high else float("inf")
    if not HEIGHTS_M[0] <= height <= HEIGHTS_M[1]:
        what = f"{places.source} place the image {low:.0f} m off in slant range"
        raise ProductError(path, what, ORDER)
    ahead, beyond = seen(height)
    if not np.abs(beyond).max() <= TOLERANCE_M:
        what = (
            f"{places.source} place pixels up to {np.abs(beyond).max():.0f} m from their slant "
            "range"
        )
        raise ProductError(path, what, ORDER)
    lead = np.zeros(ahead.shape) if doppler is None else doppler.lead(ranges, speed)
    miss, squinted_miss = float(np.abs(ahead).max()), float(np.abs(ahead - lead).max())
    if not min(miss, squinted_miss) <= TOLERANCE_M:
        what = (
            f"{places.source} place pixels up to {miss:.0f} m along the track from zero Doppler"
            + (f" and {squinted_miss:.0f} m from the annotated Doppler centroid" if doppler else "")
        )
        raise ProductError(path, what, ORDER)
    unknown = np.full(places.line.shape, np.nan)
    points = GroundPoints(
        places.line,
        places.sample,
        places.latitude,
        places.longitude,
        np.full(places.line.shape, height),
        unknown,
        unknown,
        TOLERANCE_M,
    )
    if squinted is None or miss <= squinted_miss:
        note = f"line times are zero-Doppler times: {places.source} lie within {miss:.0f} m of them"
        return Settled(geometry, points, (note,))
    note = (
        f"line times are those of the Doppler centroid: {places.source} lie within "
        f"{squinted_miss:.0f} m of it, and {miss:.0f} m from zero Doppler"
    )
    return Settled(squinted, points, (note,))


def _without_places(
    path: Path,
    geometry: RadarGeometry,
    squinted: RadarGeometry | None,
    vectors: StateVectors,
    shape: tuple[int, int],
    zero_doppler_known: bool,
) -> Settled:
    if zero_doppler_known:
        return Settled(geometry, None, ("line times are taken as zero-Doppler times",))
    unsure = "its Doppler centroid is unknown"
    if squinted is not None and squinted.doppler is not None:
        ends = np.array([0.0, shape[1] - 1.0])
        ranges = geometry.range.slant_range(ends, geometry.azimuth.time(np.zeros(2)))
        speed = np.linalg.norm(vectors.velocities_m_s, axis=1).mean()
        lead = float(np.abs(squinted.doppler.lead(ranges, speed)).max())
        if lead <= HARMLESS_M:
            note = f"line times are taken as zero-Doppler times: the squint is {lead:.1f} m at most"
            return Settled(geometry, None, (note,))
        unsure = f"its Doppler centroid would shift the image by {lead:.0f} m along the track"
    what = (
        "does not tell whether its lines are timed at zero Doppler: it neither has polynomials "
        f"from pixels to latitude and longitude nor coordinates in its lines, and {unsure}"
    )
    raise ProductError(path, what, ORDER)
