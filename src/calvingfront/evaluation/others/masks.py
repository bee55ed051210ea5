"""Images of others: front masks, or front probabilities, one file for each scene."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from calvingfront.errors import CalvingFrontError, Faults, SceneError
from calvingfront.evaluation.others.grid import grid_of, native_shape, on_sample
from calvingfront.fronts.thinning import thin
from calvingfront.samples.square import resize_image
from calvingfront.samples.widening import widened
from calvingfront.scenes.imagery.masks import LARGEST_FRONT_SHARE
from calvingfront.scenes.pixels import Grey, Mask, read_grey
from calvingfront.vocabulary.others import IMAGE_SUFFIXES

ENDINGS = ("_front", "")  # CaFFe's names of front masks, and plain names
ZONES_ENDING = "_zones"
# Grey levels of CaFFe's zone masks, and of copies that number the zones.
ZONE_LEVELS = ({0, 64, 127, 254}, {0, 1, 2, 3, 4})
BINARY_LEVELS = ({0, 1}, {0, 255})
ZONES = (
    "Zones are not fronts: draw the border between glacier and ocean as a line, 255 on 0, as "
    "CaFFe's post-processing does."
)


class Images:
    """The images in a folder, by scene.

    folder: searched with its subfolders for SCENE_front.png or SCENE.png (or TIFF).
    scenes: names of all scenes of the data set. ignored: files that belong to none of them.
    Raises Faults if a scene has two files.
    """

    def __init__(self, folder: Path, scenes: Collection[str]) -> None:
        found: dict[str, list[Path]] = {}
        self.ignored: list[str] = []
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() not in IMAGE_SUFFIXES or path.name.startswith("."):
                continue
            names = (path.stem.removesuffix(ending) for ending in ENDINGS)
            scene = next((name for name in names if name in scenes), None)
            if scene is None:
                self.ignored.append(path.relative_to(folder).as_posix())
            else:
                found.setdefault(scene, []).append(path)
        twice: list[CalvingFrontError] = [
            SceneError(
                scene,
                f"has {len(paths)} files: {' and '.join(str(path) for path in paths)}",
                "Keep one of them.",
            )
            for scene, paths in found.items()
            if len(paths) > 1
        ]
        if twice:
            raise Faults(twice, "Give one file for each scene.")
        self.paths = {scene: paths[0] for scene, paths in found.items()}

    @property
    def scenes(self) -> set[str]:
        """The scenes that have a file."""
        return set(self.paths)

    @property
    def hint(self) -> str:
        """What to say if scenes have no file: whether the folder holds zone masks instead."""
        zones = any(Path(name).stem.endswith(ZONES_ENDING) for name in self.ignored)
        return f"The folder holds masks of zones. {ZONES}" if zones else ""

    def front(self, scene: str, facts: Mapping[str, Any], size: int) -> Mask:
        """Read the front of a scene, as wide as the true fronts; (size, size) bool.

        The mask has the size of the scene's own image or of the square sample.
        Raises SceneError if it has another size or is not a front mask.
        """
        path = self.paths[scene]
        levels = read_grey(path)
        mask = front_of(levels, path)
        if self._is_native(path, scene, levels, facts, size):
            return on_sample(mask, facts, size)
        width, grid = int(facts["front_width_px"]), grid_of(facts, size)
        mask = mask[: grid.content_height, : grid.content_width]
        return widened(thin(mask), replace(grid, step_y=1.0, step_x=1.0), width)

    def probability(
        self, scene: str, facts: Mapping[str, Any], size: int
    ) -> npt.NDArray[np.float64]:
        """Read the front probability of a scene, 0 to 255 in its file; (size, size) in [0, 1].

        One of the size of the scene's own image is averaged over each pixel of the sample, or
        interpolated if the sample's pixels are the smaller ones.
        Raises SceneError if it has another size.
        """
        path = self.paths[scene]
        levels = read_grey(path)
        if set(np.unique(levels)) == {0, 1}:
            raise SceneError(
                path,
                "holds only 0 and 1, but others.kind is probabilities",
                "Write probabilities as 0 to 255, or write kind: masks.",
            )
        if self._is_native(path, scene, levels, facts, size):
            grid = grid_of(facts, size)
            way = cv2.INTER_LINEAR if grid.enlarged else cv2.INTER_AREA
            levels = resize_image(levels, grid, str(facts["variant"]), way)
        return levels.astype(np.float64) / 255

    def _is_native(
        self, path: Path, scene: str, levels: Grey, facts: Mapping[str, Any], size: int
    ) -> bool:
        """Whether an image has the size of the scene's own, not of the sample; else SceneError."""
        native = native_shape(facts)
        if levels.shape not in (native, (size, size)):
            raise SceneError(
                path,
                f"is {levels.shape[0]} × {levels.shape[1]} px, but the image of {scene} is "
                f"{native[0]} × {native[1]} and the square sample {size} × {size}",
                "Give it at one of these two sizes.",
            )
        return levels.shape == native


def front_of(levels: Grey, path: Path) -> Mask:
    """Read the front of a mask of 0 and 255, or 0 and 1; a mask of zeros has none.

    Raises SceneError for masks of zones, probabilities, and masks that are not a line.
    """
    found = set(np.unique(levels).tolist())
    if not any(found <= allowed for allowed in BINARY_LEVELS):
        shown = ", ".join(map(str, sorted(found)[:6])) + (" …" if len(found) > 6 else "")
        if any(found <= zones for zones in ZONE_LEVELS):
            raise SceneError(path, f"is a mask of zones ({shown}), not of a front", ZONES)
        remedy = "Write 255 on the front and 0 elsewhere"
        if len(found) > 2:
            remedy += ", or write others.NAME.kind: probabilities if these are probabilities"
        raise SceneError(path, f"is not a front mask: it has the grey levels {shown}", remedy)
    mask = np.asarray(levels > 0, dtype=np.bool_)
    share = float(mask.mean())
    if share > LARGEST_FRONT_SHARE:
        raise SceneError(
            path,
            f"marks {100 * share:.0f} % of the image as front",
            "Mark the front line only (is the mask inverted, or a mask of the glacier?).",
        )
    return mask
