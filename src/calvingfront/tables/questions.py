"""Which rows of the tables are compared with which, and the question that each answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from calvingfront.vocabulary.losses import NO_LOSS, REFERENCE_LOSS
from calvingfront.vocabulary.models import (
    BASELINES,
    FILTERED,
    HISTORY,
    IMAGE_AND_HISTORY,
    NETWORKS,
    averaged_network,
    is_ensemble,
    is_filtered,
    reads_history,
)

Pair = tuple[str, str]


class Question(NamedTuple):
    """One comparison: `first` against `second`, each a (model, loss)."""

    family: str
    first: Pair
    second: Pair


FAMILIES = {
    "attention": "Does attention help? Att. U-Net against U-Net, same loss",
    "encoder": "Does a pretrained encoder help? Against U-Net, same loss",
    "history": "Do fronts of other dates help? Against the same network without them, same loss",
    "filter": "Does filtering in time help? Against the same row, unfiltered",
    "image": "Does the image help beside fronts of other dates? Against dates only, same loss",
    "average": "Does the average over seeds do better than its members? Against their mean scores",
    "network": "Does a network do better than another date's front?",
    "prior": "Does a network do better than the mean of the training fronts?",
    "others": "Does a network do better than the results of others?",
    "loss": "Does the distance weight help? Each loss against BCE, same network",
}


def questions_about(pairs: Sequence[Pair]) -> Iterator[Question]:
    """Every comparison of the rows (model, loss), in the order of `FAMILIES` or nearly."""
    averages = [pair for pair in pairs if is_ensemble(pair[0])]
    pairs = [pair for pair in pairs if pair not in averages]
    networks = [pair for pair in pairs if pair[1] != NO_LOSS]
    for model, loss in averages:
        plain = (
            model.removesuffix(f"_{FILTERED}") if is_filtered(model) else averaged_network(model)
        )
        if (plain, loss) in (*networks, *averages):
            family = "filter" if is_filtered(model) else "average"
            yield Question(family, (model, loss), (str(plain), loss))
    for model, loss in networks:
        plain = NETWORKS[model].plain if model in NETWORKS else None
        if plain and (plain, loss) in networks:
            yield Question(_family_of(model), (model, loss), (plain, loss))
    for both, alone in _with_and_without_image(networks):
        yield Question("image", both, alone)
    for network in networks:
        for pair in pairs:
            if pair[1] == NO_LOSS:
                yield Question(_family_beside(pair[0]), network, pair)
    for model, loss in networks:
        if loss != REFERENCE_LOSS and (model, REFERENCE_LOSS) in networks:
            yield Question("loss", (model, loss), (model, REFERENCE_LOSS))


def _family_beside(model: str) -> str:
    """The family of a comparison of a network with a row that is none.

    The prior, which everything beats, has a family of its own: it would cost the others power.
    """
    if model == "prior":
        return "prior"
    return "network" if model in BASELINES else "others"


def _family_of(model: str) -> str:
    """The family of a comparison of a network with the plainer one."""
    if reads_history(model):
        return "history"
    return "attention" if NETWORKS[model].gated else "encoder"


def _with_and_without_image(networks: Sequence[Pair]) -> Iterator[tuple[Pair, Pair]]:
    """Each network that reads image and dates, with those of its loss that read dates alone."""
    reads = {name: network.reads for name, network in NETWORKS.items()}
    for both in networks:
        for alone in networks:
            kinds = reads.get(both[0]), reads.get(alone[0])
            if kinds == (IMAGE_AND_HISTORY, HISTORY) and both[1] == alone[1]:
                yield both, alone
