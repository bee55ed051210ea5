"""Fronts in files of this project: their columns, qualities and errors, without being named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import pytest
from position_world import FRAME, LEFT, box

from calvingfront.errors import PositionError
from calvingfront.locating.located_front import LocatedFront
from calvingfront.locating.vectors import write_fronts
from calvingfront.position.dated_fronts import read_fronts
from calvingfront.position.line_error import NORMAL_90
from calvingfront.position.run import position_series
from calvingfront.position.series import measure

Y = np.arange(-300, 4301, 100.0)
BOTTOM = -2_275_000.0


def located(number: int, at: float, half_width: float | None = 33.0, **change: Any) -> LocatedFront:
    places = np.column_stack([np.full(len(Y), LEFT + at), BOTTOM + Y])
    bands = () if half_width is None else [half_width * np.tile([0.41, 1.0, 1.19], (len(Y), 1))]
    facts: dict[str, Any] = {
        "scene": f"S{number}", "glacier": "G", "mission": "ERS",
        "acquired": f"20{number % 20 + 1:02d}-06-01",
        "orbit": None, "pixel_size_m": 40.0, "crs": "EPSG:3413", "lines": [places], "model": "unet",
        "threshold": 0.5, "members": 1, "quality": "good", "err_geo_m": 12.0,
        "vertex_errors_m": bands,
    }  # fmt: skip
    return LocatedFront(**{**facts, **change})


def test_columns_dates_and_errors_at_the_vertices_are_known(tmp_path: Path) -> None:
    half = np.tile([5.0, 10.0, 12.0], (len(Y), 1))
    half[len(Y) // 2 :] *= 4
    write_fronts([located(1, 6000, None, vertex_errors_m=[half])], tmp_path / "fronts.gpkg")
    (front,), frame = read_fronts(tmp_path / "fronts.gpkg")
    assert (front.scene, front.glacier, front.quality) == ("S1", "G", "good")
    assert front.date == pd.Timestamp("2002-06-01")
    assert frame.crs == FRAME.crs
    assert front.error is not None
    assert front.error.source == "vertices"
    assert front.error.shift_m == 12.0
    ends = np.array([[LEFT + 6000, BOTTOM], [LEFT + 6000, BOTTOM + 4000]])
    assert front.error.at(ends) * NORMAL_90 == pytest.approx([10, 40])


def test_a_front_without_vertex_errors_has_that_of_the_line_or_none(tmp_path: Path) -> None:
    fronts = [located(1, 6000, None, err90_m=50.0), located(2, 6000, None), located(3, 6000, 33.0)]
    write_fronts(fronts, tmp_path / "fronts.gpkg")
    read, _ = read_fronts(tmp_path / "fronts.gpkg")
    table = measure(read, box(), "box", FRAME)
    assert table["error_source"].tolist() == ["front", "", "vertices"]
    assert table["error_m"].isna().tolist() == [False, True, False]
    assert table["low_m"].isna().tolist() == [False, True, False]
    stated, _ = read_fronts(tmp_path / "fronts.gpkg", front_error_m=20.0)
    assert [front.error and front.error.source for front in stated] == ["--front-error-m"] * 3


def test_doubts_of_the_file_reach_the_table_and_the_fit(tmp_path: Path) -> None:
    fronts = [located(n, 6000 - 20 * n) for n in range(20)]
    fronts[3] = located(3, 5940, quality="doubtful", reason="low contrast")
    fronts[7] = located(7, 5860, quality="partial", reason="an end is missing")
    fronts[9] = located(9, 0, None, lines=[], quality="none", reason="no pixel exceeds 0.5")
    write_fronts(fronts, tmp_path / "fronts.gpkg")
    run = position_series(tmp_path / "fronts.gpkg", tmp_path / "out", upglacier="W", harmonics=0)
    rows = run.table.set_index("scene")
    assert rows.loc["S3", ["flag", "reason"]].tolist() == [
        "doubtful", "doubtful in the file: low contrast",
    ]  # fmt: skip
    assert rows.loc["S7", ["flag", "reason", "quality"]].tolist() == [
        "doubtful", "partial in the file: an end is missing", "partial",
    ]  # fmt: skip
    assert rows.loc["S9", ["flag", "reason"]].tolist() == [
        "no position", "no line: no pixel exceeds 0.5",
    ]  # fmt: skip
    assert [(one.flagged, one.count) for one in run.analyses] == [(False, 17), (True, 19)]
    assert all(one.weighted for one in run.analyses)
    trend = pd.read_csv(tmp_path / "out" / "trend.csv")
    rates = trend[trend["quantity"] == "rate"]
    assert rates["fronts"].tolist() == ["without flagged", "with flagged"]
    plotted = position_series(
        tmp_path / "fronts.gpkg", tmp_path / "b", upglacier="W", harmonics=0, flagged=True
    )
    assert [one.flagged for one in plotted.analyses] == [True, False]
    assert plotted.fit is not None
    assert len(plotted.fit.times) == 19


def test_a_file_in_which_no_front_was_located_gives_a_table_that_says_so(tmp_path: Path) -> None:
    nothing = {"lines": [], "quality": "none", "reason": "no line", "err_geo_m": None}
    fronts = [located(number, 6000, None, **nothing) for number in (1, 2)]
    write_fronts(fronts, tmp_path / "fronts.gpkg")
    run = position_series(
        tmp_path / "fronts.gpkg", tmp_path / "out", glacier="G", upglacier="W", without_target=True
    )
    assert run.table["flag"].tolist() == ["no position", "no position"]
    assert "too few (0)" in "\n".join(run.lines)


def test_fronts_in_degrees_are_reprojected_where_a_crs_is_named(tmp_path: Path) -> None:
    fronts = [located(n, 6000 - 20 * n) for n in range(20)]
    write_fronts(fronts, tmp_path / "map.gpkg")
    write_fronts(fronts, tmp_path / "degrees.gpkg", "EPSG:4326")
    with pytest.raises(PositionError, match="is in degrees"):
        read_fronts(tmp_path / "degrees.gpkg")
    here, _ = read_fronts(tmp_path / "map.gpkg")
    moved, frame = read_fronts(tmp_path / "degrees.gpkg", crs="EPSG:3413")
    one, other = (measure(fronts, box(), "box", frame) for fronts in (here, moved))
    assert one["position_m"].to_numpy() == pytest.approx(other["position_m"].to_numpy(), abs=0.01)
    assert one["error_m"].to_numpy() == pytest.approx(other["error_m"].to_numpy(), rel=1e-3)


def test_a_vertex_layer_of_other_lines_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "fronts.gpkg"
    write_fronts([located(1, 6000)], path)
    layer = geopandas.read_file(path, layer="fronts")
    layer.geometry = layer.geometry.simplify(1.0)
    layer.to_file(path, layer="fronts")
    with pytest.raises(PositionError, match="vertices do not match the layer vertices"):
        read_fronts(path)


def test_files_of_others_must_name_their_dates(tmp_path: Path) -> None:
    path = tmp_path / "fronts.gpkg"
    geopandas.GeoDataFrame({"Date": ["2020-01-01"]}, geometry=[box().walls[0]], crs=3413).to_file(
        path
    )
    with pytest.raises(PositionError, match=r"not a file of this project.*--date-column"):
        read_fronts(path)
    with pytest.raises(PositionError, match="is given errors twice"):
        read_fronts(path, "Date", error_column="Date", front_error_m=5.0)
