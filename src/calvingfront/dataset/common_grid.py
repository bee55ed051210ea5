"""Fronts of one scene on the pixels of another scene of its glacier."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from calvingfront.dataset.reading import Dataset, SampleReader

PLACE = ["crs", "upper_left_x", "upper_left_y", "pixel_size_m"]


class FrontsOnGrids:
    """The front masks of a data set, each on the grid of any other sample.

    Grids are compared only if both scenes have a map position in the same CRS. Scenes without one
    are assumed to cover the same ground, as CaFFe's images of a glacier do.
    """

    def __init__(self, data: Dataset) -> None:
        self.size = data.size
        count = len(data.index)
        self._reader = SampleReader(data.fronts, np.arange(count), data.index["scene"].tolist())
        self._crs: list[str | None] = [None] * count
        self._place = np.full((count, 3), np.nan)
        if set(PLACE) <= set(data.index.columns):
            known = data.index[PLACE].notna().all(axis="columns")
            self._crs = data.index["crs"].where(known, None).tolist()
            self._place = data.index[PLACE[1:]].to_numpy(dtype=np.float64)

    def take(self, source: int, target: int) -> npt.NDArray[np.uint8]:
        """Resample the front mask of sample `source` to the grid of `target` (nearest pixel)."""
        mask = np.empty((self.size, self.size), np.uint8)
        self._reader.read(source, mask)
        matrix = self._shift(source, target)
        if matrix is None:
            return mask
        flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
        return np.asarray(cv2.warpAffine(mask, matrix, mask.shape[::-1], flags=flags), np.uint8)

    def _shift(self, source: int, target: int) -> npt.NDArray[np.float64] | None:
        """Return the affine map (2 × 3) from target to source pixels; None if the grids agree."""
        if self._crs[source] is None or self._crs[source] != self._crs[target]:
            return None
        (left, top, size), (new_left, new_top, new_size) = self._place[[source, target]]
        scale = new_size / size
        # Pixel centres: map x = left + (column + ½) · size.
        right, down = (new_left - left) / size, (top - new_top) / size
        half = scale / 2 - 0.5
        matrix = np.array([[scale, 0.0, right + half], [0.0, scale, down + half]])
        far = self.size * abs(scale - 1) + max(abs(right), abs(down))
        return matrix if far > 0.5 else None


def front_on_grid(data: Dataset, source: int, target: int) -> npt.NDArray[np.uint8]:
    """Resample the front mask of one sample to the grid of another; see `FrontsOnGrids`."""
    return FrontsOnGrids(data).take(source, target)
