"""Grey levels of real CaFFe images, of simulated products and of a real Sentinel-1 map.

    python benchmarks/grey_levels.py CAFFE RESULTS [SIGMA0_DB.tif]

CAFFE: a CaFFe folder with images of 256 px and their zones. RESULTS: the results folder of a run on
simulated products. All images are averaged to pixels of about 75 m, as those of CaFFe are; quantiles
are those of the data (neither no data nor 0), and each number is the median over the images. Local
CV: standard deviation over mean in windows of 5 x 5 px, median over the windows. Prints Markdown.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from calvingfront.scenes.importing import read_8bit

PIXEL_M = 75.0
QUANTILES = (1, 10, 25, 50, 75, 90, 99)
WINDOW = 5
Grey = npt.NDArray[np.uint8]
HEAD = ["images", "number", "no data %", "mean", *(f"p{q}" for q in QUANTILES), "255 %", "local CV"]


def real_images(folder: Path) -> Iterator[tuple[str, Grey, npt.NDArray[np.bool_]]]:
    """Mission, image and where it has data, of a CaFFe folder."""
    for path in sorted((folder / "sar_images").rglob("*.png")):
        image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        (zones,) = (folder / "zones").rglob(f"{path.stem}_zones.png")
        levels = cv2.imread(str(zones), cv2.IMREAD_GRAYSCALE)
        yield path.stem.split("_")[2], image, (levels != levels.min()) & (image > 0)


def maps(results: Path, grey: str) -> Iterator[tuple[str, Grey, npt.NDArray[np.bool_]]]:
    """Mission, image and where it has data, of the geocoded products of a run."""
    for path in sorted((results / "scenes").glob("*/map.tif")):
        read = read_8bit(path, None, None, grey, path.with_name("view.tif"))
        yield path.parent.name.split("_")[2], *averaged(read.pixels, read.transform.a)


def averaged(image: Grey, pixel_m: float) -> tuple[Grey, npt.NDArray[np.bool_]]:
    """The mean of the data in pixels of about 75 m, and where there are any."""
    rows, columns = (max(1, round(side * pixel_m / PIXEL_M)) for side in image.shape)
    share = cv2.resize(
        (image > 0).astype(np.float32), (columns, rows), interpolation=cv2.INTER_AREA
    )
    total = cv2.resize(image.astype(np.float32), (columns, rows), interpolation=cv2.INTER_AREA)
    mean = np.rint(total / np.maximum(share, 1e-6)).clip(0, 255).astype(np.uint8)
    return mean, share > 0.5


def numbers(image: Grey, valid: npt.NDArray[np.bool_]) -> list[float]:
    """The row of one image."""
    data = image[valid].astype(np.float64)
    rows, columns = (side // WINDOW for side in image.shape)

    def windows(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        cut = values[: rows * WINDOW, : columns * WINDOW]
        return cut.reshape(rows, WINDOW, columns, WINDOW).swapaxes(1, 2).reshape(rows * columns, -1)

    inside = windows(image)[windows(valid).all(axis=1)].astype(np.float64)
    local = np.median(inside.std(axis=1) / inside.mean(axis=1)) if len(inside) else np.nan
    quantiles = np.percentile(data, QUANTILES)
    full = 100 * float((data == 255).mean())
    return [100 * float(1 - valid.mean()), data.mean(), *quantiles, full, local]


def print_rows(title: str, images: Iterator[tuple[str, Grey, npt.NDArray[np.bool_]]]) -> None:
    """One row for each mission, and one for all."""
    found: dict[str, list[list[float]]] = defaultdict(list)
    for mission, image, valid in images:
        row = numbers(image, valid)
        found["TSX" if mission == "TDX" else mission].append(row)
        found["all"].append(row)
    for mission in sorted(found, key=lambda name: (name == "all", name)):
        rows = np.array(found[mission])
        middle = np.nanmedian(rows, axis=0)
        cells = [f"{middle[0]:.1f}", *(f"{value:.0f}" for value in middle[1:-2])]
        cells += [f"{middle[-2]:.2f}", f"{middle[-1]:.2f}"]
        print("|", " | ".join([f"{title}, {mission}", str(len(rows)), *cells]), "|")


def main(caffe: Path, results: Path, *geocoded: Path) -> None:
    """Print the table."""
    print("|", " | ".join(HEAD), "|")
    print("|---" + "|---:" * (len(HEAD) - 1) + "|")
    print_rows("CaFFe", real_images(caffe))
    for grey in ("linear", "dB"):
        print_rows(f"simulated, {grey}", maps(results, grey))
    for path in geocoded:
        for grey in ("linear", "dB"):
            read = read_8bit(path, "dB", None, grey)
            print_rows(f"σ⁰ map, {grey}", iter([("S1", *averaged(read.pixels, read.transform.a))]))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    main(*map(Path, sys.argv[1:]))
