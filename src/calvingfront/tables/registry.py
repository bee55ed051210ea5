"""The tables, in the order of the report. Plain data: a table's code is imported to make it.

A table is a function that takes `scores` (the `scores.tsv` of every row), `dataset` (the folder of
the packed samples, of which index and split are read), `split_method`, `size_px`, its own
parameters, and a path for each suffix (csv, md, html, tex).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Table:
    """One table.

    name:       of its files; the report's caption is workflow/report/{name}.rst.
    label:      in the report.
    step:       name of the rule that makes it.
    code:       "module:function".
    suffixes:   of its files; with tex if it is for print.
    parameters: keyword of the function → key of the configuration.
    """

    name: str
    label: str
    step: str
    code: str
    suffixes: tuple[str, ...] = ("csv", "md", "html")
    parameters: Mapping[str, str] = field(default_factory=dict)


_PACKAGE = "calvingfront.tables"
_FOR_PRINT = ("csv", "md", "html", "tex")
_ALL = (
    Table(
        "table1", "Table I", "tabulate_scores", f"{_PACKAGE}.scores:tabulate_scores", _FOR_PRINT,
        parameters={"bootstrap_samples": "evaluation.bootstrap_samples"},
    ),
    Table(
        "table2", "Table II", "tabulate_thickness", f"{_PACKAGE}.thickness:tabulate_thickness",
        _FOR_PRINT,
    ),
    Table(
        "distances", "Distances", "tabulate_distances",
        f"{_PACKAGE}.distances:tabulate_distances", _FOR_PRINT,
        parameters={"bootstrap_samples": "evaluation.bootstrap_samples"},
    ),
    Table(
        "breakdown", "Breakdown", "tabulate_breakdown", f"{_PACKAGE}.distances:tabulate_breakdown"
    ),
    Table("comparisons", "Comparisons", "compare_models", f"{_PACKAGE}.comparisons:compare_models"),
)  # fmt: skip
TABLES: dict[str, Table] = {table.name: table for table in _ALL}
