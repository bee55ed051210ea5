"""Tiny inputs that tests of several parts build."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]


def speckled(height: int, width: int, seed: int) -> Pixels:
    """An 8-bit image of noise that no other seed gives."""
    return np.random.default_rng(seed).integers(1, 256, (height, width), dtype=np.uint8)


def line_mask(height: int, width: int, row: int, thickness: int = 1) -> Pixels:
    """A front mask (0/255) with one horizontal line."""
    mask = np.zeros((height, width), dtype=np.uint8)
    mask[row : row + thickness] = 255
    return mask


def write_image(path: Path, pixels: Pixels) -> Path:
    """Write an image, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels)
    return path
