"""The kinds of values that an image can hold, and the two ways to grey levels."""

from __future__ import annotations

LINEAR, AMPLITUDE, DECIBELS, BYTES = "linear", "amplitude", "dB", "8bit"
KINDS = {
    LINEAR: "intensity",
    AMPLITUDE: "the square root of intensity",
    DECIBELS: "decibels, or anything that is stretched without a logarithm",
    BYTES: "grey levels 0 to 255, taken as they are",
}
MULTIPLICATIVE = (LINEAR, AMPLITUDE)
ASK = (
    f"Write the kind of its values, {', '.join(KINDS)}, into the column values of the table, "
    "source.images.values, or --values"
)
# How backscatter becomes grey levels; the model's card says which one a network has learned.
GREY_LEVELS = {
    LINEAR: "proportional to intensity, as in CaFFe: a mean of 85, at most a tenth saturated",
    DECIBELS: "proportional to decibels, from the 1st to the 99th percentile",
}


def known_kind(text: str | None) -> str | None:
    """A kind by its name, whatever its capitals; None for none. Raises ValueError."""
    if not text:
        return None
    names = {name.casefold(): name for name in KINDS}
    if text.casefold() not in names:
        raise ValueError(f"has the unknown kind of values {text!r}")
    return names[text.casefold()]
