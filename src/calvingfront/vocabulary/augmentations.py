"""The augmentations, and how many copies of an image each makes."""

from __future__ import annotations

COPIES: dict[str, int] = {"paper": 8, "released": 8, "none": 1, "sar": 8}
