"""Parts shared by the tables: rows by network, loss and protocol, notes, and writing files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import pandas as pd

from calvingfront.evaluation.score_table import rows_in_order, seeds_of
from calvingfront.files import PathLike, write_text
from calvingfront.reports import in_words, write_report
from calvingfront.tables.rendering import Block, latex, markdown, write_csv
from calvingfront.tables.statistics import FEWEST, mean_and_spread
from calvingfront.vocabulary.losses import loss_label
from calvingfront.vocabulary.models import model_label, model_order, reads_history
from calvingfront.vocabulary.others import Printed, is_binary
from calvingfront.vocabulary.protocols import PROTOCOLS

PROTOCOL_NOTE = (
    "Validation threshold: one threshold per network, chosen on the validation set and applied"
    " once to the test set; the scores to quote. Paper protocol: each prediction is stretched to"
    " the full range, and each metric has the threshold that scores best on the test set itself;"
    " an oracle, for comparison with the paper only."
)
ROWS_NOTE = (
    "Prior and nearest date use no network. Prior: how often the training fronts of the same"
    " glacier cover a pixel. Nearest date: the training front of the same glacier closest in time."
)
HISTORY_NOTE = (
    "{} read fronts of other dates of the glacier, of training scenes only and never of the scene's"
    " own day (docs/history.md); the other networks see the image alone."
)
NAMES = ("Model", "Loss")


def history_note(scores: pd.DataFrame) -> list[str]:
    """Return what a caption says about rows that use dates: a paragraph, or none."""
    names = [model for model in sorted(set(scores.model), key=model_order) if reads_history(model)]
    if not names:
        return []
    return [HISTORY_NOTE.format(in_words(f"“{model_label(name)}”" for name in names))]


def intervals_note(summary: pd.DataFrame, measures: Iterable[str]) -> list[str]:
    """Return what a caption says about numbers without an interval: a paragraph, or none."""
    missing = [summary[f"{name}_low"].isna() & summary[f"{name}_mean"].notna() for name in measures]
    if not any(column.any() for column in missing):
        return []
    return [
        f"A number without brackets has no interval: fewer than {FEWEST} test images have a value,"
        " or all of them have the same, which shows nothing of how far it may be off."
    ]


def others_note(others: Printed) -> list[str]:
    """Return what a caption says about the results of others: a paragraph, or none."""
    if not others:
        return []
    names = [
        f"{other['label']} ({other['citation']})" if other["citation"] else other["label"]
        for other in others.values()
    ]
    text = f"Results of others, read from files and scored by the same code: {'; '.join(names)}."
    binary = [other["label"] for other in others.values() if is_binary(other["kind"])]
    if binary:
        text += (
            f" No threshold was chosen for {', '.join(binary)}: masks and lines are thinned and"
            " drawn as wide as the true fronts. So both protocols give the same scores, and the"
            " thickness is not their own."
        )
    return [text]


def each_row(scores: pd.DataFrame) -> Iterator[tuple[dict[str, object], pd.DataFrame]]:
    """Yield, per model × loss × protocol, the columns common to all tables, and its scores."""
    for model, loss in rows_in_order(scores):
        seeds = len(seeds_of(scores, model, loss))
        of_run = scores[(scores.model == model) & (scores.loss == loss)]
        for protocol in PROTOCOLS:
            chosen = of_run[of_run.protocol == protocol]
            facts: dict[str, object] = {
                "model": model,
                "loss": loss,
                "protocol": protocol,
                "seeds": seeds,
                "images": chosen.scene.nunique(),
            }
            yield facts, chosen


def over_seeds(name: str, values: Iterable[float]) -> dict[str, object]:
    """Return the columns {name}_mean and {name}_sd from one value per seed."""
    mean, spread = mean_and_spread(list(values))
    return {f"{name}_mean": mean, f"{name}_sd": spread}


def names_of(row: pd.Series, others: Printed) -> list[str]:
    """Return the first two cells of a printed row: model and loss, as in `NAMES`."""
    return [model_label(str(row.model), others), loss_label(str(row.loss))]


def rows_by_loss(
    summary: pd.DataFrame,
    protocol: str,
    others: Printed,
    cells: Callable[[pd.Series], list[str]],
) -> list[list[str]]:
    """Return the printed rows of one protocol: names, then `cells`; an empty row between losses."""
    rows: list[list[str]] = []
    for _, group in summary[summary.protocol == protocol].groupby("loss", sort=False):
        if rows:
            rows.append([])
        rows += [[*names_of(row, others), *cells(row)] for _, row in group.iterrows()]
    return rows


def write_table(
    summary: pd.DataFrame,
    title: str,
    caption: Sequence[str],
    blocks: Sequence[Block],
    csv: PathLike,
    md: PathLike,
    html: PathLike,
    tex: PathLike | None = None,
    label: str = "",
) -> None:
    """Write a table: `summary` as CSV (tidy), `blocks` and caption as Markdown, HTML and LaTeX.

    tex: None if the table is not for print; else `label` is its LaTeX label.
    """
    write_csv(csv, summary)
    write_report(markdown(title, caption, blocks), md, html)
    if tex is not None:
        write_text(tex, latex(label, caption, blocks))
