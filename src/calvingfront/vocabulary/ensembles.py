"""Rows that average the predictions of several networks, as `evaluation.ensembles` asks for them.

In paths such a row is a model `NETWORK_seeds` with the loss of its members, or `NETWORK_losses` or
`all_networks` with the loss `none`; the seed is 0. A network filtered in time, `NETWORK_filtered`,
or the average of its seeds, `NETWORK_seeds_filtered`, has the loss and seed of its only member.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calvingfront.vocabulary.losses import NO_LOSS
from calvingfront.vocabulary.models import ALL, ALL_AND_DATES, FILTERED, reads_history
from calvingfront.vocabulary.runs import Run


def ensembles_of(config: Mapping[str, Any]) -> dict[Run, list[Run]]:
    """Row → its members, of all that the configuration asks for; no average has a single member."""
    kinds = config["evaluation"].get("ensembles") or []
    models, losses, seeds = config["networks"]["models"], config["losses"], config["seeds"]
    every = [Run(model, loss, seed) for model in models for loss in losses for seed in seeds]
    found: dict[Run, list[Run]] = {}
    filtered: dict[Run, list[Run]] = {}
    for model in models:
        own = [run for run in every if run.model == model]
        if "seeds" in kinds:
            for loss in losses:
                found[Run(f"{model}_seeds", loss)] = [run for run in own if run.loss == loss]
        if "losses" in kinds and len(losses) > 1:
            found[Run(f"{model}_losses", NO_LOSS)] = own
        if "filtered" in kinds and not reads_history(model):
            averages = (
                [run for run in found if run.model == f"{model}_seeds"] if len(seeds) > 1 else []
            )
            for run in (*own, *averages):
                filtered[run._replace(model=f"{run.model}_{FILTERED}")] = [run]
    if "networks" in kinds and len(models) > 1:
        found[Run(ALL_AND_DATES if any(map(reads_history, models)) else ALL, NO_LOSS)] = every
    return {run: members for run, members in found.items() if len(members) > 1} | filtered
