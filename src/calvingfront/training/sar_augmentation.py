"""Random variants of a batch, as another pass of a radar could have seen the scene."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from calvingfront.training.feed_source import Batch

SCALE = math.log(1.25)  # natural logarithms of the largest factors
GAIN = GAMMA = math.log(1.35)
TURN = math.radians(15)
SHIFT = 0.1  # of the image's side
# In CaFFe's images the local standard deviation is 0.2 (TSX) to 0.35 (ERS, Envisat, PALSAR) of the
# local mean, up to bright grey levels: their speckle multiplies the grey level.
CONTRAST = 0.3  # largest coefficient of variation of the added speckle, 1 / √looks
LENGTH = 0.3, 1.2  # px, standard deviation of the Gaussian that correlates the speckle
RADIUS = 3  # px, of that Gaussian


def varied(batch: Batch, *seed: int) -> Batch:
    """Return a random variant of each image and its front; `seed` determines all of them.

    images: (b, c, s, s) uint8. Channel 0 is the radar image: it is scaled, turned and moved, its
    grey levels x become gain · x^gamma, and speckle of its own strength and correlation length
    multiplies them. 0, no data, remains 0, as does what lies outside the image; no other pixel
    becomes 0. The other channels are only moved, with zeros outside. Fronts move as well and
    remain lines of about their width, if that is 2 px or more. Zones move with their nearest
    pixel, 0 outside. Distances become those of the moved front, also where that lies outside the
    image; beyond the former image they are those of its edge. Computed on the device; the host
    does not wait for it.
    """
    images, device = batch.images, batch.images.device
    state = np.random.SeedSequence(seed).generate_state(1, np.uint64)
    generator = torch.Generator(device).manual_seed(int(state[0]) >> 1)
    draws = 2 * torch.rand(7, len(images), 1, 1, 1, generator=generator, device=device) - 1
    scale = torch.exp(SCALE * draws[0])
    radar = images[:, :1]
    planes = torch.cat([images.float(), (radar > 0).float(), batch.fronts.float()], dim=1)
    places = _places(
        images.shape[-1], scale, TURN * draws[1], 2 * SHIFT * draws[2], 2 * SHIFT * draws[3]
    )
    moved = functional.grid_sample(planes, places, align_corners=False)
    others, valid, front = moved[:, 1:-2], moved[:, -2:-1], moved[:, -1:]
    grey = moved[:, :1] / (255 * valid.clamp_min(0.5))  # the mean of the valid pixels alone
    grey = torch.exp(GAIN * draws[4]) * grey ** torch.exp(GAMMA * draws[5])
    grey = grey * _speckle(radar.shape, draws[6], generator)
    grey = torch.where(valid >= 0.5, (255 * grey).round().clamp(1, 255), 0)
    # A line 1 px wide becomes a ridge of slope 1 / scale: half a pixel from its top it has this
    # height, so it stays 1 px wide.
    front = front > 1 - 0.5 / scale
    return Batch(
        torch.cat([grey, others.round()], dim=1).to(images.dtype),
        front.to(batch.fronts.dtype),
        _distances(batch.distances, places, scale),
        _zones(batch.zones, places),
    )


def _distances(distances: Tensor, places: Tensor, scale: Tensor) -> Tensor:
    """Enlarging by a factor makes every distance longer by it; turning and moving change none."""
    if not distances.numel():
        return distances
    finite = distances.clamp_max(4.0 * distances.shape[-1])  # infinite without a front
    moved = functional.grid_sample(finite, places, padding_mode="border", align_corners=False)
    return scale * moved


def _zones(zones: Tensor, places: Tensor) -> Tensor:
    if not zones.numel():
        return zones
    moved = functional.grid_sample(zones.float(), places, mode="nearest", align_corners=False)
    return moved.to(zones.dtype)


def _places(size: int, scale: Tensor, turn: Tensor, right: Tensor, down: Tensor) -> Tensor:
    """Where in the image each pixel of its enlarged, turned and moved copy comes from.

    scale, turn (radians), right and down (of half the side): (b, 1, 1, 1). Returns (b, s, s, 2) as
    `functional.grid_sample` reads them.
    """
    centre = (torch.arange(size, device=scale.device) * 2 + 1) / size - 1
    x, y = centre, centre[:, None]
    cos, sin = ((f(turn) / scale)[:, 0] for f in (torch.cos, torch.sin))
    return torch.stack([cos * x - sin * y + right[:, 0], sin * x + cos * y + down[:, 0]], dim=-1)


def _speckle(shape: torch.Size, draw: Tensor, generator: torch.Generator) -> Tensor:
    """Draw correlated, log-normal speckle (b, 1, s, s) of mean 1.

    draw: (b, 1, 1, 1), −1 to 1, for the strength of each image's.
    """
    b, _, height, width = shape
    device = draw.device
    lowest, highest = LENGTH
    length = lowest + (highest - lowest) * torch.rand(
        b, 1, 1, 1, generator=generator, device=device
    )
    around = height + 2 * RADIUS, width + 2 * RADIUS
    noise = torch.randn(b, 1, *around, generator=generator, device=device)
    taps = torch.exp(-0.5 * (torch.arange(-RADIUS, RADIUS + 1, device=device) / length) ** 2)
    taps = taps / taps.square().sum(-1, keepdim=True).sqrt()  # leaves the variance 1
    for axis, size in ((-2, height), (-1, width)):
        noise = sum(
            (taps[..., k : k + 1] * noise.narrow(axis, k, size) for k in range(2 * RADIUS + 1)),
            start=torch.zeros((), device=device),
        )
    variance = torch.log1p((CONTRAST * (draw + 1) / 2) ** 2)
    return torch.exp(variance.sqrt() * noise - variance / 2)
