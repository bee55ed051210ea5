"""The tables under docs/results are those that the scores beside them give."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from calvingfront.cli import main
from calvingfront.tables.errors import tabulate_errors

RESULTS = Path(__file__).resolve().parents[3] / "docs" / "results"
WITH_TABLES = sorted(path.parent for path in RESULTS.glob("*/tables"))
WITH_ERRORS = sorted(path.parent for path in RESULTS.glob("*/errors.csv"))


def assert_same(made: Path, published: Path) -> None:
    """Every cell, as text: no column of one table may be missing in the other."""
    tables = [pd.read_csv(path, dtype=str, keep_default_na=False) for path in (made, published)]
    pd.testing.assert_frame_equal(*tables)


@pytest.mark.parametrize("folder", WITH_TABLES, ids=lambda folder: folder.name)
def test_published_tables_follow_from_their_scores(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / folder.name
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("tables"))
    main(["tabulate", "--results", str(copy)])
    published = sorted((folder / "tables").glob("*.csv"))
    assert published
    for table in published:
        assert_same(copy / "tables" / table.name, table)


@pytest.mark.parametrize("folder", WITH_ERRORS, ids=lambda folder: folder.name)
def test_published_errors_follow_from_the_held_out_scenes(folder: Path, tmp_path: Path) -> None:
    tabulate_errors(folder / "held_out_errors.tsv", tmp_path / "e.csv", tmp_path / "e.md")
    assert_same(tmp_path / "e.csv", folder / "errors.csv")


def test_no_table_is_published_without_its_scores() -> None:
    """Tables lie in `tables`, beside `evaluation`; errors beside their scenes; the log of a search
    beside the scores of its trials."""
    for table in RESULTS.glob("**/*.csv"):
        folder = table.parent
        if folder.name == "tables":
            assert (folder.parent / "evaluation").is_dir(), table
        elif table.name == "errors.csv":
            assert (folder / "held_out_errors.tsv").exists(), table
        else:
            assert list(folder.glob("*/evaluation")) or list(folder.glob("trials/*/validation")), (
                table
            )
