"""Open and check every image and front before anything is computed from them."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import cv2
import numpy as np
import pandas as pd

from calvingfront.errors import CalvingFrontError, DamagedFileError, Faults, SceneError
from calvingfront.files import PathLike
from calvingfront.scenes.caffe import EXCLUDE
from calvingfront.scenes.imagery.masks import LARGEST_FRONT_SHARE
from calvingfront.scenes.pixels import read_grey
from calvingfront.scenes.scene_table import write_scenes


@dataclass
class Checked:
    """The result of opening one scene."""

    scene: str
    height: int = 0
    width: int = 0
    digest: str = ""
    faults: list[CalvingFrontError] = field(default_factory=list)


def check_scene(scene: str, image: str, front: str, made: bool = False) -> Checked:
    """Open the image and the front of one scene and collect their faults.

    made: as in `pixels.read_grey`.
    """
    checked = Checked(scene)

    def fault(path: str, what: str, remedy: str) -> None:
        checked.faults.append(SceneError(path, what, remedy))

    pixels = mask = None
    try:
        pixels = read_grey(image, made)
        checked.height, checked.width = pixels.shape
        digest = hashlib.blake2b(pixels.data)
        digest.update(repr(pixels.shape).encode())
        checked.digest = digest.hexdigest()
        if pixels.min() == pixels.max():
            fault(image, f"is constant: every pixel is {pixels.min()}", "Fetch the image again.")
    except (SceneError, DamagedFileError) as error:
        checked.faults.append(error)
    try:
        mask = read_grey(front, made)
        levels = np.flatnonzero(cv2.calcHist([mask], [0], None, [256], [0, 256]))
        share = float((mask > levels[0]).mean())
        if levels.size == 1:
            what = "is a mask without a front" if levels[0] == 0 else "is front everywhere"
            fault(front, f"{what}: every pixel is {levels[0]}", "Draw the front.")
        elif levels.size > 2:
            fault(
                front,
                f"is not a binary mask: it has {levels.size} grey levels "
                f"({', '.join(map(str, levels[:6]))}{' …' if levels.size > 6 else ''})",
                "Write 255 on the front and 0 elsewhere; do not give a mask of zones.",
            )
        elif share > LARGEST_FRONT_SHARE:
            what = f"marks {100 * share:.0f} % of the image as front"
            fault(front, what, "Write 255 on the front line only (is the mask inverted?).")
    except (SceneError, DamagedFileError) as error:
        checked.faults.append(error)
    if pixels is not None and mask is not None and pixels.shape != mask.shape:
        fault(
            front,
            f"is {mask.shape[0]} × {mask.shape[1]} px, but its image is {pixels.shape[0]} × "
            f"{pixels.shape[1]}",
            "Draw the front on the image's own grid.",
        )
    return checked


def check_scenes(
    scenes: pd.DataFrame, output: PathLike, threads: int = 1, made: bool = False
) -> None:
    """Open every image and front of a scene table; write the verified table.

    scenes: all with a front. made: whether the workflow made the images itself (see
    `pixels.read_grey`).
    Raises Faults with all faults, including scenes with identical pixels.
    """
    if scenes.empty:
        raise SceneError(
            "scene table", "has no scene with a front, so nothing can be trained or scored",
            "Fill in the column front of some scenes, or run `snakemake locate` only.",
        )  # fmt: skip
    columns = (scenes["scene"], scenes["image"], scenes["front"])
    with ThreadPoolExecutor(max(1, threads)) as pool:
        results = list(pool.map(partial(check_scene, made=made), *columns))
    faults = [fault for checked in results for fault in checked.faults]
    first: dict[str, str] = {}
    for checked in results:
        if not checked.digest:
            continue
        twin = first.setdefault(checked.digest, checked.scene)
        if twin != checked.scene:
            faults.append(
                SceneError(
                    checked.scene, f"has the same pixels as {twin}", "Exclude one of the two."
                )
            )
    if faults:
        raise Faults(faults, EXCLUDE)
    table = scenes.copy()
    table["height_px"] = [checked.height for checked in results]
    table["width_px"] = [checked.width for checked in results]
    write_scenes(output, table)
