"""Products in the packaging and layouts that are rarer: pairs, trailers, strips, older leaders."""

from __future__ import annotations

import struct
from pathlib import Path

import palsar_maps as maps
import simulated_images as images
from calvingfront.products.ceos.records import Leader
from calvingfront.simulation.product_writers import ers_ceos, palsar, radarsat1
from calvingfront.simulation.product_writers.envisat import write_envisat
from calvingfront.simulation.product_writers.terrasar import write_terrasar
from ceos_images import LINES, SAMPLES, radar_image
from sentinel1_files import write_sentinel1

PAIR_NAME = "TDM1_SAR__COS_BIST_SM_S_SRA_20120304T213047_20120304T213047"
PAIR = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<cossc_product><commonAcquisitionInfo>'
    "<inSARmasterID>{master}</inSARmasterID><satelliteIDsat1>TSX-1</satelliteIDsat1>"
    "<satelliteIDsat2>TDX-1</satelliteIDsat2></commonAcquisitionInfo></cossc_product>"
)


def add_ssc(pair: Path, mission: str, kind: str, seed: int) -> Path:
    """One of the two products of a pair, named by its part in it."""
    image = images.terrasar_image(
        "SSC", mission, values=images.values_of((40, 60), is_complex=True, seed=seed)
    )
    folder = write_terrasar(image, pair)
    name = folder.name.replace("_SSC______", f"_SSC_{kind}_")
    (main,) = folder.glob("*.xml")
    main.rename(folder / f"{name}.xml")
    return folder.rename(pair / name)


def write_pair(
    folder: Path, master: str = "SAT2", kinds: tuple[str, str] = ("BRX2", "BTX1")
) -> Path:
    pair = folder / PAIR_NAME
    pair.mkdir()
    (pair / f"{PAIR_NAME}.xml").write_text(PAIR.format(master=master))
    for number, (mission, kind) in enumerate(zip(("TSX", "TDX"), kinds, strict=True)):
        add_ssc(pair, mission, kind, seed=number)
    return pair


def to_trailer(leader: Path, name: str) -> Path:
    """Move the processing record from the leader to a trailer file, as some processors did."""
    records = Leader.open(leader).records
    moved = [record.content for record in records if record.code[1] == 120]
    kept = [record.content for record in records if record.code[1] != 120]
    leader.write_bytes(b"".join(kept))
    trailer = leader.with_name(name)
    trailer.write_bytes(b"".join([records[0].content, *moved]))
    return trailer


NEW_NOISE = (
    "<noise><noiseRangeVectorList count='1'><noiseRangeVector><line>0</line>"
    "<pixel count='2'>0 59</pixel><noiseRangeLut count='2'>{0} {0}</noiseRangeLut>"
    "</noiseRangeVector></noiseRangeVectorList><noiseAzimuthVectorList count='0'/></noise>"
)
OLD_NOISE = (
    "<noise><noiseVectorList count='1'><noiseVector><line>0</line>"
    "<pixel count='2'>0 59</pixel><noiseLut count='2'>{0} {0}</noiseLut>"
    "</noiseVector></noiseVectorList></noise>"
)


def add_noise(root: Path, text: str) -> None:
    """Give a Sentinel-1 product its annotation of noise."""
    (calibration,) = (root / "annotation/calibration").glob("calibration-*.xml")
    name = calibration.name.replace("calibration-", "noise-")
    calibration.with_name(name).write_text(text)


def write_noisy_sentinel1(folder: Path) -> Path:
    """A product with thermal noise."""
    root = write_sentinel1(folder)
    add_noise(root, NEW_NOISE.format(600.0))
    return root


def write_radarsat1_with_trailer(folder: Path) -> Path:
    """A product whose processing record stands in the trailer."""
    to_trailer(radarsat1.write(radar_image("RSAT", is_complex=False), folder), "TRA_01.001")
    return folder


def write_older_palsar(folder: Path) -> Path:
    """A level 1.5 product without polynomials."""
    leader = palsar.write(radar_image("PALSAR", is_complex=False), folder)
    centre = maps.centre_of(leader, (LINES, SAMPLES))
    zone = int((centre[1] + 180) // 6) + 1
    crs = f"+proj=utm +zone={zone} +south +ellps=GRS80"
    grid = maps.Grid(centre, (LINES, SAMPLES), 12.5, crs, 12.0)
    maps.on_grid(leader, maps.map_projection(grid, "UTM-PROJECTION", str(zone)))
    return folder


def write_uncompensated_ers(folder: Path) -> Path:
    """An SLC product whose facility record stands behind a PCS record and clears its flags."""
    leader = ers_ceos.write(radar_image("ERS", is_complex=True), folder)
    parts = []
    for number, record in enumerate(Leader.open(leader).records):
        content = bytearray(record.content)
        if number and record.code[1] == 200:
            for at in (ers_ceos.ANTENNA_AT, ers_ceos.SPREADING_AT):
                content[at - 1 : at + 3] = b"   0"
            name = b"FACILITY RELATED DATA RECORD [ESA PCS TYPE]".ljust(1000)
            parts.append(struct.pack(">IBBBBI", 5, 10, 200, 31, 50, 12 + len(name)) + name)
        parts.append(bytes(content))
    leader.write_bytes(b"".join(parts))
    return folder


def write_dual_envisat(level: str, folder: Path) -> Path:
    """A product of two polarisations."""
    both = [
        images.envisat_image(
            level,
            polarisation=name,
            values=images.values_of((40, 60), level == "APS", seed=number),
        )
        for number, name in enumerate(("VH", "VV"))
    ]
    return write_envisat(both[0], folder, both[1])
