"""What the simulated ground sends back: look direction, speckle, snow and sea."""

from __future__ import annotations

from datetime import date

import cv2
import numpy as np
import pytest

from calvingfront.simulation.imaging.backscatter import BANDS, ice_level, melt
from calvingfront.simulation.imaging.radar_surface import surface_of_day
from calvingfront.simulation.imaging.speckle import draw_speckle
from calvingfront.simulation.imaging.viewing import look_direction
from calvingfront.simulation.missions import Orbit
from calvingfront.simulation.world.glacier import GLACIER, OCEAN, front_mask
from calvingfront.simulation.world.sea import draw_sea_state
from calvingfront.simulation.world.world import World


def test_ascending_and_descending_orbits_look_almost_opposite_ways() -> None:
    longitude = np.deg2rad(-60.0)
    up = look_direction(Orbit("1", True, 35.0), longitude)
    down = look_direction(Orbit("2", False, 35.0), longitude)
    left = look_direction(Orbit("3", True, 35.0, left_looking=True), longitude)
    assert np.hypot(*up) == pytest.approx(1.0)
    assert np.dot(up, down) < -0.7
    assert np.dot(up, left) == pytest.approx(-1.0)
    # at 60° W on the map, east is (0.5, 0.87): a right-looking ascending pass looks east
    assert up[0] * 0.5 - up[1] * 0.87 > 0.9


@pytest.mark.parametrize("looks", [1.0, 4.0, 6.0])
def test_speckle_has_unit_mean_and_the_looks_asked_for(looks: float) -> None:
    speckle = draw_speckle((700, 700), looks, np.random.default_rng(1))
    assert speckle.mean() == pytest.approx(1.0, abs=0.01)
    assert 1.0 / speckle.var() == pytest.approx(looks, rel=0.04)
    centred = speckle - speckle.mean()
    neighbour = (centred[:, 1:] * centred[:, :-1]).mean() / speckle.var()
    assert 0.25 < neighbour < 0.45  # measured on CaFFe images at native resolution: 0.3 to 0.4


def test_wet_snow_is_darker_than_dry_most_at_x_band() -> None:
    low = np.zeros((2, 2), np.float32)
    dry, wet = date(2009, 7, 15), date(2009, 1, 15)
    loss = {
        band: float((ice_level(band, dry, low) - ice_level(band, wet, low))[0, 0]) for band in BANDS
    }
    assert melt(date(2009, 1, 15)) == 1.0
    assert melt(date(2009, 7, 15)) == 0.0
    assert melt(date(2008, 12, 31)) == pytest.approx(melt(date(2009, 1, 1)), abs=0.03)
    assert loss["L"] < loss["C"]
    assert loss["L"] < loss["X"]
    assert min(loss.values()) > 1.0


def test_melange_by_the_front_is_as_bright_as_the_ice_and_open_sea_is_dark() -> None:
    """As within 1 km of real fronts (CaFFe): 0.5 dB brighter, −1.4 to 2.7 dB in 80 %."""
    rng = np.random.default_rng(0)
    spreads = []
    for quality in (1, 5):
        gaps: dict[str, list[float]] = {"melange": [], "sea_ice": [], "open_sea": []}
        for month in 100 * list(range(1, 13)):
            state = draw_sea_state("C", date(2005, month, 1), -9.0, quality, rng)
            gaps[state.near].append(state.near_db + 9.0)
        assert 0.0 < np.median(gaps["melange"]) < 3.5
        assert np.median(gaps["open_sea"]) < -4.0
        alike = np.mean(np.abs(np.concatenate(list(gaps.values()))) < 4.5)
        assert 0.5 < alike < 0.95
        spreads.append(np.std(gaps["melange"]))
    assert spreads[1] < 0.8 * spreads[0]


def test_ice_and_sea_by_the_front_are_alike_on_some_days_and_not_on_others(world: World) -> None:
    place = world["SIMA"]
    gaps = []
    for day in [date(year, month, 10) for year in range(2003, 2007) for month in (2, 8)]:
        surface = surface_of_day(
            world, "SIMA", "ENVISAT", day, "152", 1, 20.0, np.random.default_rng(day.toordinal())
        )
        zones = place.classes(day, 20.0)
        away = cv2.distanceTransform((~front_mask(zones)).astype(np.uint8), cv2.DIST_L2, 5)
        band = (away > 3) & (away < 15)
        ice, sea = (surface.level[band & (zones == zone)].mean() for zone in (GLACIER, OCEAN))
        gaps.append(abs(10 * np.log10(ice / sea)))
    assert min(gaps) < 1.0
    assert max(gaps) > 3.0
