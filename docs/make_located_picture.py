"""Draw docs/images/located.webp: the located fronts of a results folder with their bands.

    python docs/make_located_picture.py RESULTS [OUTPUT]

RESULTS is the results folder of the default run, after `snakemake locate`. Each glacier has a
panel: its latest new scene, the lines of all new scenes coloured by date, and their 90 % bands.
"""

from __future__ import annotations

import io
import sys
from datetime import date
from pathlib import Path

import numpy as np
import rasterio
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from PIL import Image
from rasterio.plot import plotting_extent

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from calvingfront.figures.style import RULES, Page
from calvingfront.locating.bands import band_around
from calvingfront.locating.located_front import LEVELS, LocatedFront
from calvingfront.locating.vectors import read_fronts

BAND = LEVELS.index(90)
COLOURS = plt.get_cmap("viridis")
SIDE_MM, GAP_MM = 80.0, 6.0
MARGIN_M = 1500.0  # around the fronts


def years(front: LocatedFront) -> float:
    """The decimal year of a front."""
    day = date.fromisoformat(front.acquired[:10])
    return day.year + (day.timetuple().tm_yday - 1) / 365.25


def draw_glacier(axes: Axes, fronts: list[LocatedFront], image: Path, norm: Normalize) -> None:
    """One panel: image, bands, lines, scale bar."""
    with rasterio.open(image) as raster:
        axes.imshow(raster.read(1), cmap="gray", extent=plotting_extent(raster), vmax=330)
    for front in sorted(fronts, key=years):
        colour = COLOURS(norm(years(front)))
        if front.vertex_errors_m:
            widths = [errors[:, BAND] for errors in front.vertex_errors_m]
            for part in band_around(front.lines, widths, front.crs).geoms:
                axes.fill(*np.array(part.exterior.coords).T, color=colour, alpha=0.25, linewidth=0)
        for line in front.lines:
            style = "--" if front.quality == "doubtful" else "-"
            axes.plot(*line.T, color=colour, linewidth=1.1, linestyle=style)
    points = np.concatenate([line for front in fronts for line in front.lines])
    low, high = points.min(axis=0), points.max(axis=0)
    middle, half = (low + high) / 2, (high - low).max() / 2 + MARGIN_M
    axes.set_xlim(middle[0] - half, middle[0] + half)
    axes.set_ylim(middle[1] - half, middle[1] + half)
    axes.set_xticks([])
    axes.set_yticks([])
    corner = middle - 0.92 * half
    axes.plot(corner[0] + np.array([0, 1000]), [corner[1]] * 2, color="white", linewidth=2)
    axes.text(corner[0] + 500, corner[1] + 0.03 * half, "1 km", color="white", ha="center")


def main(results: Path, output: Path) -> None:
    """Draw the picture."""
    fronts = [front for front in read_fronts(results / "fronts.gpkg") if front.lines]
    glaciers = sorted({front.glacier for front in fronts})
    norm = Normalize(np.floor(min(map(years, fronts))), np.ceil(max(map(years, fronts))))
    width = len(glaciers) * (SIDE_MM + GAP_MM) + 16
    page = Page(width, SIDE_MM + 10)
    with plt.rc_context(RULES):
        for k, glacier in enumerate(glaciers):
            of_glacier = [front for front in fronts if front.glacier == glacier]
            latest = max(of_glacier, key=years)
            axes = page.axes(3 + k * (SIDE_MM + GAP_MM), 7, SIDE_MM, SIDE_MM)
            image = results / "new_images" / f"{latest.scene}.tif"
            draw_glacier(axes, of_glacier, image, norm)
            axes.set_title(f"{glacier} (image: {latest.acquired[:10]}, {latest.mission})", pad=3)
        box = page.axes(len(glaciers) * (SIDE_MM + GAP_MM) + 1, 7, 3, SIDE_MM)
        page.figure.colorbar(ScalarMappable(norm, COLOURS), cax=box, label="year")
    drawn = io.BytesIO()
    page.figure.savefig(drawn, dpi=200)
    Image.open(drawn).convert("RGB").save(output, quality=88)
    print(f"{output}: {output.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    target = sys.argv[2] if len(sys.argv) == 3 else "docs/images/located.webp"
    main(Path(sys.argv[1]), Path(target))
