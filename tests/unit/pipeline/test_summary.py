"""The lines with which `make demo` ends."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from calvingfront.errors import CalvingFrontError
from calvingfront.locating.vectors import write_fronts
from calvingfront.pipeline.summary import summary
from front_examples import empty, front, full


def write_tables(folder: Path) -> None:
    tables = folder / "tables"
    tables.mkdir(parents=True)
    names = [("unet", "bce"), ("attention_unet", "wbce4"), ("nearest_date", "none")]
    rows = [
        {
            "scenes": scenes,
            "model": model,
            "loss": loss,
            "protocol": protocol,
            "images": 12,
            "dice_mean": dice,
        }
        for (model, loss), dice in zip(names, (60.0, 70.0, 50.0), strict=True)
        for protocol, dice in (("validation_threshold", dice), ("paper_protocol", 99 - dice))
        for scenes, dice in (("all", dice), ("without_leaked", dice + 20))
    ]
    pd.DataFrame(rows).to_csv(tables / "table1.csv", index=False)
    metres = [{**row, "mde_pooled_m_mean": 10 * row["dice_mean"]} for row in rows]
    pd.DataFrame(metres).drop(columns=["images", "dice_mean"]).to_csv(
        tables / "distances.csv", index=False
    )


def test_the_best_row_is_that_of_the_validation_threshold(tmp_path: Path) -> None:
    write_tables(tmp_path)
    first, second = summary(tmp_path).splitlines()
    assert first == (
        "Best row of Table I: Att. U-Net, WBCE4, Dice 70.0 %, 700 m from the true fronts "
        "(12 test images)."
    )
    assert second.startswith("Best without a network: Nearest date, Dice 50.0 %")


def test_located_fronts_are_counted_by_flag_with_their_stated_error(tmp_path: Path) -> None:
    fronts = [
        full("a", quality="good", error_m=20.0), full("b", error_m=40.0), empty("c"), front("d")
    ]  # fmt: skip
    write_fronts(fronts, tmp_path / "fronts.gpkg")
    text = summary(tmp_path)
    assert "Fronts located: 3 of 4 new scenes, stated error 30 m on average" in text
    assert "(2 good, 1 partial, 1 none)" in text
    assert text.splitlines()[-1] == f"Open {tmp_path / 'fronts.gpkg'}"


def test_errors_of_the_test_scenes_are_quoted(tmp_path: Path) -> None:
    write_tables(tmp_path)
    write_fronts([full("a")], tmp_path / "fronts.gpkg")
    row = {"group": "all", "line_m": 81.2, "error_m": 65.0, "within_90": 0.876}
    pd.DataFrame([row]).to_csv(tmp_path / "tables" / "errors.csv", index=False)
    assert "81 m off (stated: 65 m); 88 % of its lines" in summary(tmp_path)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CalvingFrontError, match="has neither tables nor located fronts"):
        summary(tmp_path)
