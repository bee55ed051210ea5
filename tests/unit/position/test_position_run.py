"""From files to tables and a plot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from position_world import FRAME, LONG, WIDE, box, flow_line, layer, line, straight

from calvingfront.errors import PositionError
from calvingfront.position.dated_fronts import Front
from calvingfront.position.line_error import LineError
from calvingfront.position.plot import _draw
from calvingfront.position.run import position_series
from calvingfront.position.series import measure

FILES = {
    "positions.csv", "maqit.csv", "trend.csv", "positions.png", "positions.pdf", "summary.md"
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fronts that retreat by 200 m a year; two of 40 tell no position."""
    made = tmp_path_factory.mktemp("glacier")
    random = np.random.default_rng(4)
    days = np.sort(random.choice(4 * 365, 40, replace=False))
    places = 6000 - 200 * days / 365.25 + random.normal(0, 20, 40)
    fronts = [straight(float(x)) for x in places]
    fronts[10], fronts[20] = straight(LONG + 2000), straight(float(places[20]), top=2600)
    dates = (pd.Timestamp("2016-01-01") + pd.to_timedelta(days, unit="D")).strftime("%Y-%m-%d")
    layer(fronts, date=dates, err=np.full(40, 25.0)).to_file(made / "fronts.gpkg")
    layer([box().polygon]).to_file(made / "box.gpkg")
    layer([flow_line().line], direction=["downstream"]).to_file(made / "flow.gpkg")
    layer([line((0, 0), (LONG, 0)), line((0, WIDE), (LONG, WIDE))]).to_file(made / "walls.gpkg")
    return made


METHODS: dict[str, dict[str, Any]] = {
    "box": {"box_path": "box.gpkg", "upglacier": "W"},
    "fjord box": {"walls_path": "walls.gpkg", "flowline_path": "flow.gpkg"},
    "curvilinear box": {"flowline_path": "flow.gpkg", "width_m": 2000},
    "centreline": {"flowline_path": "flow.gpkg"},
    "multi-centreline": {"flowline_path": "flow.gpkg", "width_m": 2000, "lines": 5},
}


def run(folder: Path, output: Path, method: str, **change: Any) -> Any:
    given = {**METHODS.get(method, {}), **change}
    paths = {k: folder / v if k.endswith("_path") and v else v for k, v in given.items()}
    fronts = paths.pop("fronts_path", folder / "fronts.gpkg")
    return position_series(fronts, output, **{"date_column": "date", "method": method, **paths})


@pytest.mark.parametrize("method", METHODS)
def test_every_method_finds_the_retreat_and_writes_its_files(
    folder: Path, tmp_path: Path, method: str
) -> None:
    found = run(folder, tmp_path / "out", method)
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES == set(found.files)
    assert not found.fault
    rate = found.fit.rate()
    assert rate.low < -200 / 1.0026 < rate.high
    assert rate.high - rate.low < 40
    flags = found.table["flag"].value_counts()
    # The half front meets the flow line, and 4 of the 5 beside each other.
    assert flags.to_dict() == {
        "centreline": {"ok": 39, "no position": 1},
        "multi-centreline": {"ok": 38, "doubtful": 1, "no position": 1},
    }.get(method, {"ok": 38, "no position": 2})
    written = pd.read_csv(tmp_path / "out" / "trend.csv")
    assert written["estimate"][0] == pytest.approx(rate.value, abs=1e-3)
    with Image.open(tmp_path / "out" / "positions.png") as picture:
        assert picture.width > 2000


def test_a_box_may_learn_its_side_from_the_flow_line(folder: Path, tmp_path: Path) -> None:
    named = run(folder, tmp_path / "a", "box").table
    drawn = run(folder, tmp_path / "b", "box", upglacier=None, flowline_path="flow.gpkg").table
    pd.testing.assert_frame_equal(named, drawn)


def test_the_same_input_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        run(folder, tmp_path / name, "box", error_column="err")
    for name in FILES:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_a_short_series_is_written_without_trend_and_says_why(folder: Path, tmp_path: Path) -> None:
    layer([straight(6000), straight(5000)], date=["2020-01-01", "2021-01-01"]).to_file(
        tmp_path / "two.gpkg"
    )
    found = run(folder, tmp_path / "out", "box", fronts_path=tmp_path / "two.gpkg")
    assert found.fit is None
    assert "2 positions for 4 coefficients" in found.fault
    assert pd.read_csv(tmp_path / "out" / "trend.csv")["note"][0] == found.fault
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES


def test_rates_of_periods_are_written_and_those_beyond_the_series_refused(
    folder: Path, tmp_path: Path
) -> None:
    run(folder, tmp_path / "out", "box", periods=[(2017.0, 2018.0)])
    table = pd.read_csv(tmp_path / "out" / "trend.csv")
    assert ((table["start"] == 2017) & (table["end"] == 2018)).sum() == 1
    with pytest.raises(PositionError, match=r"--period 2017:2028: has fronts from .* to 2019"):
        run(folder, tmp_path / "none", "box", periods=[(2017.0, 2028.0)])
    assert not (tmp_path / "none").exists()


def test_the_plot_shows_doubtful_fronts_hollow_lost_ones_as_ticks_and_errors_as_bars() -> None:
    wandering = line((6000, 4300), (6000, -200), (5000, -200), (5000, 800), (4000, 800), (4000, -9))
    lines = [straight(6000), wandering, straight(LONG + 2000)]
    fronts = [
        Front(str(n), "", pd.Timestamp(f"202{n}-01-01"), drawn, LineError("stated", 25.0))
        for n, drawn in enumerate(lines)
    ]
    table = measure(fronts, box(), "box", FRAME)
    figure = _draw(table, None, "title")
    (axes,) = figure.axes
    faces = {str(c.get_label()): c.lines[0].get_markerfacecolor() for c in axes.containers}  # type: ignore[attr-defined]
    assert faces == {"1 ok (bars: 90 %)": "black", "1 doubtful (bars: 90 %)": "white"}
    assert all(container.has_yerr for container in axes.containers)  # type: ignore[attr-defined]
    (bars,) = axes.containers[0].lines[2]  # type: ignore[attr-defined]
    low, high = bars.get_segments()[0][:, 1]
    assert (high - low) / 2 == pytest.approx(1.645 * table["error_m"][0], rel=1e-3)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()][-1] == "1 without a position"


@pytest.mark.parametrize(
    ("method", "change", "said"),
    [
        ("box", {"upglacier": None}, "do not say which way is up-glacier"),
        ("box", {"box_path": None, "upglacier": None}, "do not say which way is up-glacier"),
        ("box", {"box_path": None, "upglacier": 2}, "2 names a side of a box, but no box is given"),
        ("box", {"flowline_path": "flow.gpkg"}, "up-glacier side, and so does the flow line"),
        ("centreline", {"flowline_path": None}, "do not say which way is up-glacier"),
        ("curvilinear box", {"width_m": None}, r"needs a width. Give it \(--width-m\)"),
        ("fjord box", {"flowline_path": None}, "do not say which way is up-glacier"),
        ("circle", {}, "'circle' is unknown"),
        ("centreline", {"drawn": "upstream"}, "attribute says downstream"),
    ],
)
def test_what_a_method_lacks_is_named(
    folder: Path, tmp_path: Path, method: str, change: dict[str, Any], said: str
) -> None:
    with pytest.raises(PositionError, match=said):
        run(folder, tmp_path / "out", method, **change)
    assert not (tmp_path / "out").exists()
