"""Table II: how thick the predicted fronts are, and what that means in metres."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from calvingfront.errors import CalvingFrontError
from calvingfront.evaluation.paper_values import PAPER_PIXEL_SIZE_M, TABLE_II
from calvingfront.evaluation.rendering import (
    DASH,
    Block,
    latex,
    markdown,
    number,
    plus_minus,
    write_csv,
)
from calvingfront.evaluation.runs import (
    PROTOCOLS,
    WITHOUT_NETWORK,
    StrPath,
    describe_test_set,
    loss_label,
    loss_weight,
    model_label,
    read_scores,
    rows_in_order,
    seeds_of,
)
from calvingfront.evaluation.statistics import mean_and_spread
from calvingfront.evaluation.tables import PROTOCOL_NOTE
from calvingfront.files import write_text

AVERAGE = "average"
QUANTITIES = ("thickness_px", "certainty_m", "area_per_length_px")


def tabulate_thickness(
    scores: StrPath | Sequence[StrPath],
    index: StrPath,
    split_method: str,
    size_px: int,
    front_width_px: float,
    csv: StrPath,
    md: StrPath,
    tex: StrPath,
) -> None:
    """Write Table II as CSV (tidy), Markdown and LaTeX.

    scores:         `scores.tsv` of every run.
    index:          the data set's `index.tsv`; its mean `pixel_size_m` turns px into m.
    front_width_px: width of the true fronts after the resize.
    """
    table = read_scores(scores)
    pixel_size_m = mean_pixel_size(index)
    summary = summarise_thickness(table, front_width_px, pixel_size_m)
    caption = [
        "Average thickness of the predicted fronts and the certainty that follows from it:"
        f" thickness × mean pixel size / 2, with {number(pixel_size_m, 2)} m per pixel (mean over"
        f" all scenes of the data set; the paper: {PAPER_PIXEL_SIZE_M} m)."
        f" {describe_test_set(table, split_method, size_px)}",
        "Class ratio, the paper's estimate: predicted front pixels / true front pixels, sums over"
        f" the test set, × {front_width_px:g} px, the width of the true fronts. Area / length:"
        " predicted front pixels / length of their centre lines, sums over the images with a"
        " centre line; it assumes nothing about the truth.",
        f"Mean ± standard deviation over seeds. {PROTOCOL_NOTE}",
        "The paper (Holzmann et al. 2021, Table II) does not say which network it measured; its"
        " values stand beside the average over the networks.",
    ]
    blocks = [_block(summary, protocol) for protocol in PROTOCOLS]
    write_csv(csv, summary)
    write_text(md, markdown("Table II: thickness of the predicted fronts", caption, blocks))
    write_text(tex, latex("tab:thickness", caption, blocks))


def mean_pixel_size(index: StrPath) -> float:
    """Mean metres per pixel over the scenes of a data set; nan where none is known."""
    scenes = pd.read_csv(index, sep="\t")
    if "pixel_size_m" not in scenes:
        raise CalvingFrontError(index, "no column pixel_size_m", "Pack the samples again.")
    return float(scenes.drop_duplicates("scene").pixel_size_m.mean())


def summarise_thickness(
    scores: pd.DataFrame, front_width_px: float, pixel_size_m: float
) -> pd.DataFrame:
    """One row per model × loss × protocol, and one per loss averaged over the networks.

    thickness_px: Σ predicted_px / Σ true_px × front_width_px, sums over the test images (so that
    an image with a short front does not weigh as much as one with a long front).
    area_per_length_px: Σ predicted_px / Σ skeleton_px (the length of the centre lines) over the
    images that have a centre line.
    certainty_m: thickness_px × pixel_size_m / 2. Each as _mean and _sd over seeds.
    """
    measured = [
        _measure(scores, model, loss, protocol, front_width_px, pixel_size_m)
        for model, loss in rows_in_order(scores)
        for protocol in PROTOCOLS
    ]
    rows = pd.DataFrame(measured)
    networks = rows[~rows.model.isin(WITHOUT_NETWORK)]
    averages: list[dict[str, object]] = []
    for (loss, protocol), group in networks.groupby(["loss", "protocol"], sort=False):
        thickness_px, certainty_m = TABLE_II.get(str(loss), (np.nan, np.nan))
        first = group.iloc[0]
        averages.append(
            {"model": AVERAGE, "loss": loss, "protocol": protocol}
            | {name: first[name] for name in ("w", "seeds", "images", "pixel_size_m")}
            | {f"{name}_mean": group[f"{name}_mean"].mean() for name in QUANTITIES}
            | {"paper_thickness_px": thickness_px, "paper_certainty_m": certainty_m}
        )
    return pd.concat([rows, pd.DataFrame(averages)], ignore_index=True) if averages else rows


def _measure(
    scores: pd.DataFrame,
    model: str,
    loss: str,
    protocol: str,
    front_width_px: float,
    pixel_size_m: float,
) -> dict[str, object]:
    chosen = scores[(scores.model == model) & (scores.loss == loss) & (scores.protocol == protocol)]
    thickness, area_per_length = [], []
    for _, images in chosen.groupby("seed"):
        thickness.append(_ratio(images.predicted_px, images.true_px) * front_width_px)
        lines = images[images.skeleton_px > 0]
        area_per_length.append(_ratio(lines.predicted_px, lines.skeleton_px))
    row: dict[str, object] = {
        "model": model,
        "loss": loss,
        "protocol": protocol,
        "w": loss_weight(loss),
        "seeds": len(seeds_of(scores, model, loss)),
        "images": chosen.scene.nunique(),
        "pixel_size_m": pixel_size_m,
    }
    certainty = [value * pixel_size_m / 2 for value in thickness]
    for name, values in zip(QUANTITIES, (thickness, certainty, area_per_length), strict=True):
        row[f"{name}_mean"], row[f"{name}_sd"] = mean_and_spread(values)
    return row | {"paper_thickness_px": np.nan, "paper_certainty_m": np.nan}


def _ratio(numerator: pd.Series, denominator: pd.Series) -> float:
    total = float(denominator.sum())
    return float(numerator.sum()) / total if total > 0 else float("nan")


def _block(summary: pd.DataFrame, protocol: str) -> Block:
    header = ["Model", "Loss", "w"]
    header += ["class ratio [px]", "certainty [m]", "area / length [px]"]
    header += ["thickness [px]", "certainty [m]"]
    groups = [("", 3), ("ours", 3), ("the paper", 2)]
    rows: list[list[str]] = []
    chosen = summary[summary.protocol == protocol]
    for loss, group in chosen.groupby("loss", sort=False):
        if rows:
            rows.append([])
        for _, row in group.iterrows():
            model = "Average" if row.model == AVERAGE else model_label(str(row.model))
            weight = DASH if pd.isna(row.w) else f"{row.w:g}"
            cells = [model, loss_label(str(loss)), weight]
            for name, digits in zip(QUANTITIES, (1, 1, 1), strict=True):
                cells.append(plus_minus(row[f"{name}_mean"], row[f"{name}_sd"], digits))
            cells += [number(row.paper_thickness_px, 1), number(row.paper_certainty_m, 2)]
            rows.append(cells)
    return Block(PROTOCOLS[protocol].capitalize(), groups, header, rows, left=2)
