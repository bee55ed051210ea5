"""Overview of the archive: one scene with its front for each glacier and mission."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import ndimage

from calvingfront.dataset.reading import read_index
from calvingfront.figures.inputs import Scene, read_scenes
from calvingfront.figures.style import BOTH_RGB, TWO_COLUMNS_MM, Page, save, show
from calvingfront.files import PathLike
from calvingfront.fronts.lines import centre_lines, draw_lines

MOST_PANEL_MM = 45.0
UNKNOWN = "unknown"


def draw_archive(dataset: PathLike, png: PathLike, pdf: PathLike) -> None:
    """Draw one column per mission, in the order of their first scenes, and one row per glacier.

    Each panel shows the middle scene by date (the earlier of two), with the centre line of its
    front and its date; a panel without a scene says so.
    """
    table = read_index(dataset).drop_duplicates("scene")
    table = table.assign(
        glacier=table.glacier.fillna(UNKNOWN), mission=table.mission.fillna(UNKNOWN)
    )
    names = middle_scenes(table)
    scenes = {s.name: s for s in read_scenes(dataset, sorted(names.values()))}
    glaciers = sorted({glacier for glacier, _ in names})
    missions = list(table.sort_values(["acquired", "mission"]).mission.unique())

    left, right, top, gap, date = 5.0, 0.5, 8.5, 1.0, 3.6
    width = (TWO_COLUMNS_MM - left - right - gap * (len(missions) - 1)) / len(missions)
    width = min(width, MOST_PANEL_MM)
    heights = [
        max(width / scenes[name].aspect for (place, _), name in names.items() if place == glacier)
        for glacier in glaciers
    ]
    page = Page(
        left + right + len(missions) * (width + gap) - gap,
        top + sum(heights) + len(glaciers) * (date + gap),
    )
    for column, mission in enumerate(missions):
        x = left + column * (width + gap)
        page.text(x + width / 2, 2.5, str(mission), width, weight="bold")
        page.text(x + width / 2, 6.0, _span(table[table.mission == mission]), width, size=6)
    y = top
    for glacier, height in zip(glaciers, heights, strict=True):
        page.text(left / 2, y + date + height / 2, glacier, height, rotation=90, weight="bold")
        for column, mission in enumerate(missions):
            x = left + column * (width + gap)
            if (glacier, mission) not in names:
                page.text(x + width / 2, y + date + height / 2, "no scene", color="0.5", size=6)
                continue
            scene = scenes[names[glacier, mission]]
            page.text(x + width / 2, y + date / 2, scene.acquired, size=6)
            axes = page.axes(x, y + date, width, width / scene.aspect)
            show(axes, draw_front(scene))
        y += height + date + gap
    save(page.figure, png, pdf)


def middle_scenes(table: pd.DataFrame) -> dict[tuple[str, str], str]:
    """Return, for each (glacier, mission), the middle scene by date (the earlier of two)."""
    chosen = {}
    for (glacier, mission), group in table.groupby(["glacier", "mission"]):
        ordered = group.sort_values(["acquired", "scene"])
        chosen[str(glacier), str(mission)] = str(ordered.scene.iloc[(len(ordered) - 1) // 2])
    return chosen


def draw_front(scene: Scene) -> npt.NDArray[np.uint8]:
    """Return the scene as (h, w, 3) uint8 with the centre line of its front in yellow.

    The line is wide enough to stay visible if the panel has fewer dots than the scene has pixels.
    """
    colours = np.repeat(scene.image[..., None], 3, axis=2)
    side = 1 + 2 * round(max(scene.height, scene.width) / 400)
    line = draw_lines(centre_lines(scene.front.astype(np.uint8)), (scene.height, scene.width))
    colours[ndimage.grey_dilation(line, size=(side, side)) > 0] = BOTH_RGB
    return colours


def _span(scenes: pd.DataFrame) -> str:
    years = sorted(str(date)[:4] for date in scenes.acquired)
    dates = years[0] if years[0] == years[-1] else f"{years[0]}–{years[-1]}"
    return f"{len(scenes)} scene{'s' if len(scenes) != 1 else ''}, {dates}"
