"""The losses, by the names that the configuration gives them.

A family is a set of losses of one kind that differ by a number in their names, such as `wbce4` and
`wbce8`. The code of a family is a function from a name to an object as `losses.loss.Loss` describes
it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from calvingfront.errors import ConfigError

NO_LOSS = "none"  # of a row without a network
REFERENCE_LOSS = "bce"  # the one that the others are compared with


@dataclass(frozen=True)
class LossFamily:
    """One kind of loss.

    name:        of the family.
    pattern:     regular expression of the whole names of its losses.
    write:       how to write one, for messages.
    code:        function from a name to the loss: the function, or "module:attribute".
    weight_px:   scale of the distance weight of one of its losses, px: 0 without a weight, None
                 where the question makes no sense. It sorts the family and stands in Table II.
    monitor:     label of the score on the validation scenes that chooses the best epoch.
    """

    name: str
    pattern: str
    write: str
    code: str | Callable[[str], Any]
    weight_px: Callable[[str], float | None] = lambda name: None
    monitor: Callable[[str], str] = lambda name: "soft Dice"


LOSSES: dict[str, LossFamily] = {}


def register_loss(family: LossFamily) -> None:
    """Make a kind of loss known to the configuration, the commands and the tables."""
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


def loss_pattern() -> str:
    """Regular expression of the names of all losses, without anchors or groups that capture."""
    return "|".join(family.pattern for family in LOSSES.values())


def how_to_write_a_loss() -> str:
    """Say which names there are."""
    return "Write " + ", or ".join(family.write for family in LOSSES.values())


def family_of(loss: str) -> LossFamily:
    """Find the family of a loss. Raises ConfigError where the name belongs to none."""
    for family in LOSSES.values():
        if re.fullmatch(family.pattern, loss):
            return family
    raise ConfigError("losses", f"'{loss}' is not a loss", f"{how_to_write_a_loss()}.")


def loss_label(loss: str) -> str:
    """The loss's name in print; a dash where there is none."""
    return "–" if loss == NO_LOSS else loss.upper()


def loss_weight(loss: str) -> float | None:
    """The scale of the loss's distance weight, px; None where it has none to speak of."""
    try:
        return family_of(loss).weight_px(loss)
    except ConfigError:
        return None


def monitor_label(loss: str) -> str:
    """What the training of a loss monitors, in print."""
    return family_of(loss).monitor(loss)


def loss_order(loss: str) -> tuple[int, int, float, str]:
    """Sorting key: BCE, then WBCE by weight, then the families registered later, `none` last."""
    try:
        family = family_of(loss)
    except ConfigError:
        return (2 if loss == NO_LOSS else 1, 0, 0.0, loss)
    return (0, list(LOSSES).index(family.name), family.weight_px(loss) or 0.0, loss)
