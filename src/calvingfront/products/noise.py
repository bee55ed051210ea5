"""The thermal noise of the radar: it stays in the image, and a note says how strong it is.

Thermal noise adds a nearly constant power to every pixel. Its level is annotated by Sentinel-1,
TerraSAR-X and the Alaska SAR Facility, and not by ERS, Envisat, PALSAR and the CDPF. It is
subtracted from no image:

- All missions are treated alike, whether they annotate it or not.
- Where the sea is dark, the difference is as often negative as positive: no backscatter, and no
  grey level. Clipped to 0 it would be no data, where a front has the sea on one side.
- It moves no front. Real products have: Sentinel-1 IW −29 to −19 dB (β⁰) across the swath,
  TerraSAR-X strip −25 to −18 dB (β⁰), RADARSAT-1 Fine −30 dB (σ⁰). At −25 dB it brightens ice of
  −10 dB by 0.1 dB, and sea of −20 dB by 1.2 dB.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

LOWEST_DB, HIGHEST_DB = -60.0, 0.0  # others are no noise level, but another scale of annotation


def noise_note(power: npt.ArrayLike, kind: str) -> tuple[str, ...]:
    """A note about the noise that stays in an image; none if the annotation makes no sense.

    power: over the swath, as backscatter (linear). kind: its coefficient, "beta0" or "sigma0".
    """
    values = np.asarray(power, dtype=np.float64)
    values = values[np.isfinite(values) & (values > 0)]
    if not values.size:
        return ()
    low, high = (10 * np.log10(value) for value in (values.min(), values.max()))
    if not LOWEST_DB < low <= high < HIGHEST_DB:
        return ()
    symbol = {"beta0": "β⁰", "sigma0": "σ⁰"}[kind]
    level = f"{high:.0f} dB" if high - low < 0.5 else f"{low:.0f} to {high:.0f} dB"
    return (f"thermal noise stays in the image: {level} of {symbol}",)
