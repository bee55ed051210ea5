"""The learning curve over data: the same test scenes, trained with parts of the training scenes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd

from calvingfront.evaluation.score_table import seeds_of
from calvingfront.tables.shifts.measures import MEASURES, change, score_of
from calvingfront.tables.shifts.situations import Situation
from calvingfront.tables.shifts.summary import rows_of
from calvingfront.vocabulary.protocols import VALIDATION_THRESHOLD


class Curve(NamedTuple):
    """situations: fewest training scenes first. scenes: test scenes that none trains on."""

    situations: Sequence[Situation]
    scenes: Collection[str]


def curves_of(situations: Sequence[Situation]) -> list[Curve]:
    """Every group of folders that differ by `split.train_share` only, of two sizes or more.

    Same validation and test scenes, and each training set is part of the next.
    """
    groups: dict[tuple[frozenset[str], frozenset[str]], list[Situation]] = {}
    for situation in situations:
        groups.setdefault((situation.test, situation.validation), []).append(situation)
    found = []
    for group in groups.values():
        ordered = sorted(group, key=lambda each: len(each.train))
        nested = all(one.train < other.train for one, other in pairwise(ordered))
        if len(ordered) > 1 and nested:
            unleaked = ordered[0].test - ordered[-1].train
            found.append(Curve(ordered, sorted(unleaked)))
    return found


def summarise_learning(curve: Curve) -> pd.DataFrame:
    """Return one row per model × loss × number of training scenes, at the validation threshold.

    Measures as in `summarise_shifts`, over the curve's scenes; {measure}_per_doubling with _low and
    _high: the change from the size before, for each doubling of the training scenes.
    """
    rows = []
    pairs = list(dict.fromkeys(pair for each in curve.situations for pair in rows_of(each)))
    for model, loss in pairs:
        before: tuple[Situation, pd.DataFrame] | None = None
        for situation in curve.situations:
            scores = situation.scores
            chosen = scores[
                (scores.model == model)
                & (scores.loss == loss)
                & (scores.protocol == VALIDATION_THRESHOLD)
                & scores.scene.isin(curve.scenes)
            ]
            if chosen.empty:
                continue
            epochs, images = situation.seen(model, loss)
            row: dict[str, object] = {
                "model": model,
                "loss": loss,
                "situation": situation.name,
                "train_scenes": len(situation.train),
                "test_scenes": chosen.scene.nunique(),
                "seeds": len(seeds_of(scores, model, loss)),
                "epochs": epochs,
                "images_seen": images,
            }
            for name, measure in MEASURES.items():
                found = score_of(chosen, measure, model, loss)
                row |= {f"{name}_{key}": value for key, value in found._asdict().items()}
                step = [float("nan")] * 3
                if before is not None:
                    doublings = np.log2(len(situation.train) / len(before[0].train))
                    gain = change(chosen, before[1], curve.scenes, measure, (model, loss))
                    step = [float(each / doublings) for each in gain[1:4]]
                keys = [f"{name}_per_doubling{suffix}" for suffix in ("", "_low", "_high")]
                row |= dict(zip(keys, step, strict=True))
            rows.append(row)
            before = situation, chosen
    return pd.DataFrame(rows)
