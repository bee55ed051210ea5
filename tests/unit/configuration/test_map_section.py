"""The map in a file of its own: the workflow's keys, defaults and checks."""

from __future__ import annotations

from pathlib import Path

import pytest

from calvingfront.configuration.map_section import read_map
from calvingfront.configuration.schema import read_schema
from calvingfront.configuration.validation import validate_config
from calvingfront.errors import ConfigError, Faults

SCHEMA = Path(__file__).resolve().parents[3] / "workflow" / "schemas" / "config.schema.yaml"


@pytest.fixture
def dem(tmp_path: Path) -> Path:
    (tmp_path / "dem.tif").write_bytes(b"")
    return tmp_path / "dem.tif"


def write(folder: Path, text: str) -> Path:
    path = folder / "map.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("form", ["map: {{{0}}}\nseeds: [1]\n", "{{{0}}}\n"])
def test_the_map_is_that_of_a_configuration_of_the_workflow(
    tmp_path: Path, dem: Path, form: str
) -> None:
    keys = f"crs: 'EPSG:3031', dem: {dem}, spacing_m: {{TSX: 5}}, areas: {{A: [0, 0, 1000, 2000]}}"
    chart = read_map(write(tmp_path, form.format(keys)))
    (tmp_path / "t.csv").write_text("")
    whole = validate_config(
        {
            "source": {"kind": "products", "products": {"table": str(tmp_path / "t.csv")}},
            "map": {
                "crs": "EPSG:3031", "dem": str(dem), "spacing_m": {"TSX": 5},
                "areas": {"A": [0, 0, 1000, 2000]},
            },
        },
        SCHEMA,
    )  # fmt: skip
    assert chart == whole["map"]
    assert (chart["spacing_m"]["TSX"], chart["spacing_m"]["ERS"]) == (5, 20)
    assert chart["vertical_datum"] == "ellipsoid"


def test_the_schema_of_the_workflow_contains_the_part(tmp_path: Path) -> None:
    part = read_schema(SCHEMA)["properties"]["map"]
    assert part["properties"]["dem"]["default"] is None
    assert "TSX" in part["properties"]["spacing_m"]["properties"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ["map.crs: is not set, but products have to be geocoded", "map.dem: is not set"]),
        ("map:\n", ["map.crs: is not set", "map.dem: is not set"]),
        ("crs: EPSG:3031\n", ["map.dem: is not set"]),
        ("crs: EPSG:3031\ndem: none.tif\n", ["map.dem: none.tif does not exist"]),
        ("crs: 3031\n", ["map.crs: 3031 is not"]),
        ("dam: x.tif\n", ["map.dam", "dem"]),
        (
            "map: {crs: 'EPSG:3031', dem: DEM, areas: {A: [2, 0, 1, 1]}}",
            ["map.areas.A", "is empty"],
        ),
        ("map: {crs: 'EPSG:3031', dem: DEM, vertical_datum: geoid}", ["map.geoid: is not set"]),
        ("map: {crs: 'EPSG:3031', dem: DEM, spacing_m: {TSX: 0}}", ["map.spacing_m.TSX"]),
    ],
)
def test_all_faults_of_the_keys_are_named(
    tmp_path: Path, dem: Path, text: str, said: list[str]
) -> None:
    with pytest.raises(Faults) as caught:
        read_map(write(tmp_path, text.replace("DEM", str(dem))))
    for part in said:
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [("map: [1]", "has no section"), ("- a", "has no section"), ("a: [", "is not YAML")],
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_map(write(tmp_path, text))
    with pytest.raises(ConfigError, match="cannot be read"):
        read_map(tmp_path / "none.yaml")
