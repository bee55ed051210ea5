"""The subsets of a split, and the ways to draw one."""

from __future__ import annotations

TRAIN, VALIDATION, TEST = "train", "validation", "test"
SUBSETS = (TRAIN, VALIDATION, TEST)
HELD_OUT = (VALIDATION, TEST)
GAP = "gap"  # scenes between two subsets of a split in time; they belong to neither
UNUSED = "unused"  # training scenes that split.train_share leaves out

SPLIT_METHODS = {
    "paper": "the lists in `split.lists`, or, without lists, shares drawn from all scenes",
    "random": "shares drawn within each glacier",
    "glacier": "whole glaciers are held out",
    "mission": "all scenes of whole missions are held out",
    "time": "each glacier's last scenes are held out, with a gap before them",
    "middle": "each glacier's middle scenes are held out, with a gap on both sides",
}
