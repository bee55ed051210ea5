"""Table II: the thickness of the predicted fronts, in pixels and in metres."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from calvingfront.dataset.reading import read_index
from calvingfront.errors import CalvingFrontError
from calvingfront.evaluation.score_table import describe_test_set, read_scores
from calvingfront.files import PathLike
from calvingfront.tables.data_facts import on_each_set, read_facts, sets_of, titled
from calvingfront.tables.paper_values import PAPER_PIXEL_SIZE_M, TABLE_II, why_not_the_papers
from calvingfront.tables.rendering import DASH, Block, number, plus_minus
from calvingfront.tables.table_parts import (
    NAMES,
    PROTOCOL_NOTE,
    each_row,
    others_note,
    over_seeds,
    rows_by_loss,
    write_table,
)
from calvingfront.vocabulary.losses import NO_LOSS, loss_weight
from calvingfront.vocabulary.models import AVERAGE, is_ensemble
from calvingfront.vocabulary.others import NOBODY, Printed
from calvingfront.vocabulary.protocols import PROTOCOLS

QUANTITIES = ("thickness_px", "certainty_m", "area_per_length_px")


def tabulate_thickness(
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
) -> None:
    """Write Table II as CSV (tidy), Markdown, HTML and LaTeX.

    scores:  `scores.tsv` of every row.
    dataset: folder of the packed samples; their mean `pixel_size_m` converts px to m, and
             `front_width_px` is the width of the true fronts after resizing.
    others:  labels and citations of the results of others.
    notes:   on how the networks predict, for the caption.
    Raises CalvingFrontError if the data set does not say how wide its fronts are.
    """
    table, facts = read_scores(scores), read_facts(dataset)
    pixel_size_m, front_width_px = mean_pixel_size(dataset), facts.front_width_px
    if front_width_px is None:
        what = "has no column front_width_px"
        raise CalvingFrontError(dataset, what, "Pack the samples again.")
    other = why_not_the_papers(table, size_px)
    place = f"left out, because {other}" if other else "beside the average over the networks"

    def summarise(part: pd.DataFrame) -> pd.DataFrame:
        return summarise_thickness(part, front_width_px, pixel_size_m, beside_paper=not other)

    summary = on_each_set(table, facts, summarise)
    caption = [
        "Average thickness of the predicted fronts and the certainty that follows from it:"
        f" thickness × mean pixel size / 2, with {number(pixel_size_m, 2)} m per pixel (mean over"
        f" all scenes of the data set; the paper: {PAPER_PIXEL_SIZE_M} m)."
        f" {describe_test_set(table, split_method, size_px)}",
        "Class ratio, the paper's estimate: predicted front pixels / true front pixels, summed over"
        f" the test set, × {front_width_px:g} px, the width of the true fronts. Area / length:"
        " predicted front pixels / length of their centre lines, summed over the images with a"
        " centre line; it assumes nothing about the true fronts.",
        f"Mean ± standard deviation over seeds (for two or more). {PROTOCOL_NOTE}",
        "The paper (Holzmann et al. 2021, Table II) does not say which network it measured; its"
        f" values are {place}.",
        *facts.notes(),
        *notes,
        *others_note(others),
    ]
    blocks = [
        _block(scenes, part, protocol, others)
        for scenes, part in sets_of(summary, facts)
        for protocol in PROTOCOLS
    ]
    title = "Table II: thickness of the predicted fronts"
    write_table(summary, title, caption, blocks, csv, md, html, tex, "tab:thickness")


def mean_pixel_size(dataset: PathLike) -> float:
    """Return the mean metres per pixel over the scenes of a data set; NaN if none is known.

    Raises CalvingFrontError if the data set has no column pixel_size_m.
    """
    scenes = read_index(dataset)
    if "pixel_size_m" not in scenes:
        raise CalvingFrontError(dataset, "has no column pixel_size_m", "Pack the samples again.")
    return float(scenes.drop_duplicates("scene").pixel_size_m.mean())


def summarise_thickness(
    scores: pd.DataFrame, front_width_px: float, pixel_size_m: float, beside_paper: bool = True
) -> pd.DataFrame:
    """Return one row per model × loss × protocol, and one per loss averaged over the networks.

    thickness_px: Σ predicted_px / Σ true_px × front_width_px, summed over the test images, so that
    an image with a short front has less weight than one with a long front.
    area_per_length_px: Σ predicted_px / Σ skeleton_px (the length of the centre lines) over the
    images that have a centre line.
    certainty_m: thickness_px × pixel_size_m / 2. Each as _mean and _sd over seeds.
    """
    rows = pd.DataFrame(
        [
            facts | {"pixel_size_m": pixel_size_m} | _measure(chosen, front_width_px, pixel_size_m)
            for facts, chosen in each_row(scores)
        ]
    )
    rows.insert(3, "w", rows.loss.map(loss_weight))
    networks = rows[(rows.loss != NO_LOSS) & ~rows.model.map(is_ensemble)]
    averages: list[dict[str, object]] = []
    for (loss, protocol), group in networks.groupby(["loss", "protocol"], sort=False):
        paper = TABLE_II if beside_paper else {}
        thickness_px, certainty_m = paper.get(str(loss), (np.nan, np.nan))
        first = group.iloc[0]
        averages.append(
            {"model": AVERAGE, "loss": loss, "protocol": protocol}
            | {name: first[name] for name in ("w", "seeds", "images", "pixel_size_m")}
            | {f"{name}_mean": group[f"{name}_mean"].mean() for name in QUANTITIES}
            | {"paper_thickness_px": thickness_px, "paper_certainty_m": certainty_m}
        )
    return pd.concat([rows, pd.DataFrame(averages)], ignore_index=True) if averages else rows


def _measure(chosen: pd.DataFrame, front_width_px: float, pixel_size_m: float) -> dict[str, object]:
    thickness, area_per_length = [], []
    for _, images in chosen.groupby("seed"):
        thickness.append(_ratio(images.predicted_px, images.true_px) * front_width_px)
        lines = images[images.skeleton_px > 0]
        area_per_length.append(_ratio(lines.predicted_px, lines.skeleton_px))
    certainty = [value * pixel_size_m / 2 for value in thickness]
    row: dict[str, object] = {}
    for name, values in zip(QUANTITIES, (thickness, certainty, area_per_length), strict=True):
        row |= over_seeds(name, values)
    return row | {"paper_thickness_px": np.nan, "paper_certainty_m": np.nan}


def _ratio(numerator: pd.Series, denominator: pd.Series) -> float:
    total = float(denominator.sum())
    return float(numerator.sum()) / total if total > 0 else float("nan")


def _block(scenes: str, summary: pd.DataFrame, protocol: str, others: Printed) -> Block:
    header = [*NAMES, "w"]
    header += ["class ratio [px]", "certainty [m]", "area / length [px]"]
    header += ["thickness [px]", "certainty [m]"]
    groups = [("", 3), ("ours", 3), ("the paper", 2)]

    def cells(row: pd.Series) -> list[str]:
        weight = DASH if pd.isna(row.w) else f"{row.w:g}"
        ours = [plus_minus(row[f"{name}_mean"], row[f"{name}_sd"]) for name in QUANTITIES]
        return [weight, *ours, number(row.paper_thickness_px, 1), number(row.paper_certainty_m, 2)]

    rows = rows_by_loss(summary, protocol, others, cells)
    return Block(titled(PROTOCOLS[protocol].capitalize(), scenes), groups, header, rows, left=2)
