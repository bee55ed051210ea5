"""Locate the fronts of a glacier that a model has never seen, and compare them with other lines.

    python benchmarks/independent_fronts.py MODEL CAFFE SIZES LINES [--glacier JAC] [--days 7]

MODEL is a model folder, CAFFE a CaFFe folder (sar_images/, fronts/), SIZES a table with glacier,
resolution_tag_m, height_px, width_px, pixel_size_m, crs, upper_left_x and upper_left_y of the
original images, LINES dated front lines of other authors (attribute Date, YYYY/MM/DD). Of each
scene, the line nearest in time is the reference, if it is at most `--days` away: the front itself
moves in that time, and the lines have errors of their own, so CaFFe's own fronts are measured too.
Vertices beyond the ends of the reference, which often is the shorter line, are left out.
The table gives, by flag, the distance of the located lines from the reference (median and mean over
scenes of the mean along the line), the share of the lines within their bands, and the distance of
CaFFe's fronts.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import cv2
import geopandas
import numpy as np
import pandas as pd
import rasterio
import shapely
from rasterio.transform import from_origin

from calvingfront.fronts.subpixel import subpixel_lines
from calvingfront.locating.locate import locate_fronts
from calvingfront.locating.located_front import LEVELS, LocatedFront
from calvingfront.locating.model_folder import read_model
from calvingfront.locating.new_scenes import NewScene
from calvingfront.scenes.lists.caffe_names import parse_name


def main() -> None:
    """Print the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("model", "caffe", "sizes", "lines"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--glacier", default="JAC")
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--table", type=Path, help="also write a row for each scene (TSV)")
    options = parser.parse_args()
    sizes = pd.read_csv(options.sizes)
    place = sizes[(sizes["glacier"] == options.glacier) & sizes["crs"].notna()].iloc[0]
    lines = geopandas.read_file(options.lines)
    lines["day"] = pd.to_datetime(lines["Date"], format="%Y/%m/%d")
    lines = lines.to_crs(place["crs"])
    images = sorted((options.caffe / "sar_images").rglob(f"{options.glacier}_*.png"))
    with tempfile.TemporaryDirectory() as folder:
        scenes, facts = [], {}
        for image in images:
            known = parse_name(image.stem)
            if float(known["resolution_tag_m"]) != float(place["resolution_tag_m"]):
                continue
            away = (lines["day"] - pd.Timestamp(str(known["acquired"]))).abs()
            if away.min() > pd.Timedelta(days=options.days):
                continue
            target, transform = georeferenced(image, place, Path(folder))
            scenes.append(
                NewScene(
                    image.stem, options.glacier, known["mission"], known["acquired"], target, None
                )
            )
            mask = next((options.caffe / "fronts").rglob(f"{image.stem}_front.png"))
            reference = shapely.union_all(lines.geometry[away == away.min()].to_numpy())
            facts[image.stem] = (reference, mask, transform, away.min().days)
        found = locate_fronts(
            scenes, read_model(options.model), [], device="cpu", threads=options.threads
        )
    rows = pd.DataFrame([measured(front, *facts[front.scene]) for front in found.fronts])
    if options.table:
        rows.to_csv(options.table, sep="\t", index=False, float_format="%.6g")
    print(report(rows))


def georeferenced(image: Path, place: pd.Series, folder: Path) -> tuple[Path, rasterio.Affine]:
    """The image as a GeoTIFF at its place on the map; its pixels need not be square."""
    grey = cv2.imread(str(image), cv2.IMREAD_GRAYSCALE)
    height, width = grey.shape
    across = place["width_px"] * place["pixel_size_m"] / width
    down = place["height_px"] * place["pixel_size_m"] / height
    transform = from_origin(place["upper_left_x"], place["upper_left_y"], across, down)
    target = folder / f"{image.stem}.tif"
    profile = {"driver": "GTiff", "height": height, "width": width, "count": 1, "dtype": "uint8"}
    with rasterio.open(target, "w", **profile, crs=place["crs"], transform=transform) as raster:
        raster.write(grey, 1)
    return target, transform


def measured(
    front: LocatedFront, reference: shapely.Geometry, mask: Path, transform: object, days: int
) -> dict[str, object]:
    """One row: distances in m and shares within the bands."""
    row: dict[str, object] = {"scene": front.scene, "quality": front.quality, "days": days}
    row |= {"reason": front.reason, "error_m": front.error_m}
    drawn = (cv2.imread(str(mask), cv2.IMREAD_GRAYSCALE) > 0).astype(float)
    theirs = [
        np.column_stack(transform * (line.cols + 0.5, line.rows + 0.5))
        for line in subpixel_lines(drawn, 0.5, 0.0)
    ]
    row["caffe_m"] = mean_of(distances(theirs, reference))
    if front.lines:
        away = distances(front.lines, reference)
        beside = ~np.isnan(away)
        row["line_m"] = mean_of(away)
        their_lines = shapely.MultiLineString([line for line in theirs if len(line) > 1])
        row["from_caffe_m"] = mean_of(distances(front.lines, their_lines))
        for k, level in enumerate(LEVELS):
            widths = np.concatenate([errors[:, k] for errors in front.vertex_errors_m])
            if beside.any():
                row[f"within_{level}"] = (away <= widths)[beside].mean()
    return row


def mean_of(values: np.ndarray) -> float:
    """The mean of those that are known; NaN without any."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def distances(lines: list[np.ndarray], reference: shapely.Geometry) -> np.ndarray:
    """Distance of the vertices from the reference, m; NaN for those beyond its ends."""
    parts = np.array(shapely.get_parts(reference))
    out = []
    for line in lines:
        points = shapely.points(line)
        away = shapely.distance(points[:, None], parts[None])
        nearest = parts[away.argmin(axis=1)]
        along = shapely.line_locate_point(nearest, points)
        beside = (along > 0) & (along < shapely.length(nearest))
        out.append(np.where(beside, away.min(axis=1), np.nan))
    return np.concatenate(out)


def report(rows: pd.DataFrame) -> str:
    """The table as Markdown, one row for each flag."""
    rows = rows.reindex(columns=[*rows, *(f"within_{level}" for level in LEVELS)]).T
    rows = rows[~rows.index.duplicated()].T.infer_objects()
    shares = " | ".join(f"in the {level} % band" for level in LEVELS)
    lines = [
        "| flag | scenes | without a line | line → reference, median, m | mean, m | line → CaFFe's "
        f"front, median, m | stated, m | {shares} | CaFFe's front → reference, median, m |",
        "|---|" + "---:|" * (7 + len(LEVELS)),
    ]
    groups = [("all", rows), *rows.groupby("quality", dropna=False)]
    for name, part in groups:
        values = [
            part["line_m"].median(), part["line_m"].mean(), part["from_caffe_m"].median(),
            part["error_m"].astype(float).mean(),
        ]  # fmt: skip
        cells = [str(len(part)), str(int(part["line_m"].isna().sum()))]
        cells += ["–" if np.isnan(value) else f"{value:.0f}" for value in values]
        for level in LEVELS:
            share = part[f"within_{level}"].astype(float).mean()
            cells.append("–" if np.isnan(share) else f"{100 * share:.0f} %")
        cells.append(f"{part['caffe_m'].median():.0f}")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
