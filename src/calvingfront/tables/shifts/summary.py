"""Every row in every situation, beside the same row on the reference split for the same scenes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import numpy as np
import pandas as pd

from calvingfront.errors import ConfigError
from calvingfront.evaluation.score_table import rows_in_order, seeds_of
from calvingfront.tables.shifts.measures import MEASURES, change, score_of
from calvingfront.tables.shifts.situations import Situation
from calvingfront.tables.statistics import Difference
from calvingfront.vocabulary.models import BASELINES
from calvingfront.vocabulary.protocols import PROTOCOLS
from calvingfront.vocabulary.subsets import SPLIT_METHODS


def reference_of(situations: Sequence[Situation], name: str | None = None) -> Situation | None:
    """The situation beside which the others stand: the named one, or the only plain one.

    Raises ConfigError if there is none of this name, or if several are plain.
    """
    if name is not None:
        found = [each for each in situations if each.name == name]
        if not found:
            known = ", ".join(each.name for each in situations)
            raise ConfigError(
                "--reference", f"{name} is none of the folders", f"Write one of {known}."
            )
        return found[0]
    plain = [each for each in situations if each.is_plain]
    if len(plain) > 1:
        names = ", ".join(each.name for each in plain)
        what = f"is not given, and several folders hold out no kind of scene: {names}"
        raise ConfigError("--reference", what, "Write the name of one of them.")
    return plain[0] if plain else None


def in_order(situations: Sequence[Situation], reference: Situation | None) -> list[Situation]:
    """The reference, parts of its training scenes, then the shifts by kind and name."""

    def key(each: Situation) -> tuple[bool, int, bool, int, str]:
        methods = list(SPLIT_METHODS)
        place = methods.index(each.method) if each.method in methods else len(methods)
        return (each is not reference, place, each.share < 1, -len(each.train), each.name)

    return sorted(situations, key=key)


def facts_of(situation: Situation) -> dict[str, object]:
    """The columns that describe a situation."""
    days = situation.days.dropna().astype(float)
    missions = situation.unseen("mission")
    return {
        "situation": situation.name,
        "held_out": situation.held_out,
        "train_scenes": len(situation.train),
        "validation_scenes": len(situation.validation),
        "test_scenes": len(situation.test),
        "leaked_scenes": len(situation.leaked),
        "days_median": float(np.median(days)) if len(days) else float("nan"),
        "days_shortest": float(days.min()) if len(days) else float("nan"),
        "of_new_missions": sum(missions.values()),
    }


def rows_of(situation: Situation) -> Iterator[tuple[str, str]]:
    """Its rows (model, loss), without those that would use the fronts of another glacier."""
    for model, loss in rows_in_order(situation.scores):
        if model not in BASELINES or not situation.unseen("glacier"):
            yield model, loss


def common_scenes(one: Situation, other: Situation) -> Collection[str]:
    """Test scenes of both that neither has in training."""
    return sorted((one.test & other.test) - one.train - other.train)


def summarise_shifts(situations: Sequence[Situation], reference: Situation | None) -> pd.DataFrame:
    """Return one row per situation × protocol × model × loss.

    Each measure as _mean, _sd (over seeds), _low and _high (95 % interval over trainings and
    images), over the test scenes that are not in training too; as _change, _change_low and
    _change_high against the reference over common_scenes.
    """
    rows = []
    for situation in situations:
        facts = facts_of(situation)
        pairs = [*rows_of(situation)]
        for protocol in PROTOCOLS:
            of_protocol = situation.unleaked_scores
            of_protocol = of_protocol[of_protocol.protocol == protocol]
            for model, loss in pairs:
                chosen = _row(of_protocol, model, loss)
                epochs, images = situation.seen(model, loss)
                row = facts | {
                    "protocol": protocol,
                    "model": model,
                    "loss": loss,
                    "seeds": len(seeds_of(situation.scores, model, loss)),
                    "epochs": epochs,
                    "images_seen": images,
                }
                for name, measure in MEASURES.items():
                    found = score_of(chosen, measure, model, loss)
                    row |= {f"{name}_{key}": value for key, value in found._asdict().items()}
                rows.append(row | _changes(situation, reference, protocol, model, loss))
    return pd.DataFrame(rows)


def _row(scores: pd.DataFrame, model: str, loss: str) -> pd.DataFrame:
    return scores[(scores.model == model) & (scores.loss == loss)]


def _changes(
    situation: Situation, reference: Situation | None, protocol: str, model: str, loss: str
) -> dict[str, object]:
    """The columns of the differences from the reference; empty if there is nothing to compare."""

    def part(of: Situation) -> pd.DataFrame:
        return _row(of.scores[of.scores.protocol == protocol], model, loss)

    scenes: Collection[str] = ()
    if reference is not None and reference is not situation and not part(reference).empty:
        scenes = common_scenes(situation, reference)
    found: dict[str, object] = {"common_scenes": len(scenes)}
    for name, measure in MEASURES.items():
        difference = Difference(0, float("nan"))
        if reference is not None and scenes:
            difference = change(part(situation), part(reference), scenes, measure, (model, loss))
        found[f"{name}_change"] = difference.mean
        found[f"{name}_change_low"] = difference.low
        found[f"{name}_change_high"] = difference.high
    return found


def kinds_of(situations: Sequence[Situation]) -> dict[str, list[Situation]]:
    """Kind of shift → the situations of this kind, with all training scenes that are left."""
    kinds = {"glacier": "unseen glacier", "mission": "unseen mission", "time": "later years",
             "middle": "years between"}  # fmt: skip
    found: dict[str, list[Situation]] = {}
    for situation in situations:
        if situation.method in kinds and situation.share == 1:
            found.setdefault(kinds[situation.method], []).append(situation)
    return found


def worst_of(
    summary: pd.DataFrame, names: Collection[str], model: str, loss: str
) -> pd.Series | None:
    """The row with the lowest Dice among some situations; None if it is in none of them."""
    chosen = _row(summary[summary.situation.isin(list(names))], model, loss)
    return None if chosen.empty else chosen.iloc[int(chosen.dice_mean.argmin())]
