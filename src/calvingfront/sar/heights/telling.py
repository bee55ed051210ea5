"""What is said about the voids of a terrain model, in the log, the report and errors."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from calvingfront.errors import GeocodingError
from calvingfront.sar.heights.voids import (
    DOUBTFUL_M,
    FARTHEST_M,
    MOST_SHIFT_M,
    OPEN_SHORE_M,
    STEEPEST_DEG,
    Mask,
    Voids,
)
from calvingfront.sar.kernels import Float32

# Above this share of steep ground along the sea, the sea may be a missing tile.
STEEP_SHARE = 0.1
SHOWN_NAMES = 5


@dataclass(frozen=True)
class Found:
    """The voids within a map area; see `voids.Voids`. doubt_m: of every pixel, 0 outside gaps."""

    sea: Mask
    gap: Mask
    doubt_m: Float32
    largest_m: tuple[float, float]
    steep_share: float


def refuse_far_gaps(name: str, voids: Voids) -> None:
    """Raise GeocodingError if a gap is farther from any ground than FARTHEST_M."""
    if voids.farthest_m <= FARTHEST_M:
        return
    worst = float(voids.doubt_m.max())
    high, wide = voids.largest_m
    raise GeocodingError(
        name,
        f"has no data on {100 * voids.gap.mean():.2g} % of the map area, which is no sea by the "
        f"ground around it; the largest gap spans {wide / 1000:.1f} × {high / 1000:.1f} km, up to "
        f"{voids.farthest_m / 1000:.1f} km from any ground. Heights filled in there may be wrong "
        f"by {worst:.0f} m, which shifts the image by {_shift(worst):.0f} m",
        f"Add the tiles that are missing, write 0 m where it is sea, or choose a smaller area: "
        f"gaps are filled up to {FARTHEST_M / 1000:g} km from ground.",
    )


def told_of(
    found: Found, with_geoid: bool, covered: bool, missing: list[str]
) -> list[tuple[int, str]]:
    """What was done, with the level of each sentence in the log.

    covered: whether the model covers the area. missing: names of tiles that it lacks.
    """
    told = []
    if found.sea.any():
        text = f"{_percent(found.sea.mean())} of the map area has no height and counts as sea, at "
        text += "the height of the geoid" if with_geoid else "0 m, because map.geoid is not set"
        unsure = not covered and not missing
        if unsure:
            text += ". The terrain model does not cover the whole map area"
        told.append((logging.INFO if with_geoid and not unsure else logging.WARNING, text))
    if found.sea.any() and missing:
        names = ", ".join(missing[:SHOWN_NAMES])
        more = f" and {len(missing) - SHOWN_NAMES} more" if len(missing) > SHOWN_NAMES else ""
        told.append((logging.INFO, f"Tiles that are not there, as over open sea: {names}{more}"))
    if found.sea.any() and found.steep_share > STEEP_SHARE:
        text = (
            f"{_percent(found.steep_share)} of the ground along this sea lies more than "
            f"{OPEN_SHORE_M:g} m above it: is a part of the terrain model missing?"
        )
        told.append((logging.WARNING, text))
    if found.gap.any():
        high, wide = found.largest_m
        worst = float(found.doubt_m.max())
        text = (
            f"{_percent(found.gap.mean())} of the map area had no height and was filled from the "
            f"ground around; the largest gap spans {wide / 1000:.2g} × {high / 1000:.2g} km. The "
            f"heights may be wrong by up to {worst:.0f} m, which shifts the image by "
            f"{_shift(worst):.0f} m at {STEEPEST_DEG:g}°; on "
            f"{_percent((found.doubt_m > DOUBTFUL_M).mean())} of the area by more than "
            f"{MOST_SHIFT_M:g} m"
        )
        told.append((logging.WARNING, text))
    return told


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %"


def _shift(height_m: float) -> float:
    """By how much an error of height shifts the steepest images, m."""
    return float(height_m * MOST_SHIFT_M / DOUBTFUL_M)
