"""What is finished and fits is not made again; what does not fit is, or is refused by name."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from calvingfront.configuration.acting import acting_split
from calvingfront.errors import Faults
from calvingfront.networks.weights import read_weights, save_weights
from calvingfront.pipeline import commands, origins
from calvingfront.pipeline.commands import Results
from calvingfront.pipeline.data_check import write_split_origin
from calvingfront.pipeline.judging import check_rows, stale_outputs
from calvingfront.pipeline.steps import STEPS
from calvingfront.vocabulary.runs import Run
from packed import band, write_packed, write_split
from resolved import RESOLVED

UNET, PRIOR, NEAREST = Run("unet", "bce", 1), Run("prior"), Run("nearest_date")
CHAIN = ["train_network", "predict_fronts", "choose_threshold", "score_predictions"]
TRAINING = RESOLVED["training"] | {"max_epochs": 2, "patience": 2, "keep_epochs": [1, 2]}
CONFIG = RESOLVED | {"training": TRAINING}


def grid(
    folder: Path, monkeypatch: pytest.MonkeyPatch, config: dict[str, Any] = CONFIG
) -> dict[str, list[str]]:
    """Run the grid without tables and figures; the steps that ran, by model."""
    done: dict[str, list[str]] = {}
    run = Results.run

    def note(self: Results, name: str, of: Run | None = None, **changes: Any) -> None:
        assert of is not None
        done.setdefault(of.model, []).append(name)
        run(self, name, of, **changes)

    with monkeypatch.context() as patch:
        patch.setattr(Results, "run", note)
        for name in ("tabulate", "draw"):
            patch.setattr(commands, name, lambda _results: None)
        commands.grid(Results(folder, config))
    return done


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four packed scenes and one finished grid of a U-Net and the rows without a network."""
    folder = tmp_path_factory.mktemp("grid")
    write_packed(folder / "dataset", np.stack([band(16, row, 3) for row in (2, 4, 6, 8)]))
    write_split(folder / "dataset", train=["s1", "s2"], validation=["s3"], test=["s0"])
    (folder / "dataset" / "config.yaml").write_text(yaml.safe_dump(CONFIG), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        done = grid(folder, patch)
    assert done["unet"] == CHAIN
    assert done["prior"] == done["nearest_date"] == ["predict_without_network", *CHAIN[2:]]
    return folder


@pytest.fixture
def finished(once: Path, tmp_path: Path) -> Path:
    """A copy, with new dates and without anything that remembers digests."""
    shutil.copytree(
        once, tmp_path / "r", copy_function=shutil.copyfile,
        ignore=shutil.ignore_patterns(".digests.json"),
    )  # fmt: skip
    return tmp_path / "r"


def changed(**groups: dict[str, Any]) -> dict[str, Any]:
    return CONFIG | {name: CONFIG[name] | keys for name, keys in groups.items()}


ALL = {"unet": CHAIN, "prior": CHAIN[2:], "nearest_date": CHAIN[2:]}
TRAINED, NOTHING = {"unet": CHAIN}, dict[str, list[str]]()
SETTINGS: dict[str, tuple[dict[str, Any], dict[str, list[str]], str]] = {
    "nothing": (CONFIG, NOTHING, ""),
    "width": (
        changed(networks={"width": 3}), TRAINED,
        "networks.width was 2, and is 3 in the configuration",
    ),
    "width and kept epochs": (
        changed(networks={"width": 3}, training={"keep_epochs": [2]}), TRAINED, "networks.width",
    ),
    "batch size": (changed(training={"batch_size": 1}), TRAINED, "training.batch_size was 2"),
    "fewer epochs": (
        changed(training={"max_epochs": 1, "keep_epochs": [1]}), TRAINED,
        "training.max_epochs was 2, and is 1",
    ),
    "more epochs": (changed(training={"max_epochs": 3}), TRAINED, "training.max_epochs was 2"),
    "patience that was not needed": (changed(training={"patience": 30}), NOTHING, ""),
    "fewer kept epochs": (changed(training={"keep_epochs": [2]}), NOTHING, ""),
    "other kept epochs": (
        changed(training={"keep_epochs": [2, 3], "max_epochs": 3, "patience": 3}), TRAINED, "",
    ),
    "threads and device": (changed(training={"threads": 2, "gpu_slots": 2}), NOTHING, ""),
    "shortest front": (
        changed(evaluation={"min_front_length_m": 10}),
        dict.fromkeys(("unet", "prior", "nearest_date"), CHAIN[3:]),
        "min_front_length_m was 0, and is 10",
    ),
    "bootstrap": (changed(evaluation={"bootstrap_samples": 30}), NOTHING, ""),
}  # fmt: skip


@pytest.mark.parametrize("name", SETTINGS)
def test_a_changed_setting_makes_anew_what_depends_on_it_and_tables_refuse_it_before(
    finished: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    config, expected, said = SETTINGS[name]
    results = Results(finished, config)
    assert bool(stale_outputs(results)) == bool(expected)
    if expected:
        with pytest.raises(Faults, match=r"Run `calvingfront (train|score) .*again") as caught:
            check_rows(results)
        assert said in str(caught.value)
        assert f"{finished}/" in str(caught.value)
    else:
        check_rows(results)
    assert grid(finished, monkeypatch, config) == expected
    check_rows(results)
    assert not stale_outputs(results)
    assert grid(finished, monkeypatch, config) == NOTHING


def pixel(folder: Path) -> None:
    images = np.load(folder / "dataset" / "images.npy")
    images[1, 3, 3] ^= 255
    np.save(folder / "dataset" / "images.npy", images)


def other_weights(folder: Path) -> None:
    path = folder / "models" / UNET.folder / "weights.safetensors"
    save_weights({name: value * 2 for name, value in read_weights(path).items()}, path)


def cut_scores(folder: Path) -> None:
    path = folder / "evaluation" / UNET.folder / "scores.tsv"
    path.write_text("\n".join(path.read_text().splitlines()[:-1]) + "\n")


def other_threshold(folder: Path) -> None:
    path = folder / "evaluation" / PRIOR.folder / "threshold.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"validation_threshold": 0.99}))


def no_record(folder: Path) -> None:
    (folder / "evaluation" / UNET.folder / "scores_made_from.json").unlink()


EVERYTHING = {
    "unet": CHAIN,
    "prior": ["predict_without_network", *CHAIN[2:]],
    "nearest_date": ["predict_without_network", *CHAIN[2:]],
}
FILES: dict[str, tuple[Callable[[Path], None], dict[str, list[str]], str]] = {
    "a pixel": (pixel, EVERYTHING, "dataset/images.npy has changed since it was made"),
    "weights": (other_weights, {"unet": CHAIN[1:]}, "weights.safetensors has changed since"),
    "a lost line": (cut_scores, {"unet": CHAIN[3:]}, "scores.tsv has changed since it was made"),
    "a threshold": (other_threshold, {"prior": CHAIN[2:]}, "threshold.json has changed since"),
    "no record": (no_record, {"unet": CHAIN[3:]}, "scores_made_from.json does not say"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_changed_file_makes_anew_what_depends_on_it_and_tables_refuse_it_before(
    finished: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    change, expected, said = FILES[name]
    change(finished)
    with pytest.raises(Faults, match="found:") as caught:
        check_rows(Results(finished, CONFIG))
    assert said in str(caught.value)
    assert grid(finished, monkeypatch) == expected
    assert grid(finished, monkeypatch) == NOTHING


@pytest.mark.parametrize(
    ("root", "expected"),
    [
        ("calvingfront.training.run:train_network", {"unet": CHAIN}),
        ("calvingfront.evaluation.predict:predict_fronts", {"unet": CHAIN[1:]}),
        (
            "calvingfront.evaluation.scores:score_predictions",
            dict.fromkeys(("unet", "prior", "nearest_date"), CHAIN[3:]),
        ),
    ],
)
def test_an_edited_library_makes_anew_what_it_made(
    finished: Path, monkeypatch: pytest.MonkeyPatch, root: str, expected: dict[str, list[str]]
) -> None:
    true = origins.code_digest
    monkeypatch.setattr(
        origins, "code_digest", lambda roots: "edited" if root in roots else true(roots)
    )
    with pytest.raises(Faults, match=f"the code of {root.split(':')[1]} has changed"):
        check_rows(Results(finished, CONFIG))
    assert grid(finished, monkeypatch) == expected
    assert grid(finished, monkeypatch) == NOTHING


def test_rows_of_two_data_sets_do_not_stand_in_one_table(finished: Path, tmp_path: Path) -> None:
    """Of results that were gathered from two machines, without their data sets."""
    shutil.rmtree(finished / "dataset")
    check_rows(Results(finished, CONFIG))
    path = finished / "evaluation" / PRIOR.folder / "scores_made_from.json"
    record = json.loads(path.read_text())
    record["made_from"]["inputs"]["dataset/images.npy"] = "another"
    path.write_text(json.dumps(record))
    with pytest.raises(
        Faults, match=r"prior/none/seed0: it was scored with another dataset/images"
    ):
        check_rows(Results(finished, CONFIG))


def test_every_record_names_code_settings_inputs_and_outputs(finished: Path) -> None:
    for path in (
        f"models/{UNET.folder}/run.json", f"predictions/{UNET.folder}/made_from.json",
        f"evaluation/{NEAREST.folder}/threshold_made_from.json",
        f"evaluation/{NEAREST.folder}/scores_made_from.json",
    ):  # fmt: skip
        made = json.loads((finished / path).read_text())["made_from"]
        assert len(made["code"]) == 24
        assert len(made["inputs"]["dataset/images.npy"]) == 24
        assert path.endswith("run.json") or all(
            len(each) == 24 for each in made["outputs"].values()
        )
    assert pd.read_csv(finished / f"evaluation/{UNET.folder}/scores.tsv", sep="\t").shape[0] == 2


def test_a_table_or_figure_judges_only_what_it_reads(finished: Path) -> None:
    """In the workflow other rows may still be in the making when it is drawn."""
    (finished / "evaluation" / UNET.folder / "threshold_made_from.json").unlink()
    results = Results(finished, CONFIG)
    for name in ("draw_archive", "draw_training"):
        check_rows(results, STEPS[name])
    for name in ("tabulate_scores", "draw_thresholds", "draw_overlays"):
        with pytest.raises(Faults, match="threshold_made_from"):
            check_rows(results, STEPS[name])
    with pytest.raises(Faults, match=r"networks\.width was 2"):
        check_rows(Results(finished, changed(networks={"width": 3})), STEPS["draw_training"])


def tables_of(folder: Path, config: dict[str, Any]) -> dict[str, bytes]:
    commands.tabulate(Results(folder, config))
    return {path.name: path.read_bytes() for path in sorted((folder / "tables").iterdir())}


@pytest.mark.parametrize("name", ["width and kept epochs", "fewer kept epochs", "a pixel"])
def test_every_table_after_a_change_is_that_of_a_fresh_run(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    config = SETTINGS[name][0] if name in SETTINGS else CONFIG
    if name in FILES:
        FILES[name][0](finished)
    grid(finished, monkeypatch, config)
    fresh = tmp_path / "fresh"
    shutil.copytree(finished / "dataset", fresh / "dataset")
    assert grid(fresh, monkeypatch, config) == EVERYTHING
    after = tables_of(finished, config)
    assert after == tables_of(fresh, config)
    assert len(after) == 18


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (CONFIG | {"samples": {"size": 32, "front_width_px": 3}}, "has samples.size 16, and the"),
        (CONFIG | {"split": {"method": "time"}}, "split.method was paper, and is time in the"),
    ],
)
def test_a_data_set_of_another_configuration_is_refused(
    finished: Path, config: dict[str, Any], said: str
) -> None:
    dataset = finished / "dataset"
    write_split_origin(
        dataset / "split_made_from.json", dataset / "index.tsv", dataset / "split.tsv",
        {"method": "paper"},
    )  # fmt: skip
    check_rows(Results(finished, CONFIG))
    with pytest.raises(Faults, match=said):
        check_rows(Results(finished, config))


@pytest.mark.parametrize(
    ("then", "now", "said"),
    [
        (1, 0.5, r"split\.train_share was 1, and is 0\.5"),
        (0.5, 0.25, r"split\.train_share was 0\.5, and is 0\.25"),
        (0.5, 1, r"split\.train_share was 0\.5, and is 1"),
        (1, 1, None),
    ],
)
def test_a_split_with_another_share_of_the_training_scenes_is_refused(
    finished: Path, then: float, now: float, said: str | None
) -> None:
    """A record without the key, as they were before there was one, is of all training scenes."""
    dataset = finished / "dataset"
    files = (dataset / "split_made_from.json", dataset / "index.tsv", dataset / "split.tsv")
    write_split_origin(*files, acting_split(share_of(then)))
    results = Results(finished, CONFIG | {"split": share_of(now)})
    if said is None:
        assert "train_share" not in files[0].read_text()
        check_rows(results)
        return
    with pytest.raises(Faults, match=said):
        check_rows(results)


def share_of(share: float) -> dict[str, Any]:
    return {"method": "time", "shares": [2, 1, 1], "gap_days": 0, "seed": 1, "train_share": share}


def test_a_split_that_was_edited_is_refused(finished: Path) -> None:
    dataset = finished / "dataset"
    files = (dataset / "split_made_from.json", dataset / "index.tsv", dataset / "split.tsv")
    write_split_origin(*files, {"method": "paper"})
    files[2].write_text("\n".join(files[2].read_text().splitlines()[:-1]) + "\n")
    with pytest.raises(Faults, match=r"split\.tsv has changed since the scenes were split"):
        check_rows(Results(finished, CONFIG))
    assert str(files[2]) in stale_outputs(Results(finished, CONFIG))
