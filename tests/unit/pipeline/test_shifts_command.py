"""`calvingfront shifts`: what it writes, says and refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from calvingfront.cli import main
from calvingfront.pipeline.publishing import publish
from shift_folders import results_folder, spread

ROWS = {("unet", "bce"): spread(0.6), ("nearest_date", "none"): spread(0.5)}
PLAIN: dict[str, Any] = {"method": "random", "seed": 1, "shares": [2, 1, 1]}


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, str]:
    kinds: dict[str, dict[str, Any]] = {
        "all": PLAIN,
        "half": PLAIN | {"train_share": 0.5},
        "without_ers": {"method": "mission", "test_missions": ["ERS"]},
    }
    return {name: str(results_folder(tmp_path / name, ROWS, **kinds[name])) for name in kinds}


def test_it_writes_the_tables_and_the_curve_and_says_so(
    folders: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "out"
    assert main(["shifts", *folders.values(), "--output", str(out)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert [Path(line).name for line in said] == [
        "shifts.csv", "shifts.md", "shifts.tex", "learning.csv", "learning.md", "learning.tex",
        "learning.png", "learning.pdf",
    ]  # fmt: skip
    assert all(Path(line).is_file() for line in said)
    table = pd.read_csv(out / "shifts.csv")
    assert list(dict.fromkeys(table.situation)) == ["all", "half", "without_ers"]
    once = {path.name: path.read_bytes() for path in out.iterdir()}
    assert main(["shifts", *reversed(folders.values()), "--output", str(out)]) == 0
    assert {path.name: path.read_bytes() for path in out.iterdir()} == once


def test_without_parts_of_the_training_scenes_it_says_why_there_is_no_curve(
    folders: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    chosen = [folders["all"], folders["without_ers"]]
    assert main(["shifts", *chosen, "--output", str(out)]) == 0
    assert "No learning curve: no two folders have the same" in capsys.readouterr().out
    assert not list(out.glob("learning*"))


def test_a_fault_is_told_in_words_and_nothing_is_written(
    folders: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = str(results_folder(tmp_path / "large", ROWS, image_size=128, **PLAIN))
    out = tmp_path / "out"
    assert main(["shifts", folders["all"], other, "--output", str(out)]) == 1
    assert "large: samples.size is 128 here, and 64 in all" in capsys.readouterr().err
    assert main(["shifts", folders["all"], str(tmp_path / "no"), "--output", str(out)]) == 1
    assert "no/dataset/split_made_from.json" in capsys.readouterr().err
    again = ["shifts", folders["all"], "--reference", "x", "--output", str(out)]
    assert main(again) == 1
    assert "x is none of the folders" in capsys.readouterr().err
    assert not out.exists()


def test_a_published_copy_has_the_records_that_the_table_needs(
    folders: dict[str, str], tmp_path: Path
) -> None:
    tables = []
    for place in ("results", "published"):
        if place == "published":
            for name, folder in folders.items():
                publish(Path(folder), tmp_path / place / name)
            folders = {name: str(tmp_path / place / name) for name in folders}
        assert main(["shifts", *folders.values(), "--output", str(tmp_path / f"{place}_out")]) == 0
        tables.append((tmp_path / f"{place}_out" / "shifts.md").read_text(encoding="utf-8"))
    assert tables[0] == tables[1]
    assert "is not in the records" not in tables[0]
