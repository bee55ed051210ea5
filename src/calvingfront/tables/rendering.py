"""Formatting of numbers and tables as Markdown and LaTeX (booktabs)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from calvingfront.files import PathLike, replacing
from calvingfront.reports import table_row

DASH = "–"
LATEX_REPLACEMENTS = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "×": r"$\times$",
    "∅": r"$\emptyset$",
    "≥": r"$\geq$",
    "≤": r"$\leq$",
    "−": r"$-$",
    "–": "--",
    "“": "``",
    "”": "''",
    "…": r"\dots{}",
}


class Block(NamedTuple):
    """One part of a printed table.

    title:  a line above it, or "".
    groups: (label, number of columns) above the header; a label "" stays blank. The numbers add
            up to the number of columns.
    header: one label per column.
    rows:   cells as text; an empty row adds vertical space (LaTeX) or is left out (Markdown).
    left:   number of leading columns set flush left; the others are flush right.
    """

    title: str
    groups: Sequence[tuple[str, int]]
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: int = 2


def number(value: float | None, digits: int = 1) -> str:
    """Format a number with fixed digits; a dash if it is missing or not finite."""
    if value is None or not math.isfinite(value):
        return DASH
    text = f"{value:.{digits}f}"
    return text.replace("-", "−") if float(text) != 0 else text.lstrip("-")


def plus_minus(mean: float, spread: float, digits: int = 1) -> str:
    """Format `mean ± spread`; the mean alone if the spread is unknown."""
    if not math.isfinite(mean) or not math.isfinite(spread):
        return number(mean, digits)
    return f"{number(mean, digits)} ± {number(spread, digits)}"


def interval(low: float, high: float, digits: int = 1) -> str:
    """Format an interval to stand behind a number, ` [low, high]`; nothing if it is unknown."""
    if not math.isfinite(low) or not math.isfinite(high):
        return ""
    return f" [{number(low, digits)}, {number(high, digits)}]"


def p_value(value: float) -> str:
    """Format a p-value with three digits; `< 0.001` instead of zero, a dash if there is none."""
    if not math.isfinite(value):
        return DASH
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def markdown(title: str, caption: Sequence[str], blocks: Sequence[Block]) -> str:
    """Format a Markdown page: title, caption lines, one pipe table per block."""
    lines = [f"# {title}", "", *[line for text in caption for line in (text, "")]]
    for block in blocks:
        if block.title:
            lines += [f"## {block.title}", ""]
        header = _full_header(block)
        lines.append(table_row(header))
        rules = [":--" if column < block.left else "--:" for column in range(len(header))]
        lines.append("| " + " | ".join(rules) + " |")
        lines += [table_row(row) for row in block.rows if row]
        lines.append("")
    return "\n".join(lines)


def latex(label: str, caption: Sequence[str], blocks: Sequence[Block]) -> str:
    """Format a `table*` for a document that loads booktabs; blocks are stacked vertically."""
    lines = [
        "% needs \\usepackage{booktabs}",
        r"\begin{table*}",
        r"\centering",
        r"\footnotesize",
        r"\setlength{\tabcolsep}{3pt}",
        rf"\caption{{{latex_text(' '.join(caption))}}}",
        rf"\label{{{label}}}",
    ]
    for position, block in enumerate(blocks):
        if position:
            lines += ["", r"\medskip"]
        if block.title:
            lines.append(rf"\textit{{{latex_text(block.title)}}}\\[2pt]")
        columns = "l" * block.left + "r" * (len(block.header) - block.left)
        lines += [rf"\begin{{tabular}}{{{columns}}}", r"\toprule"]
        lines += _latex_groups(block.groups)
        header = " & ".join(_stacked(label) for label in block.header) + r" \\"
        lines += [header, r"\midrule"]
        lines += [_latex_row(row) if row else r"\addlinespace" for row in block.rows]
        lines += [r"\bottomrule", r"\end{tabular}"]
    return "\n".join([*lines, r"\end{table*}", ""])


def latex_text(text: str) -> str:
    """Escape LaTeX's special characters, and replace the symbols that we use."""
    return "".join(LATEX_REPLACEMENTS.get(character, character) for character in text)


def write_csv(path: PathLike, table: pd.DataFrame) -> None:
    """Write a machine-readable table: comma separated, numbers to six significant digits."""
    with replacing(path) as temporary:
        table.to_csv(temporary, index=False, float_format="%.6g", lineterminator="\n")


def _full_header(block: Block) -> list[str]:
    """Prefix each label with its group's, because a Markdown table has only one header row."""
    groups = [label for label, columns in block.groups for _ in range(columns)]
    if not groups:
        return list(block.header)
    pairs = zip(groups, block.header, strict=True)
    return [f"{group}, {label}" if group else label for group, label in pairs]


def _latex_row(cells: Sequence[str]) -> str:
    return " & ".join(latex_text(cell) for cell in cells) + r" \\"


def _stacked(label: str) -> str:
    """Format a header label, on two lines if it is long and has several words."""
    text = latex_text(label)
    if len(label) <= 9 or " " not in text:
        return text
    return r"\shortstack[r]{" + text.replace(" ", r" \\ ", 1) + "}"


def _latex_groups(groups: Sequence[tuple[str, int]]) -> list[str]:
    if not any(label for label, _ in groups):
        return []
    cells, rules, first = [], [], 1
    for label, columns in groups:
        text = latex_text(label)
        cells.append(rf"\multicolumn{{{columns}}}{{c}}{{{text}}}" if columns > 1 else text)
        if label:
            rules.append(rf"\cmidrule(lr){{{first}-{first + columns - 1}}}")
        first += columns
    return [" & ".join(cells) + r" \\", " ".join(rules)]
