"""Taking over the first weights of a training."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor

from calvingfront.errors import ConfigError
from calvingfront.files import PathLike
from calvingfront.networks.build import build_network
from calvingfront.networks.settings import NetworkSettings
from calvingfront.networks.weights import read_weights
from calvingfront.provenance.content import MISSING, Digests
from calvingfront.training.resuming.snapshot import State
from calvingfront.training.starting.source import (
    KEY,
    Start,
    check_other,
    check_start,
    find_start,
)
from calvingfront.vocabulary.runs import Run

log = logging.getLogger(__name__)

BESIDE = "auxiliary_heads."  # weights of the heads for `networks.auxiliary`


def take_start(
    given: str, run: Run, network: NetworkSettings, held_out: Collection[str],
    glaciers: Collection[str], expected: str | None = None, weights: PathLike | None = None,
) -> tuple[State, dict[str, Any]]:  # fmt: skip
    """The first weights of a run and its batch-norm statistics, and what the record says of them.

    given: see `find_start`. held_out: scenes that the weights must not have seen. glaciers: of all
    scenes. expected: the digest of the file when the run was planned. weights: that the run writes.
    Raises ConfigError if there are none that fit the network, if they have seen a held-out scene,
    or if the file has changed, DamagedFileError if it is damaged.
    """
    if weights is not None:
        check_other(given, weights)
    start = find_start(given, run)
    check_start(start, asdict(network))
    digest = Digests().of_file(start.weights, whole=True)
    if expected not in (None, MISSING, digest):
        raise ConfigError(KEY, f"{start.weights} has changed meanwhile", "Start again.")
    seen = sorted(set(held_out) & (start.scenes or frozenset()))
    if seen:
        raise ConfigError(
            KEY,
            f"{start.weights} was trained on {len(seen)} of the scenes that are validation or test "
            f"here, such as {seen[0]}; their scores would be too good",
            "Start from weights that have not seen them, or change split.",
        )
    common = sorted(set(glaciers) & set(start.glaciers))
    if common:
        log.warning(
            "%s was trained on scenes of %s too; which ones is not known, so it may have seen "
            "scenes that are held out here",
            start.weights,
            ", ".join(common),
        )
    state, added = _fitted(start, network)
    log.info(
        "the training starts from %s%s", start.weights,
        f"; the weights of {added} further channels of its input are zero" if added else "",
    )  # fmt: skip
    return state, {
        "from": start.given,
        "weights": str(start.weights),
        "digest": digest,
        "network": dict(start.network),
        "channels_added": added,
        "held_out_scenes_seen": None if start.scenes is None else 0,
        "glaciers_seen": common,
    }


@torch.no_grad()
def _fitted(start: Start, network: NetworkSettings) -> tuple[State, int]:
    """The weights as the network holds them, and by how many channels its input is wider.

    A network that reads fronts of other dates has further channels of input. Their weights are
    zero, so that it begins as the network that reads the image alone. Heads that learn something
    beside the front may differ: new ones have no first weights here.
    """
    given = read_weights(start.weights)
    own: State = build_network(network, start=False).state_dict()
    wider = network.model != start.network.get("model")
    added = 0
    odd = sorted(name for name in set(own) ^ set(given) if not name.startswith(BESIDE))
    fitted: State = {}
    for name in [name for name in own if name in given] if not odd else []:
        there, here = given[name], own[name]
        more = _further_channels(there, here) if wider else 0
        if there.shape != here.shape and not more:
            odd = [name]
            break
        value = torch.zeros_like(here)
        if more:
            value[:, : there.shape[1]] = there
        else:
            value.copy_(there)
        added = max(added, more)
        fitted[name] = value
    if odd:
        raise ConfigError(
            KEY, f"{start.weights} does not fit the network {network.model}: {odd[0]} differs",
            "Start from the same network, of the same settings and version.",
        )  # fmt: skip
    return fitted, added


def _further_channels(there: Tensor, here: Tensor) -> int:
    """By how many channels of input the kernels here are wider, if in nothing else."""
    if there.dim() != 4 or here.dim() != 4:
        return 0
    alike = (there.shape[0], *there.shape[2:]) == (here.shape[0], *here.shape[2:])
    return here.shape[1] - there.shape[1] if alike and here.shape[1] > there.shape[1] else 0
