"""The settings of a network."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from calvingfront.networks.blocks import Variant


@dataclass(frozen=True)
class NetworkSettings:
    """Which network to build; see config/README.md, `networks`. The defaults are the paper's.

    width: channels of the finest level, doubled at each of the `depth` downsampling steps.
    front_prior: front probability predicted by the untrained head; None leaves its bias at zero,
    as in the paper. A prior close to the true share of front pixels saves the epochs in which a
    network only learns that most pixels are background (Lin et al. 2017, Focal Loss for Dense
    Object Detection, section 3.3).
    deep_supervision: whether each coarser level of the decoder has a head that is trained as well.
    auxiliary: what is learnt beside the front, keys of `vocabulary.auxiliary.TASKS`.
    """

    model: str
    variant: Variant = "paper"
    width: int = 32
    depth: int = 4
    kernel: int = 5
    batch_norm_momentum: float = 0.01
    front_prior: float | None = None
    deep_supervision: bool = False
    auxiliary: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        # A configuration and a record give a list.
        object.__setattr__(self, "auxiliary", tuple(self.auxiliary))

    def as_record(self) -> dict[str, Any]:
        """Return the settings as plain JSON values; without `auxiliary` if there is none."""
        record = asdict(self) | {"auxiliary": list(self.auxiliary)}
        if not self.auxiliary:
            del record["auxiliary"]
        return record
