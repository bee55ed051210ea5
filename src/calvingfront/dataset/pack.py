"""Pack the samples of all scenes into three flat arrays, which training memory-maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from calvingfront.dataset.files import CRC_COLUMNS
from calvingfront.dataset.hemispheres import hemispheres as find_hemispheres
from calvingfront.errors import CalvingFrontError, DamagedFileError, Faults, SampleError
from calvingfront.files import PathLike
from calvingfront.samples.square import read_sample
from calvingfront.scenes.scene_table import read_scenes, write_table
from calvingfront.storage.arrays import replacing_array, row_crc

TABLE_COLUMNS = ["scene", "glacier", "mission", "acquired", "resolution_tag_m", "quality", "orbit"]
META_COLUMNS = [
    "pixel_size_m",
    "content_height",
    "content_width",
    "source_height",
    "source_width",
    "source_pixel_size_x_m",
    "source_pixel_size_y_m",
    "step_x",
    "step_y",
    "variant",
    "front_width_px",
    "crs",
    "upper_left_x",
    "upper_left_y",
]
REMAKE = "Rerun square_image for the sample."


def pack_files(
    samples: Sequence[PathLike],
    scenes: PathLike,
    images: PathLike,
    fronts: PathLike,
    valid: PathLike,
    index: PathLike,
    hemispheres: Mapping[str, str] | None = None,
) -> None:
    """Pack samples into `images`, `fronts`, `valid` (.npy) and `index` (TSV).

    hemispheres: glacier → north or south, for scenes without a place on the map; see
    `sources.known_hemispheres`.

    The arrays are (n, size, size) uint8. Rows are in the order of the scene table; the index has
    the CRC-32 of each image and front. One sample is held in memory at a time.
    Raises Faults if samples are damaged or do not match the scene table, or if sizes, widths or
    variants differ; DiskError if the disk has too little room.
    """
    table = read_scenes(scenes)
    by_scene = {Path(path).stem: path for path in samples}
    faults: list[CalvingFrontError] = []
    for name in sorted(set(by_scene) - set(table["scene"])):
        faults.append(SampleError(by_scene[name], "is not in the scene table", "Remove it."))
    for name in sorted(set(table["scene"]) - set(by_scene)):
        faults.append(SampleError(name, "has no sample", REMAKE))
    if faults or table.empty:
        raise Faults(
            faults or [SampleError(scenes, "has no scenes", "Check the source.")],
            "Make the samples match the scene table.",
        )
    size = _size([by_scene[name] for name in table["scene"]])
    metas: list[dict[str, Any]] = []
    shape = (len(table), size, size)
    with ExitStack() as stack:
        append = [
            stack.enter_context(replacing_array(path, shape, "u1"))
            for path in (images, fronts, valid)
        ]
        for name in table["scene"]:
            try:
                *layers, meta = read_sample(by_scene[name])
            except DamagedFileError as error:
                faults.append(error)
                continue
            faults.extend(_mismatches(by_scene[name], name, layers, meta, size, metas))
            if faults:
                continue
            crcs = {key: row_crc(layer) for key, layer in zip(CRC_COLUMNS, layers, strict=False)}
            metas.append(meta | crcs)
            for write, layer in zip(append, layers, strict=True):
                write(layer)
        if faults:
            raise Faults(faults, "Make all samples of a data set anew, with the same settings.")
    packed = pd.concat(
        [table[TABLE_COLUMNS], pd.DataFrame(metas, columns=[*META_COLUMNS, *CRC_COLUMNS])],
        axis="columns",
    )
    packed.insert(0, "row", np.arange(len(packed)))
    packed["hemisphere"] = find_hemispheres(packed, hemispheres or {})
    write_table(index, packed)


def _size(samples: Sequence[PathLike]) -> int:
    """Side of the first sample that can be read, px; if none can, the error of the first."""
    for path in samples:
        with suppress(DamagedFileError):
            return int(read_sample(path)[0].shape[0])
    return int(read_sample(samples[0])[0].shape[0])


def _mismatches(
    path: PathLike,
    scene: str,
    layers: Sequence[Any],
    meta: dict[str, Any],
    size: int,
    before: Sequence[dict[str, Any]],
) -> list[CalvingFrontError]:
    if meta["scene"] != scene:
        return [SampleError(path, f"contains the scene {meta['scene']}", REMAKE)]
    shapes = {layer.shape for layer in layers}
    if shapes != {(size, size)}:
        found = " and ".join(sorted(f"{s[0]} × {s[1]}" for s in shapes))
        return [SampleError(path, f"is {found} px instead of {size} × {size}", REMAKE)]
    for key in ("variant", "front_width_px"):
        if before and meta[key] != before[0][key]:
            what = f"has {key} {meta[key]}, but {before[0]['scene']} has {before[0][key]}"
            return [SampleError(path, what, REMAKE)]
    return []
