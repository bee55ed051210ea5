"""Several splits in one table, against values worked out by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from calvingfront.errors import ConfigError
from calvingfront.tables.shifts.equality import check_equal
from calvingfront.tables.shifts.learning import curves_of, summarise_learning
from calvingfront.tables.shifts.situations import read_situations
from calvingfront.tables.shifts.summary import in_order, reference_of, summarise_shifts
from calvingfront.tables.shifts.writing import write_learning, write_shifts
from calvingfront.vocabulary.protocols import PAPER_PROTOCOL, VALIDATION_THRESHOLD
from shift_folders import ARCHIVE, results_folder, spread
from shifted import NEAREST, PLAIN, SHIFTS, UNET, folders

DATES = ("unet_history", "bce")


def table_of(places: list[Path], protocol: str = VALIDATION_THRESHOLD) -> pd.DataFrame:
    situations = read_situations(places)
    check_equal(situations)
    table = summarise_shifts(situations, reference_of(situations))
    return table[table.protocol == protocol].set_index(["situation", "model"])


def scene_mean(places: Path, level: float) -> float:
    split = pd.read_csv(places / "dataset" / "split.tsv", sep="\t")
    return 100 * float(np.mean([spread(level)(s, 2) for s in split.scene[split.subset == "test"]]))


def test_facts_and_scores_stand_as_the_records_say(tmp_path: Path) -> None:
    places = folders(tmp_path, {"plain": 0.7, "without_si": 0.4, "without_ers": 0.5})
    table = table_of(places)
    row = table.loc[("without_si", "unet")]
    assert row.held_out == "glacier SI"
    assert (row.train_scenes, row.validation_scenes, row.test_scenes) == (18, 6, 24)
    assert np.isnan(row.days_median)
    assert row.dice_mean == pytest.approx(scene_mean(places[1], 0.4))
    assert row.dice_sd == pytest.approx(1)  # seeds at −1, 0 and +1 point
    assert (row.seeds, row.epochs, row.images_seen) == (3, 3, 3 * 18 * 8)
    row = table.loc[("without_ers", "unet")]
    assert row.held_out == "mission ERS"
    assert (row.test_scenes, row.of_new_missions, row.days_shortest) == (16, 16, 90)
    paper = table_of(places, PAPER_PROTOCOL).loc[("without_ers", "unet")]
    assert paper.dice_mean == pytest.approx(row.dice_mean + 2)


def test_the_change_is_on_the_common_scenes_alone(tmp_path: Path) -> None:
    places = folders(tmp_path, {"plain": 0.7, "without_ers": 0.5})
    table = table_of(places)
    row = table.loc[("without_ers", "unet")]
    plain, shifted = (
        set(split.scene[split.subset == "test"])
        for split in (pd.read_csv(p / "dataset" / "split.tsv", sep="\t") for p in places)
    )
    assert 0 < row.common_scenes == len(plain & shifted) < len(shifted)
    # The scene part of the scores is the same on both sides, so the levels' difference remains.
    assert row.dice_change == pytest.approx(-20)
    assert row.dice_change_low < -20 < row.dice_change_high
    assert row.dice_change_high - row.dice_change_low > 1  # the seeds' spread is in it
    assert np.isnan(table.loc[("plain", "unet")].dice_change)
    assert table.loc[("plain", "unet")].common_scenes == 0


def test_a_scene_that_either_side_trains_on_is_not_compared(tmp_path: Path) -> None:
    lists = tmp_path / "lists.csv"
    shifted = [scene for scene in ARCHIVE.scene if scene.endswith("ERS")]
    others = [scene for scene in ARCHIVE.scene if scene not in shifted]
    subsets = dict.fromkeys(shifted[:6], "test") | {others[0]: "validation"}
    rows = [*subsets.items(), *((scene, "train") for scene in others[1:]), (shifted[0], "train")]
    lists.write_text("caffe_name,split\n" + "".join(f"{a},{b}\n" for a, b in rows))
    changes = {"plain": {"method": "paper", "lists": lists}}
    places = [
        results_folder(tmp_path / "plain", {UNET: spread(0.7)}, **changes["plain"]),
        *folders(tmp_path, {"without_ers": 0.5}),
    ]
    table = table_of(places)
    assert table.loc[("plain", "unet")].leaked_scenes == 1
    assert table.loc[("without_ers", "unet")].common_scenes == 5
    expected = 100 * np.mean([spread(0.7)(scene, 2) for scene in shifted[1:6]])
    assert table.loc[("plain", "unet")].dice_mean == pytest.approx(expected)


def test_distances_are_pooled_and_images_without_a_line_counted(tmp_path: Path) -> None:
    def changes(scene: str, seed: int) -> dict[str, Any]:
        if "_2000_" in scene:
            return {"missing": 1, "distance_sum_px": np.nan, "distance_count": np.nan,
                    "mde_m": np.nan, "hd95_m": np.nan}  # fmt: skip
        long = "_2001_" in scene
        return {"distance_sum_px": 90.0 if long else 20.0, "distance_count": 30 if long else 10,
                "hd95_m": 100.0 * seed}  # fmt: skip

    place = results_folder(
        tmp_path / "without_ers", {UNET: spread(0.5)}, changes=changes, **SHIFTS["without_ers"]
    )
    row = table_of([place]).loc[("without_ers", "unet")]
    # Of 16 images 2 are without a line, 2 long and 12 short.
    assert row.mde_pooled_m_mean == pytest.approx(50 * (2 * 90 + 12 * 20) / (2 * 30 + 12 * 10))
    assert row.missing_mean == pytest.approx(12.5)
    assert (row.hd95_mean_m_mean, row.hd95_mean_m_sd) == pytest.approx((200, 100))
    assert row.mde_pooled_m_low < row.mde_pooled_m_mean < row.mde_pooled_m_high


def test_a_single_training_has_no_interval_and_a_baseline_that_over_images(tmp_path: Path) -> None:
    places = folders(tmp_path, {"plain": 0.7}, plain={"seeds": (1,)})
    table = table_of(places)
    assert np.isnan(table.loc[("plain", "unet")].dice_low)
    row = table.loc[("plain", "nearest_date")]
    assert row.dice_low < row.dice_mean < row.dice_high
    assert np.isnan(row.dice_sd)


def test_rows_without_a_network_are_left_out_of_an_unseen_glacier_with_a_word(
    tmp_path: Path,
) -> None:
    scores = {UNET: spread(0.4), DATES: spread(0.4), NEAREST: spread(0.1)}
    places = [
        results_folder(tmp_path / name, scores, **SHIFTS[name])
        for name in ("without_si", "without_ers")
    ]
    situations = read_situations(places)
    assert ("without_si", "nearest_date") not in table_of(places).index
    assert ("without_ers", "nearest_date") in table_of(places).index
    write_shifts(situations, None, tmp_path)
    text = (tmp_path / "shifts.md").read_text(encoding="utf-8")
    assert "without_si: prior and nearest date are left out" in text
    assert "Rows that use dates have none there." in text
    assert "without_ers: prior" not in text
    assert "nothing to compare with" in text


def test_a_shift_in_time_that_is_also_one_of_mission_is_told(tmp_path: Path) -> None:
    archive = ARCHIVE.assign(mission=ARCHIVE.scene.str.extract(r"_(\d+)_")[0].map(
        lambda year: "TSX" if int(year) > 2005 else "ERS"))  # fmt: skip
    place = results_folder(
        tmp_path / "last_years", {UNET: spread(0.5)}, archive=archive, **SHIFTS["last_years"]
    )
    situations = read_situations([place])
    write_shifts(situations, None, tmp_path)
    text = (tmp_path / "shifts.md").read_text(encoding="utf-8")
    assert "last_years: 10 of 10 test scenes are of missions without a training scene (TSX)" in text
    assert situations[0].held_out == "the last years (2006–2007)"


def test_the_table_says_how_far_each_row_can_be_trusted(tmp_path: Path) -> None:
    levels = {"plain": 0.7, "without_si": 0.4, "without_ers": 0.5, "without_tsx": 0.45}
    SHIFTS["without_tsx"] = {"method": "mission", "test_missions": ["TSX"]}
    situations = read_situations(folders(tmp_path, levels))
    reference = reference_of(situations)
    named = in_order(situations, situations[2])
    assert [each.name for each in named] == ["without_ers", "plain", "without_si", "without_tsx"]
    paths = write_shifts(in_order(situations[::-1], reference), reference, tmp_path)
    assert [path.name for path in paths] == ["shifts.csv", "shifts.md", "shifts.tex"]
    text = paths[1].read_text(encoding="utf-8")
    trust, every = text.split("## How far")[1].split("## Every row")
    assert "| Model | Loss | plain | unseen glacier | unseen mission (worst of 2) |" in trust
    (unet,) = [line for line in trust.splitlines() if line.startswith("| U-Net |")]
    assert "100 m, 0 % (without_tsx)" in unet
    assert every.index("| plain |") < every.index("| without_si |") < every.index("| without_ers |")
    tex = paths[2].read_text(encoding="utf-8")
    assert r"without\_si" in tex
    assert r"\label{tab:shifts}" in tex


def test_the_reference_is_the_only_plain_folder_or_the_named_one(tmp_path: Path) -> None:
    places = folders(tmp_path, {"one": 0.7, "two": 0.7, "without_si": 0.4})
    places.append(results_folder(tmp_path / "half", {UNET: spread(0.6)}, **PLAIN, train_share=0.5))
    situations = read_situations(places)
    with pytest.raises(ConfigError, match="several folders hold out no kind of scene: one, two"):
        reference_of(situations)
    found = reference_of(situations, "two")
    assert found is not None
    assert found.name == "two"
    assert reference_of(situations[2:]) is None
    found = reference_of(situations[1:])
    assert found is not None
    assert found.name == "two"
    with pytest.raises(ConfigError, match="three is none of the folders"):
        reference_of(situations, "three")


def learning(tmp_path: Path, **more: Any) -> list[Path]:
    return [
        results_folder(tmp_path / name, {UNET: spread(level)}, **PLAIN, train_share=share, **more)
        for name, level, share in (("all", 0.7, 1), ("quarter", 0.6, 0.25), ("half", 0.66, 0.5))
    ]


def test_the_learning_curve_is_of_the_same_scenes_and_per_doubling(tmp_path: Path) -> None:
    places = learning(tmp_path)
    places += folders(tmp_path, {"without_ers": 0.5})
    situations = read_situations(places)
    (curve,) = curves_of(situations)
    assert [each.name for each in curve.situations] == ["quarter", "half", "all"]
    table = summarise_learning(curve)
    assert list(table.train_scenes) == [6, 12, 24]
    assert list(table.images_seen) == [144, 288, 576]
    assert np.isnan(table.dice_per_doubling[0])
    assert list(table.dice_per_doubling[1:]) == pytest.approx([6, 4])
    assert (table.dice_per_doubling_low[1:] < table.dice_per_doubling[1:]).all()
    (only,) = curves_of([each for each in situations if each.name != "half"])
    assert list(summarise_learning(only).dice_per_doubling[1:]) == pytest.approx([5])  # two of them
    files = write_learning([curve], tmp_path)
    text = files[1].read_text(encoding="utf-8")
    assert "## 12 test scenes" in text
    assert "| U-Net | BCE | 24 | 3 | 576 | 3 | 70.1 ± 1.0 [" in text


def test_the_curve_leaves_out_what_its_largest_part_trains_on(tmp_path: Path) -> None:
    scenes = list(ARCHIVE.scene)
    subsets = ["test"] * 12 + ["validation"] * 4 + ["train"] * 32
    rows = [*zip(scenes, subsets, strict=True), *((scene, "train") for scene in scenes[:4])]
    lists = tmp_path / "lists.csv"
    lists.write_text("caffe_name,split\n" + "".join(f"{a},{b}\n" for a, b in rows))
    places = [
        results_folder(
            tmp_path / str(share), {UNET: spread(0.6)}, method="paper", lists=lists,
            train_share=share,
        )
        for share in (0.25, 1)
    ]  # fmt: skip
    situations = read_situations(places)
    assert len(situations[0].leaked) < len(situations[1].leaked) == 4
    (curve,) = curves_of(situations)
    assert sorted(curve.scenes) == sorted(scenes[4:12])
    table = summarise_learning(curve)
    assert list(table.test_scenes) == [8, 8]
    assert list(table.dice_per_doubling[1:]) == pytest.approx([0])


def test_folders_with_other_test_scenes_make_no_curve(tmp_path: Path) -> None:
    places = folders(tmp_path, {"plain": 0.7, "without_ers": 0.5})
    assert curves_of(read_situations(places)) == []


def test_the_length_of_a_training_may_differ_and_is_told(tmp_path: Path) -> None:
    changes = {"training": {"max_epochs": 12}}
    places = folders(tmp_path, {"plain": 0.7, "without_ers": 0.5}, without_ers=changes)
    check_equal(read_situations(places))


def test_an_interval_ends_where_the_measure_does_and_the_length_of_trainings_is_told(
    tmp_path: Path,
) -> None:
    def changes(scene: str, seed: int) -> dict[str, Any]:
        return {"missing": int("_2000_" in scene and seed == 1)}

    place = results_folder(
        tmp_path / "plain", {UNET: spread(0.99, 0.01, 0.0)}, changes=changes, **PLAIN
    )
    row = table_of([place]).loc[("plain", "unet")]
    assert 0 == row.missing_low < row.missing_mean < row.missing_high
    assert row.dice_low < row.dice_mean < row.dice_high == 100
    write_shifts(read_situations([place]), None, tmp_path)
    text = (tmp_path / "shifts.md").read_text(encoding="utf-8")
    assert "| plain | U-Net | BCE | 3 | 576 | 99.0 ± 1.0 [" in text


def test_a_link_keeps_its_own_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place,) = folders(tmp_path, {"plain": 0.7})
    (tmp_path / "mine").symlink_to(place)
    assert read_situations([tmp_path / "mine"])[0].name == "mine"
    monkeypatch.chdir(place)
    assert read_situations(["."])[0].name == "plain"
