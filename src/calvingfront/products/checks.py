"""Check that a product is complete and plausible before anything is computed from it."""

from __future__ import annotations

import math
from datetime import timedelta

import numpy as np

from calvingfront.errors import OrbitError, ProductError
from calvingfront.orbits.orbit import Orbit
from calvingfront.orbits.scene_orbit import scene_orbit
from calvingfront.products.annotated_orbit import earth_fixed, interpolate_orbit
from calvingfront.products.reading import DAMAGED
from calvingfront.radar.model import (
    SPEED_OF_LIGHT,
    Array,
    GroundPoints,
    MapGeometry,
    Product,
    RadarGeometry,
    StateVectors,
)

# Radar satellites fly 500–800 km high: 6.87–7.18e6 m from the Earth's centre.
ORBIT_RADIUS_M = (6.8e6, 7.3e6)
ORBIT_SPEED_M_S = (7.2e3, 7.9e3)
SLANT_RANGE_M = (4.5e5, 1.8e6)
LINE_SPACING_M = (0.2, 300.0)
TIME_MARGIN_S = 1.0  # lines may lie this far outside the state vectors: an error of 1 cm
# Real polynomials of map products miss by 0.002 pixels; a damaged coefficient by thousands.
MAP_TOLERANCE_PX = 1.0
WRONG = "Do not use the product: fetch it again, or get the scene from another processing."


def check_product(product: Product, *, orbit_follows: bool = False) -> list[ProductError]:
    """Return all faults of a product; an empty list means that it can be used.

    orbit_follows: an orbit file will take the place of the state vectors, which may therefore be
    too few, too noisy, or of another time. Ground points are checked where the vectors are usable.
    """
    faults = _check_pixels(product)
    faults += check_orbit(product.orbit, product)
    geometry = product.geometry
    if isinstance(geometry, RadarGeometry) and not faults:
        faults += _check_timing(product, geometry, orbit_follows)
        faults += _check_slant_range(product, geometry)
    if isinstance(geometry, MapGeometry) and not faults:
        faults += _check_map(product, geometry)
    if not faults:
        faults += _check_scene_orbit(product, orbit_follows)
    if not (np.isfinite(product.calibration.gains).all() and (product.calibration.gains > 0).all()):
        faults.append(
            _fault(product, "calibration", "has gains that are not finite and positive", WRONG)
        )
    return faults


def _fault(product: Product, field: str, what: str, remedy: str) -> ProductError:
    return ProductError(f"{product.path}, {field}", what, remedy)


def _check_pixels(product: Product) -> list[ProductError]:
    """Check that the first and last line can be read: the file is as long as its header says."""
    faults = []
    if product.pixels.shape != product.shape:
        what = f"has {product.pixels.shape} lines and samples, but the header says {product.shape}"
        faults.append(_fault(product, "image", what, DAMAGED))
    for line in dict.fromkeys((product.shape[0] - 1, 0)):
        try:
            product.pixels.read(line, 1)
        except ProductError as error:
            if str(error) not in map(str, faults):
                faults.append(error)
    return faults


def check_orbit(orbit: StateVectors, product: Product) -> list[ProductError]:
    """Check radius and speed, and that the velocities are the derivatives of the positions."""
    faults = []
    radius = np.linalg.norm(orbit.positions_m, axis=1)
    speed = np.linalg.norm(orbit.velocities_m_s, axis=1)
    for name, unit, values, (low, high) in (
        ("radius", "m", radius, ORBIT_RADIUS_M),
        ("speed", "m/s", speed, ORBIT_SPEED_M_S),
    ):
        wrong = np.flatnonzero(~((values >= low) & (values <= high)))
        if wrong.size:
            what = (
                f"{wrong.size} of {values.size} state vectors have an implausible {name} "
                f"({values[wrong[0]]:g} {unit}; {low:g} … {high:g} are plausible)"
            )
            faults.append(_fault(product, "orbit", what, WRONG))
    if faults:
        return faults
    step = np.diff(orbit.times_s)
    mean_velocity = (orbit.velocities_m_s[1:] + orbit.velocities_m_s[:-1]) / 2
    moved = np.diff(orbit.positions_m, axis=0)
    off = np.linalg.norm(moved - mean_velocity * step[:, np.newaxis], axis=1)
    # The error of the trapezium rule is h³/12 times the third derivative, at most about 0.01 m/s³.
    allowed = 1.0 + step**3 / 12 * 0.01 + 2e-4 * step * speed.mean()
    worst = int(np.argmax(off / allowed))
    if off[worst] > allowed[worst]:
        what = (
            f"positions and velocities disagree by {off[worst]:.0f} m between state vectors "
            f"{worst + 1} and {worst + 2}"
        )
        faults.append(_fault(product, "orbit", what, WRONG))
    return faults


def _check_timing(
    product: Product, geometry: RadarGeometry, orbit_follows: bool
) -> list[ProductError]:
    faults = []
    ends = geometry.azimuth.time(np.array([0.0, product.shape[0] - 1.0]))
    first, last = product.orbit.times_s[[0, -1]]
    covered = first - TIME_MARGIN_S <= ends.min() and ends.max() <= last + TIME_MARGIN_S
    if not covered and not orbit_follows:
        what = (
            f"the image spans {ends.min():.3f} to {ends.max():.3f} s, but the state vectors cover "
            f"{first:.3f} to {last:.3f} s"
        )
        remedy = "Give an orbit file that covers the image."
        faults.append(_fault(product, "azimuth time", what, remedy))
    spacing = abs(geometry.azimuth.interval_s) * float(
        np.linalg.norm(product.orbit.velocities_m_s, axis=1).mean()
    )
    low, high = LINE_SPACING_M
    if not low <= spacing <= high:
        what = f"the lines are {spacing:g} m apart; {low:g} … {high:g} m are plausible"
        faults.append(_fault(product, "line interval", what, WRONG))
    middle = timedelta(seconds=float(ends.mean())) + product.orbit.epoch
    if abs(middle - product.acquired) > timedelta(seconds=1):
        what = f"{product.acquired} is not the middle of the image, {middle}"
        faults.append(_fault(product, "acquisition time", what, WRONG))
    return faults


def _check_slant_range(product: Product, geometry: RadarGeometry) -> list[ProductError]:
    samples = np.linspace(0.0, product.shape[1] - 1.0, 9)
    middle_s = geometry.azimuth.time(np.array((product.shape[0] - 1) / 2))
    ranges = geometry.range.slant_range(samples, np.full(samples.shape, float(middle_s)))
    low, high = SLANT_RANGE_M
    if not ((ranges >= low) & (ranges <= high)).all():
        what = f"is {ranges[0]:g} … {ranges[-1]:g} m; {low:g} … {high:g} m are plausible"
        return [_fault(product, "slant range", what, WRONG)]
    steps = np.diff(ranges)
    if product.shape[1] > 1 and not ((steps > 0).all() or (steps < 0).all()):
        return [_fault(product, "slant range", "is not monotonic across the swath", WRONG)]
    return []


def _check_map(product: Product, geometry: MapGeometry) -> list[ProductError]:
    """Check that the polynomials map corners and centre to the ground below the orbit and back."""
    across = (np.linspace(0.0, extent - 1.0, 3) for extent in product.shape)
    line, sample = (places.ravel() for places in np.meshgrid(*across))
    latitude, longitude = geometry.to_ground(line, sample)
    if not ((np.abs(latitude) <= 90) & (np.abs(longitude) <= 360)).all():
        what = "the polynomials give no valid latitude and longitude for the image"
        return [_fault(product, "map geometry", what, WRONG)]
    back = np.stack(geometry.to_pixel(latitude, longitude))
    apart = float(np.hypot(*(back - np.stack([line, sample]))).max())
    if not apart <= MAP_TOLERANCE_PX:
        what = f"mapping to the ground and back is off by up to {apart:.1f} pixels"
        return [_fault(product, "map geometry", what, WRONG)]
    seconds = (product.acquired - product.orbit.epoch) / timedelta(seconds=1)
    first, last = product.orbit.times_s[[0, -1]]
    if not first - TIME_MARGIN_S <= seconds <= last + TIME_MARGIN_S:
        what = (
            f"the image was acquired at {seconds:.3f} s, but the state vectors cover {first:.3f} "
            f"to {last:.3f} s"
        )
        remedy = "Give an orbit file that covers the image."
        return [_fault(product, "acquisition time", what, remedy)]
    points = np.stack(earth_fixed().transform(longitude, latitude, np.zeros(9)), axis=-1)
    position, _ = interpolate_orbit(product.orbit, np.full(9, seconds))
    distance = np.linalg.norm(points - position, axis=1)
    low, high = SLANT_RANGE_M
    if not ((distance >= low) & (distance <= high)).all():
        what = (
            f"the image lies {distance.min():g} … {distance.max():g} m from the satellite; "
            f"{low:g} … {high:g} m are plausible"
        )
        return [_fault(product, "map geometry", what, WRONG)]
    return []


def _check_scene_orbit(product: Product, orbit_follows: bool) -> list[ProductError]:
    """Check the orbit as geocoding will use it, and on it the product's own ground points."""
    try:
        orbit = scene_orbit(product.orbit, product.geometry, product.shape)
    except OrbitError as error:
        unusable = _fault(product, error.where, error.what, error.remedy)
        return [] if orbit_follows else [unusable]
    if product.ground_points is None or not isinstance(product.geometry, RadarGeometry):
        return []
    return _check_ground_points(product, product.geometry, product.ground_points, orbit)


def _check_ground_points(
    product: Product, geometry: RadarGeometry, points: GroundPoints, orbit: Orbit
) -> list[ProductError]:
    """Check that timing, range and orbit place the product's own points where it says they are."""
    time_s = np.where(
        np.isfinite(points.azimuth_time_s),
        points.azimuth_time_s,
        geometry.azimuth.time(points.line),
    )
    speed = float(np.linalg.norm(product.orbit.velocities_m_s, axis=1).mean())
    by_line = geometry.azimuth.time(points.line)
    by_sample = geometry.range.slant_range(points.sample, by_line)
    stated = 0.5 * SPEED_OF_LIGHT * points.slant_range_time_s
    offsets = [
        ("lines and times", (by_line - time_s) * speed),
        ("samples and slant ranges", by_sample - stated),
    ]
    height = np.where(np.isfinite(points.height), points.height, product.mean_height_m)
    if np.isfinite(height).all():
        # Times that lie outside the image are told by the first check.
        seen_s = np.clip(time_s, orbit.start_s, orbit.stop_s)
        along, distance = _seen_from_orbit(orbit, geometry, points, height, seen_s)
        offsets.append(("positions and orbit (along the track)", along))
        offsets.append(("positions and orbit (in range)", distance - by_sample))
    faults = []
    for between, offset in offsets:
        known = np.abs(offset[np.isfinite(offset)])
        worst = float(known.max()) if known.size else 0.0
        if not worst <= points.tolerance_m or math.isnan(worst):
            what = (
                f"{between} disagree by up to {worst:.0f} m; up to {points.tolerance_m:.0f} m "
                "are usual"
            )
            faults.append(_fault(product, "ground control points", what, WRONG))
    return faults


def _seen_from_orbit(
    orbit: Orbit, geometry: RadarGeometry, points: GroundPoints, height: Array, time_s: Array
) -> tuple[Array, Array]:
    """How far (m) the points lie along the track from where they are seen; their slant range."""
    to_fixed = earth_fixed()
    fixed = np.stack(to_fixed.transform(points.longitude, points.latitude, height), axis=-1)
    position, velocity = orbit.evaluate(time_s, 1)
    sight = fixed - position
    distance, speed = np.linalg.norm(sight, axis=1), np.linalg.norm(velocity, axis=1)
    along = (sight * velocity).sum(axis=1) / speed
    if geometry.doppler is not None:
        along -= geometry.doppler.lead(distance, speed)
    return along, distance
