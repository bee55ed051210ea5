"""What the workflow measures: the key `positions` of the configuration, glacier by glacier."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from calvingfront.errors import ConfigError
from calvingfront.position.command import file_and_layer

FILES = ("box", "flowline", "walls")
PLAIN = (
    "method", "upglacier", "drawn", "width_m", "crs", "front_error_m", "harmonics", "breaks",
)  # fmt: skip
SIGNS = "upglacier: [X, Y] (a point up-glacier, in the CRS of the fronts)"


@dataclass(frozen=True)
class Measured:
    """The glaciers to measure with their settings, and a remark on each that has no sign."""

    glaciers: dict[str, dict[str, Any]]
    remarks: tuple[str, ...]


def glaciers_to_measure(
    positions: Mapping[str, Mapping[str, Any] | None],
    glaciers: Sequence[str],
    known: Mapping[str, tuple[float, float]] | None = None,
) -> Measured:
    """Choose the glaciers whose way up-glacier is stated.

    positions: of the configuration; glaciers: of the scene table; known: up-glacier points of
    simulated glaciers, which need no entry.
    Raises ConfigError for a glacier that no scene has, or whose name cannot be that of a file.
    """
    points = known or {}
    for name in positions:
        where = f"positions.{name}"
        if name not in glaciers:
            near = difflib.get_close_matches(name, glaciers, n=1, cutoff=0.5)
            listed = ", ".join(sorted(glaciers)[:10])
            remedy = f"Did you mean {near[0]}?" if near else f"Write one of: {listed}"
            raise ConfigError(where, "no scene is of this glacier", remedy)
        if "/" in name:
            raise ConfigError(where, "contains /, so no file can have its name", "Rename it")
    chosen, remarks = {}, []
    for name in sorted(set(glaciers)):
        settings = dict(positions.get(name) or {})
        if name in points and settings.get("upglacier") is None and not settings.get("flowline"):
            settings["upglacier"] = list(points[name])
        if settings.get("upglacier") is not None or settings.get("flowline"):
            chosen[name] = settings
        elif "/" not in name:
            remarks.append(
                f"{name}: no positions, because nothing says which way is up-glacier; write "
                f"positions: {{{name}: {{{SIGNS}}}}}"
            )
    return Measured(chosen, tuple(remarks))


def arguments_of(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The keyword arguments of `run.position_series` for the settings of one glacier."""
    arguments = {name: settings[name] for name in PLAIN if settings.get(name) is not None}
    if isinstance(arguments.get("upglacier"), list):
        arguments["upglacier"] = tuple(float(number) for number in arguments["upglacier"])
    for name in FILES:
        path, layer = file_and_layer(settings.get(name))
        if path is not None:
            arguments |= {f"{name}_path": path, f"{name}_layer": layer}
    if settings.get("periods"):
        arguments["periods"] = [(float(start), float(end)) for start, end in settings["periods"]]
    return arguments
