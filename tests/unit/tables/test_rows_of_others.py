"""Results of others in every table: label, citation, and what was not chosen for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from calvingfront.tables.registry import TABLES
from calvingfront.vocabulary.references import load
from score_files import write_facts, write_scores

SCENES = [f"SI_{k}" for k in range(12)]
OTHERS = {
    "hook_former": {"label": "Hook & Co_1", "citation": "Doe 2024", "kind": "masks"},
    "soft": {"label": "Soft", "citation": "", "kind": "probabilities"},
}
UNCHOSEN = {scene: {"threshold": None} for scene in SCENES}


def dice(base: float, swing: float = 0.0) -> dict[str, float]:
    """Dice of each scene; with a swing, differences from others vary from scene to scene."""
    return {scene: base + 0.01 * k + swing * (-1) ** k for k, scene in enumerate(SCENES)}


def make(
    folder: Path, others: Any, *more: Path, leaked: list[str] | None = None
) -> dict[str, dict[str, Path]]:
    """Every table of three seeds of a network, both baselines and `more`; its files by name."""
    scores = [
        *(write_scores(folder, "unet", "bce", seed, dice(0.6)) for seed in (1, 2, 3)),
        write_scores(folder, "prior", "none", 0, dice(0.3)),
        write_scores(folder, "nearest_date", "none", 0, dice(0.5)),
        *more,
    ]
    dataset = write_facts(folder, SCENES, leaked or [])
    made = {}
    for table in TABLES.values():
        files = {suffix: folder / f"{table.name}.{suffix}" for suffix in table.suffixes}
        load(table.code)(
            scores, dataset=dataset, split_method="paper", size_px=512, others=others, **files
        )
        made[table.name] = files
    return made


@pytest.fixture
def tables(tmp_path: Path) -> dict[str, dict[str, Path]]:
    theirs = write_scores(tmp_path, "hook_former", "none", 0, dice(0.7, 0.01), UNCHOSEN)
    soft = write_scores(tmp_path, "soft", "none", 0, dice(0.4, 0.01))
    return make(tmp_path, OTHERS, theirs, soft)


@pytest.mark.parametrize("name", TABLES)
def test_every_table_has_their_row_and_says_where_it_comes_from(
    tables: dict[str, dict[str, Path]], name: str
) -> None:
    text = tables[name]["md"].read_text(encoding="utf-8")
    assert "scored by the same code: Hook & Co_1 (Doe 2024); Soft." in text
    assert "No threshold was chosen for Hook & Co_1:" in text
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    for label in ("Hook & Co_1", "Soft"):
        assert any(f"| {label} |" in row for row in rows)
    assert not any("hook_former" in row for row in rows)
    csv = pd.read_csv(tables[name]["csv"])
    column = "second_model" if name == "comparisons" else "model"
    assert {"hook_former", "soft"} <= set(csv[column])
    if "tex" in tables[name]:
        assert r"Hook \& Co\_1 & -- &" in tables[name]["tex"].read_text(encoding="utf-8")


@pytest.mark.parametrize("name", TABLES)
def test_without_others_no_table_speaks_of_them(tmp_path: Path, name: str) -> None:
    text = make(tmp_path, {})[name]["md"].read_text(encoding="utf-8")
    assert "others" not in text.lower().replace("the others", "")


def test_they_stand_between_the_networks_and_the_baselines(
    tables: dict[str, dict[str, Path]],
) -> None:
    csv = pd.read_csv(tables["table1"]["csv"])
    order = ["unet", "hook_former", "soft", "prior", "nearest_date"]
    assert list(dict.fromkeys(csv.model)) == order
    row = csv.set_index(["model", "protocol"]).loc[("hook_former", "validation_threshold")]
    assert row.dice_mean == pytest.approx(75.5)
    assert np.isnan(row.threshold_mean)
    text = tables["table1"]["md"].read_text(encoding="utf-8")
    assert "3 seeds per network and loss" in text  # theirs do not count


def test_each_network_is_compared_with_each_of_them_in_a_family_of_its_own(
    tables: dict[str, dict[str, Path]],
) -> None:
    csv = pd.read_csv(tables["comparisons"]["csv"])
    chosen = csv[(csv.protocol == "validation_threshold") & (csv.measure == "dice")]
    chosen = chosen.set_index("second_model")
    assert chosen.family.to_dict() == {
        "hook_former": "others", "soft": "others", "prior": "prior", "nearest_date": "network",
    }  # fmt: skip
    assert chosen.verdict["hook_former"] == "second better"  # 9 to 11 points on each image
    assert chosen.difference["hook_former"] == pytest.approx(-10)
    assert chosen.verdict["soft"] == "first better"
    assert (chosen.seeds == 3).all()
    text = tables["comparisons"]["md"].read_text(encoding="utf-8")
    assert "## Does a network do better than the results of others?" in text
    assert "| U-Net, BCE | Hook & Co_1 | Dice [points] | 3 | 12 |" in text


def test_the_average_of_table_2_is_over_the_networks_alone(
    tables: dict[str, dict[str, Path]],
) -> None:
    csv = pd.read_csv(tables["table2"]["csv"])
    assert list(csv[csv.model == "average"].loss.unique()) == ["bce"]


def test_a_season_that_is_not_known_is_said_to_be_unknown(tmp_path: Path) -> None:
    unknown = {scene: {"season": None} for scene in SCENES}
    scores = [write_scores(tmp_path, "prior", "none", 0, dice(0.3), unknown)]
    files = {suffix: tmp_path / f"b.{suffix}" for suffix in ("csv", "md", "html")}
    table = TABLES["breakdown"]
    dataset = write_facts(tmp_path, SCENES)
    load(table.code)(scores, dataset=dataset, split_method="paper", size_px=512, **files)
    text = files["md"].read_text(encoding="utf-8")
    assert "Season unknown: the hemisphere of these scenes is not known." in text
    assert "| unknown | Prior | – | 12 |" in text
    assert "summer" not in text


@pytest.mark.parametrize("name", TABLES)
def test_every_table_is_given_without_the_leaked_scenes_too(tmp_path: Path, name: str) -> None:
    files = make(tmp_path, {}, leaked=["SI_3", "SI_5"])[name]
    csv = pd.read_csv(files["csv"])
    assert set(csv.scenes) == {"all", "without_leaked"}
    assert csv[csv.scenes == "all"].images.max() == 12
    assert csv[csv.scenes == "without_leaked"].images.max() == 10
    text = files["md"].read_text(encoding="utf-8")
    assert "Without the 2 test scenes that are training scenes too" in text
    assert "2 test scenes are in the training set too (SI_3, SI_5)" in text
