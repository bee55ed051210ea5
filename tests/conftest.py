"""Fixtures that tests of every part share: the real data, and a builder of tiny archives."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from builders import line_mask, speckled, write_image

REPOSITORY = Path(__file__).resolve().parents[1]

CaffeBuilder = Callable[..., Path]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data (docs/test_data.md); the test is skipped where it is absent."""
    folder = Path(os.environ.get("CALVINGFRONT_TEST_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("no real data: CALVINGFRONT_TEST_DATA names no folder (docs/test_data.md)")
    return folder


@pytest.fixture
def caffe_folder(tmp_path: Path) -> CaffeBuilder:
    """A builder of a tiny folder in CaFFe's layout: `caffe_folder("SI_2004-…_381", …)`."""

    def build(*names: str, height: int = 40, width: int = 48) -> Path:
        folder = tmp_path / "caffe"
        (folder / "sar_images").mkdir(parents=True, exist_ok=True)
        (folder / "fronts").mkdir(exist_ok=True)
        groups: list[tuple[str, ...]] = []
        for seed, name in enumerate(names):
            row = 5 + seed % (height - 10)
            group = tuple(name.split("_")[::3])  # each glacier and resolution has its own size
            groups += [] if group in groups else [group]
            across = width + 3 * groups.index(group)
            write_image(
                folder / "sar_images" / "train" / f"{name}.png", speckled(height, across, seed)
            )
            write_image(
                folder / "fronts" / "train" / f"{name}_front.png", line_mask(height, across, row)
            )
        return folder

    return build
