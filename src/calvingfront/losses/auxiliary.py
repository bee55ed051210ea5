"""The losses of what a network learns beside the front: zones, and the distance to the front."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from calvingfront.vocabulary.auxiliary import DISTANCE, KNOWN_ZONES, ZONES

# Of the side of a sample: 16 px of 256. Wide enough to tell where the front is from afar, narrow
# enough that the places that matter are not lost among the others.
REACH = 1 / 16


def closeness(distances: Tensor, size: int) -> Tensor:
    """exp(−d / r): 1 on the front, 1/e at r = `REACH` of the side, and 0 without a front.

    It falls off smoothly: unlike min(d, r) / r it has no kink that a network would have to learn,
    and unlike d itself it gives pixels far from the front, which say little, hardly any weight.
    distances: px, any shape, infinite without a front. size: of the sample, px.
    """
    return torch.exp(-distances / (REACH * size))


def zone_loss(logits: Tensor, zones: Tensor) -> Tensor:
    """Compute the mean cross-entropy over the pixels whose zone is known; 0 if none is.

    logits: (b, 3, s, s). zones: (b, 1, s, s) uint8: 0 not known, 1 rock, 2 glacier, 3 ocean.
    """
    # Not functional.cross_entropy, which has no deterministic way on a GPU.
    known = torch.arange(1, 1 + len(KNOWN_ZONES), device=zones.device)
    own = zones == known[:, None, None]
    total: Tensor = -(functional.log_softmax(logits.float(), dim=1) * own).sum()
    return total / own.sum().clamp_min(1)


def distance_loss(logits: Tensor, distances: Tensor, data: Tensor) -> Tensor:
    """Compute the mean Kullback–Leibler divergence of a predicted closeness from the true one.

    It is the cross-entropy less its least value: 0 where the prediction is true, and its gradient
    is their difference, however sure the network is. logits, distances (px), data: (b, 1, s, s);
    pixels where `data` is False do not count.
    """
    x = logits.float()
    true = closeness(distances.to(x.dtype), x.shape[-1])
    least: Tensor = torch.special.entr(true) + torch.special.entr(1 - true)
    cost = functional.binary_cross_entropy_with_logits(x, true, reduction="none") - least
    return (cost * data).sum() / data.sum().clamp_min(1)


def auxiliary_losses(
    logits: dict[str, Tensor], images: Tensor, distances: Tensor, zones: Tensor
) -> dict[str, Tensor]:
    """Compute the loss of each task, by task.

    logits: task → (b, c, s, s). images: (b, ·, s, s), channel 0 is 0 where there is no data.
    distances, zones: (b, 1, s, s); empty if no task needs them.
    """
    losses = {}
    if ZONES in logits:
        losses[ZONES] = zone_loss(logits[ZONES], zones)
    if DISTANCE in logits:
        losses[DISTANCE] = distance_loss(logits[DISTANCE], distances, images[:, :1] > 0)
    return losses
