"""Folders that cannot stand in one table are refused by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from calvingfront.errors import Faults
from calvingfront.tables.shifts.equality import check_equal, open_questions
from calvingfront.tables.shifts.situations import read_situations
from shift_folders import results_folder, spread
from shifted import NEAREST, PLAIN, UNET, folders


def fault_of(places: list[Path]) -> str:
    with pytest.raises(Faults) as caught:
        check_equal(read_situations(places))
    return str(caught.value)


UNEQUAL: dict[str, tuple[dict[str, Any], str]] = {
    "size": ({"image_size": 32}, "samples.size is 32 here, and 64 in plain"),
    "width": ({"index": {"front_width_px": 6}}, "samples.front_width_px is 6 here, and 3 in plain"),
    "variant": ({"index": {"variant": "crop"}}, "samples.variant is crop here, and paper in plain"),
    "front": ({"index": {"front_crc32": "x"}}, "has another front_crc32 of SI_2000_ERS than plain"),
    "pixel": ({"index": {"pixel_size_m": 60.0}}, "has another pixel_size_m of SI_2000_ERS"),
    "length": ({"min_front_length_m": 0}, "evaluation.min_front_length_m is 0 here, and 750"),
    "orientations": ({"orientations": 1}, "evaluation.orientations is 1 here, and 8 in plain"),
    "network": (
        {"settings": {"networks": {"width": 8}}},
        "unet, bce: networks.width is 8 here, and 4 in plain",
    ),
    "training": (
        {"training": {"augmentation": "none"}},
        "unet, bce: training.augmentation is none here, and paper in plain",
    ),
}


@pytest.mark.parametrize("name", UNEQUAL)
def test_folders_of_unequal_data_or_protocol_are_refused_by_name(tmp_path: Path, name: str) -> None:
    changes, said = UNEQUAL[name]
    places = folders(tmp_path, {"plain": 0.7, "without_ers": 0.5}, without_ers=changes)
    found = fault_of(places)
    assert said in found
    assert "without_ers" in found
    assert "Leave this folder out" in found


def test_trainings_are_compared_beyond_the_first_folder(tmp_path: Path) -> None:
    places = [
        results_folder(tmp_path / "plain", {NEAREST: spread(0.5)}, **PLAIN),
        *folders(tmp_path, {"without_ers": 0.5, "without_si": 0.4},
                 without_si={"training": {"batch_size": 4}}),
    ]  # fmt: skip
    assert "training.batch_size is 4 here, and 2 in without_ers" in fault_of(places)


def test_what_the_records_leave_open_is_told(tmp_path: Path) -> None:
    changes = {"orientations": None}
    places = folders(tmp_path, {"plain": 0.7, "without_ers": 0.5}, without_ers=changes)
    origin = places[1] / "evaluation" / "unet" / "bce" / "seed1" / "scores_made_from.json"
    origin.write_text(origin.read_text().replace('"code": "c"', '"code": "d"'))
    one, two = open_questions(read_situations(places))
    assert "2 versions of the code" in one
    assert "the networks of without_ers predicted is not in the records" in two
    assert open_questions(read_situations(places[:1])) == []


def rewritten(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")


ROW = "unet/bce/seed2"
BROKEN: dict[str, tuple[str, Callable[[Path], None], str]] = {
    "split record": (
        "dataset/split_made_from.json", Path.unlink, "does not say how the scenes were split",
    ),
    "edited split": (
        "dataset/split.tsv",
        lambda path: pd.read_csv(path, sep="\t").iloc[1:, :2].to_csv(path, sep="\t", index=False),
        "split.tsv: has changed since the scenes were split",
    ),
    "no training record": (
        f"models/{ROW}/run.json", Path.unlink, "does not say what the network was trained on",
    ),
    "cut training record": (
        f"models/{ROW}/run.json", lambda path: path.write_text(path.read_text()[:-30]),
        "run.json: does not say what the network was trained on, and how long",
    ),
    "training record without its images": (
        f"models/{ROW}/run.json", lambda path: rewritten(path, lambda c: c.pop("image_size")),
        "run.json: does not say what the network was trained on, and how long",
    ),
    "training record without settings": (
        f"models/{ROW}/run.json",
        lambda path: rewritten(path, lambda c: c["made_from"].pop("settings")),
        "run.json: does not say what the network was trained on, and how long",
    ),
    "training on another split": (
        f"models/{ROW}/run.json",
        lambda path: rewritten(
            path, lambda c: c["made_from"]["inputs"].update({"dataset/split.tsv": "0"})
        ),
        "run.json: was made from another split.tsv",
    ),
    "baseline on another split": (
        "predictions/nearest_date/none/seed0/made_from.json",
        lambda path: rewritten(
            path, lambda c: c["made_from"]["inputs"].update({"dataset/split.tsv": "0"})
        ),
        "was made from another split.tsv",
    ),
    "scores of another data set": (
        f"evaluation/{ROW}/scores_made_from.json",
        lambda path: rewritten(
            path, lambda c: c["made_from"]["inputs"].update({"dataset/index.tsv": "0"})
        ),
        "scores.tsv: was made from another index.tsv",
    ),
    "edited scores": (
        f"evaluation/{ROW}/scores.tsv",
        lambda path: path.write_text(path.read_text().replace("summer", "winter")),
        "scores.tsv: has changed since it was made",
    ),
    "scores without a record": (
        f"evaluation/{ROW}/scores_made_from.json", Path.unlink,
        "does not say what the scores were made from",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_folder_whose_records_do_not_fit_is_refused_by_name(tmp_path: Path, name: str) -> None:
    path, damage, said = BROKEN[name]
    (place,) = folders(tmp_path, {"without_ers": 0.5})
    read_situations([place])
    damage(place / path)
    with pytest.raises(Faults) as caught:
        read_situations([place])
    assert said in str(caught.value)
    assert "without_ers" in str(caught.value)


def test_two_folders_of_one_name_are_refused(tmp_path: Path) -> None:
    places = [results_folder(tmp_path / a / "r", {UNET: spread(0.5)}, **PLAIN) for a in "ab"]
    with pytest.raises(Faults, match="2 of the folders are called r"):
        read_situations(places)


def test_a_folder_without_scores_is_refused(tmp_path: Path) -> None:
    place = results_folder(tmp_path / "r", {}, **PLAIN)
    with pytest.raises(Faults, match="has no scores"):
        read_situations([place])
