"""Reports as Markdown and as HTML: browsers, and Snakemake's report, show HTML as a page.

The Markdown is the plain part that this project writes: headings, paragraphs, lists with -, pipe
tables, `code`, **bold** and links to pictures beside the report. Anything else is shown as it is
written.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from calvingfront.files import PathLike, write_text

_PIPE = re.compile(r"(?<!\\)\|")
# Only to pictures beside the report: any other address could come from a name in a table.
_PICTURE = re.compile(r"\[([\w.-]+)\]\(([\w-]+\.png)\)")
_BOLD = re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*")
_RULE = re.compile(r"\|(\s*:?-{2,}:?\s*\|)+")
STYLE = """\
body { margin: 1.5em auto; max-width: 90em; padding: 0 1em; background: #fff; color: #1b1f24;
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
  overflow-wrap: anywhere; }
h1 { font-size: 1.4em; } h2 { font-size: 1.15em; margin: 1.6em 0 .4em; }
p, li { max-width: 60em; }
.table { overflow-x: auto; margin: 1em 0; }
table { border-collapse: collapse; border: solid #1b1f24; border-width: 2px 0; }
th, td { padding: .25em .8em; text-align: left; vertical-align: bottom; overflow-wrap: normal; }
td { vertical-align: top; font-variant-numeric: tabular-nums; }
.number { text-align: right; }
td.number, td.short { white-space: nowrap; }
thead { border-bottom: 1px solid #1b1f24; }
tbody tr:nth-child(even) { background: #f3f5f7; }
code { background: #eceff2; padding: 0 .25em; border-radius: 3px; }
"""
SHORT = 16  # characters of a cell that is not wrapped
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def write_report(text: str, md: PathLike, page: PathLike | None) -> None:
    """Write a report as Markdown and, unless `page` is None, as HTML; each atomically."""
    write_text(md, text)
    if page is not None:
        write_text(page, to_html(text))


def in_words(names: Iterable[object]) -> str:
    """Names as in a sentence: "A", "A and B", "A, B and C"; "" for none."""
    *first, last = [str(name) for name in names] or [""]
    return f"{', '.join(first)} and {last}" if first else last


def table_row(cells: Iterable[object]) -> str:
    """A row of a pipe table; a | or a line break within a cell stays in its cell."""
    return f"| {' | '.join(map(cell_text, cells))} |"


def cell_text(value: object) -> str:
    """A value as the text of one cell of a pipe table."""
    return " ".join(str(value).splitlines()).replace("|", "\\|")


def to_html(text: str) -> str:
    """A self-contained page of a report in Markdown; its title is the first heading."""
    body = "\n".join(_blocks(text.splitlines()))
    title = next((line[2:] for line in text.splitlines() if line.startswith("# ")), "Report")
    plain = html.escape(title.replace("**", "").replace("`", ""))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{plain}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _blocks(lines: Sequence[str]) -> Iterator[str]:
    at = 0
    while at < len(lines):
        line = lines[at]
        if not line.strip():
            at += 1
            continue
        if heading := re.fullmatch(r"(#{1,4}) (.*)", line):
            level = len(heading[1])
            yield f"<h{level}>{_inline(heading[2])}</h{level}>"
            at += 1
            continue
        if line.startswith("|") and at + 1 < len(lines) and _RULE.fullmatch(lines[at + 1].strip()):
            end = _end(lines, at, lambda one: one.startswith("|"))
            yield _table(lines[at:end])
        elif line.startswith("- "):
            end = _end(lines, at, lambda one: one.startswith(("- ", "  ")))
            items = "\n".join(lines[at:end])[2:].split("\n- ")
            yield "<ul>\n" + "\n".join(f"<li>{_inline(item)}</li>" for item in items) + "\n</ul>"
        else:
            end = _end(lines, at, lambda one: not one.startswith(("|", "- ", "# ", "## ")))
            yield f"<p>{_inline(' '.join(lines[at:end]))}</p>"
        at = end


def _end(lines: Sequence[str], start: int, belongs: Callable[[str], bool]) -> int:
    end = start + 1
    while end < len(lines) and lines[end].strip() and belongs(lines[end]):
        end += 1
    return end


def _table(lines: Sequence[str]) -> str:
    header, rule, *rows = [_cells(line) for line in lines]
    numbers = [cell.endswith(":") for cell in rule]

    def row(tag: str, cells: Sequence[str]) -> str:
        padded = [*cells, *[""] * (len(numbers) - len(cells))]
        found = []
        for column, (cell, number) in enumerate(zip(padded, numbers, strict=False)):
            # Names of scenes, dates and lengths stay on one line; reasons are wrapped.
            short = tag == "td" and (column == 0 or 0 < len(cell) <= SHORT)
            kind = ' class="number"' if number else ' class="short"' if short else ""
            found.append(f"<{tag}{kind}>{_inline(cell)}</{tag}>")
        return "".join(found)

    body = "\n".join(f"<tr>{row('td', cells)}</tr>" for cells in rows)
    head = f"<tr>{row('th', header)}</tr>"
    inner = f"<thead>{head}</thead>\n<tbody>\n{body}\n</tbody>"
    return f'<div class="table"><table>\n{inner}\n</table></div>'


def _cells(line: str) -> list[str]:
    inner = line.strip().removeprefix("|")
    inner = inner[:-1] if inner.endswith("|") and not inner.endswith("\\|") else inner
    return [cell.strip().replace("\\|", "|") for cell in _PIPE.split(inner)]


def _inline(text: str) -> str:
    """Text with `code` and **bold**, everything else escaped."""
    parts = text.split("`")
    if len(parts) % 2 == 0:  # a backquote without its twin
        parts[-2:] = ["`".join(parts[-2:])]
    found = []
    for number, part in enumerate(parts):
        safe = html.escape(part)
        if not number % 2:
            safe = _PICTURE.sub(r'<a href="\2">\1</a>', safe)
        found.append(
            f"<code>{safe}</code>" if number % 2 else _BOLD.sub(r"<strong>\1</strong>", safe)
        )
    return "".join(found)
