"""Copies of weights: as they were when they were taken."""

from __future__ import annotations

import torch

from calvingfront.training.resuming.snapshot import Snapshot


def test_a_snapshot_does_not_follow_its_tensors() -> None:
    tensor = torch.ones(2, 3, 4, 4).contiguous(memory_format=torch.channels_last)
    snapshot = Snapshot({"a": tensor})
    tensor.zero_()
    copied = snapshot.tensors()["a"]
    assert copied.is_contiguous()
    assert torch.equal(copied, torch.ones(2, 3, 4, 4))
