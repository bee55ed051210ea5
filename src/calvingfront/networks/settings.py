"""The numbers that make a network."""

from __future__ import annotations

from dataclasses import dataclass

from calvingfront.networks.blocks import Variant


@dataclass(frozen=True)
class NetworkSettings:
    """Which network is built; see config/README.md, `networks`. The defaults are the paper's.

    width: channels of the finest level, doubled at each of the `depth` down-samplings.
    front_prior: probability of front that the untrained head starts from; None leaves its bias at
    zero, as the paper's networks have it. A prior near the front's true share spares the epochs in
    which a network learns no more than that most pixels are background (Lin et al. 2017, Focal
    Loss for Dense Object Detection, section 3.3).
    """

    model: str
    variant: Variant = "paper"
    width: int = 32
    depth: int = 4
    kernel: int = 5
    batch_norm_momentum: float = 0.01
    front_prior: float | None = None
