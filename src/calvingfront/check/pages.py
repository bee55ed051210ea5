"""How many contact sheets an archive fills: plain numbers, which the rules need."""

from __future__ import annotations

COLUMNS, ROWS = 6, 8
PER_SHEET = COLUMNS * ROWS


def sheets_of(scenes: int) -> list[str]:
    """The names of the sheets of an archive."""
    pages = max(1, -(-scenes // PER_SHEET))
    return [f"sheet_{number:03d}.png" for number in range(1, pages + 1)]
