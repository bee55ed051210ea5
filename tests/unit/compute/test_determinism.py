from __future__ import annotations

import os

import pytest
import torch

from calvingfront.compute.determinism import deterministic_algorithms


def flags() -> tuple[bool, bool, bool]:
    cudnn = torch.backends.cudnn
    return torch.are_deterministic_algorithms_enabled(), cudnn.deterministic, cudnn.benchmark


@pytest.fixture(autouse=True)
def before(monkeypatch: pytest.MonkeyPatch) -> None:
    # Set first, so that what the block sets does not outlive the test.
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", "")
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG")
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", True)


def test_determinism_holds_while_the_block_runs_and_an_error_ends_it() -> None:
    def fail() -> None:
        with deterministic_algorithms(True):
            assert flags() == (True, True, False)
            assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
            raise RuntimeError("the training failed")

    with pytest.raises(RuntimeError, match="the training failed"):
        fail()
    assert flags() == (False, False, True)


def test_nothing_changes_where_it_is_not_wanted() -> None:
    with deterministic_algorithms(False):
        assert flags() == (False, False, True)
        assert "CUBLAS_WORKSPACE_CONFIG" not in os.environ
