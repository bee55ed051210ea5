"""What a page shows, as plain values that JSON can hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

import calvingfront
from calvingfront.errors import SceneError
from calvingfront.files import PathLike
from calvingfront.locating.attributes import ATTRIBUTES, DAY, attributes_of, moment_of
from calvingfront.locating.degrees import Floats, length_m
from calvingfront.locating.located_front import LEVELS, LocatedFront
from calvingfront.locating.style import COLOURS
from calvingfront.pages.background import Background, picture_of
from calvingfront.pages.lines import (
    QUANTUM_DEGREES,
    QUANTUM_M,
    deepest_zoom,
    kept_vertices,
    packed_degrees,
    packed_line,
    packed_widths,
)
from calvingfront.pages.maps import Map, maps_of, upright
from calvingfront.pages.positions import Positions, checked

_EPOCH = moment_of("1970-01-01")
# The page has these in fields of its own, or not at all.
_LEFT_OUT = {"glacier", "acquired", "acq_prec", "Date", "DecDate", "mission", "partial", "version"}
_REALS = {"threshold": 4, "length_m": 0, "error_m": 2, "err90_m": 2, "err_geo_m": 2, "pixel_m": 3}


def content_of(
    fronts: Sequence[LocatedFront],
    backgrounds: Mapping[str, PathLike | Background],
    positions: Positions | None = None,
) -> dict[str, Any]:
    """The content of a page; `write_page` describes the arguments and errors."""
    maps = maps_of(fronts)
    known = {where.glacier for where in maps}
    for name, given in (("background", backgrounds), ("positions", positions or {})):
        strange = sorted(set(given) - known)
        if strange:
            raise SceneError(
                name,
                f"is given for {strange[0]!r}, which has no scene",
                f"Write one of: {', '.join(repr(name) for name in sorted(known))}.",
            )
    finest = deepest_zoom(maps)
    used: set[str] = set()
    drawn = []
    for where in maps:
        background = None
        # A glacier may have two maps, with and without a position: its image belongs to the first.
        if where.glacier in backgrounds and where.glacier not in used and where.box():
            background = backgrounds[where.glacier]
            used.add(where.glacier)
        drawn.append(_map(where, background, (positions or {}).get(where.glacier), finest))
    return {
        "version": calvingfront.__version__,
        "levels": list(LEVELS),
        "colours": list(COLOURS),
        "quantum": QUANTUM_M,
        "quantumDegrees": QUANTUM_DEGREES,
        "tolerance": finest / 2,
        "finest": finest,
        "names": {a.name: a.meaning for a in ATTRIBUTES if a.name not in _LEFT_OUT},
        "maps": drawn,
    }


def _map(
    where: Map,
    background: PathLike | Background | None,
    positions: pd.DataFrame | None,
    finest: float,
) -> dict[str, Any]:
    box = where.box() or (0.0, 0.0, 1000.0, 1000.0)
    origin = np.floor(np.array(box[:2]))
    picture = None
    if background is not None:
        if not isinstance(background, Background):
            background = Background(background)
        found = picture_of(background, where)
        picture = {"uri": found.uri, "box": list(found.box), "name": found.name}
    return {
        "title": where.title,
        "glacier": where.glacier,
        "frame": where.frame,
        "onMap": where.crs is not None,
        "box": list(box),
        "origin": origin.tolist(),
        "stretch": round(where.stretch, 6),
        "north": None if where.north is None else round(where.north, 2),
        "image": picture,
        "fronts": [_front(front, origin, finest / 2) for front in where.fronts],
        "positions": [] if positions is None else _positions(positions, where),
        "bars": "error" if positions is None else str(positions.attrs.get("bars", "error")),
    }


def _front(front: LocatedFront, origin: Floats, tolerance_m: float) -> dict[str, Any]:
    attributes = attributes_of(front, length_m(front.lines, front.crs))
    content: dict[str, Any] = {
        "scene": front.scene,
        "time": _days(moment_of(front.acquired)),
        "acquired": front.acquired,
        "precise": attributes["acq_prec"] != DAY,
        "mission": attributes["Satellite"],
        "facts": {
            name: round(value, _REALS[name]) if name in _REALS and value is not None else value
            for name, value in attributes.items()
            if name not in _LEFT_OUT and value is not None and name != "scene"
        },
    }
    if front.lines:
        kept = kept_vertices(front, tolerance_m)
        pieces = [piece[indices] for piece, indices in zip(upright(front), kept, strict=True)]
        content["line"] = packed_line(pieces, origin)
        if front.vertex_errors_m:
            errors = zip(front.vertex_errors_m, kept, strict=True)
            content["widths"] = packed_widths([widths[indices] for widths, indices in errors])
        if front.crs is not None:
            content["degrees"] = packed_degrees(pieces, front.crs)
    return content


def _positions(table: pd.DataFrame, where: Map) -> list[dict[str, Any]]:
    """Rows of a table of positions, each linked to its front by scene, else by its only day."""
    scenes = {front.scene: number for number, front in enumerate(where.fronts)}
    days: dict[str, list[int]] = {}
    for number, front in enumerate(where.fronts):
        days.setdefault(front.acquired[:10], []).append(number)
    rows = []
    for row in checked(table, f"positions of {where.glacier or where.title}").to_dict("records"):
        same_day = days.get(f"{row['moment']:%Y-%m-%d}", [])
        linked = scenes.get(str(row["scene"]))
        if linked is None and len(same_day) == 1:
            linked = same_day[0]
        rows.append(
            {
                "date": str(row["date"])[:19],
                "time": _days(row["moment"].to_pydatetime()),
                "flag": row["flag"],
                "front": linked,
                **{name: _number(row[name]) for name in ("value", "low", "high")},
            }
        )
    return rows


def _days(moment: datetime) -> float:
    return round((moment - _EPOCH) / timedelta(days=1), 6)


def _number(value: float) -> float | None:
    return None if not np.isfinite(value) else round(float(value), 2)
