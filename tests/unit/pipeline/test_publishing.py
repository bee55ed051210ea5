"""A published copy makes its tables again, and holds no path of the machine that made it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from calvingfront.cli import main
from calvingfront.errors import CalvingFrontError, DamagedFileError, Faults
from calvingfront.pipeline import commands
from calvingfront.pipeline.commands import Results, tabulate
from calvingfront.pipeline.judging import check_rows
from calvingfront.pipeline.publishing import MOST_BYTES, publish, without_paths
from calvingfront.storage.sealed import read_record
from packed import band, write_packed, write_split
from resolved import RESOLVED

TRAINING = RESOLVED["training"] | {"max_epochs": 1, "patience": 1, "keep_epochs": [1]}
CONFIG: dict[str, Any] = RESOLVED | {"training": TRAINING, "results": "/srv/me/results"}


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished grid of one network, with tables."""
    folder = tmp_path_factory.mktemp("published") / "r"
    fronts = np.stack([band(16, row, 3) for row in (2, 4, 6, 8, 10)])
    width = CONFIG["samples"]["front_width_px"]
    write_packed(folder / "dataset", fronts, front_width_px=width)
    write_split(folder / "dataset", train=["s1", "s2"], validation=["s3"], test=["s0", "s2", "s4"])
    config = folder / "dataset" / "config.yaml"
    config.write_text(yaml.safe_dump(CONFIG), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(commands, "draw", lambda _results: None)
        commands.grid(Results(folder, CONFIG))
    (folder / "figures").mkdir()
    (folder / "figures" / "figure1.png").write_bytes(b"small")
    (folder / "figures" / "figure2.png").write_bytes(b"x" * (MOST_BYTES + 1))
    return folder


@pytest.fixture
def results(once: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(once, tmp_path / "r"))


def test_the_tables_can_be_made_again_from_the_copy(results: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    said = publish(results, copy)
    assert "Left out, above 500 kB: figures/figure2.png" in said
    assert (copy / "figures" / "figure1.png").exists()
    assert not list(copy.rglob("*.npy")) + list(copy.rglob("*.safetensors"))
    tables = {path.name: path.read_bytes() for path in (copy / "tables").iterdir()}
    assert {"table1.csv", "distances.md", "comparisons.csv", "table2.tex"} <= set(tables)
    shutil.rmtree(copy / "tables")
    assert main(["tabulate", "--results", str(copy)]) == 0
    assert {name: (copy / "tables" / name).read_bytes() for name in tables} == tables


def test_the_copy_holds_no_path_of_the_machine(results: Path, tmp_path: Path) -> None:
    record = results / "models" / "unet" / "bce" / "seed1" / "run.json"
    content = json.loads(record.read_text(encoding="utf-8"))
    del content["crc32"]
    content["environment"]["started_in"] = "/srv/me/work/x"
    record.write_text(json.dumps(content), encoding="utf-8")
    copy = tmp_path / "copy"
    publish(results, copy)
    for path in copy.rglob("*"):
        if path.is_file():
            assert b"/srv/me" not in path.read_bytes(), path
            assert str(tmp_path).encode() not in path.read_bytes(), path
    published = read_record(copy / "models" / "unet" / "bce" / "seed1" / "run.json")
    assert published["environment"]["started_in"] == "x"


def test_a_table_with_a_path_is_refused_before_anything_is_copied(
    results: Path, tmp_path: Path
) -> None:
    table = results / "tables" / "table1.md"
    table.write_text(table.read_text(encoding="utf-8") + "see /srv/me/x.tif\n", encoding="utf-8")
    with pytest.raises(CalvingFrontError, match=r"table1\.md: holds the path /srv/me/x\.tif"):
        publish(results, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize("content", ['{"a": ', "[]", ""])
def test_a_damaged_record_is_named_before_anything_is_copied(
    results: Path, tmp_path: Path, content: str
) -> None:
    record = results / "models" / "unet" / "bce" / "seed1" / "run.json"
    record.write_text(content, encoding="utf-8")
    with pytest.raises(DamagedFileError, match=r"run\.json: is damaged"):
        publish(results, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_a_copy_is_made_again_but_not_beside_other_results(results: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    publish(results, copy)
    (copy / "README.md").write_text("kept", encoding="utf-8")
    publish(results, copy)
    other = copy / "evaluation" / "unet" / "bce" / "seed9" / "scores.tsv"
    other.parent.mkdir(parents=True)
    other.write_text("scene\n", encoding="utf-8")
    with pytest.raises(CalvingFrontError, match=r"1 file that these .* evaluation/unet/bce/seed9"):
        publish(results, copy)


def test_paths_are_shortened_and_other_texts_are_kept() -> None:
    kept = ["km/h", "area / length", "docs/history.md", "1/2", "U-Net", 3, None]
    assert without_paths(kept) == kept
    assert without_paths({"a": ["/srv/shared/x.csv", r"C:\me\y.tif"]}) == {"a": ["x.csv", "y.tif"]}


def test_without_scores_there_is_nothing_to_publish(results: Path, tmp_path: Path) -> None:
    with pytest.raises(CalvingFrontError, match="has no scores"):
        publish(tmp_path, tmp_path / "copy")
    with pytest.raises(CalvingFrontError, match="is the results folder itself"):
        publish(results, results)


@pytest.mark.parametrize(
    ("samples", "said"),
    [
        ({"front_width_px": 7}, "samples.front_width_px"),
        ({"size": 32}, "samples.size was 16, and is 32 in the configuration"),
    ],
)
def test_a_configuration_of_other_samples_is_refused_where_the_images_are_away(
    results: Path, tmp_path: Path, samples: dict[str, Any], said: str
) -> None:
    copy = tmp_path / "copy"
    publish(results, copy)
    plain = CONFIG | {"samples": CONFIG["samples"] | {"size": 16}}
    check_rows(Results(copy, plain))
    changed = plain | {"samples": plain["samples"] | samples}
    with pytest.raises(Faults) as caught:
        tabulate(Results(copy, changed))
    assert said in str(caught.value)


def test_published_results_outlive_a_change_of_the_code_and_others_do_not(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody can score again without the images, but everybody can make the tables again."""
    copy = tmp_path / "copy"
    publish(results, copy)
    caplog.clear()
    plain = Results(copy, CONFIG | {"samples": CONFIG["samples"] | {"size": 16}})
    check_rows(plain)
    assert not caplog.text
    monkeypatch.setattr("calvingfront.pipeline.origins.code_digest", lambda roots: "other")
    check_rows(plain)
    assert "another version of the code did choose_threshold, score_predictions, and" in caplog.text
    with pytest.raises(Faults, match="the code of train_network has changed"):
        check_rows(Results(results, CONFIG))


def test_rows_of_two_widths_are_not_put_into_one_table(results: Path) -> None:
    wider = CONFIG | {"networks": CONFIG["networks"] | {"width": 4}}
    with pytest.raises(Faults, match=r"networks\.width was 2, and is 4") as caught:
        tabulate(Results(results, wider))
    assert "models/unet/bce/seed1" in str(caught.value)


def test_captions_say_what_the_data_set_is(results: Path) -> None:
    text = (results / "tables" / "table2.md").read_text(encoding="utf-8")
    assert f"× {CONFIG['samples']['front_width_px']:g} px, the width of the true fronts" in text
    assert "1 test scene is in the training set too (s2)" in text
    assert set(pd.read_csv(results / "tables" / "table1.csv").scenes) == {"all", "without_leaked"}
