"""The facility record of an ERS CEOS leader: which one it is, and the calibration it gives.

Calibration: Laur et al. (1998), ESA ES-TN-RS-PM-HL09, σ⁰ = DN² / K · sin α / sin 23°, hence
β⁰ = DN² / (K sin 23°). Of complex images the processors left out two corrections, and the record
has a flag for each (positions as in SNAP's record database, and on the real ERS-1 leader, where
both are 0):

- Range spreading (byte 1827): compensated here with (R / 847 km)³, 0.6 dB across the swath.
- Elevation antenna pattern (byte 659): its table is not in the product; it stays, with a note.

Not corrected: the power loss of the analogue-to-digital converter, whose table is not in the
product either, and the variation of ERS-1's replica pulse, one factor for the whole image.
"""

from __future__ import annotations

import numpy as np

from calvingfront.errors import ProductError
from calvingfront.products.ceos.records import DAMAGED, Leader, Record
from calvingfront.radar.model import SPEED_OF_LIGHT, Calibration, GroundRange, SlantRange

REFERENCE_INCIDENCE_DEG = 23.0
REFERENCE_RANGE_M = 847_000.0
FACILITY_TYPES = (200, 216)  # second type byte; some facilities wrote 216
CONSTANT_AT, ANTENNA_AT, SPREADING_AT = 663, 659, 1827
NODES = 17  # across the swath: interpolation between them is exact to 1e-5


def facility_record(leader: Leader) -> Record:
    """The general facility record, whether a PCS record (quality parameters) stands before it.

    Raises ProductError if there is none.
    """
    records = [record for kind in FACILITY_TYPES for record in leader.all_of(kind)]
    names = [record.text(13, 64, "name of the facility record").upper() for record in records]
    for record, name in zip(records, names, strict=True):
        if "GENERAL" in name:
            return record
    unnamed = [record for record, name in zip(records, names, strict=True) if "PCS" not in name]
    if not unnamed:
        types = " or ".join(map(str, FACILITY_TYPES))
        what = f"has no general facility record (type {types}), which holds the calibration"
        if leader.all_of(210):
            remedy = "The product is from the Alaska SAR Facility: order the scene from ESA."
            raise ProductError(leader.path, what, remedy)
        raise ProductError(leader.path, what, DAMAGED)
    return unnamed[0]


def read_calibration(
    leader: Leader, across: SlantRange | GroundRange, samples: int
) -> tuple[Calibration, tuple[str, ...]]:
    """Return β⁰, and notes about what is not corrected. across: range of the image's samples."""
    record = facility_record(leader)
    constant = record.number(CONSTANT_AT, 16, "calibration constant K", 1.0, 1e9)
    gain = float(1 / (constant * np.sin(np.deg2rad(REFERENCE_INCIDENCE_DEG))))
    calibration = Calibration.constant("beta0", gain)
    if not isinstance(across, SlantRange):
        return calibration, ()
    spreading = _flag(record, SPREADING_AT, "range spreading loss flag")
    antenna = _flag(record, ANTENNA_AT, "antenna pattern flag")
    notes = []
    if spreading is False:
        nodes = np.linspace(0.0, samples - 1.0, NODES if samples > 1 else 1)
        ranges = 0.5 * SPEED_OF_LIGHT * (across.first_time_s + nodes * across.interval_s)
        gains = gain * (ranges / REFERENCE_RANGE_M) ** 3
        calibration = Calibration("beta0", gains[np.newaxis], np.zeros(1), nodes)
        notes.append("range spreading loss compensated with (R / 847 km)³")
    if spreading is None:
        notes.append(
            "the leader does not say whether range spreading is compensated: left as it is "
            "(0.6 dB across the swath if it is not)"
        )
    if antenna is not True:
        notes.append(
            "the elevation antenna pattern is not compensated: "
            "backscatter falls off towards the edges of the swath"
            if antenna is False
            else "the leader does not say whether the elevation antenna pattern is compensated"
        )
    return calibration, tuple(notes)


def _flag(record: Record, at: int, field: str) -> bool | None:
    """A flag of 4 characters; None if it is blank, outside the record or no flag."""
    if len(record.content) < at + 3:
        return None
    text = record.text(at, 4, field)
    return {"0": False, "1": True}.get(text.lstrip("0") or text[:1])
