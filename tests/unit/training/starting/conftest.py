"""Results to start from, and the data of those that start."""

from __future__ import annotations

from pathlib import Path

import pytest

from started import TRAINING, run, write_data


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    results = tmp_path_factory.mktemp("simulated")
    write_data(results / "dataset", "SIMA", "sim")
    for seed in (1, 2):
        run(results, seed=seed, training={**TRAINING, "learning_rate_max": 0.02})
    return results


@pytest.fixture
def real(tmp_path: Path) -> Path:
    write_data(tmp_path / "real" / "dataset", "SI", "s")
    return tmp_path / "real"
