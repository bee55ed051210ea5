"""Which attributes of a layer say to which scene, day and glacier a front belongs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pandas as pd

from calvingfront.errors import SceneError
from calvingfront.scenes.fronts.days import day_of_value

SCENE_ATTRIBUTES = ("scene", "scene_name")
GLACIER_ATTRIBUTES = ("glacier", "glacier_name", "glaciername")
DATE_ATTRIBUTES = (
    "acquired", "acquired_at", "acq_date", "acq_time", "acqdate", "acquisition", "acquisition_date",
    "acquisition_time", "acquisitiondate", "date", "datetime", "date_time", "image_date",
    "imagedate", "img_date", "imgdate", "obs_date", "observation_date", "scene_date",
    "sensing_date", "sensing_time", "source_date", "sourcedate", "terminus_date", "front_date",
)  # fmt: skip
# Dates of the drawing, not of the image.
_OF_THE_WORK = re.compile(r"edit|creat|modif|digit|drawn|updat|process|publi|load|insert|release")
_OF_TIME = re.compile(r"dat(e|um)|day|time|year|month|doy|acq|jahr|tag$")
_DAY_INSIDE = re.compile(
    r"(?<!\d)(?:19|20)\d\d[-_/.]?(?:0[1-9]|1[0-2])[-_/.]?(?:0[1-9]|[12]\d|3[01])"
)
_SHAPEFILE = 10  # characters to which a Shapefile cuts the names of its attributes


def plain_name(name: object) -> str:
    """An attribute's name in lower case, with `_` for everything that is no letter or digit."""
    return re.sub(r"[^a-z0-9]+", "_", str(name).lower()).strip("_")


def named(features: Any, names: Sequence[str]) -> list[Any]:
    """The attributes of these names with a value anywhere; names may be cut as in a Shapefile."""
    known = {name[:length] for name in names for length in (_SHAPEFILE, None)}
    found = [c for c in attributes(features) if plain_name(c) in known]
    order = {name: place for place, name in enumerate(names)}
    return sorted(found, key=lambda column: order.get(plain_name(column), len(order)))


def attributes(features: Any) -> list[Any]:
    """The attributes that have a value anywhere, without the geometry."""
    return [
        column
        for column in features.columns
        if column != features.geometry.name and not empty(features[column]).all()
    ]


def empty(values: pd.Series[Any]) -> Any:
    """Which values state nothing, (n,) bool."""
    return values.isna() | values.astype(str).str.strip().isin(["", "None", "NULL", "null"])


def as_text(values: pd.Series[Any]) -> pd.Series[Any]:
    """Values as text, whole numbers without a decimal point; None where nothing is stated."""
    if pd.api.types.is_float_dtype(values):
        text = values.map(lambda v: str(int(v)) if pd.notna(v) and float(v).is_integer() else v)
        text = text.astype(str)
    else:
        text = values.astype(str).str.strip()
    return text.astype(object).where(~empty(values), None)


class Attributes:
    """The attributes of a layer that tell whose its features are.

    scene, day: their columns, or None; glaciers: columns with the glacier's name.
    days: of the features, YYYY-MM-DD or None, if `day` is known.
    found: what `day` was found by, if its name is not a known one; a sentence for the log.
    """

    def __init__(self, features: Any, where: object) -> None:
        """Find them. Raises SceneError if two could be the day, or the days cannot be read."""
        self.scene = next(iter(named(features, SCENE_ATTRIBUTES)), None)
        self.glaciers = named(features, GLACIER_ATTRIBUTES)
        self.day: Any = None
        self.days: list[str | None] = [None] * len(features)
        self.found = ""
        known = named(features, DATE_ATTRIBUTES)
        if not known:
            known = _readable(features, {self.scene, *self.glaciers})
            if len(known) == 1:
                self.found = f"attribute {known[0]} is taken as the day: all its values are days"
        read = {column: day_column(features[column]) for column in known}
        if len({tuple(days) for days in read.values()}) > 1:
            raise SceneError(
                where,
                f"has several attributes of days that differ ({', '.join(map(str, known))})",
                "Keep the day of the image only, or name it acquired and rename the others.",
            )
        if not known:
            return
        self.day, self.days = known[0], read[known[0]]
        unread = [
            str(value)
            for value, day, no in zip(
                features[self.day], self.days, empty(features[self.day]), strict=True
            )
            if day is None and not no
        ]
        if unread and self.scene is None:
            shown = ", ".join(map(repr, sorted(set(unread))[:3]))
            raise SceneError(
                where,
                f"has {len(unread)} values of {self.day} that are no unmistakable day ({shown})",
                "Write them as YYYY-MM-DD.",
            )


def day_column(values: pd.Series[Any]) -> list[str | None]:
    """The days YYYY-MM-DD (UTC) of an attribute, None where a value is no unmistakable day."""
    text = as_text(values)
    read = {value: None if value is None else day_of_value(value) for value in set(text)}
    return [read[value] for value in text]


def tells_apart(features: Any) -> str | None:
    """An attribute, of a layer without a day, by which its features seem to be of several days."""
    for column in attributes(features):
        text = as_text(features[column]).dropna()
        if text.nunique() < 2:
            continue
        if _OF_TIME.search(plain_name(column)):
            return str(column)
        inside = text.map(lambda value: _DAY_INSIDE.search(value))
        if inside.notna().all() and inside.map(lambda found: found[0]).nunique() > 1:
            return str(column)
    return None


def _readable(features: Any, others: set[Any]) -> list[Any]:
    """The attributes of unknown names whose values are all days, without dates of the drawing."""
    found = []
    for column in attributes(features):
        if column in others or _OF_THE_WORK.search(plain_name(column)):
            continue
        stated = features[column][~empty(features[column])]
        if all(day is not None for day in day_column(stated)):
            found.append(column)
    return found
