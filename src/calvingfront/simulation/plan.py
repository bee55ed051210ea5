"""The plan of the simulated archive: cheap to compute, because every workflow needs it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from calvingfront.errors import ConfigError
from calvingfront.simulation.missions import MISSIONS, Mission
from calvingfront.simulation.world.frames import plan_frames

if TYPE_CHECKING:
    import pandas as pd

QUALITY_CHANCES = (0.35, 0.25, 0.2, 0.12, 0.08)  # of the quality numbers 1 … 5
# Product levels, used in turn. TerraSAR-X's complex SSC can be simulated too, but its 2 m cells
# take ten times as long as the detected product from which the paper's images come.
LEVELS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "ERS": ("SLC", "IMS", "PRI", "IMP"),
        "ENVISAT": ("IMS", "IMP"),
        "RSAT": ("SGF",),
        "PALSAR": ("1.1", "1.5"),
        "TSX": ("MGD",),
        "TDX": ("MGD",),
    }
)
# Local solar hour of descending and ascending passes of the missions' sun-synchronous orbits
_LOCAL_HOURS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "ERS": (10.5, 22.5),
        "ENVISAT": (10.0, 22.0),
        "RSAT": (6.0, 18.0),
        "PALSAR": (10.5, 22.5),
        "TSX": (6.0, 18.0),
        "TDX": (6.0, 18.0),
    }
)


def plan_scenes(simulated: Mapping[str, Any], results: str = "results") -> pd.DataFrame:
    """Return the scenes of a simulated archive; nothing is simulated or read.

    simulated: the configuration's source.simulated: scenes, glaciers, seed, first_year, last_year,
               extent_m. The same configuration gives the same table.
    results:   folder under which the products will be written.
    Every mission flies in its own years; a glacier has at most one scene a day. Orbits and levels
    alternate within a mission, so that each pass, look side and layout occurs.
    Columns: scene, glacier, mission, acquired, resolution_tag_m, quality, orbit, level,
    acquired_utc (ISO, UTC), product (the record that `simulate_product` writes).
    Raises ConfigError if there are too few days or scenes.
    """
    import pandas as pd

    scenes = sorted(_scenes(simulated), key=lambda scene: scene[:2])
    return pd.DataFrame(rows_of(scenes, results)).sort_values("scene", ignore_index=True)


def rows_of(
    scenes: Iterable[tuple[date, str, Mission, int]], results: str
) -> Iterator[dict[str, Any]]:
    """The rows of scenes (day, glacier, mission, quality), each mission's orbits in turn."""
    folder = PurePosixPath(results) / "archive" / "products"
    turns: Counter[str] = Counter()
    for day, glacier, mission, quality in scenes:
        turn = turns[mission.name]
        turns[mission.name] += 1
        orbit = mission.orbits[turn % len(mission.orbits)]
        # three orbits and 1, 2 or 4 levels have no common factor: every pair occurs
        level = LEVELS[mission.name][turn % len(LEVELS[mission.name])]
        tag = mission.resolution_tag_m
        scene = f"{glacier}_{day}_{mission.name}_{tag}_{quality}_{orbit.number}"
        yield {
            "scene": scene,
            "glacier": glacier,
            "mission": mission.name,
            "acquired": day.isoformat(),
            "resolution_tag_m": tag,
            "quality": quality,
            "orbit": orbit.number,
            "level": level,
            "acquired_utc": _time_of_pass(day, mission.name, orbit.ascending, scene),
            "product": str(folder / scene / "product.json"),
        }


def _scenes(simulated: Mapping[str, Any]) -> Iterator[tuple[date, str, Mission, int]]:
    """Draw day, glacier, mission and quality of every scene."""
    frames = plan_frames(int(simulated["glaciers"]), float(simulated["extent_m"]))
    count = int(simulated["scenes"])
    if count < len(frames):
        raise ConfigError(
            "source.simulated.scenes",
            f"{count} scenes are too few for {len(frames)} glaciers",
            f"Write {len(frames)} or more",
        )
    years = int(simulated["first_year"]), int(simulated["last_year"])
    for number, frame in enumerate(frames):
        share = count // len(frames) + (number < count % len(frames))
        rng = np.random.default_rng([int(simulated["seed"]), number, 3])
        for mission, day in _acquisitions(share, years, rng):
            rng.integers(len(mission.orbits))  # unused; without it every later quality would change
            quality = 1 + int(rng.choice(len(QUALITY_CHANCES), p=QUALITY_CHANCES))
            yield day, frame.glacier, mission, quality


def _acquisitions(
    count: int, years: tuple[int, int], rng: np.random.Generator
) -> list[tuple[Mission, date]]:
    """Draw `count` acquisitions of one glacier: missions by the paper's shares, free days."""
    windows = {}
    for mission in MISSIONS.values():
        first, last = flying_days(mission, *years)
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
            f"{count} scenes of one glacier do not fit into the {len(days)} days between "
            f"{years[0]} and {years[1]} on which a mission flew",
            "Widen first_year and last_year (missions flew 1995 to 2014), or write fewer scenes",
        )
    names = list(windows)
    quota = _quotas(count, [MISSIONS[name].share for name in names])
    taken: set[date] = set()
    result = []
    # the missions with the shortest lifetimes choose first, so that none runs out of days
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
            f"there are no free days for {spill} scenes of one glacier",
            "Write fewer scenes, or widen first_year and last_year",
        )
    return result


def flying_days(mission: Mission, first_year: int, last_year: int) -> tuple[date, date]:
    """The first and the last day on which a mission flew in these years."""
    return (
        max(_day(mission.first), date(first_year, 1, 1)),
        min(_day(mission.last) - timedelta(days=1), date(last_year, 12, 31)),
    )


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


def _time_of_pass(day: date, mission: str, ascending: bool, scene: str) -> str:
    """UTC of the scene's middle: the local solar hour at 60° W, give or take 20 minutes."""
    hour = (_LOCAL_HOURS[mission][int(ascending)] + 4.0) % 24
    seed = np.frombuffer(scene.encode(), np.uint8).tolist()
    around = float(np.random.default_rng(seed).uniform(-1200.0, 1200.0))
    middle = datetime(day.year, day.month, day.day) + timedelta(hours=hour)
    return (middle + timedelta(milliseconds=round(1000 * around))).isoformat(
        timespec="milliseconds"
    )
