"""Harald Moltke Bræ and Jakobshavn Isbræ: real fronts, areas checked by counting cells."""

from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pytest
from position_world import raster_area
from shapely.ops import split

from calvingfront.position.run import SeriesRun, position_series

OFTEN = {
    "2019-04-01", "2021-03-21", "2021-03-26", "2021-05-03", "2021-05-29", "2021-06-04",
    "2021-06-16", "2021-09-09", "2021-09-11", "2021-09-13", "2021-09-25", "2021-09-27",
}  # fmt: skip


def needs(path: Path) -> Path:
    if not path.exists():
        pytest.skip(f"no {path.name} among the real data (docs/test_data.md)")
    return path


@pytest.fixture(scope="module")
def moltke(
    shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[SeriesRun, geopandas.GeoDataFrame, geopandas.GeoDataFrame]:
    folder = needs(shared_data / "harald-moltke-fronts")
    fronts, box = folder / "fronts.gpkg", folder / "box.gpkg"
    run = position_series(
        fronts, tmp_path_factory.mktemp("moltke"), date_column="date", method="box", box_path=box,
        upglacier="E",
    )  # fmt: skip
    return run, geopandas.read_file(fronts), geopandas.read_file(box)


def test_of_159_fronts_the_12_that_cross_the_walls_often_are_flagged(moltke: object) -> None:
    run = moltke[0]  # type: ignore[index]
    columns = ["date", "position_m", "area_km2", "flag"]
    print("\n" + run.table[columns].head(10).to_string(index=False, float_format="%.3f"))
    print(run.table["flag"].value_counts().to_dict())
    assert len(run.table) == 159
    doubtful = run.table[run.table["flag"] == "doubtful"]
    assert set(doubtful["date"].dt.strftime("%Y-%m-%d")) == OFTEN
    assert doubtful["reason"].str.startswith("several crossings").all()
    assert (run.table["flag"] != "no position").all()


def test_areas_on_the_ellipsoid_are_those_that_counted_cells_give(moltke: object) -> None:
    """Cells of 10 m, flooded from the up-glacier side, scaled by the map's own areal scale."""
    run, fronts, boxes = moltke  # type: ignore[misc]
    box = boxes.geometry[0]
    middle = box.centroid
    ice_side = np.mean([box.exterior.coords[1], box.exterior.coords[2]], axis=0)  # the eastern side
    seed = ice_side + 0.03 * (np.array([middle.x, middle.y]) - ice_side)
    (latitude,) = geopandas.GeoSeries([middle], crs=boxes.crs).to_crs(4326).y
    equal_area = geopandas.GeoSeries([box.segmentize(100)], crs=boxes.crs).to_crs(
        f"+proj=laea +lat_0={latitude} +lon_0=-67.75 +ellps=WGS84"
    )
    scale = equal_area.area[0] / box.area
    assert scale == pytest.approx(1.033, abs=0.003)  # the map draws this glacier too small
    areas = run.table.set_index(run.table["date"].dt.strftime("%Y-%m-%d"))["area_km2"]
    off = {}
    for date, line in zip(fronts["date"], fronts.geometry, strict=True):
        off[date] = areas[date] / (raster_area(box, line, 10, tuple(seed)) * scale / 1e6) - 1
    worst = max(off, key=lambda date: abs(off[date]))
    print(f"\nlargest difference from counted cells: {off[worst]:.2%} on {worst}")
    assert abs(off[worst]) < 5e-3


def test_areas_of_plain_fronts_are_those_of_an_equal_area_map_to_a_hundred_thousandth(
    moltke: object,
) -> None:
    run, fronts, boxes = moltke  # type: ignore[misc]
    box = boxes.geometry[0]
    eastern = box.exterior.interpolate(5957 + 2553)  # the middle of its second side
    table = run.table.set_index(run.table["date"].dt.strftime("%Y-%m-%d"))
    plain = 0
    for date, line in zip(fronts["date"], fronts.geometry, strict=True):
        if table.loc[date, "flag"] != "ok":
            continue
        (ice,) = (part for part in split(box, line).geoms if part.distance(eastern) < 1)
        there = geopandas.GeoSeries([ice.segmentize(100)], crs=boxes.crs).to_crs(
            "+proj=laea +lat_0=76.6 +lon_0=-67.75 +ellps=WGS84"
        )
        assert table.loc[date, "area_km2"] == pytest.approx(there.area[0] / 1e6, rel=1e-5)
        plain += 1
    assert plain == 147


def test_the_glacier_retreats_and_is_furthest_out_in_spring(moltke: object) -> None:
    run = moltke[0]  # type: ignore[index]
    rate = run.fit.rate()
    print("\nrate", rate, "swing", run.fit.swing(), "notes", run.fit.notes)
    assert rate.high < -500
    assert 0.2 < run.fit.furthest().value < 0.55
    positions = run.table["position_m"]
    assert positions.iloc[-1] - positions.iloc[0] == pytest.approx(-1918, abs=5)
    assert "no front in 5 months" in run.fit.notes[0]


@pytest.mark.parametrize(
    ("method", "more", "ok", "doubtful"),
    [
        ("centreline", {}, 408, 6),
        ("multi-centreline", {"width_m": 2000, "lines": 9}, 391, 23),
        ("curvilinear box", {"width_m": 3000}, 395, 19),
    ],
)
def test_414_fronts_of_jakobshavn_have_their_flags(
    shared_data: Path, tmp_path: Path, method: str, more: dict[str, float], ok: int, doubtful: int
) -> None:
    folder = needs(shared_data / "jakobshavn-fronts")
    run = position_series(
        folder / "jakobshavn_1990_2023_TP.shp", tmp_path, date_column="Date", method=method,  # type: ignore[arg-type]
        flowline_path=folder / "jakobshavn_centreline.shp", drawn="upstream", **more,  # type: ignore[arg-type]
    )  # fmt: skip
    counts = run.table["flag"].value_counts()
    print("\n", method, counts.to_dict())
    assert counts.to_dict() == {"ok": ok, "doubtful": doubtful}
    by_year = run.table.groupby(run.table["date"].dt.year)["position_m"].median()
    assert by_year[2021] - by_year[1992] == pytest.approx(-20_000, abs=2000)  # it has retreated
    assert run.fit is not None
    assert "the trend bends" in run.fit.notes[0]


def test_three_methods_agree_on_jakobshavn(shared_data: Path, tmp_path: Path) -> None:
    """On changes from front to front, to a tenth of what the fronts move."""
    folder = needs(shared_data / "jakobshavn-fronts")
    series = {}
    for method, more in (("centreline", {}), ("curvilinear box", {"width_m": 3000.0})):
        run = position_series(
            folder / "jakobshavn_1990_2023_TP.shp", tmp_path / method, date_column="Date",
            method=method, flowline_path=folder / "jakobshavn_centreline.shp", drawn="upstream",  # type: ignore[arg-type]
            **more,
        )  # fmt: skip
        series[method] = run.table.set_index("scene")["position_m"]
    both = pd.DataFrame(series).dropna()
    apart = both["centreline"] - both["curvilinear box"]
    assert (apart - apart.median()).abs().median() < 0.1 * both["centreline"].std()
