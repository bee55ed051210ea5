"""Errors on glaciers that are not in the training: where they come from, which lines have them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from calvingfront.errors import ModelError
from calvingfront.files import read_json, write_json
from calvingfront.locating.model_export import export_model
from calvingfront.locating.model_folder import ModelFolder, digest_of, read_model
from left_out_runs import OFFSETS, PIXEL, SCENES, split_without, write_results

PLAIN: dict[str, Any] = {
    "licence": "MIT", "data": "bands", "device": "cpu", "threads": 1, "orientations": 2,
}  # fmt: skip


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """Trainings on all glaciers, and without each; no test changes them."""
    place = tmp_path_factory.mktemp("left_out")
    made = {name: write_results(place / f"without_{name}", name) for name in OFFSETS}
    return made | {"all": write_results(place / "all", None)}


@pytest.fixture(scope="module")
def exported(runs: dict[str, list[Path]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with errors from all three glaciers, and its held-out files; no test changes it."""
    place = tmp_path_factory.mktemp("exported")
    others = [run for name in OFFSETS for run in runs[name]]
    export_model(
        runs["all"], place / "model", **PLAIN, elsewhere=others, held_out=place / "held_out"
    )
    return place


def test_each_glacier_is_judged_by_the_bands_of_the_others(exported: Path) -> None:
    model = read_model(exported / "model")
    found = model.elsewhere
    assert found is not None
    assert list(found.glaciers) == ["A", "B", "C"]
    assert found.calibration.scenes == 3 * SCENES
    for name, each in found.glaciers.items():
        assert each.score.scenes == SCENES
        assert each.trained_on == tuple(other for other in OFFSETS if other != name)
        assert each.score.line_m == pytest.approx(OFFSETS[name] * PIXEL, abs=0.2 * PIXEL)
    # A and B lie nearer to their fronts than the bands of the others are wide, C does not.
    within = {name: each.score.within["90"] for name, each in found.glaciers.items()}
    assert within["A"] == within["B"] == 1
    assert within["C"] < 0.2
    assert found.calibration.reached[1] < 90  # and the card says so


def test_the_card_has_a_row_for_each_glacier_left_out(exported: Path) -> None:
    card = (exported / "model/README.md").read_text("utf-8")
    part = card.split("## On a glacier that is not in the training")[1].split("## ")[0]
    assert "(A, B, C)" in part
    assert "No band could reach 90 %" in part
    for name in OFFSETS:
        others = ", ".join(other for other in OFFSETS if other != name)
        assert f"| {name} | {others} | 1 | {SCENES} | 0 |" in part
    assert "Glaciers that are not in the training have other bands" in card


def test_the_table_of_held_out_scenes_has_those_of_the_glaciers_left_out(exported: Path) -> None:
    table = pd.read_csv(exported / "held_out/errors.tsv", sep="\t")
    there = table[table["subset"] == "elsewhere"]
    assert there["glacier"].value_counts().to_dict() == dict.fromkeys(OFFSETS, SCENES)
    assert set(there["err_calib"]) == {"elsewhere"}
    assert set(table.loc[table["subset"] == "test", "err_calib"]) == {"trained"}
    model = read_model(exported / "model")
    assert model.elsewhere is not None
    for name, its in there.groupby("glacier"):
        score = model.elsewhere.glaciers[str(name)]
        assert its["within_90"].mean() == pytest.approx(score.score.within["90"])
        assert its["error_m"].mean() == pytest.approx(score.stated_m, rel=1e-5)
        assert its["err90_m"].to_numpy() == pytest.approx(its["half_width_90_m"].to_numpy())


def test_runs_of_one_glacier_from_several_folders_are_one_ensemble(
    runs: dict[str, list[Path]], tmp_path: Path
) -> None:
    more = write_results(tmp_path / "more", "C", seeds=(2,))
    two = write_results(tmp_path / "both", None, seeds=(1, 2))
    others = [*runs["C"], *more, *runs["A"]]
    export_model(two, tmp_path / "model", **PLAIN, elsewhere=others)
    found = read_model(tmp_path / "model").elsewhere
    assert found is not None
    assert {name: each.networks for name, each in found.glaciers.items()} == {"C": 2, "A": 1}
    card = (tmp_path / "model/README.md").read_text("utf-8")
    assert "fewer networks than the 2 of this model" in card
    assert "calibrated on the one other glacier" in card


def test_a_single_glacier_has_no_bands_of_others_and_the_card_says_so(
    runs: dict[str, list[Path]], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place = tmp_path / "held_out"
    export_model(runs["all"], tmp_path / "model", **PLAIN, elsewhere=runs["B"], held_out=place)
    found = read_model(tmp_path / "model").elsewhere
    assert found is not None
    assert found.glaciers["B"].score.within == {}
    assert found.glaciers["B"].stated_m is None
    assert found.calibration.factors[1] > 0
    assert "Bands were not tested" in (tmp_path / "model/README.md").read_text("utf-8")
    assert "from a single glacier" in caplog.text
    table = pd.read_csv(place / "errors.tsv", sep="\t")
    assert table.loc[table["subset"] == "elsewhere", ["error_m", "within_90"]].isna().all(axis=None)


def test_the_same_trainings_give_the_same_bytes(
    runs: dict[str, list[Path]], exported: Path, tmp_path: Path
) -> None:
    others = [run for name in OFFSETS for run in runs[name]]
    export_model(runs["all"], tmp_path / "model", **PLAIN, elsewhere=others)
    for path in (exported / "model").iterdir():
        assert path.read_bytes() == (tmp_path / "model" / path.name).read_bytes(), path.name


def test_a_folder_without_it_is_read_and_has_none(
    runs: dict[str, list[Path]], tmp_path: Path
) -> None:
    export_model(runs["all"], tmp_path / "model", **PLAIN)
    path = tmp_path / "model/model.json"
    content = read_json(path)
    assert content["elsewhere"] is None
    del content["elsewhere"]  # as in folders of before
    content["content_sha256"] = digest_of(
        {key: value for key, value in content.items() if key != "content_sha256"}
    )
    write_json(path, content)
    model = read_model(tmp_path / "model")
    assert isinstance(model, ModelFolder)
    assert model.elsewhere is None
    assert "`untested`" in (tmp_path / "model/README.md").read_text("utf-8")


def change(path: Path, **changes: Any) -> None:
    write_json(path, read_json(path) | changes)


def test_trainings_that_do_not_stand_for_the_model_are_refused_by_name(
    runs: dict[str, list[Path]], tmp_path: Path
) -> None:
    def results(name: str, left_out: str = "C", **more: Any) -> list[Path]:
        return write_results(tmp_path / name, left_out, **more)

    def made(weights: str, glaciers: list[str]) -> dict[str, Any]:
        return {"from": "x", "weights": weights, "glaciers_seen": glaciers}

    shown = split_without("C")
    shown["train"] = [*shown["train"], "s17"]
    validated = split_without("C")
    validated["validation"] = [*validated["validation"], "s17"]
    network = read_json(runs["all"][0] / "run.json")["network"]
    cases: list[tuple[list[Path], str]] = [
        (runs["all"], r"all/dataset/split.tsv: leaves no glacier out.*A \(train\)"),
        (results("shown", subsets=shown), r"leaves no glacier out.*C \(train\)"),
        (results("checked", subsets=validated), r"leaves no glacier out.*C \(validation\)"),
        (results("case", names={"C": "a "}), "leaves no glacier out"),
        (results("unnamed", names={"B": None}), "validation scene s6, whose glacier is not known"),
        (results("square", samples={"variant": "released"}), "samples.variant released"),
        (results("grey", samples={"grey_levels": "dB"}), "samples.grey_levels dB"),
        (results("area", samples={"median_area_m2": 900}), "samples.median_area_m2 900"),
        (results("wide", network=network | {"width": 4}), "seed1: has network width 4"),
        (results("tasks", network=network | {"auxiliary": ["zones"]}), "has network auxiliary"),
        (results("weight", training={"loss_weight": 0.3}), "has training loss_weight 0.3"),
        (results("varied", training={"augmentation": "sar"}), "has training augmentation sar"),
        (results("long", epochs=40), "trained for 40 epochs, 240 images, but .* for 10 epochs, 90"),
        (results("started", start=made("/elsewhere/member_1.safetensors", [])), "unlike the exp"),
        (results("knowing", start=made("member_1.safetensors", ["c"])), "which has seen C"),
        (results("unknown", start=made("x.safetensors", [])), "nobody knows the glaciers it has"),
        (results("seen", start=made(f"{runs['A'][0]}/w.safetensors", [])), "which has seen C"),
        (results("seeds", seeds=(1, 2)), "the trainings without C have 2 of U-Net, BCE"),
        ([*runs["C"], *runs["C"]], "is given twice"),
        ([*runs["C"], *results("again")], "is the same network, loss and seed"),
        (
            [*runs["C"], *results("other", seeds=(2,), names={"C": "c", "A": "other"})],
            "leaves c out, as .* does, but with other scenes",
        ),
    ]  # fmt: skip
    for others, what in cases:
        with pytest.raises(ModelError, match=what):
            export_model(runs["all"], tmp_path / "model", **PLAIN, elsewhere=others)
    assert not (tmp_path / "model").exists()


def test_a_weight_of_tasks_that_no_network_has_does_not_matter(
    runs: dict[str, list[Path]], tmp_path: Path
) -> None:
    others = write_results(tmp_path / "other", "C", training={"auxiliary_weight": 0.5})
    export_model(runs["all"], tmp_path / "model", **PLAIN, elsewhere=others)
    tasks = read_json(runs["all"][0] / "run.json")["network"] | {"auxiliary": ["distance"]}
    own = write_results(tmp_path / "own", None, network=tasks)
    its = write_results(tmp_path / "its", "C", network=tasks, training={"auxiliary_weight": 0.5})
    with pytest.raises(ModelError, match=r"has training auxiliary_weight 0\.5, but .* have 0\.1"):
        export_model(own, tmp_path / "model", **PLAIN, elsewhere=its)


@pytest.mark.parametrize("recorded", [True, False])
def test_a_split_that_changed_after_the_training_is_refused(
    runs: dict[str, list[Path]], tmp_path: Path, recorded: bool
) -> None:
    """Its record tells by a digest, or by the number of its scenes."""
    (run,) = write_results(tmp_path / "results", None)
    counts = {"train_images": 9, "validation_images": 6, "made_from": {}}
    change(run / "run.json", **({} if recorded else counts))
    split = split_without("C")
    rows = [(scene, subset) for subset, scenes in split.items() for scene in scenes]
    table = pd.DataFrame(rows, columns=["scene", "subset"])
    table.to_csv(tmp_path / "results/dataset/split.tsv", sep="\t", index=False)
    what = "with another dataset/split.tsv" if recorded else "with 9 train scenes, .* now 6"
    with pytest.raises(ModelError, match=f"seed1: was trained {what}"):
        export_model(runs["all"], tmp_path / "model", **PLAIN, elsewhere=[run])
    if not recorded:
        change(run / "run.json", train_images=6, validation_images=4)
        export_model(runs["all"], tmp_path / "model", **PLAIN, elsewhere=[run])


def test_a_glacier_with_too_few_lines_is_refused_by_name(
    runs: dict[str, list[Path]], tmp_path: Path
) -> None:
    split = split_without("C")
    split["test"] = split["test"][:2]
    few = write_results(tmp_path / "few", "C", subsets=split)
    with pytest.raises(ModelError, match="C: has 2 scenes with a line"):
        export_model(runs["all"], tmp_path / "model", **PLAIN, elsewhere=[*few, *runs["A"]])


def test_the_command_takes_the_trainings_in_one_list_or_several(
    runs: dict[str, list[Path]], tmp_path: Path
) -> None:
    from calvingfront.cli import main

    given = [
        "export", str(runs["all"][0]), "--elsewhere", str(runs["A"][0]), str(runs["B"][0]),
        "--elsewhere", str(runs["C"][0]), "--output", str(tmp_path / "model"), "--licence", "MIT",
        "--data", "bands", "--orientations", "1", "--device", "cpu", "--threads", "1",
    ]  # fmt: skip
    assert main(given) == 0
    found = read_model(tmp_path / "model").elsewhere
    assert found is not None
    assert np.isfinite(found.calibration.factors).all()
    assert list(found.glaciers) == ["A", "B", "C"]
