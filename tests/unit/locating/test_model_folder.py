"""Models as folders: what they say is true, and what was changed is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from calvingfront.dataset.reading import open_dataset
from calvingfront.errors import ModelError
from calvingfront.evaluation.ensemble import member_probabilities
from calvingfront.evaluation.metrics import dice
from calvingfront.evaluation.predict import predict
from calvingfront.evaluation.thresholds import THRESHOLDS
from calvingfront.files import read_json, write_json
from calvingfront.locating.model_export import export_model
from calvingfront.locating.model_folder import read_model
from calvingfront.networks.weights import load_network
from finished_runs import FIRST, SECOND, SHORTEST_M, write_results
from trained import SIZE

RIGHTS = {"licence": "CC BY 4.0", "data": "four drawn bands"}
# As the run itself predicted: in one orientation.
PLAIN: dict[str, Any] = {**RIGHTS, "orientations": 1, "device": "cpu", "threads": 1}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results that no test changes."""
    return write_results(tmp_path_factory.mktemp("finished"))


@pytest.fixture
def results(finished: Path, tmp_path: Path) -> Path:
    """A copy of the results to change."""
    return Path(shutil.copytree(finished, tmp_path / "results"))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_model_of_one_run_says_what_the_run_says(finished: Path, tmp_path: Path) -> None:
    export_model([finished / FIRST], tmp_path / "new" / "model", **PLAIN)
    model = read_model(tmp_path / "new" / "model")
    assert sorted(contents(model.path)) == ["README.md", "member_1.safetensors", "model.json"]
    assert [path.name for path in model.path.parent.iterdir()] == ["model"]
    chosen = read_json(finished / "evaluation/unet/bce/seed1/threshold.json")
    # The run's predictions were rounded to half precision.
    assert model.threshold == pytest.approx(chosen["validation_threshold"], abs=0.011)
    choice = model.threshold_choice
    assert choice.validation_dice == pytest.approx(chosen["validation_dice"], abs=1e-3)
    assert choice.validation_scenes == 2
    (member,) = model.members
    assert (member.model, member.loss, member.seed, member.commit) == ("unet", "bce", 1, "abc1")
    assert member.network == read_json(finished / FIRST / "run.json")["network"]
    assert (model.label, model.licence, model.data) == ("U-Net, BCE", *RIGHTS.values())
    prepared = model.preprocessing
    assert (prepared.size, prepared.median_area_m2) == (SIZE, 2500)
    assert (prepared.variant, prepared.front_width_px) == ("paper", 3)
    assert model.min_front_length_m == SHORTEST_M


@pytest.mark.parametrize("run", [FIRST, SECOND])  # the second draws no front in one scene
def test_the_scores_of_one_run_are_those_of_its_scores_file(
    finished: Path, tmp_path: Path, run: str
) -> None:
    export_model([finished / run], tmp_path / "model", **PLAIN)
    scores = read_model(tmp_path / "model").scores
    table = pd.read_csv(finished / run.replace("models", "evaluation") / "scores.tsv", sep="\t")
    table = table[table.protocol == "validation_threshold"]
    parts = {"ERS": scores.by_mission["ERS"], "TSX": scores.by_mission["TSX"]}
    parts |= {"A": scores.by_glacier["A"], "B|C": scores.by_glacier["B|C"], "all": scores.all}
    for name, score in parts.items():
        rows = table[(table.mission == name) | (table.glacier == name) | (name == "all")]
        assert score.scenes == len(rows) > 0
        assert score.dice == pytest.approx(rows.dice.mean(), rel=1e-6)
        assert score.iou == pytest.approx(rows.iou.mean(), rel=1e-6)
        assert score.missing == rows.missing.sum()
        metres = (rows.distance_sum_px * rows.pixel_size_m).sum()
        if rows.distance_count.sum():
            assert score.mde_m == pytest.approx(metres / rows.distance_count.sum(), rel=1e-6)
        else:
            assert score.mde_m is None
    assert set(scores.by_mission) == {"ERS", "TSX"}
    assert set(scores.by_glacier) == {"A", "B|C"}


def test_the_facts_of_the_training_are_those_of_the_training_scenes(
    finished: Path, tmp_path: Path
) -> None:
    export_model([finished / FIRST], tmp_path / "model", **PLAIN)
    on = read_model(tmp_path / "model").trained_on
    assert (on.training_scenes, on.validation_scenes, on.test_scenes) == (3, 2, 2)
    assert (on.glaciers, on.missions) == (("A", "NA"), ("ERS", "TSX"))
    assert (on.first_day, on.last_day) == ("2010-01-01", "2010-06-01")
    assert (on.pixel_size_m.lowest, on.pixel_size_m.highest) == (50, 70)
    assert (on.source_pixel_size_m.lowest, on.source_pixel_size_m.highest) == (7, 21)
    assert (on.source, on.split) == ("images", "time")
    bright = on.brightness
    # The means are 127.5 without the padding, 100 and 200.
    assert (bright.mean.p01, bright.mean.p50) == pytest.approx((100.55, 127.5))
    assert bright.mean.p99 == pytest.approx(127.5 + 0.98 * 72.5)
    assert (bright.saturated_share.p50, bright.saturated_share.p99) == pytest.approx((0, 0.49))
    assert (bright.empty_share.p50, bright.empty_share.p99) == pytest.approx((0, 0.49))


def test_an_ensemble_is_the_mean_of_its_members(finished: Path, tmp_path: Path) -> None:
    export_model([finished / FIRST, finished / SECOND], tmp_path / "model", **PLAIN)
    model = read_model(tmp_path / "model")
    networks = [
        load_network(finished / run / "weights.safetensors", finished / run / "run.json")
        for run in (FIRST, SECOND)
    ]
    images = np.load(finished / "dataset/images.npy")
    cpu = torch.device("cpu")
    singly = [[member_probabilities(x, [n], cpu, 1)[0] for x in images] for n in networks]
    mean = np.mean(singly, axis=0, dtype=np.float64)
    truth = np.load(finished / "dataset/fronts.npy")
    rows = [0, 1, 2, 3]  # s0, s1 are validation scenes, s2, s3 test scenes
    curve = np.array(
        [
            np.mean([dice(mean[k] > t, truth[row]) for k, row in enumerate(rows[:2])])
            for t in THRESHOLDS
        ]
    )
    assert model.threshold_choice.validation_dice == pytest.approx(curve.max(), rel=1e-6)
    assert model.threshold in THRESHOLDS[curve == curve.max()]
    expected = [dice(mean[k] > model.threshold, truth[k]) for k in rows[2:]]
    assert model.scores.all.dice == pytest.approx(np.mean(expected), rel=1e-6)
    assert model.label == "U-Net, BCE + Att. U-Net, WBCE1"
    assert [member.weights for member in model.members] == [
        "member_1.safetensors", "member_2.safetensors",
    ]  # fmt: skip


def test_the_loaded_networks_predict_as_the_runs_do(finished: Path, tmp_path: Path) -> None:
    export_model([finished / SECOND, finished / FIRST], tmp_path / "model", **PLAIN)
    data = open_dataset(finished / "dataset")
    scenes, cpu = ["s3", "s1"], torch.device("cpu")
    loaded = read_model(tmp_path / "model").load_networks()
    assert not any(net.training for net in loaded)
    for net, run in zip(loaded, (FIRST, SECOND), strict=True):
        own = load_network(finished / run / "weights.safetensors", finished / run / "run.json")
        one, other = (np.concatenate(list(predict(n, data, scenes, cpu, 2))) for n in (net, own))
        np.testing.assert_array_equal(one, other)


def test_the_same_runs_give_the_same_bytes_in_any_order(finished: Path, tmp_path: Path) -> None:
    runs = [finished / FIRST, finished / SECOND]
    export_model(runs, tmp_path / "a", **PLAIN)
    export_model(runs[::-1], tmp_path / "b", **PLAIN)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_the_card_names_title_threshold_scores_licence_and_limits(
    finished: Path, tmp_path: Path
) -> None:
    export_model([finished / FIRST], tmp_path / "model", **PLAIN, title="Bands")
    model, card = read_model(tmp_path / "model"), (tmp_path / "model/README.md").read_text("utf-8")
    assert model.label == "Bands"
    assert card.startswith("# Bands\n")
    for text in (
        f"exceeds {model.threshold:.2f}", f"| all | 2 | {model.scores.all.dice:.3f} |",
        r"| glacier B\|C | 1 |", "Licence: CC BY 4.0", "Data: four drawn bands", "Do not use",
        "calvingfront locate", "glaciers that the training scenes show, too (A)",
        "Grey levels are proportional to intensity, as in CaFFe",
    ):  # fmt: skip
        assert text in card
    assert "simulated" not in card


def test_a_model_of_simulated_scenes_warns_of_real_ones(results: Path, tmp_path: Path) -> None:
    path = results / "dataset/config.yaml"
    path.write_text(path.read_text("utf-8").replace("kind: images", "kind: simulated"), "utf-8")
    export_model([results / FIRST], tmp_path / "model", **PLAIN)
    card = (tmp_path / "model/README.md").read_text("utf-8")
    assert "Do not use it on real images" in card


@pytest.mark.parametrize("name", ["member_1.safetensors", "member_2.safetensors", "README.md"])
@pytest.mark.parametrize("how", ["flipped", "truncated", "missing"])
def test_a_changed_file_is_refused_by_name(
    finished: Path, tmp_path: Path, name: str, how: str
) -> None:
    export_model([finished / FIRST, finished / SECOND], tmp_path / "model", **PLAIN)
    path = tmp_path / "model" / name
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content if how == "flipped" else content[:-20])
    if how == "missing":
        path.unlink()
    with pytest.raises(ModelError, match=name):
        read_model(tmp_path / "model")


def test_weights_that_change_after_reading_are_refused(finished: Path, tmp_path: Path) -> None:
    export_model([finished / FIRST], tmp_path / "model", **PLAIN)
    model = read_model(tmp_path / "model")
    shutil.copyfile(finished / SECOND / "weights.safetensors", model.path / "member_1.safetensors")
    with pytest.raises(ModelError, match=r"member_1\.safetensors"):
        model.load_networks()


def test_a_changed_threshold_is_refused_but_another_layout_is_not(
    finished: Path, tmp_path: Path
) -> None:
    export_model([finished / FIRST], tmp_path / "model", **PLAIN)
    path = tmp_path / "model" / "model.json"
    content = read_json(path)
    path.write_text(json.dumps(content), encoding="utf-8")
    before = read_model(tmp_path / "model")
    write_json(path, content | {"threshold": before.threshold / 2})
    with pytest.raises(ModelError, match=r"model\.json: was changed"):
        read_model(tmp_path / "model")


def sealed(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change a model.json as another writer of the format would, with the right digest."""
    from calvingfront.locating import model_folder

    content = read_json(path)
    del content["content_sha256"]
    change(content)
    write_json(path, content | {"content_sha256": model_folder.digest_of(content)})


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda c: c.pop("threshold"), "has no threshold"),
        (lambda c: c["preprocessing"].pop("size"), "has no preprocessing.size"),
        (lambda c: c["members"][0].pop("sha256"), r"has no members\[0\]\.sha256"),
        (lambda c: c.update(threshold="0.5"), "threshold cannot be '0.5'"),
        (lambda c: c.update(threshold=float("nan")), "threshold cannot be 'nan'"),
        (lambda c: c["preprocessing"].update(size=True), "preprocessing.size cannot be 'True'"),
        (lambda c: c.update(members=[]), "names no weights"),
        (lambda c: c["members"][0].update(weights="../w.safetensors"), "weights elsewhere"),
        (lambda c: c.update(version=1), "has version 1 of the format"),
        (lambda c: c.update(format="other"), "is not a model folder"),
    ],
)
def test_a_content_that_cannot_be_used_is_refused(
    finished: Path, tmp_path: Path, change: Callable[[dict[str, Any]], None], what: str
) -> None:
    export_model([finished / FIRST], tmp_path / "model", **PLAIN)
    sealed(tmp_path / "model" / "model.json", change)
    with pytest.raises(ModelError, match=what):
        read_model(tmp_path / "model")


@pytest.mark.parametrize(
    ("settings", "what"),
    [({"model": "mine"}, "'mine', which is not known"), ({"width": 3}, "does not match"),
     ({"colour": 1}, "does not match"),
     ({"model": "unet_history"}, "reads fronts of other dates")],
)  # fmt: skip
def test_weights_of_another_network_are_refused(
    finished: Path, tmp_path: Path, settings: dict[str, Any], what: str
) -> None:
    export_model([finished / FIRST], tmp_path / "model", **PLAIN)
    sealed(tmp_path / "model" / "model.json", lambda c: c["members"][0]["network"].update(settings))
    with pytest.raises(ModelError, match=what):
        read_model(tmp_path / "model").load_networks()


def test_what_is_no_model_folder_is_not_read(finished: Path, tmp_path: Path) -> None:
    for folder in (tmp_path / "nowhere", finished / FIRST):
        with pytest.raises(ModelError, match="is not a model folder"):
            read_model(folder)
    (tmp_path / "model.json").write_text("{", encoding="utf-8")
    with pytest.raises(ModelError, match="is not JSON"):
        read_model(tmp_path)


def test_a_model_folder_is_replaced_and_nothing_else(finished: Path, tmp_path: Path) -> None:
    target = tmp_path / "out" / "model"
    export_model([finished / FIRST, finished / SECOND], target, **PLAIN)
    export_model([finished / SECOND], target, **PLAIN)
    assert [m.model for m in read_model(target).members] == ["attention_unet"]
    assert sorted(contents(target)) == ["README.md", "member_1.safetensors", "model.json"]
    (target / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ModelError, match=r"notes\.txt"):
        export_model([finished / FIRST], target, **PLAIN)
    (target.parent / "file").write_text("mine", encoding="utf-8")
    (target.parent / "folder").mkdir()
    for name in ("file", "folder"):
        with pytest.raises(ModelError, match=f"{name}: is "):
            export_model([finished / FIRST], target.parent / name, **PLAIN)
    assert sorted(path.name for path in target.parent.iterdir()) == ["file", "folder", "model"]
    assert (target / "notes.txt").read_text(encoding="utf-8") == "mine"


def test_a_failed_export_leaves_the_old_model(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out" / "model"
    export_model([finished / FIRST], target, **PLAIN)
    before, rename = contents(target), Path.rename

    def fail(self: Path, to: Path) -> Path:
        if self.suffix == ".tmp":
            raise OSError("no space")
        return rename(self, to)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OSError, match="no space"):
        export_model([finished / SECOND], target, **PLAIN)
    assert contents(target) == before
    assert [path.name for path in target.parent.iterdir()] == ["model"]


@pytest.mark.parametrize(
    "missing",
    [f"{FIRST}/weights.safetensors", f"{FIRST}/run.json", "dataset/config.yaml"],
)
def test_an_unfinished_run_is_refused_with_the_missing_file(
    results: Path, tmp_path: Path, missing: str
) -> None:
    (results / missing).unlink()
    with pytest.raises(ModelError, match=f"{missing}: is missing"):
        export_model([results / SECOND, results / FIRST], tmp_path / "model", **PLAIN)
    assert not (tmp_path / "model").exists()


def test_runs_that_make_no_model_are_refused(
    finished: Path, results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(finished)
    for runs, what in (
        ([], "no run is given"),
        ([finished / FIRST, results / SECOND], "belongs to other results"),
        ([finished / FIRST, results / FIRST], "belongs to other results"),
        ([finished / FIRST, FIRST], "is given twice"),
        ([finished / "dataset"], "is not the folder of a trained network"),
        ([finished / "models/unet_history/bce/seed1"], "reads fronts of other dates"),
        ([finished / "models/prior/none/seed0"], "is not the folder of a trained network"),
        ([finished / "models/unet/bce/seed7"], "is missing"),
    ):
        with pytest.raises(ModelError, match=what):
            export_model(runs, tmp_path / "model", **PLAIN)
    for name in RIGHTS:
        with pytest.raises(ModelError, match=f"{name}: is empty"):
            export_model([finished / FIRST], tmp_path / "model", **PLAIN | {name: " "})
    assert not (tmp_path / "model").exists()


def test_files_that_do_not_belong_together_are_refused(results: Path, tmp_path: Path) -> None:
    def export() -> None:
        export_model([results / FIRST, results / SECOND], tmp_path / "model", **PLAIN)

    record = results / SECOND / "run.json"
    content = read_json(record)
    write_json(record, content | {"image_size": 32})
    with pytest.raises(ModelError, match=r"run\.json: tells of 32 px"):
        export()
    write_json(record, {key: value for key, value in content.items() if key != "environment"})
    with pytest.raises(ModelError, match=r"run\.json: has no environment\.calvingfront"):
        export()
    write_json(record, content)


def test_half_precision_halves_the_weights_and_measures_what_it_writes(
    finished: Path, tmp_path: Path
) -> None:
    export_model([finished / FIRST], tmp_path / "whole", **PLAIN)
    export_model([finished / FIRST], tmp_path / "half", half=True, remarks="Of *JAC*.", **PLAIN)
    whole, half = (tmp_path / name / "member_1.safetensors" for name in ("whole", "half"))
    model = read_model(tmp_path / "half")
    (network,), (exact,) = model.load_networks(), read_model(tmp_path / "whole").load_networks()
    convolutions = sum(p.numel() for p in exact.parameters() if p.dim() > 1)
    saved = whole.stat().st_size - half.stat().st_size
    assert saved == pytest.approx(2 * convolutions, abs=200)  # the names of types differ too
    for rounded, weight in zip(network.parameters(), exact.parameters(), strict=True):
        expected = weight.half().float() if weight.dim() > 1 else weight
        torch.testing.assert_close(rounded, expected, rtol=0, atol=0)
    data = open_dataset(finished / "dataset")
    scenes = data.index["scene"].tolist()[:2]
    ours = np.concatenate(list(predict(network, data, scenes, torch.device("cpu"), 2)))
    theirs = np.concatenate(list(predict(exact, data, scenes, torch.device("cpu"), 2)))
    np.testing.assert_allclose(ours, theirs, atol=0.02)
    assert "## Remarks\n\nOf *JAC*." in (tmp_path / "half" / "README.md").read_text("utf-8")
