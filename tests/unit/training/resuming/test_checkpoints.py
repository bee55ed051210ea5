"""Saving: what fails is told."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from calvingfront.errors import TrainingError
from calvingfront.training.resuming.checkpoints import Checkpoints
from calvingfront.training.resuming.state import StateFolder
from full_disk import no_room

FACTS = {"epoch": 3, "batch": 2}


def test_a_full_disk_is_told_with_what_to_do(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path)
    folder.write({"losses": torch.ones(1)}, FACTS)
    checkpoints = Checkpoints(folder, {}, {}, 0)
    at = {"epoch": 1, "batch": 1, "iteration": 1}
    with pytest.raises(TrainingError, match="Free some disk space"), no_room(), checkpoints:
        checkpoints.save({"losses": torch.ones(100_000)}, {}, at)
    _, facts = folder.read() or ({}, {})
    assert facts == FACTS
