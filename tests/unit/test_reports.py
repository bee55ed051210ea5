"""Reports as HTML: what Markdown becomes."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from calvingfront.reports import in_words, table_row, to_html, write_report

TABLE = """\
# Table I: scores

Two rows,
one paragraph. **Fewer than 3 seeds** were `a | b`.

## First part

| Model | Dice, % |
| :-- | --: |
| U\\|Net | 91.0 ± 0.5 |
| <b> & "x" | **92.1** |

- one
- two `**x**`
"""


class Reader(HTMLParser):
    """Open and closed elements, and the text of cells."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.cells: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "meta":
            self.open.append(tag)
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {"td", "th"} & set(self.open):
            self.cells[-1] += data
        if "body" in self.open:
            self.text.append(data)


def test_a_report_becomes_headings_paragraphs_a_table_and_a_list() -> None:
    page = to_html(TABLE)
    assert "<title>Table I: scores</title>" in page
    assert "<h1>Table I: scores</h1>" in page
    assert "<h2>First part</h2>" in page
    bold, code = "<strong>Fewer than 3 seeds</strong>", "<code>a | b</code>"
    assert f"<p>Two rows, one paragraph. {bold} were {code}.</p>" in page
    assert "<th>Model</th>" in page
    assert '<th class="number">Dice, %</th>' in page
    assert '<td class="short">U|Net</td><td class="number">91.0 ± 0.5</td>' in page
    assert '<td class="short">&lt;b&gt; &amp; &quot;x&quot;</td>' in page
    assert '<td class="number"><strong>92.1</strong></td>' in page
    assert "<ul>\n<li>one</li>\n<li>two <code>**x**</code></li>\n</ul>" in page


def test_only_long_cells_are_wrapped() -> None:
    row = "| SI_2011-03-04_TSX_7_3_1 | 2011-03-04 | 3.4 km | more than a tenth of it is missing | |"
    cells = re.findall(r'<td( class="short")?>', to_html(f"{row}\n|---|---|---|---|---|\n{row}\n"))
    assert [bool(cell) for cell in cells] == [True, True, True, False, False]


def test_a_page_loads_nothing() -> None:
    page = to_html(TABLE)
    assert not re.search(r"(?i)<script|<link|<img|https?:|url\(", page)
    assert "default-src 'none'" in page


@given(st.text("|*`#-\\: \n<>&\"'ab"))
def test_any_text_becomes_a_page_whose_elements_are_closed(text: str) -> None:
    reader = Reader(to_html(text))
    assert reader.open == []


@given(st.lists(st.text("|*`\\<>&ab", max_size=8), min_size=1, max_size=4))
def test_cells_come_back_as_they_were_written(cells: list[str]) -> None:
    """Backslashes and marks have a meaning of their own."""
    plain = [re.sub(r"[\\*`]", "", cell).strip() for cell in cells]
    row = table_row(plain)
    rule = "|" + " --- |" * len(cells)
    assert Reader(to_html(f"{row}\n{rule}\n{row}\n")).cells == plain * 2


def test_both_files_are_written_or_the_markdown_alone(tmp_path: Path) -> None:
    write_report(TABLE, tmp_path / "a.md", None)
    write_report(TABLE, tmp_path / "b.md", tmp_path / "b.html")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.md", "b.html", "b.md"]
    assert (tmp_path / "b.md").read_text(encoding="utf-8") == TABLE
    assert (tmp_path / "b.html").read_text(encoding="utf-8") == to_html(TABLE)


def test_names_are_joined_as_in_a_sentence() -> None:
    lists = [[], ["A"], ["A", "B"], ["A", "B", 3]]
    assert [in_words(names) for names in lists] == ["", "A", "A and B", "A, B and 3"]
