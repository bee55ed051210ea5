"""Predictions of several networks in the eight orientations of an image."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from calvingfront.networks.inputs import to_input
from calvingfront.networks.unet import UNet

ORIENTATIONS = 8
PIXELS_AT_ONCE = 2**20  # of all images in a batch on a GPU, which bounds the memory


@torch.no_grad()
def member_probabilities(
    image: npt.NDArray[np.uint8],
    networks: Sequence[UNet],
    device: torch.device,
    orientations: int = ORIENTATIONS,
) -> npt.NDArray[np.float32]:
    """Predict an image (s, s) with every network in every orientation.

    networks: on `device`, in evaluation mode. orientations: 1, the image as it is, or up to 8: it
    is rotated by 90° · k and, from the fifth, mirrored first; predictions are turned back.
    Returns (networks · orientations, s, s), 0…1, network by network.
    """
    plain = to_input(torch.from_numpy(np.array(image))[None, None].to(device))
    size = image.shape[-1]
    at_once = images_at_once(device, size)
    copies = [turned(plain, code) for code in range(orientations)]
    out = np.empty((len(networks) * orientations, size, size), np.float32)

    @torch.no_grad()  # which holds for one thread
    def fill(job: tuple[int, int]) -> None:
        number, first = job
        values = torch.sigmoid(networks[number](torch.cat(copies[first : first + at_once])))
        for code, value in enumerate(values, start=first):
            row = number * orientations + code
            out[row] = turned_back(value, code)[0].float().cpu().numpy()

    jobs = [
        (number, first)
        for number in range(len(networks))
        for first in range(0, orientations, at_once)
    ]
    threads = torch.get_num_threads()
    if device.type != "cpu" or threads == 1 or len(jobs) == 1:
        for job in jobs:
            fill(job)
        return out
    # A thread for each image: threads that share a layer wait for each other, on a busy machine for
    # most of the time, and the last digits depend on their number.
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(fill, jobs))
    finally:
        torch.set_num_threads(threads)
    return out


def images_at_once(device: torch.device, size: int) -> int:
    """How many images (size, size) form a batch."""
    # A CPU gains nothing from a batch, whose layers no longer fit into caches and heap.
    return 1 if device.type == "cpu" else max(1, PIXELS_AT_ONCE // size**2)


def turned(image: Tensor, code: int) -> Tensor:
    """Bring images (…, s, s) into one of the eight orientations."""
    image = image.flip(-2) if code >= 4 else image
    return torch.rot90(image, code % 4, (-2, -1))


def turned_back(image: Tensor, code: int) -> Tensor:
    """Undo `turned`."""
    image = torch.rot90(image, -(code % 4), (-2, -1))
    return image.flip(-2) if code >= 4 else image
