"""Seeded mutations of sound tables, and independent readers that judge what was taken.

`TableMaker` writes a table whose truth it knows. Some changes keep the meaning (another program,
another order), some destroy it (a day that may be misread), some are damage at random.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

SAME, FAULT, EITHER = "the same table", "a fault", "either"

_DATES = (
    "%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "%Y.%m.%d", "%d %b %Y", "%d-%b-%Y", "%d %B %Y", "%B %d, %Y",
    "%Y %b %d",
)  # fmt: skip
_TIMES = ("", "T%H:%M", " %H:%M:%S", "T%H:%M:%S%z", "T%H%M%S", " %H:%M%z", "T%H:%M:%S.%f%z")
_CLOCKS = (
    "%H:%M", "%H%M", "%H:%M:%S", "%H%M%S", "%H:%M:%S.%f", "%H%M%S.%f", "%H:%M%z", "%H%M%z",
    "%H:%M:%S%z", "%H%M%S%z", "%H:%M:%S.%f%z", "%H%M%S.%f%z",
)  # fmt: skip
NO_DAYS = (
    "{d}.{m}.{y}", "{d}/{m}/{y}", "{m}/{d}/{y}", "{d}-{m}-{y}", "{y}", "{y}-{m}", "{y}.17",
    "{y2}{m}{d}", "{d}.{m}.{y2}", "12:30", "today", "now", "39145", "10", "{y}-02-30",
    "{y}-13-{d}", "{y}-{m}-{d} 24:00", "{y}063", "March", "NaT", "nan", "",
    "{y}-{m}-{d}T12:00+25:00", "0{y2}7-{m}-{d}", "{y}{m}", "٢٠٠٧-٠٣-٠٤",
)  # fmt: skip
NO_PIXELS = ("inf", "nan", "-20", "0", "1_000", "20 m", "２０", "1e-9", "1e5", "16,67", "0x10", "m")
NO_COUNTS = ("", "0", "-7", "7.5", "7 m", "nan", "inf", "1e9", "７", "7,0", "1_0")


def oracle_day(text: str) -> str | None:
    """The UTC day of a text by `strptime` alone; None if it is none of the accepted notations."""
    text = text.strip(" \u00a0\u200b\ufeff")
    if not text.isascii():
        return None
    text = re.sub(r"(\.\d{6})\d+", r"\1", text)  # strptime reads microseconds
    text = re.sub(r"(\d[T ]\d\d:?\d\d.*[+-]\d\d)$", r"\g<1>00", text)  # and minutes of offsets
    text = re.sub(r" ?(Z|UTC|GMT)$", "+0000", text, flags=re.I)
    for day in _DATES:
        for time in ("", *(gap + clock for gap in "T " for clock in _CLOCKS)):
            with suppress(ValueError):
                found = datetime.strptime(text, day + time)
                if 1800 <= found.year <= 2099:
                    utc = found.astimezone(UTC) if found.tzinfo else found
                    return utc.date().isoformat()
    return None


@dataclass
class Made:
    """A table as bytes, what must come of it, and the truth: a row for each of its lines."""

    content: bytes
    outcome: str
    truth: list[dict[str, str]]
    changes: list[str]


class TableMaker:
    """Makes one table for each seed.

    columns: all columns; the last `optional` of them may be left out at the end of a line.
    days, pixels, counts: columns of days, sizes of pixels and whole numbers. key: of a line.
    """

    def __init__(
        self,
        columns: Sequence[str],
        key: str,
        optional: int,
        days: Sequence[str] = (),
        pixels: Sequence[str] = (),
        counts: Sequence[str] = (),
    ) -> None:
        self.columns, self.key, self.optional = list(columns), key, optional
        self.days, self.pixels, self.counts = days, pixels, counts

    def made(self, rows: list[dict[str, str]], seed: int) -> Made:
        """A table of sound rows, whose cells may hold any day of 1985 to 2025 in `days`."""
        self.random = random.Random(seed)
        self.changes: list[str] = []
        pick = self.random.random
        truth = [dict(row) for row in rows]
        written = [dict(row) for row in rows]
        for row, true in zip(written, truth, strict=True):
            for column in self.days:
                row[column], true[column] = self._day()
        outcome = SAME
        if pick() < 0.45:
            outcome = self._broken_cell(written)
        lines = [[row[column] for column in self.columns] for row in written]
        header = list(self.columns)
        separator = self.random.choice([",", ";", "\t"])
        header, lines = self._rearranged(header, lines)
        texts = [self._line(cells, separator, k == 0) for k, cells in enumerate([header, *lines])]
        if outcome == SAME and pick() < 0.25:
            outcome = self._broken_line(texts, separator)
        content = self._saved(self._laid_out(texts, separator))
        if outcome == SAME and pick() < 0.25:
            outcome = EITHER
            content = self._damaged(content)
        return Made(content, outcome, truth, self.changes)

    def _day(self) -> tuple[str, str]:
        """A day as text, and the UTC day that it means."""
        moment = datetime(1985, 1, 2) + timedelta(seconds=self.random.randrange(1_262_000_000))
        minutes = self.random.choice([-180, 0, 60, 120, 345])
        local = moment.replace(tzinfo=UTC) + timedelta(minutes=minutes)
        form = self.random.choice(_DATES) + self.random.choice(_TIMES)
        day = moment.date() if "%z" in form else local.date()
        sign, size = "-" if minutes < 0 else "+", abs(minutes)
        offset = f"{sign}{size // 60:02}{self.random.choice([':', ''])}{size % 60:02}"
        text = local.strftime(form.replace("%z", offset))
        return text, day.isoformat()

    def _broken_cell(self, rows: list[dict[str, str]]) -> str:
        """Write something into a cell that nothing reads."""
        row = self.random.choice(rows)
        kinds = [kind for kind in ("days", "pixels", "counts") if getattr(self, kind)]
        kind = self.random.choice([*kinds, "twice", "invisible"])
        if kind == "twice" and len(rows) > 1:
            first, second = self.random.sample(rows, 2)
            second[self.key] = first[self.key]
            self.changes.append("key twice")
            return FAULT if self.key != "caffe_name" else EITHER
        if kind == "days":
            day = date(2007, self.random.randint(1, 12), self.random.randint(1, 28))
            parts = {"y": f"{day:%Y}", "m": f"{day:%m}", "d": f"{day:%d}", "y2": f"{day:%y}"}
            text = self.random.choice(NO_DAYS).format(**parts)
            row[self.random.choice(self.days)] = text
        elif kind == "pixels":
            text = self.random.choice(NO_PIXELS)
            row[self.random.choice(self.pixels)] = text
        elif kind == "counts":
            text = self.random.choice(NO_COUNTS)
            row[self.random.choice(self.counts)] = text
        else:
            text = f"A{self.random.choice(chr(0x200B) + chr(0xFEFF) + chr(7) + chr(0xAD))}B"
            row[self.random.choice([c for c in self.columns if c not in self.days])] = text
        self.changes.append(f"cell {text!r}")
        return FAULT

    def _rearranged(
        self, header: list[str], lines: list[list[str]]
    ) -> tuple[list[str], list[list[str]]]:
        """Columns in another order, columns more, and numbers of rows: the meaning stays."""
        order = list(range(len(header)))
        if self.random.random() < 0.3:
            self.random.shuffle(order)
            self.changes.append("order")
        table = [[cells[k] for k in order] for cells in (header, *lines)]
        if self.random.random() < 0.2:
            at = self.random.randint(0, len(order))
            for k, cells in enumerate(table):
                cells.insert(at, "remark" if k == 0 else self.random.choice(["", "windy, cold"]))
            self.changes.append("remarks")
        if self.random.random() < 0.1:
            for k, cells in enumerate(table):
                cells.insert(0, "" if k == 0 else str(k))
            self.changes.append("row numbers")
        return table[0], table[1:]

    def _line(self, cells: list[str], separator: str, header: bool) -> str:
        def written(cell: str) -> str:
            if header and self.random.random() < 0.1:
                cell = self.random.choice([cell.upper(), cell.title()])
            quoted = separator in cell or '"' in cell or self.random.random() < 0.1
            cell = '"' + cell.replace('"', '""') + '"' if quoted else cell
            blank = self.random.choice(["", "", "", "", " ", "  "])
            return blank + cell + (blank if not quoted else "")

        return separator.join(map(written, cells))

    def _broken_line(self, texts: list[str], separator: str) -> str:
        """Break the structure of a line, or of the header."""
        at = self.random.randrange(1, len(texts))
        kind = self.random.choice(["more", "quote", "comment", "header twice", "misspelt", "short"])
        self.changes.append(kind)
        if kind == "more":
            texts[at] += f"{separator}beyond"
        elif kind == "quote":
            texts[at] += f'{separator}"open'
        elif kind == "comment":
            texts[at] = "#" + texts[at]
        elif kind == "header twice":
            texts[0] += f"{separator}{self.columns[0]}"
        elif kind == "misspelt":
            texts[0] = texts[0].replace(self.columns[1][1:], self.columns[1][2:], 1)
            return EITHER  # where the name was in capitals, nothing is misspelt
        else:
            texts[at] = separator.join(texts[at].split(separator)[: self.random.randint(1, 3)])
            return EITHER
        return FAULT

    def _laid_out(self, texts: list[str], separator: str) -> list[str]:
        """Blank lines, comments, ends of lines: the meaning stays."""
        if self.random.random() < 0.15:
            texts = [text + separator for text in texts]
            self.changes.append("separator at every end")
        if self.random.random() < 0.15:
            blank = self.random.choice(["", separator * 3, "  "])
            texts.insert(self.random.randint(1, len(texts)), blank)
            self.changes.append("blank line")
        if self.random.random() < 0.1:
            texts.insert(0, "# by hand")
            self.changes.append("comment above")
        elif self.random.random() < 0.1:
            texts.insert(0, f"sep={separator}")
            self.changes.append("sep=")
        return texts

    def _saved(self, texts: list[str]) -> bytes:
        encoding = self.random.choice(["utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-32"])
        eol = self.random.choice(["\n", "\n", "\r\n", "\r"])
        self.changes.append(f"{encoding} {eol!r}")
        return (eol.join(texts) + self.random.choice(["", eol])).encode(encoding)

    def _damaged(self, content: bytes) -> bytes:
        """A few bytes changed, inserted or removed, or the end cut off."""
        damaged = bytearray(content)
        for _ in range(self.random.randint(1, 3)):
            at = self.random.randrange(len(damaged))
            kind = self.random.choice(["change", "change", "insert", "insert", "remove", "cut"])
            if kind == "change":
                damaged[at] = self.random.choice([*b',;"\n\t#0 \0\r', self.random.randrange(256)])
            elif kind == "insert":
                damaged[at:at] = self.random.choice([b",", b'"', b";", b"\n", b"\0", b"\xe6", b"0"])
            elif kind == "remove":
                del damaged[at : at + self.random.randint(1, 5)]
            elif len(damaged) > 20:
                del damaged[max(at, 10) :]
            if not damaged:
                break
        self.changes.append("damage")
        return bytes(damaged)
