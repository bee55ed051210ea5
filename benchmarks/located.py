"""Compare the located fronts of new scenes with the exact fronts of the simulated archive.

    python benchmarks/located.py results                 # of `make demo`
    python benchmarks/located.py results --unflagged     # without doubtful ones

RESULTS is the folder of a run on the simulated archive with new scenes (`source.simulated.
new_scenes`), whose exact fronts (archive/new_fronts.gpkg) nothing else reads. For every scene, the
table gives the mean distance of the line from the front, of the front from the line, the error that
the file states, and the shares of the line within its bands; then means over the scenes, and below
them those of the held-out test scenes (held_out/fronts.gpkg, archive/fronts.gpkg), measured alike.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import shapely

from calvingfront.locating.located_front import LEVELS, LocatedFront
from calvingfront.locating.vectors import read_fronts
from calvingfront.vocabulary.subsets import TEST

STEP_M = 5.0  # between the points at which distances are measured


def main() -> None:
    """Measure the new scenes and the test scenes of a results folder; print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path, help="folder of a run on the simulated archive")
    parser.add_argument("--unflagged", action="store_true", help="leave out doubtful fronts")
    options = parser.parse_args()
    archive = options.results / "archive"
    if not (archive / "new_fronts.gpkg").exists():
        sys.exit(
            f"{archive} has no new_fronts.gpkg. Run `snakemake locate` on the simulated archive "
            f"with source.simulated.new_scenes, then `snakemake {archive}/new_fronts.gpkg`."
        )
    new = measured(read_fronts(options.results / "fronts.gpkg"), archive / "new_fronts.gpkg")
    split = pd.read_csv(options.results / "dataset" / "split.tsv", sep="\t")
    tests = set(split.loc[split["subset"] == TEST, "scene"])
    held_out = read_fronts(options.results / "held_out" / "fronts.gpkg")
    test = measured([f for f in held_out if f.scene in tests], archive / "fronts.gpkg")
    if options.unflagged:
        new, test = (table[table["quality"] != "doubtful"] for table in (new, test))
    print(report(new, test))


def measured(fronts: Sequence[LocatedFront], truth: Path) -> pd.DataFrame:
    """One row for each front, m; NaN where it has no line."""
    exact = geopandas.read_file(truth).set_index("scene").geometry
    rows = []
    for front in fronts:
        row: dict[str, object] = {"scene": front.scene, "quality": front.quality}
        if front.lines:
            known = exact[front.scene]
            row |= {"line_m": away(front.lines, known), "error_m": front.error_m}
            row["front_m"] = away([known], shapely.MultiLineString(list(front.lines)))
            for k, level in enumerate(LEVELS):
                if front.vertex_errors_m:
                    row[f"within_{level}"] = within(front, known, k)
        rows.append(row)
    columns = ["line_m", "front_m", "error_m", *(f"within_{level}" for level in LEVELS)]
    return pd.DataFrame(rows).reindex(columns=["scene", "quality", *columns])


def away(lines: Sequence[object], other: shapely.Geometry) -> float:
    """Mean distance of lines from another geometry, m."""
    points = []
    for line in lines:
        shape = line if isinstance(line, shapely.Geometry) else shapely.LineString(line)
        for part in shapely.get_parts(shape):
            count = max(1, round(part.length / STEP_M))
            places = (np.arange(count) + 0.5) / count
            points.append(shapely.line_interpolate_point(part, places, normalized=True))
    return float(shapely.distance(np.concatenate(points), other).mean())


def within(front: LocatedFront, exact: shapely.Geometry, k: int) -> float:
    """Share of a front's vertices within the band of a level of the exact front."""
    inside = [
        shapely.distance(shapely.points(line), exact) <= errors[:, k]
        for line, errors in zip(front.lines, front.vertex_errors_m, strict=True)
    ]
    return float(np.concatenate(inside).mean())


def report(new: pd.DataFrame, test: pd.DataFrame) -> str:
    """The new scenes one by one, and the means of both groups."""
    heads = [f"in the {level} % band" for level in LEVELS]
    lines = [
        f"| scene | flag | line → front, m | front → line, m | stated, m | {' | '.join(heads)} |",
        "|---|---|" + "---:|" * (3 + len(LEVELS)),
    ]
    lines += [row_of(row["scene"], row["quality"], row) for _, row in new.iterrows()]
    for name, table in (("new scenes", new), ("test scenes", test)):
        drawn = table[table["line_m"].notna()]
        means = drawn[[c for c in table if c not in ("scene", "quality")]].mean()
        lines.append(row_of(f"mean of {len(drawn)} {name}", "", means))
    return "\n".join(lines)


def row_of(name: object, flag: object, row: pd.Series) -> str:
    """One row of the table."""
    metres = [row[key] for key in ("line_m", "front_m", "error_m")]
    shares = [row[f"within_{level}"] for level in LEVELS]
    cells = [f"{value:.1f}" if np.isfinite(value) else "–" for value in metres]
    cells += [f"{100 * value:.0f} %" if np.isfinite(value) else "–" for value in shares]
    return f"| {name} | {flag} | {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
