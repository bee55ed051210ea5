"""Predictions of several networks in the eight orientations of an image."""

from __future__ import annotations

from collections.abc import Sequence

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
    # A CPU gains nothing from a batch, and its layers no longer fit into caches and heap.
    at_once = 1 if device.type == "cpu" else max(1, PIXELS_AT_ONCE // size**2)
    copies = [turned(plain, code) for code in range(orientations)]
    out = np.empty((len(networks) * orientations, size, size), np.float32)
    row = 0
    for network in networks:
        for first in range(0, orientations, at_once):
            batch = torch.cat(copies[first : first + at_once])
            values = torch.sigmoid(network(batch))
            for code, value in enumerate(values, start=first):
                out[row] = turned_back(value, code)[0].float().cpu().numpy()
                row += 1
    return out


def turned(image: Tensor, code: int) -> Tensor:
    """Bring images (…, s, s) into one of the eight orientations."""
    image = image.flip(-2) if code >= 4 else image
    return torch.rot90(image, code % 4, (-2, -1))


def turned_back(image: Tensor, code: int) -> Tensor:
    """Undo `turned`."""
    image = torch.rot90(image, -(code % 4), (-2, -1))
    return image.flip(-2) if code >= 4 else image
