"""Where the pixels of PALSAR level 1.5 lie: by polynomials, or by the corners of their map grid.

Products of JAXA's later processors have polynomials of degree 4 in the facility record. Those of
the older layout (a facility record of 1024 bytes) have none, and those of ScanSAR (WB1, WB2) no
reliable ones (MapReady does not use them). All have the corners, to 1e-7 degree, in the map
projection record, and the name of the projection, in which the image is a grid of equal steps.

What is used is decided by the product itself:

- The polynomials, if they put the corners on the corner pixels. On the real ALOS-2 leader they
  do, to 0.001 pixel.
- Else the grid, if four corners lie on one: two of their eight coordinates are free to contradict
  it. On the real ALOS-2 leader they agree to 3 mm, the neighbouring UTM zone is 27 m off, and the
  grid lies within 6 mm of the polynomials over the whole image.
- Else the product is refused.

The record's other way to the ground, 4 coefficients for latitude and longitude, cannot follow a
map grid: it is 26 m off on the real leader at 11° S, and would be 3 km off for ScanSAR at 65° S.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from pyproj import Transformer
from pyproj.exceptions import ProjError

from calvingfront.errors import ProductError
from calvingfront.products.ceos.palsar_polynomials import read_polynomials
from calvingfront.products.ceos.records import Leader, Record
from calvingfront.radar.model import Array, MapGeometry, Side

AGREEMENT_PX = 2.0  # of the polynomials with the corners
GRID_TOLERANCE = 0.2  # of a pixel: of the corners with a grid
SPACING_TOLERANCE_PX = 2.0  # over the image, of the grid's steps with the annotated ones
CORNERS_AT, SPACING_AT, PROJECTION_AT, ZONE_AT = 1073, (93, 109), 413, 477
LEVEL_AT, FACILITY_AT, SYSTEM_AT = 1095, 1047, 1063  # of the summary
_REFUSED = {
    "1.0": "raw data",
    "4.1": "a product of polarimetric decomposition",
    "4.2": "a product of polarimetric decomposition",
}
ORDER_AGAIN = "Order the scene again, as level 1.5 or 1.1 of a later processing."


def refuse_level(leader: Leader) -> None:
    """Raise ProductError for a level that holds no image to geocode, or an unknown layout."""
    summary = leader.summary
    facility = summary.text(FACILITY_AT, 16, "processing facility")
    system = summary.text(SYSTEM_AT, 8, "processing system")
    if "ESA" in (facility[:3].upper(), system[:3].upper()):
        where = f"{leader.path}, processing system"
        what = "is ESA's, whose layout is another than JAXA's and has no polynomials"
        raise ProductError(where, what, "Order the scene from JAXA or the Alaska SAR Facility.")
    level = summary.text(LEVEL_AT, 16, "product level")
    if level in _REFUSED:
        where = f"{leader.path}, product level"
        what = f"is {level}, {_REFUSED[level]}"
        raise ProductError(where, what, "Order the scene as level 1.1 or 1.5.")


def read_map(
    leader: Leader,
    shape: tuple[int, int],
    side: Side,
) -> tuple[MapGeometry, tuple[str, ...]]:
    """Return where the pixels of a level 1.5 image of `shape` (lines, samples) lie, and notes.

    Raises ProductError if neither the polynomials nor the corners can be used.
    """
    corners = _corners(leader)
    missing: ProductError | None = None
    apart = 0.0
    try:
        to_pixel, to_ground = read_polynomials(leader)
    except ProductError as error:
        missing = error
    else:
        if corners is not None:
            line, sample = to_pixel(corners[:, 0], corners[:, 1])
            at = _corner_pixels(shape)
            apart = float(np.hypot(line - at[:, 0], sample - at[:, 1]).max())
        if apart <= AGREEMENT_PX:
            return MapGeometry(to_pixel, to_ground, side), ()
    grid = None if corners is None else _grid(leader.all_of(20)[0], corners, shape)
    if grid is not None:
        why = "has no usable" if missing else "contradicts its corners by its"
        note = f"placed by its corners and {grid.name}: the leader {why} polynomials"
        return MapGeometry(grid.to_pixel, grid.to_ground, side), (note,)
    if missing is not None:
        raise ProductError(missing.where, missing.what, ORDER_AGAIN) from missing
    what = f"the polynomials put the corners up to {apart:.0f} pixels from where they are"
    raise ProductError(f"{leader.path}, polynomials to pixels", what, ORDER_AGAIN)


@dataclass(frozen=True)
class MapGrid:
    """Pixels at equal steps on a projection.

    crs: as PROJ takes it; origin: (2,) x, y of line 0, sample 0; steps: (2, 2), m; columns: of a
    line and of a sample.
    """

    name: str
    crs: str
    origin: Array
    steps: Array

    def to_ground(self, line: Array, sample: Array) -> tuple[Array, Array]:
        """Latitude and longitude (degrees) of pixels."""
        pixels = np.stack(np.broadcast_arrays(np.asarray(line, float), np.asarray(sample, float)))
        x, y = np.tensordot(self.steps, pixels, axes=1) + self.origin.reshape(
            2, *(1,) * (pixels.ndim - 1)
        )
        longitude, latitude = _projection(self.crs).transform(x, y, direction="INVERSE")
        return np.asarray(latitude), np.asarray(longitude)

    def to_pixel(self, latitude: Array, longitude: Array) -> tuple[Array, Array]:
        """Line and sample of places."""
        places = np.stack(
            np.broadcast_arrays(*_projection(self.crs).transform(longitude, latitude))
        )
        apart = places - self.origin.reshape(2, *(1,) * (places.ndim - 1))
        line, sample = np.tensordot(np.linalg.inv(self.steps), apart, axes=1)
        return np.asarray(line), np.asarray(sample)


@cache
def _projection(crs: str) -> Transformer:
    return Transformer.from_crs("EPSG:4326", crs, always_xy=True)


def _corner_pixels(shape: tuple[int, int]) -> Array:
    """Line and sample of the corners in the record's order: (4, 2)."""
    line, sample = shape[0] - 1.0, shape[1] - 1.0
    return np.array([[0.0, 0.0], [0.0, sample], [line, sample], [line, 0.0]])


def _corners(leader: Leader) -> Array | None:
    """Latitude and longitude of the corners (4, 2); None if the record or a corner is missing."""
    if not leader.all_of(20):
        return None
    record = leader.all_of(20)[0]
    try:
        values = [record.number(CORNERS_AT + 16 * k, 16, "corner", -360, 360) for k in range(8)]
    except ProductError:
        return None
    corners = np.array(values).reshape(4, 2)
    if np.abs(corners[:, 0]).max() >= 90 or not np.ptp(corners, axis=0).all():
        return None
    return corners


def _grid(record: Record, corners: Array, shape: tuple[int, int]) -> MapGrid | None:
    """The grid on the named projection that the corners lie on; None if they lie on none."""
    try:
        spacing = [record.number(at, 16, "pixel spacing", 1.0, 1000.0) for at in SPACING_AT]
        name = record.text(PROJECTION_AT, 32, "map projection").upper()
        zone = record.text(ZONE_AT, 4, "UTM zone")
    except ProductError:
        return None
    south = corners[:, 0].mean() < 0
    polar = "UPS" in name or "PS" in name.split("-")[0] or "POLAR" in name
    if name.startswith("UTM") and zone.isdigit() and 1 <= int(zone) <= 60:
        label = f"UTM zone {int(zone)} {'S' if south else 'N'}"
        crs = f"+proj=utm +zone={int(zone)} +ellps=GRS80 {'+south' if south else ''}"
    elif polar:
        label = "a polar stereographic projection"
        # Another latitude of true scale or meridian only scales and turns the grid.
        crs = f"+proj=stere +lat_0={-90 if south else 90} +ellps=GRS80"
    else:
        return None
    at = np.column_stack([np.ones(4), _corner_pixels(shape)])
    try:
        places = np.column_stack(_projection(crs).transform(corners[:, 1], corners[:, 0]))
        solution = np.linalg.lstsq(at, places, rcond=None)[0]
    except (ProjError, np.linalg.LinAlgError):
        return None
    steps = np.linalg.norm(solution[1:], axis=1)
    if not (np.isfinite(solution).all() and steps.all()):
        return None
    miss = np.abs(at @ solution - places).max()
    # Whether byte 93 is the step between lines or samples is written both ways: they are equal.
    fits = any(_same_steps(steps, order, shape, polar) for order in (spacing, spacing[::-1]))
    if miss > GRID_TOLERANCE * steps.min() or not fits:
        return None
    matrix = solution[1:].T
    if abs(np.linalg.det(matrix)) < 0.5 * steps.prod():
        return None
    return MapGrid(label, crs, solution[0], matrix)


def _same_steps(steps: Array, stated: list[float], shape: tuple[int, int], any_scale: bool) -> bool:
    """Whether the grid's steps are the stated ones, or all of one multiple of them."""
    ratios = steps / np.array(stated)
    if any_scale:
        ratios = ratios / ratios.mean()
    return bool((np.abs(ratios - 1) * (np.array(shape) - 1) <= SPACING_TOLERANCE_PX).all())
