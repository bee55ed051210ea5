"""The front in a mask given as a raster, whatever its values."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from calvingfront.errors import SceneError
from calvingfront.scenes.imagery.strips import Mask, Values, strips

# A calving front is a line: a mask with more front than this is another kind of mask.
LARGEST_FRONT_SHARE = 0.25
# Nor does it run along a side of the image for longer than this: that is a collar without data.
LONGEST_AT_SIDE_PX, LONGEST_AT_SIDE = 16, 0.25
MOST_LEVELS = 1000


def front_of_mask(values: Values, valid: Mask, where: object) -> Mask:
    """The front pixels of a mask, (height, width) bool.

    values: grey levels, whatever is written where `valid` is false too; valid: not declared to be
    no data. Of two levels the higher is front. A mask of one level is front where that is not
    zero, if the rest is no data. If the only level is 0, the front may be the one value declared
    to be no data.
    Raises SceneError if there is no front, there are more levels, or it covers so much that the
    mask is inverted, of another kind, or has a collar of the front's value.
    """
    if values.dtype.kind == "c":
        raise SceneError(
            where, f"has {values.dtype} values", "Write 255 on the front, 0 elsewhere."
        )
    levels = _levels(values, valid, where)
    if len(levels) > 2:
        many = f"more than {MOST_LEVELS}" if len(levels) > MOST_LEVELS else str(len(levels))
        raise SceneError(
            where, f"is not a mask: it has {many} different values",
            "Write 255 on the front and 0 elsewhere.",
        )  # fmt: skip
    whole = all(valid[rows].all() for rows in strips(valid.shape))
    declared: list[float] = [] if whole else _levels(values, ~valid, where)
    if len(levels) == 2:
        front = valid & (values == values.dtype.type(max(levels)))
    elif not levels or (whole and levels[0] == 0):
        raise SceneError(where, "has no front", "Write 255 on the front and 0 elsewhere.")
    elif levels[0] != 0:
        front = valid & True
    elif len(declared) == 1 and declared[0] > 0:
        front = ~valid & (values == values.dtype.type(declared[0]))
    else:
        raise SceneError(
            where, "has no front: its only value beside no data is 0",
            "Write 255 on the front and 0 elsewhere.",
        )  # fmt: skip
    share = float(front.mean())
    if share > LARGEST_FRONT_SHARE:
        raise SceneError(
            where, f"marks {100 * share:.0f} % of the image as front",
            "Write 255 on the front line only, 0 elsewhere (is the mask inverted?).",
        )  # fmt: skip
    for side in (front[0], front[-1], front[:, 0], front[:, -1]):
        if _longest_run(side) > max(LONGEST_AT_SIDE_PX, LONGEST_AT_SIDE * side.size):
            raise SceneError(
                where, f"marks {_longest_run(side)} px along a side of the image as front",
                "Write 0 where there is no data.",
            )  # fmt: skip
    return np.asarray(front, dtype=np.bool_)


def _longest_run(line: Mask) -> int:
    """The largest number of neighbouring pixels that are all front."""
    ends = np.flatnonzero(np.diff(np.r_[False, line, False]))
    return int((ends[1::2] - ends[::2]).max(initial=0))


def _levels(values: Values, where_to: Mask, where: object) -> list[float]:
    """The different finite values within a part of a mask; at most a little over MOST_LEVELS."""
    found: set[Any] = set()
    for rows in strips(values.shape):
        part: npt.NDArray[Any] = np.unique(values[rows][where_to[rows]])
        found |= set(part[np.isfinite(part)].tolist())
        if len(found) > MOST_LEVELS:
            break
    return sorted(found)
