"""A model folder, a product with its map, and images, small enough to locate in a moment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import simulated_images as images
from calvingfront.locating.model_export import export_model
from calvingfront.networks.weights import save_weights
from calvingfront.simulation.product_writers.envisat import write_envisat
from finished_runs import FIRST, write_results
from left_out_runs import bright_is_front

rasterio = pytest.importorskip("rasterio")


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that takes whatever is bright for the front; no test changes it."""
    place = tmp_path_factory.mktemp("model")
    results = write_results(place / "results")
    save_weights(bright_is_front().state_dict(), results / FIRST / "weights.safetensors")
    export_model([results / FIRST], place / "model", licence="MIT", data="drawn bands")
    return place / "model"


@pytest.fixture
def product(tmp_path: Path) -> Path:
    """A small Envisat product."""
    folder = tmp_path / "product"
    folder.mkdir()
    return write_envisat(images.envisat_image(), folder)


def write_raster(path: Path, values: Any, transform: Any, crs: str = "EPSG:3031") -> Path:
    """A GeoTIFF of one band."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        path, "w", driver="GTiff", height=values.shape[0], width=values.shape[1], count=1,
        dtype=values.dtype, crs=crs, transform=transform,
    ) as target:  # fmt: skip
        target.write(values, 1)
    return path


@pytest.fixture
def dem(tmp_path: Path) -> Path:
    """A flat Earth, all around it."""
    flat = np.zeros((180, 360), np.float32)
    return write_raster(
        tmp_path / "dem.tif", flat, rasterio.Affine(1, 0, -180, 0, -1, 90), "EPSG:4326"
    )


@pytest.fixture
def map_config(tmp_path: Path, dem: Path) -> Path:
    """The map for the product."""
    path = tmp_path / "map.yaml"
    path.write_text(f"map:\n  crs: EPSG:3031\n  dem: {dem}\n", encoding="utf-8")
    return path


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A geocoded image with speckle and a bright line."""
    values = np.random.default_rng(2).integers(1, 90, (40, 60)).astype(np.uint8)
    values[18:22] = 250
    transform = rasterio.Affine(200.0, 0, -2_400_000, 0, -200.0, 1_300_000)
    return write_raster(tmp_path / "images" / "A_2010-03-04_TSX_20_1_007.tif", values, transform)
