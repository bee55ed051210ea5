"""`calvingfront export` and `locate`: what the workflow located is located again from the image."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rasterio
import torch
import yaml
from rasterio.transform import from_origin

from calvingfront.cli import main
from calvingfront.configuration.map_section import read_map
from calvingfront.evaluation.ensemble import member_probabilities
from calvingfront.locating.inputs.finding import find_scenes
from calvingfront.locating.inputs.geocoding import Work
from calvingfront.locating.inputs.known import Said, scenes_of
from calvingfront.locating.inputs.table import read_table_of_scenes
from calvingfront.locating.model_folder import read_model
from calvingfront.locating.new_scenes import prepare
from calvingfront.locating.vectors import read_fronts
from calvingfront.samples.square import read_sample
from calvingfront.scenes.sources import map_settings

pytestmark = pytest.mark.timeout(900)

RUN = Path("attention_unet") / "wbce4" / "seed1"


@pytest.fixture(scope="session")
def model(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model folder of one network of the tiny run."""
    folder = tmp_path_factory.mktemp("model") / "tiny"
    status = main(
        ["export", str(tiny_run / "results" / "test" / "models" / RUN), "--output", str(folder),
         "--licence", "MIT", "--data", "a simulated archive", "--device", "cpu"]
    )  # fmt: skip
    assert status == 0
    return folder


@pytest.fixture
def table(tiny_run: Path, tmp_path: Path) -> Path:
    """A table of the held-out scenes, without their fronts."""
    results = tiny_run / "results" / "test"
    split = pd.read_csv(results / "dataset" / "split.tsv", sep="\t")
    held_out = split.loc[split["subset"] != "train", "scene"].unique()
    scenes = pd.read_csv(results / "scenes.tsv", sep="\t").set_index("scene").loc[held_out]
    scenes["image"] = [str(results / "imported" / scene / "image.tif") for scene in held_out]
    path = tmp_path / "new.csv"
    scenes.reset_index()[["scene", "glacier", "mission", "acquired", "image"]].to_csv(
        path, index=False
    )
    return path


def test_located_fronts_are_those_of_the_workflow(
    tiny_run: Path, model: Path, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "fronts.gpkg"
    status = main(
        ["locate", "--table", str(table), "--model", str(model), "--output", str(output),
         "--device", "cpu", "--threads", "1"]
    )  # fmt: skip
    said = capsys.readouterr()
    assert status == 0, said.err
    found = {front.scene: front for front in read_fronts(output)}
    of_workflow = read_fronts(tiny_run / "results" / "test" / "fronts" / RUN / "fronts.gpkg")
    assert set(found) == {front.scene for front in of_workflow}
    for expected in of_workflow:
        front = found[expected.scene]
        assert (front.crs, front.acquired) == (expected.crs, expected.acquired)
        assert (front.threshold, front.members) == (read_model(model).threshold, 8)


def test_an_image_has_the_probability_that_the_workflow_gave_it(
    tiny_run: Path, model: Path, table: Path
) -> None:
    """The network of a tiny run has learnt nothing, so its lines would follow the last digits."""
    predictions = tiny_run / "results" / "test" / "predictions" / RUN
    expected = np.load(predictions / "probabilities.npy")
    rows = pd.read_csv(predictions / "index.tsv", sep="\t")["scene"].tolist()
    folder = read_model(model)
    networks, steps = folder.load_networks(), vars(folder.preprocessing)
    how = {key: value for key, value in steps.items() if key != "front_width_px"}
    for scene in read_table_of_scenes(table):
        sample = prepare(scene, **how)
        (probability,) = member_probabilities(sample.image, networks, torch.device("cpu"), 1)
        # the workflow keeps its probabilities in 16 bits
        np.testing.assert_allclose(probability, expected[rows.index(scene.scene)], atol=1e-3)


def test_raw_products_of_every_mission_give_the_samples_of_the_workflow(
    tiny_run: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Unpacked, geocoded and brought to 8 bit, bit for bit as by the rules."""
    monkeypatch.chdir(tiny_run)
    results = Path("results") / "test"
    config = yaml.safe_load((results / "dataset" / "config.yaml").read_text(encoding="utf-8"))
    chart, steps = map_settings(config), config["samples"]
    del steps["front_width_px"]
    (tmp_path / "map.yaml").write_text(yaml.safe_dump({"map": chart}), encoding="utf-8")
    chart = read_map(tmp_path / "map.yaml")
    missions = set()
    for row in pd.read_csv(results / "scenes.tsv", sep="\t").to_dict("records"):
        archive = tmp_path / f"{row['scene']}.tar.gz"
        with tarfile.open(archive, "w:gz") as target:
            target.add(results / "archive" / "products" / row["scene"], "order")
        with Work() as work:
            found, faults = find_scenes([archive], work.unpacked)
            (scene,), more = scenes_of(found, Said(glacier=row["glacier"], chart=chart))
            assert not faults + more
            with work.ready(scene) as geocoded:
                sample = prepare(geocoded, **steps)
                codes = results / "scenes" / row["scene"] / "view.tif"
                with rasterio.open(geocoded.view) as mine, rasterio.open(codes) as theirs:
                    np.testing.assert_array_equal(mine.read(), theirs.read())
        expected, _, _, meta = read_sample(results / "samples" / "square" / f"{row['scene']}.npz")
        np.testing.assert_array_equal(sample.image, expected)
        shared = set(meta) & set(sample.facts) - {"scene", "front_width_px"}
        assert {key: sample.facts[key] for key in shared} == {key: meta[key] for key in shared}
        assert (scene.mission, scene.acquired[:10]) == (row["mission"], row["acquired"])
        missions.add(scene.mission)
    assert len(missions) >= 5


def test_one_broken_image_does_not_stop_the_others(
    tiny_run: Path, model: Path, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scenes = pd.read_csv(table)
    broken = tmp_path / "broken.tif"
    broken.write_bytes(b"no image")
    scenes.loc[1, "image"] = str(broken)
    scenes.to_csv(table, index=False)
    output = tmp_path / "fronts.gpkg"
    arguments = ["locate", "--model", str(model), "--output", str(output), "--device", "cpu"]
    assert main([*arguments, "--table", str(table)]) == 3
    said = capsys.readouterr().out
    assert "1 scene that could not be used" in said
    assert "broken.tif" in said
    assert {front.scene for front in read_fronts(output)} == set(scenes["scene"]) - {
        scenes["scene"][1]
    }


def test_images_in_several_crss_need_one_for_the_file(
    model: Path, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scenes = pd.read_csv(table)
    other = tmp_path / "other.tif"
    with rasterio.open(scenes["image"][0]) as source:
        profile = source.profile | {
            "crs": "EPSG:32720", "transform": from_origin(400_000, 2_900_000, 20, 20),
        }  # fmt: skip
        with rasterio.open(other, "w", **profile) as target:
            target.write(source.read())
    scenes.loc[0, "image"] = str(other)
    scenes.to_csv(table, index=False)
    output = tmp_path / "fronts.gpkg"
    arguments = ["locate", "--table", str(table), "--model", str(model), "--output", str(output)]
    assert main(arguments) == 1
    assert "because the images are in EPSG:3031 and EPSG:32720" in capsys.readouterr().err
    assert main([*arguments, "--crs", "EPSG:3031", "--device", "cpu"]) == 0
    assert {front.crs for front in read_fronts(output)} == {"EPSG:3031"}


def test_a_mission_that_the_training_has_not_seen_makes_the_line_doubtful(
    model: Path, table: Path, tmp_path: Path
) -> None:
    pd.read_csv(table).assign(mission="UMBRA").to_csv(table, index=False)
    output = tmp_path / "fronts.gpkg"
    status = main(
        ["locate", "--table", str(table), "--model", str(model), "--output", str(output),
         "--device", "cpu"]
    )  # fmt: skip
    assert status == 0
    for front in read_fronts(output):
        assert front.quality == ("doubtful" if front.lines else "none")
        assert "UMBRA is not among the missions of the training" in front.reason


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "got no scene"),
        (["missing.tif"], "missing.tif: does not exist"),
        (["empty"], "contains no image"),
        (["some.tif"], "some.tif: has no known mission and day. Give --mission and --acquired"),
        (["some.tif", "--mission", "TSX"], "has no known day"),
        (["some.tif", "--mission", "TSX", "--acquired", "03/04/2007"], "Write YYYY-MM-DD"),
    ],
)
def test_what_cannot_be_located_is_said_and_nothing_is_written(
    model: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "some.tif").write_bytes(b"no image")
    options = ["--model", str(model), "--output", "fronts.gpkg", "--device", "cpu"]
    assert main(["locate", *arguments, *options]) == 1
    captured = capsys.readouterr()
    assert said in captured.err + captured.out
    assert not (tmp_path / "fronts.gpkg").exists()


def test_tampered_weights_and_other_folders_are_refused(
    model: Path, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(model, copy)
    weights = next(copy.glob("*.safetensors"))
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(bytes(content))
    for folder, said in ((copy, weights.name), (tmp_path, "model")):
        status = main(
            ["locate", "--table", str(table), "--model", str(folder), "--output",
             str(tmp_path / "fronts.gpkg")]
        )  # fmt: skip
        assert status == 1
        assert said in capsys.readouterr().err
    assert not (tmp_path / "fronts.gpkg").exists()
