"""Front lines of a vector layer, burnt onto the grid of an image."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from calvingfront.errors import SceneError
from calvingfront.files import PathLike
from calvingfront.scenes.pixels import Mask
from calvingfront.vector_files import read_layer

LINE_TYPES = {"LineString", "MultiLineString", "LinearRing"}
SCENE_ATTRIBUTES = ("scene", "scene_name")
DATE_ATTRIBUTES = (
    "acquired",
    "date",
    "acq_date",
    "image_date",
    "img_date",
    "sourcedate",
    "datetime",
)
GLACIER_ATTRIBUTES = ("glacier", "glacier_name")


def rasterise_front(
    layer: PathLike,
    scene: str,
    glacier: str,
    acquired: str,
    crs: Any,
    transform: Any,
    shape: tuple[int, int],
    image: object,
) -> Mask:
    """Burn the front lines of a scene, one pixel wide and 8-connected; `shape` bool.

    The lines are reprojected to the image's `crs`. If the layer has an attribute `scene`, the
    features of this scene are burnt. Otherwise, if it has several features and a date attribute,
    those of the day `acquired` (and of this `glacier`, if that is an attribute) are burnt;
    otherwise all are. Raises SceneError if CRS, features or an intersection are missing.
    """
    from rasterio.features import rasterize
    from shapely.geometry import box

    try:
        features = read_layer(layer)
    except Exception as error:  # GDAL's drivers raise classes of their own
        raise SceneError(
            layer, f"cannot be read as a mask or as vectors ({error})", "Give a mask or lines."
        ) from None
    if crs is None:
        raise SceneError(
            image,
            f"has no coordinate reference system, so the lines of {layer} cannot be placed on it",
            "Give a GeoTIFF with its CRS, or the front as a mask of the image's size.",
        )
    if features.crs is None:
        raise SceneError(
            layer,
            "has no coordinate reference system",
            "Write its CRS into the file (a Shapefile needs its .prj).",
        )
    features = features[~(features.geometry.isna() | features.geometry.is_empty)]
    chosen = match_features(features, scene, glacier, acquired, layer)
    wrong = sorted(set(chosen.geom_type) - LINE_TYPES)
    if wrong:
        raise SceneError(
            layer, f"contains {', '.join(wrong)} for {scene}", "Draw the front as a line."
        )
    lines = chosen.to_crs(crs).geometry
    left, top = transform.c, transform.f
    right, bottom = left + shape[1] * transform.a, top + shape[0] * transform.e
    extent = box(min(left, right), min(top, bottom), max(left, right), max(top, bottom))
    lines = lines[lines.intersects(extent)]
    if lines.empty:
        raise SceneError(
            layer,
            f"has no line of {scene} that crosses its image (x {left:.0f} to {right:.0f}, "
            f"y {bottom:.0f} to {top:.0f} in {crs.to_string()})",
            "Check the layer's CRS and the image's.",
        )
    burnt = rasterize(
        ((line, 1) for line in lines), out_shape=shape, transform=transform, dtype="uint8"
    )
    return np.asarray(burnt > 0, dtype=np.bool_)


def match_features(features: Any, scene: str, glacier: str, acquired: str, layer: object) -> Any:
    """The features of a GeoDataFrame that belong to a scene. Raises SceneError if none do."""
    attributes = {str(column).lower(): column for column in features.columns}
    by_scene = next((attributes[key] for key in SCENE_ATTRIBUTES if key in attributes), None)
    if by_scene is not None:
        chosen = features[features[by_scene].astype(str) == scene]
        wanted = f"{by_scene} = {scene}"
    else:
        by_date = next((attributes[key] for key in DATE_ATTRIBUTES if key in attributes), None)
        if len(features) < 2 or by_date is None:
            chosen, wanted = features, "any feature"
        else:
            chosen = features[_days(features[by_date]) == acquired]
            wanted = f"{by_date} = {acquired}"
            by_glacier = next(
                (attributes[key] for key in GLACIER_ATTRIBUTES if key in attributes), None
            )
            if by_glacier is not None:
                chosen = chosen[chosen[by_glacier].astype(str) == glacier]
                wanted += f", {by_glacier} = {glacier}"
    if len(chosen) == 0:
        raise SceneError(
            layer,
            f"has no feature with {wanted} among its {len(features)}",
            "Correct the attribute, or give the scene a layer of its own.",
        )
    return chosen


def _days(values: pd.Series[Any]) -> pd.Series[str]:
    """Dates of any common notation (2007-03-04, 20070304, a time stamp) as YYYY-MM-DD."""
    if not pd.api.types.is_datetime64_any_dtype(values):
        text = values.astype(str).str.strip()
        compact = text.str.fullmatch(r"[0-9]{8}(\.0)?")
        text = text.where(~compact, text.str[:4] + "-" + text.str[4:6] + "-" + text.str[6:8])
        values = pd.to_datetime(text, errors="coerce", format="mixed")
    days: pd.Series[str] = values.dt.strftime("%Y-%m-%d")
    return days
