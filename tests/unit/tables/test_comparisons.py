"""Comparisons ask the right questions and never claim more than the seeds allow."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from calvingfront.evaluation.score_table import read_scores
from calvingfront.tables.comparisons import compare_models, summarise_comparisons
from calvingfront.tables.statistics import holm
from score_files import write_facts, write_scores

SCENES = [f"SI_{number:02d}" for number in range(12)]


def dice(offset: float, run: int = 0) -> dict[str, float]:
    """Dice of twelve images. run: so many images in a row are 0.2 points above, then below."""
    own = [0.002 * (-1) ** (number // run) if run else 0.0 for number in range(len(SCENES))]
    return {
        scene: 0.4 + offset + 0.01 * number + own[number] for number, scene in enumerate(SCENES)
    }


def write_runs(folder: Path, seeds: int) -> list[Path]:
    offsets = {("unet", "bce"): 0.1, ("attention_unet", "bce"): 0.12, ("unet", "wbce4"): 0.1}
    paths = [
        write_scores(folder, model, loss, seed, dice(offset, int(model == "attention_unet")))
        for (model, loss), offset in offsets.items()
        for seed in range(1, seeds + 1)
    ]
    paths.append(write_scores(folder, "prior", "none", 0, dice(-0.2, 2)))
    return [*paths, write_scores(folder, "nearest_date", "none", 0, dice(0.0, 3))]


def test_the_questions_are_attention_network_and_loss(tmp_path: Path) -> None:
    table = summarise_comparisons(read_scores(write_runs(tmp_path, 1)))
    table = table[table.protocol == "validation_threshold"]
    pairs = [
        f"{r.first_model} {r.first_loss} / {r.second_model} {r.second_loss}"
        for r in table[table.measure == "dice"].itertuples()
    ]
    assert pairs == [
        "attention_unet bce / unet bce",
        "unet bce / prior none",
        "unet bce / nearest_date none",
        "attention_unet bce / prior none",
        "attention_unet bce / nearest_date none",
        "unet wbce4 / prior none",
        "unet wbce4 / nearest_date none",
        "unet wbce4 / unet bce",
    ]


def test_differences_in_percentage_points_and_holm_within_each_question(tmp_path: Path) -> None:
    table = summarise_comparisons(read_scores(write_runs(tmp_path, 3)))
    for _, part in table.groupby(["protocol", "family", "measure"]):
        assert list(part.p_holm) == pytest.approx(holm(list(part.p)))
    row = table.iloc[0]
    assert (row.measure, row.family) == ("dice", "attention")
    assert row.difference == pytest.approx(2)
    assert (row.seeds, row.images, row.left_out, row.verdict) == (3, 12, 0, "first better")
    same = table[table.family == "loss"].iloc[0]
    assert (same.p_holm, same.difference, same.verdict) == (1, 0, "no difference shown")


def test_a_trivial_comparison_costs_the_others_nothing(tmp_path: Path) -> None:
    paths = write_runs(tmp_path, 3)
    with_prior = summarise_comparisons(read_scores(paths))
    without = summarise_comparisons(
        read_scores([path for path in paths if "prior" not in str(path)])
    )
    kept = with_prior[with_prior.second_model != "prior"].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, without)


def test_a_pretrained_encoder_is_a_question_of_its_own(tmp_path: Path) -> None:
    paths = [write_scores(tmp_path, model, "bce", seed, dice(0.1)) for seed in (1, 2, 3)
             for model in ("unet", "attention_unet", "pretrained_unet")]  # fmt: skip
    table = summarise_comparisons(read_scores(paths)).set_index("first_model")
    assert set(table.family["pretrained_unet"]) == {"encoder"}
    assert set(table.family["attention_unet"]) == {"attention"}


def test_a_difference_as_large_as_between_trainings_is_not_shown(tmp_path: Path) -> None:
    # On every image the same 1 point, but the trainings of each differ by 1 to 2 points.
    paths = [
        write_scores(tmp_path, model, "bce", seed, dice(offset + 0.01 * seed))
        for model, offset in (("unet", 0.1), ("attention_unet", 0.11))
        for seed in (1, 2, 3)
    ]
    row = summarise_comparisons(read_scores(paths)).iloc[0]
    assert row.difference == pytest.approx(1)
    # Trainings: variance 1 of each, over 3; images: none. t = 1 / √(2/3) with 4 degrees of freedom.
    assert row.p == pytest.approx(2 * stats.t.sf(math.sqrt(1.5), 4))
    assert row.verdict == "no difference shown"


def test_distances_are_compared_over_the_images_where_every_training_drew_a_front(
    tmp_path: Path,
) -> None:
    def metres(offset: float, missing: str = "") -> dict[str, dict[str, object]]:
        return {
            scene: {"mde_m": np.nan if scene == missing else 100 + offset + number}
            for number, scene in enumerate(SCENES)
        }

    paths = [
        write_scores(tmp_path, model, "bce", seed, dice(0.1), metres(offset + seed, missing))
        for model, offset, missing in (("unet", 0, "SI_00"), ("attention_unet", -50, ""))
        for seed in (1, 2, 3)
    ]
    table = summarise_comparisons(read_scores(paths))
    row = table[table.measure == "mde"].iloc[0]
    assert row.difference == pytest.approx(-50)
    assert (row.images, row.left_out, row.verdict) == (11, 1, "first better")  # nearer


def test_a_filter_is_compared_training_by_training(tmp_path: Path) -> None:
    # Trainings differ by 10 points, and each gains the same from the filter: 0.8 to 1.2 an image.
    paths = [
        write_scores(tmp_path, model, "bce", seed, dice(gain + 0.1 * seed, int(gain > 0)))
        for model, gain in (("unet", 0.0), ("unet_filtered", 0.01))
        for seed in (1, 2, 3)
    ]
    row = summarise_comparisons(read_scores(paths)).iloc[0]
    assert (row.family, row.verdict) == ("filter", "first better")
    assert 0.8 < row.low < 1 < row.high < 1.2


def test_differences_that_do_not_vary_are_not_tested(tmp_path: Path) -> None:
    paths = [
        write_scores(tmp_path, model, "bce", seed, dice(offset))
        for model, offset in (("unet", 0.1), ("attention_unet", 0.12))
        for seed in (1, 2, 3)
    ]
    row = summarise_comparisons(read_scores(paths)).iloc[0]
    assert row.difference == pytest.approx(2)
    assert np.isnan([row.low, row.high, row.p]).all()
    assert row.verdict == "all images differ alike"


def test_one_image_is_too_few(tmp_path: Path) -> None:
    paths = [
        write_scores(tmp_path, model, "bce", seed, {"SI_00": 0.5 + 0.01 * seed})
        for model in ("unet", "attention_unet")
        for seed in (1, 2, 3)
    ]
    row = summarise_comparisons(read_scores(paths)).iloc[0]
    assert (row.images, row.verdict) == (1, "too few images")
    assert np.isnan([row.low, row.high, row.p]).all()


def test_two_seeds_are_marked_and_one_is_not_tested(tmp_path: Path) -> None:
    files = {suffix: tmp_path / f"c.{suffix}" for suffix in ("csv", "md", "html")}
    compare_models(write_runs(tmp_path, 2), write_facts(tmp_path, SCENES), "paper", 512, **files)
    text = files["md"].read_text(encoding="utf-8")
    assert "needs at least 3 seeds" in text
    assert "first better (too few seeds)" in text
    assert pd.read_csv(files["csv"]).verdict.str.endswith("(too few seeds)").all()
    compare_models(write_runs(tmp_path / "one", 1), tmp_path, "paper", 512, **files)
    table = pd.read_csv(files["csv"])
    assert (table.verdict == "one training").all()
    assert table[["low", "high", "p", "p_holm"]].isna().all(axis=None)
    text = files["md"].read_text(encoding="utf-8")
    assert "| Att. U-Net, BCE | U-Net, BCE | Dice [points] | 1 | 12 | 0 | 2.0 | – | one" in text


def test_an_average_over_seeds_is_one_training(tmp_path: Path) -> None:
    paths = [write_scores(tmp_path, "unet", "bce", seed, dice(0.1)) for seed in (1, 2, 3)]
    paths.append(write_scores(tmp_path, "unet_seeds", "bce", 0, dice(0.2)))
    assert set(summarise_comparisons(read_scores(paths)).verdict) == {"one training"}


def test_three_seeds_are_not_marked(tmp_path: Path) -> None:
    files = {suffix: tmp_path / f"c.{suffix}" for suffix in ("csv", "md", "html")}
    compare_models(write_runs(tmp_path, 3), write_facts(tmp_path, SCENES), "paper", 512, **files)
    text = files["md"].read_text(encoding="utf-8")
    assert "too few" not in text
    assert "needs at least 3 seeds" not in text
    assert "| Att. U-Net, BCE | U-Net, BCE | Dice [points] | 3 | 12 | 0 | 2.0 [1.9, 2.1] |" in text


def test_a_single_network_alone_leaves_an_empty_table(tmp_path: Path) -> None:
    files = {suffix: tmp_path / f"c.{suffix}" for suffix in ("csv", "md", "html")}
    facts = write_facts(tmp_path, SCENES)
    compare_models(
        [write_scores(tmp_path, "unet", "bce", 1, dice(0))], facts, "paper", 512, **files
    )
    assert pd.read_csv(files["csv"]).empty


def test_image_and_dates_are_compared_with_each_alone_and_averages_with_their_members(
    tmp_path: Path,
) -> None:
    models = ("unet", "unet_history", "unet_dates")
    paths = [write_scores(tmp_path, model, "bce", seed, dice(0.1 * seed))
             for model in models for seed in (1, 2)]  # fmt: skip
    paths.append(write_scores(tmp_path, "unet_seeds", "bce", 0, dice(0.3)))
    paths.append(write_scores(tmp_path, "all_networks_dates", "none", 0, dice(0.3)))
    table = summarise_comparisons(read_scores(paths))
    table = table[table.protocol == "validation_threshold"]
    found = [
        (r.family, r.first_model, r.second_model)
        for r in table[table.measure == "dice"].itertuples()
    ]
    assert found == [
        ("average", "unet_seeds", "unet"), ("history", "unet_history", "unet"),
        ("image", "unet_history", "unet_dates"),
    ]  # fmt: skip
