"""Front position errors in metres, and scores broken down by kind of scene."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from calvingfront.evaluation.score_table import describe_test_set, read_scores
from calvingfront.files import PathLike
from calvingfront.tables.data_facts import on_each_set, read_facts, sets_of, titled
from calvingfront.tables.distance_measures import MEASURES, RATIOS, pooled_error
from calvingfront.tables.rendering import Block, interval, number, plus_minus
from calvingfront.tables.statistics import bootstrap_ratio
from calvingfront.tables.table_parts import (
    NAMES,
    PROTOCOL_NOTE,
    ROWS_NOTE,
    each_row,
    history_note,
    intervals_note,
    names_of,
    others_note,
    over_seeds,
    rows_by_loss,
    write_table,
)
from calvingfront.vocabulary.others import NOBODY, Printed
from calvingfront.vocabulary.protocols import PROTOCOLS, VALIDATION_THRESHOLD

GROUPINGS = {
    "glacier": "glacier",
    "mission": "mission",
    "resolution_tag_m": "resolution [m]",
    "season": "season",
}
BREAKDOWN_MEASURES: dict[str, Callable[[pd.DataFrame], float]] = {
    "dice": lambda images: 100 * float(images.dice.mean()),
    "iou": lambda images: 100 * float(images.iou.mean()),
    "mde_pooled_m": pooled_error,
    "missing": MEASURES["missing"],
}


def tabulate_distances(
    scores: PathLike | Sequence[PathLike],
    dataset: PathLike,
    split_method: str,
    size_px: int,
    csv: PathLike,
    md: PathLike,
    html: PathLike,
    tex: PathLike,
    others: Printed = NOBODY,
    notes: Sequence[str] = (),
    bootstrap_samples: int = 2000,
    bootstrap_seed: int = 1,
) -> None:
    """Write the front position errors (CSV, Markdown, HTML, LaTeX).

    scores: `scores.tsv` of every row: networks, results of others, baselines. dataset: folder of
    the packed samples, whose index and split are read. others: labels and citations of the results
    of others. notes: on how the networks predict, for the caption.
    """
    table, facts = read_scores(scores), read_facts(dataset)
    test_set = describe_test_set(table, split_method, size_px)
    caption = [
        f"Front position errors in m. {test_set} MDE: mean distance between predicted and true"
        " front in both directions; pooled over all front pixels of the test set, and as mean and"
        " median of the images' own MDE. HD95: mean of the images' 95 % Hausdorff distances."
        " ∅: test images without any predicted front (mean over seeds); the distances leave them"
        " out. Mean ± standard deviation over seeds (for two or more); in brackets, the 95 %"
        f" bootstrap interval over test images ({bootstrap_samples} resamples), of the mean over"
        " seeds.",
        f"{PROTOCOL_NOTE} {ROWS_NOTE}",
        *history_note(table),
        *facts.notes(),
        *notes,
        *others_note(others),
    ]
    summary = on_each_set(
        table, facts, lambda part: summarise_distances(part, bootstrap_samples, bootstrap_seed)
    )
    caption += intervals_note(summary, RATIOS)
    blocks = [
        _block(scenes, part, protocol, others)
        for scenes, part in sets_of(summary, facts)
        for protocol in PROTOCOLS
    ]
    title = "Front position errors"
    write_table(summary, title, caption, blocks, csv, md, html, tex, "tab:distances")


def tabulate_breakdown(
    scores: PathLike | Sequence[PathLike],
    dataset: PathLike,
    split_method: str,
    size_px: int,
    csv: PathLike,
    md: PathLike,
    html: PathLike,
    others: Printed = NOBODY,
    notes: Sequence[str] = (),
) -> None:
    """Write the scores by glacier, sensor, resolution and season (CSV, Markdown, HTML).

    scores: `scores.tsv` of every row: networks, results of others, baselines. dataset: folder of
    the packed samples, whose index and split are read. others: labels and citations of the results
    of others. notes: on how the networks predict, for the caption.
    """
    table, facts = read_scores(scores), read_facts(dataset)
    test_set = describe_test_set(table, split_method, size_px)
    parts = on_each_set(table, facts, break_down)
    about = [
        f"Scores by kind of test image, validation threshold. {test_set} n: images of this kind;"
        " Dice and IoU in %; MDE pooled over the images of this kind, m; ∅: images without any"
        " predicted front. Mean ± standard deviation over seeds (for two or more). Winter: April to"
        " August in the southern hemisphere, October to February in the northern.",
        "The CSV file of the same name has the paper protocol too.",
        *facts.notes(),
        *notes,
        *others_note(others),
    ]
    if table.season.isna().any():
        about.append(
            "Season unknown: the hemisphere of these scenes is not known. Set source.hemisphere."
        )
    chosen = parts[parts.protocol == VALIDATION_THRESHOLD]
    pages = [
        _breakdown_block(scenes, part, grouping, others)
        for scenes, part in sets_of(chosen, facts)
        for grouping in GROUPINGS
    ]
    write_table(parts, "Scores by kind of image", about, pages, csv, md, html)


def summarise_distances(
    scores: pd.DataFrame, bootstrap_samples: int, bootstrap_seed: int
) -> pd.DataFrame:
    """Return one row per model × loss × protocol, each measure as _mean and _sd over seeds.

    mde_pooled_m_low, mde_mean_m_low …_high: 95 % bootstrap interval over test images, of the mean
    over seeds.
    """
    rows: list[dict[str, object]] = []
    for facts, chosen in each_row(scores):
        row = facts | _over_seeds(chosen, MEASURES)
        for name, ratio in RATIOS.items():
            above, below = (
                chosen.assign(value=values)
                .pivot(index="seed", columns="scene", values="value")
                .to_numpy(dtype=float)
                for values in ratio(chosen)
            )
            row[f"{name}_low"], row[f"{name}_high"] = bootstrap_ratio(
                above, below, bootstrap_samples, bootstrap_seed
            )
        rows.append(row)
    return pd.DataFrame(rows)


def break_down(scores: pd.DataFrame) -> pd.DataFrame:
    """Return one row per grouping × value × model × loss × protocol.

    A scene with an empty cell counts as `unknown`.
    """
    rows: list[dict[str, object]] = []
    for grouping in GROUPINGS:
        values = scores[grouping].map(_value_name)
        for value in sorted(values.unique(), key=_value_order):
            part = scores[values == value]
            rows += [
                {"grouping": grouping, "value": value}
                | facts
                | _over_seeds(chosen, BREAKDOWN_MEASURES)
                for facts, chosen in each_row(part)
            ]
    return pd.DataFrame(rows)


def _over_seeds(
    images: pd.DataFrame, measures: dict[str, Callable[[pd.DataFrame], float]]
) -> dict[str, object]:
    row: dict[str, object] = {}
    seeds = [part for _, part in images.groupby("seed")]
    for name, measure in measures.items():
        row |= over_seeds(name, [measure(part) for part in seeds])
    return row


def _value_name(value: Any) -> str:
    if pd.isna(value):
        return "unknown"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _value_order(value: str) -> tuple[int, float, str]:
    """Numbers by size, then names, `unknown` last."""
    if value == "unknown":
        return (2, 0.0, value)
    try:
        return (0, float(value), value)
    except ValueError:
        return (1, 0.0, value)


def _missing(row: pd.Series) -> str:
    """Format the missing fronts as `3 of 50`, with one decimal if the mean over seeds needs it."""
    digits = 0 if float(row.missing_mean).is_integer() else 1
    return f"{number(row.missing_mean, digits)} of {row.images}"


def _block(scenes: str, summary: pd.DataFrame, protocol: str, others: Printed) -> Block:
    header = [*NAMES, "MDE pooled [m]", "MDE mean [m]", "MDE median [m]", "HD95 mean [m]", "∅"]
    names = [name for name in MEASURES if name != "missing"]

    def cells(row: pd.Series) -> list[str]:
        means = _means(row, dict.fromkeys(names, 0))
        for number_of, name in enumerate(RATIOS):
            means[number_of] += interval(row[f"{name}_low"], row[f"{name}_high"], 0)
        return [*means, _missing(row)]

    rows = rows_by_loss(summary, protocol, others, cells)
    return Block(titled(PROTOCOLS[protocol].capitalize(), scenes), [], header, rows)


def _means(row: pd.Series, digits: dict[str, int]) -> list[str]:
    return [plus_minus(row[f"{name}_mean"], row[f"{name}_sd"], n) for name, n in digits.items()]


def _breakdown_block(scenes: str, parts: pd.DataFrame, grouping: str, others: Printed) -> Block:
    title = GROUPINGS[grouping]
    header = [title.capitalize(), *NAMES, "n", "Dice [%]", "IoU [%]", "MDE [m]", "∅"]
    digits = {"dice": 1, "iou": 1, "mde_pooled_m": 0}
    rows = [
        [
            *(str(row.value), *names_of(row, others), str(row.images)),
            *(*_means(row, digits), _missing(row)),
        ]
        for _, row in parts[parts.grouping == grouping].iterrows()
    ]
    return Block(titled(f"By {title}", scenes), [], header, rows, left=3)
