"""The attributes of a front in a file: their names, what they mean, when they are NULL."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import calvingfront
from calvingfront.locating.located_front import LocatedFront
from calvingfront.vocabulary.missions import MISSIONS

DAY, TIME = "day", "time"
# TermPicks' numbers: 1 quality impaired (there by cloud or shadow), 4 only part of the margin.
# CALFIN adds 10 to the flag of a line that no person drew. A front without a line has no flag.
FLAGS = {"good": 0, "doubtful": 1, "partial": 4}
AUTOMATIC = 10


def moment_of(acquired: str) -> datetime:
    """The moment that a column of date-times holds: of a day its begin, 00:00 UTC."""
    return datetime.fromisoformat(acquired).replace(tzinfo=UTC)


def decimal_year(acquired: str) -> float:
    """The year and what of it has passed: of a day its begin, as MATLAB's decyear has it.

    2020-07-02 is 2020.5 (day 183 of 366 has passed), 2021-07-02T12:00Z is 2021.5.
    """
    moment = moment_of(acquired)
    year = timedelta(days=366 if calendar.isleap(moment.year) else 365)
    return moment.year + (moment - datetime(moment.year, 1, 1, tzinfo=UTC)) / year


@dataclass(frozen=True)
class Attribute:
    """A column of the layer `fronts`.

    name:    there; short: in a Shapefile, ten characters at most.
    kind:    text, time, real, integer or boolean.
    null:    when it is NULL; "" where never.
    """

    name: str
    kind: str
    meaning: str
    null: str = ""
    short: str = ""


_OF_MODEL = "a person drew the line, or unknown"
ATTRIBUTES = (
    Attribute("scene", "text", "name of the scene"),
    Attribute("glacier", "text", "name of the glacier", "unknown"),
    Attribute("acquired", "time", "date-time, UTC; of a day its begin"),
    Attribute("acq_prec", "text", "day: acquired holds a day, its 00:00 means nothing; or time"),
    Attribute("Date", "text", "day, YYYY-MM-DD, UTC"),
    Attribute("DecDate", "real", "decimal year of acquired"),
    Attribute("mission", "text", "mission, as the scene table writes it", "unknown"),
    Attribute("Satellite", "text", "mission in words", "unknown"),
    Attribute("ImageID", "text", "orbit or image id", "unknown"),
    Attribute("pixel_m", "real", "pixel of the image, m", "unknown"),
    Attribute(
        "QualFlag",
        "integer",
        "10 drawn by a model (CALFIN), plus 0 good, 1 doubtful, 4 partial (TermPicks)",
        "there is no line, or nobody judged it",
    ),
    Attribute("quality", "text", "good, partial, doubtful or none", "nobody judged it"),
    Attribute("reason", "text", "why", "nothing is to be said"),
    Attribute("partial", "boolean", "a part of the front is missing", "nobody judged it"),
    Attribute("error_m", "real", "error of the line, m", "unknown"),
    Attribute("err90_m", "real", "its 90th percentile, m", "unknown"),
    Attribute("err_geo_m", "real", "error of the image's position, m", "unknown"),
    Attribute("err_method", "text", "which kind of error these are", "unknown"),
    Attribute("model", "text", "what drew the line", _OF_MODEL),
    Attribute("threshold", "real", "probability at which it was drawn", _OF_MODEL),
    Attribute("members", "integer", "models that took part", _OF_MODEL),
    Attribute(
        "length_m",
        "real",
        "length on the ellipsoid of WGS 84, m; without a map position, in the image",
        "there is no line",
    ),
    Attribute("numVertices", "integer", "vertices of all pieces", short="numVerts"),
    Attribute("Author", "text", "who stands for the line", "unknown"),
    Attribute("version", "text", "version of calvingfront that wrote the file"),
)


def attributes_of(front: LocatedFront, length_m: float | None) -> dict[str, Any]:
    """The attributes of a front (see ATTRIBUTES), None where NULL.

    length_m: length of its lines, m; None where there is none.
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
        "model": front.model or None,
        "threshold": front.threshold,
        "members": front.members,
        "length_m": length_m,
        "numVertices": sum(len(line) for line in front.lines),
        "Author": front.author or None,
        "version": calvingfront.__version__,
    }
