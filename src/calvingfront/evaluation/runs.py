"""Which run a file belongs to, how runs are named and ordered in print, and their scores."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from calvingfront.dataset.reading import read_table
from calvingfront.errors import CalvingFrontError, Faults
from calvingfront.files import PathLike

AVERAGE = "average"  # over the networks, where a table has such a row
MODEL_LABELS = {
    "unet": "U-Net",
    "attention_unet": "Att. U-Net",
    "prior": "Prior",
    "nearest_date": "Nearest date",
    AVERAGE: "Average",
}
WITHOUT_NETWORK = ("prior", "nearest_date")
PROTOCOLS = {
    "validation_threshold": "validation threshold",
    "paper_protocol": "paper protocol",
}
METRICS = {
    "dice": "Dice",
    "wdice4": "WDice4",
    "wdice8": "WDice8",
    "wdice16": "WDice16",
    "iou": "IoU",
}
SCORE_COLUMNS = (
    *("protocol", "scene", "glacier", "mission", "resolution_tag_m", "acquired", "season"),
    *("pixel_size_m", "threshold", *METRICS, "predicted_px", "true_px", "skeleton_px"),
    *("distance_sum_px", "distance_count", "mde_m", "hd95_m", "missing"),
)


class Run(NamedTuple):
    """One trained network, or one row without a network (loss `none`, seed 0)."""

    model: str
    loss: str
    seed: int

    @property
    def label(self) -> str:
        """The name in print, such as `Att. U-Net, WBCE8`."""
        if self.model in WITHOUT_NETWORK:
            return model_label(self.model)
        return f"{model_label(self.model)}, {loss_label(self.loss)}"


def run_of(path: PathLike) -> Run:
    """Read model, loss and seed from a path of the results folder.

    Two forms are known: `…/{model}/{loss}/seed{seed}/<file>` (models, predictions, evaluation)
    and `…/attention/{loss}/seed{seed}.npz`, whose model is always `attention_unet`.
    Raises CalvingFrontError for any other path.
    """
    parts = Path(path).parts
    if len(parts) >= 4 and (match := re.fullmatch(r"seed(\d+)", parts[-2])):
        return Run(parts[-4], parts[-3], int(match[1]))
    if len(parts) >= 3 and (match := re.fullmatch(r"seed(\d+)\.npz", parts[-1])):
        return Run("attention_unet", parts[-2], int(match[1]))
    raise CalvingFrontError(
        path,
        "the path does not say which run it belongs to",
        "Keep results under <model>/<loss>/seed<number>/, attention maps under"
        " <loss>/seed<number>.npz.",
    )


def as_paths(paths: PathLike | Iterable[PathLike]) -> list[Path]:
    """One path or several, as a list sorted by run: inputs in any order give the same output."""
    several = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    return sorted((Path(path) for path in several), key=lambda path: run_order(run_of(path)))


def model_label(model: str) -> str:
    """The network's name in print."""
    return MODEL_LABELS.get(model, model)


def loss_label(loss: str) -> str:
    """The loss's name in print; a dash where there is none."""
    return "–" if loss == "none" else loss.upper()


def loss_weight(loss: str) -> float | None:
    """The distance weight w of a loss, px: 0 for BCE, None where the name carries none."""
    if loss == "bce":
        return 0.0
    match = re.fullmatch(r"wbce(\d+(?:\.\d+)?)", loss)
    return float(match[1]) if match else None


def loss_order(loss: str) -> tuple[int, float, str]:
    """Sorting key of losses: BCE, then WBCE by weight, then others, `none` last."""
    weight = loss_weight(loss)
    if weight is not None:
        return (0, weight, loss)
    return (2 if loss == "none" else 1, 0.0, loss)


def model_order(model: str) -> tuple[int, str]:
    """Sorting key of models: U-Net, Att. U-Net, other networks, rows without a network."""
    known = {"unet": 0, "attention_unet": 1, "prior": 3, "nearest_date": 4}
    return (known.get(model, 2), model)


def run_order(run: Run) -> tuple[tuple[int, float, str], tuple[int, str], int]:
    """Sorting key of the paper's tables: by loss, within it by model, then by seed."""
    return (loss_order(run.loss), model_order(run.model), run.seed)


def by_run(paths: PathLike | Iterable[PathLike]) -> dict[Run, Path]:
    """Run → its file, in the order of the paper's tables."""
    return {run_of(path): path for path in as_paths(paths)}


def rows_in_order(scores: pd.DataFrame) -> list[tuple[str, str]]:
    """The distinct (model, loss) of a score table in the order of the paper's tables."""
    pairs = {(str(model), str(loss)) for model, loss in zip(scores.model, scores.loss, strict=True)}
    return sorted(pairs, key=lambda pair: run_order(Run(pair[0], pair[1], 0)))


def read_scores(paths: PathLike | Sequence[PathLike]) -> pd.DataFrame:
    """Read and join `scores.tsv` files; adds the columns model, loss and seed.

    Raises Faults naming every file that lacks a column or a protocol, or whose test scenes
    differ from the first file's: rows of one table must stand on the same images.
    """
    tables: list[pd.DataFrame] = []
    faults: list[CalvingFrontError] = []
    remedy = "Score this run again on the present split (remove its scores.tsv)."
    for path in as_paths(paths):
        table = read_table(path, {"scene": str, "glacier": str, "mission": str})
        lacking = [name for name in SCORE_COLUMNS if name not in table]
        if lacking:
            faults.append(CalvingFrontError(path, f"columns lacking: {', '.join(lacking)}", remedy))
            continue
        for protocol in PROTOCOLS:
            scenes = table.loc[table.protocol == protocol, "scene"]
            if scenes.duplicated().any() or scenes.empty:
                what = "scenes stand twice" if len(scenes) else "no rows"
                faults.append(CalvingFrontError(path, f"{protocol}: {what}", remedy))
            elif tables and set(scenes) != set(tables[0].scene):
                odd = sorted(set(scenes) ^ set(tables[0].scene))
                what = f"{protocol}: other test scenes than the first run's: {', '.join(odd[:5])}"
                faults.append(CalvingFrontError(path, what, remedy))
        run = run_of(path)
        table.insert(0, "model", run.model)
        table.insert(1, "loss", run.loss)
        table.insert(2, "seed", run.seed)
        tables.append(table)
    if faults:
        raise Faults(faults, "A table compares runs on the same test images only.")
    if not tables:
        raise CalvingFrontError("scores", "no score file given", "Score at least one run.")
    return pd.concat(tables, ignore_index=True)


def seeds_of(scores: pd.DataFrame, model: str, loss: str) -> list[int]:
    """The seeds of one model and loss, ascending."""
    chosen = scores[(scores.model == model) & (scores.loss == loss)]
    return sorted(int(seed) for seed in chosen.seed.unique())


def describe_test_set(scores: pd.DataFrame, split_method: str, size_px: int) -> str:
    """The line under every table: images, their size, split method, seeds per network."""
    images = scores.scene.nunique()
    networks = scores[~scores.model.isin(WITHOUT_NETWORK)]
    counts = networks.groupby(["model", "loss"]).seed.nunique()
    text = f"{images} test image{'s' if images != 1 else ''} of {size_px} × {size_px} px"
    text += f", split method “{split_method}”"
    if counts.empty:
        return text + ", no trained network."
    fewest, most = int(counts.min()), int(counts.max())
    seeds = f"{fewest}" if fewest == most else f"{fewest} to {most}"
    text += f", {seeds} seed{'s' if most != 1 else ''} per network and loss"
    if most == 1:
        text += " (so nothing is known of the spread between trainings)"
    return text + "."
