"""Sentinel-1 orbit files (EOF): AUX_POEORB (precise), AUX_RESORB (restituted), AUX_PREORB.

XML with a header (satellite, validity, frame) and one state vector every 10 s, Earth-fixed, UTC.
Source: ESA GMES-GSEG-EOPG-FS-10-0075, Sentinels POD service file format specification.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from calvingfront.errors import OrbitError
from calvingfront.radar.model import Array

log = logging.getLogger(__name__)

FETCH = "Fetch the file again, or another one that covers the scene."
AXES = ("X", "Y", "Z", "VX", "VY", "VZ")
UNITS = ("m", "m", "m", "m/s", "m/s", "m/s")


@dataclass(frozen=True)
class EofOrbit:
    """What an orbit file holds: states (n, 6), m and m/s, at UTC moments; "" as satellite if none.

    validity: first and last moment for which the file is meant; nominal: (n,).
    """

    satellite: str
    validity: tuple[datetime, datetime]
    moments: list[datetime]
    states: Array
    nominal: list[bool]


def is_eof(content: bytes) -> bool:
    """Whether a file begins like an orbit file of the Sentinels."""
    return b"<Earth_Explorer_File" in content[:2000]


def read_eof(path: Path, content: bytes) -> EofOrbit:
    """Read the file; OrbitError if it is damaged or has another frame, time or unit."""
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise OrbitError(path, "contains an XML document type, which no orbit file has", FETCH)
    try:
        root = ElementTree.fromstring(content)
    except (ElementTree.ParseError, ValueError) as error:
        raise OrbitError(path, f"is not a complete EOF orbit ({error})", FETCH) from None
    for element in root.iter():  # names without their name spaces
        element.tag = element.tag.rpartition("}")[2]
    header = root.find("Earth_Explorer_Header")
    listed = root.find("Data_Block/List_of_OSVs")
    if header is None or listed is None:
        raise OrbitError(path, "has no header or no list of state vectors (OSV)", FETCH)
    for name, wanted in (("Ref_Frame", "EARTH_FIXED"), ("Time_Reference", "UTC")):
        found = _text(header, f"Variable_Header/{name}")
        if found not in ("", wanted):
            what = f"has {name} {found!r}, but only {wanted} is read"
            raise OrbitError(path, what, "Give an AUX_POEORB or AUX_RESORB file.")
    vectors = listed.findall("OSV")
    count = listed.get("count", str(len(vectors))).strip()
    if not vectors or count != str(len(vectors)):
        raise OrbitError(path, f"contains {len(vectors)} of {count} vectors", FETCH)
    try:
        moments = [_moment(_text(vector, "UTC")) for vector in vectors]
        states = np.array([[float(_text(vector, axis)) for axis in AXES] for vector in vectors])
        start, stop = (
            _moment(_text(header, f"Fixed_Header/Validity_Period/Validity_{end}") or other)
            for end, other in (
                ("Start", moments[0].isoformat()),
                ("Stop", moments[-1].isoformat()),
            )
        )
    except ValueError as error:
        raise OrbitError(path, f"is not a complete EOF orbit ({error})", FETCH) from None
    for axis, unit in zip(AXES, UNITS, strict=True):
        units = {element.get("unit", unit) for element in listed.iter(axis)}
        if units != {unit}:
            raise OrbitError(path, f"gives {axis} in {', '.join(sorted(units))}, not {unit}", FETCH)
    nominal = [_text(vector, "Quality") in ("", "NOMINAL") for vector in vectors]
    return EofOrbit(_text(header, "Fixed_Header/Mission"), (start, stop), moments, states, nominal)


def check_satellite(path: Path, orbit: EofOrbit, platform: str | None) -> None:
    """Raise OrbitError for the orbit of another satellite than the product's (None: unknown)."""
    if platform and orbit.satellite and orbit.satellite.upper() != platform.upper():
        what = f"is an orbit of {orbit.satellite}, but the product was acquired by {platform}"
        raise OrbitError(path, what, "Give the orbit file of the satellite that acquired it.")


def check_validity(path: Path, orbit: EofOrbit, first: datetime, last: datetime) -> None:
    """Raise OrbitError for a scene outside the file's validity."""
    start, stop = orbit.validity
    if not start <= first <= last <= stop:
        what = (
            f"is valid from {start.isoformat(' ')} to {stop.isoformat(' ')}, but the scene was "
            f"acquired at {first.isoformat(' ')}"
        )
        raise OrbitError(path, what, "Give an orbit file that covers the scene.")


def _text(element: ElementTree.Element, path: str) -> str:
    return (element.findtext(path) or "").strip()


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text.removeprefix("UTC="))
    return moment.replace(tzinfo=None)
