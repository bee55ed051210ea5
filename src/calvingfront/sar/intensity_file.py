"""intensity.tif and its sidecar: a multilooked scene, passed between two rules of the workflow.

The GeoTIFF contains float32 intensity in radar geometry, not georeferenced; NaN is no data. It is
the image's part `window`. The JSON beside it (intensity.json) contains orbit, geometry and facts.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import rasterio

from calvingfront.errors import DamagedFileError, ProductError
from calvingfront.files import PathLike
from calvingfront.geofiles.whole_rasters import CRC_TAG, pixels_crc, read_checked, replacing_raster
from calvingfront.products.product_json import (
    doppler_from_dict,
    doppler_to_dict,
    read_product_json,
)
from calvingfront.radar.model import (
    AzimuthTime,
    GroundRange,
    MapGeometry,
    RadarGeometry,
    SlantRange,
    StateVectors,
)
from calvingfront.sar.coverage import Window
from calvingfront.sar.looks import multilooked_geometry
from calvingfront.sar.multilook import Multilooked
from calvingfront.storage.sealed import read_record, reading, write_record

CREATION = {"compress": "zstd", "zstd_level": 1, "tiled": False, "blockysize": 256}


def write_intensity(scene: Multilooked, path: PathLike, threads: int = 1) -> None:
    """Write the image, then its sidecar.

    The geometry of a product on a map grid is not written: its polynomials are functions of the
    product's reader, and `read_intensity` gets them through product.json.
    """
    path = Path(path)
    lines, samples = scene.intensity.shape
    profile = {"height": lines, "width": samples, "count": 1, "dtype": "float32"} | CREATION
    tags = {CRC_TAG: pixels_crc(scene.intensity)}
    with (
        replacing_raster(path, [scene.intensity], tags) as temporary,
        rasterio.open(
            temporary, "w", driver="GTiff", nodata=np.nan, num_threads=threads, **profile
        ) as dataset,
    ):
        dataset.update_tags(**tags)
        dataset.write(scene.intensity, 1)
    geometry = scene.geometry
    timing = (
        {}
        if isinstance(geometry, MapGeometry)
        else {
            "azimuth": asdict(geometry.azimuth),
            "range": _plain(asdict(geometry.range)),
            "doppler": doppler_to_dict(geometry.doppler),
        }
    )
    write_record(
        path.with_suffix(".json"),
        {
            "kind": scene.kind,
            "shape": list(scene.shape),
            "window": asdict(scene.window),
            "looks": list(scene.looks),
            "mean_height_m": None if np.isnan(scene.mean_height_m) else scene.mean_height_m,
            "facts": scene.facts,
            "orbit": _plain(asdict(scene.orbit)),
            "look_side": geometry.look_side,
            **timing,
        },
    )


def read_intensity(
    path: PathLike,
    threads: int = 1,
    product: PathLike | None = None,
) -> Multilooked:
    """Read what write_intensity wrote.

    product: the scene's product.json; only a product on a map grid needs it.
    Raises DamagedFileError if a file is damaged, ProductError if the product is missing.
    """
    path = Path(path)
    sidecar = path.with_suffix(".json")
    content = read_record(sidecar)
    intensity = read_checked(path, threads)
    with reading(sidecar):
        orbit = content["orbit"]
        vectors = StateVectors(
            datetime.fromisoformat(orbit["epoch"]),
            np.array(orbit["times_s"]),
            np.array(orbit["positions_m"]),
            np.array(orbit["velocities_m_s"]),
            orbit["source"],
        )
        looks = (int(content["looks"][0]), int(content["looks"][1]))
        geometry = _geometry(content, looks, product, path)
        height = content["mean_height_m"]
        scene = Multilooked(
            intensity,
            content["kind"],
            vectors,
            geometry,
            looks,
            float("nan") if height is None else height,
            content["facts"],
            Window(**content["window"]),
            (int(content["shape"][0]), int(content["shape"][1])),
        )
        shape = scene.window.shape
    if intensity.shape != shape:
        raise DamagedFileError.of(path, f"{intensity.shape} pixels instead of {shape}")
    return scene


def _geometry(
    content: dict[str, Any], looks: tuple[int, int], product: PathLike | None, path: Path
) -> RadarGeometry | MapGeometry:
    if "azimuth" not in content:
        if product is None:
            what = "cannot be read: its product is on a map grid, but no product.json is given"
            raise ProductError(path, what, "Give product=…")
        return multilooked_geometry(read_product_json(product).geometry, looks)
    ranges: dict[str, Any] = {
        key: np.array(value) if isinstance(value, list) else value
        for key, value in content["range"].items()
    }
    return RadarGeometry(
        AzimuthTime(**content["azimuth"]),
        GroundRange(**ranges) if "coefficients" in ranges else SlantRange(**ranges),
        content["look_side"],
        doppler_from_dict(content["doppler"]),
    )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, np.ndarray):
        return value.tolist()
    return value.isoformat() if isinstance(value, datetime) else value
