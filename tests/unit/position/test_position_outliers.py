"""Outliers in a series are flagged, not removed; steps, seasons and noise are not outliers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from calvingfront.position.analysis import analyse
from calvingfront.position.outliers import flag_outliers
from calvingfront.position.tables import trend_table

Array = npt.NDArray[np.float64]


def table(times: Array, values: Array, errors: Any = np.nan) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "decimal_year": times, "position_m": values, "error_m": errors, "flag": "ok",
            "reason": "", "quality": "",
        }
    )  # fmt: skip


def world(seed: int = 0, count: int = 80, noise: float = 30) -> tuple[Array, Array]:
    random = np.random.default_rng(seed)
    times = np.sort(random.uniform(2015, 2021, count))
    values = 4000 - 150 * (times - 2015) + 200 * np.cos(2 * np.pi * times)
    return times, values + noise * random.standard_normal(count)


def outliers(series: pd.DataFrame) -> list[int]:
    return [int(n) for n in np.flatnonzero(flag_outliers(series)["flag"] == "outlier")]


@pytest.mark.parametrize("place", [0, 1, 40, 79])
@pytest.mark.parametrize("away", [-700, 700])
def test_a_front_far_from_those_around_it_is_flagged_with_its_distance(
    place: int, away: float
) -> None:
    times, values = world()
    values[place] += away
    found = flag_outliers(table(times, values))
    assert outliers(table(times, values)) == [place]
    assert found["reason"][place].startswith("outlier: ")
    assert found["position_m"][place] == values[place]  # kept


def test_in_100_series_of_noise_hardly_any_front_is_an_outlier() -> None:
    flagged = sum(len(outliers(table(*world(seed)))) for seed in range(100))
    assert flagged <= 8  # of 8000


def test_a_step_a_lasting_retreat_and_a_strong_season_are_not_outliers() -> None:
    times, values = world()
    assert not outliers(table(times, values - 3000 * (times > 2018)))
    assert not outliers(table(times, values - 2000 * np.clip(times - 2018, 0, 0.3)))
    assert not outliers(table(times, values + 1500 * np.cos(2 * np.pi * times)))


def test_a_front_known_to_be_uncertain_may_lie_farther_away() -> None:
    times, values = world()
    errors = np.full(80, 30.0)
    values[40] += 500
    assert outliers(table(times, values, errors)) == [40]
    errors[40] = 300
    assert not outliers(table(times, values, errors))


def test_fronts_after_a_long_gap_may_have_moved() -> None:
    times, values = world()
    near = np.abs(times - 2018) < 0.7
    alone = int(np.flatnonzero(near)[np.sum(near) // 2])
    kept = ~near
    kept[alone] = True
    values[alone] += 300
    assert not outliers(table(times[kept], values[kept]))
    values[alone] -= 300
    values[alone] += 5000
    assert len(outliers(table(times[kept], values[kept]))) == 1


def test_few_fronts_are_left_alone_and_rows_without_position_are_skipped() -> None:
    times, values = world(count=9)
    values[4] += 5000
    assert not outliers(table(times, values))
    times, values = world()
    values[40] += 900
    series = table(times, values)
    series.loc[10, ["position_m", "flag", "reason"]] = [np.nan, "no position", "outside"]
    series.loc[40, ["flag", "reason"]] = ["doubtful", "several crossings"]
    found = flag_outliers(series)
    assert found["flag"][10] == "no position"
    assert found["flag"][40] == "outlier"
    assert found["reason"][40].startswith("several crossings; outlier: ")
    assert series["flag"][40] == "doubtful"  # the input is untouched


def test_rates_are_given_without_and_with_flagged_fronts() -> None:
    times, values = world()
    values[75] -= 4000
    series = flag_outliers(table(times, values))
    both = [analyse(series, flagged) for flagged in (False, True)]
    assert [one.count for one in both] == [79, 80]
    rows = trend_table(both, "north")
    rates = rows[rows["quantity"] == "rate"].set_index("fronts")
    assert rates["n"].to_dict() == {"without flagged": 79, "with flagged": 80}
    assert rates["estimate"]["without flagged"] == pytest.approx(-150, abs=8)
    assert rates["estimate"]["with flagged"] < -165
