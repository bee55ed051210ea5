"""The eight orientations of an image, and those in which a mask is to be looked at.

Thinning, tracing and widening must choose: which of two pixels is the middle of an even width,
which of two equally long paths is the line. A choice by direction ("the upper one") turns out
otherwise in a mirrored image. So it is made in an orientation that the mask itself determines, and
turned back. A mask that is its own mirror image determines several, whose lines are combined.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Scalar = TypeVar("Scalar", bound=np.generic)
ORIENTATIONS = 8


def turned(array: npt.NDArray[Scalar], code: int) -> npt.NDArray[Scalar]:
    """The array (h, w) turned by `code` quarter turns; from 4 on mirrored left to right as well."""
    quarter = np.rot90(array, code % 4)
    return np.ascontiguousarray(quarter[:, ::-1] if code >= 4 else quarter)


def turned_back(array: npt.NDArray[Scalar], code: int) -> npt.NDArray[Scalar]:
    """Undo `turned`."""
    return np.ascontiguousarray(np.rot90(array[:, ::-1] if code >= 4 else array, -(code % 4)))


def places_back(
    rows: npt.NDArray[Scalar], cols: npt.NDArray[Scalar], shape: tuple[int, ...], code: int
) -> tuple[npt.NDArray[Scalar], npt.NDArray[Scalar]]:
    """Rows and columns of a `turned` array of a shape, brought back to the array as it was."""
    height, width = shape
    r: Any = rows
    c: Any = width - 1 - cols if code >= 4 else cols
    for _ in range(code % 4):
        r, c, height, width = c, height - 1 - r, width, height
    return r, c


def own_orientations(mask: npt.NDArray[Any]) -> list[int]:
    """The orientations in which a mask (h, w) comes first of the eight: one, or all its symmetries.

    First by shape, then by how near its non-zero pixels are to the upper left corner, so that a
    mask and its thinned line mostly have the same; then by their places and values. `turned` by
    these, a mask and the same mask turned or mirrored are equal.
    """
    rows, cols = np.nonzero(mask)
    height, width = mask.shape
    values, keys = mask[rows, cols], []
    for code in range(ORIENTATIONS):
        r, c, h, w = rows, cols, height, width
        for _ in range(code % 4):
            r, c, h, w = w - 1 - c, r, w, h
        if code >= 4:
            c = w - 1 - c
        flat = r * w + c
        order = np.argsort(flat)
        keys.append(
            (h, w, int(r.sum()), int(c.sum()), flat[order].tobytes(), values[order].tobytes())
        )
    first = min(keys)
    return [code for code, key in enumerate(keys) if key == first]
