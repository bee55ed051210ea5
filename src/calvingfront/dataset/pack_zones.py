"""Pack the zones of all scenes into one flat array, on the pixels of the samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from calvingfront.dataset.files import ZONES_CRC
from calvingfront.dataset.reading import TEXT_COLUMNS, read_table
from calvingfront.errors import CalvingFrontError, Faults, SampleError
from calvingfront.files import PathLike
from calvingfront.samples.geometry import SquareGrid
from calvingfront.samples.square import resize_labels
from calvingfront.scenes.pixels import Grey
from calvingfront.scenes.scene_table import write_table
from calvingfront.scenes.zones import read_zones
from calvingfront.storage.arrays import replacing_array, row_crc
from calvingfront.vocabulary.auxiliary import GLACIER, OCEAN, ROCK


def pack_zones(
    index: PathLike,
    masks: Sequence[PathLike],
    images: Sequence[PathLike],
    scenes: Sequence[str],
    size: int,
    zones: PathLike,
    table: PathLike,
) -> None:
    """Pack masks of zones into `zones` (.npy), (n, size, size) uint8, and `table` (TSV).

    index: of the packed samples, whose rows the zones have. masks, images: of `scenes`, the masks
    and the images on whose grids they are drawn. A scene without a mask has no known zone.
    The table has the CRC-32 of each row, and how much of the sample is rock, glacier and ocean.
    One mask is held in memory at a time. Raises Faults if masks cannot be used.
    """
    rows = read_table(index, TEXT_COLUMNS).to_dict("records")
    own = {scene: pair for scene, *pair in zip(scenes, masks, images, strict=True)}
    faults: list[CalvingFrontError] = []
    facts: list[dict[str, Any]] = []
    with replacing_array(zones, (len(rows), size, size), "u1") as append:
        for row in rows:
            packed: Grey = np.zeros((size, size), np.uint8)
            if row["scene"] in own:
                try:
                    packed = _square(row, read_zones(*map(Path, own[row["scene"]])), size)
                except CalvingFrontError as error:
                    faults.append(error)
            append(packed)
            shares = {
                name: float((packed == zone).mean())
                for name, zone in (("rock", ROCK), ("glacier", GLACIER), ("ocean", OCEAN))
            }
            facts.append({"scene": row["scene"], ZONES_CRC: row_crc(packed), **shares})
        if faults:
            raise Faults(faults, "Correct these masks, or take zones out of networks.auxiliary.")
    write_table(table, pd.DataFrame(facts))


def _square(row: Mapping[Any, Any], mask: Grey, size: int) -> Grey:
    """A scene's zones on the pixels of its sample, whose `row` of the index says where they lie."""
    if mask.shape != (row["source_height"], row["source_width"]):
        raise SampleError(
            row["scene"],
            f"has zones of {mask.shape[0]} × {mask.shape[1]} px, but its sample was made from "
            f"{row['source_height']} × {row['source_width']} px",
            "Rerun square_image for the sample.",
        )
    grid = SquareGrid(
        size, row["pixel_size_m"], row["step_y"], row["step_x"], row["content_height"],
        row["content_width"], enlarged=False,
    )  # fmt: skip
    return resize_labels(mask, grid)
