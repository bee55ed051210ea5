"""The compiled kernels of calvingfront.sar again, in plain numpy: slow, and written separately."""

from __future__ import annotations

from typing import Any

import numpy as np

from calvingfront.radar.model import Array
from calvingfront.sar.lattice import Lattice


def locate(lattice: Lattice, row: Any, column: Any, height: Any) -> tuple[Array, Array]:
    """Line and sample of map pixels (n,) at heights (n,)."""
    i, j = row // lattice.step, column // lattice.step
    y, x = row / lattice.step - i, column / lattice.step - j
    c = lattice.coefficients
    weights = ((1 - y) * (1 - x), (1 - y) * x, y * (1 - x), y * x)
    corners = (c[i, j], c[i, j + 1], c[i + 1, j], c[i + 1, j + 1])
    blend = sum(w[:, None] * corner for w, corner in zip(weights, corners, strict=True))
    u = (np.asarray(height, dtype=np.float64) - lattice.height_m) / lattice.half_span_m
    powers = np.stack([np.ones_like(u), u, u * u], axis=1)
    return (blend[:, :3] * powers).sum(axis=1), (blend[:, 3:] * powers).sum(axis=1)


def sample(image: Any, line: Array, column: Array) -> Array:
    """Bilinear values (n,); neighbours that hold data share the weight if it is half or more."""
    rows, columns = image.shape
    inside = (line >= -0.5) & (line < rows - 0.5) & (column >= -0.5) & (column < columns - 0.5)
    y, x = np.clip(line, 0, rows - 1), np.clip(column, 0, columns - 1)
    i, j = np.where(inside, y, 0).astype(int), np.where(inside, x, 0).astype(int)
    total, weight = np.zeros(len(line)), np.zeros(len(line))
    for down in (0, 1):
        for right in (0, 1):
            share = np.abs(1 - down - (y - i)) * np.abs(1 - right - (x - j))
            value = image[np.minimum(i + down, rows - 1), np.minimum(j + right, columns - 1)]
            there = np.isfinite(value)
            total += np.where(there, share * np.where(there, value, 0), 0)
            weight += np.where(there, share, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(inside & (weight >= 0.5), total / weight, np.nan)


def average(pixels: Any, valid: Any, looks: tuple[int, int]) -> Array:
    """Mean |DN|² of the valid pixels of each cell, NaN where these are fewer than half."""
    rows, columns = pixels.shape[0] // looks[0], pixels.shape[1] // looks[1]
    cells = (rows, looks[0], columns, looks[1])
    cut = slice(0, rows * looks[0]), slice(0, columns * looks[1])
    power = np.where(valid, np.abs(pixels.astype(np.complex128)) ** 2, 0)[cut].reshape(cells)
    count = valid[cut].reshape(cells).sum(axis=(1, 3))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = power.sum(axis=(1, 3)) / count
    return np.where(2 * count >= looks[0] * looks[1], mean, np.nan)


def between(nodes: Array, step: int, row: Any, column: Any) -> Array:
    """Bilinear values (n, k) at map pixels (n,), of nodes (rows, columns, k) every `step`."""
    i, j = row // step, column // step
    y, x = (row / step - i)[:, None], (column / step - j)[:, None]
    above = (1 - x) * nodes[i, j] + x * nodes[i, j + 1]
    below = (1 - x) * nodes[i + 1, j] + x * nodes[i + 1, j + 1]
    return np.asarray((1 - y) * above + y * below)


def projected_areas(
    points: Array,
    satellites: Array,
    bright: Any,
    place: Array,
    shape: tuple[int, int],
) -> Array:
    """A_γ of an image (m²) from triangles (n, 3 corners): the sum over all, pixel by pixel.

    points: (n, 3, 3), m; satellites: (n, 3), seen from the first corners; bright: (n,), the share
    that is lit; place: (n, 3, 2), line and sample. Turned so that the heights rise outwards.
    """
    normal = np.cross(points[:, 1] - points[:, 0], points[:, 2] - points[:, 0]) / 2
    outwards = np.sign(np.einsum("ij,ij->i", normal, points[:, 0]))
    sight = satellites - points[:, 0]
    sight = sight / np.linalg.norm(sight, axis=1, keepdims=True)
    area = np.maximum(0, outwards * np.einsum("ij,ij->i", normal, sight)) * bright
    longest = np.abs(place - np.roll(place, 1, axis=1)).max(axis=(1, 2))
    total = np.zeros((shape[0] + 2, shape[1] + 2))
    parts = np.clip(np.ceil(3 * longest), 1, 64).astype(int)
    for n in np.unique(parts):
        corner, other, third = np.moveaxis(place[parts == n], 1, 0)
        share = area[parts == n] / n**2
        a, b = np.meshgrid(np.arange(n), np.arange(n), indexing="ij")
        for add, which in ((1 / 3, a + b < n), (2 / 3, a + b < n - 1)):
            for u, v in zip((a[which] + add) / n, (b[which] + add) / n, strict=True):
                y, x = (corner + u * (other - corner) + v * (third - corner)).T
                inside = (y > -1) & (y < shape[0]) & (x > -1) & (x < shape[1])
                i, j = np.floor(y[inside]).astype(int), np.floor(x[inside]).astype(int)
                p, q = y[inside] - i, x[inside] - j
                for down, right, weight in (
                    (0, 0, (1 - p) * (1 - q)),
                    (0, 1, (1 - p) * q),
                    (1, 0, p * (1 - q)),
                    (1, 1, p * q),
                ):
                    np.add.at(total, (i + 1 + down, j + 1 + right), share[inside] * weight)
    return total[1:-1, 1:-1]
