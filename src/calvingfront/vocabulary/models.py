"""What makes a prediction: the networks, the baselines, which need no network, and others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from calvingfront.vocabulary.others import NOBODY, Printed

# What a network reads.
IMAGE, IMAGE_AND_HISTORY, HISTORY = "image", "image+history", "history"


@dataclass(frozen=True)
class Model:
    """One network, or one baseline: a rule that predicts without a network.

    name:   as written in the configuration and in result folders.
    label:  printed name.
    colour: in figures.
    code:   the network's class or the baseline's function: the object, or "module:attribute".
    plain:  the simpler network that this one extends and is compared with.
    gated:  whether it has attention maps to read (`forward_with_attention`).
    reads:  IMAGE, HISTORY (the glacier's fronts of other dates) or IMAGE_AND_HISTORY.
    drawn:  whether Figure 1 can draw it: encoder and decoder as in `networks.unet.UNet`.
    """

    name: str
    label: str
    colour: str
    code: str | Callable[..., Any]
    plain: str | None = None
    gated: bool = False
    drawn: bool = False
    reads: str = IMAGE

    @property
    def reads_history(self) -> bool:
        """Whether it reads fronts of other dates."""
        return self.reads != IMAGE


# Colours: Okabe & Ito (2008), distinguishable with any colour vision.
NETWORKS: dict[str, Model] = {}
BASELINES: dict[str, Model] = {}
AVERAGE = "average"  # a table row that averages over the networks
AVERAGE_LABEL = "Average"
OTHER_COLOUR = "#009E73"


def register_network(network: Model) -> None:
    """Register a network for the configuration, the commands, the tables and the figures."""
    NETWORKS[network.name] = network


def register_baseline(baseline: Model) -> None:
    """Register a rule that predicts without a network."""
    BASELINES[baseline.name] = baseline


register_network(Model("unet", "U-Net", "#0072B2", "calvingfront.networks.unet:UNet", drawn=True))
register_network(
    Model(
        "attention_unet", "Att. U-Net", "#D55E00", "calvingfront.networks.unet:AttentionUNet",
        plain="unet", gated=True, drawn=True,
    )
)  # fmt: skip
register_network(
    Model(
        "unet_history", "U-Net + dates", "#CC79A7", "calvingfront.networks.unet:HistoryUNet",
        plain="unet", reads=IMAGE_AND_HISTORY,
    )
)  # fmt: skip
register_network(
    Model(
        "unet_dates", "U-Net, dates only", "#E69F00", "calvingfront.networks.unet:DatesUNet",
        reads=HISTORY,
    )
)  # fmt: skip
register_baseline(Model("prior", "Prior", "#999999", "calvingfront.evaluation.baselines:prior"))
register_baseline(
    Model("nearest_date", "Nearest date", "#000000", "calvingfront.evaluation.baselines:nearest")
)


def find_model(name: str) -> Model | None:
    """A network or baseline by name; None if there is no such name."""
    return NETWORKS.get(name) or BASELINES.get(name)


def reads_history(name: str) -> bool:
    """Whether a network of this name reads fronts of other dates."""
    return name in NETWORKS and NETWORKS[name].reads_history


def history_as_read(name: str, section: Mapping[str, Any]) -> dict[str, Any] | None:
    """The section `history` as a network reads it; None if it reads the image alone.

    What has no image beside the fronts always sees them.
    """
    if not reads_history(name):
        return None
    alone = {"dropped": 0.0} if NETWORKS[name].reads == HISTORY else {}
    return {**section, **alone}


def model_label(name: str, others: Printed = NOBODY) -> str:
    """The printed name of a model or a result of others; an unknown name is returned unchanged."""
    if name == AVERAGE:
        return AVERAGE_LABEL
    if name in others:
        return others[name]["label"]
    model = find_model(name)
    return model.label if model else name


def model_colour(name: str) -> str:
    """The model's colour in figures."""
    model = find_model(name)
    return model.colour if model else OTHER_COLOUR


def model_order(name: str) -> tuple[int, str]:
    """Sort key: the networks as registered, then all other names, then the baselines."""
    if name in NETWORKS:
        return (list(NETWORKS).index(name), "")
    if name in BASELINES:
        return (len(NETWORKS) + 1 + list(BASELINES).index(name), "")
    return (len(NETWORKS), name)
