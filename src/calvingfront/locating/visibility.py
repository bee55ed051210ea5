"""How much of a line lies in layover, in shadow or on a filled height."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from calvingfront.files import PathLike
from calvingfront.geofiles.rasters import GEOTIFF, open_raster
from calvingfront.geofiles.whole_rasters import read_checked
from calvingfront.locating.degrees import Floats
from calvingfront.radar.view import FILLED, LAYOVER, SHADOW


def hidden_share(view: PathLike, lines: Sequence[Floats]) -> float:
    """Share (0…1) of the vertices of lines that lie in layover, shadow or on filled heights.

    view: raster of view codes on the grid of the image (view.tif). lines: pieces (n, 2), x and y
    in its CRS. Raises DamagedFileError if the raster is damaged.
    """
    points = np.concatenate(list(lines))
    codes = read_checked(view)
    with open_raster(view, GEOTIFF) as raster:
        inverse = ~raster.transform
    cols, rows = inverse * (points[:, 0], points[:, 1])
    row = np.clip(np.floor(rows).astype(int), 0, codes.shape[0] - 1)
    col = np.clip(np.floor(cols).astype(int), 0, codes.shape[1] - 1)
    return float(np.isin(codes[row, col], (LAYOVER, SHADOW, FILLED)).mean())
