"""Which image of a product to read, where it has one for each polarisation."""

from __future__ import annotations

from collections.abc import Collection

from calvingfront.errors import ProductError

# In the order in which they are preferred if none is asked for: co-polarised first. Ice and sea
# differ most there, and of many products there is nothing else to compare with.
POLARISATIONS = ("HH", "VV", "HV", "VH")


def choose_polarisation(offered: Collection[str], asked: str | None, where: object) -> str:
    """The polarisation to read: the one asked for, or else the first of POLARISATIONS.

    offered: of the product's images, e.g. "VV". asked: in any case, e.g. "vv" or "V/V".
    where: the file, or its field, for errors. Raises ProductError if it is not offered.
    """
    known = [name for name in POLARISATIONS if name in offered]
    wanted = (asked or "").replace("/", "").strip().upper()
    if not wanted and known:
        return known[0]
    if wanted in known:
        return wanted
    what = f"does not offer {asked or 'any known polarisation'}"
    have = ", ".join(known) or "none"
    raise ProductError(where, f"{what}; available: {have}", "Choose an available polarisation.")
