"""The one reader of tables that users write: comma, semicolon or tab, as any program saves them.

A table has one line of column names, in any case; above it, lines that begin with # are comments.
Blank lines are passed over, and so are blanks around names and cells. A short line has empty cells
at its end. What could shift a cell into another column is told with its line: more cells than
names, an open quotation mark, a name given twice, a misspelt name.
"""

from __future__ import annotations

import csv
import difflib
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from calvingfront.errors import Faults, TableError
from calvingfront.tabular.cells import Unreadable, check_visible, clean
from calvingfront.tabular.decoding import read_text

SEPARATORS = (",", ";", "\t")
ALIKE = 0.8  # a name that resembles a column this much is taken for a misspelling of it
REMEDY = "Correct the lines of the table."


@dataclass(frozen=True)
class Row:
    """A line of a table: its number in the file, its cells by column, and what is wrong with it."""

    line: int
    cells: dict[str, str]
    fault: Unreadable | None = None


@dataclass(frozen=True)
class Table:
    """A table as written: `names` of all its columns, those asked for as they were asked for."""

    path: Path
    names: tuple[str, ...]
    unused: tuple[str, ...]
    rows: list[Row] = field(repr=False)

    def where(self, row: Row) -> str:
        """The place of a row, for messages."""
        return f"{self.path}, line {row.line}"

    def sound_rows(self) -> list[Row]:
        """The rows. Raises Faults with all lines at fault."""
        faults = [
            TableError(self.where(row), row.fault.what, row.fault.remedy)
            for row in self.rows
            if row.fault
        ]
        if faults:
            raise Faults(faults, REMEDY)
        return self.rows


def read_table(path: str | os.PathLike[str], columns: Sequence[str]) -> Table:
    """Read a user's table.

    columns: that have a meaning, required or not. Cells of other columns are not returned; a row
    has only the columns that the table has.
    Raises TableError if the file is no table: no text, empty, a column twice, or one that resembles
    a column which is missing. What is wrong with single lines is in the rows.
    """
    lines = list(_lines(read_text(path)))
    separator = _stated_separator(lines)
    while lines and lines[0][1].startswith("#"):
        lines.pop(0)
    if not lines:
        raise TableError(path, "is empty", f"Give the columns {', '.join(columns)}.")
    number, header = lines[0]
    separator = separator or max(
        SEPARATORS, key=lambda one: (_known(_cells(header, one), columns), header.count(one))
    )
    given = _cells(header, separator)
    if isinstance(given, Unreadable):
        raise TableError(f"{path}, line {number}", given.what, given.remedy)
    names = _names(given, columns, f"{path}, line {number}")
    unused = tuple(name for name in names if name and name not in columns)
    parsed = [(line, _cells(text, separator)) for line, text in lines[1:]]
    parsed = [
        (line, cells) for line, cells in parsed if isinstance(cells, Unreadable) or any(cells)
    ]
    first = [cells[0] for _, cells in parsed if not isinstance(cells, Unreadable)]
    # The row numbers that R and pandas write; no cell is read from the column.
    numbered = names[0] == "" and all(cell.isdecimal() for cell in first)
    width = _usual_width(parsed, len(names))
    rows = [_row(line, cells, names, columns, numbered, width) for line, cells in parsed]
    return Table(Path(path), tuple(names), unused, rows)


def missing(table: Table, required: Sequence[str]) -> str | None:
    """What is wrong if a table lacks required columns, to follow its path; else None."""
    absent = [name for name in required if name not in table.names]
    if not absent:
        return None
    has = ", ".join(filter(None, table.names))
    plural = "s" if len(absent) > 1 else ""
    return f"is missing the column{plural} {', '.join(absent)} (it has {has})"


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Number and text of the lines that are not blank."""
    for number, line in enumerate(text.split("\n"), start=1):
        if clean(line).strip(',;\t "'):
            yield number, line


def _stated_separator(lines: list[tuple[int, str]]) -> str | None:
    """The separator that Excel states in a line of its own, sep=; this line is removed."""
    stated = re.fullmatch(r'"?sep=([,;\t])"?[,;\t]*', lines[0][1]) if lines else None
    if stated is None:
        return None
    lines.pop(0)
    return stated[1]


def _cells(line: str, separator: str) -> list[str] | Unreadable:
    """The cells of a line, cleaned; or what is wrong with its quotation marks."""
    reader = csv.reader([line], delimiter=separator, strict=True, skipinitialspace=True)
    try:
        return [clean(cell) for cell in next(reader)]
    except csv.Error as error:
        if "field larger" in str(error):
            return Unreadable("has a cell of more than 100,000 characters", "Shorten it.")
        return Unreadable(
            "has a quotation mark without its partner on the line",
            'Close it, or write "" for a mark within a cell; a cell cannot run over two lines.',
        )


def _fold(name: str) -> str:
    return re.sub(r"[\s_-]+", "_", name.casefold())


def _known(cells: list[str] | Unreadable, columns: Sequence[str]) -> int:
    folded = {_fold(name) for name in columns}
    return 0 if isinstance(cells, Unreadable) else len({_fold(cell) for cell in cells} & folded)


def _names(given: Sequence[str], columns: Sequence[str], where: str) -> list[str]:
    """The names of the header; those of `columns` as spelt there. Raises TableError."""
    by_fold = {_fold(name): name for name in columns}
    names = [name if name in columns else by_fold.get(_fold(name), name) for name in given]
    for name in columns:
        if names.count(name) > 1:
            what = f"has {names.count(name)} columns with the name {name}"
            raise TableError(where, what, "Keep one of them.")
    absent = [name for name in columns if name not in names]
    for name in names:
        meant = None if name in columns else _meant(name, absent)
        if meant is not None:
            raise TableError(
                where,
                f"has a column {name!r}, but none with the name {meant}",
                f"Did you mean {meant}? Rename the column, or, if it is something else, choose "
                "a name less alike.",
            )
    return names


def _meant(name: str, absent: Sequence[str]) -> str | None:
    """The absent column that a name resembles, or whose words it contains; else None."""
    folded, by_fold = _fold(name), {_fold(column): column for column in absent}
    near = difflib.get_close_matches(folded, by_fold, n=1, cutoff=ALIKE)
    if near:
        return by_fold[near[0]]
    words = set(folded.split("_"))
    return next((c for fold, c in by_fold.items() if set(fold.split("_")) <= words), None)


def _usual_width(parsed: Sequence[tuple[int, list[str] | Unreadable]], columns: int) -> int:
    """How many cells most lines have, empty ones at their end included; at least `columns`."""
    widths = [len(cells) for _, cells in parsed if not isinstance(cells, Unreadable)]
    counts = Counter(width for width in widths if width >= columns)
    return max(counts, key=lambda width: (counts[width], -width), default=columns)


def _row(
    line: int,
    cells: list[str] | Unreadable,
    names: Sequence[str],
    columns: Sequence[str],
    numbered: bool,
    width: int,
) -> Row:
    if isinstance(cells, Unreadable):
        return Row(line, {}, cells)
    padded = [*cells, *[""] * (len(names) - len(cells))]
    pairs = list(zip(names, padded, strict=False))
    named = {name: cell for name, cell in pairs if name in columns}
    try:
        _check(cells, pairs[numbered:], len(names), width)
        for name, cell in named.items():
            check_visible(cell, name)
    except Unreadable as fault:
        return Row(line, named, fault)
    return Row(line, named)


def _check(
    cells: Sequence[str], pairs: Sequence[tuple[str, str]], columns: int, width: int
) -> None:
    """Raise Unreadable if cells may stand in the wrong columns."""
    if cells[0].startswith("#"):
        raise Unreadable("begins with #", "Comments stand above the names only; delete the line.")
    beyond = [cell for cell in cells[columns:] if cell]
    if beyond or len(cells) > width:  # as a decimal comma shifts what follows
        text = f" (beyond: {beyond[0]!r})" if beyond else ""
        raise Unreadable(
            f"has {len(cells)} cells, but the table has {columns} columns{text}",
            "Put a cell that contains the separator in quotation marks.",
        )
    nameless = [cell for name, cell in pairs if not name and cell]
    if nameless:
        raise Unreadable(
            f"has {nameless[0]!r} in a column without a name", "Name the column or clear the cell."
        )
