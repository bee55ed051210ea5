"""Trainings that start from other weights are made anew when these change, and only then."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from calvingfront.errors import ConfigError
from calvingfront.networks.weights import read_weights, save_weights
from calvingfront.pipeline import commands
from calvingfront.pipeline.judging import stale_outputs, why_unfit
from calvingfront.pipeline.parameters import notes_of
from calvingfront.pipeline.results import Results
from calvingfront.vocabulary.runs import Run
from packed import band, write_packed, write_split
from resolved import RESOLVED

UNET = Run("unet", "bce", 1)
WEIGHTS = "models/unet/bce/seed1/weights.safetensors"


def config(start: Path | None) -> dict[str, Any]:
    given = None if start is None else str(start)
    return RESOLVED | {"training": RESOLVED["training"] | {"start_from": given}}


def write_data(results: Path, prefix: str) -> Results:
    dataset, names = results / "dataset", [f"{prefix}{k}" for k in range(4)]
    write_packed(dataset, np.stack([band(16, row, 3) for row in (2, 4, 6, 8)]), scene=names)
    write_split(dataset, train=names[:2], validation=names[2:3], test=names[3:])
    (dataset / "config.yaml").write_text(yaml.safe_dump(config(None)), encoding="utf-8")
    return Results(results, config(None))


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Results]:
    """The results to start from, and those of one training that has started there."""
    commands.train(write_data(tmp_path / "simulated", "sim"), UNET)
    real = write_data(tmp_path / "real", "s")._replace(config=config(tmp_path / "simulated"))
    commands.train(real, UNET)
    assert why_unfit(real, "train_network", UNET) is None
    return tmp_path / "simulated", real


def test_moved_weights_make_nothing_anew_and_changed_ones_do(
    places: tuple[Path, Results], tmp_path: Path
) -> None:
    start, real = places
    moved = real._replace(config=config(tmp_path / "moved"))
    shutil.move(start, tmp_path / "moved")
    assert why_unfit(moved, "train_network", UNET) is None
    assert why_unfit(real, "train_network", UNET) is None  # they may have stayed elsewhere
    one = moved._replace(config=config(tmp_path / "moved/models/unet/bce/seed1"))
    assert why_unfit(one, "train_network", UNET) is None
    state = read_weights(tmp_path / "moved" / WEIGHTS)
    save_weights({name: value + 1 for name, value in state.items()}, tmp_path / "moved" / WEIGHTS)
    why = why_unfit(moved, "train_network", UNET)
    assert why is not None
    assert why.startswith("start_weights was ")
    assert moved.place(WEIGHTS) in stale_outputs(moved)
    commands.train(moved, UNET)
    assert why_unfit(moved, "train_network", UNET) is None


def test_another_start_or_none_makes_the_training_anew(
    places: tuple[Path, Results], tmp_path: Path
) -> None:
    _, real = places
    before = Path(real.place(WEIGHTS)).read_bytes()
    without = real._replace(config=config(None))
    why = why_unfit(without, "train_network", UNET)
    assert why is not None
    assert "is None in the configuration" in why
    commands.train(without, UNET)
    assert Path(real.place(WEIGHTS)).read_bytes() != before
    why = why_unfit(real, "train_network", UNET)
    assert why is not None
    assert why.startswith("start_weights was None")


def test_a_finished_training_without_a_start_does_not_pass_for_one_with(tmp_path: Path) -> None:
    """Though the start that is asked for is not there."""
    real = write_data(tmp_path / "real", "s")
    commands.train(real, UNET)
    asked = real._replace(config=config(tmp_path / "nowhere"))
    why = why_unfit(asked, "train_network", UNET)
    assert why == "start_weights was None, and is missing in the configuration"
    with pytest.raises(ConfigError, match="holds no trained network"):
        commands.train(asked, UNET)


def test_results_of_an_earlier_version_know_no_start(tmp_path: Path) -> None:
    """Their configuration lacks the key, and they fit as before."""
    real = write_data(tmp_path / "real", "s")._replace(config=RESOLVED)
    commands.train(real, UNET)
    assert why_unfit(real, "train_network", UNET) is None
    assert why_unfit(real._replace(config=config(None)), "train_network", UNET) is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("results/simulated", "results/simulated"),
        ("/data/results/simulated", "simulated"),  # what lies above is of this machine only
        ("/data/sim/models/unet/bce/seed1", "sim/models/unet/bce/seed1"),
        ("shipped", "shipped"),
    ],
)
def test_the_tables_say_where_the_trainings_started(given: str, said: str) -> None:
    assert notes_of(config(Path(given))) == [f"Trainings start from the weights in {said}."]


def test_without_a_start_the_tables_say_nothing() -> None:
    assert not notes_of(config(None))
