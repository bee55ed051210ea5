"""Comparisons ask the right questions and never claim more than the seeds allow."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from calvingfront.evaluation.score_table import read_scores
from calvingfront.tables.comparisons import compare_models, summarise_comparisons
from calvingfront.tables.statistics import holm
from score_files import write_scores

SCENES = [f"SI_{number:02d}" for number in range(12)]


def dice(offset: float) -> dict[str, float]:
    return {scene: 0.4 + offset + 0.01 * number for number, scene in enumerate(SCENES)}


def write_runs(folder: Path, seeds: int) -> list[Path]:
    offsets = {("unet", "bce"): 0.1, ("attention_unet", "bce"): 0.12, ("unet", "wbce4"): 0.1}
    paths = [
        write_scores(folder, model, loss, seed, dice(offset))
        for (model, loss), offset in offsets.items()
        for seed in range(1, seeds + 1)
    ]
    paths.append(write_scores(folder, "prior", "none", 0, dice(-0.2)))
    return [*paths, write_scores(folder, "nearest_date", "none", 0, dice(0.0))]


def test_the_questions_are_attention_network_and_loss(tmp_path: Path) -> None:
    table = summarise_comparisons(read_scores(write_runs(tmp_path, 1)))
    table = table[table.protocol == "validation_threshold"]
    pairs = [
        f"{r.first_model} {r.first_loss} / {r.second_model} {r.second_loss}"
        for r in table.itertuples()
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


def test_effects_in_percentage_points_and_holm_over_all_of_a_protocol(tmp_path: Path) -> None:
    table = summarise_comparisons(read_scores(write_runs(tmp_path, 3)))
    for _, part in table.groupby("protocol"):
        assert list(part.p_holm) == pytest.approx(holm(list(part.p)))
    row = table.iloc[0]
    assert row.median_difference == pytest.approx(2)
    assert row.rank_biserial == 1
    assert row.p == pytest.approx(2 / 2**12)
    assert (row.seeds, row.images, row.verdict) == (3, 12, "first better")
    same = table[table.family == "loss"].iloc[0]
    assert (same.p_holm, same.rank_biserial, same.verdict) == (1, 0, "no difference shown")


def test_fewer_than_three_seeds_are_marked(tmp_path: Path) -> None:
    files = {suffix: tmp_path / f"c.{suffix}" for suffix in ("csv", "md", "html")}
    compare_models(write_runs(tmp_path, 2), "paper", 512, **files)
    text = files["md"].read_text(encoding="utf-8")
    assert "**Fewer than 3 seeds**" in text
    assert "first better (too few seeds)" in text
    assert pd.read_csv(files["csv"]).verdict.str.endswith("(too few seeds)").all()


def test_three_seeds_are_not_marked(tmp_path: Path) -> None:
    files = {suffix: tmp_path / f"c.{suffix}" for suffix in ("csv", "md", "html")}
    compare_models(write_runs(tmp_path, 3), "paper", 512, **files)
    text = files["md"].read_text(encoding="utf-8")
    assert "Fewer than" not in text
    assert "too few" not in text
    assert "a claim of a difference needs at least 3 seeds" in text
    assert "| Att. U-Net, BCE | U-Net, BCE | 3 | 12 | 2.0 | 1.00 |" in text


def test_a_single_network_alone_leaves_an_empty_table(tmp_path: Path) -> None:
    files = {suffix: tmp_path / f"c.{suffix}" for suffix in ("csv", "md", "html")}
    compare_models([write_scores(tmp_path, "unet", "bce", 1, dice(0))], "paper", 512, **files)
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
    found = [(r.family, r.first_model, r.second_model) for r in table.itertuples()]
    assert found == [
        ("average", "unet_seeds", "unet"), ("history", "unet_history", "unet"),
        ("image", "unet_history", "unet_dates"),
    ]  # fmt: skip
