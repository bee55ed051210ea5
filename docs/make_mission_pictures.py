"""Draw docs/images/mission_{MISSION}.png: one product per mission, from raw pixels to the map.

    python docs/make_mission_pictures.py RESULTS [OUTPUT_FOLDER]

RESULTS is the results folder of a run on simulated products (the default configuration).
One scene of quality 1 or 2 with a front is drawn per mission: complex products are preferred to
detected ones, then left-looking to right-looking, then the best quality, then the earliest date.
"""

from __future__ import annotations

import io
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyogrio
import rasterio
import shapely
from matplotlib import patheffects
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, to_rgb
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, Patch, Rectangle
from matplotlib.ticker import MaxNLocator
from PIL import Image
from pyproj import CRS, Transformer
from rasterio.enums import Resampling
from rasterio.errors import NotGeoreferencedWarning
from scipy.spatial import cKDTree

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from calvingfront.figures.style import RULES, TWO_COLUMNS_MM, Page, show
from calvingfront.files import read_json, replacing
from calvingfront.orbits.orbit import fit_orbit
from calvingfront.products.registry import open_product
from calvingfront.radar.model import Product, RadarGeometry
from calvingfront.radar.view import LAYOVER, SHADOW

MISSIONS = ("ERS", "ENVISAT", "RSAT", "PALSAR", "TSX", "TDX")
DOTS_PER_INCH = 200
GREYS, BLENDS = 80, 50  # enough for speckle, and one byte per pixel
MOST_BYTES = 450_000
# Okabe & Ito (2008), and a yellow that differs from every tint.
FRONT, LAYOVER_TINT, SHADOW_TINT = "#FFE600", "#D55E00", "#56B4E9"
FLIGHT, LOOK = "#0072B2", "#D55E00"
TINT = 0.28
LEFT_MM, GAP_MM, RIGHT_MM = 11.5, 12.5, 2.0
TOP_MM, FOOT_MM, LEAST_WIDTH_MM = 13.5, 20.5, 22.0
TALLEST_MM = 62.0
SYMBOLS = {"beta0": r"$\beta^0$", "sigma0": r"$\sigma^0$"}
SCALE_KM = 2.0
SENSORS = {"ENVISAT": " ASAR", "PALSAR": " PALSAR"}  # platforms that carried other sensors too
Values = npt.NDArray[np.float32]
Arrows = dict[str, tuple[npt.NDArray[np.float64], str]]


@dataclass(frozen=True)
class Scene:
    """One scene of a run: its folder of results and its product with pixels."""

    name: str
    folder: Path
    product: Product


def choose_scene(results: Path, mission: str) -> Scene:
    """Choose the scene of a mission by the preferences above."""
    candidates = []
    with_front = set(pyogrio.raw.read(results / "archive" / "fronts.gpkg", columns=["scene"])[3][0])
    for record in sorted((results / "scenes").glob(f"*_{mission}_*/product.json")):
        quality = int(record.parent.name.split("_")[4])
        facts = read_json(record)  # as plain JSON: its paths are valid only in the run's folder
        if quality <= 2 and record.parent.name in with_front:
            left = facts["geometry"]["look_side"] == "left"
            key = (not facts["is_complex"], not left, quality, facts["acquired"])
            candidates.append((key, record.parent))
    if not candidates:
        raise SystemExit(f"error: {results}: no geocoded {mission} product of quality 1 or 2")
    folder = min(candidates)[1]
    product = results / "archive" / "products" / folder.name
    named = read_json(product / "product.json")["product"]
    return Scene(folder.name, folder, open_product(product / named))


def read_amplitude(product: Product, most: int) -> tuple[Values, int]:
    """Root mean |DN|² over n × n pixels, with the smallest n for at most `most` lines; and n."""
    lines, samples = product.shape
    step = -(-lines // most)
    rows = []
    for first in range(0, lines - step + 1, step):
        power = np.abs(product.pixels.read(first, step)[:, : samples // step * step]) ** 2
        rows.append(power.reshape(step, -1, step).mean(axis=(0, 2)))
    return np.sqrt(np.stack(rows)).astype(np.float32), step


def read_raster(path: Path, most: int, resampling: Resampling) -> tuple[Any, Any]:
    """Read a raster with at most `most` rows; return it and its (bounds, CRS, shape)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # radar geometry has no CRS
        with rasterio.open(path) as source:
            share = min(1.0, most / source.height)
            shape = (round(source.height * share), round(source.width * share))
            values = source.read(1, out_shape=shape, resampling=resampling)
            return values, (source.bounds, source.crs, source.shape)


def to_db(intensity: Values) -> Values:
    """Decibels; NaN where there is no power."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(10 * np.log10(np.where(intensity > 0, intensity, np.nan)))


def draw(scene: Scene, fronts: Path) -> io.BytesIO:
    """One row of three panels as PNG."""
    product = scene.product
    most = round(TALLEST_MM / 25.4 * DOTS_PER_INCH)
    intensity, (_, _, looked) = read_raster(
        scene.folder / "intensity.tif", most, Resampling.average
    )
    backscatter, (bounds, crs, grid) = read_raster(
        scene.folder / "map.tif", most, Resampling.average
    )
    codes, _ = read_raster(scene.folder / "view.tif", most, Resampling.mode)
    looks = read_json(scene.folder / "intensity.json")["looks"]

    spacing_m = (bounds.top - bounds.bottom) / grid[0]
    aspects = [shape[1] / shape[0] for shape in (product.shape, looked)]
    aspects.append((bounds.right - bounds.left) / (bounds.top - bounds.bottom))
    free = TWO_COLUMNS_MM - LEFT_MM - 2 * GAP_MM - RIGHT_MM
    height = min(TALLEST_MM, free / sum(aspects))
    if aspects[0] * height < LEAST_WIDTH_MM:  # a narrow product still needs room for its labels
        height = min(TALLEST_MM, (free - LEAST_WIDTH_MM) / sum(aspects[1:]))
    widths = [aspect * height for aspect in aspects]
    slots = [max(width, LEAST_WIDTH_MM) for width in widths]
    spare = (free - sum(slots)) / 2
    lefts = [LEFT_MM, LEFT_MM + slots[0] + GAP_MM + spare]
    lefts.append(lefts[1] + slots[1] + GAP_MM + spare)
    amplitude, step = read_amplitude(product, round(height / 25.4 * DOTS_PER_INCH))

    with plt.rc_context(RULES):
        page = Page(TWO_COLUMNS_MM, TOP_MM + height + FOOT_MM)
        write_title(page, product)
        symbol = SYMBOLS[product.calibration.kind]
        averaged = f", averaged {step} × {step}" if step > 1 else ""
        kind = "|DN|" if product.is_complex else "detected, DN"
        heads = (
            ("a", "As stored", kind + averaged),
            ("b", "Multilooked", f"{symbol}, {looks[0]} × {looks[1]} (lines × samples)"),
            ("c", "Geocoded", f"{symbol}, {crs.to_string()}, {spacing_m:g} m pixels"),
        )
        panels = []
        for (letter, head, detail), left, width in zip(heads, lefts, widths, strict=True):
            head = f"({letter}) {head}"
            page.text(left, TOP_MM - 5.2, head, ha="left", weight="bold")
            page.text(left, TOP_MM - 2.0, detail, ha="left", size=6)
            panels.append(page.axes(left, TOP_MM, width, height))
        limits = np.nanpercentile(to_db(backscatter), (1, 99.5))
        shown = [
            show(panels[0], amplitude, vmin=0, vmax=float(np.percentile(amplitude, 99))),
            show(panels[1], to_db(intensity), vmin=limits[0], vmax=limits[1]),
            show(panels[2], to_db(backscatter), vmin=limits[0], vmax=limits[1]),
        ]
        for axes, image, shape in zip(panels, shown, (product.shape, looked), strict=False):
            image.set_extent((0, shape[1], shape[0], 0))
            label_radar(axes, product, shape)
        extent_km = [edge / 1000 for edge in (bounds.left, bounds.right, bounds.bottom, bounds.top)]
        shown[2].set_extent(extent_km)
        draw_view(panels[2], codes, extent_km)
        draw_front(panels[2], fronts, scene.name)
        label_map(panels[2], crs, extent_km)
        foot = TOP_MM + height + 9.0
        add_bar(page, shown[0], (lefts[0], foot, slots[0]), "amplitude (DN)")
        add_bar(
            page, shown[1], (lefts[1], foot, min(50, slots[1])), f"{symbol} (dB) of (b) and (c)"
        )
        add_legend(page, (lefts[2] - 4, foot), codes)
        arrows = directions(product, crs, sum(extent_km[:2]) / 2, sum(extent_km[2:]) / 2)
        add_compass(page, (TWO_COLUMNS_MM - RIGHT_MM, foot - 1.5), arrows)
        return compress(page)


def write_title(page: Page, product: Product) -> None:
    """Write what was acquired, when and how."""
    sensor = SENSORS.get(product.mission, "")
    words = [f"{product.platform}{sensor}, level {product.level}", product.polarisation]
    words += [product.beam.replace("_", " ")] if product.beam else []
    words += [f"{product.acquired:%Y-%m-%d %H:%M} UTC", f"{product.pass_direction} pass"]
    words += [f"{product.geometry.look_side}-looking"]
    page.text(LEFT_MM, 2.8, ", ".join(words), ha="left", weight="bold", size=7.5)
    right, kind = TWO_COLUMNS_MM - RIGHT_MM, "complex" if product.is_complex else "detected"
    note = f"simulated, {kind}\n{product.format}"
    page.text(right, 3.8, note, ha="right", size=6, color="0.3")


def label_radar(axes: Axes, product: Product, shape: tuple[int, int]) -> None:
    """Label ticks in lines and samples, and the directions of time and range if they apply."""
    slim = shape[1] < shape[0] / 3
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.xaxis.set_major_locator(MaxNLocator(1 if slim else 5, integer=True))
    geometry = product.geometry
    if not isinstance(geometry, RadarGeometry):
        axes.set_ylabel("line (on the product's ground grid)", labelpad=1.5)
        axes.set_xlabel("sample", labelpad=1.5)
        return
    step = getattr(geometry.range, "spacing_m", None) or getattr(geometry.range, "interval_s", 1)
    early = geometry.azimuth.interval_s > 0
    axes.set_ylabel("$\\leftarrow$ azimuth time, line" if early else "line, azimuth time "
                    "$\\rightarrow$", labelpad=1.5)  # fmt: skip
    axes.set_xlabel("sample, range $\\rightarrow$" if step > 0 else "$\\leftarrow$ range, sample",
                    labelpad=1.5)  # fmt: skip


def draw_view(axes: Axes, codes: npt.NDArray[np.uint8], extent_km: list[float]) -> None:
    """Draw layover and shadow as light tints."""
    for code, colour in ((LAYOVER, LAYOVER_TINT), (SHADOW, SHADOW_TINT)):
        seen = np.ma.masked_not_equal(codes, code)
        axes.imshow(
            seen, cmap=ListedColormap([colour]), alpha=TINT if code == LAYOVER else 2 * TINT,
            extent=tuple(extent_km), aspect="auto", interpolation="nearest",
        )  # fmt: skip


def draw_front(axes: Axes, fronts: Path, scene: str) -> None:
    """Draw the front line of the scene, with a dark rim that keeps it visible on bright ice."""
    _, _, geometries, (names,) = pyogrio.raw.read(fronts, columns=["scene"])
    rim = [patheffects.Stroke(linewidth=1.9, foreground="black"), patheffects.Normal()]
    for line in shapely.get_parts(shapely.from_wkb(geometries[names == scene])):
        x, y = shapely.get_coordinates(line).T / 1000
        axes.plot(x, y, color=FRONT, linewidth=1.1, path_effects=rim, solid_capstyle="round")


def label_map(axes: Axes, crs: Any, extent_km: list[float]) -> None:
    """Draw coordinates and a scale bar."""
    left, right, bottom, top = extent_km
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    for axis, low, high, step in ((axes.xaxis, left, right, 4), (axes.yaxis, bottom, top, 2)):
        axis.set_ticks(np.arange(np.ceil(low / step) * step, high, step))
        axis.set_major_formatter("{x:.0f}")
    name = CRS.from_user_input(crs).name.rpartition(" / ")[2]
    axes.set_xlabel(f"x (km), {name}", labelpad=1.5, size=6)
    axes.set_ylabel("y (km)", labelpad=1.5)

    span, width = top - bottom, right - left
    foot = bottom + 0.045 * span
    bar_left = left + 0.05 * width
    place = (bar_left - 0.025 * width, bottom + 0.02 * span)
    size = (SCALE_KM + 0.05 * width, 0.105 * span)
    axes.add_patch(Rectangle(place, *size, color="white", alpha=0.8, linewidth=0, zorder=4))
    for part, colour in enumerate(("black", "white")):
        place, size = (bar_left + part * SCALE_KM / 2, foot), (SCALE_KM / 2, 0.018 * span)
        style = {"facecolor": colour, "edgecolor": "black", "linewidth": 0.5, "zorder": 5}
        axes.add_patch(Rectangle(place, *size, **style))
    middle = bar_left + SCALE_KM / 2
    style = {"ha": "center", "va": "bottom", "size": 6, "zorder": 5}
    axes.text(middle, foot + 0.022 * span, f"{SCALE_KM:g} km", **style)


def add_compass(page: Page, place: tuple[float, float], arrows: Arrows) -> None:
    """Draw arrows on the map: to north, along the flight direction and along the look direction.

    place: right edge and top, mm.
    """
    width, height = 22.0, 12.5
    axes = page.axes(place[0] - width, place[1], width, height)
    axes.set_xlim(0, width)
    axes.set_ylim(0, height)
    axes.axis("off")
    for name, (towards, colour) in arrows.items():
        centre = np.array([4.0 if name == "N" else 14.5, height / 2])
        tip = centre + (2.6 if name == "N" else 3.6) * towards
        style = {"arrowstyle": "-|>", "mutation_scale": 5, "linewidth": 0.9, "color": colour}
        start = centre - (2.6 * towards if name == "N" else 0)
        axes.add_patch(FancyArrowPatch(tuple(start), tuple(tip), shrinkA=0, shrinkB=0, **style))
        # Labels are wide and low: sideways arrows need more room.
        beyond = 1.2 + (0.4 if name == "N" else 1.8) * abs(towards[0])
        words = tip + beyond * towards
        axes.text(*words, name, ha="center", va="center", size=5.5, color=colour)


def directions(product: Product, crs: Any, x_km: float, y_km: float) -> Arrows:
    """Unit vectors at the centre of the map: to north, in flight and in look direction."""
    to_space = Transformer.from_crs(crs, "EPSG:4978", always_xy=True)
    to_map = Transformer.from_crs("EPSG:4978", crs, always_xy=True)
    point = np.array(to_space.transform(1000 * x_km, 1000 * y_km, 0.0))
    orbit = product.orbit
    time = (product.acquired - orbit.epoch).total_seconds()
    up = point / np.linalg.norm(point)
    # State vectors are minutes apart: too far for linear interpolation.
    speed = fit_orbit(orbit, time - 1, time + 1).velocity(time)
    velocity = speed - up * (speed @ up)
    look = np.cross(velocity, up) * (1 if product.geometry.look_side == "right" else -1)
    found = {}
    towards_pole = np.array([0.0, 0.0, 1.0])
    for name, vector, colour in (
        ("N", towards_pole - up * up[2], "black"),
        ("flight", velocity, FLIGHT),
        ("look", look, LOOK),
    ):
        ahead = point + 1000 * vector / np.linalg.norm(vector)
        step = np.array(to_map.transform(*ahead)[:2]) / 1000 - (x_km, y_km)
        found[name] = (step / np.linalg.norm(step), colour)
    return found


def add_bar(page: Page, image: Any, place: tuple[float, float, float], label: str) -> None:
    """Draw a horizontal colour bar at (left, top, width), mm."""
    axes = page.axes(place[0], place[1], place[2], 2.0)
    bar = page.figure.colorbar(image, cax=axes, orientation="horizontal")
    bar.ax.locator_params(nbins=2 if place[2] < 30 else 5)
    bar.set_label(label, labelpad=1.5, size=6)
    bar.outline.set_linewidth(0.4)


def add_legend(page: Page, place: tuple[float, float], codes: npt.NDArray[np.uint8]) -> None:
    """Draw the legend of the map: its lines and tints, and the share of the map that they cover."""
    left, top = place
    axes = page.axes(left, top - 0.5, 24, 10)
    axes.axis("off")
    rim = [patheffects.Stroke(linewidth=2.2, foreground="black"), patheffects.Normal()]
    handles: list[Any] = [Line2D([], [], color=FRONT, linewidth=1.3, path_effects=rim)]
    labels = ["calving front"]
    for code, name, colour in ((LAYOVER, "layover", LAYOVER_TINT), (SHADOW, "shadow", SHADOW_TINT)):
        handles.append(Patch(color=colour, alpha=TINT if code == LAYOVER else 2 * TINT))
        share = 100 * np.mean(codes == code)
        labels.append(f"{name} ({share:.{1 if share < 9.95 else 0}f} %)")
    axes.legend(handles, labels, loc="upper left", borderpad=0, borderaxespad=0,
                handlelength=1.6, labelspacing=0.5, fontsize=6)  # fmt: skip


def compress(page: Page) -> io.BytesIO:
    """Write a PNG with one byte per pixel, using a palette of the colours that the figure mixes."""
    drawn, written = io.BytesIO(), io.BytesIO()
    page.figure.savefig(drawn, format="png", dpi=DOTS_PER_INCH)
    pixels = np.asarray(Image.open(drawn).convert("RGB"))
    grey = np.linspace(0, 255, GREYS)[:, np.newaxis]
    under = np.linspace(0, 255, BLENDS)[:, np.newaxis]
    mixed = [np.repeat(grey, 3, axis=1)]
    for colour, share in ((LAYOVER_TINT, TINT), (SHADOW_TINT, 2 * TINT)):
        mixed.append((1 - share) * under + share * 255 * np.array(to_rgb(colour)))
    for colour in (FRONT, FLIGHT, LOOK):  # lines and labels, fading into the page
        for end in (0.0, 1.0) if colour == FRONT else (1.0,):
            weight = np.linspace(0, 1, 12)[:, np.newaxis]
            mixed.append(255 * (weight * np.array(to_rgb(colour)) + (1 - weight) * end))
    palette = np.rint(np.concatenate(mixed)).astype(np.uint8)
    distinct, where = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True)
    nearest = cKDTree(palette.astype(float)).query(distinct.astype(float))[1]
    indices = nearest[where.ravel()].reshape(pixels.shape[:2]).astype(np.uint8)
    picture = Image.fromarray(indices, mode="P")
    picture.putpalette(palette.tobytes())
    picture.save(written, format="png", optimize=True, dpi=(DOTS_PER_INCH, DOTS_PER_INCH))
    return written


def main(results: Path, output: Path) -> None:
    """Draw all missions."""
    output.mkdir(parents=True, exist_ok=True)
    for mission in MISSIONS:
        scene = choose_scene(results, mission)
        picture = draw(scene, results / "archive" / "fronts.gpkg").getvalue()
        if len(picture) > MOST_BYTES:
            raise SystemExit(f"error: {mission}: {len(picture)} bytes, {MOST_BYTES} allowed")
        with replacing(output / f"mission_{mission}.png") as temporary:
            temporary.write_bytes(picture)
        print(f"{mission:8} {scene.name:34} {len(picture) / 1000:.0f} kB")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        raise SystemExit(__doc__)
    target = Path(__file__).with_name("images")
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) == 3 else target)
