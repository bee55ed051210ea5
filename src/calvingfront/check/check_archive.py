"""The target `check`: contact sheets, a page of warnings, and the facts of every scene."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from calvingfront.check.pages import PER_SHEET
from calvingfront.check.scene_facts import SceneFacts, measure
from calvingfront.check.sheet import draw_sheet
from calvingfront.check.warnings import KINDS, Warned, warnings_of
from calvingfront.errors import SceneError
from calvingfront.files import PathLike
from calvingfront.reports import write_report
from calvingfront.scenes.scene_table import write_table

log = logging.getLogger(__name__)
MOST_LISTED = 40  # of one kind, in the report; the table has all


def check_archive(
    scenes: Sequence[Mapping[str, Any]],
    hemispheres: Mapping[str, str],
    sheets: Sequence[PathLike],
    table: PathLike,
    report: PathLike,
    page: PathLike,
    threads: int = 1,
) -> None:
    """Measure every scene, draw the sheets and write table and report of what looks wrong.

    scenes: rows of the prepared scene table, with and without a front. sheets: PNGs, as many as
    `sheets_of` says. Raises SceneError if there are no scenes.
    """
    if not scenes:
        raise SceneError("scene table", "is empty", "Add scenes.")
    rows = sorted(scenes, key=lambda row: (row["glacier"], row["acquired"], row["scene"]))
    with ThreadPoolExecutor(max(1, threads)) as pool:
        facts = list(pool.map(measure, rows))
    warned = warnings_of(facts, hemispheres)
    words: dict[str, list[str]] = {}
    for each in warned:
        if each.scene is not None:
            words.setdefault(each.scene, []).append(each.text)
    by_name = {each.scene: each for each in facts}
    for number, png in enumerate(sheets):
        part = rows[number * PER_SHEET : (number + 1) * PER_SHEET]
        first = number * PER_SHEET + 1
        title = f"Scenes {first} to {first + len(part) - 1} of {len(rows)}"
        draw_sheet(part, by_name, words, title, png, threads)
    write_table(table, _table(facts, words))
    write_report(describe(facts, warned, [Path(png).name for png in sheets]), report, page)
    log.info("%d scenes, %d warnings", len(facts), len(warned))


def _table(facts: Sequence[SceneFacts], words: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """One row for each scene: what was measured, and its warnings."""
    table = pd.DataFrame([asdict(each) for each in facts])
    unknown = float("nan"), float("nan")
    down_across = [each.pixel_m or unknown for each in facts]
    middle = [each.middle_m or unknown for each in facts]
    table = table.assign(
        pixel_size_x_m=[pair[1] for pair in down_across],
        pixel_size_y_m=[pair[0] for pair in down_across],
        height_px=[each.shape[0] for each in facts],
        width_px=[each.shape[1] for each in facts],
        front_x_m=[pair[0] for pair in middle],
        front_y_m=[pair[1] for pair in middle],
        warnings=["; ".join(words.get(each.scene, ())) for each in facts],
    )
    numbers = ["no_data", "saturated", "contrast", "share", "front_m", "spread", "on_no_data"]
    table[numbers] = table[numbers].astype(float).round(4)
    return table[
        ["scene", "glacier", "mission", "acquired", "labelled", "height_px", "width_px",
         "pixel_size_x_m", "pixel_size_y_m", "crs", *numbers, "pieces", "front_x_m", "front_y_m",
         "warnings"]
    ]  # fmt: skip


def describe(facts: Sequence[SceneFacts], warned: Sequence[Warned], sheets: Sequence[str]) -> str:
    """The report, as Markdown."""
    labelled = sum(each.labelled for each in facts)
    concerned = {each.scene for each in warned if each.scene}
    days = [each.acquired for each in facts]
    lines = [
        "# Check of the scenes",
        "",
        f"{len(facts)} scenes from {min(days)} to {max(days)}, {labelled} with a front. "
        + (
            f"**{len(concerned)} scenes should be looked at** ({len(warned)} warnings)."
            if warned
            else "Nothing looks wrong by the numbers; the sheets show what numbers cannot."
        ),
        "",
        f"Contact sheets: {', '.join(f'[{name}]({name})' for name in sheets)}. "
        "Numbers of every scene: `check.tsv`. A warning changes nothing: the workflow uses every "
        "scene that `source.exclude` does not name.",
    ]
    counts = Counter(each.kind for each in warned)
    if counts:
        lines += ["", "| what | warnings |", "|---|---:|"]
        lines += [f"| {kind} | {counts[kind]} |" for kind in KINDS if counts[kind]]
    for kind, remedy in KINDS.items():
        own = [each for each in warned if each.kind == kind]
        if not own:
            continue
        lines += ["", f"## {kind.capitalize()}", "", remedy, "", "| scene | warning |", "|---|---|"]
        lines += [
            f"| {_cell(each.scene or 'all')} | {_cell(each.text)} |" for each in own[:MOST_LISTED]
        ]
        if len(own) > MOST_LISTED:
            lines += ["", f"{len(own) - MOST_LISTED} more stand in `check.tsv`."]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
