"""A search trains what is left, goes on after a kill, and logs failures as rows."""

from __future__ import annotations

import copy
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pandas as pd
import pytest
import yaml

from calvingfront.cli import main
from calvingfront.files import read_json, write_json, write_text
from calvingfront.search import folder as folders
from calvingfront.search import running
from calvingfront.search.file import Trial
from calvingfront.search.length import Length, Planned, _settings, known_length
from calvingfront.search.writing import write_log
from resolved import RESOLVED
from searches import write_results, write_search

SEED = "unet/bce/seed1"


def search(results: Path, path: Path, *more: str) -> int:
    return main(["search", str(path), "--results", str(results), *more])


def rows(results: Path, name: str = "trainings") -> pd.DataFrame:
    return pd.read_csv(results / "search" / f"{name}.csv")


def trained_at(results: Path) -> dict[str, int]:
    """When each network was written."""
    weights = sorted((results / "search").glob("trials/*/models/*/*/*/weights.safetensors"))
    return {str(path): path.stat().st_mtime_ns for path in weights}


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A finished search of two trials and three seeds; its results and its file."""
    folder = tmp_path_factory.mktemp("search")
    results = write_results(folder / "r", max_epochs=2, patience=2)
    trials: dict[str, Any] = {"base": {}, "wide": {"networks.width": 3}}
    path = write_search(folder / "s.yaml", seeds=[1, 2, 3], orientations=[1, 8], trials=trials)
    assert search(results, path, "--slots", "2") == 0
    return results, path


def test_the_log_names_every_trial_with_its_scores_and_cost(once: tuple[Path, Path]) -> None:
    results, _ = once
    table = rows(results)
    assert set(table["status"]) == {"finished"}
    assert sorted(zip(table["trial"], table["seed"], strict=True)) == [
        (trial, seed) for trial in ("base", "wide") for seed in (1, 2, 3)
    ]
    # 3 training scenes that are no test scenes, in 8 copies, batches of 2, two epochs
    assert set(table["images_seen"]) == {48}
    assert set(table["train_images"]) == {3}
    assert table["core_hours"].tolist() == pytest.approx(
        (table["seconds"] / 3600).tolist(), rel=1e-4
    )
    for n in (1, 8):
        assert table[f"dice_{n}"].between(0, 100).all()
    scored = pd.read_csv(results / f"search/trials/wide/validation/{SEED}/scores_8.tsv", sep="\t")
    first = table[(table["trial"] == "wide") & (table["seed"] == 1)].iloc[0]
    assert first["dice_8"] == pytest.approx(100 * scored["dice"].mean(), abs=1e-3)
    summary = rows(results, "log").set_index("trial")
    of_wide = table.loc[table["trial"] == "wide", "dice_8"]
    assert summary.loc["wide", "dice_8_mean"] == pytest.approx(of_wide.mean(), abs=1e-3)
    assert summary.loc["wide", "dice_8_sd"] == pytest.approx(of_wide.std(ddof=1), abs=1e-3)
    text = (results / "search" / "log.md").read_text(encoding="utf-8")
    assert "networks.width 3 (not 2)" in text
    assert "1 scenes that are test scenes too were left out" in text


def test_differences_are_claimed_with_three_seeds_and_not_with_two(
    once: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    results, _ = once
    write_log(results / "search")
    table = rows(results, "claims")
    assert table["trial"].tolist() == ["wide", "wide"]
    assert set(table["seeds"]) == {3}
    assert set(table["measure"]) == {"dice", "mde"}
    monkeypatch.setattr("calvingfront.search.claims.SEEDS_FOR_A_CLAIM", 4)
    write_log(results / "search")
    assert rows(results, "claims").empty
    assert "none is claimed" in (results / "search" / "log.md").read_text(encoding="utf-8")


def test_what_is_finished_is_not_trained_again_and_the_log_comes_from_the_folders(
    once: tuple[Path, Path],
) -> None:
    results, path = once
    before, log = trained_at(results), rows(results, "log")
    assert search(results, path) == 0
    assert trained_at(results) == before
    (results / "search" / "log.csv").unlink()
    assert main(["search", "--results", str(results), "--log-only"]) == 0
    pd.testing.assert_frame_equal(rows(results, "log"), log)


def test_a_network_of_other_code_is_kept_and_the_log_says_so(
    once: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    results, _ = once
    monkeypatch.setattr(
        folders, "why_unfit",
        lambda _, step, run: folders.OTHER_CODE if step == "train_network" else None,
    )  # fmt: skip
    write_log(results / "search")
    assert set(rows(results)["status"]) == {"finished"}
    said = (results / "search" / "log.md").read_text(encoding="utf-8")
    assert "6 of these networks were trained by other code" in said


def test_a_trial_can_be_trained_again_alone_from_its_folder(
    once: tuple[Path, Path], tmp_path: Path
) -> None:
    results, _ = once
    trial = results / "search" / "trials" / "wide"
    config = yaml.safe_load((trial / "dataset" / "config.yaml").read_text(encoding="utf-8"))
    assert config["networks"]["width"] == 3
    weights = trial / "models" / SEED / "weights.safetensors"
    before = weights.read_bytes()
    weights.unlink()
    run = ["--model", "unet", "--loss", "bce", "--seed", "1"]
    assert main(["train", "--results", str(trial), *run]) == 0
    assert weights.read_bytes() == before


def test_the_winner_is_a_configuration_file_that_trains_the_same(
    once: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results, _ = once
    overlay = tmp_path / "winner.yaml"
    command = ["search", "--results", str(results)]
    assert main([*command, "--winner", str(overlay), "--trial", "wide"]) == 0
    assert main(["settings", str(overlay)]) == 0
    content = yaml.safe_load(overlay.read_text(encoding="utf-8"))
    assert content["networks"]["width"] == 3
    assert content["seeds"] == [1, 2, 3]
    assert content["evaluation"]["orientations"] == 8
    assert not {"device", "threads", "gpu_slots"} & set(content["training"])
    trial = yaml.safe_load(
        (results / "search/trials/wide/dataset/config.yaml").read_text(encoding="utf-8")
    )
    assert content["training"].items() <= trial["training"].items()
    best = rows(results, "log").iloc[0]["trial"]
    capsys.readouterr()
    assert main([*command, "--winner"]) == 0
    assert f"# The trial {best} of search" in capsys.readouterr().out
    assert main([*command, "--winner", "--trial", "narrow"]) == 1
    assert "has no trial narrow. Write one of base, wide" in capsys.readouterr().err


def test_a_trial_that_fails_is_a_row_and_is_tried_again_only_when_asked(tmp_path: Path) -> None:
    results = write_results(tmp_path / "r")
    trials: dict[str, Any] = {"large": {"training.batch_size": 100}, "base": {}}
    path = write_search(tmp_path / "s.yaml", trials=trials)
    assert search(results, path) == 0
    table = rows(results).set_index("trial")
    assert table["status"].to_dict() == {"large": "failed", "base": "finished"}
    assert "100 exceeds the number of augmented training images, 24" in table["error"]["large"]
    log = results / "search" / "trials" / "large" / "logs" / "unet_bce_seed1.log"
    length = log.stat().st_size
    assert search(results, path) == 0
    assert log.stat().st_size == length
    assert search(results, path, "--retry", "--only", "large") == 0
    assert log.stat().st_size > length
    trials["large"] = {"training.batch_size": 4}  # another question
    write_search(path, trials=trials)
    assert search(results, path) == 0
    assert rows(results)["status"].tolist() == ["finished", "finished"]


def test_a_budget_of_minutes_is_measured_once_and_kept(tmp_path: Path) -> None:
    results = write_results(tmp_path / "r")
    path = write_search(tmp_path / "s.yaml", seeds=[1, 2], budget={"core_minutes": 0.02},
                        trials={"base": {}})  # fmt: skip
    assert search(results, path, "--slots", "2") == 0
    measured = read_json(results / "search/trials/base/length.json")
    epochs = measured["epochs"]
    assert epochs == int(60 * 0.02 / measured["seconds_per_epoch"])
    table = rows(results)
    assert table["max_epochs"].tolist() == [epochs, epochs]
    assert set(table["status"]) == {"finished"}
    assert not (results / "search/trials/base/.measured").exists()
    before = trained_at(results)
    assert search(results, path) == 0
    assert trained_at(results) == before


LONG = {"max_epochs": 40, "patience": 40, "save_minutes": 0}


def weights_of(results: Path) -> dict[str, bytes]:
    found = (results / "search").glob("trials/*/models/unet/bce/seed1/weights.safetensors")
    return {path.parts[-6]: path.read_bytes() for path in sorted(found)}


def test_a_search_that_is_killed_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    trials: dict[str, Any] = {"a": {}, "b": {"networks.width": 3}}
    path = write_search(tmp_path / "s.yaml", trials=trials)
    whole, killed = (write_results(tmp_path / name, **LONG) for name in ("whole", "killed"))
    assert search(whole, path, "--slots", "2") == 0
    command = [sys.executable, "-m", "calvingfront", "search", str(path), "--results", str(killed)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    state = killed / "search" / "trials" / "a" / "models" / SEED / "state" / "state.safetensors"
    until = time.monotonic() + 120
    while not state.exists() and time.monotonic() < until:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert state.exists()
    time.sleep(1)  # its trainings end with it
    assert "b" not in weights_of(killed)
    left = state.stat().st_mtime_ns
    time.sleep(0.5)
    assert state.stat().st_mtime_ns == left
    assert search(killed, path) == 0
    assert rows(killed)["resumptions"].tolist() == [1, 0]
    assert weights_of(killed) == weights_of(whole)


def test_a_search_stops_when_its_time_is_up_and_goes_on_later(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = write_results(tmp_path / "r", max_epochs=100_000, patience=100_000)
    path = write_search(tmp_path / "s.yaml", trials={"a": {}, "b": {"networks.width": 3}})
    begun = time.monotonic()
    assert search(results, path, "--stop-after", "12") == 0
    assert time.monotonic() - begun < 12 + 35
    assert "Stopped. The same command goes on." in capsys.readouterr().out
    assert rows(results)["status"].tolist() == ["unfinished", "not begun"]
    state = results / "search/trials/a/models" / SEED / "state" / "state.safetensors"
    assert state.exists()


def test_a_signal_to_every_process_of_a_job_saves_the_trainings_and_fails_none(
    tmp_path: Path,
) -> None:
    """As Slurm sends it at the end of a job, to the search, its trainings and their parent."""
    results = write_results(tmp_path / "r", max_epochs=100_000, patience=100_000, save_minutes=0)
    path = write_search(tmp_path / "s.yaml", trials={"a": {}})
    command = [sys.executable, "-m", "calvingfront", "search", str(path), "--results", str(results)]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    state = results / "search/trials/a/models" / SEED / "state" / "state.safetensors"
    until = time.monotonic() + 240
    while not state.exists() and time.monotonic() < until:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGTERM)
    said, _ = process.communicate(timeout=60)
    assert "Stopped. The same command goes on." in said
    assert rows(results)["status"].tolist() == ["unfinished"]
    assert not list((results / "search").rglob("failures/*"))


@pytest.mark.parametrize(
    ("code", "stopping", "done", "failed"),
    [(0, False, True, 0), (-9, False, True, 1), (-9, True, False, 0), (4, False, False, 0)],
)  # fmt: skip
def test_a_process_that_dies_fails_its_training_unless_the_search_is_ending(
    monkeypatch: pytest.MonkeyPatch, code: int, stopping: bool, done: bool, failed: int
) -> None:
    written: list[str] = []
    monkeypatch.setattr(running, "failure_of", lambda *_: None)
    monkeypatch.setattr(running, "write_failure", lambda _, text: written.append(text))
    ended = Mock(process=Mock(exitcode=code))
    assert running._close(ended, stopping) is done
    assert len(written) == failed
    assert all("by SIGKILL" in text for text in written)


def test_a_length_that_was_measured_for_other_settings_is_not_taken(tmp_path: Path) -> None:
    def trial(**changes: Any) -> Planned:
        config = copy.deepcopy(RESOLVED)
        config["networks"] |= {"models": ["unet"], **changes}
        config["losses"] = ["bce"]
        length = Length(None, "core_minutes", 2)
        return Planned(Trial("a", {}, "s.yaml"), config, "", length)

    content = {"budget": {"core_minutes": 2}, "epochs": 9}
    write_json(tmp_path / "length.json", content)  # as an earlier version did
    assert known_length(tmp_path, trial()) == 9
    write_json(tmp_path / "length.json", {**content, "settings": _settings(trial())})
    assert known_length(tmp_path, trial()) == 9
    other = trial()
    other.config["seeds"] = [7]
    other.config["training"]["max_epochs"] = 77
    assert known_length(tmp_path, other) == 9
    assert known_length(tmp_path, trial(width=64)) is None


@pytest.mark.parametrize("content", ["[]", "{}", "null", '{"number":', '{"number": "1"}'])
@pytest.mark.parametrize("path", ["search.json", "trials/a/trial.json"])
def test_a_damaged_record_is_named_and_no_trial_vanishes_from_the_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], path: str, content: str
) -> None:
    search = tmp_path / "r" / "search"
    write_json(search / "search.json", {"orientations": [1], "against": "a", "command": ""})
    for number, name in enumerate(("a", "b")):
        facts = {"number": number, "name": name, "changes": "", "data": ""}
        write_json(search / "trials" / name / "trial.json", facts)
        config = search / "trials" / name / "dataset" / "config.yaml"
        write_text(config, yaml.safe_dump(RESOLVED))
    assert [facts["name"] for facts, _ in folders.trial_folders(search)] == ["a", "b"]
    (search / path).write_text(content)
    for more in ("--log-only", "--winner"):
        assert main(["search", "--results", str(tmp_path / "r"), more]) == 1
        assert f"{search / path}: is damaged or incomplete" in capsys.readouterr().err
