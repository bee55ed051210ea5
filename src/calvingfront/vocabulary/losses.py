"""The losses, under the names used in the configuration.

A family is a set of losses that differ only in a number in their names, such as `wbce4` and
`wbce8`. Its code is a function that takes a name and returns an object with the interface of
`losses.loss.Loss`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from calvingfront.errors import ConfigError

NO_LOSS = "none"  # for rows without a network
REFERENCE_LOSS = "bce"  # the others are compared with it


@dataclass(frozen=True)
class LossFamily:
    """One family of losses.

    name:        of the family.
    pattern:     regular expression that matches the full name of any of its losses.
    write:       how to write such a name, for messages.
    code:        function that makes a loss from its name: the function, or "module:attribute".
    weight_px:   function that returns the scale of a loss's distance weight, px: 0 for no weight,
                 None if not applicable. It orders the family and appears in Table II.
    monitor:     function that returns the label of the validation score that selects the best
                 epoch.
    """

    name: str
    pattern: str
    write: str
    code: str | Callable[[str], Any]
    weight_px: Callable[[str], float | None] = lambda name: None
    monitor: Callable[[str], str] = lambda name: "soft Dice"


LOSSES: dict[str, LossFamily] = {}


def register_loss(family: LossFamily) -> None:
    """Register a family of losses for the configuration, the commands and the tables."""
    LOSSES[family.name] = family


register_loss(LossFamily("bce", "bce", "bce", "calvingfront.losses.bce:WeightedBCE", lambda _: 0.0))
register_loss(
    LossFamily(
        "wbce",
        r"wbce(?:0\.[0-9]*[1-9]|[1-9][0-9]*(?:\.[0-9]*[1-9])?)",
        "wbce and a positive number, as in wbce4",
        "calvingfront.losses.bce:WeightedBCE",
        weight_px=lambda name: float(name.removeprefix("wbce")),
        monitor=lambda name: f"soft WDice{name.removeprefix('wbce')}",
    )
)
register_loss(
    LossFamily("bce_dice", "bce_dice", "bce_dice", "calvingfront.losses.bce_dice:BCEDice")
)


def loss_pattern() -> str:
    """Regular expression that matches any loss's name, without anchors or capturing groups."""
    return "|".join(family.pattern for family in LOSSES.values())


def how_to_write_a_loss() -> str:
    """The remedy for an unknown loss: what may be written instead, without a full stop."""
    return "Write " + ", or ".join(family.write for family in LOSSES.values())


def family_of(loss: str) -> LossFamily:
    """Find the family of a loss. Raises ConfigError if the name matches no family."""
    for family in LOSSES.values():
        if re.fullmatch(family.pattern, loss):
            return family
    raise ConfigError("losses", f"'{loss}' is not a loss", f"{how_to_write_a_loss()}.")


def loss_label(loss: str) -> str:
    """The loss's printed name; a dash for a row without a network."""
    return "–" if loss == NO_LOSS else loss.upper()


def loss_weight(loss: str) -> float | None:
    """The scale of the loss's distance weight, px; None if unknown or not applicable."""
    try:
        return family_of(loss).weight_px(loss)
    except ConfigError:
        return None


def monitor_label(loss: str) -> str:
    """The printed name of the score that a training with this loss monitors."""
    return family_of(loss).monitor(loss)


def loss_order(loss: str) -> tuple[int, int, float, str]:
    """Sort key: BCE, then WBCE by weight, then families registered later, `none` last."""
    try:
        family = family_of(loss)
    except ConfigError:
        return (2 if loss == NO_LOSS else 1, 0, 0.0, loss)
    return (0, list(LOSSES).index(family.name), family.weight_px(loss) or 0.0, loss)
