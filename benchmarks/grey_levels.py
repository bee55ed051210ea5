"""Grey levels of real CaFFe images, of simulated products and of a real Sentinel-1 map.

    python benchmarks/grey_levels.py CAFFE RESULTS [SIGMA0_DB.tif]

CAFFE: a CaFFe folder with images of 256 px and their zones. RESULTS: the results folder of a run on
simulated products. All images are averaged to pixels of about 75 m, as CaFFe's at 256 px are; each
number is the median over images, and `255 %` the share of saturated data. Two Markdown tables:

grey levels: quantiles of the data. zones: mean level of rock and sea over that of the glacier, and
of the sea over the ice within 0.2 to 0.9 km of the front (with the 10th and 90th percentile of the
images), dB; local CV: standard deviation over mean in windows of 5 x 5 px, median over the windows.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from calvingfront.scenes.importing import read_8bit
from calvingfront.simulation.world.glacier import GLACIER, OCEAN, ROCK, front_mask
from calvingfront.simulation.world.world import World

PIXEL_M = 75.0
QUANTILES = (1, 10, 25, 50, 75, 90, 99)
NEAR_PX = (3, 12)
LEAST_PX = 20
WINDOW = 5
Grey = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
LEVELS = ["no data %", "mean", *(f"p{q}" for q in QUANTILES), "255 %"]
ZONES = ["rock dB", "sea dB", "sea at the front dB", "10 % … 90 %", "CV rock", "CV ice", "CV sea"]


class Image(NamedTuple):
    """An image with its mission; data, rock, ice, sea and front: where each is, if known."""

    mission: str
    grey: Grey
    data: Mask
    zones: tuple[Mask, Mask, Mask, Mask] | None = None


def real_images(folder: Path) -> Iterator[Image]:
    """The images of a CaFFe folder."""
    for path in sorted((folder / "sar_images").rglob("*.png")):
        grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        masks = []
        for kind in ("zones", "fronts"):
            name = f"{path.stem}_{kind if kind == 'zones' else 'front'}.png"
            (found,) = (folder / kind).rglob(name)
            masks.append(cv2.imread(str(found), cv2.IMREAD_GRAYSCALE))
        zones, front = masks
        rock, ice, sea = (zones == code for code in (2, 3, 4))
        data = (zones != 1) & (grey > 0)
        yield Image(path.stem.split("_")[2], grey, data, (rock, ice, sea, front > 0))


def simulated_images(results: Path, grey: str) -> Iterator[Image]:
    """The geocoded products of a run on simulated ones."""
    world = World.load(results / "archive" / "world.npz")
    for path in sorted((results / "scenes").glob("*/map.tif")):
        glacier, day, mission = path.parent.name.split("_")[:3]
        classes = world[glacier].classes(date.fromisoformat(day), PIXEL_M)
        read = read_8bit(path, "linear", None, grey, path.with_name("view.tif"))
        pixels, data = averaged(read.pixels, classes.shape)
        rock, ice, sea = (data & (classes == code) for code in (ROCK, GLACIER, OCEAN))
        yield Image(mission, pixels, data, (rock, ice, sea, front_mask(classes)))


def averaged(image: Grey, shape: tuple[int, int]) -> tuple[Grey, Mask]:
    """The mean of the data in coarser pixels, and where at least half of one has any."""
    share, total = (
        cv2.resize(values.astype(np.float32), shape[::-1], interpolation=cv2.INTER_AREA)
        for values in (image > 0, image)
    )
    mean = np.rint(total / np.maximum(share, 1e-6)).clip(0, 255).astype(np.uint8)
    return mean, share > 0.5


def levels_of(image: Image) -> list[float]:
    """The row of an image in the first table."""
    data = image.grey[image.data].astype(np.float64)
    full = 100 * float((data == 255).mean())
    no_data = 100 * float(1 - image.data.mean())
    return [no_data, data.mean(), *np.percentile(data, QUANTILES), full]


def zones_of(image: Image) -> list[float]:
    """The row of an image in the second table."""
    assert image.zones is not None
    rock, ice, sea, front = image.zones
    away = cv2.distanceTransform((~front).astype(np.uint8), cv2.DIST_L2, 5)
    near = (away > NEAR_PX[0]) & (away < NEAR_PX[1])
    grey = image.grey.astype(np.float64)
    pairs = ((rock, ice), (sea, ice), (sea & near, ice & near))
    ratios = [10 * np.log10(mean_in(grey, a) / mean_in(grey, b)) for a, b in pairs]
    return [*ratios, *(local_cv(grey, zone) for zone in (rock, ice, sea))]


def mean_in(grey: npt.NDArray[Any], zone: Mask) -> float:
    """The mean level of a zone; NaN if it is tiny."""
    return float(grey[zone].mean()) if zone.sum() > LEAST_PX else np.nan


def local_cv(grey: npt.NDArray[Any], zone: Mask) -> float:
    """The median of the local coefficient of variation within a zone."""
    mean, square = (cv2.blur(values, (WINDOW, WINDOW)) for values in (grey, grey * grey))
    inside = cv2.erode(zone.astype(np.uint8), np.ones((WINDOW, WINDOW))) > 0
    if inside.sum() <= LEAST_PX:
        return np.nan
    spread = np.sqrt(np.maximum(square - mean * mean, 0))
    return float(np.median((spread / np.maximum(mean, 1))[inside]))


def by_mission(images: Iterable[Image]) -> dict[str, list[Image]]:
    """The images of each mission, and all of them."""
    found: dict[str, list[Image]] = defaultdict(list)
    for image in images:
        found["TSX" if image.mission == "TDX" else image.mission].append(image)
    every = [image for some in found.values() for image in some]
    return dict(sorted(found.items())) | ({"all": every} if len(found) > 1 else {})


def print_levels(title: str, images: Iterable[Image]) -> None:
    """A row of the first table for each mission, and for all."""
    for mission, some in by_mission(images).items():
        middle = np.nanmedian([levels_of(image) for image in some], axis=0)
        cells = [f"{middle[0]:.1f}", *(f"{value:.0f}" for value in middle[1:-1])]
        print_row(f"{title}, {mission}", len(some), [*cells, f"{middle[-1]:.1f}"])


def print_zones(title: str, images: Iterable[Image]) -> None:
    """A row of the second table for each mission, and for all."""
    for mission, some in by_mission(images).items():
        rows = np.array([zones_of(image) for image in some])
        middle = np.nanmedian(rows, axis=0)
        low, high = np.nanpercentile(rows[:, 2], [10, 90])
        cells = [f"{value:.1f}" for value in middle[:3]] + [f"{low:.1f} … {high:.1f}"]
        cells += [f"{value:.2f}" for value in middle[3:]]
        print_row(f"{title}, {mission}", len(some), cells)


def print_row(title: str, number: int, cells: list[str]) -> None:
    """One row of a table."""
    print("|", " | ".join([title, str(number), *cells]).replace("-", "−"), "|")


def main(caffe: Path, results: Path, *geocoded: Path) -> None:
    """Print both tables."""
    real = list(real_images(caffe))
    simulated = {grey: list(simulated_images(results, grey)) for grey in ("linear", "dB")}
    for heads in (LEVELS, ZONES):
        print("\n| images | number |", " | ".join(heads), "|")
        print("|---|---:" + "|---:" * len(heads) + "|")
        if heads is ZONES:
            print_zones("CaFFe", real)
            print_zones("simulated", simulated["linear"])
            continue
        print_levels("CaFFe", real)
        for grey, images in simulated.items():
            print_levels(f"simulated, {grey}", images)
        for path in geocoded:
            for grey in simulated:
                read = read_8bit(path, "dB", None, grey)
                rows, columns = (round(s * read.transform.a / PIXEL_M) for s in read.pixels.shape)
                image = Image("Sentinel-1", *averaged(read.pixels, (rows, columns)))
                print_levels(f"real σ⁰, {grey}", [image])


if __name__ == "__main__":
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    main(*map(Path, sys.argv[1:]))
