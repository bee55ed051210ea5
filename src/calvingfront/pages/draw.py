"""The page of a results folder: its fronts over the latest good image of each glacier."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from calvingfront.errors import SceneError
from calvingfront.files import PathLike
from calvingfront.locating.located_front import LocatedFront
from calvingfront.locating.reading import read_fronts
from calvingfront.pages.background import Background
from calvingfront.pages.page import write_page
from calvingfront.pages.positions import read_positions
from calvingfront.samples.square import read_meta

log = logging.getLogger(__name__)

# Which scene's image lies behind the fronts: the latest of the best quality.
BEST_FIRST = ("good", None, "partial", "doubtful")


def draw_page(
    fronts: PathLike,
    images: Sequence[PathLike],
    samples: Sequence[PathLike],
    page: PathLike,
    positions: PathLike | Sequence[PathLike] = (),
    title: str = "Calving fronts",
) -> None:
    """Write the page of a GeoPackage of fronts.

    images, samples: 8-bit image and square sample of each scene, in one order; the sample says
    where the image lies. A glacier whose scenes with a line are not among them has no image.
    positions: tables of `calvingfront position`, if there are any.
    Raises SceneError and PositionError as `read_fronts` and `write_page` do.
    """
    if len(images) != len(samples):
        raise SceneError(
            page, f"is given {len(images)} images and {len(samples)} samples", "Give one for each."
        )
    found = read_fronts(fronts)
    known = {}
    for image, sample in zip(images, samples, strict=True):
        meta = _meta(sample)
        known[str(meta["scene"])] = _background(image, meta)
    backgrounds = backgrounds_of(found, known)
    for glacier, background in backgrounds.items():
        log.info("behind %s: %s", glacier or "the glacier without a name", background.path)
    write_page(
        found,
        page,
        backgrounds=backgrounds,
        positions=read_positions(positions),
        title=title,
        downloads={
            "All fronts, GeoPackage": Path(os.path.relpath(fronts, Path(page).parent)).as_posix()
        },
    )


def backgrounds_of(
    fronts: Sequence[LocatedFront], images: Mapping[str, Background]
) -> dict[str, Background]:
    """For each glacier, the image of the latest of its best scenes with a line.

    images: by scene. Fronts on a map come before those of images without a position.
    """
    best: dict[str, tuple[tuple[bool, int, str, str], Background]] = {}
    for front in fronts:
        if not front.lines or front.scene not in images:
            continue
        rank = (
            front.crs is not None, -BEST_FIRST.index(front.quality), front.acquired, front.scene,
        )  # fmt: skip
        if front.glacier not in best or rank > best[front.glacier][0]:
            best[front.glacier] = rank, images[front.scene]
    return {glacier: background for glacier, (_, background) in sorted(best.items())}


def _meta(sample: PathLike) -> dict[str, Any]:
    return read_meta(sample)


def _background(image: PathLike, meta: Mapping[str, Any]) -> Background:
    crs = meta["crs"] or None
    corner = (float(meta["upper_left_x"]), float(meta["upper_left_y"])) if crs else (0.0, 0.0)
    size = (float(meta["source_pixel_size_x_m"]), float(meta["source_pixel_size_y_m"]))
    return Background(image, crs, corner, size, str(meta["scene"]))
