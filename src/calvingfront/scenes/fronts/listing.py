"""Check the fronts of all scenes of a table before any job runs."""

from __future__ import annotations

import re
from collections import OrderedDict
from pathlib import Path
from typing import Any

from rasterio.transform import Affine

from calvingfront.errors import SceneError
from calvingfront.files import PathLike
from calvingfront.scenes.fronts.burning import IMAGE_REMEDY
from calvingfront.scenes.fronts.layers import split_layer
from calvingfront.scenes.fronts.mask_grid import Grid, describe, grid_of, mask_grid, placement
from calvingfront.scenes.fronts.matching import FrontFile
from calvingfront.scenes.fronts.placing import CLEAR_SHARE, Extent, check_inside, lines_in
from calvingfront.scenes.user_table import Fault, existing, fetched

OPEN_FILES = 16  # layers kept in memory: a table may name the same few again and again
SHOWN = 5
DAY = re.compile(r"\d{4}-\d\d-\d\d")


def front_of(cell: dict[str, str], folder: Path, fault: Fault) -> tuple[Path | None, str | None]:
    """File and layer of a line's cell `front`; no file, and a fault, if there is none."""
    if not cell["front"]:
        return None, None
    name, layer = split_layer(cell["front"])
    path = existing(cell | {"front": name}, "front", folder, fault)
    if path is not None and not fetched(path, "front", fault):
        path = None
    return path, layer


class Fronts:
    """The fronts of a table, checked scene by scene; each file is read once."""

    def __init__(self) -> None:
        self._files: OrderedDict[tuple[str, str | None], FrontFile | SceneError] = OrderedDict()
        self._owners: dict[tuple[Path, str], str] = {}
        self._told: set[tuple[Path, str]] = set()
        self._outside: list[tuple[str, float]] = []
        self._notes: list[str] = []

    def check(
        self,
        path: Path,
        layer: str | None,
        cell: dict[str, str],
        fault: Fault,
        header: dict[str, Any] | None = None,
    ) -> None:
        """Check the front of a line of the table; call `fault` if it cannot be used.

        cell: with scene, glacier and acquired. header: of its image, with the path `image`; see
        `check_lines`.
        """
        if not DAY.fullmatch(cell["acquired"]):
            return  # told already
        try:
            mask = mask_grid(path) if layer is None else None
            if mask is not None:
                if header is not None:
                    self.check_mask(path, mask, cell["scene"], header)
            else:
                names = cell["scene"], cell["glacier"], cell["acquired"]
                self.check_lines(path, layer, *names, header)
        except SceneError as error:
            if (path, error.what) not in self._told:  # a fault of the whole file, told once
                self._told.add((path, error.what))
                fault(f"front {path.name} {error.what}", error.remedy)

    def check_lines(
        self,
        path: PathLike,
        layer: str | None,
        scene: str,
        glacier: str,
        acquired: str,
        header: dict[str, Any] | None = None,
    ) -> None:
        """Check that a file has lines that provably are the front of a scene.

        header: of its image, as `imagery.headers.image_header` gives it; None for a product, whose
        map does not exist yet.
        Raises SceneError if not; if its features belong to no scene or day by their attributes and
        another scene is given the same layer; and if none of them crosses the image.
        """
        own, its = self._file(path, layer).own(scene, glacier, acquired)
        if own.proof == "alone":
            owner = self._owners.setdefault((Path(path).resolve(), own.layer), scene)
            if owner != scene:
                raise SceneError(
                    path,
                    f"is given for {owner} and for {scene}, but nothing in it says which of its "
                    "features belong to which",
                    "Add an attribute acquired (YYYY-MM-DD) or scene, or give each a file.",
                )
        if its.crs is None or header is None:
            lines_in(own.lines, its.crs, str(its.crs), path)
            return
        if header.get("crs") is None:
            raise SceneError(
                path,
                "cannot be placed on its image, which has no coordinate reference system",
                IMAGE_REMEDY,
            )
        transform = _transform(header)
        height, width = header["height_px"], header["width_px"]
        right, bottom = transform.c + width * transform.a, transform.f + height * transform.e
        lines = lines_in(own.lines, its.crs, header["crs"], path)
        extent = Extent(transform.c, bottom, right, transform.f)
        share = check_inside(lines, extent, scene, header["crs"], path)
        if share < CLEAR_SHARE:
            self._outside.append((scene, share))
        self._notes += [note for note in own.notes if note not in self._notes]

    def check_mask(self, path: PathLike, mask: Grid, scene: str, header: dict[str, Any]) -> None:
        """Check that a mask lies on its image. Raises SceneError if not.

        header: of the image, with its path `image` and, if it was read, its `grid`.
        """
        grid = Grid(*header["grid"]) if "grid" in header else grid_of(header["image"])
        done = describe(placement(mask, grid, path), mask, grid)
        if done:
            self._notes.append(f"mask of {scene} {done}")

    def notes(self) -> list[str]:
        """Sentences for the scene report."""
        if not self._outside:
            return list(self._notes)
        worst = sorted(self._outside, key=lambda one: one[1])
        shown = ", ".join(f"{scene} {100 * share:.0f} %" for scene, share in worst[:SHOWN])
        more = f" and {len(worst) - SHOWN} more" if len(worst) > SHOWN else ""
        count = f"{len(worst)} front{'s' if len(worst) > 1 else ''}"
        return [*self._notes, f"{count} lie only in part in the image: {shown}{more}"]

    def _file(self, path: PathLike, layer: str | None) -> FrontFile:
        key = str(Path(path)), layer
        if key not in self._files:
            if len(self._files) >= OPEN_FILES:
                self._files.popitem(last=False)
            try:
                self._files[key] = FrontFile(path, layer)
            except SceneError as error:
                self._files[key] = error
        self._files.move_to_end(key)
        found = self._files[key]
        if isinstance(found, SceneError):
            raise found
        return found


def _transform(header: dict[str, Any]) -> Affine:
    size = header["pixel_size_x_m"], header["pixel_size_y_m"]
    return Affine(size[0], 0, header["upper_left_x"], 0, -size[1], header["upper_left_y"])
