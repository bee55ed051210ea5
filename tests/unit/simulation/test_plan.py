"""The plan of a simulated archive."""

from __future__ import annotations

import re
from datetime import date

import pandas as pd
import pytest

from calvingfront.errors import ConfigError
from calvingfront.simulation.missions import MISSIONS, find_orbit
from calvingfront.simulation.new_scenes import plan_new_scenes
from calvingfront.simulation.plan import plan_scenes
from calvingfront.vocabulary.missions import MISSIONS as KNOWN_MISSIONS

DEFAULT = {
    "scenes": 60, "glaciers": 2, "seed": 1, "first_year": 1995, "last_year": 2014,
    "extent_m": 8000.0, "new_scenes": 12,
}  # fmt: skip
NAME = re.compile(r"SIM[A-Z]_\d{4}-\d\d-\d\d_(ERS|ENVISAT|RSAT|PALSAR|TSX|TDX)_\d+_[1-6]_\d{3}")


def test_a_plan_is_the_same_twice_and_another_with_another_seed() -> None:
    assert plan_scenes(DEFAULT).equals(plan_scenes(DEFAULT))
    assert not plan_scenes(DEFAULT).equals(plan_scenes({**DEFAULT, "seed": 2}))


def test_a_plan_has_the_scenes_glaciers_and_missions_asked_for() -> None:
    plan = plan_scenes(DEFAULT)
    assert len(plan) == 60
    assert plan["glacier"].value_counts().to_dict() == {"SIMA": 30, "SIMB": 30}
    assert set(plan["mission"]) == set(MISSIONS) <= set(KNOWN_MISSIONS)
    counts = plan["mission"].value_counts()
    assert counts["TSX"] > counts["PALSAR"]  # 54 to 28 in the paper


def test_names_are_unique_parse_and_agree_with_the_columns() -> None:
    plan = plan_scenes({**DEFAULT, "scenes": 300})
    assert plan["scene"].is_unique
    for row in plan.itertuples():
        assert NAME.fullmatch(row.scene)
        assert row.scene == (
            f"{row.glacier}_{row.acquired}_{row.mission}_{row.resolution_tag_m}"
            f"_{row.quality}_{row.orbit}"
        )
        assert find_orbit(row.mission, row.orbit) in MISSIONS[row.mission].orbits


def test_missions_keep_to_their_years_and_a_glacier_to_one_scene_a_day() -> None:
    plan = plan_scenes({**DEFAULT, "scenes": 400})
    assert not plan.duplicated(["glacier", "acquired"]).any()
    years = pd.to_datetime(plan["acquired"]).dt.year.groupby(plan["mission"]).agg(["min", "max"])
    for mission, (first, last) in {
        "ERS": (1995, 2011), "ENVISAT": (2002, 2012), "RSAT": (1996, 2010),
        "PALSAR": (2006, 2011), "TSX": (2008, 2014), "TDX": (2010, 2014),
    }.items():  # fmt: skip
        assert first <= years.loc[mission, "min"] <= years.loc[mission, "max"] <= last


def test_the_years_of_the_configuration_bound_the_plan() -> None:
    plan = plan_scenes({**DEFAULT, "first_year": 1997, "last_year": 2001})
    days = [date.fromisoformat(text) for text in plan["acquired"]]
    assert min(days).year >= 1997
    assert max(days).year <= 2001
    assert set(plan["mission"]) == {"ERS", "RSAT"}


def test_paths_lie_under_the_results_folder() -> None:
    row = plan_scenes(DEFAULT, results="out/demo").iloc[0]
    assert row["product"] == f"out/demo/archive/products/{row['scene']}/product.json"


def test_impossible_plans_are_refused_with_the_key() -> None:
    with pytest.raises(ConfigError, match=r"source\.simulated\.scenes"):
        plan_scenes({**DEFAULT, "scenes": 1})
    with pytest.raises(ConfigError, match="do not fit"):
        plan_scenes({**DEFAULT, "first_year": 1960, "last_year": 1961})
    with pytest.raises(ConfigError, match=r"no free day|do not fit"):
        plan_scenes({**DEFAULT, "scenes": 5000, "first_year": 1995, "last_year": 1996})
    # every day of a year taken once, by the missions that flew
    full = plan_scenes({**DEFAULT, "scenes": 2 * 365, "first_year": 1995, "last_year": 1995})
    assert len(full) == 730


def new(**changes: int) -> pd.DataFrame:
    simulated = {**DEFAULT, **changes}
    return plan_new_scenes(simulated, plan_scenes(simulated))


def test_new_scenes_lie_between_the_others_and_on_none_of_their_days() -> None:
    plan, found = plan_scenes(DEFAULT), new(new_scenes=200)
    assert list(found.columns) == list(plan.columns)
    assert found["glacier"].value_counts().to_dict() == {"SIMA": 100, "SIMB": 100}
    days = pd.concat([plan, found])
    assert not days.duplicated(["glacier", "acquired"]).any()
    assert days["scene"].is_unique
    assert set(found["mission"]) == set(plan["mission"])
    for glacier, its in found.groupby("glacier"):
        others = plan.loc[plan["glacier"] == glacier, "acquired"]
        assert its["acquired"].between(others.min(), others.max(), inclusive="neither").all()
    for row in found.itertuples():
        mission, day = MISSIONS[row.mission], date.fromisoformat(row.acquired)
        assert mission.first <= day.year + day.timetuple().tm_yday / 365 <= mission.last + 0.01
        assert find_orbit(row.mission, row.orbit)


def test_more_new_scenes_leave_the_earlier_ones_and_all_others_as_they_are() -> None:
    assert new(new_scenes=5).equals(new(new_scenes=12).head(5))
    assert plan_scenes(DEFAULT).equals(plan_scenes({**DEFAULT, "new_scenes": 0}))
    assert new(new_scenes=0).empty
    assert not new().equals(new(seed=2))


def test_new_scenes_without_a_free_day_are_refused() -> None:
    days = {"scenes": 2 * 365, "first_year": 1995, "last_year": 1995}
    with pytest.raises(ConfigError, match=r"source\.simulated\.new_scenes: there are no free days"):
        new(**days)
