"""Scores of several runs: ordered as in the paper, and compared on the same images only."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from calvingfront.errors import Faults
from calvingfront.evaluation.score_table import describe_test_set, read_scores, rows_in_order
from calvingfront.vocabulary.runs import as_paths, run_of
from score_files import write_scores


def test_rows_stand_in_the_papers_order_whatever_the_order_of_the_files(tmp_path: Path) -> None:
    runs = [
        ("nearest_date", "none", 0),
        ("attention_unet", "wbce16", 1),
        ("prior", "none", 0),
        ("unet", "wbce16", 1),
        ("attention_unet", "bce", 1),
        ("unet", "wbce4", 2),
        ("unet", "bce", 10),
        ("unet", "bce", 9),
    ]
    paths = [write_scores(tmp_path, *run, {"SI_a": 0.5}) for run in runs]
    assert [run_of(path).seed for path in as_paths(paths)][:2] == [9, 10]
    assert rows_in_order(read_scores(paths)) == [
        ("unet", "bce"),
        ("attention_unet", "bce"),
        ("unet", "wbce4"),
        ("unet", "wbce16"),
        ("attention_unet", "wbce16"),
        ("prior", "none"),
        ("nearest_date", "none"),
    ]


def test_all_runs_on_other_images_or_without_a_column_are_named_at_once(tmp_path: Path) -> None:
    good = write_scores(tmp_path, "unet", "bce", 1, {"SI_a": 0.5, "SI_b": 0.6})
    other = write_scores(tmp_path, "unet", "bce", 2, {"SI_a": 0.5, "SI_c": 0.6})
    lacking = write_scores(tmp_path, "unet", "wbce4", 1, {"SI_a": 0.5, "SI_b": 0.6})
    pd.read_csv(lacking, sep="\t").drop(columns="iou").to_csv(lacking, sep="\t", index=False)
    with pytest.raises(Faults) as caught:
        read_scores([good, other, lacking])
    message = str(caught.value)
    assert "seed2" in message
    assert "SI_b, SI_c" in message
    assert "has no columns iou" in message


def test_a_scene_scored_twice_is_refused(tmp_path: Path) -> None:
    path = write_scores(tmp_path, "unet", "bce", 1, {"SI_a": 0.5})
    table = pd.read_csv(path, sep="\t")
    pd.concat([table, table]).to_csv(path, sep="\t", index=False)
    with pytest.raises(Faults, match="some scenes appear twice"):
        read_scores(path)


def test_the_caption_says_images_seeds_split_and_size(tmp_path: Path) -> None:
    paths = [
        write_scores(tmp_path, "unet", "bce", seed, {"SI_a": 0.5, "SI_b": 1}) for seed in (1, 2)
    ]
    one = describe_test_set(read_scores(paths[:1]), "paper", 512)
    assert "2 test images of 512 × 512 px" in one
    assert "“paper”" in one
    assert "1 seed per network and loss (so the spread between trainings is unknown)" in one
    paths.append(write_scores(tmp_path, "unet", "wbce4", 1, {"SI_a": 0.5, "SI_b": 1}))
    assert "1 to 2 seeds per network" in describe_test_set(read_scores(paths), "time", 256)
