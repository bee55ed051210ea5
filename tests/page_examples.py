"""Fronts of an invented glacier through time, an image of it, and its positions, for pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import rasterio
from rasterio.transform import from_origin
from scipy.ndimage import gaussian_filter

from calvingfront.locating.located_front import LocatedFront

GLACIER = "Example Glacier"
COUNT = 40
WEST, NORTH = -2_404_000.0, 1_105_000.0
PIXEL_M = 12.5
SIZE = 800
REASONS = {
    "doubtful": "the pixel size of 30 m exceeds that of the training scenes",
    "partial": "the northern end lies outside the image",
    "none": "no pixel exceeds the threshold",
}


def front_line(position_m: float, vertices: int, seed: int) -> Any:
    """A bulging, ragged front across the fjord at a distance from its western end."""
    across = np.linspace(-1, 1, vertices)
    lasting, passing = (np.random.default_rng(s).normal(size=vertices) for s in (0, seed + 1))
    ragged = 900 * gaussian_filter(lasting, vertices / 25) + 320 * gaussian_filter(
        passing, vertices / 50
    )
    x = WEST + position_m + 900 * (1 - across**2) + ragged
    y = NORTH - SIZE * PIXEL_M / 2 + 2600 * across
    return np.column_stack([x, y])


def fronts_through_time(
    count: int = 60, vertices: int = 200, glacier: str = GLACIER, crs: str = "EPSG:3031"
) -> list[LocatedFront]:
    """Fronts of ten years: retreat and season; every seventh scene is flagged or has no line."""
    rng = np.random.default_rng(7)
    found = []
    for number in range(count):
        day = np.datetime64("2012-01-10") + np.timedelta64(int(number * 3650 / count), "D")
        years = number * 10 / count
        quality = {3: "doubtful", 6: "partial"}.get(number % 9, "good")
        quality = "none" if number % 17 == 11 else quality
        line = front_line(
            5200 - 260 * years + 220 * np.sin(2 * np.pi * years), vertices, seed=number
        )
        line = line[: vertices * 2 // 3] if quality == "partial" else line
        size = (14 if quality == "good" else 45) * (1 + 0.8 * rng.random())
        along = 1 + 0.6 * np.sin(np.linspace(0, 9, len(line))) ** 2
        levels = np.outer(along, np.array([0.7, 1.7, 2.2])) * size
        known = {"error_m": size, "err90_m": float(levels[:, 1].mean())}
        found.append(
            LocatedFront(
                scene=f"EX_{day}_{['TSX', 'S1', 'ENVISAT'][number % 3]}_{number}",
                glacier=glacier,
                mission=["TSX", "S1", "ENVISAT"][number % 3],
                acquired=f"{day}T06:07:08Z" if number % 2 else str(day),
                orbit=str(100 + number),
                pixel_size_m=PIXEL_M,
                crs=crs,
                lines=[] if quality == "none" else [line],
                model="Attention U-Net",
                threshold=0.47,
                members=5,
                quality=quality,
                reason=REASONS.get(quality, ""),
                err_geo_m=6.0,
                err_method=None if quality == "none" else "conformal",
                err_calib=None if quality == "none" else "untested",
                vertex_errors_m=() if quality == "none" else [levels],
                **({} if quality == "none" else known),
            )
        )
    return found


def lines_of(count: int = COUNT) -> list[str]:
    """Names of the scenes with a line."""
    return [front.scene for front in fronts_through_time(count) if front.lines]


def write_image(path: Path) -> Path:
    """An image with rock, bright ice in the west, and dark water with icebergs, with speckle."""
    rng = np.random.default_rng(3)
    rows, columns = np.mgrid[0:SIZE, 0:SIZE]
    across = (rows - SIZE / 2) * PIXEL_M
    edge = (4300 + 900 * (1 - (across / 2600) ** 2)) / PIXEL_M
    texture = gaussian_filter(rng.normal(size=(SIZE, SIZE)), 3) * 6
    crevasses = np.sin(columns / 9 + 3 * gaussian_filter(texture, 20))
    level = np.where(columns < edge, 140 + 20 * texture + 18 * crevasses, 38 + 7 * texture)
    relief = gaussian_filter(rng.normal(size=(SIZE, SIZE)), 12) * 24
    slope = np.gradient(relief, axis=1) * 14
    walls = 2650 + 250 * np.sin(columns / 90)
    level = np.where(np.abs(across) > walls, 95 + 50 * slope, level)
    level *= rng.gamma(14, 1 / 14, size=level.shape)
    grey = np.clip(level, 1, 255).astype(np.uint8)
    grey[columns + rows < 160] = 0
    facts: dict[str, Any] = {
        "driver": "GTiff", "width": SIZE, "height": SIZE, "count": 1, "dtype": "uint8",
        "crs": "EPSG:3031", "transform": from_origin(WEST, NORTH, PIXEL_M, PIXEL_M), "nodata": 0,
    }  # fmt: skip
    with rasterio.open(path, "w", **facts) as made:
        made.write(grey, 1)
    return path


def positions_of(fronts: list[LocatedFront]) -> pd.DataFrame:
    """Mean position of each front, with error bars, in the columns that pages take."""
    rows = []
    for front in fronts:
        value = front.lines[0][:, 0].mean() - WEST if front.lines else np.nan
        error = 2 * (front.error_m or np.nan)
        flag = "no position" if not front.lines else "ok"
        flag = "doubtful" if front.quality in ("doubtful", "partial") else flag
        flag = "outlier" if front.scene.endswith("_22") else flag
        rows.append((front.scene, front.acquired, value, value - error, value + error, flag))
    return pd.DataFrame(rows, columns=["scene", "date", "value", "low", "high", "flag"])
