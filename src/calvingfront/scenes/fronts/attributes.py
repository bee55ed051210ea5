"""Which attributes of a layer say to which scene, day and glacier a front belongs."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from calvingfront.errors import SceneError
from calvingfront.scenes.fronts.layers import Features
from calvingfront.tabular.cells import Unreadable
from calvingfront.tabular.days import read_day

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
_TIME_INSIDE = re.compile(
    r"(?<!\d)(?:19|20)\d\d(?:[-_/.]?(?:0[1-9]|1[0-2])[-_/.]?(?:0[1-9]|[12]\d|3[01]))?(?!\d)"
    r"|(?<![a-z])(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)(?![a-z]*[^a-z\d .,_-])",
    re.IGNORECASE,
)
_SHAPEFILE = 10  # characters to which a Shapefile cuts the names of its attributes


Texts = Mapping[str, list[str | None]]  # attribute → its values, None where nothing is stated


def texts_of(attributes: Mapping[str, Sequence[Any]]) -> dict[str, list[str | None]]:
    """The attributes of a layer that state anything, as text."""
    texts = {name: [_text(value) for value in values] for name, values in attributes.items()}
    return {name: v for name, v in texts.items() if any(value is not None for value in v)}


class Attributes:
    """The attributes of a layer that tell whose its features are.

    texts: all of them. scene, day: their names, or None; glaciers: those with the glacier's name.
    days: of the features, YYYY-MM-DD or None, if `day` is known.
    found: what `day` was found by, if its name is not a known one; a sentence for the log.
    """

    def __init__(self, features: Features, where: object) -> None:
        """Find them. Raises SceneError if two could be the day, or the days cannot be read."""
        self.texts: Texts = texts_of(features.attributes)
        self.scene = next(iter(_named(self.texts, SCENE_ATTRIBUTES)), None)
        self.glaciers = _named(self.texts, GLACIER_ATTRIBUTES)
        self.day: str | None = None
        self.days: list[str | None] = [None] * len(features.geometry)
        self.found = ""
        known = _named(self.texts, DATE_ATTRIBUTES)
        if not known:
            known = _readable(self.texts, {self.scene, *self.glaciers})
            if len(known) == 1:
                self.found = f"attribute {known[0]} is taken as the day: all its values are days"
        read = {name: day_column(self.texts[name]) for name in known}
        if len({tuple(days) for days in read.values()}) > 1:
            raise SceneError(
                where,
                f"has several attributes of days that differ ({', '.join(known)})",
                "Keep the day of the image only, or name it acquired and rename the others.",
            )
        if not known:
            return
        self.day, self.days = known[0], read[known[0]]
        values = zip(self.texts[self.day], self.days, strict=True)
        unread = [text for text, day in values if day is None and text is not None]
        if unread and self.scene is None:
            raise SceneError(
                where,
                f"has days in {self.day} that are not unmistakable "
                f"({', '.join(map(repr, sorted(set(unread))[:3]))})",
                "Write them as YYYY-MM-DD.",
            )


def day_column(values: Sequence[str | None]) -> list[str | None]:
    """The days YYYY-MM-DD (UTC) of an attribute, None where a value is no unmistakable day."""
    read = {value: None if value is None else _day_of(value) for value in set(values)}
    return [read[value] for value in values]


def day_of_value(text: str) -> str | None:
    """The day YYYY-MM-DD (UTC) of a text; None if it is no unmistakable day."""
    try:
        return read_day(text)
    except Unreadable:
        return None


def tells_apart(texts: Texts) -> str | None:
    """An attribute, of a layer without a day, by which its features seem to be of several days."""
    for name, values in texts.items():
        stated = {value for value in values if value is not None}
        if len(stated) < 2:
            continue
        inside = [_TIME_INSIDE.search(value) for value in stated]
        times = {found[0].lower() for found in inside if found}
        if _OF_TIME.search(_plain(name)) or (all(inside) and len(times) > 1):
            return name
    return None


def _plain(name: str) -> str:
    """An attribute's name in lower case, with `_` for everything that is no letter or digit."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _named(texts: Texts, names: Sequence[str]) -> list[str]:
    """The attributes of these names, in this order; a Shapefile may have cut them."""
    known = {name[:length] for name in names for length in (_SHAPEFILE, None)}
    found = [name for name in texts if _plain(name) in known]
    order = {name: place for place, name in enumerate(names)}
    return sorted(found, key=lambda name: order.get(_plain(name), len(order)))


def _readable(texts: Texts, others: set[str | None]) -> list[str]:
    """The attributes of unknown names whose values are all days, without dates of the drawing."""
    return [
        name
        for name, values in texts.items()
        if name not in others
        and not _OF_THE_WORK.search(_plain(name))
        and all(_day_of(value) for value in set(values) if value is not None)
    ]


def _text(value: Any) -> str | None:
    """A value as text, whole numbers without a decimal point; None if it states nothing."""
    if value is None or type(value).__name__ in {"NAType", "NaTType"}:
        return None
    if isinstance(value, float):
        if math.isnan(value):
            return None
        value = int(value) if value.is_integer() else value
    text = str(value).strip()
    return None if text in {"", "NULL", "null", "None", "nan"} else text


def _day_of(text: str) -> str | None:
    """The UTC day of a value, None if it is not one."""
    try:
        return read_day(text)
    except Unreadable:
        return None
