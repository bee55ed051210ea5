"""Front position errors in metres, and scores broken down by kind of scene."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from calvingfront.evaluation.score_table import describe_test_set, read_scores
from calvingfront.files import PathLike
from calvingfront.tables.rendering import Block, number, plus_minus
from calvingfront.tables.table_parts import (
    NAMES,
    PROTOCOL_NOTE,
    ROWS_NOTE,
    each_row,
    history_note,
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


def pooled_error(images: pd.DataFrame) -> float:
    """Compute the Mean Distance Error pooled over images, m; NaN if no image has both fronts.

    Σ_i r_i · distance_sum_px_i / Σ_i distance_count_i, r_i = pixel_size_m, over the images with a
    predicted and a true front. The sums run over both directions (prediction to truth and back), so
    a long front has more weight than a short one.
    Source: Gourmelon et al. (2022), "Calving fronts and where to find them", ESSD 14.
    """
    distance_m = images.distance_sum_px * images.pixel_size_m
    measured = (images.missing == 0) & distance_m.notna() & (images.distance_count > 0)
    count = float(images.distance_count[measured].sum())
    return float(distance_m[measured].sum()) / count if count else float("nan")


def _of_found(column: str, average: str) -> Callable[[pd.DataFrame], float]:
    """Return a function for one column's mean or median over images with a predicted front."""

    def measure(images: pd.DataFrame) -> float:
        return float(images.loc[images.missing == 0, column].agg(average))

    return measure


MEASURES: dict[str, Callable[[pd.DataFrame], float]] = {
    "mde_pooled_m": pooled_error,
    "mde_mean_m": _of_found("mde_m", "mean"),
    "mde_median_m": _of_found("mde_m", "median"),
    "hd95_mean_m": _of_found("hd95_m", "mean"),
    "missing": lambda images: float(images.missing.sum()),
}
BREAKDOWN_MEASURES: dict[str, Callable[[pd.DataFrame], float]] = {
    "dice": lambda images: 100 * float(images.dice.mean()),
    "iou": lambda images: 100 * float(images.iou.mean()),
    "mde_pooled_m": pooled_error,
    "missing": MEASURES["missing"],
}


def tabulate_distances(
    scores: PathLike | Sequence[PathLike],
    split_method: str,
    size_px: int,
    csv: PathLike,
    md: PathLike,
    html: PathLike,
    tex: PathLike,
    others: Printed = NOBODY,
    notes: Sequence[str] = (),
) -> None:
    """Write the front position errors (CSV, Markdown, HTML, LaTeX).

    scores: `scores.tsv` of every row: networks, results of others, baselines. others: labels and
    citations of the results of others. notes: on how the networks predict, for the caption.
    """
    table = read_scores(scores)
    test_set = describe_test_set(table, split_method, size_px)
    caption = [
        f"Front position errors in m. {test_set} MDE: mean distance between predicted and true"
        " front in both directions; pooled over all front pixels of the test set, and as mean and"
        " median of the images' own MDE. HD95: mean of the images' 95 % Hausdorff distances."
        " ∅: test images without any predicted front (mean over seeds); the distances leave them"
        " out. Mean ± standard deviation over seeds.",
        f"{PROTOCOL_NOTE} {ROWS_NOTE}",
        *history_note(table),
        *notes,
        *others_note(others),
    ]
    summary = summarise_distances(table)
    blocks = [_block(summary, protocol, others) for protocol in PROTOCOLS]
    title = "Front position errors"
    write_table(summary, title, caption, blocks, csv, md, html, tex, "tab:distances")


def tabulate_breakdown(
    scores: PathLike | Sequence[PathLike],
    split_method: str,
    size_px: int,
    csv: PathLike,
    md: PathLike,
    html: PathLike,
    others: Printed = NOBODY,
    notes: Sequence[str] = (),
) -> None:
    """Write the scores by glacier, sensor, resolution and season (CSV, Markdown, HTML).

    scores: `scores.tsv` of every row: networks, results of others, baselines. others: labels and
    citations of the results of others. notes: on how the networks predict, for the caption.
    """
    table = read_scores(scores)
    test_set = describe_test_set(table, split_method, size_px)
    parts = break_down(table)
    about = [
        f"Scores by kind of test image, validation threshold. {test_set} n: images of this kind;"
        " Dice and IoU in %; MDE pooled over the images of this kind, m; ∅: images without any"
        " predicted front. Mean ± standard deviation over seeds. Winter: April to August in the"
        " southern hemisphere, October to February in the northern.",
        "The CSV file of the same name has the paper protocol too.",
        *notes,
        *others_note(others),
    ]
    if table.season.isna().any():
        about.append(
            "Season unknown: the hemisphere of these scenes is not known. Set source.hemisphere."
        )
    chosen = parts[parts.protocol == VALIDATION_THRESHOLD]
    pages = [_breakdown_block(chosen, grouping, others) for grouping in GROUPINGS]
    write_table(parts, "Scores by kind of image", about, pages, csv, md, html)


def summarise_distances(scores: pd.DataFrame) -> pd.DataFrame:
    """Return one row per model × loss × protocol, each measure as _mean and _sd over seeds."""
    rows = [facts | _over_seeds(chosen, MEASURES) for facts, chosen in each_row(scores)]
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


def _block(summary: pd.DataFrame, protocol: str, others: Printed) -> Block:
    header = [*NAMES, "MDE pooled [m]", "MDE mean [m]", "MDE median [m]", "HD95 mean [m]", "∅"]
    names = [name for name in MEASURES if name != "missing"]

    def cells(row: pd.Series) -> list[str]:
        return [*_means(row, dict.fromkeys(names, 0)), _missing(row)]

    rows = rows_by_loss(summary, protocol, others, cells)
    return Block(PROTOCOLS[protocol].capitalize(), [], header, rows)


def _means(row: pd.Series, digits: dict[str, int]) -> list[str]:
    return [plus_minus(row[f"{name}_mean"], row[f"{name}_sd"], n) for name, n in digits.items()]


def _breakdown_block(parts: pd.DataFrame, grouping: str, others: Printed) -> Block:
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
    return Block(f"By {title}", [], header, rows, left=3)
