"""The attributes of a front in a file: names, meanings, and when they are NULL."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import calvingfront
from calvingfront.locating.located_front import LocatedFront
from calvingfront.vocabulary.missions import MISSIONS

DAY, TIME = "day", "time"
# TermPicks' codes: 1 impaired quality (in TermPicks by cloud or shadow), 4 only part of the margin.
# CALFIN adds 10 for lines drawn automatically. A front without a line has no flag.
FLAGS = {"good": 0, "doubtful": 1, "partial": 4}
AUTOMATIC = 10


def moment_of(acquired: str) -> datetime:
    """The date-time to store for `acquired`; for a day, its start at 00:00 UTC."""
    return datetime.fromisoformat(acquired).replace(tzinfo=UTC)


def decimal_year(acquired: str) -> float:
    """The decimal year; a day counts from its start, as in MATLAB's decyear.

    2020-07-02 is 2020.5 (183 of 366 days have passed), 2021-07-02T12:00Z is 2021.5.
    """
    moment = moment_of(acquired)
    year = timedelta(days=366 if calendar.isleap(moment.year) else 365)
    return moment.year + (moment - datetime(moment.year, 1, 1, tzinfo=UTC)) / year


@dataclass(frozen=True)
class Attribute:
    """A column of the layer `fronts`.

    name:    in every format except Shapefile.
    kind:    text, time, real, integer or boolean.
    null:    when it is NULL; "" for never.
    short:   in a Shapefile, where `name` exceeds ten characters.
    """

    name: str
    kind: str
    meaning: str
    null: str = ""
    short: str = ""


# Columns that files of earlier versions lack; they are read as unknown.
LATER = ("err_calib",)
_OF_MODEL = "a person drew the line, or unknown"
ATTRIBUTES = (
    Attribute("scene", "text", "name of the scene"),
    Attribute("glacier", "text", "name of the glacier", "unknown"),
    Attribute("acquired", "time", "date-time, UTC; for a day, its start"),
    Attribute("acq_prec", "text", "day (the 00:00 in acquired has no meaning) or time"),
    Attribute("Date", "text", "day, YYYY-MM-DD, UTC"),
    Attribute("DecDate", "real", "decimal year of acquired"),
    Attribute("mission", "text", "mission, as the scene table writes it", "unknown"),
    Attribute("Satellite", "text", "full name of the mission", "unknown"),
    Attribute("ImageID", "text", "orbit or image id", "unknown"),
    Attribute("pixel_m", "real", "pixel size of the image, m", "unknown"),
    Attribute(
        "QualFlag",
        "integer",
        "0 good, 1 doubtful, 4 partial (TermPicks); plus 10 if drawn by a model (CALFIN)",
        "there is no line, or it was not assessed",
    ),
    Attribute("quality", "text", "good, partial, doubtful or none", "not assessed"),
    Attribute("reason", "text", "why the quality is what it is", "none is given"),
    Attribute("partial", "boolean", "part of the front is missing", "not assessed"),
    Attribute("error_m", "real", "expected mean distance between line and front, m", "unknown"),
    Attribute("err90_m", "real", "mean half-width of the band of 90 %, m", "unknown"),
    Attribute("err_geo_m", "real", "error of the image's position, m", "unknown"),
    Attribute("err_method", "text", "what kind of error these are", "unknown"),
    Attribute(
        "err_calib",
        "text",
        "where they were calibrated: trained (glaciers of the training, such as this), elsewhere "
        "(glaciers left out of trainings), untested (as trained, but this is not among them)",
        "unknown",
    ),
    Attribute("model", "text", "what drew the line", _OF_MODEL),
    Attribute("threshold", "real", "probability at which it was drawn", _OF_MODEL),
    Attribute("members", "integer", "number of models combined", _OF_MODEL),
    Attribute(
        "length_m",
        "real",
        "length on the WGS 84 ellipsoid, m; without a map position, in the image",
        "there is no line",
    ),
    Attribute("numVertices", "integer", "number of vertices in all pieces", short="numVerts"),
    Attribute("Author", "text", "who is responsible for the line", "unknown"),
    Attribute("version", "text", "version of calvingfront that wrote the file"),
)


def attributes_of(front: LocatedFront, length_m: float | None) -> dict[str, Any]:
    """The attributes of a front (see ATTRIBUTES), None where NULL.

    length_m: total length of its lines, m; None without a line.
    """
    flag = None
    if front.quality in FLAGS:
        flag = FLAGS[front.quality] + (AUTOMATIC if front.model else 0)
    known = MISSIONS.get(front.mission)
    return {
        "scene": front.scene,
        "glacier": front.glacier or None,
        "acquired": moment_of(front.acquired),
        "acq_prec": TIME if "T" in front.acquired else DAY,
        "Date": front.acquired[:10],
        "DecDate": decimal_year(front.acquired),
        "mission": front.mission or None,
        "Satellite": known.label if known else front.mission or None,
        "ImageID": front.orbit or None,
        "pixel_m": front.pixel_size_m,
        "QualFlag": flag,
        "quality": front.quality,
        "reason": front.reason or None,
        "partial": None if front.quality is None else front.quality == "partial",
        "error_m": front.error_m,
        "err90_m": front.err90_m,
        "err_geo_m": front.err_geo_m,
        "err_method": front.err_method or None,
        "err_calib": front.err_calib or None,
        "model": front.model or None,
        "threshold": front.threshold,
        "members": front.members,
        "length_m": length_m,
        "numVertices": sum(len(line) for line in front.lines),
        "Author": front.author or None,
        "version": calvingfront.__version__,
    }
