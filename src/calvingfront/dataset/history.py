"""What a glacier's other fronts tell about a scene: three more channels of a network's input."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd

from calvingfront.dataset.common_grid import FrontsOnGrids
from calvingfront.dataset.reading import Dataset
from calvingfront.errors import ConfigError
from calvingfront.fronts.distance import distance_to_front
from calvingfront.vocabulary.subsets import HELD_OUT, TRAIN

CHANNELS = 3
# Of the side of a sample: 4 and 8 px of 256.
BLUR, REACH = 1 / 64, 1 / 32
MEMORY_DAYS = 365.0  # a front this old counts 1/e
WHEN = ("past", "both")

Uint8 = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class HistorySettings:
    """Which fronts of other dates a network reads; see config/README.md, `history`.

    when: `past`, fronts before the scene only, as in monitoring; `both`, before and after it, as in
    a re-analysis. gap_days: fronts at most this many days from the scene are left out; those of its
    own day always are. dropped: share of the training samples without any, drawn anew every epoch.
    Raises ConfigError if a value is invalid.
    """

    when: Literal["past", "both"] = "both"
    gap_days: int = 0
    dropped: float = 0.4

    def __post_init__(self) -> None:
        if self.when not in WHEN:
            remedy = f"Write one of {', '.join(WHEN)}."
            raise ConfigError("history.when", f"{self.when!r} is unknown", remedy)
        if self.gap_days < 0:
            raise ConfigError(
                "history.gap_days", f"{self.gap_days} is negative", "Write 0 or more."
            )
        if not 0 <= self.dropped <= 1:
            raise ConfigError(
                "history.dropped", f"{self.dropped} is not a share", "Write a number from 0 to 1."
            )


class History:
    """The fronts of other dates, as channels beside the image of each of some scenes.

    scenes: those that are read, by position. subsets: the split. Only fronts of training scenes of
    the same glacier are used, and none of a scene that is also held out; nothing of the scene's own
    day, and so no copy of it. No front of a validation or test scene changes any channel.
    """

    def __init__(
        self,
        data: Dataset,
        scenes: Collection[str],
        subsets: dict[str, list[str]],
        settings: HistorySettings,
    ) -> None:
        self.settings = settings
        self._fronts = FrontsOnGrids(data)
        self._rows = data.rows(list(scenes))
        self._days = pd.to_datetime(data.index["acquired"]).to_numpy().astype("datetime64[D]")
        self._glacier = data.index["glacier"].to_numpy()
        held_out = {scene for subset in HELD_OUT for scene in subsets[subset]}
        self._known = data.rows([scene for scene in subsets[TRAIN] if scene not in held_out])

    def sources(self, position: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Rows of the fronts that the scene at `position` reads, nearest in time first; days to it.

        Of two equally near the earlier comes first.
        """
        row = self._rows[position]
        same = self._known[self._glacier[self._known] == self._glacier[row]]
        later = (self._days[same] - self._days[row]).astype(np.int64)
        away = np.abs(later) > self.settings.gap_days
        if self.settings.when == "past":
            away &= later < 0
        same, later = same[away], later[away]
        order = np.lexsort((same, later, np.abs(later)))
        return same[order], np.abs(later[order])

    def fronts(self, position: int) -> Iterator[tuple[Uint8, int]]:
        """Yield those fronts on the scene's pixels, (s, s), and the days to them.

        What lies outside the scene as a whole is left out.
        """
        for source, days in zip(*(each.tolist() for each in self.sources(position)), strict=True):
            front = self._fronts.take(source, int(self._rows[position]))
            if front.any():
                yield front, days

    def read(self, position: int, out: Uint8) -> None:
        """Write the channels of the scene at `position` into `out` (3, s, s); safe in threads.

        0: how often a front covers the place, blurred, of 255 at the place where it is highest.
        1: closeness to the front nearest in time: 255 on it, 255/e at 1/32 of the image's side.
        2: closeness of that front in time, the same in every pixel: 255/e for a front one year old.
        All are zero if no front is known.
        """
        out[:] = 0
        size = self._fronts.size
        total = np.zeros((size, size), np.float32)
        nearest = None
        for front, days in self.fronts(position):
            nearest = nearest or (front, days)
            total += front
        if nearest is None:
            return
        blurred = cv2.GaussianBlur(total, (0, 0), BLUR * size)
        out[0] = np.rint(255 * blurred / blurred.max())
        out[1] = np.rint(255 * np.exp(-distance_to_front(nearest[0]) / (REACH * size)))
        out[2] = round(255 * float(np.exp(-nearest[1] / MEMORY_DAYS)))
