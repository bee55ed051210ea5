"""Fixtures that tests of every part share: the real data, and a builder of tiny archives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from builders import line_mask, speckled, write_image

REPOSITORY = Path(__file__).resolve().parents[1]

CaffeBuilder = Callable[..., Path]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the repository; the test is skipped where it is absent."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real data (../shared/data beside the repository) are not here")
    return folder


@pytest.fixture
def caffe_folder(tmp_path: Path) -> CaffeBuilder:
    """A builder of a tiny folder in CaFFe's layout: `caffe_folder("SI_2004-…_381", …)`."""

    def build(*names: str, height: int = 40, width: int = 48) -> Path:
        folder = tmp_path / "caffe"
        (folder / "sar_images").mkdir(parents=True, exist_ok=True)
        (folder / "fronts").mkdir(exist_ok=True)
        for seed, name in enumerate(names):
            row = 5 + seed % (height - 10)
            write_image(
                folder / "sar_images" / "train" / f"{name}.png", speckled(height, width, seed)
            )
            write_image(
                folder / "fronts" / "train" / f"{name}_front.png", line_mask(height, width, row)
            )
        return folder

    return build
