"""Flow line, box and walls drawn from the fronts; which way is up-glacier is never drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from position_world import FRAME, LEFT, flow_line, layer, line, straight
from shapely.affinity import rotate

from calvingfront.errors import PositionError
from calvingfront.position.dated_fronts import Front, read_fronts
from calvingfront.position.ellipsoid import Frame
from calvingfront.position.layers import read_flow_line
from calvingfront.position.run import position_series
from calvingfront.position.series import measure
from calvingfront.position.sketch import sketch

BOTTOM = -2_275_000.0
UP = (LEFT - 5000, BOTTOM + 2000)  # a point up-glacier
PLACES = np.linspace(6000, 5000, 24)


def fronts(lines: list[Any]) -> list[Front]:
    dates = pd.date_range("2015-01-15", periods=len(lines), freq="ME")
    return [Front(str(n), "", dates[n], one) for n, one in enumerate(lines)]


RETREAT = fronts([straight(float(x)) for x in PLACES])


def test_the_box_holds_the_fronts_and_begins_up_glacier() -> None:
    drawn = sketch(RETREAT, FRAME, UP)
    left, bottom, right, top = drawn.box.polygon.bounds
    assert left - LEFT == pytest.approx(5000 - 0.05 * drawn.width_m, abs=10)  # 5 % of the width
    assert right - LEFT == pytest.approx(6000 + 0.05 * drawn.width_m, abs=10)
    assert (bottom - BOTTOM, top - BOTTOM) == pytest.approx((-300 + 92, 4300 - 92), abs=1)
    assert drawn.box.upstream.centroid.x == pytest.approx(left, abs=1)
    start, end = (shapely.Point(drawn.flow_line.line.coords[n]) for n in (0, -1))
    assert start.x < end.x
    table = measure(RETREAT, drawn.box, "box", FRAME)
    assert (table["flag"] == "ok").all()
    assert table["position_m"].diff().dropna().to_numpy() == pytest.approx(
        np.diff(PLACES) / 1.0026, abs=0.1
    )


def test_the_sign_is_that_of_the_point_and_turns_with_it() -> None:
    other = (LEFT + 15_000, BOTTOM + 2000)
    changes = []
    for point in (UP, other):
        drawn = sketch(RETREAT, FRAME, point)
        for target, method in ((drawn.box, "box"), (drawn.flow_line, "centreline")):
            positions = measure(RETREAT, target, method, FRAME)["position_m"]
            changes.append(float(positions.iloc[-1] - positions.iloc[0]))
    assert changes == pytest.approx([-997.4, -997.4, 997.4, 997.4], abs=1)


@settings(max_examples=25, deadline=None)
@given(st.floats(0, 360), st.floats(-50, 50))
def test_a_glacier_in_any_direction_is_drawn_alike(angle: float, aside: float) -> None:
    """Rotated about a place, with the up-glacier point up to 50° off the axis."""
    centre = shapely.Point(LEFT + 5500, BOTTOM + 2000)
    turned = fronts([rotate(front.line, angle, centre) for front in RETREAT])
    point = rotate(shapely.Point(LEFT - 5000, BOTTOM + 2000), angle + aside, centre)
    drawn = sketch(turned, FRAME, (point.x, point.y))
    positions = measure(turned, drawn.box, "box", FRAME)["position_m"]
    assert positions.iloc[-1] - positions.iloc[0] == pytest.approx(-997.4, abs=2)


@pytest.mark.parametrize(
    ("upglacier", "said"),
    [
        (None, r"do not say which way is up-glacier.*--upglacier X Y"),
        ((LEFT + 5500, BOTTOM + 9000), "lies across the glacier"),
        ((LEFT + 5200, BOTTOM + 2000), "lies among the fronts"),
        ((1.0, np.nan), "is not a point"),
        ((1.0, 2.0, 3.0), "is not a point"),
        (4, "names a side of a box, but no box is given"),
        ("up", "names a side of a box"),
        ("N", "lies across the glacier"),
    ],
)
def test_without_a_clear_way_up_glacier_nothing_is_drawn(upglacier: Any, said: str) -> None:
    with pytest.raises(PositionError, match=said):
        sketch(RETREAT, FRAME, upglacier)


def test_a_compass_point_or_a_flow_line_gives_the_sign_too() -> None:
    """At this place the map's -x lies towards a bearing of 276°."""
    for upglacier in ("W", flow_line(), UP):
        drawn = sketch(RETREAT, FRAME, upglacier)  # type: ignore[arg-type]
        assert drawn.box.upstream.centroid.x < drawn.box.downstream.centroid.x
    assert sketch(RETREAT, FRAME, "E").box.upstream.centroid.x > LEFT + 5500


def test_one_front_far_off_and_partial_ones_do_not_stretch_the_box() -> None:
    lines = [front.line for front in RETREAT]
    usual = sketch(RETREAT, FRAME, UP)
    lines[12] = straight(20_000)
    far = sketch(fronts(lines), FRAME, UP)
    assert far.box.polygon.bounds[2] == pytest.approx(usual.box.polygon.bounds[2], abs=1)
    lines[12] = straight(5500, top=1500)
    partial = sketch(fronts(lines), FRAME, UP)
    assert partial.width_m > 0.9 * usual.width_m


def test_the_flow_line_bends_with_the_fjord_even_where_no_straight_box_fits() -> None:
    """The fjord, 4 km wide, shifts by 9 km to the left over 20 km of retreat."""
    lines = [line((x, 0.45 * x), (x, 0.45 * x + 4000)) for x in np.linspace(20_000, 0, 80)]
    drawn = sketch(fronts(lines), FRAME, UP)
    table = measure(fronts(lines), drawn.flow_line, "centreline", FRAME)
    assert (table["flag"] == "ok").all()
    ends = shapely.get_coordinates(drawn.flow_line.line)
    assert ends[-1, 1] - ends[0, 1] > 6000
    with pytest.raises(PositionError, match="too little of their width in common"):
        _ = drawn.box


def test_deep_bays_do_not_hide_the_orientation() -> None:
    """Two thirds of each front run along the glacier, around a bay."""
    bays = [
        line((x, -300), (x, 1000), (x - 3500, 1200), (x - 3500, 2800), (x, 3000), (x, 4300))
        for x in PLACES
    ]
    drawn = sketch(fronts(bays), FRAME, UP)
    table = measure(fronts(bays), drawn.box, "box", FRAME)
    assert (table["flag"] == "ok").all()
    assert table["position_m"].diff().dropna().to_numpy() == pytest.approx(
        np.diff(PLACES) / 1.0026, abs=0.2
    )


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([straight(5000)] * 4, r"too few \(4\)"),
        ([straight(5000), line((0, 2000), (9000, 2000))] * 5, "no common orientation"),
    ],
)
def test_fronts_from_which_nothing_can_be_drawn_are_refused(lines: list[Any], said: str) -> None:
    with pytest.raises(PositionError, match=said):
        sketch(fronts(lines), FRAME, UP)


def written(folder: Path) -> Path:
    dates = [f"{front.date:%Y-%m-%d}" for front in RETREAT]
    layer([front.line for front in RETREAT], date=dates).to_file(folder / "fronts.gpkg")
    return folder / "fronts.gpkg"


def test_what_was_drawn_is_written_said_and_can_be_given_back(tmp_path: Path) -> None:
    path = written(tmp_path)
    run = position_series(path, tmp_path / "a", date_column="date", upglacier=UP)
    drawn = run.files["drawn.gpkg"]
    assert set(geopandas.list_layers(drawn)["name"]) == {"flowline", "box", "walls"}
    assert len(geopandas.read_file(drawn, layer="walls")) == 2
    assert "drawn from 24 fronts" in set(geopandas.read_file(drawn, layer="box")["origin"])
    assert run.drawn == ("box",)
    summary = (tmp_path / "a" / "summary.md").read_text(encoding="utf-8")
    assert "DRAWN FROM THE FRONTS: box (in drawn.gpkg)" in summary
    again = position_series(
        path, tmp_path / "b", date_column="date", box_path=drawn, box_layer="box",
        flowline_path=drawn, flowline_layer="flowline",
    )  # fmt: skip
    assert again.drawn == ()
    assert "drawn.gpkg" not in again.files
    assert again.table["position_m"].to_numpy() == pytest.approx(run.table["position_m"], abs=0.01)
    same = position_series(path, tmp_path / "c", date_column="date", upglacier=UP)
    assert same.files["drawn.gpkg"].read_bytes() == drawn.read_bytes()
    position_series(
        path, tmp_path / "c", date_column="date", box_path=drawn, box_layer="box", upglacier=UP
    )
    assert not (tmp_path / "c" / "drawn.gpkg").exists()  # no relic of the earlier run


@pytest.mark.parametrize(
    ("method", "drawn"),
    [
        ("box", ("box",)),
        ("fjord box", ("flow line", "walls")),
        ("curvilinear box", ("flow line", "width")),
        ("centreline", ("flow line",)),
        ("multi-centreline", ("flow line", "width")),
    ],
)
def test_every_method_can_be_drawn(tmp_path: Path, method: Any, drawn: tuple[str, ...]) -> None:
    run = position_series(
        written(tmp_path), tmp_path / "out", date_column="date", method=method, upglacier=UP
    )
    assert run.drawn == drawn
    positions = run.table["position_m"]
    assert positions.iloc[-1] - positions.iloc[0] == pytest.approx(-997.4, abs=1)


def test_given_walls_are_kept_and_the_flow_line_drawn_along_all_of_them(tmp_path: Path) -> None:
    walls = [line((-3000, 0), (9000, 0)), line((-3000, 4000), (9000, 4000))]
    layer(walls).to_file(tmp_path / "walls.gpkg")
    run = position_series(
        written(tmp_path), tmp_path / "out", date_column="date", method="fjord box",
        walls_path=tmp_path / "walls.gpkg", upglacier=UP,
    )  # fmt: skip
    assert run.drawn == ("flow line",)
    assert run.table["position_m"].iloc[0] == pytest.approx(9000 / 1.0026, abs=5)


def test_a_point_says_which_way_a_flow_line_is_drawn(tmp_path: Path) -> None:
    path = tmp_path / "flow.gpkg"
    layer([flow_line().line]).to_file(path)
    found = read_flow_line(path, FRAME, upglacier=UP)
    assert found.line.coords[0][0] < found.line.coords[-1][0]
    away = (LEFT + 20_000, BOTTOM)
    found = read_flow_line(path, FRAME, upglacier=away)
    assert found.line.coords[0][0] > found.line.coords[-1][0]
    with pytest.raises(PositionError, match="both ends about as far"):
        read_flow_line(path, FRAME, upglacier=(LEFT + 5250, BOTTOM + 30_000))
    with pytest.raises(PositionError, match="is drawn downstream, but its end, not its start"):
        read_flow_line(path, FRAME, "downstream", upglacier=away)


def test_harald_moltke_drawn_agrees_with_its_published_box(
    shared_data: Path, tmp_path: Path
) -> None:
    folder = shared_data / "harald-moltke-fronts"
    if not folder.exists():
        pytest.skip("no harald-moltke-fronts among the real data (docs/test_data.md)")
    path = folder / "fronts.gpkg"
    given = position_series(
        path, tmp_path / "a", date_column="date", box_path=folder / "box.gpkg", upglacier="E"
    )
    point = (-557_700.0, -1_351_100.0)
    drawn = position_series(path, tmp_path / "b", date_column="date", upglacier=point)
    both = given.table["position_m"].notna() & drawn.table["position_m"].notna()
    areas = given.table["area_km2"][both], drawn.table["area_km2"][both]
    correlation = float(np.corrcoef(*areas)[0, 1])
    rates = []
    for run in (given, drawn):
        assert run.fit is not None
        width = run.table["width_m"][0] / 1e6
        rate = run.fit.rate()
        rates.append((rate.low * width, rate.value * width, rate.high * width))
    print(f"\narea: correlation {correlation:.5f}; km²/yr low, rate, high: {np.round(rates, 2)}")
    print(drawn.table["flag"].value_counts().to_dict())
    assert both.sum() == 159
    assert correlation > 0.999
    assert rates[0][0] < rates[1][1] < rates[0][2]
    assert rates[1][1] == pytest.approx(rates[0][1], rel=0.02)


def test_jakobshavn_drawn_agrees_with_its_given_centreline(
    shared_data: Path, tmp_path: Path
) -> None:
    folder = shared_data / "jakobshavn-fronts"
    if not folder.exists():
        pytest.skip("no jakobshavn-fronts among the real data (docs/test_data.md)")
    path = folder / "jakobshavn_1990_2023_TP.shp"
    found, frame = read_fronts(path, "Date")
    assert isinstance(frame, Frame)
    drawn = sketch(found, frame, (-150_000.0, -2_280_000.0)).flow_line
    given = read_flow_line(folder / "jakobshavn_centreline.shp", frame, "upstream")
    one, other = (measure(found, line, "centreline", frame) for line in (given, drawn))
    both = one["position_m"].notna() & other["position_m"].notna()
    correlation = float(np.corrcoef(one["position_m"][both], other["position_m"][both])[0, 1])
    print(f"\n{both.sum()} fronts, correlation {correlation:.4f}")
    assert both.sum() > 405
    assert correlation > 0.98
