"""Write the probability of the front of each scene as a georeferenced image."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rasterio.transform import Affine

from calvingfront.errors import CalvingFrontError, DiskError, SceneError
from calvingfront.files import PathLike
from calvingfront.geofiles.whole_rasters import write_raster
from calvingfront.locating.extract import content, text
from calvingfront.locating.outputs.writers import check_folder

log = logging.getLogger(__name__)

DESCRIPTION = "probability of the calving front"
# Predictor 3 and YES both mean the one for floating-point numbers, in either driver's words.
COG = {"driver": "COG", "compress": "deflate", "predictor": "YES", "overviews": "AUTO"}
TIFF = {"driver": "GTiff", "compress": "deflate", "predictor": 3, "tiled": True}


class ProbabilityMaps:
    """A folder with SCENE.tif for each scene; called with a scene's facts and its probability.

    faults: of the maps that could not be written, by scene; they do not stop the others.
    Raises SceneError if the folder cannot be used, or the name of a scene is no file name.
    """

    def __init__(self, folder: PathLike, scenes: list[str]) -> None:
        self.folder = Path(folder)
        self.faults: dict[str, CalvingFrontError] = {}
        check_folder(self.folder)
        for scene in scenes:
            if "/" in scene or "\0" in scene or len(scene.encode()) > 200:
                remedy = "Rename the scene in the table, or leave --probability out."
                raise SceneError(scene, "cannot be the name of a probability map", remedy)

    def add(self, facts: Mapping[str, Any], probability: npt.NDArray[np.float64]) -> None:
        """Write the map of one scene. facts: its row in the index of the data set."""
        scene = str(facts["scene"])
        path = self.folder / f"{scene}.tif"
        try:
            write_probability(path, facts, probability)
        except DiskError as error:
            self.faults[scene] = error
        except OSError as error:
            reason = error.strerror or str(error)
            remedy = "Check the disk and the permissions."
            self.faults[scene] = SceneError(path, f"cannot be written ({reason})", remedy)


def write_probability(
    path: PathLike, facts: Mapping[str, Any], probability: npt.NDArray[np.float64]
) -> None:
    """Write a probability (s, s) on the grid of the sample, float32, NaN outside the scene.

    A Cloud Optimized GeoTIFF with the exact transform and CRS of the sample's pixels, whose sides
    may differ; a plain TIFF without a position where the scene has none. Atomic.
    Raises OSError if it cannot be written.
    """
    size = len(probability)
    values = np.where(content(facts, size), probability, np.nan).astype(np.float32)
    crs = text(facts.get("crs"))
    if crs is None:
        log.warning("%s has no map position: its probability is a plain TIFF", facts["scene"])
        profile: dict[str, Any] = TIFF
    else:
        profile = COG | {"crs": crs, "transform": sample_transform(facts)}
    tags = {"SCENE": str(facts["scene"]), "ACQUIRED": str(facts["acquired"])}
    write_raster(path, values, tags, DESCRIPTION, nodata=np.nan, **profile)


def sample_transform(facts: Mapping[str, Any]) -> Affine:
    """From columns and rows of a sample (edges of pixels) to map x, y (m)."""
    across = float(facts["step_x"]) * float(facts["source_pixel_size_x_m"])
    down = float(facts["step_y"]) * float(facts["source_pixel_size_y_m"])
    return Affine(
        across, 0.0, float(facts["upper_left_x"]), 0.0, -down, float(facts["upper_left_y"])
    )
