"""One calving front with everything that a user of its line needs to know."""

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
# Where the errors of a line were calibrated: on glaciers of the model's training, such as its own;
# on others that trainings left out; or on the former, and its own is not known to be one of them.
TRAINED, ELSEWHERE, UNTESTED = "trained", "elsewhere", "untested"
# Percentages of a line's length at which bands contain the front.
LEVELS = (50, 90, 95)
_TIME = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?( ?Z|[+-]\d{2}:?\d{2})?", re.ASCII
)
_TEXTS = ("scene", "glacier", "mission", "reason", "author")
_OPTIONAL_TEXTS = ("orbit", "err_method", "err_calib", "model")
# The minimum of each.
_NUMBERS = {
    "pixel_size_m": 0, "threshold": 0, "members": 1, "error_m": 0, "err90_m": 0, "err_geo_m": 0,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class LocatedFront:
    """The calving front of one scene, or why there is none.

    scene:        its name, unique in a file.
    glacier, mission: names; "" where unknown.
    acquired:     a day (YYYY-MM-DD) or an ISO date-time, UTC unless it has a time zone. Date-times
                  are stored in UTC to the millisecond (YYYY-MM-DDTHH:MM:SS[.mmm]Z).
    orbit:        orbit or image id; None where unknown.
    pixel_size_m: pixel size of the image in which the line was drawn, m; None where unknown.
    crs:          any text that pyproj understands; None without a map position.
    lines:        pieces, each (n, 2), n > 1, float64: x, y in the CRS (east, north; longitude,
                  latitude). Without a CRS: m right of and below the image's upper left corner.
    model, threshold, members: what drew the line; None if a person did, or where unknown.
    quality:      good, partial, doubtful or none (no line); None if not assessed.
    reason:       why the quality is what it is.
    error_m:      expected mean distance between line and front, m.
    err90_m:      mean half-width of the band of 90 %, m.
    err_geo_m:    geolocation error of the image, m. err_method names the kind of error, err_calib
                  where it was calibrated (TRAINED, ELSEWHERE, UNTESTED). None where unknown.
    vertex_errors_m: for each piece (n, 3): half-widths, m, of the bands that contain the front
                  along LEVELS per cent of the line; NaN where unknown; () if none is known.
    author:       who is responsible for the line.
    Raises SceneError where a field is not as above, or quality and lines contradict each other.
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
    err_calib: str | None = None
    vertex_errors_m: Sequence[Floats] = field(default=())
    author: str = AUTHOR

    def __post_init__(self) -> None:
        if not isinstance(self.scene, str) or not self.scene:
            raise SceneError("scene", f"{self.scene!r} is not a name", "Name the front's scene.")
        for name in (*_TEXTS, *_OPTIONAL_TEXTS):
            value = getattr(self, name)
            if name in _OPTIONAL_TEXTS:
                self._set(name, value or None)
            if not _is_plain(value) and (name in _TEXTS or value):
                raise self._fault(
                    name,
                    f"{value!r} is not text that a file can store",
                    "Give a string of Unicode characters without NUL.",
                )
        for name, least in _NUMBERS.items():
            value = getattr(self, name)
            if value is None:
                continue
            kind = int if name == "members" else float
            number = _number(value, kind)
            if number is None or number < least:
                words = "an integer" if kind is int else "a finite number"
                remedy = f"Give {words} of at least {least}, or None."
                raise self._fault(name, f"cannot be {value!r}", remedy)
            self._set(name, number)
        if self.pixel_size_m == 0:
            raise self._fault("pixel_size_m", "cannot be 0", "Give a size above 0 m, or None.")
        try:
            self._set("acquired", canonical_time(self.acquired))
        except (ValueError, OverflowError):
            raise self._fault(
                "acquired",
                f"{self.acquired!r} is neither a day nor a date-time",
                "Write YYYY-MM-DD or YYYY-MM-DDTHH:MM:SSZ.",
            ) from None
        if self.crs is not None:
            try:
                if not isinstance(self.crs, str):
                    raise ValueError(f"{self.crs!r} is not text")
                self._set("crs", crs_text(self.crs))
            except ValueError as error:
                raise self._fault(
                    "crs", str(error), "Give a code such as EPSG:3031, or WKT."
                ) from None
        self._set("lines", tuple(self._line(line) for line in self._arrays("lines")))
        errors = self._arrays("vertex_errors_m")
        if not any(np.isfinite(each).any() for each in errors):
            errors = ()
        elif [e.shape for e in errors] != [(len(line), len(LEVELS)) for line in self.lines]:
            raise self._fault(
                "vertex_errors_m",
                "does not match the lines",
                f"Give {len(LEVELS)} half-widths for each vertex of each line, or ().",
            )
        if any((each < 0).any() or np.isinf(each).any() for each in errors):
            raise self._fault(
                "vertex_errors_m",
                "contains negative or infinite values",
                "Give metres, or NaN where unknown.",
            )
        self._set("vertex_errors_m", errors)
        if self.quality not in (*QUALITIES, None):
            raise self._fault(
                "quality", f"{self.quality!r} is unknown", f"Write {', '.join(QUALITIES)}."
            )
        if (self.quality == "none") == bool(self.lines):
            what = f"is {self.quality!r}, but the number of lines is {len(self.lines)}"
            raise self._fault("quality", what, "Use none if, and only if, there is no line.")

    def __eq__(self, other: object) -> bool:
        """Same attributes, bit-identical coordinates, and equivalent CRSs."""
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

    def _arrays(self, name: str) -> tuple[Floats, ...]:
        """The pieces of a field as arrays of their own."""
        try:
            return tuple(np.array(each, np.float64, order="C") for each in getattr(self, name))
        except (TypeError, ValueError):
            remedy = "Give a sequence of arrays of numbers."
            raise self._fault(name, "cannot be read as arrays of numbers", remedy) from None

    def _line(self, points: Floats) -> Floats:
        if points.ndim != 2 or points.shape[1] != 2 or len(points) < 2:
            raise self._fault(
                "lines",
                f"contains an array of shape {points.shape}",
                "Give arrays of shape (n, 2) with at least two points.",
            )
        if not np.isfinite(points).all():
            raise self._fault(
                "lines", "contains NaN or infinite coordinates", "Leave those points out."
            )
        if self.crs is not None and is_geographic(self.crs):
            most = np.abs(points).max(axis=0)
            if most[0] > 180 or most[1] > LATITUDE_LIMIT:
                raise self._fault(
                    "lines",
                    f"reaches {most[0]:.6g}, {most[1]:.6g}, which are not degrees, although its "
                    "CRS is in degrees",
                    "Give the CRS of x and y; longitudes range from -180 to 180.",
                )
        points.setflags(write=False)
        return points


def _number(value: Any, kind: type[float]) -> float | None:
    """A finite number of this kind, unchanged in value; None for anything else."""
    if isinstance(value, str | bytes | complex):
        return None
    try:
        number = kind(value)
        return number if math.isfinite(number) and bool(number == value) else None
    except (TypeError, ValueError, OverflowError):
        return None


def _is_plain(value: object) -> bool:
    """Whether a value is text that can be stored as UTF-8 and as a C string."""
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
    """A day as it is, or a date-time in UTC to the millisecond. Raises ValueError for others."""
    if not isinstance(text, str):
        raise ValueError(text)
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        return date.fromisoformat(text).isoformat()
    if not _TIME.fullmatch(text):
        raise ValueError(text)
    return time_text(datetime.fromisoformat(text.replace(" Z", "Z")))


def time_text(moment: datetime) -> str:
    """A date-time in UTC, to the nearest millisecond; without a time zone it is taken as UTC."""
    utc = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    millisecond = round(utc.microsecond / 1000)
    utc = utc.replace(microsecond=0) + timedelta(milliseconds=millisecond)
    digits = "milliseconds" if utc.microsecond else "seconds"
    return utc.replace(tzinfo=None).isoformat(timespec=digits) + "Z"
