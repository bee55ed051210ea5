"""intensity.tif and its sidecar: a multilooked scene between two rules of the workflow.

The GeoTIFF holds float32 intensity in radar geometry, without a place on the map; NaN is no data.
The JSON beside it (intensity.json) holds orbit, geometry and facts.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError

from calvingfront.errors import ProductError
from calvingfront.files import read_json, replacing, write_json
from calvingfront.products.model import (
    AzimuthTime,
    GroundRange,
    MapGeometry,
    RadarGeometry,
    SlantRange,
    StateVectors,
)
from calvingfront.sar.multilook import Multilooked

CREATION = {"compress": "zstd", "zstd_level": 1, "tiled": False, "blockysize": 256}


def write_intensity(scene: Multilooked, path: str | os.PathLike[str], threads: int = 1) -> None:
    """Write the image, then its sidecar.

    Raises ProductError for a product on a map grid: its polynomials are functions of the reader,
    not numbers to be written; multilook and geocode it in one go.
    """
    path = Path(path)
    if isinstance(scene.geometry, MapGeometry):
        raise ProductError(
            path,
            "would hold a product on a map grid, whose geometry cannot be written",
            "Geocode the multilooked scene in the same process.",
        )
    lines, samples = scene.intensity.shape
    with warnings.catch_warnings(), replacing(path) as temporary:
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(
            temporary,
            "w",
            driver="GTiff",
            height=lines,
            width=samples,
            count=1,
            dtype="float32",
            nodata=np.nan,
            num_threads=threads,
            **CREATION,
        ) as dataset:
            dataset.write(scene.intensity, 1)
    geometry = scene.geometry
    write_json(
        path.with_suffix(".json"),
        {
            "kind": scene.kind,
            "shape": [lines, samples],
            "looks": list(scene.looks),
            "mean_height_m": None if np.isnan(scene.mean_height_m) else scene.mean_height_m,
            "facts": scene.facts,
            "orbit": _plain(asdict(scene.orbit)),
            "look_side": geometry.look_side,
            "azimuth": asdict(geometry.azimuth),
            "range": _plain(asdict(geometry.range)),
        },
    )


def read_intensity(path: str | os.PathLike[str], threads: int = 1) -> Multilooked:
    """Read what write_intensity wrote. Raises ProductError where a file is missing or damaged."""
    path = Path(path)
    try:
        content = read_json(path.with_suffix(".json"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(path, num_threads=threads) as dataset:
                intensity = dataset.read(1)
        orbit = content["orbit"]
        vectors = StateVectors(
            datetime.fromisoformat(orbit["epoch"]),
            np.array(orbit["times_s"]),
            np.array(orbit["positions_m"]),
            np.array(orbit["velocities_m_s"]),
            orbit["source"],
        )
        ranges: dict[str, Any] = {
            key: np.array(value) if isinstance(value, list) else value
            for key, value in content["range"].items()
        }
        geometry = RadarGeometry(
            AzimuthTime(**content["azimuth"]),
            GroundRange(**ranges) if "coefficients" in ranges else SlantRange(**ranges),
            content["look_side"],
        )
        if list(intensity.shape) != content["shape"]:
            raise ValueError(f"{intensity.shape} pixels instead of {content['shape']}")
        height = content["mean_height_m"]
        return Multilooked(
            intensity,
            content["kind"],
            vectors,
            geometry,
            (content["looks"][0], content["looks"][1]),
            float("nan") if height is None else height,
            content["facts"],
        )
    except (OSError, RasterioError, ValueError, KeyError, TypeError) as error:
        raise ProductError(
            path, f"cannot be read ({error})", "Multilook the scene again."
        ) from None


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, np.ndarray):
        return value.tolist()
    return value.isoformat() if isinstance(value, datetime) else value
