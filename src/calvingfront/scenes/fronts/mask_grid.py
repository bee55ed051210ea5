"""The grid of a mask beside the grid of its image."""

from __future__ import annotations

import logging
import shlex
from typing import Any, NamedTuple

import numpy as np
from pyproj import Transformer
from pyproj.exceptions import CRSError, ProjError
from rasterio.transform import Affine

from calvingfront.errors import SceneError
from calvingfront.files import PathLike
from calvingfront.scenes.pixels import Mask
from calvingfront.scenes.places.metres import flat_crs
from calvingfront.scenes.rasters import open_raster

LOG = logging.getLogger(__name__)
MOST_ON_NO_DATA, TOLD_ON_NO_DATA = 0.5, 0.05
SAME_PLACE_PX = 0.25  # grids that differ by less, anywhere, are the same


class Grid(NamedTuple):
    """Shape (height, width), CRS (rasterio, None if unknown) and transform of a raster."""

    shape: tuple[int, int]
    crs: Any
    transform: Affine

    @property
    def placed(self) -> bool:
        """Whether the raster states a place on a map."""
        a, b, c, d, e, f = tuple(self.transform)[:6]
        pixels = (abs(a), abs(e)) == (1, 1) and b == d == 0 and max(abs(c), abs(f)) <= 0.5
        return not pixels


class Placement(NamedTuple):
    """How a mask lies on its image: flipped first, then moved by whole pixels."""

    flip_rows: bool = False
    flip_columns: bool = False
    row: int = 0  # of the image, at which row 0 of the mask lies
    column: int = 0

    def onto(self, mask: Mask, shape: tuple[int, int]) -> Mask:
        """A mask on the image's grid; no front where the mask does not reach."""
        if self == Placement() and mask.shape == shape:
            return mask
        if self.flip_rows:
            mask = mask[::-1]
        if self.flip_columns:
            mask = mask[:, ::-1]
        placed = np.zeros(shape, dtype=np.bool_)
        rows, columns = _common(self.row, mask.shape[0], shape[0]), _common(
            self.column, mask.shape[1], shape[1]
        )  # fmt: skip
        placed[rows, columns] = mask[
            rows.start - self.row : rows.stop - self.row,
            columns.start - self.column : columns.stop - self.column,
        ]
        return placed


def grid_of(path: PathLike) -> Grid:
    """The grid of a raster, from its header."""
    with open_raster(path) as dataset:
        return Grid(dataset.shape, dataset.crs, dataset.transform)


def grid_of_mask(path: PathLike) -> Grid:
    """The same of a mask. Raises SceneError if it is placed by ground control points only."""
    with open_raster(path) as dataset:
        if dataset.gcps[0] and dataset.transform.is_identity:
            raise SceneError(path, "has only ground control points", "Warp it to the image's grid.")
    return grid_of(path)


def placement(mask: Grid, image: Grid, path: PathLike) -> Placement:
    """How a mask lies on its image. Raises SceneError if it lies on another grid or elsewhere.

    A mask, or an image, that states no place must have the other's size.
    """
    if not (mask.placed and image.placed):
        if mask.shape != image.shape:
            raise SceneError(
                path,
                f"is {mask.shape[0]} × {mask.shape[1]} px, but its image is {image.shape[0]} × "
                f"{image.shape[1]}",
                "Draw the mask on the image's own grid, or give the front as lines.",
            )
        return Placement()
    corners = np.array([(0, 0), (mask.shape[1], 0), (0, mask.shape[0]), mask.shape[::-1]], float)
    into = _on_image(corners, mask, image, path)
    size = np.array(mask.shape[::-1], dtype=np.float64)
    across = np.rint((into[1] - into[0]) / size[0])
    down = np.rint((into[2] - into[0]) / size[1])
    origin = np.rint(into[0])
    regular = origin + corners[:, :1] * across + corners[:, 1:] * down
    straight = abs(across[0]) == 1 and across[1] == 0 and abs(down[1]) == 1 and down[0] == 0
    if not straight or np.abs(regular - into).max() > SAME_PLACE_PX:
        raise SceneError(path, _difference(mask, image, into), _warp(path, mask, image))
    left, top = regular.min(axis=0).astype(int)
    right, bottom = regular.max(axis=0).astype(int)
    if left >= image.shape[1] or top >= image.shape[0] or right <= 0 or bottom <= 0:
        raise SceneError(
            path,
            f"lies elsewhere: its upper left corner is {abs(left)} px "
            f"{'right' if left > 0 else 'left'} of and {abs(top)} px "
            f"{'below' if top > 0 else 'above'} its image's",
            "Check the CRS and the place of both.",
        )
    return Placement(down[1] < 0, across[0] < 0, int(top), int(left))


def place_mask(mask: Mask, path: PathLike, image: Grid) -> Mask:
    """A mask, read from `path` on its own grid, on the grid of its image; see `placement`.

    Raises SceneError if it lies on another grid or elsewhere.
    """
    its = grid_of_mask(path)
    place = placement(its, image, path)
    done = describe(place, its, image)
    if done:
        LOG.warning("%s: %s", path, done)
    return place.onto(mask, image.shape)


def check_on_data(mask: Mask, valid: Mask, path: PathLike, scene: str) -> None:
    """Check that a front, (height, width) bool, lies where its image has data.

    Raises SceneError if most of it does not; if a part does not, the log says how much.
    """
    share = float((mask & ~valid).sum() / max(1, mask.sum()))
    if share > MOST_ON_NO_DATA:
        raise SceneError(
            path,
            f"has {100 * share:.0f} % of the front of {scene} where its image has no data",
            "Check the place of both, or exclude the scene with a reason.",
        )
    if share > TOLD_ON_NO_DATA:
        what = "%s: %.0f %% of the front of %s lies where its image has no data"
        LOG.warning(what, path, 100 * share, scene)


def describe(place: Placement, mask: Grid, image: Grid) -> str:
    """What was done to a mask, as the end of a sentence; empty if nothing was."""
    done = ["was turned upside down"] if place.flip_rows else []
    done += ["was mirrored"] if place.flip_columns else []
    if (place.row, place.column) != (0, 0) or mask.shape != image.shape:
        done.append(f"begins at row {place.row}, column {place.column} of its image")
    if not image.placed and mask.placed:
        done.append("states a place on the map, which its image does not")
    return " and ".join(done)


def _on_image(corners: Any, mask: Grid, image: Grid, path: PathLike) -> Any:
    """Corners of the mask, (n, 2) column, row of the mask → of the image, in pixels."""
    x, y = _apply(mask.transform, corners)
    if mask.crs is not None and image.crs is not None and mask.crs != image.crs:
        try:
            source, target = flat_crs(mask.crs.to_wkt()), flat_crs(image.crs.to_wkt())
            x, y = Transformer.from_crs(source, target, always_xy=True).transform(x, y)
        except (CRSError, ProjError) as error:
            raise SceneError(
                path, f"has a CRS that cannot be compared ({error})", _warp(path, mask, image)
            ) from None
        if not np.isfinite([x, y]).all():
            raise SceneError(
                path, f"lies where {target.name} has no place", "Check the CRS of both."
            )
    return np.stack(_apply(~image.transform, np.stack([x, y], axis=-1)), axis=-1)


def _apply(transform: Affine, points: Any) -> tuple[Any, Any]:
    x, y = points[:, 0], points[:, 1]
    return (
        transform.a * x + transform.b * y + transform.c,
        transform.d * x + transform.e * y + transform.f,
    )


def _difference(mask: Grid, image: Grid, into: Any) -> str:
    """How two grids differ, as the end of a sentence."""
    if mask.crs is not None and image.crs is not None and mask.crs != image.crs:
        return f"is in {_shown(mask.crs)}, but its image is in {_shown(image.crs)}"
    steps = (into[1] - into[0]) / mask.shape[1], (into[2] - into[0]) / mask.shape[0]
    if abs(steps[0][1]) > 1e-3 or abs(steps[1][0]) > 1e-3:
        return "is rotated against its image"
    a, e = image.transform.a, image.transform.e
    sizes = abs(steps[0][0] * a), abs(steps[1][1] * e)
    if np.abs(np.abs(sizes) - np.abs([a, e])).max() > 1e-3 * abs(a):
        return f"has pixels of {sizes[0]:g} × {sizes[1]:g}, but its image of {a:g} × {abs(e):g}"
    return (
        f"begins {into[0][0]:.2f} px right of and {into[0][1]:.2f} px below its image, which is no "
        "whole pixel"
    )


def _warp(path: PathLike, mask: Grid, image: Grid) -> str:
    """The command that brings a mask onto the grid of its image."""
    t, (height, width) = image.transform, image.shape
    if image.crs is None:
        return "Draw the mask on the image's own grid."
    edges = (t.c, t.f + height * t.e, t.c + width * t.a, t.f)
    numbers = " ".join(f"{value:.10g}" for value in edges)
    name = shlex.quote(_shown(image.crs))
    name += "" if mask.crs is not None else f" -s_srs {name}"
    return (
        f"Bring it onto the image's grid: gdalwarp -r max -t_srs {name} -te {numbers} "
        f"-tr {t.a:.10g} {abs(t.e):.10g} {shlex.quote(str(path))} mask.tif"
    )


def _shown(crs: Any) -> str:
    return str(crs.to_string())


def _common(start: int, length: int, size: int) -> slice:
    """The part of 0 … size that a stretch covers."""
    return slice(min(max(start, 0), size), max(min(start + length, size), 0))
