"""Product metadata as product.json: everything that calibration and geocoding need.

Pixels stay in the product's files, and so do ground control points (they serve only the checks,
which are done at ingestion). The polynomials of a map geometry are read again from the product's
headers. Numbers are restored bit for bit.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from calvingfront.errors import ProductError
from calvingfront.files import PathLike
from calvingfront.products.registry import open_product
from calvingfront.radar.model import (
    Array,
    AzimuthTime,
    Calibration,
    DopplerCentroid,
    GroundRange,
    MapGeometry,
    Pixels,
    Product,
    RadarGeometry,
    SlantRange,
    StateVectors,
)
from calvingfront.storage.sealed import read_record, reading, write_record

VERSION = 2
REMEDY = "Remove it and rerun ingest_product."


class NoPixels:
    """Placeholder for the pixels of a product if only its metadata were read."""

    def __init__(self, path: Path, shape: tuple[int, int], is_complex: bool) -> None:
        self.path = path
        self.shape = shape
        self.is_complex = is_complex

    def read(self, first: int, count: int) -> Pixels:
        """Raise ProductError: there are no pixels."""
        what = f"was read for its metadata only, without lines {first} … {first + count - 1}"
        raise ProductError(self.path, what, "Open the product itself for its pixels.")


def write_product_json(path: PathLike, product: Product) -> None:
    """Write the metadata, atomically."""
    write_record(path, product_to_dict(product))


def read_product_json(path: PathLike) -> Product:
    """Read the metadata; reading `pixels` raises ProductError, `ground_points` is None."""
    content = read_record(path)
    if content.get("version") != VERSION:
        what = f"has version {content.get('version')!r}, but only {VERSION} is supported"
        raise ProductError(path, what, REMEDY)
    with reading(path):
        return product_from_dict(content)


def product_to_dict(product: Product) -> dict[str, Any]:
    """Return the metadata as numbers, strings, lists and dictionaries."""
    orbit, calibration = product.orbit, product.calibration
    mean_height = product.mean_height_m
    return {
        "version": VERSION,
        "path": str(product.path),
        "files": [str(file) for file in product.files],
        "format": product.format,
        "mission": product.mission,
        "platform": product.platform,
        "level": product.level,
        "acquired": product.acquired.isoformat(),
        "polarisation": product.polarisation,
        "pass_direction": product.pass_direction,
        "lines": product.shape[0],
        "samples": product.shape[1],
        "is_complex": product.is_complex,
        "looks": list(product.looks),
        "radar_frequency_hz": product.radar_frequency_hz,
        "beam": product.beam,
        "mean_height_m": mean_height if np.isfinite(mean_height) else None,
        "notes": list(product.notes),
        "orbit": {
            "source": orbit.source,
            "epoch": orbit.epoch.isoformat(),
            "times_s": orbit.times_s.tolist(),
            "positions_m": orbit.positions_m.tolist(),
            "velocities_m_s": orbit.velocities_m_s.tolist(),
        },
        "geometry": _geometry_to_dict(product.geometry),
        "calibration": {
            "kind": calibration.kind,
            "offset": calibration.offset,
            "lines": calibration.lines.tolist(),
            "samples": calibration.samples.tolist(),
            "gains": calibration.gains.tolist(),
        },
    }


def _geometry_to_dict(geometry: RadarGeometry | MapGeometry) -> dict[str, Any]:
    if isinstance(geometry, MapGeometry):
        return {"kind": "map", "look_side": geometry.look_side}
    return {
        "kind": "radar",
        "look_side": geometry.look_side,
        "azimuth": {
            "first_s": geometry.azimuth.first_s,
            "interval_s": geometry.azimuth.interval_s,
        },
        "range": _range_to_dict(geometry.range),
        "doppler": doppler_to_dict(geometry.doppler),
    }


def doppler_to_dict(doppler: DopplerCentroid | None) -> dict[str, Any] | None:
    """Return a Doppler centroid as numbers and lists."""
    if doppler is None:
        return None
    return {
        "wavelength_m": doppler.wavelength_m,
        "origin_m": doppler.origin_m,
        "coefficients": doppler.coefficients.tolist(),
    }


def doppler_from_dict(content: dict[str, Any] | None) -> DopplerCentroid | None:
    """Restore what `doppler_to_dict` returned."""
    if content is None:
        return None
    return DopplerCentroid(
        float(content["wavelength_m"]),
        float(content["origin_m"]),
        _array(content["coefficients"], 1),
    )


def _range_to_dict(in_range: SlantRange | GroundRange) -> dict[str, Any]:
    if isinstance(in_range, SlantRange):
        return {
            "kind": "slant",
            "first_time_s": in_range.first_time_s,
            "interval_s": in_range.interval_s,
        }
    return {
        "kind": "ground",
        "first_m": in_range.first_m,
        "spacing_m": in_range.spacing_m,
        "times_s": in_range.times_s.tolist(),
        "origins_m": in_range.origins_m.tolist(),
        "coefficients": in_range.coefficients.tolist(),
    }


def product_from_dict(content: dict[str, Any]) -> Product:
    """Restore a product from a dictionary made by `product_to_dict`.

    Raises KeyError, TypeError or ValueError for anything else.
    """
    orbit, geometry, calibration = (content[key] for key in ("orbit", "geometry", "calibration"))
    path = Path(content["path"])
    shape = (int(content["lines"]), int(content["samples"]))
    mean_height = content["mean_height_m"]
    return Product(
        path=path,
        files=tuple(Path(file) for file in content["files"]),
        format=content["format"],
        mission=content["mission"],
        platform=content["platform"],
        level=content["level"],
        acquired=datetime.fromisoformat(content["acquired"]),
        polarisation=content["polarisation"],
        pass_direction=content["pass_direction"],
        shape=shape,
        is_complex=content["is_complex"],
        looks=(float(content["looks"][0]), float(content["looks"][1])),
        radar_frequency_hz=float(content["radar_frequency_hz"]),
        orbit=StateVectors(
            datetime.fromisoformat(orbit["epoch"]),
            _array(orbit["times_s"], 1),
            _array(orbit["positions_m"], 2),
            _array(orbit["velocities_m_s"], 2),
            orbit["source"],
        ),
        geometry=_geometry_from_dict(geometry, path, content["polarisation"]),
        calibration=Calibration(
            calibration["kind"],
            _array(calibration["gains"], 2),
            _array(calibration["lines"], 1),
            _array(calibration["samples"], 1),
            float(calibration["offset"]),
        ),
        pixels=NoPixels(path, shape, content["is_complex"]),
        mean_height_m=float("nan") if mean_height is None else float(mean_height),
        beam=content["beam"],
        notes=tuple(content["notes"]),
    )


def _geometry_from_dict(
    content: dict[str, Any], path: Path, polarisation: str
) -> RadarGeometry | MapGeometry:
    if content["kind"] == "map":
        return open_product(path, polarisation).geometry
    azimuth = content["azimuth"]
    return RadarGeometry(
        AzimuthTime(float(azimuth["first_s"]), float(azimuth["interval_s"])),
        _range_from_dict(content["range"]),
        content["look_side"],
        doppler_from_dict(content["doppler"]),
    )


def _range_from_dict(content: dict[str, Any]) -> SlantRange | GroundRange:
    if content["kind"] == "slant":
        return SlantRange(float(content["first_time_s"]), float(content["interval_s"]))
    return GroundRange(
        float(content["first_m"]),
        float(content["spacing_m"]),
        _array(content["times_s"], 1),
        _array(content["origins_m"], 1),
        _array(content["coefficients"], 2),
    )


def _array(values: Any, dimensions: int) -> Array:
    array = np.array(values, dtype=np.float64)
    if array.ndim != dimensions:
        raise ValueError(f"{array.ndim} dimensions instead of {dimensions}")
    return array
