"""Decimal years, hemispheres, and the winter half-year of each."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from calvingfront.errors import PositionError

Hemisphere = Literal["north", "south"]
SOUTHERN_WINTER = (4, 9)  # first and last month; the northern winter is the rest of the year
TROPIC = 23.44  # latitude, degrees
WINTER_START = {"south": 0.25, "north": 0.75}  # fraction of the year: 1 April, 1 October, to a day
DAYS_PER_YEAR = 365.25


def hemisphere_of(latitude: float) -> Hemisphere:
    """The hemisphere of a latitude in degrees.

    Raises PositionError between the tropics, where there is neither winter nor summer.
    """
    if abs(latitude) < TROPIC:
        side = "S" if latitude < 0 else "N"
        raise PositionError(
            "fronts",
            f"lie at {abs(latitude):.1f}° {side}, between the tropics, where winter and summer are "
            "undefined",
            "Check the CRS; if it is right, fit without a season (--harmonics 0).",
        )
    return "south" if latitude < 0 else "north"


def season_of(month: int, hemisphere: Hemisphere) -> Literal["winter", "summer"]:
    """Winter is April to September in the south, October to March in the north."""
    southern = SOUTHERN_WINTER[0] <= month <= SOUTHERN_WINTER[1]
    return "winter" if southern == (hemisphere == "south") else "summer"


def decimal_years(dates: Any) -> npt.NDArray[np.float64]:
    """Dates as decimal years, (n,): the year plus the elapsed fraction of its 365 or 366 days."""
    stamps = pd.DatetimeIndex(dates)
    starts = pd.to_datetime(pd.DataFrame({"year": stamps.year, "month": 1, "day": 1}))
    past = (stamps - pd.DatetimeIndex(starts)) / pd.Timedelta(days=1)
    return np.asarray(stamps.year + past / (365 + stamps.is_leap_year), dtype=np.float64)


def day_of(part: float) -> str:
    """A fraction of the year (0 to 1) as a day, "MM-DD", of a year of 365 days."""
    day = pd.Timestamp("2001-01-01") + pd.Timedelta(days=int(np.floor(part % 1 * 365)))
    return f"{day:%m-%d}"
