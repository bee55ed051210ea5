"""Numbers and tables as text."""

from __future__ import annotations

import math

import pytest

from calvingfront.tables.rendering import (
    Block,
    latex,
    latex_text,
    markdown,
    number,
    p_value,
    plus_minus,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.25, "1.2"), (-1.5, "−1.5"), (-0.04, "0.0"), (math.nan, "–"), (None, "–"), (math.inf, "–")],
)
def test_numbers(value: float | None, text: str) -> None:
    assert number(value) == text


def test_spread_is_printed_only_where_it_is_known() -> None:
    assert plus_minus(1.0, 0.25, 2) == "1.00 ± 0.25"
    assert plus_minus(1.0, math.nan) == "1.0"
    assert plus_minus(math.nan, 1.0) == "–"


def test_p_values_are_never_zero() -> None:
    assert [p_value(p) for p in (0.0, 0.0009, 0.0012, 1.0)] == [
        "< 0.001",
        "< 0.001",
        "0.001",
        "1.000",
    ]


def test_latex_escapes_what_latex_would_read() -> None:
    assert latex_text("5 % of a_b & c – ±1 “q”") == r"5 \% of a\_b \& c -- $\pm$1 ``q''"


def test_groups_span_their_columns() -> None:
    block = Block("", [("", 1), ("ours", 2)], ["a", "b", "c"], [["x", "1", "2"]], left=1)
    text = latex("tab:t", ["Caption."], [block])
    assert r"\multicolumn{2}{c}{ours}" in text
    assert r"\cmidrule(lr){2-3}" in text
    assert "| a | ours, b | ours, c |" in markdown("T", [], [block])


def test_a_pipe_in_a_cell_does_not_open_a_column() -> None:
    block = Block("", [], ["a", "b"], [["x|y", "1"]])
    assert r"| x\|y | 1 |" in markdown("T", [], [block])
