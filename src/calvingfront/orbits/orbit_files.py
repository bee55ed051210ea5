"""External orbit files: DORIS (Envisat), Delft arcs (ERS, Envisat), EOF (Sentinel-1; see eof).

DORIS VOR (precise) and POR (preliminary): an Envisat header and one text line per minute with
position and velocity, Earth-fixed, UTC. Source: Envisat-1 Products Specifications, volume 7.
Delft ODR arcs: binary, with latitude, longitude and height every minute. They contain no velocity:
it is the derivative of a polynomial through eleven positions, whose rounding (1e-7°, 1 cm) leaves
noise of about 0.2 mm/s. Source: Delft Institute for Earth-Oriented Space Research, ODR format
notes.
"""

from __future__ import annotations

import logging
import zipfile
import zlib
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.interpolate import KroghInterpolator

from calvingfront.errors import OrbitError
from calvingfront.files import PathLike
from calvingfront.orbits.earth import to_earth_fixed
from calvingfront.orbits.eof import check_satellite, check_validity, is_eof, read_eof
from calvingfront.orbits.orbit import MARGIN_S, fit_orbit
from calvingfront.orbits.scene_orbit import scene_orbit
from calvingfront.radar.model import Array, Product, RadarGeometry, StateVectors

log = logging.getLogger(__name__)

ANOTHER_SATELLITE_M = 10_000.0  # predicted orbits are at most 1 km off
AROUND = 5  # vectors kept before and after the scene
DERIVATIVE_POINTS = 11
DORIS_FIELDS = 11  # of a line; the last is the quality
ODR_EPOCH = datetime(1985, 1, 1)
ODR_RECORD_BYTES = 16
GZIP = b"\x1f\x8b"
LARGEST_BYTES = 64 << 20  # of DORIS 0.3 MB, of Sentinel-1 5 MB
FETCH = "Fetch the file again, or another one that covers the scene."


def with_orbit_file(product: Product, path: PathLike) -> Product:
    """Return the product with the state vectors of an orbit file instead of the annotated ones.

    Raises OrbitError if the file cannot be used (see read_orbit_file), or if it differs from the
    annotated orbit by more than 10 km: it then belongs to another satellite.
    """
    try:
        annotated = scene_orbit(product.orbit, product.geometry, product.shape)
    except OrbitError as error:
        if not isinstance(product.geometry, RadarGeometry):
            raise
        lines = np.array([0.0, product.shape[0] - 1.0])
        start, stop = np.sort(product.geometry.azimuth.time(lines))
        log.warning(
            "%s is not compared with the annotated orbit, which is unusable: %s", path, error
        )
        return replace(
            product,
            orbit=read_orbit_file(path, product.orbit.epoch, start, stop, product.platform),
        )
    start, stop = annotated.start_s + MARGIN_S, annotated.stop_s - MARGIN_S
    vectors = read_orbit_file(path, product.orbit.epoch, start, stop, product.platform)
    middle = (start + stop) / 2
    apart = fit_orbit(vectors, start, stop).position(middle) - annotated.position(middle)
    distance = float(np.linalg.norm(apart))
    if distance > ANOTHER_SATELLITE_M:
        raise OrbitError(
            path,
            f"differs by {distance / 1000:.0f} km from the orbit annotated in {product.path.name}",
            "Give the orbit file of the satellite that acquired the scene.",
        )
    return replace(product, orbit=vectors)


def read_orbit_file(
    path: PathLike, epoch: datetime, start_s: float, stop_s: float, platform: str | None = None
) -> StateVectors:
    """State vectors around the scene from a DORIS, ODR or EOF file, or from a zip or gzip of one.

    epoch: UTC, of the scene's times; start_s, stop_s: its first and last azimuth time since then.
    platform: the product's satellite; an EOF file names its own.
    Raises OrbitError if the file has another format, is truncated, does not cover the scene or
    belongs to another satellite.
    """
    path = Path(path)
    content = _content(path)
    if content[:4] in (b"@ODR", b"xODR"):
        records = _odr_records(path, content)
        times = _seconds([ODR_EPOCH + timedelta(seconds=int(s)) for s in records[:, 0]], epoch)
        chosen = _around(path, epoch, times, start_s, stop_s)
        positions = _odr_positions(records, scale=1e-7 if content[:1] == b"x" else 1e-6)
        velocities = np.stack([_derivative(times, positions, index) for index in chosen])
        return StateVectors(epoch, times[chosen], positions[chosen], velocities, path.name)
    if content[:9] == b'PRODUCT="' and b'DS_NAME="DORIS PRE' in content[:4096]:
        moments, states = _doris_records(path, content)
        times = _seconds(moments, epoch)
        chosen = _around(path, epoch, times, start_s, stop_s)
        return StateVectors(epoch, times[chosen], states[chosen, :3], states[chosen, 3:], path.name)
    if is_eof(content):
        orbit = read_eof(path, content)
        check_satellite(path, orbit, platform)
        first, last = (epoch + timedelta(seconds=s) for s in (start_s, stop_s))
        check_validity(path, orbit, first, last)
        times = _seconds(orbit.moments, epoch)
        chosen = _around(path, epoch, times, start_s, stop_s)
        if not all(orbit.nominal[k] for k in chosen):
            log.warning("%s marks state vectors about the scene as not nominal", path.name)
        states = orbit.states[chosen]
        return StateVectors(epoch, times[chosen], states[:, :3], states[:, 3:], path.name)
    raise OrbitError(
        path,
        "is neither a DORIS orbit (VOR, POR), a Delft arc (ODR) nor a Sentinel-1 orbit (EOF)",
        "Give one of these, or use the product's own orbit.",
    )


def _content(path: Path) -> bytes:
    try:
        if not zipfile.is_zipfile(path):
            content = path.read_bytes()
            return _gunzipped(content) if content[:2] == GZIP else content
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
            if len(names) != 1:
                raise OrbitError(
                    path, f"contains {len(names)} files, not one", "Unpack it and name the file."
                )
            if archive.getinfo(names[0]).file_size > LARGEST_BYTES:
                raise EOFError("too long for an orbit")
            return archive.read(names[0])
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise OrbitError(path, f"cannot be read ({error})", FETCH) from None


def _gunzipped(content: bytes) -> bytes:
    unpacked = zlib.decompressobj(wbits=31).decompress(content, LARGEST_BYTES)
    if len(unpacked) == LARGEST_BYTES:
        raise EOFError("too long for an orbit")
    return unpacked


def _doris_records(path: Path, content: bytes) -> tuple[list[datetime], Array]:
    if b"\r\n" in content[:2048]:  # a transfer as text has changed the ends of lines
        content = content.replace(b"\r\n", b"\n")
    try:
        header = {
            key: value
            for line in content[:2048].decode("ascii", "replace").splitlines()
            for key, _, value in [line.partition("=")]
        }
        offset, size, count = (
            int(header[key].split("<")[0]) for key in ("DS_OFFSET", "DS_SIZE", "NUM_DSR")
        )
        lines = content[offset : offset + size].decode("ascii").splitlines()
        rows = [row for row in map(str.split, lines) if len(row) >= DORIS_FIELDS]
        moments = [datetime.strptime(f"{r[0]} {r[1]}", "%d-%b-%Y %H:%M:%S.%f") for r in rows]
        states = np.array([[float(field) for field in row[4:10]] for row in rows])
    except (KeyError, IndexError, ValueError) as error:
        raise OrbitError(path, f"is not a complete DORIS orbit ({error})", FETCH) from None
    if len(rows) != count or states.shape != (count, 6):
        raise OrbitError(path, f"contains {len(rows)} of {count} vectors", FETCH)
    return moments, states


def _odr_records(path: Path, content: bytes) -> Array:
    """Time, latitude, longitude, height as integers (n, 4)."""
    numbers = np.frombuffer(content[: len(content) // 16 * 16], ">i4").reshape(-1, 4)
    count = int(numbers[1, 2]) if len(numbers) > 1 else 0
    if len(numbers) - 2 < count or not count:
        raise OrbitError(path, f"contains {max(0, len(numbers) - 2)} of {count} vectors", FETCH)
    if count < DERIVATIVE_POINTS:
        what = f"contains {count} vectors, too few for velocities ({DERIVATIVE_POINTS} are needed)"
        raise OrbitError(path, what, FETCH)
    return numbers[2 : 2 + count].astype(np.float64)


def _odr_positions(records: Array, scale: float) -> Array:
    latitude, longitude = records[:, 1] * scale, records[:, 2] * scale
    return to_earth_fixed(longitude, latitude, records[:, 3] * 1e-3)


def _derivative(times: Array, positions: Array, index: int) -> Array:
    """Velocity (3,) at one of the times, from the positions around it."""
    first = int(np.clip(index - DERIVATIVE_POINTS // 2, 0, len(times) - DERIVATIVE_POINTS))
    window = slice(first, first + DERIVATIVE_POINTS)
    scale = times[window][-1] - times[window][0]
    through = KroghInterpolator((times[window] - times[index]) / scale, positions[window])
    return np.asarray(through.derivative(0.0) / scale, dtype=np.float64)


def _seconds(moments: list[datetime], epoch: datetime) -> Array:
    return np.array([(moment - epoch).total_seconds() for moment in moments])


def _around(
    path: Path, epoch: datetime, times: Array, start_s: float, stop_s: float
) -> npt.NDArray[np.intp]:
    """Indices of the vectors around the scene. Raises OrbitError if it is not covered."""
    first = int(np.searchsorted(times, start_s, "right")) - 1
    last = int(np.searchsorted(times, stop_s, "left"))
    if first < 0 or last >= len(times):
        held = [(epoch + timedelta(seconds=float(t))).isoformat(" ") for t in times[[0, -1]]]
        scene = (epoch + timedelta(seconds=start_s)).isoformat(" ")
        raise OrbitError(
            path,
            f"covers {held[0]} to {held[1]}, but the scene was acquired at {scene}",
            "Give an orbit file that covers the scene.",
        )
    return np.arange(max(0, first - AROUND), min(len(times), last + AROUND + 1))
