"""The eightfold augmentation of the training set, on the device that holds the data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from calvingfront.vocabulary.augmentations import COPIES as COPIES

Augmentation = Literal["paper", "released", "none", "sar"]

Pixels = npt.NDArray[Any]


def transform(batch: Tensor, code: int, shifted: bool = False) -> Tensor:
    """Flip (code ≥ 4) top to bottom, then rotate anticlockwise by 90° · (code mod 4).

    batch: (…, s, s). Nothing is resampled, so values are unchanged. shifted: rotate about the pixel
    (s/2, s/2) instead of the image's centre, as the released code does; this moves the image by one
    pixel and leaves a row or column of zeros behind.
    """
    turns = code % 4
    if code >= 4:
        batch = batch.flip(-2)
    if turns:
        batch = torch.rot90(batch, turns, (-2, -1))
    if shifted and turns:
        moved = torch.zeros_like(batch)
        down, right = _shift(code)
        height, width = batch.shape[-2:]
        moved[..., down:, right:] = batch[..., : height - down, : width - right]
        batch = moved
    return batch


def _shift(code: int) -> tuple[int, int]:
    """Return how far the released rotation moves a copy down and to the right, px."""
    return int(code % 4 in (1, 2)), int(code % 4 in (2, 3))


class Copier:
    """Makes batches of the augmented set from the plain samples, on the device that holds these.

    size: side of the samples, px; otherwise as in `transform`. Items are positions in the augmented
    set of n · copies images: item = image · copies + code.
    """

    def __init__(self, size: int, copies: int, shifted: bool, device: torch.device) -> None:
        self.size, self.copies, self.shifted = size, copies, shifted
        self._take = self._on_host if device.type == "cpu" else self._by_index
        # A copy is a walk through the plain image's pixels: the index of its first pixel, and the
        # increments of the index for one step down and one step to the right.
        pixels = torch.arange(size * size).reshape(size, size)
        walks = torch.stack([transform(pixels, code) for code in range(copies)])
        start = walks[:, 0, 0]
        down, right = walks[:, 1, 0] - start, walks[:, 0, 1] - start
        shifts = torch.tensor([_shift(code) if shifted else (0, 0) for code in range(copies)])
        start = start - shifts[:, 0] * down - shifts[:, 1] * right
        self._walks = torch.stack([start, down, right, *shifts.T], dim=1).to(device)
        self._line = torch.arange(size, device=device)

    def take(self, items: Tensor, *data: Tensor) -> list[Tensor]:
        """Return the items (b,) of each tensor in `data` (n, c, s, s), each (b, c, s, s).

        The items must be on the device of the data; the host does not wait for a GPU.
        """
        if self.copies == 1:
            return [part.index_select(0, items) for part in data]
        return self._take(items, *data)

    def _by_index(self, items: Tensor, *data: Tensor) -> list[Tensor]:
        """Gather from each tensor with one set of indices."""
        code = items % self.copies
        start, down, right, lower, left = self._walks[code].T[..., None]
        walk = (start + down * self._line)[:, :, None] + (right * self._line)[:, None, :]
        image = (items // self.copies)[:, None]
        indices = {}
        for channels in {part.shape[1] for part in data}:
            planes = image * channels + torch.arange(channels, device=items.device)
            indices[channels] = walk[:, None] + planes[:, :, None, None] * self.size**2
        if not self.shifted:
            return [torch.take(part, indices[part.shape[1]]) for part in data]
        inside = (self._line >= lower)[:, :, None] & (self._line >= left)[:, None, :]
        inside = inside[:, None]
        indices = {key: torch.where(inside, index, 0) for key, index in indices.items()}
        return [torch.where(inside, torch.take(part, indices[part.shape[1]]), 0) for part in data]

    def _on_host(self, items: Tensor, *data: Tensor) -> list[Tensor]:
        """Turn image by image: with OpenCV this is three times as fast as gathering by index."""
        pairs = [divmod(item, self.copies) for item in items.tolist()]  # image, code
        taken = [part.new_empty((len(pairs), *part.shape[1:])) for part in data]
        for part, target in zip(data, taken, strict=True):
            source = part.numpy()
            for copies, (image, code) in zip(target.numpy(), pairs, strict=True):
                for plane, copy in zip(source[image], copies, strict=True):
                    _TURNS[code](plane, copy)
                    if self.shifted:
                        _move(copy, *_shift(code))
        return taken


# For each code, a function that writes the copy of an image (s, s) into `out`.
_TURNS: dict[int, Callable[[Pixels, Pixels], object]] = {
    0: lambda image, out: np.copyto(out, image),
    1: lambda image, out: cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE, out),
    2: lambda image, out: cv2.rotate(image, cv2.ROTATE_180, out),
    3: lambda image, out: cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE, out),
    4: lambda image, out: cv2.flip(image, 0, out),
    5: lambda image, out: cv2.rotate(cv2.transpose(image), cv2.ROTATE_180, out),
    6: lambda image, out: cv2.flip(image, 1, out),
    7: lambda image, out: cv2.transpose(image, out),
}


def _move(image: Pixels, down: int, right: int) -> None:
    """Move an image in place by 0 or 1 px, leaving zeros behind."""
    if down or right:
        height, width = image.shape
        image[down:, right:] = image[: height - down, : width - right].copy()
        image[:down] = 0
        image[:, :right] = 0
