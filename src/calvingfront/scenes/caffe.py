"""Scenes of the CaFFe benchmark: a folder of images and fronts described by their names.

Layout and names: Gourmelon et al. (2022), doi:10.1594/PANGAEA.940950.
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from calvingfront.errors import CalvingFrontError, ConfigError, Faults, SceneError
from calvingfront.scenes.lists.caffe_files import absent, files_by_scene, zone_faults
from calvingfront.scenes.lists.caffe_names import parse_name
from calvingfront.scenes.lists.caffe_sizes import read_sizes, shrunk, unlike_published
from calvingfront.scenes.lists.split_lists import read_lists
from calvingfront.scenes.pixels import check_depth
from calvingfront.scenes.scene_table import scene_table
from calvingfront.vocabulary.auxiliary import learns_zones

log = logging.getLogger(__name__)
# Exact pixel size, m, for the rounded figure in a name, at the published size.
PIXEL_SIZES_M = {6: 6.0, 7: 6.6667, 12: 12.5, 17: 16.6667, 20: 20.0}
EXCLUDE = "Fix the files, or exclude a scene by source.exclude: {scene: reason}."


def from_config(config: Mapping[str, Any]) -> pd.DataFrame:
    """The scene table of `source.caffe`, limited to the scenes in `split.lists` if it is used."""
    source, split = config["source"], config["split"]
    listed = None
    if split["method"] == "paper" and split["lists"]:
        columns = split["lists_scene_column"], split["lists_subset_column"]
        listed = set(read_lists(split["lists"], *columns).table["scene"])
    return list_caffe(
        **source["caffe"],
        exclude=source["exclude"] or {},
        listed=listed,
        zones=learns_zones(config),
    )


def faults(config: Mapping[str, Any]) -> Iterator[ConfigError]:
    """What is missing in `source.caffe`."""
    if config["source"]["caffe"]["folder"] is None:
        yield ConfigError(
            "source.caffe.folder",
            "is not set, but source.kind is caffe",
            "Write the folder that contains sar_images/ and fronts/, in the file or as "
            "--config 'source={caffe: {folder: PATH}}'",
        )


def list_caffe(
    folder: str | Path | None,
    sizes: str | Path | None = None,
    glaciers: Sequence[str] = (),
    exclude: Collection[str] = (),
    listed: Collection[str] | None = None,
    zones: bool = False,
) -> pd.DataFrame:
    """The scene table of a CaFFe folder, from names and PNG headers alone.

    sizes:    table of the extents of the scenes (glacier, resolution_tag_m, pixel_size_m,
              height_px, width_px at native size; crs, upper_left_x, upper_left_y if known): needed
              for shrunk copies, whose pixel sizes follow from their own numbers of pixels.
    glaciers: the glaciers to keep; empty for all.
    exclude:  scenes to leave out, whatever is wrong with them.
    listed:   the scenes that a split names; others are left out. None for all.
    zones:    whether each scene needs a mask of zones; `attrs["zones"]` is then scene → path.
    Raises Faults with all faults of the remaining scenes.
    """
    if folder is None or not Path(folder).is_dir():
        raise ConfigError(
            "source.caffe.folder",
            f"{folder} is not a folder",
            "Write the folder that contains sar_images and fronts.",
        )
    folder = Path(folder)
    faults: list[CalvingFrontError] = []

    def wanted(name: str) -> bool:
        other_glacier = glaciers and name.split("_")[0] not in glaciers
        return not (name in exclude or other_glacier or (listed is not None and name not in listed))

    images = files_by_scene(folder / "sar_images", "", wanted, faults)
    fronts = files_by_scene(folder / "fronts", "_front", wanted, faults)
    if not images:
        faults.insert(
            0, SceneError(folder / "sar_images", "contains no PNG", "Put the images there.")
        )
        raise Faults(faults, "Check source.caffe.folder.")
    masks = files_by_scene(folder / "zones", "_zones", wanted, faults) if zones else {}
    table = read_sizes(sizes) if sizes is not None else None

    rows: list[dict[str, Any]] = []
    named: list[dict[str, Any]] = []
    kept = 0
    for name, paths in images.items():
        if name in exclude:
            continue
        try:
            row = parse_name(name)
        except SceneError as error:
            faults.append(SceneError(paths[0], error.what, error.remedy))
            continue
        if not wanted(name):
            continue
        kept += 1
        named.append({"scene": name, "glacier": row["glacier"], "front": "its own"})
        problems = _complete(row, paths, fronts.get(name, []), table)
        if zones:
            problems += zone_faults(name, masks.get(name, []), folder / "zones")
        faults.extend(problems)
        if not problems:
            rows.append(row)
    for name, paths in fronts.items():
        if name not in images and wanted(name):
            faults.append(
                SceneError(paths[0], f"is a front without its image {name}.png", "Add the image.")
            )
    faults.extend(absent(images, glaciers, listed, exclude))
    if table is None:
        faults.extend(shrunk(rows))
    if not kept and not faults:
        raise ConfigError(
            "source.caffe.glaciers",
            f"none of the {len(images)} images belongs to {', '.join(glaciers)}",
            "Write the glaciers as in the file names, or [] for all.",
        )
    if faults:
        names = pd.DataFrame(named, columns=["scene", "glacier", "front"])
        raise Faults(faults, EXCLUDE, found=names)
    scenes = scene_table(rows)
    note = f"{folder.name}: {len(images)} images, {len(scenes)} used"
    if listed is not None:
        note += f"; split.lists names {len(set(listed))} scenes, others are left out"
    notes = [note, *(unlike_published(rows) if table is None else ())]
    scenes.attrs["notes"] = notes
    if zones:
        scenes.attrs["zones"] = {row["scene"]: str(masks[row["scene"]][0]) for row in rows}
    for note in notes:
        log.info("%s", note)
    return scenes


def read_png_size(path: str | Path) -> tuple[int, int]:
    """Height and width, px, from the first 24 bytes of a PNG. Raises SceneError."""
    try:
        with Path(path).open("rb") as file:
            header = file.read(24)
    except OSError as error:
        raise SceneError(
            path, f"cannot be opened ({error.strerror})", "Check the permissions."
        ) from None
    if len(header) < 24 or header[:8] != b"\x89PNG\r\n\x1a\n" or header[12:16] != b"IHDR":
        raise SceneError(path, "is not a PNG file", "Fetch the file again.")
    width, height = struct.unpack(">II", header[16:24])
    return height, width


def _complete(
    row: dict[str, Any],
    images: list[Path],
    fronts: list[Path],
    sizes: dict[tuple[str, int], dict[str, Any]] | None,
) -> list[CalvingFrontError]:
    """Fill in the row's files, size and pixel size; return what is wrong."""
    problems: list[CalvingFrontError] = []
    for kind, paths in (("image", images), ("front mask", fronts)):
        if len(paths) > 1:
            where = " and ".join(str(path) for path in paths)
            problems.append(
                SceneError(row["scene"], f"has {len(paths)} {kind}s: {where}", "Keep one of them.")
            )
    for path in (images[0], *fronts[:1]):
        try:
            check_depth(path)
        except SceneError as error:
            problems.append(error)
    if not fronts:
        problems.append(SceneError(images[0], "has no front mask", "Add it under fronts."))
    try:
        height, width = read_png_size(images[0])
    except SceneError as error:
        return [*problems, error]
    if height == 0 or width == 0:
        return [*problems, SceneError(images[0], "has no pixels", "Fetch the file again.")]
    row |= {"height_px": height, "width_px": width, "image": str(images[0])}
    row["front"] = str(fronts[0]) if fronts else None

    tag = row["resolution_tag_m"]
    if sizes is None:
        size = PIXEL_SIZES_M.get(tag)
        row |= {"pixel_size_x_m": size, "pixel_size_y_m": size}
        if size is None:
            known = ", ".join(map(str, PIXEL_SIZES_M))
            problems.append(
                SceneError(
                    images[0],
                    f"has the unknown resolution {tag} (known: {known})",
                    "Give its extent in the table source.caffe.sizes.",
                )
            )
        return problems
    native = sizes.get((row["glacier"], tag))
    if native is None:
        problems.append(
            SceneError(
                images[0],
                f"has no row for {row['glacier']} at {tag} m in the table of sizes",
                "Add the row to source.caffe.sizes.",
            )
        )
        return problems
    row |= {
        "pixel_size_y_m": native["height_px"] * native["pixel_size_m"] / height,
        "pixel_size_x_m": native["width_px"] * native["pixel_size_m"] / width,
        **{key: native.get(key) for key in ("crs", "upper_left_x", "upper_left_y")},
    }
    return problems
