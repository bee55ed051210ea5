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


# The section `history` of the configuration, where it leaves keys out; those of the schema.
HISTORY_DEFAULTS = {"when": "both", "gap_days": 0, "dropped": 0.4}
# `evaluation.filter`, likewise: among these settings one is chosen on validation.
FILTER_DEFAULTS: dict[str, list[float]] = {
    "strength": [0, 0.5, 1], "memory_days": [60, 365], "step": [0.001, 0.002, 0.004],
}  # fmt: skip

# Colours: Okabe & Ito (2008), distinguishable with any colour vision.
NETWORKS: dict[str, Model] = {}
BASELINES: dict[str, Model] = {}
AVERAGE = "average"  # a table row that averages over the networks
AVERAGE_LABEL = "Average"
# Rows that average the predictions of networks (`vocabulary.ensembles`): of one network, under its
# name and one of these, or of all.
FILTERED = "filtered"  # no average, but a network filtered in time
AVERAGED = {
    "seeds": "seeds averaged", "losses": "losses and seeds averaged",
    FILTERED: "filtered with dates", f"seeds_{FILTERED}": "seeds averaged, filtered with dates",
}  # fmt: skip
ALL, ALL_AND_DATES = "all_networks", "all_networks_dates"
OF_ALL = {ALL: "All networks averaged", ALL_AND_DATES: "All networks + dates, averaged"}
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
register_network(
    Model(
        "pretrained_unet", "Pretr. U-Net", "#56B4E9",
        "calvingfront.networks.pretrained:PretrainedUNet", plain="unet",
    )
)  # fmt: skip
register_network(
    Model(
        "pretrained_unet_history", "Pretr. U-Net + dates", "#882255",
        "calvingfront.networks.pretrained:PretrainedHistoryUNet", plain="pretrained_unet",
        reads=IMAGE_AND_HISTORY,
    )
)  # fmt: skip
register_baseline(Model("prior", "Prior", "#999999", "calvingfront.evaluation.baselines:prior"))
register_baseline(
    Model("nearest_date", "Nearest date", "#000000", "calvingfront.evaluation.baselines:nearest")
)


def find_model(name: str) -> Model | None:
    """A network or baseline by name; None if there is no such name."""
    return NETWORKS.get(name) or BASELINES.get(name)


def averaged_network(name: str) -> str | None:
    """The network whose predictions a row of this name averages; None if there is not one."""
    networks = (name.removesuffix(f"_{kind}") for kind in AVERAGED if name.endswith(f"_{kind}"))
    return next((network for network in networks if network in NETWORKS), None)


def is_ensemble(name: str) -> bool:
    """Whether a row of this name averages the predictions of networks."""
    return name in OF_ALL or averaged_network(name) is not None


def is_filtered(name: str) -> bool:
    """Whether a row of this name is a network whose predictions are filtered in time."""
    return averaged_network(name) is not None and name.endswith(f"_{FILTERED}")


def ensemble_names() -> list[str]:
    """Every name that a row can have which averages the predictions of networks."""
    return [*(f"{network}_{kind}" for network in NETWORKS for kind in AVERAGED), *OF_ALL]


def reads_history(name: str) -> bool:
    """Whether a network, one in an average, or the filter of a row uses fronts of other dates."""
    network = NETWORKS.get(averaged_network(name) or name)
    return (
        name == ALL_AND_DATES
        or is_filtered(name)
        or (network is not None and network.reads_history)
    )


def history_as_read(name: str, section: Mapping[str, Any]) -> dict[str, Any] | None:
    """The section `history` as a network reads it; None if it reads the image alone.

    What has no image beside the fronts always sees them.
    """
    if not reads_history(name):
        return None
    alone = {"dropped": 0.0} if NETWORKS[name].reads == HISTORY else {}
    return {**HISTORY_DEFAULTS, **section, **alone}


def model_label(name: str, others: Printed = NOBODY) -> str:
    """The printed name of a model or a result of others; an unknown name is returned unchanged."""
    if name == AVERAGE:
        return AVERAGE_LABEL
    if name in others:
        return others[name]["label"]
    if is_ensemble(name):
        network = averaged_network(name)
        kind = name.removeprefix(f"{network}_")
        return f"{NETWORKS[network].label}, {AVERAGED[kind]}" if network else OF_ALL[name]
    model = find_model(name)
    return model.label if model else name


def model_colour(name: str) -> str:
    """The model's colour in figures."""
    model = find_model(averaged_network(name) or name)
    return model.colour if model else OTHER_COLOUR


def model_order(name: str) -> tuple[int, str]:
    """Sort key: the networks as registered, averages, all other names, then the baselines."""
    if name in NETWORKS:
        return (list(NETWORKS).index(name), "")
    if is_ensemble(name):
        return (len(NETWORKS), f"{ensemble_names().index(name):04}")
    if name in BASELINES:
        return (len(NETWORKS) + 2 + list(BASELINES).index(name), "")
    return (len(NETWORKS) + 1, name)
