"""Table II against thicknesses worked out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from calvingfront.errors import CalvingFrontError
from calvingfront.tables.thickness import mean_pixel_size, tabulate_thickness
from score_files import write_facts, write_scores

DICE = {"SI_a": 0.7, "SI_b": 0.6, "DBE_a": 0.7}
NOTHING = {"predicted_px": 0, "true_px": 0, "skeleton_px": 0.0}


def facts(folder: Path, front_width_px: int = 6) -> Path:
    """A data set of mean pixel size 50 m."""
    write_facts(folder, DICE, front_width_px=front_width_px)
    index = pd.read_csv(folder / "index.tsv", sep="\t")
    index["pixel_size_m"] = np.linspace(40, 60, len(index))
    index.to_csv(folder / "index.tsv", sep="\t", index=False)
    return folder


@pytest.fixture
def table(tmp_path: Path) -> dict[str, Path]:
    # Sums: 300 predicted, 200 true, 60 px of centre line in the one image that has any.
    changes = {
        "SI_a": {"predicted_px": 270, "true_px": 150, "skeleton_px": 60.0},
        "SI_b": {"predicted_px": 30, "true_px": 50, "skeleton_px": 0.0},
        "DBE_a": NOTHING,
    }
    scores = [
        write_scores(tmp_path, "unet", "wbce4", 1, DICE, changes),
        write_scores(tmp_path, "attention_unet", "wbce4", 1, DICE),
        write_scores(tmp_path, "prior", "none", 0, DICE),
    ]
    files = {suffix: tmp_path / f"table2.{suffix}" for suffix in ("csv", "md", "html", "tex")}
    tabulate_thickness(scores, facts(tmp_path), "paper", 512, **files)
    return files


def row_of(table: dict[str, Path], model: str) -> pd.Series:
    csv = pd.read_csv(table["csv"])
    chosen = csv[(csv.model == model) & (csv.protocol == "validation_threshold")]
    assert len(chosen) == 1
    return chosen.iloc[0]


def test_class_ratio_and_certainty_come_from_sums_over_the_test_set(
    table: dict[str, Path],
) -> None:
    row = row_of(table, "unet")
    assert row.thickness_px_mean == pytest.approx(300 / 200 * 6)
    assert row.certainty_m_mean == pytest.approx(9 * 50 / 2)
    assert row.w == 4


def test_area_over_length_leaves_out_images_without_a_centre_line(table: dict[str, Path]) -> None:
    assert row_of(table, "unet").area_per_length_px_mean == pytest.approx(270 / 60)


def test_the_paper_stands_beside_the_average_of_the_networks_alone(table: dict[str, Path]) -> None:
    row = row_of(table, "average")
    assert row.thickness_px_mean == pytest.approx((9 + 7.2) / 2)  # Att. U-Net: 360 / 300 · 6
    assert (row.paper_thickness_px, row.paper_certainty_m) == (8.4, 187.9)
    assert np.isnan(row_of(table, "unet").paper_thickness_px)
    assert np.isnan(row_of(table, "prior").w)


def test_markdown_prints_our_mean_pixel_size_and_the_papers(table: dict[str, Path]) -> None:
    text = table["md"].read_text(encoding="utf-8")
    assert "with 50.00 m per pixel" in text
    assert "the paper: 44.74 m" in text
    assert "| Average | WBCE4 | 4 | 8.1 | 202.5 | 5.2 | 8.4 | 187.90 |" in text
    assert text.count("| Average |") == 2  # once per protocol


def test_the_width_of_the_fronts_is_that_of_the_data_set(
    table: dict[str, Path], tmp_path: Path
) -> None:
    scores = [tmp_path / "evaluation" / "unet" / "wbce4" / "seed1" / "scores.tsv"]
    tabulate_thickness(scores, facts(tmp_path, 3), "paper", 512, **table)
    assert row_of(table, "unet").thickness_px_mean == pytest.approx(300 / 200 * 3)
    assert "× 3 px, the width of the true fronts" in table["md"].read_text(encoding="utf-8")


def test_a_data_set_that_does_not_say_how_wide_its_fronts_are_is_refused(
    table: dict[str, Path], tmp_path: Path
) -> None:
    index = pd.read_csv(tmp_path / "index.tsv", sep="\t").drop(columns="front_width_px")
    index.to_csv(tmp_path / "index.tsv", sep="\t", index=False)
    scores = [tmp_path / "evaluation" / "unet" / "wbce4" / "seed1" / "scores.tsv"]
    with pytest.raises(CalvingFrontError, match="no column front_width_px"):
        tabulate_thickness(scores, tmp_path, "paper", 512, **table)


def test_the_papers_thickness_stands_beside_images_like_the_papers_alone(
    table: dict[str, Path], tmp_path: Path
) -> None:
    scores = [tmp_path / "evaluation" / "unet" / "wbce4" / "seed1" / "scores.tsv"]
    tabulate_thickness(scores, tmp_path, "paper", 256, **table)
    assert np.isnan(row_of(table, "average").paper_thickness_px)
    text = table["md"].read_text(encoding="utf-8")
    assert "its values are left out, because the images here have 256 × 256 px" in text


def test_unknown_pixel_sizes_leave_the_certainty_open(tmp_path: Path) -> None:
    scores = write_scores(tmp_path, "unet", "bce", 1, DICE)
    files = {suffix: tmp_path / f"table2.{suffix}" for suffix in ("csv", "md", "html", "tex")}
    tabulate_thickness(
        scores, write_facts(tmp_path, DICE, pixel_size_m=np.nan), "paper", 512, **files
    )
    assert "| U-Net | BCE | 0 | 7.2 | – | 6.0 | – | – |" in files["md"].read_text(encoding="utf-8")


def test_an_index_without_pixel_sizes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "index.tsv").write_text("scene\nSI_a\n", encoding="utf-8")
    with pytest.raises(CalvingFrontError, match="no column pixel_size_m"):
        mean_pixel_size(tmp_path)
