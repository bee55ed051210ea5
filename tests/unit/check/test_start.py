"""Everything that can be known before the first job is told at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from builders import line_mask, speckled, write_image
from calvingfront.check.start import start
from calvingfront.check.telling import forget, told
from calvingfront.errors import Faults
from calvingfront.scenes.sources import list_scenes
from start_faults import SCHEMAS, SMALL, faults_of


@pytest.fixture
def scenes(tmp_path: Path) -> dict[str, Any]:
    """A table of six images of two glaciers, and the configuration that names it."""
    lines = ["scene,glacier,mission,acquired,image,front,pixel_size_m"]
    for number in range(6):
        write_image(tmp_path / f"{number}.png", speckled(40, 48, number))
        write_image(tmp_path / f"{number}_front.png", line_mask(40, 48, 5 + number))
        cells = (
            f"S{number},{'AB'[number % 2]},ERS,200{number}-01-01,{number}.png,{number}_front.png,20"
        )
        lines.append(cells)
    (tmp_path / "scenes.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    source = {"kind": "images", "images": {"table": str(tmp_path / "scenes.csv")}}
    return {"source": source, "results": str(tmp_path / "results"), **SMALL}


def test_a_sound_configuration_starts(scenes: dict[str, Any]) -> None:
    started = start(scenes, *SCHEMAS)
    assert list(started.scenes["scene"]) == [f"S{number}" for number in range(6)]
    assert started.config["training"]["max_epochs"] == 300
    assert not started.notes


def test_faults_of_every_kind_stand_on_one_page(scenes: dict[str, Any], tmp_path: Path) -> None:
    table = tmp_path / "scenes.csv"
    lines = table.read_text(encoding="utf-8").replace(",3.png", ",gone.png").splitlines()
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    scenes["networks"] = {"width": 2.5}
    scenes["source"]["hemisphere"] = {"C": "north"}
    scenes["split"] = {"method": "glacier", "test_glaciers": ["C"]}
    scenes["others"] = {"theirs": {"folder": str(tmp_path / "nowhere")}}
    faults = faults_of(scenes)
    for said in (
        "networks.width: 2.5 is not an integer",
        "scenes.csv line 5 (S3): image 'gone.png' does not exist",
        "source.hemisphere.C: names no glacier of the scenes. Write some of: A, B.",
        "split.test_glaciers.C: names no glacier of the scenes",
        "nowhere does not exist",
    ):
        assert sum(said in fault for fault in faults) == 1, said
    assert len(faults) == 5


def test_what_follows_from_a_faulty_key_is_not_told_as_well(scenes: dict[str, Any]) -> None:
    scenes["samples"] = {"size": "big", "front_width_px": 40}
    # With the default patience of 20 epochs, the 25th might never be reached.
    long = {"patience": "long", "max_epochs": 30, "keep_epochs": [25]}
    scenes["training"] = scenes["training"] | long
    scenes["source"]["exclude"] = {20070304: "torn"}
    faults = faults_of(scenes)
    assert len(faults) == 3
    assert any("samples.size" in fault for fault in faults)
    assert any("training.patience" in fault for fault in faults)
    assert any("20070304 is read as a number" in fault for fault in faults)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"figures": {"scenes": ["nope"]}}, "figures.scenes[0]: there is no scene nope"),
        ({"training": {"batch_size": 3000}}, "exceeds the number of augmented training images"),
        ({"positions": {"Z": {"upglacier": "N"}}}, None),  # nothing is located
        ({"locating": {"model": "nowhere"}}, "nowhere is not a model folder"),
    ],
)
def test_what_follows_from_the_scenes_is_told(
    scenes: dict[str, Any], changes: dict[str, Any], said: str | None
) -> None:
    if said is None:
        start(scenes | changes, *SCHEMAS)
        return
    (fault,) = faults_of(scenes | changes)
    assert said in fault


def test_a_scene_of_the_figures_must_be_a_test_scene(scenes: dict[str, Any]) -> None:
    told = [
        faults_of(scenes | {"figures": {"scenes": [f"S{number}"]}})
        for number in range(6)
        if not _starts(scenes | {"figures": {"scenes": [f"S{number}"]}})
    ]
    assert 0 < len(told) < 6
    assert all("is no test scene of this split" in fault for (fault,) in told)


def _starts(config: dict[str, Any]) -> bool:
    try:
        start(config, *SCHEMAS)
    except Faults:
        return False
    return True


def test_too_few_scenes_for_the_split_are_told(scenes: dict[str, Any]) -> None:
    scenes["source"]["exclude"] = {f"S{number}": "torn" for number in range(2, 6)}
    told = start(scenes, *SCHEMAS).split_fault  # by whatever needs the split
    assert "leaves no test scene among 2" in str(told)
    assert start(scenes, *SCHEMAS, thorough=False).split_fault is None
    faults = faults_of(scenes | {"networks": {"depth": 99}})  # with others at once
    assert len(faults) == 2
    assert any("leaves no test scene among 2" in fault for fault in faults)
    gap = scenes | {"split": {"method": "time", "gap_days": 9000}}
    assert "leaves no" in str(start(gap, *SCHEMAS).split_fault)


def test_a_job_of_its_own_process_checks_what_its_rules_need_only(scenes: dict[str, Any]) -> None:
    scenes["figures"] = {"scenes": ["nope"]}
    assert len(start(scenes, *SCHEMAS, thorough=False).scenes) == 6
    scenes["training"] = {"batch_size": 0}
    assert "training.batch_size: 0 is out of range" in faults_of(scenes, thorough=False)[0]


def test_a_job_takes_the_table_that_the_main_process_has_read(
    scenes: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".snakemake").mkdir()
    first = start(scenes, *SCHEMAS)
    listed: list[int] = []
    real = list_scenes

    def count(config: dict[str, Any]) -> Any:
        listed.append(1)
        return real(config)

    monkeypatch.setattr("calvingfront.check.start.list_scenes", count)
    again = start(scenes, *SCHEMAS, thorough=False)
    assert not listed
    pd.testing.assert_frame_equal(again.scenes, first.scenes)
    assert again.scenes.attrs == first.scenes.attrs
    start(scenes, *SCHEMAS)
    assert len(listed) == 1  # the main process looks again, every time
    other = scenes | {"source": scenes["source"] | {"exclude": {"S0": "torn"}}}
    assert len(start(other, *SCHEMAS, thorough=False).scenes) == 5
    (tmp_path / "3.png").write_bytes((tmp_path / "3.png").read_bytes())
    start(scenes, *SCHEMAS, thorough=False)
    assert len(listed) == 3


def test_settings_without_effect_are_told_and_defaults_are_not(scenes: dict[str, Any]) -> None:
    scenes["split"] = {"method": "random", "gap_days": 30, "lists": "x.csv"}
    scenes["map"] = {"crs": "EPSG:3031"}
    notes = start(scenes, *SCHEMAS).notes
    assert [note.partition(" has no effect: ")[0] for note in notes] == [
        "split.gap_days", "split.lists", "map.crs",
    ]  # fmt: skip
    assert "split.method is random" in notes[0]


@pytest.mark.parametrize(
    ("split", "told"),
    [
        ({"method": "time", "seed": 4}, ["split.seed"]),
        ({"method": "time", "seed": 4, "train_share": 0.9, "gap_days": 1}, []),
        ({"method": "random", "test_missions": ["ERS"]}, ["split.test_missions"]),
    ],
)
def test_the_seed_acts_where_it_draws_the_training_scenes_that_are_kept(
    scenes: dict[str, Any], split: dict[str, Any], told: list[str]
) -> None:
    scenes["split"] = {"shares": [2, 1, 1]} | split
    notes = start(scenes, *SCHEMAS).notes
    assert [note.partition(" has no effect: ")[0] for note in notes] == told


@pytest.mark.parametrize(
    ("models", "told"),
    [
        (["unet"], ["history.when", "history.dropped", "evaluation.ensembles"]),
        (["unet_history"], ["evaluation.ensembles"]),
        (["unet_dates"], ["history.dropped", "evaluation.ensembles"]),
        (["unet", "unet_history"], []),
    ],
)
def test_history_and_averages_without_effect_are_told(
    scenes: dict[str, Any], models: list[str], told: list[str]
) -> None:
    changes = {
        "networks": {"models": models}, "losses": ["bce"],
        "history": {"when": "past", "dropped": 0.1},
        "evaluation": {"ensembles": ["seeds", "networks"]},
    }  # fmt: skip
    notes = start(scenes | changes, *SCHEMAS).notes
    assert [note.partition(" has no effect: ")[0] for note in notes] == told


def test_the_simulated_archive_of_the_default_is_told_only_if_it_is_given_again(
    scenes: dict[str, Any],
) -> None:
    scenes["source"]["simulated"] = {"scenes": 30}
    assert not start(scenes, *SCHEMAS).notes
    (note,) = start(scenes, *SCHEMAS, on_top={"source": {"simulated": {"scenes": 30}}}).notes
    assert note == "source.simulated.scenes has no effect: source.kind is images"


def test_a_fault_says_file_and_line(scenes: dict[str, Any], tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("# mine\nsplit:\n  test_glaciers: [NO, 12]\nseeds: [010]\n", encoding="utf-8")
    given = scenes | yaml.safe_load(mine.read_text(encoding="utf-8"))
    faults = faults_of(given, files=[mine])
    assert any(f"{mine} line 3, split.test_glaciers[0]: NO is read as false" in f for f in faults)
    assert any(
        f"{mine} line 3, split.test_glaciers[1]: 12 is read as a number" in f for f in faults
    )
    assert any(f"{mine} line 4, seeds.0: 010 is read as 8" in f for f in faults)


def test_scenes_named_by_numbers_and_days_are_excluded_as_they_are_typed(
    scenes: dict[str, Any], tmp_path: Path
) -> None:
    table = tmp_path / "scenes.csv"
    text = (
        table.read_text(encoding="utf-8").replace("S1,", "20070304,").replace("S2,", "2007-04-03,")
    )
    table.write_text(text, encoding="utf-8")
    mine = tmp_path / "mine.yaml"
    mine.write_text("source:\n  exclude: {20070304: torn, 2007-04-03: torn}\n", encoding="utf-8")
    scenes["source"] |= yaml.safe_load(mine.read_text(encoding="utf-8"))["source"]
    started = start(scenes, *SCHEMAS, files=[mine])
    assert list(started.scenes["scene"]) == ["S0", "S3", "S4", "S5"]
    assert started.config["source"]["exclude"] == {"20070304": "torn", "2007-04-03": "torn"}


def test_the_whole_list_of_a_shortened_page_is_written(tmp_path: Path) -> None:
    table = tmp_path / "scenes.csv"
    lines = ["scene,glacier,mission,acquired,image,front,pixel_size_m"]
    lines += [f"S{number},A,ERS,2000-01-01,{number}.png,,20" for number in range(300)]
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    config = {
        "source": {"kind": "images", "images": {"table": str(table)}},
        "results": str(tmp_path / "r"),
    }
    with pytest.raises(Faults) as caught:
        start(config, *SCHEMAS)
    page = told(caught.value, config)
    assert len(page.splitlines()) <= 20
    path = tmp_path / "r" / "check" / "faults.txt"
    assert page.endswith(f"All of them stand in {path}.")
    assert len(path.read_text(encoding="utf-8").splitlines()) >= 300
    forget(config)
    assert not path.exists()


def test_weights_to_start_from_are_looked_for_before_the_first_job(scenes: dict[str, Any]) -> None:
    scenes["training"] = {"batch_size": 2, "start_from": "nowhere"}
    (fault,) = faults_of(scenes)
    assert fault.startswith("training.start_from: nowhere holds no trained network")


def test_faulty_masks_of_zones_are_told_if_networks_learn_zones(
    scenes: dict[str, Any], tmp_path: Path
) -> None:
    """Every mask is opened before the first job, and the table is then read with its zones."""
    table = tmp_path / "scenes.csv"
    head, *lines = table.read_text(encoding="utf-8").splitlines()
    for number, value in enumerate((127, 128, 127, 127, 127, 77)):
        mask = write_image(tmp_path / f"{number}_zones.png", line_mask(40, 48, 9) * 0 + value)
        lines[number] += f",{mask.name}"
    table.write_text("\n".join([f"{head},zones", *lines]) + "\n", encoding="utf-8")
    assert "zones" not in start(scenes, *SCHEMAS).scenes.attrs
    scenes["networks"] = {"auxiliary": ["zones"]}
    faults = faults_of(scenes)
    assert len(faults) == 2
    for name in ("1_zones.png: is no mask of zones: it has the values 128", "5_zones.png: is no"):
        assert sum(name in fault for fault in faults) == 1
    scenes["source"]["exclude"] = {"S1": "no zones", "S5": "no zones"}
    started = start(scenes, *SCHEMAS)
    assert sorted(started.scenes.attrs["zones"]) == ["S0", "S2", "S3", "S4"]
