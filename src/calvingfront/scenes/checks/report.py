"""The scene report: counts, dates, pixel sizes, and every excluded scene with its reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from calvingfront.files import PathLike
from calvingfront.reports import table_row, write_report
from calvingfront.scenes.scene_table import read_scenes


def report_scenes(
    table: PathLike,
    report: PathLike,
    page: PathLike | None = None,
    excluded: Mapping[str, str] | None = None,
    notes: Sequence[str] = (),
    maps: Sequence[PathLike] = (),
) -> None:
    """Write the report of a checked scene table, as Markdown and, unless page is None, as HTML.

    excluded: {scene: reason}. notes: sentences about the source. maps: the map.tif of products,
    each in the folder of its scene.
    """
    terrain = terrain_notes(maps)
    text = describe_scenes(read_scenes(table), excluded or {}, notes, terrain)
    write_report(text, report, page)


def terrain_notes(maps: Sequence[PathLike]) -> dict[str, str]:
    """What the maps' tags say of the terrain model, by scene: gaps that were filled, no geoid."""
    if not maps:
        return {}
    from calvingfront.geofiles.rasters import GEOTIFF, open_raster

    found = {}
    for path in maps:
        with open_raster(path, GEOTIFF) as dataset:
            found[Path(path).parent.name] = dataset.tags().get("PRODUCT_TERRAIN", "")
    return {scene: text for scene, text in found.items() if text}


def describe_scenes(
    scenes: pd.DataFrame,
    excluded: Mapping[str, str],
    notes: Sequence[str] = (),
    terrain: Mapping[str, str] | None = None,
) -> str:
    """The scene report, as Markdown. terrain: from `terrain_notes`."""
    counts = pd.crosstab(scenes["glacier"], scenes["mission"])
    missions = list(counts.columns)
    lines = [
        "# Scenes",
        "",
        f"{len(scenes)} scenes from {scenes['acquired'].min()} to {scenes['acquired'].max()}; "
        "every image and front has been opened.",
        *(f"\n{note}." for note in notes),
        "",
        table_row(["glacier", *missions, "all", "first", "last"]),
        "|---|" + "---:|" * (len(missions) + 1) + "---|---|",
    ]
    for glacier, row in counts.iterrows():
        dates = scenes.loc[scenes["glacier"] == glacier, "acquired"]
        cells = [glacier, *row.tolist(), int(row.sum()), dates.min(), dates.max()]
        lines.append(table_row(cells))
    lines += [
        "",
        "| glacier | resolution tag (m) | pixel across (m) | pixel down (m) | columns | rows "
        "| scenes |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    keys = [
        "glacier",
        "resolution_tag_m",
        "pixel_size_x_m",
        "pixel_size_y_m",
        "width_px",
        "height_px",
    ]
    for values, group in scenes.groupby(keys, dropna=False, sort=True):
        glacier, *numbers = values
        known = (
            "–" if pd.isna(number) else f"{number:.6g}"
            for number in np.asarray(numbers, dtype=float)
        )
        cells = [glacier, *known, len(group)]
        lines.append(table_row(cells))
    if terrain:
        scenes_of: dict[str, list[str]] = defaultdict(list)
        for scene, text in sorted(terrain.items()):
            scenes_of[text].append(scene)
        lines += ["", "## Terrain model", ""]
        lines += [f"- {', '.join(names)}: {text}." for text, names in scenes_of.items()]
    lines += ["", "## Excluded", ""]
    lines += [
        f"- {scene}: {' '.join(str(reason).split())}" for scene, reason in sorted(excluded.items())
    ] or ["None."]
    return "\n".join(lines) + "\n"
