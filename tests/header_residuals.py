"""How far the ground points of the real headers lie from where orbit and timing put them.

The readers are the library's; places are turned into time and range by the tests' own solver.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from calvingfront.products.ceos import ers as ers_ceos
from calvingfront.products.ceos import radarsat1_asf
from calvingfront.products.ceos.orbit import seconds_since, state_vectors
from calvingfront.products.ceos.records import Leader, scene_time
from calvingfront.products.envisat import reader as envisat
from calvingfront.products.sentinel1 import reader as sentinel1
from calvingfront.products.terrasar import reader as terrasar
from calvingfront.products.terrasar.grid import read_grid
from calvingfront.products.xml_reading import XmlFields
from calvingfront.radar.model import (
    SPEED_OF_LIGHT,
    AzimuthTime,
    GroundPoints,
    Product,
    RadarGeometry,
    SlantRange,
    StateVectors,
)
from zero_doppler import Field, solve

EARTH_RADIUS_M = 6.371e6


@dataclass(frozen=True)
class Residuals:
    """Of one header's points (n,): along the ground track and in slant range, m.

    along_m: the orbit's time less the header's; across_m: the orbit's range less the header's.
    """

    header: str
    points: str
    along_m: Field
    across_m: Field | None


def residuals(
    header: str,
    orbit: StateVectors,
    points: GroundPoints,
    time_s: Field,
    slant_range_m: Field | None,
    what: str,
) -> Residuals:
    """Compare the points' places with the times and ranges that the header gives them."""
    middle = float(time_s.mean())
    time, slant = solve(orbit, points.latitude, points.longitude, points.height, middle)
    nearest = int(np.argmin(np.abs(orbit.times_s - middle)))
    speed = np.linalg.norm(orbit.velocities_m_s[nearest])
    speed *= EARTH_RADIUS_M / np.linalg.norm(orbit.positions_m[nearest])
    across = None if slant_range_m is None else slant - slant_range_m
    return Residuals(header, f"{time.size} {what}", (time - time_s) * speed, across)


def by_pixel(
    header: str, orbit: StateVectors, points: GroundPoints, geometry: RadarGeometry, what: str
) -> Residuals:
    """The same with the times and ranges of the points' lines and samples: the image's geometry."""
    time_s = geometry.azimuth.time(points.line)
    across = geometry.range.slant_range(points.sample, time_s)
    return residuals(header, orbit, points, time_s, across, what)


def of_product(header: str, product: Product, what: str) -> Residuals:
    """Residuals of a product that is read whole."""
    assert isinstance(product.geometry, RadarGeometry)
    assert product.ground_points is not None
    return by_pixel(header, product.orbit, product.ground_points, product.geometry, what)


def places(line: Field, sample: Field, latitude: Field, longitude: Field) -> GroundPoints:
    """Ground points at height 0, of which only the place is known."""
    unknown = np.full(len(line), np.nan)
    return GroundPoints(line, sample, latitude, longitude, np.zeros(len(line)), unknown, unknown)


def asar(folder: Path) -> Residuals:
    """ASAR IMS: its geolocation grid."""
    (path,) = (folder / "envisat-asar-ims").glob("*.N1")
    return of_product("ASAR IMS", envisat.read(path), "tie points")


def ers1(folder: Path) -> Residuals:
    """ERS-1 SLC leader: its corners, to 1e-6 degree."""
    leader = Leader.open(next((folder / "ers1-ims-ceos").rglob("LEA_01.001")))
    orbit, _ = state_vectors(leader.one(30, "platform position"))
    shape = (26567, 4991)
    geometry, _ = ers_ceos.read_geometry(leader, orbit, shape, True)
    points = ers_ceos.corners(leader, shape)
    assert points is not None
    return by_pixel("ERS-1 SLC, CEOS leader", orbit, points, geometry, "corners")


def ers2_words(folder: Path) -> dict[str, str]:
    """What another program read from an ERS-2 SLC leader, by its key words."""
    words = {}
    rows = (folder / "ers2-slc-otb" / "ers2-1.geom").read_text(encoding="utf-8").splitlines()
    for row in rows:
        key, _, value = row.partition(":")
        words[key.strip()] = value.strip(' "')
    return words


def ers2_geometry(words: dict[str, str]) -> tuple[StateVectors, RadarGeometry]:
    """Orbit and geometry by the key words, which hold the scene centre's time only."""
    count = int(words["neph"])
    vectors = np.array(
        [
            [float(words[f"eph{k}_{a}{b}"]) for a in ("pos", "vel") for b in "XYZ"]
            for k in range(count)
        ]
    )
    # The step is rounded to 1 ms in this list: the vectors themselves tell it better.
    step = np.linalg.norm(vectors[1, :3] - vectors[0, :3]) / np.linalg.norm(
        (vectors[0, 3:] + vectors[1, 3:]) / 2
    )
    assert abs(step - float(words["eph_int"])) < 1e-3
    times = float(words["eph_sec"]) + step * np.arange(count)
    orbit = StateVectors(datetime(2002, 7, 27), times, vectors[:, :3], vectors[:, 3:])
    text = words["inp_sctim"]
    centre = datetime.strptime(text[:14], "%Y%m%d%H%M%S") + timedelta(seconds=int(text[14:]) / 1e3)
    middle = (centre - orbit.epoch).total_seconds()
    interval = 1 / float(words["fa"])
    azimuth = AzimuthTime(middle - interval * (int(words["num_lines"]) - 1) / 2, interval)
    near = float(words["zero_dop_range_time_f_pixel"]) * 1e-3
    across = SlantRange(near, 1e-6 / float(words["fr"]))
    return orbit, RadarGeometry(azimuth, across, "right")


def ers2(folder: Path) -> Residuals:
    """ERS-2 SLC key words: its corners, to 0.001 degree."""
    words = ers2_words(folder)
    orbit, geometry = ers2_geometry(words)
    ends = {"line": int(words["num_lines"]) - 1.0, "pixel": int(words["num_pix"]) - 1.0}
    rows = [
        (
            ends["line"] * (edge == "last"),
            ends["pixel"] * (end == "last"),
            *(float(words[f"{edge}_line_{end}_pixel_{axis}"]) for axis in ("lat", "lon")),
        )
        for edge in ("first", "last")
        for end in ("first", "last")
    ]
    points = places(*np.array(rows).T)
    return by_pixel("ERS-2 SLC, key words of a leader", orbit, points, geometry, "corners")


def radarsat1(folder: Path) -> Residuals:
    """RADARSAT-1 ASF leader: its corners."""
    leader = Leader.open(folder / "rsat1-ceos" / "R1_26161_FN1_F164.L")
    orbit, _ = state_vectors(leader.one(30, "platform position"))
    shape = (8192, 8192)
    geometry = radarsat1_asf.read_geometry(leader, orbit, shape)
    points = radarsat1_asf.corners(leader, shape)
    assert points is not None
    return by_pixel("RADARSAT-1 Fine, ASF leader", orbit, points, geometry, "corners")


def alos2(folder: Path) -> Residuals:
    """ALOS-2 1.5 leader: the scene centre and its time, to 1 ms."""
    (path,) = (folder / "alos2-ceos").glob("*.zip")
    with zipfile.ZipFile(path) as archive, tempfile.TemporaryDirectory() as unpacked:
        (name,) = (name for name in archive.namelist() if name.startswith("LED"))
        leader = Leader.open(Path(archive.extract(name, unpacked)))
    orbit, _ = state_vectors(leader.one(30, "platform position"))
    summary = leader.summary
    stated = seconds_since(orbit, scene_time(summary), summary, "scene centre time")
    latitude, longitude = (summary.number(at, 16, "centre", -180, 180) for at in (117, 133))
    one = np.zeros(1)
    centre = places(one, one, np.array([latitude]), np.array([longitude]))
    return residuals("ALOS-2 1.5, leader", orbit, centre, one + stated, None, "scene centre")


def terrasar_raw(folder: Path) -> Residuals:
    """TerraSAR-X SSC: GEOREF.xml with the times as annotated."""
    product = terrasar.read(folder / "tsx-ssc")
    path = folder / "tsx-ssc" / "ANNOTATION" / "GEOREF.xml"
    grid = read_grid(XmlFields.parse(path.read_bytes(), path), product.orbit.epoch)
    unknown = np.full(grid.latitude.size, np.nan)
    points = GroundPoints(
        unknown, unknown, grid.latitude, grid.longitude, grid.height, unknown, unknown
    )
    across = SPEED_OF_LIGHT / 2 * grid.slant_range_s
    name = "TerraSAR-X SSC, times as annotated"
    return residuals(name, product.orbit, points, grid.azimuth_s, across, "points")


def terrasar_corrected(folder: Path) -> Residuals:
    """TerraSAR-X SSC as it is read: signal delays taken off."""
    product = terrasar.read(folder / "tsx-ssc")
    return of_product("TerraSAR-X SSC, signal delays taken off", product, "points")


def sentinel1_grid(folder: Path) -> Residuals:
    """Sentinel-1 GRDH: its geolocation grid."""
    (path,) = (folder / "s1-grdh-rome").glob("*.SAFE")
    return of_product("Sentinel-1B GRDH", sentinel1.read(path), "points")


HEADERS = (
    asar, ers1, ers2, radarsat1, alos2, terrasar_raw, terrasar_corrected, sentinel1_grid
)  # fmt: skip


def table(folder: Path) -> Iterator[str]:
    """Lines of a Markdown table: mean ± standard deviation for every header in the folder."""
    yield "| header | points | along, m | across, m |"
    yield "|---|---|---:|---:|"
    for of_header in HEADERS:
        found = of_header(folder)
        cells = [found.header, found.points, _spread(found.along_m), _spread(found.across_m)]
        yield f"| {' | '.join(cells)} |"


def _spread(values: Field | None) -> str:
    if values is None:
        return "–"
    digits = 3 if np.abs(values).max() < 3 else 2 if np.abs(values).max() < 20 else 0
    mean = f"{values.mean():.{digits}f}".replace("-", "−")
    return mean if values.size == 1 else f"{mean} ± {values.std():.{digits}f}"
