"""TerraSAR-X and TanDEM-X: single-look slant range complex (SSC) and ground range detected (MGD).

The path is the product's folder or its main XML, or those of a TanDEM-X pair (see finding).
Calibration: β0 = calFactor · |DN|² (DLR TX-GS-DD-3302). If GEOREF.xml is present, its signal delays
are subtracted from the annotated times of the image and of the ground control points, so that orbit
and image agree; a note gives the amounts.
"""

from __future__ import annotations

import math
from datetime import timedelta
from pathlib import Path
from typing import Literal

import numpy as np

from calvingfront.products.annotated_orbit import annotated_orbit
from calvingfront.products.noise import noise_note
from calvingfront.products.pixels import RasterPixels
from calvingfront.products.polarisation import choose_polarisation
from calvingfront.products.reading import fault
from calvingfront.products.terrasar.cosar import CosarPixels
from calvingfront.products.terrasar.finding import ROOT, active_annotation, main_files, parse
from calvingfront.products.terrasar.geometry import (
    place_ground_points,
    read_azimuth,
    read_range,
    read_raster,
)
from calvingfront.products.terrasar.grid import GeoreferenceGrid, read_grid
from calvingfront.products.xml_reading import XmlFields
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
GEOREF = "ANNOTATION/GEOREF.xml"
MOST_VECTORS = 10_000
MOST_LAYERS = 4
_PLATFORMS: dict[str, tuple[Mission, str]] = {
    "TSX-1": ("TSX", "TerraSAR-X"),
    "TDX-1": ("TDX", "TanDEM-X"),
}
_PASSES: dict[str, Literal["ascending", "descending"]] = {
    "ASCENDING": "ascending",
    "DESCENDING": "descending",
}
_CORRECTIONS = {
    "rangeSpreadingLossCorrectedFlag": "range spreading loss",
    "elevationPatternCorrectedFlag": "elevation antenna pattern",
}
_SIDES: dict[str, Side] = {"RIGHT": "right", "LEFT": "left"}
_LEVELS = {"SSC": ("SSC", "COMPLEX", "COSAR"), "MGD": ("MGD", "DETECTED", "GEOTIFF")}


def recognises(path: Path) -> bool:
    """Whether the path is a main annotation, or a folder that holds one; or those of a pair."""
    return bool(main_files(path))


def read(path: Path, polarisation: str | None = None) -> Product:
    """Read the annotation of a product; the pixels are read later, through `Product.pixels`.

    polarisation: e.g. "HH"; None takes a co-polarised one.
    Raises ProductError for a faulty product.
    """
    mains = main_files(path)
    if len(mains) > 1:
        what = f"holds {len(mains)} products ({', '.join(main.name for main in mains[:4])})"
        raise fault(path, "main annotation", what, "Give one of them instead of the folder.")
    if not mains:
        raise fault(path, "main annotation", f"is missing: no XML contains {ROOT.decode()!r}")
    main = active_annotation(mains[0])
    root = parse(main)
    info = root.one("productInfo")
    mission, platform = info.choice("missionInfo/mission", _PLATFORMS)
    _refuse_maps(main, root, mission, polarisation)
    level, content, layout = info.choice("productVariantInfo/productVariant", _LEVELS)
    data = info.one("imageDataInfo")
    data.choice("imageDataType", {content: True})
    data.choice("imageDataFormat", {layout: True})
    data.choice("rowContent", {"RANGELINES": True})
    raster = read_raster(data.one("imageRaster"))
    orbit = _orbit(root)
    layer = _choose(root, polarisation)
    chosen = layer.text("polLayer").upper()
    grid, files = None, list(dict.fromkeys((mains[0], main)))
    if (main.parent / GEOREF).is_file():
        files.append(main.parent / GEOREF)
        grid = read_grid(parse(main.parent / GEOREF), orbit.epoch)
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
    calibration = _calibrate(root, chosen)
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
        calibration=calibration,
        pixels=pixels,
        ground_points=None
        if grid is None
        else place_ground_points(grid, azimuth, in_range, raster, main.parent / GEOREF),
        mean_height_m=info.number("sceneInfo/sceneAverageHeight", -1e3, 1e4),
        beam=info.text("acquisitionInfo/elevationBeamConfiguration"),
        notes=_notes(grid) + _uncorrected(root) + _noise(root, chosen, calibration),
    )


def _refuse_maps(main: Path, root: XmlFields, mission: Mission, polarisation: str | None) -> None:
    """Refuse GEC and EEC, which are maps already, and say which image to list instead.

    GEC is projected to one height, which displaces everything at another one (TX-GS-DD-3302).
    """
    info = root.one("productInfo")
    level = info.text("productVariantInfo/productVariant").upper()
    if level not in ("GEC", "EEC"):
        return
    image = _image_file(main, _choose(root, polarisation))
    day = info.utc("sceneInfo/start/timeUTC").date()
    what = f"is {level}, a map already, corrected with the terrain model of the agency"
    if level == "GEC":
        height = info.number("sceneInfo/sceneAverageHeight", -1e3, 1e4)
        what = f"is {level}, a map already, projected to one height"
        angle = info.optional("sceneInfo/sceneCenterCoord/incidenceAngle")
        if angle is not None:
            shift = abs(height / math.tan(math.radians(angle.number(".", 10.0, 70.0))))
            what += f" ({height:.0f} m): a front at sea level is displaced by {shift:.0f} m"
    remedy = (
        f"Order the scene as SSC or MGD; or give {image} as an image of your own (source.kind: "
        f"images, mission {mission}, acquired {day})."
    )
    raise fault(main, "productVariant", what, remedy)


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


def _uncorrected(root: XmlFields) -> tuple[str, ...]:
    """Notes about what the processor left in the image, if its flags say so."""
    notes = [
        f"the {name} is not compensated"
        for flag, name in _CORRECTIONS.items()
        if (found := root.optional(f"processing/processingFlags/{flag}")) is not None
        and found.text().lower() == "false"
    ]
    kind = root.optional("productInfo/productVariantInfo/radiometricCorrection")
    if kind is not None and kind.text().upper() != "CALIBRATED":
        notes.append(f"backscatter is not calibrated: the product is {kind.text()[:20].upper()}")
    return tuple(notes)


def _noise(root: XmlFields, polarisation: str, calibration: Calibration) -> tuple[str, ...]:
    """A note about the thermal noise: polynomials of the two-way time, in squared numbers.

    noiseCorrectedFlag says nothing about it: it is true on the real SSC product, from whose complex
    values no power can be subtracted. DLR leaves the subtraction to the user (TSXX-ITD-TN-0049).
    """
    for layer in root.every("noise", 0, MOST_LAYERS):
        if layer.text("polLayer").upper() != polarisation:
            continue
        estimates = layer.every("imageNoise/noiseEstimate", 1, MOST_VECTORS)
        middle = estimates[len(estimates) // 2]
        near, far = (middle.number(f"validityRange{end}", 1e-3, 2e-2) for end in ("Min", "Max"))
        apart = np.linspace(near, far, 9) - middle.number("referencePoint", 1e-3, 2e-2)
        with np.errstate(over="ignore", invalid="ignore"):
            power = np.polynomial.polynomial.polyval(apart, middle.polynomial())
        return noise_note(calibration.gains.item() * power, calibration.kind)
    return ()


def _notes(grid: GeoreferenceGrid | None) -> tuple[str, ...]:
    if grid is None:
        return (f"no {GEOREF}: signal delays of about 2 m remain in the image",)
    return (
        f"times corrected by GEOREF.xml: range {grid.range_delay_s:.4e} s, "
        f"azimuth {grid.azimuth_shift_s:.4e} s",
    )
