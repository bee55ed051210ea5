"""The scores of several runs as one table, checked for the same test images."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from calvingfront.dataset.reading import read_table
from calvingfront.errors import CalvingFrontError, DamagedFileError, Faults
from calvingfront.files import PathLike
from calvingfront.vocabulary.losses import NO_LOSS
from calvingfront.vocabulary.metrics import METRICS
from calvingfront.vocabulary.models import is_ensemble
from calvingfront.vocabulary.protocols import PROTOCOLS
from calvingfront.vocabulary.runs import Run, as_paths, run_of

SCORE_COLUMNS = (
    *("protocol", "scene", "glacier", "mission", "resolution_tag_m", "acquired", "season"),
    *("pixel_size_m", "threshold", *METRICS, "predicted_px", "true_px", "skeleton_px"),
    *("distance_sum_px", "distance_count", "mde_m", "hd95_m", "missing"),
)


def read_scores(paths: PathLike | Sequence[PathLike]) -> pd.DataFrame:
    """Read and concatenate `scores.tsv` files; adds the columns model, loss and seed.

    Raises Faults naming every file that is damaged, lacks a column or protocol, or has other test
    scenes than the first file: all rows of a table must refer to the same images.
    """
    tables: list[pd.DataFrame] = []
    faults: list[CalvingFrontError] = []
    remedy = "Remove this scores.tsv and score the run again on the current split."
    for path in as_paths(paths):
        try:
            table = read_table(path, {"scene": str, "glacier": str, "mission": str})
        except DamagedFileError as error:
            faults.append(error)
            continue
        lacking = [name for name in SCORE_COLUMNS if name not in table]
        if lacking:
            faults.append(CalvingFrontError(path, f"has no columns {', '.join(lacking)}", remedy))
            continue
        for protocol in PROTOCOLS:
            scenes = table.loc[table.protocol == protocol, "scene"]
            if scenes.duplicated().any() or scenes.empty:
                what = "some scenes appear twice" if len(scenes) else "no rows"
                faults.append(CalvingFrontError(path, f"{protocol}: {what}", remedy))
            elif tables and set(scenes) != set(tables[0].scene):
                odd = sorted(set(scenes) ^ set(tables[0].scene))
                what = f"{protocol}: test scenes differ from the first run's: {', '.join(odd[:5])}"
                faults.append(CalvingFrontError(path, what, remedy))
        run = run_of(path)
        table.insert(0, "model", run.model)
        table.insert(1, "loss", run.loss)
        table.insert(2, "seed", run.seed)
        tables.append(table)
    if faults:
        raise Faults(faults, "Score all runs of a table on the same test images.")
    if not tables:
        raise CalvingFrontError("scores", "no score file given", "Score at least one run.")
    return pd.concat(tables, ignore_index=True)


def rows_in_order(scores: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the distinct (model, loss) of a score table, in the order of the paper's tables."""
    pairs = {(str(model), str(loss)) for model, loss in zip(scores.model, scores.loss, strict=True)}
    return sorted(pairs, key=lambda pair: Run(*pair).order)


def seeds_of(scores: pd.DataFrame, model: str, loss: str) -> list[int]:
    """Return the seeds of one model and loss, ascending."""
    chosen = scores[(scores.model == model) & (scores.loss == loss)]
    return sorted(int(seed) for seed in chosen.seed.unique())


def describe_test_set(scores: pd.DataFrame, split_method: str, size_px: int) -> str:
    """Return the line in every caption: test images, their size, split method, number of seeds."""
    images = scores.scene.nunique()
    networks = scores[(scores.loss != NO_LOSS) & ~scores.model.map(is_ensemble)]
    counts = networks.groupby(["model", "loss"]).seed.nunique()
    text = f"{images} test image{'s' if images != 1 else ''} of {size_px} × {size_px} px"
    text += f", split method “{split_method}”"
    if counts.empty:
        return text + ", no trained network."
    fewest, most = int(counts.min()), int(counts.max())
    seeds = f"{fewest}" if fewest == most else f"{fewest} to {most}"
    text += f", {seeds} seed{'s' if most != 1 else ''} per network and loss"
    if most == 1:
        text += " (so the spread between trainings is unknown)"
    return text + "."
