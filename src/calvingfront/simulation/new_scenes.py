"""The simulated scenes whose fronts are to be located."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from calvingfront.errors import ConfigError
from calvingfront.simulation.missions import MISSIONS
from calvingfront.simulation.plan import QUALITY_CHANCES, flying_days, rows_of

if TYPE_CHECKING:
    import pandas as pd


def plan_new_scenes(
    simulated: Mapping[str, Any], planned: pd.DataFrame, results: str = "results"
) -> pd.DataFrame:
    """Return scenes whose fronts are to be located, among the days and missions of the others.

    simulated: as for `plan_scenes`, and new_scenes, their number. planned: from `plan_scenes`; it
    does not depend on the new scenes. More new scenes leave the earlier ones as they are.
    Each is on one of the glaciers in turn, on a free day between its first and its last scene, by
    one of the missions that have imaged it. Columns as in `plan_scenes`.
    Raises ConfigError if there are too few days.
    """
    import pandas as pd

    glaciers = [_Imaged.of(its) for _, its in planned.groupby("glacier")]
    scenes = []
    for number in range(int(simulated["new_scenes"])):
        rng = np.random.default_rng([int(simulated["seed"]), number, 5])
        its = glaciers[number % len(glaciers)]
        weights = its.weights()
        if not weights:
            what = (
                f"there are no free days between the scenes of {its.name} for {number + 1} of them"
            )
            raise ConfigError("source.simulated.new_scenes", what, "Write fewer")
        shares = np.array(list(weights.values()), np.float64)
        mission = str(rng.choice(list(weights), p=shares / shares.sum()))
        day = its.take(mission, rng)
        quality = 1 + int(rng.choice(len(QUALITY_CHANCES), p=QUALITY_CHANCES))
        scenes.append((day, its.name, MISSIONS[mission], quality))
    return pd.DataFrame(rows_of(scenes, results), columns=planned.columns)


@dataclass
class _Imaged:
    """A glacier with scenes.

    taken: their days. counts: how many each mission has. windows: for each mission, the first and
    last day between the scenes on which it flew.
    """

    name: str
    taken: set[date]
    counts: dict[str, int]
    windows: dict[str, tuple[date, date]]

    @classmethod
    def of(cls, scenes: pd.DataFrame) -> _Imaged:
        taken = {date.fromisoformat(str(day)) for day in scenes["acquired"]}
        first, last = min(taken), max(taken)
        counts = Counter(map(str, scenes["mission"]))
        windows = {}
        for name in sorted(counts):
            begins, ends = flying_days(MISSIONS[name], first.year, last.year)
            windows[name] = (max(begins, first), min(ends, last))
        return cls(str(scenes["glacier"].iloc[0]), taken, counts, windows)

    def weights(self) -> dict[str, int]:
        """The number of scenes of each mission that has a free day."""
        found = {}
        for name, (first, last) in self.windows.items():
            if (last - first).days + 1 > sum(first <= day <= last for day in self.taken):
                found[name] = self.counts[name]
        return found

    def take(self, mission: str, rng: np.random.Generator) -> date:
        """Draw one of the mission's free days; there has to be one."""
        first, last = self.windows[mission]
        while True:
            day = first + timedelta(days=int(rng.integers((last - first).days + 1)))
            if day not in self.taken:
                self.taken.add(day)
                return day
