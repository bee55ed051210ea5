"""View codes: how the radar sees each pixel of a map (view.tif)."""

from __future__ import annotations

NO_DATA, VALID, LAYOVER, SHADOW = 0, 1, 2, 3
FILLED = 4  # the height was filled in and may be wrong
