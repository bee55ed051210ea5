"""One small world for all tests of the simulator."""

from __future__ import annotations

from pathlib import Path

import pytest

from calvingfront.simulation.world.world import World, build_world

EXTENT_M = 8000.0


@pytest.fixture(scope="session")
def world_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("archive") / "world.npz"
    build_world(glaciers=2, seed=1, extent_m=EXTENT_M, output=path)
    return path


@pytest.fixture(scope="session")
def world(world_file: Path) -> World:
    return World.load(world_file)
