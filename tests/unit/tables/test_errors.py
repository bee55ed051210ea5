"""The table and the figure of the errors of located fronts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from calvingfront.errors import SampleError
from calvingfront.figures.errors import draw_errors, kept_error
from calvingfront.tables.errors import tabulate_errors


def held_out(path: Path, **columns: object) -> Path:
    """Four test scenes, one of them without a line, and a validation scene that must not count."""
    table = pd.DataFrame(
        {
            "subset": ["test", "test", "test", "test", "validation"],
            "scene": ["a", "b", "c", "d", "e"],
            "glacier": ["A", "A", "B", "B", "B"],
            "mission": ["TSX", "ERS", "ERS", "ERS", "ERS"],
            "quality": ["good", "good", "doubtful", "none", "good"],
            "error_m": [30.0, 50.0, 200.0, np.nan, 9.0],
            "line_m": [20.0, 40.0, 300.0, np.nan, 9.0],
            **{f"within_{level}": [1.0, 0.8, 0.3, np.nan, 0.0] for level in (50, 90, 95)},
            **{f"half_width_{level}_m": [60.0, 90.0, 300.0, np.nan, 1.0] for level in (50, 90, 95)},
            **columns,
        }
    )
    table.to_csv(path, sep="\t", index=False)
    return path


def test_the_table_has_means_over_the_test_scenes_with_a_line(tmp_path: Path) -> None:
    tabulate_errors(held_out(tmp_path / "h.tsv"), tmp_path / "e.csv", tmp_path / "e.md")
    table = pd.read_csv(tmp_path / "e.csv", keep_default_na=False).set_index(["group", "name"])
    every = table.loc[("all", "all")]
    assert (every["scenes"], every["without_line"]) == (4, 1)
    assert float(every["line_m"]) == pytest.approx(120)
    assert float(every["median_line_m"]) == 40
    assert float(every["error_m"]) == pytest.approx(280 / 3, rel=1e-5)
    assert float(every["within_90"]) == pytest.approx(0.7)
    assert float(every["half_width_90_m"]) == 150
    assert float(table.loc[("quality", "good")]["line_m"]) == 30
    assert table.loc[("quality", "none")]["line_m"] == ""
    assert set(table.loc["mission"].index) == {"TSX", "ERS"}
    text = (tmp_path / "e.md").read_text(encoding="utf-8")
    assert "| 120 | 40 | 93 | 70 % | 70 % | 70 % | 150 |" in text


def test_a_model_without_calibration_has_a_table_without_bands(tmp_path: Path) -> None:
    path = held_out(tmp_path / "h.tsv", error_m=np.nan)
    table = pd.read_csv(path, sep="\t")
    table = table[[c for c in table if not c.startswith(("within", "half"))]]
    table.to_csv(path, sep="\t", index=False)
    tabulate_errors(path, tmp_path / "e.csv", tmp_path / "e.md")
    assert "| 120 | 40 | – | – | – | – | – |" in (tmp_path / "e.md").read_text("utf-8")
    draw_errors(path, tmp_path / "e.png", tmp_path / "e.pdf")
    assert (tmp_path / "e.png").stat().st_size > 1000


def test_the_rank_correlation_is_stated_from_four_scenes_on(tmp_path: Path) -> None:
    path = held_out(
        tmp_path / "h.tsv", line_m=[20.0, 40, 300, 100, 9], error_m=[30.0, 50, 200, 300, 9]
    )
    tabulate_errors(path, tmp_path / "e.csv", tmp_path / "e.md")
    assert "over 4 scenes: 0.80." in (tmp_path / "e.md").read_text("utf-8")
    path = held_out(tmp_path / "h.tsv")  # three test scenes with a line
    tabulate_errors(path, tmp_path / "e.csv", tmp_path / "e.md")
    text = (tmp_path / "e.md").read_text("utf-8")
    assert "No rank correlation of measured and stated error: only " in text


def test_a_table_without_test_scenes_is_refused(tmp_path: Path) -> None:
    path = held_out(tmp_path / "h.tsv", subset="validation")
    with pytest.raises(SampleError, match="has no test scene"):
        tabulate_errors(path, tmp_path / "e.csv", tmp_path / "e.md")


def test_the_scenes_kept_first_are_those_of_the_smallest_stated_error(tmp_path: Path) -> None:
    measured, stated = np.array([9.0, 1.0, 2.0]), np.array([3.0, 1.0, 2.0])
    np.testing.assert_allclose(kept_error(measured, stated), [1, 1.5, 4])
    draw_errors(held_out(tmp_path / "h.tsv"), tmp_path / "e.png", tmp_path / "e.pdf")
    assert (tmp_path / "e.pdf").stat().st_size > 1000
