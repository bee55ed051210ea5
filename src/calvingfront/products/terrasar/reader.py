"""TerraSAR-X and TanDEM-X: single-look slant range complex (SSC) and ground range detected (MGD).

The path is the product's folder or its main XML. Calibration: β0 = calFactor · |DN|² (DLR
TX-GS-DD-3302). If GEOREF.xml is present, its signal delays are subtracted from the annotated times
of the image and of the ground control points, so that orbit and image agree; a note gives the
amounts.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Literal

import numpy as np

from calvingfront.products.annotated_orbit import annotated_orbit
from calvingfront.products.pixels import RasterPixels
from calvingfront.products.polarisation import choose_polarisation
from calvingfront.products.reading import fault, file_size, read_bytes
from calvingfront.products.terrasar.cosar import CosarPixels
from calvingfront.products.terrasar.geometry import (
    place_ground_points,
    read_azimuth,
    read_range,
    read_raster,
)
from calvingfront.products.terrasar.grid import GeoreferenceGrid, read_grid
from calvingfront.products.xml_reading import LARGEST_XML_BYTES, XmlFields
from calvingfront.radar.model import (
    Calibration,
    Mission,
    PixelReader,
    Product,
    RadarGeometry,
    Side,
    StateVectors,
)

FORMAT = "TerraSAR-X"
ROOT = b"<level1Product"
GEOREF = "ANNOTATION/GEOREF.xml"
MOST_VECTORS = 10_000
MOST_LAYERS = 4
_START_BYTES = 4096
_PLATFORMS: dict[str, tuple[Mission, str]] = {
    "TSX-1": ("TSX", "TerraSAR-X"),
    "TDX-1": ("TDX", "TanDEM-X"),
}
_PASSES: dict[str, Literal["ascending", "descending"]] = {
    "ASCENDING": "ascending",
    "DESCENDING": "descending",
}
_SIDES: dict[str, Side] = {"RIGHT": "right", "LEFT": "left"}
_LEVELS = {"SSC": ("SSC", "COMPLEX", "COSAR"), "MGD": ("MGD", "DETECTED", "GEOTIFF")}


def recognises(path: Path) -> bool:
    """Whether the path is a main annotation, or a folder that holds one."""
    return bool(_main_files(path))


def _main_files(path: Path) -> list[Path]:
    """The main annotation of a product; of several in one folder, each."""
    candidates = [path] if path.is_file() else sorted(path.glob("[!.]*.xml"))[:20]
    return [file for file in candidates if file.is_file() and _is_main(file)]


def _is_main(path: Path) -> bool:
    with path.open("rb") as file:
        return ROOT in file.read(_START_BYTES)


def read(path: Path, polarisation: str | None = None) -> Product:
    """Read the annotation of a product; the pixels are read later, through `Product.pixels`.

    polarisation: e.g. "HH"; None takes a co-polarised one.
    Raises ProductError for a faulty product.
    """
    mains = _main_files(path)
    if len(mains) > 1:
        what = f"holds {len(mains)} products ({', '.join(main.name for main in mains[:4])})"
        raise fault(path, "main annotation", what, "Give one of them instead of the folder.")
    if not mains:
        raise fault(path, "main annotation", f"is missing: no XML contains {ROOT.decode()!r}")
    (main,) = mains
    root = _parse(main)
    info = root.one("productInfo")
    mission, platform = info.choice("missionInfo/mission", _PLATFORMS)
    level, content, layout = info.choice("productVariantInfo/productVariant", _LEVELS)
    data = info.one("imageDataInfo")
    data.choice("imageDataType", {content: True})
    data.choice("imageDataFormat", {layout: True})
    data.choice("rowContent", {"RANGELINES": True})
    raster = read_raster(data.one("imageRaster"))
    orbit = _orbit(root)
    layer = _choose(root, polarisation)
    chosen = layer.text("polLayer").upper()
    grid, files = None, [main]
    if (main.parent / GEOREF).is_file():
        files.append(main.parent / GEOREF)
        grid = read_grid(_parse(main.parent / GEOREF), orbit.epoch)
    azimuth = read_azimuth(root, raster, orbit.epoch, grid)
    in_range = read_range(root, level, raster, grid)
    source = _image_file(main, layer)
    files.append(source)
    pixels: PixelReader
    if level == "MGD":
        pixels = RasterPixels(source, raster.shape)
    else:
        pixels = CosarPixels(source, raster.shape)
    middle_s = float(azimuth.time(np.array((raster.shape[0] - 1) / 2)))
    return Product(
        path=path,
        files=tuple(files),
        format=FORMAT,
        mission=mission,
        platform=platform,
        level=level,
        acquired=orbit.epoch + timedelta(seconds=middle_s),
        polarisation=chosen,
        pass_direction=info.choice("missionInfo/orbitDirection", _PASSES),
        shape=raster.shape,
        is_complex=level == "SSC",
        looks=raster.looks,
        radar_frequency_hz=root.number("instrument/radarParameters/centerFrequency", 1e9, 1e11),
        orbit=orbit,
        geometry=RadarGeometry(
            azimuth, in_range, info.choice("acquisitionInfo/lookDirection", _SIDES)
        ),
        calibration=_calibrate(root, chosen),
        pixels=pixels,
        ground_points=None
        if grid is None
        else place_ground_points(grid, azimuth, in_range, raster),
        mean_height_m=info.number("sceneInfo/sceneAverageHeight", -1e3, 1e4),
        beam=info.text("acquisitionInfo/elevationBeamConfiguration"),
        notes=_notes(grid),
    )


def _parse(path: Path) -> XmlFields:
    size = file_size(path)
    if size > LARGEST_XML_BYTES:
        raise fault(path, "XML", f"has {size} bytes, too many for an annotation")
    return XmlFields.parse(read_bytes(path, 0, size, "XML"), path)


def _orbit(root: XmlFields) -> StateVectors:
    vectors = root.every("platform/orbit/stateVec", 2, MOST_VECTORS)
    states = np.array(
        [
            [vector.number(name) for name in ("posX", "posY", "posZ", "velX", "velY", "velZ")]
            for vector in vectors
        ]
    )
    times = [vector.utc("timeUTC") for vector in vectors]
    return annotated_orbit(times, states[:, :3], states[:, 3:], root.path, "platform/orbit")


def _choose(root: XmlFields, polarisation: str | None) -> XmlFields:
    layers = root.every("productComponents/imageData", 1, MOST_LAYERS)
    names = [layer.text("polLayer").upper() for layer in layers]
    where = f"{root.path}, productComponents/imageData/polLayer"
    return layers[names.index(choose_polarisation(names, polarisation, where))]


def _image_file(main: Path, layer: XmlFields) -> Path:
    folder = layer.text("file/location/path")
    name = layer.text("file/location/filename")
    relative = Path(folder) / name
    if relative.is_absolute() or ".." in relative.parts or "\0" in str(relative):
        what = f"{str(relative)[:80]!r} points outside the product"
        raise fault(main, layer.at, what)
    return main.parent / relative


def _calibrate(root: XmlFields, polarisation: str) -> Calibration:
    for constant in root.every("calibration/calibrationConstant", 1, 64):
        if constant.text("polLayer").upper() == polarisation:
            return Calibration.constant("beta0", constant.number("calFactor", 1e-15, 1e3))
    what = f"is missing for {polarisation}"
    raise fault(root.path, "calibration/calibrationConstant", what)


def _notes(grid: GeoreferenceGrid | None) -> tuple[str, ...]:
    if grid is None:
        return (f"no {GEOREF}: signal delays of about 2 m remain in the image",)
    return (
        f"times corrected by GEOREF.xml: range {grid.range_delay_s:.4e} s, "
        f"azimuth {grid.azimuth_shift_s:.4e} s",
    )
