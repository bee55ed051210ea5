"""The files in QGIS itself, where it is installed (QGIS_PYTHON, or the system's python3)."""

from __future__ import annotations

import json
import os
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calvingfront.locating.outputs.writers import write_files
from front_examples import LINE, empty, front, on_image

SCRIPT = Path(__file__).resolve().parents[2] / "read_in_qgis.py"
PYTHON = os.environ.get("QGIS_PYTHON", "/usr/bin/python3")
FRONTS = [
    front("old", acquired="2004-07-03"),
    front("summer", acquired="2011-03-04T06:07:08Z", lines=[LINE + 500, LINE + 900]),
    front("winter", acquired="2011-08-01"),
    front("new", acquired="2015-01-01", lines=[LINE[::-1]]),
    empty("nothing", acquired="2011-05-05"),
]
DRAWN = ["old", "summer", "winter", "new"]


def run_qgis(*arguments: str) -> subprocess.CompletedProcess[str]:
    plain = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    return subprocess.run(
        [PYTHON, *arguments],
        env=plain | {"QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        check=False,
    )


@cache
def missing() -> str:
    """Why these tests cannot run; "" if they can."""
    if not Path(PYTHON).exists():
        return f"there is no {PYTHON}"
    done = run_qgis("-c", "import qgis.core")
    return "" if done.returncode == 0 else f"{PYTHON} has no QGIS (Debian: python3-qgis)"


@pytest.fixture(autouse=True)
def needs_qgis() -> None:
    if missing():
        pytest.skip(missing())


def in_qgis(*sources: str) -> list[dict[str, Any]]:
    done = run_qgis(str(SCRIPT), *sources)
    assert done.returncode == 0, done.stderr
    assert "partially supported" not in done.stderr
    layers: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])["layers"]
    return layers


@pytest.mark.parametrize(("suffix", "kind"), [("gpkg", "DateTime"), ("shp", "String")])
def test_fronts_are_coloured_by_date_and_follow_the_temporal_controller(
    tmp_path: Path, suffix: str, kind: str
) -> None:
    assert not write_files(FRONTS, [tmp_path / f"a.{suffix}"])
    (layer,) = in_qgis(str(tmp_path / f"a.{suffix}") + "|layername=fronts" * (suffix == "gpkg"))
    assert (layer["valid"], layer["crs_valid"], layer["crs"]) == (True, True, "EPSG:3031")
    assert layer["features"] == (4 if suffix == "shp" else 5)
    assert (layer["acquired"], layer["renderer"]) == (kind, "graduatedSymbol")
    assert layer["labels"] == [
        day for day in ("2004-07-03", "2011-03-04", "2011-05-05", "2011-08-01", "2015-01-01")
        if suffix == "gpkg" or day != "2011-05-05"
    ]  # fmt: skip
    assert list(layer["colours"]) == sorted(DRAWN)
    lightness = [int(layer["colours"][name][3:5], 16) for name in DRAWN]
    assert lightness == sorted(set(lightness))
    assert (layer["temporal"], layer["field"]) == (True, "acquired")
    expected = ["nothing", "summer", "winter"] if suffix == "gpkg" else ["summer", "winter"]
    assert layer["in_2011"] == expected
    assert layer["span"] == ["2004-07-03", "2015-01-01"]


def test_fronts_without_a_map_position_and_vertices_are_valid_layers(tmp_path: Path) -> None:
    assert not write_files([*FRONTS, on_image("image")], [tmp_path / "a.gpkg"])
    names = ["fronts", "vertices", "fronts_image", "vertices_image"]
    layers = in_qgis(*(f"{tmp_path / 'a.gpkg'}|layername={name}" for name in names))
    assert [layer["valid"] for layer in layers] == [True] * 4
    assert [layer["features"] for layer in layers] == [5, 15, 1, 3]
    assert layers[2]["renderer"] == "graduatedSymbol"
    assert layers[2]["temporal"]


def test_degrees_across_the_antimeridian_are_a_valid_layer(tmp_path: Path) -> None:
    line = np.array([[100.0, -1.3e6], [-100.0, -1.3e6]])
    assert not write_files([front("ross", lines=[line])], [tmp_path / "a.gpkg"], "EPSG:4326")
    (layer,) = in_qgis(f"{tmp_path / 'a.gpkg'}|layername=fronts")
    assert (layer["valid"], layer["crs"], layer["features"]) == (True, "EPSG:4326", 1)


def test_geoparquet_has_the_same_style_where_qgis_reads_it(tmp_path: Path) -> None:
    assert not write_files(FRONTS, [tmp_path / "a.parquet"])
    (layer,) = in_qgis(str(tmp_path / "a.parquet"))
    if not layer["valid"]:
        pytest.skip("this QGIS has a GDAL without the Parquet driver")
    assert (layer["crs"], layer["renderer"]) == ("EPSG:3031", "graduatedSymbol")
    assert layer["temporal"]
