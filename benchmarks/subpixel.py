"""Compare the distances of skeletons and sub-pixel lines from the exact front.

    python benchmarks/subpixel.py results                        # of `make demo`: the test scenes
    python benchmarks/subpixel.py results --subset validation    # where the parameters were chosen

RESULTS is the folder of a run on the simulated archive, whose exact fronts are known as vectors
(archive/fronts.gpkg). For every network, at its validation threshold, the table gives the mean
distance between line and front over both directions, then for each direction. Both are sampled
every tenth of a pixel. Scenes without a line are left out and counted (∅).

Each kind of line is compared with `skeleton`, the paper's method with its length rule, over the
scenes that have both. `all networks` uses each scene's mean over the networks. "Longer pieces" are
those of the sub-pixel lines, which extend beyond the mask. They separate the effect of the pieces
from the effect of the lines.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import shapely
from scipy import ndimage, stats

from calvingfront.dataset.reading import open_dataset
from calvingfront.evaluation.predictions import open_predictions
from calvingfront.files import read_json
from calvingfront.fronts.lines import EIGHT_NEIGHBOURS, centre_lines, longer_than
from calvingfront.fronts.subpixel import REACH, subpixel_lines
from calvingfront.samples.geometry import map_to_sample
from calvingfront.vocabulary.paths import DATASET
from calvingfront.vocabulary.protocols import VALIDATION_THRESHOLD
from calvingfront.vocabulary.runs import Run
from calvingfront.vocabulary.subsets import HELD_OUT, TEST

STEP = 0.1  # px between the points at which distances are measured
PAPER = "skeleton"
ALL = "all networks"
Lines = list[np.ndarray]  # (n, 2) each: rows and columns, px


def skeleton(probability: np.ndarray, threshold: float, shortest: float, _: np.ndarray) -> Lines:
    """Return the paper's lines."""
    lines = longer_than(centre_lines((probability > threshold).astype(np.uint8)), shortest)
    return [np.column_stack([line.rows, line.cols]).astype(float) for line in lines]


def subpixel(
    probability: np.ndarray,
    threshold: float,
    shortest: float,
    valid: np.ndarray,
    **options: float,
) -> Lines:
    """Return the sub-pixel lines."""
    lines = subpixel_lines(probability, threshold, shortest, valid, **options)
    return [np.column_stack([line.rows, line.cols]) for line in lines]


def same_pieces(
    probability: np.ndarray, threshold: float, shortest: float, valid: np.ndarray
) -> Lines:
    """Return the paper's lines, drawn in the pieces of the sub-pixel lines."""
    labels, _ = ndimage.label(probability * valid > REACH * threshold, EIGHT_NEIGHBOURS)
    strong = np.unique(labels[probability * valid > threshold])
    return skeleton(np.isin(labels, strong).astype(float), 0.5, shortest, valid)


# The method of each kind of line, and a factor for the minimum length (0: any length).
KINDS: dict[str, tuple[Callable[..., Lines], float]] = {
    "skeleton, any length": (skeleton, 0),
    PAPER: (skeleton, 1),
    "skeleton, longer pieces": (same_pieces, 1),
    "sub-pixel, the mask's pieces": (lambda *args: subpixel(*args, reach=1), 1),
    "sub-pixel": (subpixel, 1),
}


def main() -> None:
    """Measure every network of a results folder and print the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path, help="folder of a run on the simulated archive")
    parser.add_argument("--subset", choices=HELD_OUT, default=TEST, help="subset to measure")
    parser.add_argument("--shortest", type=float, default=750.0, help="minimum line length, m")
    options = parser.parse_args()
    if not (options.results / "archive" / "fronts.gpkg").exists():
        sys.exit(
            f"{options.results} has no archive/fronts.gpkg. "
            "Give the folder of a run on the simulated archive."
        )
    print(report(measured(options.results, options.subset, options.shortest)))


def measured(results: Path, subset: str, shortest_m: float) -> pd.DataFrame:
    """Measure every kind of line for every network and scene, in m; NaN without a line."""
    data = open_dataset(results / DATASET)
    fronts = geopandas.read_file(results / "archive" / "fronts.gpkg").set_index("scene").geometry
    rows = []
    for path in sorted(results.glob("predictions/*/*/seed*/probabilities.npy")):
        run = Run(*path.parts[-4:-2], int(path.parent.name.removeprefix("seed")))
        if not run.trained:
            continue
        threshold = read_json(results / "evaluation" / run.folder / "threshold.json")
        array, index = open_predictions(path, path.with_name("index.tsv"))
        for k in np.flatnonzero(index["subset"] == subset):
            scene = index["scene"].iloc[k]
            facts = data.index.loc[data.rows([scene])[0]]
            truth = on_sample(fronts[scene], facts)
            valid = np.zeros(array[k].shape, bool)
            valid[: facts["content_height"], : facts["content_width"]] = True
            pixel = facts["pixel_size_m"]
            for name, (trace, rule) in KINDS.items():
                limit = threshold[VALIDATION_THRESHOLD]
                lines = trace(array[k].astype(float), limit, rule * shortest_m / pixel, valid)
                distances = np.multiply(pixel, both_ways(lines, truth))
                rows.append((run.label, scene, name, *distances))
    return pd.DataFrame(rows, columns=["network", "scene", "line", "both", "there", "back"])


def on_sample(front: shapely.Geometry, facts: pd.Series) -> shapely.Geometry:
    """Return a front on the map as lines in its sample: x is the row, y the column, px."""

    def project(points: np.ndarray) -> np.ndarray:
        rows, cols = map_to_sample(facts, points[:, 0], points[:, 1])
        return np.column_stack([rows, cols])

    return shapely.transform(front, project)


def both_ways(lines: Lines, truth: shapely.Geometry) -> tuple[float, float, float]:
    """Return the mean distances, px: both directions (weighted by length), to, from the front."""
    lines = [line for line in lines if len(line) > 1]
    if not lines:
        return np.nan, np.nan, np.nan
    found = shapely.MultiLineString(lines)
    there = shapely.distance(points_along(found), truth).mean()
    back = shapely.distance(points_along(truth), found).mean()
    both = np.average([there, back], weights=[found.length, truth.length])
    return float(both), float(there), float(back)


def points_along(lines: shapely.Geometry) -> np.ndarray:
    """Return points at even distances of about `STEP` along each part."""
    points = []
    for line in shapely.get_parts(lines):
        count = max(1, round(line.length / STEP))
        places = (np.arange(count) + 0.5) / count
        points.append(shapely.line_interpolate_point(line, places, normalized=True))
    return np.concatenate(points)


def report(table: pd.DataFrame) -> str:
    """Return the distances and the paired comparisons as Markdown."""
    values = ["both", "there", "back"]
    means = table.groupby(["scene", "line"], as_index=False)[values].mean().assign(network=ALL)
    missing = table.groupby(["network", "line"])["both"].apply(lambda part: part.isna().sum())
    lines = [
        "| network | line | mean, m | median, m | line → front, m | front → line, m | ∅ "
        "| better : worse | median difference, m | effect | p |",
        "|---|---|" + "---:|" * 9,
    ]
    for network in [*table["network"].unique(), ALL]:
        part = (means if network == ALL else table).query("network == @network")
        wide = part.pivot_table(index="scene", columns="line", values=values, dropna=False)
        for name in KINDS:
            both = wide["both"][name]
            cells = [network, name, f"{both.mean():.1f}", f"{both.median():.1f}"]
            cells += [f"{wide[value][name].mean():.1f}" for value in ("there", "back")]
            cells.append(f"{missing[network, name] if network != ALL else missing[:, name].sum()}")
            pairs = wide["both"][[PAPER, name]].dropna() if name != PAPER else ()
            cells += compared(pairs[PAPER], pairs[name]) if len(pairs) else ["–"] * 4
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def compared(first: pd.Series, second: pd.Series) -> list[str]:
    """Return the cells of a comparison; an effect above 0 means that the second is nearer."""
    difference = (second - first).to_numpy()
    ranks = stats.rankdata(np.abs(difference))
    effect = float(np.sum(np.sign(-difference) * ranks) / ranks.sum())
    better, worse = (second < first).sum(), (second > first).sum()
    return [
        f"{better} : {worse}",
        f"{np.median(difference):+.1f}",
        f"{effect:+.2f}",
        f"{stats.wilcoxon(difference).pvalue:.2g}",
    ]


if __name__ == "__main__":
    main()
