"""The subsets of a split, and the ways to draw one."""

from __future__ import annotations

TRAIN, VALIDATION, TEST = "train", "validation", "test"
SUBSETS = (TRAIN, VALIDATION, TEST)
HELD_OUT = (VALIDATION, TEST)
GAP = "gap"  # scenes between two subsets of a split in time: in none of them

SPLIT_METHODS = {
    "paper": "the lists of `split.lists`, or the shares drawn from the sorted scenes",
    "random": "shares drawn within each glacier",
    "glacier": "whole glaciers held out",
    "time": "the last scenes held out, with a gap",
}
