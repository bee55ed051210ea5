"""Which band of an image is read."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from rasterio.enums import ColorInterp
from rasterio.windows import Window

from calvingfront.scenes.imagery.strips import strips

REMEDY = "Write its number or polarisation into the column band, source.images.band, or --band"
POLARISATIONS = ("HH", "HV", "VV", "VH")


def candidates(dataset: Any, wanted: str | None) -> list[int]:
    """The band that is wanted, by number, description or polarisation; without one, all of them.

    Several bands are an image only if they are equal (a grey image in three colours); see
    `first_difference`. Bands of transparency are none.
    Raises ValueError that says what is wrong.
    """
    alpha = ColorInterp.alpha
    bands = [n for n, use in enumerate(dataset.colorinterp, start=1) if use != alpha]
    if not bands:
        raise ValueError("has no band of pixels")
    if not wanted:
        return bands
    if wanted.isdecimal():
        if int(wanted) not in bands:
            raise ValueError(f"has no band {wanted}: its bands are {names_of(dataset, bands)}")
        return [int(wanted)]
    named = [n for n in bands if _is_called(dataset, n, wanted)]
    if len(named) == 1:
        return named
    nameless = len(bands) == 1 and not _names(dataset, bands[0]) and not _polarisation(dataset)
    if nameless or (len(bands) == 1 and _polarisation(dataset) == wanted.upper()):
        return bands
    many = "several bands" if named else "no band"
    raise ValueError(f"has {many} {wanted!r}: its bands are {names_of(dataset, bands)}")


def first_difference(dataset: Any, bands: list[int], whole: bool) -> int | None:
    """The first of these bands that differs from the first one; None if all are equal.

    whole: compare all rows, otherwise three.
    """
    height, width = dataset.shape
    rows = (
        list(strips(dataset.shape))
        if whole
        else [slice(row, row + 1) for row in sorted({0, height // 2, height - 1})]
    )
    for part in rows if len(bands) > 1 else ():
        window = Window(0, part.start, width, part.stop - part.start)
        first = dataset.read(bands[0], window=window)
        for band in bands[1:]:
            other = dataset.read(band, window=window)
            same = first == other
            if first.dtype.kind in "fc":
                same |= np.isnan(first) & np.isnan(other)
            if not same.all():
                return band
    return None


def names_of(dataset: Any, bands: list[int]) -> str:
    """The bands with their descriptions and polarisations, for messages."""
    named = {band: ", ".join(_names(dataset, band)) for band in bands}
    return ", ".join(f"{band} ({name})" if name else str(band) for band, name in named.items())


def _names(dataset: Any, band: int) -> list[str]:
    tags = dataset.tags(band)
    names = [dataset.descriptions[band - 1] or ""]
    names += [value for key, value in tags.items() if re.match("polari[sz]ation", key, re.I)]
    return list(dict.fromkeys(name.strip() for name in names if name and name.strip()))


def _polarisation(dataset: Any) -> str | None:
    """The polarisation of a whole file, by its tags."""
    for key, value in dataset.tags().items():
        if re.search("polari[sz]ation", key, re.I) and value.strip().upper() in POLARISATIONS:
            return str(value.strip().upper())
    return None


def _is_called(dataset: Any, band: int, wanted: str) -> bool:
    """Whether a band's name is this one, or has it as a word (HH in Sigma0_HH)."""
    low = wanted.casefold()
    names = [name.casefold() for name in _names(dataset, band)]
    return any(low == name or low in re.split(r"[^a-z0-9]+", name) for name in names)
