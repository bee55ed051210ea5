"""`calvingfront position`, as a user calls it."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import LineString, Polygon

from calvingfront.cli import main

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
         "--period", "2011", "2014"]
    )  # fmt: skip
    said = capsys.readouterr()
    assert status == 0, said.err
    assert said.out.startswith("72 ok\n")
    table = pd.read_csv(inputs["output"] / "positions.csv")
    change = table["position_m"].iloc[-1] - table["position_m"].iloc[0]
    # 591.7 m on the map; EPSG:3031 draws distances at 63° S 5 % too long
    assert change == pytest.approx(-591.7, rel=0.08)  # side 4 is the western one: a retreat
    assert {path.name for path in inputs["output"].iterdir()} == {
        "positions.csv", "maqit.csv", "trend.csv", "positions.png", "positions.pdf"
    }  # fmt: skip


def test_the_up_glacier_side_is_asked_for_and_never_guessed(
    inputs: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(
        ["position", str(inputs["fronts"]), "--output", str(inputs["output"]),
         "--date-column", "day", "--box", str(inputs["box"])]
    )  # fmt: skip
    assert status == 1
    assert "upglacier" in capsys.readouterr().err
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
