"""`calvingfront position`, as a user calls it."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import LineString, Polygon

from calvingfront.cli import main
from calvingfront.position.command import file_and_layer

DATES = [f"{year}-{month:02d}-15" for year in range(2010, 2016) for month in range(1, 13)]


@pytest.fixture
def inputs(tmp_path: Path) -> dict[str, Path]:
    """A front that retreats by 100 m a year through a box 5 km wide that flows east."""
    x0, y0 = -2_462_000.0, 1_427_000.0
    lines = [
        LineString([(x0 + 6000 - 100 * k / 12, y0 - 500), (x0 + 6000 - 100 * k / 12, y0 + 5500)])
        for k in range(len(DATES))
    ]
    table = gpd.GeoDataFrame({"day": DATES, "geometry": lines}, crs="EPSG:3031")
    box = Polygon([(x0, y0), (x0 + 8000, y0), (x0 + 8000, y0 + 5000), (x0, y0 + 5000)])
    paths = {name: tmp_path / f"{name}.gpkg" for name in ("fronts", "box")}
    table.to_file(paths["fronts"], layer="lines")
    gpd.GeoDataFrame({"geometry": [box]}, crs="EPSG:3031").to_file(paths["box"])
    return {**paths, "output": tmp_path / "out"}


def test_a_retreat_of_100_m_a_year_is_found_and_written(
    inputs: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(
        ["position", f"{inputs['fronts']}:lines", "--output", str(inputs["output"]),
         "--date-column", "day", "--box", str(inputs["box"]), "--upglacier", "4",
         "--period", "2011:2014"]
    )  # fmt: skip
    said = capsys.readouterr()
    assert status == 0, said.err
    assert said.out.startswith("72 ok\n")
    table = pd.read_csv(inputs["output"] / "positions.csv")
    change = table["position_m"].iloc[-1] - table["position_m"].iloc[0]
    # 591.7 m on the map; EPSG:3031 draws distances at 63° S 5 % too long
    assert change == pytest.approx(-591.7, rel=0.08)  # side 4 is the western one: a retreat
    assert {path.name for path in inputs["output"].iterdir()} == {
        "positions.csv", "maqit.csv", "trend.csv", "positions.png", "positions.pdf", "summary.md"
    }  # fmt: skip


def test_the_up_glacier_side_is_asked_for_and_never_guessed(
    inputs: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(
        ["position", str(inputs["fronts"]), "--output", str(inputs["output"]),
         "--date-column", "day", "--box", str(inputs["box"])]
    )  # fmt: skip
    assert status == 1
    said = capsys.readouterr().err
    assert "do not say which way is up-glacier" in said
    assert "--upglacier X Y" in said
    assert not inputs["output"].exists()


def test_a_date_column_that_is_not_there_is_named_with_those_that_are(
    inputs: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(
        ["position", str(inputs["fronts"]), "--output", str(inputs["output"]),
         "--date-column", "date", "--box", str(inputs["box"]), "--upglacier", "4"]
    )  # fmt: skip
    assert status == 1
    said = capsys.readouterr().err
    assert "date" in said
    assert "day" in said


def call(inputs: dict[str, Path], *more: str) -> int:
    return main(
        ["position", str(inputs["fronts"]), "--output", str(inputs["output"]), "--date-column",
         "day", *more]
    )  # fmt: skip


def test_a_point_up_glacier_is_enough_and_what_was_drawn_is_said(
    inputs: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    status = call(inputs, "--upglacier", "-2480000", "1429500", "--flowline", "auto")
    said = capsys.readouterr()
    assert status == 0, said.err
    assert "DRAWN FROM THE FRONTS: box (in drawn.gpkg)" in said.out
    assert str(inputs["output"] / "drawn.gpkg") in said.out
    assert "-9" in said.out.split("m/yr")[0]  # -95 m/yr on the ground: a retreat
    east = call(inputs, "--upglacier", "-2440000", "1429500")
    assert east == 0
    assert not capsys.readouterr().out.split("\n")[3].startswith("-")


def test_an_error_stated_for_all_fronts_is_in_the_table_and_said(
    inputs: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    box = ("--box", str(inputs["box"]), "--upglacier", "4")
    assert call(inputs, *box, "--front-error-m", "30") == 0
    assert "from those of the fronts (--front-error-m): median" in capsys.readouterr().out
    table = pd.read_csv(inputs["output"] / "positions.csv")
    assert set(table["error_source"]) == {"--front-error-m"}
    half = (table["high_m"] - table["low_m"]) / 2
    assert half.to_numpy() == pytest.approx(1.645 * table["error_m"].to_numpy(), abs=0.02)
    assert call(inputs, *box, "--front-error-m", "30", "--error-correlation-m", "1e9") == 0
    whole = pd.read_csv(inputs["output"] / "positions.csv")
    assert whole["error_m"].to_numpy() == pytest.approx(30, rel=1e-3)
    assert call(inputs, *box) == 0
    none = pd.read_csv(inputs["output"] / "positions.csv")
    assert none[["error_m", "low_m", "high_m"]].isna().all(axis=None)  # unknown, not 0


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--upglacier", "1", "2", "3"), "'1 2 3' is not a point"),
        (("--upglacier", "here", "there"), "'here there' is not a point"),
        (("--upglacier", "W", "--front-error-m", "0"), "--front-error-m: cannot be 0.0"),
        (("--upglacier", "W", "--error-correlation-m", "-5"), "--error-correlation-m: cannot be"),
        (("--upglacier", "W", "--period", "2011:2011.2"), "--period 2011:2011.2: has 3 usable"),
        (
            ("--upglacier", "W", "--method", "centreline", "--flowline", "none.gpkg"),
            "does not exist",
        ),
        (("--upglacier", "W", "--crs", "EPSG:9"), "cannot be reprojected to EPSG:9"),
    ],
)
def test_unusable_options_are_named(
    inputs: dict[str, Path],
    capsys: pytest.CaptureFixture[str],
    more: tuple[str, ...],
    said: str,
) -> None:
    assert call(inputs, *more) == 1
    assert said in capsys.readouterr().err
    assert not inputs["output"].exists()


def test_periods_are_decimal_years_or_days(
    inputs: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(
        inputs, "--upglacier", "W", "--period", "2010:2013", "--period", "2012-07-01:2014-12-31"
    ) == 0  # fmt: skip
    table = pd.read_csv(inputs["output"] / "trend.csv")
    assert table["start"][1:3].round(3).tolist() == [2010, 2012.497]
    assert table["n"].tolist()[:3] == [72, 36, 30]
    assert "2010 to 2013: " in capsys.readouterr().out
    for text in ("1995-2002", "01.07.2012:2013", "20120701:201306", "2012-07:2013", "inf:nan"):
        with pytest.raises(SystemExit):
            call(inputs, "--upglacier", "W", "--period", text)
        assert "is not FROM:TO" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "exists", "file", "layer"),
    [
        ("fronts.gpkg", "fronts.gpkg", "fronts.gpkg", None),
        ("fronts.gpkg:lines", "fronts.gpkg", "fronts.gpkg", "lines"),
        ("12:30.gpkg", "12:30.gpkg", "12:30.gpkg", None),
        ("12:30.gpkg:lines", "12:30.gpkg", "12:30.gpkg", "lines"),
        ("fronts.gpkg:a:b", "fronts.gpkg", "fronts.gpkg", "a:b"),
        ("missing.gpkg:lines", None, "missing.gpkg", "lines"),
        ("C:\\data\\fronts.gpkg", None, "C:\\data\\fronts.gpkg", None),
        ("C:\\data\\fronts.gpkg:lines", None, "C:\\data\\fronts.gpkg", "lines"),
        ("https://host/fronts.gpkg", None, "https://host/fronts.gpkg", None),
        ("fronts.gpkg:", None, "fronts.gpkg:", None),
        ("auto", None, None, None),
        (None, None, None, None),
    ],
)
def test_file_and_layer_are_told_apart(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    given: str | None,
    exists: str | None,
    file: str | None,
    layer: str | None,
) -> None:
    monkeypatch.chdir(tmp_path)
    if exists:
        Path(exists).touch()
    assert file_and_layer(given) == (file, layer)
