"""Faults of the map onto which products are geocoded: its CRS and the areas of its glaciers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from calvingfront.errors import ConfigError
from calvingfront.scenes.places.metres import flat_name, looks_like_degrees, map_fault, short_name

LARGEST_M = 1_000_000.0
FEWEST_PIXELS = 10
ORDER = "Write left, bottom, right, top"


def map_crs_faults(chart: Mapping[str, Any]) -> Iterator[ConfigError]:
    """Why the map `crs` cannot be used, wherever it is; otherwise what is wrong with `areas`."""
    found = None if chart["crs"] is None else map_fault(chart["crs"])
    if found is not None:
        yield ConfigError("map.crs", found.what, f"Write {found.better}")
    elif chart["crs"] is not None and flat_name(chart["crs"]) != chart["crs"]:
        what = f"{short_name(chart['crs'])} has heights too, which a map does not have"
        yield ConfigError("map.crs", what, f"Write {flat_name(chart['crs'])}")
    else:
        yield from area_faults(chart)


def area_faults(chart: Mapping[str, Any]) -> Iterator[ConfigError]:
    """What is wrong with `areas`, on a map whose `crs` has no fault; one fault for an area."""
    finest = min(chart["spacing_m"].values(), default=0.0)
    for glacier, edges in chart["areas"].items():
        found = _area_fault([float(edge) for edge in edges], chart["crs"], finest)
        if found is not None:
            what, remedy = found
            yield ConfigError(f"map.areas.{glacier}", f"{_shown(edges)} {what}", remedy)


def _area_fault(edges: list[float], crs: str | None, finest: float) -> tuple[str, str] | None:
    """What is wrong with the edges of an area, and the remedy."""
    left, bottom, right, top = edges
    if not all(math.isfinite(edge) for edge in edges):
        return "is not finite", f"{ORDER}, in metres of map.crs"
    if left >= right or bottom >= top:
        order = f"{ORDER}: {_shown(_sorted(edges))}"
        swapped = " and ".join(
            words
            for words, wrong in (
                ("left is not below right", left >= right),
                ("bottom is not below top", bottom >= top),
            )
            if wrong
        )
        same = left == right or bottom == top
        return f"is empty: {swapped}", ORDER if same else order
    corners = [(left, bottom), (right, top)]
    if looks_like_degrees(corners):
        what = "looks like degrees, but map.crs is in metres" if crs else "looks like degrees"
        return what, f"{ORDER}, in metres of map.crs"
    width, height = right - left, top - bottom
    if min(width, height) < FEWEST_PIXELS * finest:
        return f"is only {width:g} × {height:g} m", f"{ORDER}, in metres of map.crs"
    if max(width, height) > LARGEST_M:
        what = f"is {width / 1000:.0f} × {height / 1000:.0f} km"
        pairs = f"; was {_shown([left, right, bottom, top])} meant?"
        likely = left < bottom and right < top and max(bottom - left, top - right) <= LARGEST_M
        return what, ORDER + (pairs if likely else ", of one glacier")
    if crs is None:
        return None
    centre = ((left + right) / 2, (bottom + top) / 2)
    found = map_fault(crs, [centre, *corners, (left, top), (right, bottom)])
    return None if found is None else (found.what, f"Set map.crs to {found.better}, or correct it")


def _sorted(edges: list[float]) -> list[float]:
    left, bottom, right, top = edges
    return [min(left, right), min(bottom, top), max(left, right), max(bottom, top)]


def _shown(edges: list[float]) -> str:
    return (
        "[" + ", ".join(f"{edge:g}" if abs(edge) < 1e5 else f"{edge:.0f}" for edge in edges) + "]"
    )
