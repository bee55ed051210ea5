"""The scene report: counts, dates, pixel sizes, and every excluded scene with its reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
) -> None:
    """Write the report of a checked scene table, as Markdown and, unless page is None, as HTML.

    excluded: {scene: reason}. notes: sentences about the source.
    """
    write_report(describe_scenes(read_scenes(table), excluded or {}, notes), report, page)


def describe_scenes(
    scenes: pd.DataFrame, excluded: Mapping[str, str], notes: Sequence[str] = ()
) -> str:
    """The scene report, as Markdown."""
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
    lines += ["", "## Excluded", ""]
    lines += [
        f"- {scene}: {' '.join(str(reason).split())}" for scene, reason in sorted(excluded.items())
    ] or ["None."]
    return "\n".join(lines) + "\n"
