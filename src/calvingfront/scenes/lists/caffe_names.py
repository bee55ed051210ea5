"""The names of CaFFe: glacier, day, sensor, resolution, quality and orbit in one."""

from __future__ import annotations

import re
from typing import Any

from calvingfront.errors import SceneError
from calvingfront.tabular.cells import Unreadable
from calvingfront.tabular.days import read_day
from calvingfront.vocabulary.missions import MISSIONS

PARTS = "Glacier_YYYY-MM-DD_Sensor_Resolution_Quality_Orbit"


def parse_name(name: str) -> dict[str, Any]:
    """Split a CaFFe name, such as SI_1996-01-22_ERS_20_3_109, into columns of the scene table.

    Raises SceneError that names the parts that cannot be read.
    """
    parts = name.split("_")
    if len(parts) != 6:
        raise SceneError(name, f"has {len(parts)} parts instead of 6", f"Name it {PARTS}.")
    glacier, acquired, mission, resolution, quality, orbit = parts
    wrong = []
    if not re.fullmatch(r"[A-Za-z0-9.-]+", glacier):
        wrong.append(f"glacier {glacier!r}")
    if not _is_day(acquired):
        wrong.append(f"date {acquired!r} (not a day YYYY-MM-DD)")
    if mission not in MISSIONS:
        wrong.append(f"sensor {mission!r} (not one of {', '.join(MISSIONS)})")
    if not re.fullmatch(r"[1-9][0-9]*", resolution):
        wrong.append(f"resolution {resolution!r} (not a whole number of metres)")
    if not re.fullmatch(r"[1-6]", quality):
        wrong.append(f"quality {quality!r} (not 1 to 6)")
    if not re.fullmatch(r"[0-9]+", orbit):
        wrong.append(f"orbit {orbit!r} (not a number)")
    if wrong:
        raise SceneError(name, f"cannot be read: {'; '.join(wrong)}", f"Name it {PARTS}.")
    return {
        "scene": name,
        "glacier": glacier,
        "mission": mission,
        "acquired": acquired,
        "resolution_tag_m": int(resolution),
        "quality": int(quality),
        "orbit": orbit,
    }


def _is_day(text: str) -> bool:
    """Whether a part of a name is a day in the one notation that names have."""
    try:
        return read_day(text) == text
    except Unreadable:
        return False
