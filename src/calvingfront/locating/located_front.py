"""One calving front with all that a user of its line must know."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from calvingfront.errors import SceneError
from calvingfront.locating.degrees import LATITUDE_LIMIT, crs_text, is_geographic, same_crs

Floats = npt.NDArray[np.float64]

QUALITIES = ("good", "partial", "doubtful", "none")
AUTHOR = "calvingfront"
_TIME = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?( ?Z|[+-]\d{2}:?\d{2})?", re.ASCII
)
_TEXTS = ("scene", "glacier", "mission", "reason", "author")
_OPTIONAL_TEXTS = ("orbit", "err_method", "model")
# The least that each may be.
_NUMBERS = {
    "pixel_size_m": 0, "threshold": 0, "members": 1, "error_m": 0, "err90_m": 0, "err_geo_m": 0,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class LocatedFront:
    """The calving front of one scene, or why there is none.

    scene:        its name; no two fronts of a file share it.
    glacier, mission: names; "" where unknown.
    acquired:     a day (YYYY-MM-DD), or an ISO date-time. One without a zone is in UTC. It is kept
                  as UTC to the millisecond (YYYY-MM-DDTHH:MM:SS[.mmm]Z); a day stays a day.
    orbit:        orbit or image id; None where unknown.
    pixel_size_m: pixel of the image that the line was drawn in, m; None where unknown.
    crs:          what pyproj understands; None without a map position.
    lines:        pieces, each (n, 2), n > 1, float64: x, y in the CRS (east, north; longitude,
                  latitude). Without a CRS: m right of and below the image's upper left corner.
    model, threshold, members: what drew the line; None where a person did, or where unknown.
    quality:      good, partial, doubtful or none (no line); None where nobody judged it.
    reason:       why the quality is what it is.
    error_m, err90_m, err_geo_m: error of the line, its 90th percentile, and error of the image's
                  position, m; err_method says of which kind. None where unknown.
    vertex_errors_m: for each piece (n,), m, NaN where unknown; () where none is known.
    author:       who stands for the line.
    Raises SceneError where a field contradicts this, or quality and lines contradict each other.
    """

    scene: str
    glacier: str
    mission: str
    acquired: str
    orbit: str | None
    pixel_size_m: float | None
    crs: str | None
    lines: Sequence[Floats]
    model: str | None
    threshold: float | None
    members: int | None
    quality: str | None
    reason: str = ""
    error_m: float | None = None
    err90_m: float | None = None
    err_geo_m: float | None = None
    err_method: str | None = None
    vertex_errors_m: Sequence[Floats] = field(default=())
    author: str = AUTHOR

    def __post_init__(self) -> None:
        if not isinstance(self.scene, str) or not self.scene:
            raise SceneError("scene", f"{self.scene!r} is no name", "Name the front's scene.")
        for name in (*_TEXTS, *_OPTIONAL_TEXTS):
            value = getattr(self, name)
            if name in _OPTIONAL_TEXTS:
                self._set(name, value or None)
            if not _is_plain(value or ""):
                raise self._fault(name, f"{value!r} is no text that a file can hold", "Correct it.")
        for name, least in _NUMBERS.items():
            value = getattr(self, name)
            if value is None:
                continue
            number = int(value) if name == "members" and math.isfinite(value) else float(value)
            if not math.isfinite(value) or number != value or value < least:
                raise self._fault(name, f"cannot be {value}", "Give a size, or None.")
            self._set(name, number)
        if self.pixel_size_m == 0:
            raise self._fault("pixel_size_m", "cannot be 0", "Give a size, or None.")
        try:
            self._set("acquired", canonical_time(self.acquired))
        except (ValueError, OverflowError):
            raise self._fault(
                "acquired",
                f"{self.acquired!r} is neither a day nor a time",
                "Write YYYY-MM-DD or YYYY-MM-DDTHH:MM:SSZ.",
            ) from None
        if self.crs is not None:
            try:
                self._set("crs", crs_text(self.crs))
            except ValueError as error:
                raise self._fault("crs", str(error), "Write EPSG:3031, or WKT.") from None
        self._set("lines", tuple(self._line(line) for line in self.lines))
        errors = tuple(np.array(each, np.float64) for each in self.vertex_errors_m)
        if not any(np.isfinite(each).any() for each in errors):
            errors = ()
        elif [each.shape for each in errors] != [line.shape[:1] for line in self.lines]:
            raise self._fault(
                "vertex_errors_m", "does not match the lines", "Give one for each vertex, or ()."
            )
        if any((each < 0).any() or np.isinf(each).any() for each in errors):
            raise self._fault("vertex_errors_m", "holds what is no size", "Give m, or NaN.")
        self._set("vertex_errors_m", errors)
        if self.quality not in (*QUALITIES, None):
            raise self._fault(
                "quality", f"{self.quality!r} is unknown", f"Write {', '.join(QUALITIES)}."
            )
        if (self.quality == "none") == bool(self.lines):
            what = f"is {self.quality!r} with {len(self.lines)} lines"
            raise self._fault("quality", what, "It is none where there is no line, and only there.")

    def __eq__(self, other: object) -> bool:
        """Same attributes, same coordinates bit by bit, same CRS in whatever words."""
        if not isinstance(other, LocatedFront):
            return NotImplemented
        arrays = ("lines", "vertex_errors_m")
        plain = [f.name for f in fields(self) if f.name not in (*arrays, "crs")]
        return (
            all(getattr(self, name) == getattr(other, name) for name in plain)
            and all(_equal(getattr(self, name), getattr(other, name)) for name in arrays)
            and same_crs(self.crs, other.crs)
        )

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _fault(self, name: str, what: str, remedy: str) -> SceneError:
        return SceneError(self.scene, f"{name} {what}", remedy)

    def _line(self, line: Any) -> Floats:
        points = np.array(line, dtype=np.float64, order="C")
        if points.ndim != 2 or points.shape[1] != 2 or len(points) < 2:
            raise self._fault(
                "lines", f"holds an array {points.shape}", "Give (n, 2) with two points or more."
            )
        if not np.isfinite(points).all():
            raise self._fault("lines", "holds points without a place", "Leave them out.")
        if self.crs is not None and is_geographic(self.crs):
            most = np.abs(points).max(axis=0)
            if most[0] > 180 or most[1] > LATITUDE_LIMIT:
                raise self._fault(
                    "lines",
                    f"reaches {most[0]:.6g}, {most[1]:.6g}, which are no degrees, though its CRS "
                    "has degrees",
                    "Name the CRS that x and y are in; longitudes go from -180 to 180.",
                )
        points.setflags(write=False)
        return points


def _is_plain(value: object) -> bool:
    """Text that UTF-8 and C strings can hold."""
    if not isinstance(value, str) or "\0" in value:
        return False
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _equal(these: Sequence[Floats], those: Sequence[Floats]) -> bool:
    return len(these) == len(those) and all(
        np.array_equal(a, b, equal_nan=True) for a, b in zip(these, those, strict=True)
    )


def canonical_time(text: str) -> str:
    """A day, or a date-time in UTC to the millisecond. Raises ValueError for anything else."""
    if not isinstance(text, str):
        raise ValueError(text)
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        return date.fromisoformat(text).isoformat()
    if not _TIME.fullmatch(text):
        raise ValueError(text)
    return time_text(datetime.fromisoformat(text.replace(" Z", "Z")))


def time_text(moment: datetime) -> str:
    """A moment as UTC to the nearest millisecond; one without a zone is taken as UTC."""
    utc = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    millisecond = round(utc.microsecond / 1000)
    utc = utc.replace(microsecond=0) + timedelta(milliseconds=millisecond)
    digits = "milliseconds" if utc.microsecond else "seconds"
    return utc.replace(tzinfo=None).isoformat(timespec=digits) + "Z"
