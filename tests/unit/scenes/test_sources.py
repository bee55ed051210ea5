"""The configured source: dispatch, exclusion, and the scene table on disk."""

from __future__ import annotations

import pandas as pd
import pytest

from calvingfront.errors import ConfigError, Faults, SceneError
from calvingfront.scenes.scene_table import (
    COLUMNS,
    read_scenes,
    scene_table,
    with_front,
    without_front,
    write_scenes,
)
from calvingfront.scenes.sources import (
    SOURCES,
    list_scenes,
    of_training,
    prepared_scenes,
    source_of,
)
from calvingfront.vocabulary.missions import MISSIONS
from calvingfront.vocabulary.references import load


def simulated(exclude=None, new_scenes=0):
    return {
        "results": "res",
        "source": {
            "kind": "simulated",
            "exclude": exclude or {},
            "simulated": {
                "scenes": 12,
                "new_scenes": new_scenes,
                "glaciers": 2,
                "seed": 1,
                "first_year": 1995,
                "last_year": 2014,
                "extent_m": 20000,
            },
        },
        "map": {"spacing_m": dict.fromkeys(MISSIONS, 25.0)},
        "split": {"method": "paper", "lists": None},
    }


def test_simulated_scenes_lie_in_the_archive_and_become_images_on_the_map():
    config = simulated()
    scenes = list_scenes(config)
    assert len(scenes) == 12
    assert tuple(scenes.columns) == COLUMNS
    first = scenes.iloc[0]
    assert first["image"] == f"res/archive/products/{first['scene']}/product.json"
    assert first["front"] == "res/archive/fronts.gpkg"
    assert set(scenes["pixel_size_x_m"]) == {25.0}
    assert scenes["crs"].isna().all()  # known once a scene is geocoded
    prepared = prepared_scenes(scenes, config).iloc[0]
    assert prepared["image"] == f"res/imported/{first['scene']}/image.tif"
    assert prepared["front"] == f"res/imported/{first['scene']}/front.png"


def test_a_simulated_scene_may_be_excluded():
    scenes = list_scenes(simulated())
    name = scenes["scene"][3]
    left = list_scenes(simulated({name: "too smooth"}))
    assert set(scenes["scene"]) - set(left["scene"]) == {name}


def test_new_simulated_scenes_have_no_front_and_change_no_other_row():
    few, many = (list_scenes(simulated(new_scenes=count)) for count in (2, 5))
    assert len(without_front(few)) == 2
    assert set(without_front(few)["scene"]) < set(without_front(many)["scene"])
    pd.testing.assert_frame_equal(with_front(many), list_scenes(simulated()))
    prepared = prepared_scenes(many, simulated()).set_index("scene")
    name = without_front(many)["scene"][0]
    assert prepared.loc[name, "image"] == f"res/new_images/{name}.tif"
    assert prepared.loc[name, "front"] is None


def test_the_configuration_of_training_knows_no_new_scene():
    new = without_front(list_scenes(simulated(new_scenes=3)))["scene"].tolist()
    old = list_scenes(simulated())["scene"].tolist()
    plain = simulated({old[0]: "too smooth"}) | {"locating": {"model": None}}
    changed = simulated({old[0]: "too smooth", new[1]: "torn"}, new_scenes=3)
    changed["locating"] = {"model": "elsewhere"}
    expected = of_training(plain, list_scenes(plain))
    assert of_training(changed, list_scenes(changed)) == expected
    assert expected["source"]["exclude"] == {old[0]: "too smooth"}
    assert changed["source"]["exclude"].keys() == {old[0], new[1]}  # itself unchanged


def test_an_excluded_scene_must_exist():
    with pytest.raises(Faults, match=r"source\.exclude\.lost: names no existing scene"):
        list_scenes(simulated({"lost": "typing error"}))


def test_the_lists_of_a_split_choose_among_caffes_scenes(caffe_folder, tmp_path):
    names = ["SI_1996-01-22_ERS_20_3_109", "DBE_2009-10-23_TSX_7_2_049"]
    lists = tmp_path / "lists.csv"
    lists.write_text(f"name,part\n{names[1]},train\n,test\n")
    config = {
        "source": {
            "kind": "caffe",
            "exclude": {},
            "caffe": {"folder": str(caffe_folder(*names)), "sizes": None, "glaciers": []},
        },
        "split": {
            "method": "paper",
            "lists": str(lists),
            "lists_scene_column": "name",
            "lists_subset_column": "part",
        },
    }
    scenes = list_scenes(config)
    assert list(scenes["scene"]) == [names[1]]
    pd.testing.assert_frame_equal(prepared_scenes(scenes, config), scenes)  # read where they lie
    config["split"]["method"] = "time"
    assert set(list_scenes(config)["scene"]) == set(names)


def test_every_source_offers_what_the_registry_says():
    for name, source in SOURCES.items():
        assert source.name == name
        assert source_of({"source": {"kind": name}}) is source
        for reference in filter(None, (source.scenes, source.faults, source.map)):
            assert callable(load(reference)), reference


def test_an_unknown_kind_is_refused():
    config = simulated()
    config["source"]["kind"] = "raw"
    with pytest.raises(
        ConfigError,
        match=r"'raw' is not a source\. Write one of simulated, caffe, images, products",
    ):
        list_scenes(config)


def test_the_scene_table_survives_the_disk(tmp_path):
    rows = [
        {"scene": "b", "glacier": "NA", "mission": "ERS", "acquired": "2001-02-03", "quality": 3},
        {"scene": "a", "glacier": "SI", "orbit": "049", "pixel_size_x_m": 6.6667, "crs": "EPSG:1"},
    ]
    table = scene_table(rows)
    write_scenes(tmp_path / "scenes.tsv", table)
    back = read_scenes(tmp_path / "scenes.tsv")
    pd.testing.assert_frame_equal(back, table)
    assert list(back["scene"]) == ["a", "b"]
    assert back["glacier"][1] == "NA"
    assert back["orbit"][0] == "049"
    assert back["crs"][1] is None


def test_a_table_without_its_columns_is_refused(tmp_path):
    (tmp_path / "scenes.tsv").write_text("scene\tglacier\na\tSI\n")
    with pytest.raises(SceneError, match=r"scenes\.tsv: is missing the columns mission, acquired"):
        read_scenes(tmp_path / "scenes.tsv")
