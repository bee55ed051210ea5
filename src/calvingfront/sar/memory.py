"""The memory that a scene needs on its way to the map, from its header and its map area."""

from __future__ import annotations

from dataclasses import dataclass

from calvingfront.errors import CalvingFrontError
from calvingfront.files import PathLike
from calvingfront.products.product_json import read_product_json
from calvingfront.sar.coverage import image_window, reach_px, scene_grid
from calvingfront.sar.grid import Bounds
from calvingfront.sar.looks import averaged

# Peak resident memory, measured (docs/benchmarks.md): libraries, terrain blocks and caches; bytes a
# pixel of the multilooked image while it is written; of the map and the image while geocoded.
LEAST_MB = 700
MULTILOOK_BYTES = 12
MAP_BYTES, IMAGE_BYTES, FLATTENING_BYTES = 32, 12, 24


@dataclass(frozen=True)
class SceneSize:
    """Millions of pixels: of the image's part that is multilooked, of the map, and around it."""

    image: float = 0.0
    map: float = 0.0
    around: float = 0.0

    @property
    def multilook_mb(self) -> int:
        """To multilook the image."""
        return LEAST_MB + int(MULTILOOK_BYTES * self.image)

    def geocode_mb(self, terrain_flattening: bool) -> int:
        """To geocode the image."""
        image = IMAGE_BYTES + (FLATTENING_BYTES if terrain_flattening else 0)
        return LEAST_MB + int(MAP_BYTES * (self.map + self.around) + image * self.image)


def scene_size(product: PathLike, spacing_m: float, crs: str, area: Bounds | None) -> SceneSize:
    """The size of the scene of a product.json; nothing if it is damaged or beside its area.

    The job itself tells what is wrong. Raises FileNotFoundError if there is no product.json yet.
    """
    try:
        image = averaged(read_product_json(product), spacing_m)
        grid = scene_grid(image, crs, spacing_m, area)
        shape = image.shape
        if area is not None:
            window = image_window(image, grid)
            shape = (0, 0) if window is None else window.shape
    except CalvingFrontError:
        return SceneSize()
    wide = grid if area is None else grid.widened(reach_px(spacing_m))
    image_px, map_px, wide_px = (
        rows * columns / 1e6
        for rows, columns in (shape, (grid.height, grid.width), (wide.height, wide.width))
    )
    return SceneSize(image_px, map_px, wide_px - map_px)
