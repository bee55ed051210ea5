"""Numbers as people write them, and nothing that Python alone takes for a number."""

from __future__ import annotations

import re

from calvingfront.tabular.cells import Unreadable, clean

SMALLEST_PIXEL_M, LARGEST_PIXEL_M = 0.1, 1000.0  # of any image of a calving front
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_WHOLE = re.compile(r"\+?(\d+)(\.0*)?", re.ASCII)


def number(text: str, remedy: str = "Write a number.") -> float:
    """A finite number. Raises Unreadable for anything else: inf, nan, 1_000, 16,67, 20 m."""
    cleaned = clean(text)
    if _NUMBER.fullmatch(cleaned):
        value = float(cleaned)
        if abs(value) < float("inf"):
            return value
        raise Unreadable(f"{cleaned!r} is too large", remedy)
    if re.fullmatch(r"[+-]?[\d.]*\d,[\d.]*\d([eE][+-]?\d+)?", cleaned, re.ASCII):
        decimal = "Write a decimal point, such as 16.67, and no separator of thousands."
        raise Unreadable(f"{cleaned!r} has a comma", decimal)
    if re.match(r"[+-]?[\d.]*\d\s*[^\W\d_]", cleaned, re.ASCII):
        raise Unreadable(f"{cleaned!r} has a unit or other text", "Write the number alone.")
    raise Unreadable(f"{cleaned!r} is no number", remedy)


def positive(text: str, unit: str = "metres") -> float:
    """A number of more than 0. Raises Unreadable."""
    remedy = f"Write a positive number of {unit}."
    value = number(text, remedy)
    if value <= 0:
        raise Unreadable(f"{clean(text)!r} is not more than 0", remedy)
    return value


def pixel_size(text: str) -> float:
    """The size of a pixel, m. Raises Unreadable for one that no image of a front has."""
    value = positive(text)
    if not SMALLEST_PIXEL_M <= value <= LARGEST_PIXEL_M:
        limits = f"{SMALLEST_PIXEL_M:g} to {LARGEST_PIXEL_M:g} m"
        raise Unreadable(f"{clean(text)!r} is no size of a pixel ({limits})", "Write metres.")
    return value


def whole(text: str, most: int = 10**6) -> int:
    """A whole number from 1 to `most`; 7.0 is 7. Raises Unreadable."""
    found = _WHOLE.fullmatch(clean(text))
    if found and len(found[1]) <= 12 and 1 <= int(found[1]) <= most:
        return int(found[1])
    number(text, f"Write a whole number from 1 to {most}.")  # tells a comma or a unit
    raise Unreadable(
        f"{clean(text)!r} is not a whole number from 1 to {most}", "Write such a number."
    )
