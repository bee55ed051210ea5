"""The main annotation of a product at a path; of TanDEM-X pairs, that of the active satellite.

A pair (CoSSC) is a folder with an annotation of its own, TDM1_….xml, and one SSC product for each
satellite. One transmits and both receive. Only the image of the active one, which is the pair's
master, has the geometry of any SSC product: the other's ranges are of the way from one satellite to
the other, and it was resampled to the master's grid without a new annotation.
Sources: DLR TD-GS-PS-3028 (TanDEM-X Experimental Product Description); the readers of SNAP
(TerraSarXProductDirectory) and sarpy (issue 339). Checked on no real pair: none was available.
"""

from __future__ import annotations

from pathlib import Path

from calvingfront.products.reading import fault, file_size, read_bytes
from calvingfront.products.xml_reading import LARGEST_XML_BYTES, XmlFields

ROOT, PAIR_ROOT = b"<level1Product", b"<cossc_product"
RECEIVED_ONLY = "_SSC_BRX"  # in the name of an image that the other satellite transmitted for
_MASTERS = {"SAT1": "sat1", "SAT2": "sat2"}
_SATELLITES = {"TSX-1": "TSX1_", "TDX-1": "TDX1_", "TSX1": "TSX1_", "TDX1": "TDX1_"}
_START_BYTES = 4096
_MOST_FILES = 100


def main_files(path: Path) -> list[Path]:
    """The main annotation of a product at a file or folder; of several in one folder, each.

    Of a pair, its own annotation.
    """
    candidates = [path] if path.is_file() else sorted(path.glob("[!.]*.xml"))[:_MOST_FILES]
    for root in (ROOT, PAIR_ROOT):
        found = [file for file in candidates if file.is_file() and _begins(file, root)]
        if found:
            return found
    return []


def active_annotation(found: Path) -> Path:
    """The main annotation to read, for one that `main_files` found.

    Raises ProductError for a pair whose master is missing or did not transmit, and for the image of
    a pair that is not the active satellite's.
    """
    if _begins(found, PAIR_ROOT):
        return _master(found)
    if RECEIVED_ONLY in found.stem.upper():
        what = "was received from the other satellite's pulses: its ranges are of two satellites"
        raise fault(found, "file name", what, "Give the image of the satellite that transmitted.")
    pairs = [
        beside
        for beside in sorted(found.parent.parent.glob("TDM1_*.xml"))[:_MOST_FILES]
        if _begins(beside, PAIR_ROOT)
    ]
    if len(pairs) == 1 and (master := _master(pairs[0])).resolve() != found.resolve():
        what = f"was resampled to the grid of the pair's master, {master.stem}"
        raise fault(found, "pair of TanDEM-X", what, f"Give {master.parent}, or the pair's folder.")
    return found


def parse(path: Path) -> XmlFields:
    """Parse an annotation."""
    size = file_size(path)
    if size > LARGEST_XML_BYTES:
        raise fault(path, "XML", f"has {size} bytes, too many for an annotation")
    return XmlFields.parse(read_bytes(path, 0, size, "XML"), path)


def _master(pair: Path) -> Path:
    info = parse(pair).one("commonAcquisitionInfo")
    master = info.choice("inSARmasterID", _MASTERS)
    prefix = info.choice(f"satelliteID{master}", _SATELLITES)
    folders = [
        folder
        for folder in sorted(pair.parent.iterdir())[:_MOST_FILES]
        if folder.is_dir() and folder.name.upper().startswith(prefix)
    ]
    mains = [
        file
        for folder in folders
        for file in sorted(folder.glob("[!.]*.xml"))[:_MOST_FILES]
        if _begins(file, ROOT)
    ]
    if len(mains) != 1:
        what = f"names {prefix[:3]} as master, of which {len(mains)} products are beside it"
        raise fault(pair, f"satelliteID{master}", what, "Keep the two SSC folders of the pair.")
    if RECEIVED_ONLY in mains[0].stem.upper():
        what = f"names {mains[0].stem} as master, which the other satellite transmitted for"
        remedy = "Order the SSC or MGD of the satellite that transmitted."
        raise fault(pair, f"satelliteID{master}", what, remedy)
    return mains[0]


def _begins(path: Path, root: bytes) -> bool:
    with path.open("rb") as file:
        return root in file.read(_START_BYTES)
