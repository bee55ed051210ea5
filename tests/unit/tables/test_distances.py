"""Front position errors and the breakdown against values worked out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from calvingfront.tables.distance_measures import pooled_error
from calvingfront.tables.distances import tabulate_breakdown, tabulate_distances
from score_files import score_row, write_facts, write_scores

DICE = {"DBE_a": 0.8, "DBE_b": 0.6, "SI_a": 0.4}
CHANGES = {
    "DBE_a": {"pixel_size_m": 10.0, "distance_sum_px": 40.0, "distance_count": 10, "mde_m": 40.0},
    "DBE_b": {
        **{"pixel_size_m": 20.0, "distance_sum_px": 90.0, "distance_count": 30, "mde_m": 60.0},
        **{"mission": "ERS", "season": "winter", "hd95_m": 500.0},
    },
    "SI_a": {
        **{"missing": 1, "distance_sum_px": np.nan, "distance_count": np.nan, "mde_m": np.nan},
        **{"hd95_m": np.nan, "resolution_tag_m": np.nan},
    },
}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    scores = [
        write_scores(tmp_path, "unet", "bce", 1, DICE, CHANGES),
        write_scores(tmp_path, "unet", "bce", 2, DICE),
        write_scores(tmp_path, "nearest_date", "none", 0, DICE, CHANGES),
    ]
    distances = {
        suffix: tmp_path / f"distances.{suffix}" for suffix in ("csv", "md", "html", "tex")
    }
    breakdown = {suffix: tmp_path / f"breakdown.{suffix}" for suffix in ("csv", "md", "html")}
    facts = write_facts(tmp_path, DICE)
    tabulate_distances(scores, facts, "paper", 512, **distances)
    tabulate_breakdown(scores, facts, "paper", 512, **breakdown)
    return distances | {f"breakdown_{suffix}": path for suffix, path in breakdown.items()}


def test_the_pooled_error_weighs_by_front_pixels_in_metres() -> None:
    images = pd.DataFrame([score_row(scene, 0.5) | change for scene, change in CHANGES.items()])
    # (10 · 40 + 20 · 90) / (10 + 30); the image without a predicted front is left out.
    assert pooled_error(images) == pytest.approx(55)
    assert np.isnan(pooled_error(images[images.missing == 1]))


def test_an_image_of_unknown_pixel_size_counts_on_neither_side() -> None:
    rows = [score_row("SI_a", 0.5), score_row("SI_b", 0.5, pixel_size_m=np.nan)]
    assert pooled_error(pd.DataFrame(rows)) == pytest.approx(50 * 60 / 30)


def test_every_measure_and_the_missing_fronts(files: dict[str, Path]) -> None:
    csv = pd.read_csv(files["csv"]).set_index(["model", "protocol"])
    row = csv.loc[("nearest_date", "validation_threshold")]
    assert row.mde_pooled_m_mean == pytest.approx(55)
    assert row.mde_mean_m_mean == pytest.approx(50)
    assert row.mde_median_m_mean == pytest.approx(50)
    assert row.hd95_mean_m_mean == pytest.approx(400)
    assert (row.missing_mean, row.images) == (1, 3)


def test_missing_fronts_stand_beside_every_error(files: dict[str, Path]) -> None:
    text = files["md"].read_text(encoding="utf-8")
    assert text.count("| Nearest date | – | 55 | 50 | 50 | 400 | 1 of 3 |") == 2
    # U-Net: seed 1 as above, seed 2 misses none and has 100 m everywhere.
    assert "| U-Net | BCE | 78 ± 32 | 75 ± 35 | 75 ± 35 | 350 ± 71 | 0.5 of 3 |" in text
    assert r"$\emptyset$" in files["tex"].read_text(encoding="utf-8")


def test_the_breakdown_splits_by_every_kind_and_keeps_unknown_cells(
    files: dict[str, Path],
) -> None:
    csv = pd.read_csv(files["breakdown_csv"], dtype={"value": str})
    chosen = csv[(csv.model == "nearest_date") & (csv.protocol == "validation_threshold")]
    values = {name: list(group.value) for name, group in chosen.groupby("grouping")}
    assert values == {
        "glacier": ["DBE", "SI"],
        "mission": ["ERS", "TSX"],
        "resolution_tag_m": ["7", "unknown"],
        "season": ["summer", "winter"],
    }
    dbe = chosen[chosen.value == "DBE"].iloc[0]
    assert dbe.dice_mean == pytest.approx(70)
    assert dbe.images == 2
    assert dbe.mde_pooled_m_mean == pytest.approx(55)
    si = chosen[chosen.value == "SI"].iloc[0]
    assert np.isnan(si.mde_pooled_m_mean)
    assert si.missing_mean == 1


def test_the_printed_breakdown_has_one_part_per_kind(files: dict[str, Path]) -> None:
    text = files["breakdown_md"].read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        *("## By glacier", "## By mission", "## By resolution [m]", "## By season"),
    ]
    assert "| SI | Nearest date | – | 1 | 40.0 | 25.0 | – | 1 of 1 |" in text


def test_pooled_and_mean_distances_have_intervals_over_images(tmp_path: Path) -> None:
    scenes = {f"SI_{number}": 0.5 for number in range(20)}
    changes = {
        scene: {"distance_sum_px": 10.0 * number, "distance_count": 10, "mde_m": 50.0 * number}
        for number, scene in enumerate(scenes)
    }
    changes["SI_0"] = {"missing": 1, "distance_sum_px": np.nan, "mde_m": np.nan}
    files = {suffix: tmp_path / f"d.{suffix}" for suffix in ("csv", "md", "html", "tex")}
    scores = [write_scores(tmp_path, "unet", "bce", seed, scenes, changes) for seed in (1, 2)]
    tabulate_distances(scores, write_facts(tmp_path, scenes), "paper", 512, **files)
    row = pd.read_csv(files["csv"]).iloc[0]
    values = 50.0 * np.arange(1, 20)
    for name in ("mde_pooled_m", "mde_mean_m"):  # equal weights, so that both are the same mean
        assert row[f"{name}_mean"] == pytest.approx(values.mean())
        width = row[f"{name}_high"] - row[f"{name}_low"]
        assert width == pytest.approx(2 * 1.96 * values.std() / np.sqrt(19), rel=0.12)
    assert f"500 ± 0 [{row.mde_pooled_m_low:.0f}, " in files["md"].read_text(encoding="utf-8")


@pytest.mark.parametrize("drawn", [1, 2, 3, 4])
def test_fewer_than_four_images_with_a_front_have_no_interval_and_the_caption_says_so(
    tmp_path: Path, drawn: int
) -> None:
    """Whatever the number of test images is: those without a front show no distance."""
    scenes = {f"SI_{number}": 0.5 for number in range(9)}
    changes = {
        scene: {"distance_sum_px": 10.0 * (k + 1), "distance_count": 10, "mde_m": 50.0 * (k + 1)}
        if k < drawn
        else {"missing": 1, "distance_sum_px": np.nan, "mde_m": np.nan}
        for k, scene in enumerate(scenes)
    }
    files = {suffix: tmp_path / f"d.{suffix}" for suffix in ("csv", "md", "html", "tex")}
    scores = [write_scores(tmp_path, "unet", "bce", 1, scenes, changes)]
    tabulate_distances(scores, write_facts(tmp_path, scenes), "paper", 512, **files)
    row = pd.read_csv(files["csv"]).iloc[0]
    known = drawn > 3
    for name in ("mde_pooled_m", "mde_mean_m"):
        assert row[f"{name}_mean"] == pytest.approx(25.0 * (drawn + 1))
        assert np.isfinite(row[f"{name}_low"]) == np.isfinite(row[f"{name}_high"]) == known
        assert not known or row[f"{name}_low"] < row[f"{name}_high"]
    assert ("has no interval: fewer than 4" in files["md"].read_text("utf-8")) is not known
