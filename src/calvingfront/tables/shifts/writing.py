"""The tables of the shifts and of the learning curves, as CSV, Markdown and LaTeX."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from calvingfront.files import write_text
from calvingfront.reports import write_report
from calvingfront.tables.rendering import (
    Block,
    interval,
    latex,
    markdown,
    number,
    plus_minus,
    write_csv,
)
from calvingfront.tables.shifts.equality import open_questions
from calvingfront.tables.shifts.learning import Curve, summarise_learning
from calvingfront.tables.shifts.measures import MEASURES
from calvingfront.tables.shifts.situations import Situation
from calvingfront.tables.shifts.summary import facts_of, kinds_of, summarise_shifts, worst_of
from calvingfront.tables.table_parts import NAMES, history_note, names_of
from calvingfront.vocabulary.models import reads_history
from calvingfront.vocabulary.others import NOBODY
from calvingfront.vocabulary.protocols import VALIDATION_THRESHOLD

INTERVALS = (
    "Mean ± standard deviation over seeds; in brackets, the 95 % interval over trainings and test"
    " images together (docs/evidence.md), which a single training or a single image does not have,"
    " nor a score that is the same in all of them. Images count as"
    " independent, which several of one glacier are not quite. MDE: pooled over all front pixels."
    " ∅: share of the images without any line, which MDE and HD95 leave out, so read them together."
    " Validation threshold."
)
LEAKED = (
    "Test scenes that a training has seen (also trained on) are left out of every score. Images"
    " seen: in one training, each copy of an image counted; trainings of unequal length differ for"
    " that too."
)
TRUST = "How far each row can be trusted elsewhere"


def write_shifts(
    situations: Sequence[Situation], reference: Situation | None, folder: Path
) -> list[Path]:
    """Write shifts.csv, .md and .tex; returns their paths."""
    summary = summarise_shifts(situations, reference)
    shown = summary[summary.protocol == VALIDATION_THRESHOLD]
    caption = [INTERVALS, LEAKED, *_about_the_reference(reference), *_about_rows(situations, shown)]
    blocks = [
        _facts_block(situations),
        *([_trust_block(situations, shown, reference)] if kinds_of(situations) else []),
        _rows_block(shown, reference),
    ]
    caption.append("The CSV file has the paper protocol too.")
    return _write(folder, "shifts", "Scores elsewhere", caption, blocks, summary)


def write_learning(curves: Sequence[Curve], folder: Path) -> list[Path]:
    """Write learning.csv, .md and .tex; returns their paths."""
    summaries = [summarise_learning(curve) for curve in curves]
    caption = [
        "The same validation and test scenes, trained with parts of the training scenes; a smaller"
        " part is contained in a larger one. Test scenes that the largest part trains on are left"
        " out.",
        INTERVALS,
        "Per doubling: the change from the row above, divided by the number of doublings of the"
        " training scenes between them, with the 95 % interval. It says nothing about more scenes"
        " than the largest part has.",
    ]
    blocks = [_learning_block(summary) for summary in summaries]
    table = pd.concat(
        [part.assign(curve=place) for place, part in enumerate(summaries, start=1)],
        ignore_index=True,
    )
    return _write(folder, "learning", "Learning curve over data", caption, blocks, table)


def _write(
    folder: Path,
    name: str,
    title: str,
    caption: Sequence[str],
    blocks: Sequence[Block],
    summary: pd.DataFrame,
) -> list[Path]:
    csv, md, tex = (folder / f"{name}.{suffix}" for suffix in ("csv", "md", "tex"))
    write_csv(csv, summary)
    write_report(markdown(title, caption, blocks), md, None)
    write_text(tex, latex(f"tab:{name}", caption, blocks))
    return [csv, md, tex]


def _about_the_reference(reference: Situation | None) -> list[str]:
    if reference is None:
        return ["No folder holds out scenes at random only, so there is nothing to compare with."]
    return [
        f"Change: the row's score minus that of the same row in {reference.name}, on the test"
        " scenes that both have and neither trains on (n), with the 95 % interval: what is lost"
        " where training has seen nothing of the kind. Below 0, Dice is worse; above 0, metres are."
    ]


def _about_rows(situations: Sequence[Situation], shown: pd.DataFrame) -> list[str]:
    notes = history_note(shown)
    unseen = [each.name for each in situations if each.unseen("glacier")]
    if unseen:
        names = ", ".join(unseen)
        notes.append(
            f"{names}: prior and nearest date are left out, as they would take the fronts of"
            " another glacier."
        )
        if any(reads_history(model) for model in shown.model):
            notes[-1] += " Rows that use dates have none there."
    late = [each for each in situations if each.method != "mission" and each.unseen("mission")]
    for each in late:
        missions = each.unseen("mission")
        notes.append(
            f"{each.name}: {sum(missions.values())} of {len(each.test)} test scenes are of missions"
            f" without a training scene ({', '.join(missions)}), so that two shifts come together."
        )
    return notes + open_questions(situations)


def _facts_block(situations: Sequence[Situation]) -> Block:
    header = ["Situation", "Held out", "training", "validation", "test", "also trained on",
              "days, median", "days, least", "of new missions"]  # fmt: skip
    counts = ["train_scenes", "validation_scenes", "test_scenes", "leaked_scenes"]
    rows = [
        [
            *(str(row.situation), str(row.held_out)),
            *(str(row[name]) for name in counts),
            *(number(row.days_median, 0), number(row.days_shortest, 0), str(row.of_new_missions)),
        ]
        for _, row in pd.DataFrame([facts_of(each) for each in situations]).iterrows()
    ]
    title = "Scenes; days from a test scene to the nearest training scene of its glacier"
    return Block(title, [], header, rows)


def _score(row: pd.Series, name: str) -> str:
    digits = MEASURES[name].digits
    text = plus_minus(row[f"{name}_mean"], row[f"{name}_sd"], digits)
    return text + interval(row[f"{name}_low"], row[f"{name}_high"], digits)


def _difference(row: pd.Series, name: str, kind: str) -> str:
    digits = MEASURES[name].digits
    text = number(row[f"{name}_{kind}"], digits)
    return text + interval(row[f"{name}_{kind}_low"], row[f"{name}_{kind}_high"], digits)


def _rows_block(shown: pd.DataFrame, reference: Situation | None) -> Block:
    header = [
        "Situation",
        *NAMES,
        "seeds",
        "images seen",
        *(measure.label for measure in MEASURES.values()),
    ]
    changes = ("dice", "mde_pooled_m") if reference is not None else ()
    if changes:
        header += ["n", "change of Dice", "change of MDE [m]"]
    rows: list[list[str]] = []
    for name, part in shown.groupby("situation", sort=False):
        if rows:
            rows.append([])
        for _, row in part.iterrows():
            cells = [str(name), *names_of(row, NOBODY), str(row.seeds)]
            cells.append(number(row.images_seen, 0))
            cells += [_score(row, each) for each in MEASURES]
            if changes:
                compared = [_difference(row, each, "change") for each in changes]
                cells += [str(row.common_scenes) if row.common_scenes else "–", *compared]
            rows.append(cells)
    return Block("Every row", [], header, rows, left=3)


def _trust_block(
    situations: Sequence[Situation], shown: pd.DataFrame, reference: Situation | None
) -> Block:
    """Per row, its scores on the reference and in the worst situation of each kind of shift."""
    kinds = {
        f"{kind} (worst of {len(each)})" if len(each) > 1 else kind: [one.name for one in each]
        for kind, each in kinds_of(situations).items()
    }
    if reference is not None:
        kinds = {reference.name: [reference.name], **kinds}
    rows = []
    for (model, loss), part in shown.groupby(["model", "loss"], sort=False):
        cells = names_of(part.iloc[0], NOBODY)
        for names in kinds.values():
            worst = worst_of(shown, names, str(model), str(loss))
            cells.append("–" if worst is None else _brief(worst, several=len(names) > 1))
        rows.append(cells)
    return Block(f"{TRUST}: Dice, pooled MDE, ∅", [], [*NAMES, *kinds], rows)


def _brief(row: pd.Series, several: bool) -> str:
    text = (
        f"{number(row.dice_mean)}, {number(row.mde_pooled_m_mean, 0)} m, "
        f"{number(row.missing_mean, 0)} %"
    )
    return f"{text} ({row.situation})" if several else text


def _learning_block(summary: pd.DataFrame) -> Block:
    header = [*NAMES, "scenes", "epochs", "images seen", "seeds", "Dice [%]", "MDE pooled [m]",
              "Dice per doubling", "MDE per doubling [m]"]  # fmt: skip
    rows: list[list[str]] = []
    for _, part in summary.groupby(["model", "loss"], sort=False):
        if rows:
            rows.append([])
        for _, row in part.iterrows():
            cells = [*names_of(row, NOBODY), str(row.train_scenes)]
            cells += [number(row.epochs, 0), number(row.images_seen, 0), str(row.seeds)]
            cells += [_score(row, name) for name in ("dice", "mde_pooled_m")]
            cells += [_difference(row, each, "per_doubling") for each in ("dice", "mde_pooled_m")]
            rows.append(cells)
    return Block(f"{summary.test_scenes.iloc[0]} test scenes", [], header, rows)
