"""The plan of a simulated archive: which scene of which mission on which day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from calvingfront.errors import ConfigError
from calvingfront.simulation.frames import CRS, plan_frames
from calvingfront.simulation.missions import MISSIONS, Mission

if TYPE_CHECKING:
    import pandas as pd

QUALITY_CHANCES = (0.35, 0.25, 0.2, 0.12, 0.08)  # of the quality numbers 1 … 5


def plan_scenes(simulated: Mapping[str, Any], results: str = "results") -> pd.DataFrame:
    """Return the scene table of a simulated archive; nothing is rendered or read.

    simulated: the configuration's source.simulated: scenes, glaciers, seed, first_year, last_year,
               extent_m. The same configuration gives the same table.
    results:   folder under which image and front will stand.
    Every mission flies in its own years; a glacier has at most one scene a day.
    Raises ConfigError where the numbers leave no room for the scenes.
    """
    import pandas as pd

    frames = plan_frames(int(simulated["glaciers"]), float(simulated["extent_m"]))
    count = int(simulated["scenes"])
    if count < len(frames):
        raise ConfigError(
            "source.simulated.scenes",
            f"{count} scenes cannot show {len(frames)} glaciers",
            f"Write {len(frames)} or more",
        )
    years = int(simulated["first_year"]), int(simulated["last_year"])
    folder = PurePosixPath(results) / "archive"
    rows = []
    for number, frame in enumerate(frames):
        share = count // len(frames) + (number < count % len(frames))
        rng = np.random.default_rng([int(simulated["seed"]), number, 3])
        for mission, day in _acquisitions(share, years, rng):
            orbit = mission.orbits[int(rng.integers(len(mission.orbits)))]
            quality = 1 + int(rng.choice(len(QUALITY_CHANCES), p=QUALITY_CHANCES))
            tag = mission.resolution_tag_m
            scene = f"{frame.glacier}_{day}_{mission.name}_{tag}_{quality}_{orbit.number}"
            height, width = frame.shape(mission.pixel_size_m)
            rows.append(
                {
                    "scene": scene,
                    "glacier": frame.glacier,
                    "mission": mission.name,
                    "acquired": day.isoformat(),
                    "resolution_tag_m": tag,
                    "quality": quality,
                    "orbit": orbit.number,
                    "pixel_size_x_m": mission.pixel_size_m,
                    "pixel_size_y_m": mission.pixel_size_m,
                    "width_px": width,
                    "height_px": height,
                    "crs": CRS,
                    "upper_left_x": frame.upper_left_x,
                    "upper_left_y": frame.upper_left_y,
                    "image": str(folder / "scenes" / f"{scene}.tif"),
                    "front": str(folder / "fronts" / f"{scene}_front.png"),
                }
            )
    return pd.DataFrame(rows).sort_values("scene", ignore_index=True)


def _acquisitions(
    count: int, years: tuple[int, int], rng: np.random.Generator
) -> list[tuple[Mission, date]]:
    """Draw `count` acquisitions of one glacier: missions by the paper's shares, free days."""
    windows = {}
    for mission in MISSIONS.values():
        first = max(_day(mission.first), date(years[0], 1, 1))
        last = min(_day(mission.last) - timedelta(days=1), date(years[1], 12, 31))
        if first <= last:
            windows[mission.name] = (first, last)
    days = {
        first + timedelta(days=n)
        for first, last in windows.values()
        for n in range((last - first).days + 1)
    }
    if not windows or count > len(days):
        raise ConfigError(
            "source.simulated",
            f"{count} scenes of one glacier do not fit on the {len(days)} days between "
            f"{years[0]} and {years[1]} on which a mission flew",
            "Widen first_year and last_year (missions flew 1995 to 2014), or write fewer scenes",
        )
    names = list(windows)
    quota = _quotas(count, [MISSIONS[name].share for name in names])
    taken: set[date] = set()
    result = []
    # the missions with the shortest years choose first, so that none runs out of days
    order = sorted(range(len(names)), key=lambda i: windows[names[i]][1] - windows[names[i]][0])
    spill = 0
    for index in order:
        first, last = windows[names[index]]
        free = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        free = [day for day in free if day not in taken]
        wanted = quota[index] + spill
        drawn = min(wanted, len(free))
        spill = wanted - drawn
        for position in sorted(rng.choice(len(free), size=drawn, replace=False)):
            taken.add(free[position])
            result.append((MISSIONS[names[index]], free[position]))
    if spill:
        raise ConfigError(
            "source.simulated.scenes",
            f"{spill} scenes of one glacier found no free day",
            "Write fewer scenes, or widen first_year and last_year",
        )
    return result


def _quotas(count: int, shares: list[int]) -> list[int]:
    """Split `count` in proportion to `shares` (largest remainders)."""
    exact = [count * share / sum(shares) for share in shares]
    quotas = [int(value) for value in exact]
    rest = sorted(range(len(shares)), key=lambda i: quotas[i] - exact[i])
    for index in rest[: count - sum(quotas)]:
        quotas[index] += 1
    return quotas


def _day(year: float) -> date:
    """The day at a decimal year."""
    whole = int(year)
    return date(whole, 1, 1) + timedelta(days=round((year - whole) * 365))
