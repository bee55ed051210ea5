"""Results folders of several splits, with the level of Dice of each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from shift_folders import results_folder, spread

UNET, NEAREST = ("unet", "bce"), ("nearest_date", "none")
PLAIN: dict[str, Any] = {"method": "random", "seed": 1, "shares": [2, 1, 1]}
SHIFTS: dict[str, dict[str, Any]] = {
    "without_si": {"method": "glacier", "test_glaciers": ["SI"]},
    "without_ers": {"method": "mission", "test_missions": ["ERS"]},
    "last_years": {"method": "time", "gap_days": 0, "shares": [5, 2, 2]},
}


def folders(root: Path, levels: dict[str, float], **changes: Any) -> list[Path]:
    """A plain folder and shifts, with the level of Dice of each."""
    return [
        results_folder(
            root / name,
            {UNET: spread(level), NEAREST: spread(0.5)},
            **{**(SHIFTS.get(name) or PLAIN), **changes.get(name, {})},
        )
        for name, level in levels.items()
    ]
