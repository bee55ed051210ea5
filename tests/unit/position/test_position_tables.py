"""The tidy series and MaQiT's columns."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from position_world import FRAME, LEFT, box, flow_line, line, straight

from calvingfront.errors import PositionError
from calvingfront.position.centreline import bundle
from calvingfront.position.dated_fronts import Front
from calvingfront.position.line_error import LineError
from calvingfront.position.measurement import NO_POSITION
from calvingfront.position.season import decimal_years, hemisphere_of, season_of
from calvingfront.position.series import measure, usable
from calvingfront.position.tables import maqit_table, write_maqit, write_positions

HEADER = (
    "Year,Month,Day,Serial Date,Terminus Position on flowline,"
    "Terminus position relative to most recent observation (m),Terminus change (m),"
    "Rate of Terminus Change (m/yr),Terminus Width (m),Terminus path length (m),"
    "Mean distance between nodes (m)"
)


def front(date: str | None, at: object, error: float | None = None) -> Front:
    stated = None if error is None else LineError("column err", error)
    return Front(f"scene {date}", "G", None if date is None else pd.Timestamp(date), at, stated)


SERIES = [
    front("2019-03-01", straight(6000), 20.0),
    front("2019-06-09", straight(5000), 30.0),
    front("2019-06-09T12:00", straight(11_000)),
    front("2020-06-08", straight(5500)),
    front("2020-07-01", None),
    front(None, straight(5000)),
]


def test_every_front_has_its_row_and_every_lost_one_its_reason() -> None:
    table = measure(SERIES, box(), "box", FRAME)
    assert list(table["flag"]) == ["ok", "ok", NO_POSITION, "ok", NO_POSITION, NO_POSITION]
    assert [reason.split(":")[0] for reason in table["reason"]] == [
        "", "", "outside", "", "no line", "no date",
    ]  # fmt: skip
    assert table["position_m"].isna().tolist() == [False, False, True, False, True, True]
    assert table["error_source"].tolist() == ["column err", "column err", "", "", "", ""]
    assert table["error_m"].isna().tolist() == [False, False, True, True, True, True]
    assert table["error_m"][1] == pytest.approx(1.5 * table["error_m"][0], rel=1e-4)
    ratio = table["area_km2"][0] * 1e6 / table["position_m"][0]
    assert ratio == pytest.approx(table["width_m"][0])
    assert table["terminus_width_m"][0] == pytest.approx(4600 / 1.0026, abs=2)
    assert table["node_distance_m"][0] == pytest.approx(2300 / 1.0026, abs=2)
    assert list(table["season"]) == ["winter", "summer", "summer", "summer", "summer", ""]


def test_a_series_without_boxes_has_no_areas() -> None:
    line_table = measure(SERIES, flow_line(), "centreline", FRAME)
    assert line_table["area_km2"].isna().all()
    assert line_table["width_m"].isna().all()
    many = measure(SERIES, bundle(flow_line(), 2000, 5), "multi-centreline", FRAME)
    assert many["width_m"].eq(2000).all()
    assert many["position_m"][0] == pytest.approx(line_table["position_m"][0], abs=0.5)


def test_width_and_path_of_a_front_are_those_of_the_whole_line() -> None:
    crooked = line((5000, -100), (5000, 2000), (7000, 2000), (7000, 4100))
    table = measure([front("2020-01-01", crooked)], box(), "box", FRAME)
    assert table["path_length_m"][0] == pytest.approx(6200 / 1.0026, abs=3)
    assert table["terminus_width_m"][0] == pytest.approx(np.hypot(2000, 4200) / 1.0026, abs=3)


def test_maqits_columns_stand_in_its_order_with_its_numbers(tmp_path: Path) -> None:
    table = measure(SERIES, box(), "box", FRAME)
    write_maqit(table, tmp_path / "maqit.csv")
    text = (tmp_path / "maqit.csv").read_text()
    assert text.splitlines()[0] == HEADER + ",Box Width (m),Box Area (m^2)"
    read = pd.read_csv(io.StringIO(text))
    assert len(read) == 3
    assert read.iloc[0, :3].tolist() == [2019, 3, 1]
    assert read["Serial Date"].tolist() == [737485.0, 737585.0, 737950.0]  # MATLAB's datenum
    positions = table["position_m"].dropna().to_numpy()
    relative = read["Terminus position relative to most recent observation (m)"]
    assert relative.to_numpy() == pytest.approx(positions - positions[-1], abs=1e-3)
    change = read["Terminus change (m)"].to_numpy()
    assert np.isnan(change[0])
    assert change[1:] == pytest.approx([-1000 / 1.0026, 500 / 1.0026], abs=1)
    rate = read["Rate of Terminus Change (m/yr)"].to_numpy()
    assert rate[1:] == pytest.approx([change[1] * 3.65, change[2]], abs=0.01)
    assert read["Box Area (m^2)"].to_numpy() == pytest.approx(
        table["area_km2"].dropna().to_numpy() * 1e6, abs=1
    )


def test_maqits_box_columns_are_there_for_boxes_only(tmp_path: Path) -> None:
    write_maqit(measure(SERIES, flow_line(), "centreline", FRAME), tmp_path / "maqit.csv")
    assert (tmp_path / "maqit.csv").read_text().splitlines()[0] == HEADER


def test_a_serial_date_has_its_time_and_one_day_twice_has_no_rate() -> None:
    twice = [front("2020-01-01T06:00", straight(5000)), front("2020-01-01T06:00", straight(6000))]
    table = maqit_table(measure(twice, box(), "box", FRAME))
    assert table["Serial Date"].tolist() == [737791.25] * 2
    assert table["Rate of Terminus Change (m/yr)"].isna().all()


def test_a_series_without_any_position_is_still_a_table(tmp_path: Path) -> None:
    table = measure([front("2020-01-01", straight(11_000))], box(), "box", FRAME)
    write_maqit(table, tmp_path / "maqit.csv")
    write_positions(table, tmp_path / "positions.csv")
    assert len(pd.read_csv(tmp_path / "maqit.csv")) == 0
    assert pd.read_csv(tmp_path / "positions.csv")["flag"].tolist() == ["no position"]


def test_the_written_series_comes_back(tmp_path: Path) -> None:
    table = measure(SERIES, box(), "box", FRAME)
    write_positions(table, tmp_path / "positions.csv")
    read = pd.read_csv(tmp_path / "positions.csv")
    assert read["date"].tolist()[:3] == ["2019-03-01", "2019-06-09", "2019-06-09T12:00:00Z"]
    assert read["position_m"].to_numpy() == pytest.approx(
        table["position_m"].to_numpy(), abs=0.006, nan_ok=True
    )
    assert list(read.columns) == list(table.columns)


def test_doubtful_positions_are_used_only_where_they_are_wanted() -> None:
    wandering = line(
        (6000, 4300), (6000, -200), (5000, -200), (5000, 800), (4000, 800), (4000, -300)
    )
    table = measure([*SERIES, front("2021-01-01", wandering)], box(), "box", FRAME)
    assert len(usable(table, flagged=False)) == 3
    assert len(usable(table, flagged=True)) == 4


def test_winter_is_the_dark_half_of_the_year_on_each_side() -> None:
    north = [season_of(month, "north") for month in range(1, 13)]
    south = [season_of(month, "south") for month in range(1, 13)]
    assert [month for month, name in enumerate(south, 1) if name == "winter"] == [4, 5, 6, 7, 8, 9]
    assert [month for month, name in enumerate(north, 1) if name == "summer"] == [4, 5, 6, 7, 8, 9]
    assert (hemisphere_of(-64.7), hemisphere_of(76.6)) == ("south", "north")


def test_the_hemisphere_comes_from_the_latitude_of_the_glacier() -> None:
    from pyproj import CRS
    from shapely.affinity import translate

    from calvingfront.position.box import rectilinear_box
    from calvingfront.position.ellipsoid import Frame

    south = Frame(CRS.from_epsg(3031), "fronts")
    moved = translate(box().polygon, 0, 4_000_000)
    there = rectilinear_box(south, moved, "box", 4)
    table = measure(
        [front("2020-06-01", translate(straight(6000), 0, 4_000_000))], there, "box", south
    )
    assert table["season"].tolist() == ["winter"]
    assert LEFT < 0  # the same place on the northern map is Greenland
    assert measure(SERIES[1:2], box(), "box", FRAME)["season"].tolist() == ["summer"]


@pytest.mark.parametrize("latitude", [-23.4, -9.5, 0.0, 12.0])
def test_between_the_tropics_there_is_no_winter(latitude: float) -> None:
    with pytest.raises(PositionError, match=r"between the tropics.*--harmonics 0"):
        hemisphere_of(latitude)


def test_fronts_between_the_tropics_have_positions_but_no_season() -> None:
    from pyproj import CRS
    from shapely.affinity import translate

    from calvingfront.position.box import rectilinear_box
    from calvingfront.position.ellipsoid import Frame

    andes = Frame(CRS.from_epsg(32718), "fronts")  # UTM 18 S; the box lies at 9° S
    east, north = 250_000 - LEFT, 9_000_000 + 2_275_000
    there = rectilinear_box(andes, translate(box().polygon, east, north), "box", 1)
    moved = translate(straight(6000), east, north)
    table = measure([front("2020-06-01", moved)], there, "box", andes)
    assert table["season"].tolist() == [""]
    assert table["flag"].tolist() == ["ok"]


def test_decimal_years_run_through_leap_years() -> None:
    dates = ["2019-01-01", "2020-01-01", "2020-07-01", "2020-12-31T12:00", "2021-07-02T12:00"]
    assert decimal_years(pd.to_datetime(dates, format="ISO8601")) == pytest.approx(
        [2019, 2020, 2020 + 182 / 366, 2020 + 365.5 / 366, 2021.5]
    )
