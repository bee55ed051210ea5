"""View codes: how the radar sees each pixel of a map (view.tif)."""

from __future__ import annotations

NO_DATA, VALID, LAYOVER, SHADOW, FILLED = 0, 1, 2, 3, 4
