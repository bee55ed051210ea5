"""Trainings that are killed by SIGKILL, over and over, end with the weights of an undisturbed one.

KILLS=20 pytest -s tests/unit/training/resuming/test_kills.py kills more often than the default.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from calvingfront.storage.sealed import read_sealed
from calvingfront.training import run as run_module
from packed import write_split
from resolved import RESOLVED

KILLS = int(os.environ.get("KILLS", "5"))
SEED = 11

# Imports once and forks a process for each training, which spares each its imports. The training
# is that of `python -m calvingfront train`, with a state saved after every batch.
HOST = """
import os, sys
from pathlib import Path
from calvingfront import cli
import calvingfront.training.run
import torch._dynamo  # which the first optimiser would import, for a second

print(0, flush=True)
for line in sys.stdin:
    results = line.strip()
    child = os.fork()
    if child == 0:
        arguments = ["--results", results, "--model", "unet", "--loss", "wbce4", "--seed", "1"]
        code = cli.main(["train", *arguments])
        os._exit(code)
    print(child, flush=True)
    sys.stdin.readline()  # until then nobody else gets its number
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)
"""

CONFIG = RESOLVED | {
    "samples": RESOLVED["samples"] | {"size": 16, "front_width_px": 3},
    "networks": RESOLVED["networks"] | {
        "models": ["unet"], "width": 8, "depth": 2, "kernel": 3, "batch_norm_momentum": 0.1,
    },
    "training": RESOLVED["training"] | {
        "batch_size": 4, "max_epochs": 8, "patience": 3, "half_cycle_epochs": 2,
        "learning_rate_min": 1e-4, "learning_rate_max": 1e-2, "keep_epochs": [1, 3],
        "device": "cpu", "threads": 1, "save_minutes": 0, "gpu_slots": 1, "keep_state": False,
        "acceleration": "auto", "feed": "auto",
    },
}  # fmt: skip


class Host:
    """The process that starts the trainings."""

    def __init__(self) -> None:
        source = Path(run_module.__file__).parents[2]
        self._process = subprocess.Popen(
            [sys.executable, "-c", HOST], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True,
            env={**os.environ, "PYTHONPATH": str(source), "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        assert self._answer() == 0  # the imports are done

    def start(self, results: Path) -> int:
        """Start a training; return its process."""
        return self._asked(str(results))

    def end(self) -> int:
        """Wait for the training; return its exit status, negative for a signal."""
        return self._asked("")

    def _asked(self, line: str) -> int:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def host() -> Iterator[Host]:
    host = Host()
    yield host
    host.close()


def prepared(results: Path) -> Path:
    """Five scenes of 16 × 16 px: three to train, two to validate; return their results folder."""
    folder = results / "dataset"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(5)
    fronts = np.zeros((5, 16, 16), np.uint8)
    for k in range(5):
        fronts[k, 3 + 2 * k : 6 + 2 * k] = 1
    np.save(folder / "images.npy", rng.integers(0, 99, fronts.shape).astype(np.uint8) + 90 * fronts)
    np.save(folder / "fronts.npy", fronts)
    scenes = list("abcde")
    index = pd.DataFrame({"row": range(5), "scene": scenes, "glacier": "SI"})
    index.to_csv(folder / "index.tsv", sep="\t", index=False)
    write_split(folder, train=scenes[:3], validation=scenes[3:], test=["e"])
    (folder / "config.yaml").write_text(json.dumps(CONFIG), encoding="utf-8")
    return results


def files(results: Path) -> dict[str, bytes]:
    """What a training left, by name; the record and the history without their seconds."""
    folder = results / "models" / "unet" / "wbce4" / "seed1"
    found = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    found.pop("run.json")
    history = read_sealed(folder / "history.tsv")
    history = history.drop(columns=["seconds", "images_per_second"])
    found["history.tsv"] = history.to_csv().encode()
    assert not (folder / "state").exists()
    return found


@pytest.mark.timeout(60 + 10 * KILLS)
def test_trainings_killed_at_random_moments_end_with_the_same_weights(
    host: Host, tmp_path: Path
) -> None:
    """Every second kill comes at the very moment at which a state is being written."""
    rng = np.random.default_rng(SEED)
    whole = prepared(tmp_path / "whole")
    begun = time.perf_counter()
    host.start(whole)
    assert host.end() == 0
    length = time.perf_counter() - begun
    expected = files(whole)
    assert {"weights.safetensors", "kept.safetensors"} < set(expected)

    kills = half_written = resumptions = runs = 0
    while kills < KILLS or half_written < KILLS // 3:
        results = prepared(tmp_path / f"run{runs}")
        folder = results / "models" / "unet" / "wbce4" / "seed1"
        runs += 1
        record = folder / "run.json"
        # A kill between the record and the removal of the state leaves both: resume once more.
        while not record.exists() or (folder / "state").exists():
            process = host.start(results)
            if kills < KILLS or half_written < KILLS // 3:
                wait_for_moment(folder / "state", rng.uniform(0, length), half=kills % 2 == 1)
                os.kill(process, signal.SIGKILL)
            code = host.end()
            assert code in (0, -signal.SIGKILL)
            kills += code != 0
            half_written += half_written_states(folder / "state")
        assert files(results) == expected
        resumptions += json.loads(record.read_text(encoding="utf-8"))["resumptions"]
    assert resumptions > 0
    print(
        f"\n{kills} kills, {half_written} of them amid the writing of a state; {runs} trainings, "
        f"{resumptions} resumptions"
    )


def half_written_states(state: Path) -> bool:
    """Whether a state is being written; a training that ends removes the folder."""
    try:
        return bool(list(state.glob(".state.*.tmp.safetensors")))
    except FileNotFoundError:
        return False


def wait_for_moment(state: Path, seconds: float, half: bool) -> None:
    """Wait some seconds; where `half`, on to the moment at which a file is half written."""
    time.sleep(seconds)
    if not half:
        return
    deadline = time.perf_counter() + 0.5
    while time.perf_counter() < deadline:
        if half_written_states(state):
            return
