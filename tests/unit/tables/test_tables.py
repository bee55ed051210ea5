"""Table I: every cell against scores that are worked out by hand."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from calvingfront.tables.paper_values import PAPER_PIXEL_SIZE_M, TABLE_I, TABLE_II
from calvingfront.tables.scores import tabulate_scores
from score_files import write_facts, write_scores

SCENES = ("DBE_a", "DBE_b", "SI_a", "SI_b")


@pytest.fixture
def table(tmp_path: Path) -> dict[str, Path]:
    """Table I of two seeds of U-Net, one of Att. U-Net and both rows without a network."""
    scores = [
        write_scores(
            tmp_path, "unet", "bce", 1, dict(zip(SCENES, (0.6, 0.7, 0.8, 0.9), strict=True))
        ),
        write_scores(
            tmp_path, "unet", "bce", 2, dict(zip(SCENES, (0.5, 0.6, 0.7, 0.8), strict=True))
        ),
        write_scores(tmp_path, "attention_unet", "wbce8", 1, dict.fromkeys(SCENES, 0.7)),
        write_scores(tmp_path, "prior", "none", 0, dict.fromkeys(SCENES, 0.3)),
        write_scores(tmp_path, "nearest_date", "none", 0, dict.fromkeys(SCENES, 0.5)),
    ]
    files = {suffix: tmp_path / f"table1.{suffix}" for suffix in ("csv", "md", "html", "tex")}
    tabulate_scores(
        scores, write_facts(tmp_path, SCENES), "paper", 512, **files, bootstrap_samples=500
    )
    return files


def rows_of(markdown: Path, first: str) -> list[list[str]]:
    """The cells of the rows that start with a model's name."""
    lines = markdown.read_text(encoding="utf-8").splitlines()
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines
        if line.startswith(f"| {first} |")
    ]


def test_the_csv_is_tidy_and_holds_means_and_spread_over_seeds(table: dict[str, Path]) -> None:
    csv = pd.read_csv(table["csv"])
    assert len(csv) == 4 * 2
    row = csv[(csv.model == "unet") & (csv.protocol == "validation_threshold")].iloc[0]
    assert row.dice_mean == pytest.approx(70)  # seeds: 75 and 65
    assert row.dice_sd == pytest.approx(10 / math.sqrt(2), rel=1e-5)
    assert row.wdice4_mean == pytest.approx(80)
    assert (row.seeds, row.images, row.paper_dice) == (2, 4, 73.9)
    paper = csv[(csv.model == "unet") & (csv.protocol == "paper_protocol")].iloc[0]
    assert paper.dice_mean == pytest.approx(72)


def test_the_interval_is_over_images_of_the_seed_means(table: dict[str, Path]) -> None:
    csv = pd.read_csv(table["csv"]).set_index(["model", "protocol"])
    row = csv.loc[("unet", "validation_threshold")]
    assert 55 <= row.dice_low < 70 < row.dice_high <= 85  # image means: 55, 65, 75, 85
    flat = csv.loc[("attention_unet", "validation_threshold")]
    assert np.isnan([flat.dice_low, flat.dice_high]).all()  # 70 in all images
    assert "fewer than 4 test images have a value, or all" in table["md"].read_text("utf-8")
    assert np.isnan(flat.dice_sd)


def test_markdown_has_both_protocols_and_the_paper_side_by_side(table: dict[str, Path]) -> None:
    dice_row, weighted_row = rows_of(table["md"], "U-Net")
    assert dice_row[1] == "BCE"
    assert re.fullmatch(r"70\.0 ± 7\.1 \[[\d.]+, [\d.]+\]", dice_row[2])
    assert dice_row[3].startswith("72.0 ± 7.1 [")
    assert dice_row[4] == "73.9"
    assert dice_row[7] == "60.6"
    assert weighted_row[2:] == [
        *("80.0 ± 7.1", "82.0 ± 7.1", "83.0"),
        *("85.0 ± 7.1", "87.0 ± 7.1", "86.0"),
        *("90.0 ± 7.1", "92.0 ± 7.1", "88.3"),
    ]


def test_one_seed_has_no_spread_and_rows_without_a_network_no_paper_value(
    table: dict[str, Path],
) -> None:
    assert rows_of(table["md"], "Att. U-Net")[0][2:5] == [
        "70.0",
        "72.0",
        "70.8",
    ]
    for name, dice in (("Prior", "30.0"), ("Nearest date", "50.0")):
        cells = rows_of(table["md"], name)[0]
        assert cells[1] == "–"
        assert cells[2].startswith(dice)
        assert cells[4] == "–"


def test_the_caption_says_what_stands_in_the_table(table: dict[str, Path]) -> None:
    text = table["md"].read_text(encoding="utf-8")
    assert "4 test images of 512 × 512 px, split method “paper”, 1 to 2 seeds" in text
    assert "95 % bootstrap interval over test images (500 resamples)" in text
    assert "an oracle" in text


def test_latex_is_balanced_and_as_wide_as_it_says(table: dict[str, Path]) -> None:
    text = table["tex"].read_text(encoding="utf-8")
    for name in ("table*", "tabular"):
        assert text.count(rf"\begin{{{name}}}") == text.count(rf"\end{{{name}}}") > 0
    unescaped = re.sub(r"\\[{}]", "", text)
    assert unescaped.count("{") == unescaped.count("}")
    assert text.count("$") % 2 == 0
    for block in re.findall(r"\\begin\{tabular\}\{(\w+)\}(.*?)\\end\{tabular\}", text, re.DOTALL):
        columns, body = block
        for line in body.splitlines():
            if "&" in line and "multicolumn" not in line:
                assert line.count(" & ") == len(columns) - 1
    assert not re.search(r"(?<!\\)%(?! needs)", text)
    assert text.isascii()


def test_the_tables_are_the_same_in_any_order_of_the_inputs(tmp_path: Path) -> None:
    paths = [
        write_scores(tmp_path, model, "bce", seed, {"SI_a": 0.5 + seed / 10, "SI_b": 0.6})
        for model in ("unet", "attention_unet")
        for seed in (1, 2)
    ]
    written = []
    for name, order in (("a", paths), ("b", paths[::-1])):
        files = {suffix: tmp_path / f"{name}.{suffix}" for suffix in ("csv", "md", "html", "tex")}
        tabulate_scores(order, write_facts(tmp_path, ["SI_a", "SI_b"]), "random", 256, **files)
        written.append([path.read_bytes() for path in files.values()])
    assert written[0] == written[1]


def test_the_papers_certainty_follows_from_its_thickness() -> None:
    # Table II prints thickness × 44.74 / 2; the differences come from its rounded thickness.
    assert len(TABLE_I) == 8
    for thickness_px, certainty_m in TABLE_II.values():
        assert thickness_px * PAPER_PIXEL_SIZE_M / 2 == pytest.approx(certainty_m, abs=0.03 * 44.74)


def test_rows_that_use_dates_are_labelled_and_explained(tmp_path: Path) -> None:
    models = ("unet", "unet_history", "unet_dates")
    scores = [write_scores(tmp_path, name, "bce", 1, dict.fromkeys(SCENES, 0.6)) for name in models]
    files = {suffix: tmp_path / f"t.{suffix}" for suffix in ("csv", "md", "html", "tex")}
    for given, told in ((scores, True), (scores[:1], False)):
        tabulate_scores(
            given, write_facts(tmp_path, SCENES), "paper", 512, **files, bootstrap_samples=500
        )
        text = files["md"].read_text(encoding="utf-8")
        note = "“U-Net + dates” and “U-Net, dates only” read fronts of other dates"
        assert (note in text) is told
        assert bool(rows_of(files["md"], "U-Net + dates")) is told


def printed(
    folder: Path, size_px: int = 512, scenes: tuple[str, ...] = SCENES, **facts: Any
) -> tuple[str, pd.DataFrame]:
    """Table I of one network and the nearest date: Markdown and CSV."""
    pixel = {scene: {"pixel_size_m": facts.get("pixel_size_m", 44.0)} for scene in scenes}
    dice = {scene: 1.0 if scene in facts.get("leaked", ()) else 0.5 for scene in scenes}
    scores = [
        write_scores(folder, "unet", "bce", 1, dict.fromkeys(scenes, 0.6), pixel),
        write_scores(folder, "nearest_date", "none", 0, dice, pixel),
    ]
    files = {suffix: folder / f"t.{suffix}" for suffix in ("csv", "md", "html", "tex")}
    dataset = write_facts(folder, scenes, **facts)
    tabulate_scores(scores, dataset, "paper", size_px, **files, bootstrap_samples=100)
    return files["md"].read_text(encoding="utf-8"), pd.read_csv(files["csv"])


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, ""),
        ({"size_px": 256}, "the images here have 256 × 256 px"),
        ({"pixel_size_m": 84.45}, "the ground covered differs: 84.45 m per pixel"),
        ({"pixel_size_m": np.nan}, "the ground covered differs: – m per pixel"),
        ({"scenes": ("SI_a", "JAC_a")}, "the test scenes show JAC, SI and the paper's DBE and SI"),
        ({"scenes": ("SI_a", "SI_b")}, "the test scenes show SI and the paper's DBE and SI"),
    ],
)
def test_the_papers_numbers_stand_beside_images_like_the_papers_alone(
    tmp_path: Path, changes: dict[str, Any], why: str
) -> None:
    text, csv = printed(tmp_path, **changes)
    of_unet = csv[csv.model == "unet"]
    assert of_unet.paper_dice.isna().all() == bool(why)
    assert ("| 73.9 |" in text) is not bool(why)
    assert f"values are left out, because {why}" in text if why else "left out" not in text


def test_the_tolerance_of_w_is_said_in_metres_of_both(tmp_path: Path) -> None:
    text, _ = printed(tmp_path, pixel_size_m=84.45)
    assert "WDice4 forgives 338 m here (84.45 m per pixel on average) and 179 m in the" in text
    assert "forgives an unknown distance here" in printed(tmp_path, pixel_size_m=np.nan)[0]


def test_everything_is_given_without_the_leaked_scenes_too(tmp_path: Path) -> None:
    text, csv = printed(tmp_path, leaked=["SI_b"])
    nearest = csv[(csv.model == "nearest_date") & (csv.protocol == "validation_threshold")]
    assert dict(zip(nearest.scenes, nearest.dice_mean, strict=True)) == {
        "all": 62.5, "without_leaked": 50.0,
    }  # fmt: skip
    assert list(nearest.images) == [4, 3]
    assert "1 test scene is in the training set too (SI_b)" in text
    assert text.count("## Without the 1 test scene that is a training scene too") == 1
    text, csv = printed(tmp_path)
    assert set(csv.scenes) == {"all"}
    assert "training set too" not in text


def test_a_glacier_without_training_scenes_is_named(tmp_path: Path) -> None:
    text, _ = printed(tmp_path, trained=["SI"])
    assert "DBE: no training scene. There, prior and nearest date take the fronts of other" in text
    assert "no training scene" not in printed(tmp_path)[0]
