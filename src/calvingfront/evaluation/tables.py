"""Table I: overlap scores on the test set, both protocols beside the paper's values."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from calvingfront.evaluation.paper_values import PAPER_SIZE_PX, PAPER_TEST_IMAGES, TABLE_I
from calvingfront.evaluation.rendering import (
    Block,
    latex,
    markdown,
    number,
    plus_minus,
    write_csv,
)
from calvingfront.evaluation.runs import (
    METRICS,
    PROTOCOLS,
    StrPath,
    describe_test_set,
    loss_label,
    model_label,
    read_scores,
    rows_in_order,
    seeds_of,
)
from calvingfront.evaluation.statistics import bootstrap_interval, mean_and_spread
from calvingfront.files import write_text

INTERVALS = ("dice", "iou")
PROTOCOL_NOTE = (
    "Validation threshold: one threshold per network, chosen on the validation set and applied"
    " once to the test set; the number to quote. Paper protocol: each prediction stretched to its"
    " full range and, for each metric, the threshold that scores best on the test set itself; an"
    " oracle, for comparison with the paper only."
)
ROWS_NOTE = (
    "Prior and nearest date use no network: how often a front of the same glacier lay on a pixel"
    " in the training set, and the training front of the same glacier closest in time."
)


def tabulate_scores(
    scores: StrPath | Sequence[StrPath],
    split_method: str,
    size_px: int,
    csv: StrPath,
    md: StrPath,
    tex: StrPath,
    bootstrap_samples: int = 2000,
    bootstrap_seed: int = 1,
) -> None:
    """Write Table I as CSV (tidy), Markdown and LaTeX.

    scores:       `scores.tsv` of every run, rows without a network included.
    split_method: named in the caption, as is size_px, the side of the square images.
    Raises Faults where the runs do not stand on the same test images.
    """
    table = read_scores(scores)
    summary = summarise_scores(table, bootstrap_samples, bootstrap_seed)
    caption = _caption(table, split_method, size_px, bootstrap_samples)
    blocks = [_block(summary, ("dice", "iou")), _block(summary, ("wdice4", "wdice8", "wdice16"))]
    write_csv(csv, summary)
    write_text(md, markdown("Table I: scores on the test set", caption, blocks))
    write_text(tex, latex("tab:scores", caption, blocks))


def summarise_scores(
    scores: pd.DataFrame, bootstrap_samples: int, bootstrap_seed: int
) -> pd.DataFrame:
    """One row per model × loss × protocol, all scores in %.

    {metric}_mean, {metric}_sd: over seeds, of the means over test images (sd from two seeds on).
    {metric}_low, {metric}_high (Dice, IoU): 95 % bootstrap interval over test images, of the
    scores averaged over the seeds. threshold_mean: over seeds and images. paper_{metric}: the
    paper's Table I.
    """
    rows: list[dict[str, object]] = []
    for model, loss in rows_in_order(scores):
        for protocol in PROTOCOLS:
            chosen = scores[
                (scores.model == model) & (scores.loss == loss) & (scores.protocol == protocol)
            ]
            row: dict[str, object] = {
                "model": model,
                "loss": loss,
                "protocol": protocol,
                "seeds": len(seeds_of(scores, model, loss)),
                "images": chosen.scene.nunique(),
                "threshold_mean": chosen.threshold.mean(),
            }
            for metric in METRICS:
                per_seed = 100 * chosen.groupby("seed")[metric].mean()
                row[f"{metric}_mean"], row[f"{metric}_sd"] = mean_and_spread(per_seed)
                if metric in INTERVALS:
                    per_image = 100 * chosen.groupby("scene")[metric].mean()
                    row[f"{metric}_low"], row[f"{metric}_high"] = bootstrap_interval(
                        per_image, bootstrap_samples, bootstrap_seed
                    )
            paper = TABLE_I.get((model, loss), {})
            row |= {f"paper_{metric}": paper.get(metric, float("nan")) for metric in METRICS}
            rows.append(row)
    return pd.DataFrame(rows)


def _block(summary: pd.DataFrame, metrics: Sequence[str]) -> Block:
    """Both protocols and the paper side by side for some metrics."""
    header = ["Model", "Loss"]
    groups = [("", 2)]
    for metric in metrics:
        header += [*PROTOCOLS.values(), "the paper"]
        groups.append((METRICS[metric], len(PROTOCOLS) + 1))
    rows: list[list[str]] = []
    before = ""
    for (model, loss), pair in summary.groupby(["model", "loss"], sort=False):
        by_protocol = {str(row.protocol): row for _, row in pair.iterrows()}
        if before and loss != before:
            rows.append([])
        before = str(loss)
        cells = [model_label(str(model)), loss_label(str(loss))]
        for metric in metrics:
            cells += [_cell(by_protocol[protocol], metric) for protocol in PROTOCOLS]
            cells.append(number(pair[f"paper_{metric}"].iloc[0]))
        rows.append(cells)
    return Block("", groups, header, rows)


def _cell(row: pd.Series, metric: str) -> str:
    text = plus_minus(row[f"{metric}_mean"], row[f"{metric}_sd"])
    if metric not in INTERVALS:
        return text
    return f"{text} [{number(row[f'{metric}_low'])}, {number(row[f'{metric}_high'])}]"


def _caption(scores: pd.DataFrame, split_method: str, size_px: int, samples: int) -> list[str]:
    return [
        f"Scores in %, means over the test set: {describe_test_set(scores, split_method, size_px)}"
        " Mean ± standard deviation over seeds (from two seeds on); in brackets the 95 % bootstrap"
        f" interval over test images ({samples} resamples).",
        PROTOCOL_NOTE,
        f"{ROWS_NOTE} The paper: Holzmann et al. (2021), Table I, on {PAPER_TEST_IMAGES} images of"
        f" {PAPER_SIZE_PX} × {PAPER_SIZE_PX} px.",
    ]
