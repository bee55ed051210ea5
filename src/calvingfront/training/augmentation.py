"""The eight-fold augmentation of the training set, on whatever device the data lies."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

Augmentation = Literal["paper", "released", "none"]

COPIES: dict[str, int] = {"paper": 8, "released": 8, "none": 1}


def transform(batch: Tensor, code: int, shifted: bool = False) -> Tensor:
    """Flip (code ≥ 4) top to bottom, then rotate anticlockwise by 90° · (code mod 4).

    batch: (…, s, s). No resampling: every value stays what it is. shifted: rotate about the pixel
    (s/2, s/2) instead of the image's centre, as the released code does: what moves by a pixel
    leaves a row or column of zeros behind.
    """
    turns = code % 4
    if code >= 4:
        batch = batch.flip(-2)
    if turns:
        batch = torch.rot90(batch, turns, (-2, -1))
    if shifted and turns:
        moved = torch.zeros_like(batch)
        down, right = int(turns in (1, 2)), int(turns in (2, 3))
        height, width = batch.shape[-2:]
        moved[..., down:, right:] = batch[..., : height - down, : width - right]
        batch = moved
    return batch


def gather(data: Tensor, items: list[int], copies: int, shifted: bool) -> Tensor:
    """Take a batch of the augmented set out of the plain one.

    data: (n, 1, s, s); items: positions in the augmented set of n · copies images, where item =
    image · copies + code. Returns (len(items), 1, s, s).
    """
    return torch.stack([transform(data[i // copies], i % copies, shifted) for i in items])
