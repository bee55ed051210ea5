"""The variant `released`: front masks equal those of the authors' published procedure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from builders import speckled, write_image
from calvingfront.evaluation.others.grid import on_sample
from calvingfront.fronts.thinning import thin
from calvingfront.samples.fronts import dilate_file, prepare_front, thin_thick
from calvingfront.samples.geometry import square_grid
from calvingfront.samples.square import read_sample, resize_image, square_file, square_front

SIZE, WIDTH = 512, 6
# Long and short sides of the paper's images, and some that are square or smaller than the sample.
SHAPES = ((4581, 3435), (1146, 860), (700, 2291), (458, 344), (333, 512), (512, 512), (901, 901))


def authors(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """What the published code does to a mask, in OpenCV's own functions.

    Dilate by a square of int(long side / 512 · 6), shrink to 512 with the short side truncated,
    nearest neighbour, pad at the bottom and right.
    """
    height, width = mask.shape
    side = int(max(height, width) / SIZE * WIDTH)
    wide = cv2.dilate(mask.astype(np.uint8) * 255, np.ones((side, side), np.uint8), iterations=1)
    down, across = (int(n * SIZE / max(height, width)) for n in (height, width))
    small = cv2.resize(wide, dsize=(across, down), interpolation=cv2.INTER_NEAREST)
    square = cv2.copyMakeBorder(
        small, 0, SIZE - down, 0, SIZE - across, cv2.BORDER_CONSTANT, value=0
    )
    return np.asarray(square, np.bool_)


def drawn(height: int, width: int, seed: int, connectivity: int = 8) -> npt.NDArray[np.bool_]:
    """Two lines from the left to the right edge, one pixel wide."""
    random = np.random.default_rng(seed)
    mask = np.zeros((height, width), np.uint8)
    for middle in (0.3, 0.7):
        x = np.linspace(0, width - 1, 12).astype(np.int32)
        y = (height * (middle + 0.05 * random.standard_normal(12))).astype(np.int32)
        points = np.stack([x, y], axis=1).reshape(-1, 1, 2)
        cv2.polylines(mask, [points], False, 255, thickness=1, lineType=connectivity)
    return mask > 0


def ours(mask: npt.NDArray[np.bool_], variant: str = "released") -> npt.NDArray[np.bool_]:
    grid = square_grid(*mask.shape, 20.0, 20.0, SIZE, variant)
    return square_front(prepare_front(mask, 20.0, 20.0, SIZE, WIDTH, variant), grid, WIDTH, variant)


@pytest.mark.parametrize("connectivity", [4, 8])
@pytest.mark.parametrize("shape", SHAPES)
def test_masks_equal_those_of_the_authors(shape: tuple[int, int], connectivity: int) -> None:
    for seed in range(3):
        mask = drawn(*shape, seed, connectivity)
        np.testing.assert_array_equal(ours(mask), authors(mask))
    if max(shape) != SIZE:
        assert (ours(mask, "paper") != authors(mask)).any()


def test_nearest_sampling_takes_the_pixel_at_the_upper_left_of_the_step() -> None:
    """Of a step of three pixels the first counts; by centres it would be the second."""
    mask = np.zeros((3 * SIZE, 3 * SIZE), np.bool_)
    mask[300] = True
    grid = square_grid(*mask.shape, 10.0, 10.0, SIZE, "released")
    found = np.flatnonzero(square_front(mask, grid, WIDTH, "released").any(axis=1))
    assert found.tolist() == [100]


def test_only_lines_wider_than_a_pixel_are_thinned() -> None:
    stairs = np.zeros((40, 40), np.bool_)  # one pixel wide, with corners
    for k in range(15):
        stairs[k, k : k + 2] = True
    wide = np.zeros((40, 40), np.bool_)
    wide[25:28, 2:38] = True
    both = stairs | wide
    np.testing.assert_array_equal(thin_thick(stairs), stairs)
    np.testing.assert_array_equal(thin_thick(wide), thin(wide))
    np.testing.assert_array_equal(thin_thick(both), stairs | thin(wide))
    assert (thin(stairs) != stairs).any()
    junction = stairs.copy()  # a few pixels in blocks make no wide line
    junction[7:9, 7:10] = True
    np.testing.assert_array_equal(thin_thick(junction), junction)
    assert not thin_thick(np.zeros((3, 3), np.bool_)).any()


def test_a_line_of_a_shrunk_copy_gives_the_width_of_the_sample() -> None:
    """CaFFe's copies of 256 px have lines of two to four pixels; the authors' have one."""
    line = np.zeros((256, 256), np.bool_)
    line[100:103] = True
    assert ours(line).sum(axis=0).max() == 2 * int(256 / SIZE * WIDTH)


def sample(folder: Path, mask: npt.NDArray[np.bool_], variant: str) -> tuple[Any, dict[str, Any]]:
    height, width = mask.shape
    write_image(folder / "front.png", mask.astype(np.uint8) * 255)
    write_image(folder / "image.png", speckled(height, width, 1))
    dilate_file(folder / "front.png", 20.0, 20.0, SIZE, WIDTH, folder / "wide.png", variant)
    square_file(folder / "image.png", folder / "wide.png", "a", 20.0, 20.0, SIZE, WIDTH,
                folder / "a.npz", variant)  # fmt: skip
    _, front, _, meta = read_sample(folder / "a.npz")
    return front, meta


def test_the_files_of_the_workflow_and_masks_of_others_go_the_same_way(tmp_path: Path) -> None:
    mask = drawn(1146, 860, 5)
    front, meta = sample(tmp_path, mask, "released")
    np.testing.assert_array_equal(front > 0, authors(mask))
    facts = json.loads(json.dumps(meta))
    np.testing.assert_array_equal(on_sample(mask, facts, SIZE), authors(mask))
    paper, _ = sample(tmp_path, mask, "paper")
    np.testing.assert_array_equal(paper > 0, ours(mask, "paper"))


def test_images_equal_those_of_the_authors_too() -> None:
    image = speckled(1146, 860, 3)
    grid = square_grid(1146, 860, 20.0, 20.0, SIZE, "released")
    small = cv2.resize(image, dsize=(int(860 * 512 / 1146), 512), interpolation=cv2.INTER_LINEAR)
    square = resize_image(image, grid, "released")
    np.testing.assert_array_equal(square[:, : small.shape[1]], small)
    assert not square[:, small.shape[1] :].any()
