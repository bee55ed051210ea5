"""The eight copies of an image: exact, distinct, and the released code's shift."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from calvingfront.training.augmentation import COPIES, Copier, transform

CPU = torch.device("cpu")


def image(size: int = 6) -> torch.Tensor:
    """Every pixel another value, none of them zero."""
    return torch.arange(1, size * size + 1, dtype=torch.float32).reshape(1, 1, size, size)


def test_the_paper_makes_144_images_1152() -> None:
    assert 144 * COPIES["paper"] == 1152
    assert (COPIES["released"], COPIES["none"]) == (8, 1)


def test_eight_copies_are_distinct_permutations_of_the_pixels() -> None:
    copies = [transform(image(), code) for code in range(8)]
    for copy in copies:
        assert torch.equal(copy.flatten().sort().values, image().flatten())
    assert len({tuple(copy.flatten().tolist()) for copy in copies}) == 8
    assert torch.equal(copies[0], image())


def test_codes_are_rotations_anticlockwise_after_a_flip_top_to_bottom() -> None:
    small = torch.tensor([[1, 2], [3, 4]])
    expected = {
        0: [[1, 2], [3, 4]],
        1: [[2, 4], [1, 3]],
        2: [[4, 3], [2, 1]],
        3: [[3, 1], [4, 2]],
        4: [[3, 4], [1, 2]],
        5: [[4, 2], [3, 1]],
        6: [[2, 1], [4, 3]],
        7: [[1, 3], [2, 4]],
    }
    assert {code: transform(small, code).tolist() for code in range(8)} == expected


@pytest.mark.parametrize("code", range(8))
def test_every_copy_can_be_turned_back(code: int) -> None:
    copy = transform(image(), code)
    # A copy that begins with a flip undoes itself; a plain rotation needs the rest of the turn.
    back = transform(copy, code if code >= 4 else (4 - code) % 4)
    assert torch.equal(back, image())


def test_image_and_mask_of_a_batch_turn_together() -> None:
    batch = torch.cat([image(), image() * 100])
    for code in range(8):
        turned = transform(batch, code)
        assert torch.equal(turned[1], turned[0] * 100)


@pytest.mark.parametrize("code", range(8))
@pytest.mark.parametrize("size", [4, 6])
def test_released_copies_turn_about_the_pixel_s_half_as_opencv_does(code: int, size: int) -> None:
    original = image(size)[0, 0].numpy()
    flipped = original[::-1] if code >= 4 else original
    matrix = cv2.getRotationMatrix2D((size / 2, size / 2), 90.0 * (code % 4), 1.0)
    matrix = np.round(matrix)  # cos 90° is 6e-17 in floating point
    expected = cv2.warpAffine(
        np.ascontiguousarray(flipped), matrix, (size, size), flags=cv2.INTER_NEAREST
    )
    turned = transform(image(size), code, shifted=True)[0, 0].numpy()
    np.testing.assert_array_equal(turned, expected)


@pytest.mark.parametrize(("code", "lost"), [(0, 0), (1, 6), (2, 11), (3, 6), (4, 0), (6, 11)])
def test_released_rotation_leaves_zeros_behind(code: int, lost: int) -> None:
    turned = transform(image(6), code, shifted=True)
    assert int((turned == 0).sum()) == lost


def take(
    data: torch.Tensor, items: list[int], copies: int = 8, shifted: bool = False
) -> torch.Tensor:
    copier = Copier(data.shape[-1], copies, shifted, CPU)
    (taken,) = copier.take(torch.tensor(items), data)
    return taken


@pytest.mark.parametrize("where", ["host", "GPU"])
@pytest.mark.parametrize("shifted", [False, True])
@pytest.mark.parametrize("size", [2, 7, 32])
def test_copies_are_what_their_definition_says_to_the_bit(
    where: str, shifted: bool, size: int
) -> None:
    """The way of a GPU, through indices, is walked on the CPU here."""
    rng = np.random.default_rng(size)
    images = torch.from_numpy(rng.integers(1, 256, (3, 1, size, size)).astype(np.uint8))
    distances = torch.from_numpy(rng.random((3, 1, size, size)).astype(np.float32))
    distances[1] = torch.inf
    items = torch.from_numpy(rng.permutation(24))
    copier = Copier(size, 8, shifted, CPU)
    way = copier._by_index if where == "GPU" else copier.take
    for data, taken in zip((images, distances), way(items, images, distances), strict=True):
        expected = [transform(data[i // 8], i % 8, shifted) for i in items.tolist()]
        assert taken.dtype == data.dtype
        assert torch.equal(taken, torch.stack(expected))


def test_a_copier_takes_image_and_copy_from_one_number() -> None:
    data = torch.cat([image(), image() + 100, image() + 200])
    batch = take(data, [0, 9, 23, 16])
    assert batch.shape == (4, 1, 6, 6)
    for taken, (k, code) in zip(batch, [(0, 0), (1, 1), (2, 7), (2, 0)], strict=True):
        assert torch.equal(taken, transform(data[k], code))


def test_without_copies_the_images_come_as_they_are() -> None:
    data = torch.cat([image(), image() + 100])
    assert torch.equal(take(data, [1, 0], copies=1), data.flip(0))


def test_the_items_cover_the_augmented_set_exactly_once() -> None:
    data = torch.cat([image(), image() + 100])
    batch = take(data, list(range(16)))
    assert len({tuple(taken.flatten().tolist()) for taken in batch}) == 16
