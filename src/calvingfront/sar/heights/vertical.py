"""Above what a terrain model's heights are: what its CRS says, or the name of a known data set."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyproj import CRS
from pyproj.exceptions import CRSError

ELLIPSOID = "the ellipsoid"


@dataclass(frozen=True)
class Datum:
    """The surface that heights refer to. surface: a geoid's name or ELLIPSOID. by: who says so."""

    surface: str
    by: str

    @property
    def above_geoid(self) -> bool:
        """Whether heights are above a geoid and not above the ellipsoid."""
        return self.surface != ELLIPSOID


# EPSG codes of vertical CRSs, and words in the names of others.
VERTICAL_CODES = {3855: "EGM2008", 5773: "EGM96", 5798: "EGM84"}
VERTICAL_NAMES = (("egm2008", "EGM2008"), ("egm08", "EGM2008"), ("egm96", "EGM96"))
# File names of data sets whose heights have one reference by their specification.
DATA_SETS: tuple[tuple[str, str, re.Pattern[str]], ...] = (
    ("Copernicus DEM", "EGM2008", re.compile(r"^copernicus_dsm_", re.IGNORECASE)),
    ("Copernicus DEM", "EGM2008", re.compile(r"^dem1_sar_dge_", re.IGNORECASE)),
    ("REMA", ELLIPSOID, re.compile(r"^rema_|^\d\d_\d\d(_\d_\d)?_\d+m_v[12]\.\d", re.IGNORECASE)),
    ("ArcticDEM", ELLIPSOID, re.compile(r"^arcticdem_", re.IGNORECASE)),
    ("REMA or ArcticDEM", ELLIPSOID, re.compile(r"^\d\d_\d\d(_\d_\d)?_\d+m_v", re.IGNORECASE)),
    ("SETSM strips", ELLIPSOID, re.compile(r"^setsm_", re.IGNORECASE)),
    ("TanDEM-X", ELLIPSOID, re.compile(r"^tdm1?_+(dem|edem|polardem|poldem)", re.IGNORECASE)),
    ("SRTM", "EGM96", re.compile(r"^[ns]\d\d[ew]\d{3}(\.srtmgl\d)?\.hgt$", re.IGNORECASE)),
    ("SRTM", "EGM96", re.compile(r"^[ns]\d\d_?[ew]\d{3}_\d?arc(_v\d)?\.", re.IGNORECASE)),
    ("SRTM", "EGM96", re.compile(r"^srtm_\d\d_\d\d\.", re.IGNORECASE)),
    ("NASADEM", "EGM96", re.compile(r"^nasadem_", re.IGNORECASE)),
    ("ASTER GDEM", "EGM96", re.compile(r"^astgtm", re.IGNORECASE)),
    ("ALOS World 3D", "EGM96", re.compile(r"^alpsmlc30_", re.IGNORECASE)),
)


def stated_datum(path: Path, crs: Any) -> Datum | None:
    """What heights refer to, by the vertical part of their CRS, else by the file's name.

    crs: of rasterio, or None. None if neither says it.
    """
    return _of_crs(crs) or _of_name(path.name)


def geoid_named(path: Path) -> str | None:
    """The model of a geoid raster, by its file name; None if that does not say it."""
    name = path.name.lower().replace("-", "").replace("_", "")
    return next((model for word, model in VERTICAL_NAMES if word in name), None)


def _of_crs(crs: Any) -> Datum | None:
    if crs is None:
        return None
    try:
        system = CRS.from_wkt(crs.to_wkt())
    except CRSError:
        return None
    by = "its CRS"
    if not system.is_compound:
        three = len(system.axis_info) == 3
        return Datum(ELLIPSOID, by) if three else None
    vertical = system.sub_crs_list[-1]
    code = vertical.to_epsg()
    name = vertical.name.lower().replace(" ", "")
    if code in VERTICAL_CODES:
        return Datum(VERTICAL_CODES[code], by)
    known = next((model for word, model in VERTICAL_NAMES if word in name), None)
    if known:
        return Datum(known, by)
    return Datum(ELLIPSOID, by) if "ellipsoid" in name else Datum(vertical.name, by)


def _of_name(name: str) -> Datum | None:
    for data_set, surface, pattern in DATA_SETS:
        if pattern.search(name):
            return Datum(surface, f"its name (that of {data_set})")
    return None


def flat(crs: Any) -> Any:
    """The horizontal part of a CRS of rasterio."""
    system = CRS.from_wkt(crs.to_wkt())
    if system.is_compound:
        return type(crs).from_wkt(system.sub_crs_list[0].to_wkt())
    if len(system.axis_info) == 3:
        return type(crs).from_wkt(system.to_2d().to_wkt())
    return crs
