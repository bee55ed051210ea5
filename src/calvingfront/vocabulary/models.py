"""What makes a prediction: the networks, and the rows of the tables that need no network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Model:
    """One network, or one rule that predicts without a network.

    name:   as the configuration and the folders of the results write it.
    label:  in print.
    colour: in figures.
    code:   class of the network, or function of the rule: itself, or "module:attribute".
    plain:  the network that this one adds something to, with which it is compared.
    gated:  whether it has attention maps to read (`forward_with_attention`).
    drawn:  whether Figure 1 can draw it: encoder and decoder as in `networks.unet.UNet`.
    """

    name: str
    label: str
    colour: str
    code: str | Callable[..., Any]
    plain: str | None = None
    gated: bool = False
    drawn: bool = False


# Colours: Okabe & Ito (2008), told apart by readers with any colour vision.
NETWORKS: dict[str, Model] = {}
BASELINES: dict[str, Model] = {}
AVERAGE = "average"  # over the networks, where a table has such a row
AVERAGE_LABEL = "Average"
OTHER_COLOUR = "#009E73"


def register_network(network: Model) -> None:
    """Make a network known to the configuration, the commands, the tables and the figures."""
    NETWORKS[network.name] = network


register_network(Model("unet", "U-Net", "#0072B2", "calvingfront.networks.unet:UNet", drawn=True))
register_network(
    Model(
        "attention_unet", "Att. U-Net", "#D55E00", "calvingfront.networks.unet:AttentionUNet",
        plain="unet", gated=True, drawn=True,
    )
)  # fmt: skip
for baseline in (
    Model("prior", "Prior", "#999999", "calvingfront.evaluation.baselines:prior"),
    Model("nearest_date", "Nearest date", "#000000", "calvingfront.evaluation.baselines:nearest"),
):
    BASELINES[baseline.name] = baseline


def find_model(name: str) -> Model | None:
    """A network or a rule without one, by name; None for any other name."""
    return NETWORKS.get(name) or BASELINES.get(name)


def model_label(name: str) -> str:
    """The model's name in print; an unknown one as it is."""
    if name == AVERAGE:
        return AVERAGE_LABEL
    model = find_model(name)
    return model.label if model else name


def model_colour(name: str) -> str:
    """The model's colour in figures."""
    model = find_model(name)
    return model.colour if model else OTHER_COLOUR


def model_order(name: str) -> tuple[int, str]:
    """Sorting key: the networks as registered, unknown ones, the rows without a network."""
    if name in NETWORKS:
        return (list(NETWORKS).index(name), "")
    if name in BASELINES:
        return (len(NETWORKS) + 1 + list(BASELINES).index(name), "")
    return (len(NETWORKS), name)
