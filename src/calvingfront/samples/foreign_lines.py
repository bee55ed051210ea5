"""Front lines of others in vector files, burnt onto the grids of the scenes."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import geopandas
import numpy as np
import shapely
from rasterio.features import rasterize
from rasterio.transform import Affine
from shapely.geometry import box

from calvingfront.errors import CalvingFrontError, Faults, SceneError
from calvingfront.geofiles.vectors import layers_with_kinds, read_layer
from calvingfront.scenes.fronts.attributes import SCENE_ATTRIBUTES
from calvingfront.scenes.fronts.layers import LINE_TYPES
from calvingfront.scenes.fronts.placing import lines_in
from calvingfront.scenes.pixels import Mask
from calvingfront.vocabulary.others import LINE_SUFFIXES, PARQUET_SUFFIXES

# The layers of this project's own files of fronts; the second holds the fronts of images without a
# map position, in m from the image's upper left corner, y up.
FRONTS, IMAGE_FRONTS = "fronts", "fronts_image"


class _Part(NamedTuple):
    """The features of one scene in one layer."""

    path: Path
    features: Any
    on_image: bool


class ForeignLines:
    """The lines in a folder or file, by scene.

    path: a vector file, or a folder that is searched with its subfolders. A file named after a
    scene, SCENE.gpkg or SCENE_front.gpkg, holds the lines of this scene; any other file needs an
    attribute `scene`.
    scenes: names of all scenes of the data set. ignored: files, and scenes in files, that belong to
    none of them.
    Raises Faults if files cannot be read, or if a scene is in two of them.
    """

    def __init__(self, path: Path, scenes: Collection[str]) -> None:
        files = [path]
        if path.is_dir():
            files = sorted(p for p in path.rglob("*") if p.suffix.lower() in LINE_SUFFIXES)
        self.ignored: list[str] = []
        self.hint = ""
        self._parts: dict[str, list[_Part]] = {}
        faults: list[CalvingFrontError] = []
        for file in files:
            named = next(
                (name for name in (file.stem, file.stem.removesuffix("_front")) if name in scenes),
                None,
            )
            try:
                found = _by_scene(file, named)
            except SceneError as error:
                faults.append(error)
                continue
            if found is None:
                self.ignored.append(file.name)
                self.hint = f"{file.name} has no attribute scene, and is not named after a scene"
                continue
            for scene, parts in found.items():
                if scene not in scenes:
                    self.ignored.append(f"{scene} in {file.name}")
                elif scene in self._parts:
                    where = f"{self._parts[scene][0].path} and {file}"
                    faults.append(SceneError(scene, f"is in two files: {where}", "Keep one."))
                else:
                    self._parts[scene] = parts
        if faults:
            raise Faults(faults, "Correct the files of lines.")

    @property
    def scenes(self) -> set[str]:
        """The scenes that have a file or a row."""
        return set(self._parts)

    def mask(self, scene: str, facts: Mapping[str, Any]) -> Mask:
        """Burn the lines of a scene onto its own grid, one pixel wide; (height, width) bool.

        facts: the scene's row of the data set's index. A scene without a line gives an empty mask.
        Raises SceneError if its lines cannot be placed on it, or none of them crosses it.
        """
        shape = int(facts["source_height"]), int(facts["source_width"])
        burnt = np.zeros(shape, dtype=np.bool_)
        for part in self._parts[scene]:
            features = part.features
            features = features[~(features.geometry.isna() | features.geometry.is_empty)]
            if features.empty:
                continue
            wrong = sorted(set(features.geom_type) - LINE_TYPES)
            if wrong:
                what = f"contains {', '.join(wrong)} for {scene}"
                raise SceneError(part.path, what, "Draw the front as a line.")
            transform = _transform(facts, part, scene)
            lines = np.asarray(features.geometry.array)
            lines = lines[np.isfinite(features.bounds).all(axis=1)]
            if not part.on_image:
                crs = None if features.crs is None else features.crs.to_string()
                lines = lines_in(lines, crs, facts["crs"], part.path)
            left, top = transform @ (0, 0)
            right, bottom = transform @ (shape[1], shape[0])
            lines = lines[shapely.intersects(lines, box(left, bottom, right, top))]
            if not lines.size:
                raise SceneError(
                    part.path,
                    f"has no line of {scene} that crosses its image (x {left:.0f} to {right:.0f}, "
                    f"y {bottom:.0f} to {top:.0f} in {_name(facts, part)})",
                    "Check the CRS that the file states; to predict no front, leave out the line",
                )
            shapes = ((line, 1) for line in lines)
            burnt |= rasterize(shapes, out_shape=shape, transform=transform, dtype="uint8") > 0
        return burnt


def _transform(facts: Mapping[str, Any], part: _Part, scene: str) -> Any:
    """The scene's grid, on the map or, for lines drawn on the image, in m from its corner."""
    pixel = float(facts["source_pixel_size_x_m"]), float(facts["source_pixel_size_y_m"])
    if part.on_image:
        return Affine(pixel[0], 0, 0, 0, -pixel[1], 0)
    corner = float(facts["upper_left_x"]), float(facts["upper_left_y"])
    if not isinstance(facts["crs"], str) or any(math.isnan(value) for value in corner):
        raise SceneError(
            scene,
            f"has no known position on the map, so the lines of {part.path.name} cannot be placed",
            f"Give its front as a mask, {scene}_front.png.",
        )
    return Affine(pixel[0], 0, corner[0], 0, -pixel[1], corner[1])


def _name(facts: Mapping[str, Any], part: _Part) -> str:
    return "m from its corner" if part.on_image else str(facts["crs"])


def _by_scene(path: Path, named: str | None) -> dict[str, list[_Part]] | None:
    """The features of a file by scene; None if it does not say which scenes they belong to.

    named: the scene that the file is named after, to which all its features belong.
    """
    found: dict[str, list[_Part]] = {named: []} if named else {}
    for layer in _layers(path):
        features = _read(path, layer)
        on_image = layer == IMAGE_FRONTS
        if named:
            found[named].append(_Part(path, features, on_image))
            continue
        columns = {str(column).lower(): column for column in features.columns}
        column = next((columns[key] for key in SCENE_ATTRIBUTES if key in columns), None)
        if column is None:
            return None
        for scene, its in features.groupby(features[column].astype(str), sort=True):
            found.setdefault(str(scene), []).append(_Part(path, its, on_image))
    if not found:
        raise SceneError(
            path, "has no features", "Write a row for each scene; without a line for no front."
        )
    return found


def _layers(path: Path) -> list[str]:
    """The layers to read: our own, or the only one."""
    if path.suffix.lower() in PARQUET_SUFFIXES:
        return [FRONTS]
    try:
        names = [name for name, kind in layers_with_kinds(path) if kind is not None]
    except Exception as error:  # GDAL's drivers raise classes of their own
        raise SceneError(path, f"cannot be read ({error})", "Write the file again.") from None
    ours = [name for name in (FRONTS, IMAGE_FRONTS) if name in names]
    if not ours and len(names) != 1:
        what = f"has the layers {', '.join(names)}" if names else "has no layer with lines"
        raise SceneError(path, what, f"Keep the lines in one layer, or name it {FRONTS}.")
    return ours or names


def _read(path: Path, layer: str) -> Any:
    try:
        if path.suffix.lower() in PARQUET_SUFFIXES:
            return geopandas.read_parquet(path)
        return read_layer(path, layer)
    except Exception as error:
        raise SceneError(path, f"cannot be read ({error})", "Write the file again.") from None
