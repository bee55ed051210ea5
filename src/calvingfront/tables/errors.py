"""How good the stated errors of located fronts are, on the test scenes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from calvingfront.evaluation.line_errors import errors_of_tests
from calvingfront.files import PathLike
from calvingfront.reports import write_report
from calvingfront.tables.rendering import DASH, Block, markdown, number, write_csv
from calvingfront.tables.statistics import FEWEST
from calvingfront.vocabulary.missions import MISSIONS

LEVELS = (50, 90, 95)
GROUPS = {"quality": "flag", "glacier": "glacier", "mission": "mission"}
CAPTION = (
    "Fronts of the test scenes, as the exported model draws them. “Error” is the distance of the "
    "line from the true front in m, as measured and as stated by the model, means over the scenes "
    "with a line. “In the band” is the share of the line within the band of 50, 90 and 95 %, "
    "means over scenes; “half-width” is that of the 90 % band in m.",
    "The bands were calibrated on the validation scenes. Their shares hold for scenes like these: "
    "with a random split, test scenes show the same glaciers as the validation scenes, often only "
    "days apart. On another glacier the bands may be too narrow; `split.method: glacier` tests it.",
)


def tabulate_errors(
    held_out: PathLike, csv: PathLike, md: PathLike, html: PathLike | None = None
) -> None:
    """Write measured and stated errors, coverage and sharpness: of all scenes, and by group.

    html: the page for the report, or None.
    """
    table = errors_of_tests(held_out)
    rows = pd.DataFrame(list(_rows(table)))
    write_csv(csv, rows)
    block = Block("", (), _header(), [_cells(row) for _, row in rows.iterrows()])
    text = markdown("Errors of the located fronts", (*CAPTION, *_ranks(table)), [block])
    write_report(text, md, html)


def _rows(table: pd.DataFrame) -> Iterator[dict[str, object]]:
    yield _row("all", "all", table)
    for column in GROUPS:
        for name, part in table.groupby(column, sort=True):
            yield _row(column, str(name), part)


def _row(group: str, name: str, part: pd.DataFrame) -> dict[str, object]:
    drawn = part[part["line_m"].notna()]
    row: dict[str, object] = {
        "group": group, "name": name, "scenes": len(part), "without_line": len(part) - len(drawn),
        "line_m": drawn["line_m"].mean(), "median_line_m": drawn["line_m"].median(),
        "error_m": drawn["error_m"].mean(),
    }  # fmt: skip
    for level in LEVELS:
        known = f"within_{level}" in drawn
        row[f"within_{level}"] = drawn[f"within_{level}"].mean() if known else np.nan
        row[f"half_width_{level}_m"] = drawn[f"half_width_{level}_m"].mean() if known else np.nan
    return row


def _header() -> list[str]:
    shares = [f"in the {level} % band" for level in LEVELS]
    return [
        "", "test scenes", "number", "no line", "error, measured [m]", "its median [m]",
        "stated [m]", *shares, "half-width [m]",
    ]  # fmt: skip


def _cells(row: pd.Series) -> list[str]:
    name = MISSIONS[row["name"]].label if row["name"] in MISSIONS else str(row["name"])
    shares = [row[f"within_{level}"] for level in LEVELS]
    return [
        GROUPS.get(row["group"], ""),
        name,
        str(row["scenes"]),
        str(row["without_line"]),
        *(number(row[key], 0) for key in ("line_m", "median_line_m", "error_m")),
        *(f"{100 * share:.0f} %" if np.isfinite(share) else DASH for share in shares),
        number(row["half_width_90_m"], 0),
    ]


def _ranks(table: pd.DataFrame) -> list[str]:
    """How well the stated error orders the scenes."""
    known = table[table["line_m"].notna() & table["error_m"].notna()]
    if len(known) < FEWEST:
        few = "no scene has" if known.empty else f"only {len(known)} of the scenes have"
        return [f"No rank correlation of measured and stated error: {few} both."]
    value = known["line_m"].corr(known["error_m"], method="spearman")
    text = number(float(value), 2)
    return [f"Rank correlation of measured and stated error over {len(known)} scenes: {text}."]
