"""Gather the fronts of single scenes in one file, with a report."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from calvingfront.errors import DamagedFileError, SceneError
from calvingfront.files import PathLike
from calvingfront.geofiles.whole_vectors import geopackage_fault
from calvingfront.locating.degrees import length_m
from calvingfront.locating.extract import LONGITUDE_LATITUDE
from calvingfront.locating.located_front import ELSEWHERE, UNTESTED
from calvingfront.locating.stac import write_item
from calvingfront.locating.vectors import LocatedFront, read_fronts, write_fronts
from calvingfront.reports import table_row, write_report

# Of errors that are not those of the training's glaciers, before the names of the scenes.
CALIBRATED = {
    ELSEWHERE: "Errors as on glaciers that trainings left out",
    UNTESTED: "Errors calibrated on glaciers of the training, not tested on others such as these",
}

log = logging.getLogger(__name__)


def gather_fronts(
    located: Sequence[PathLike],
    fronts: PathLike,
    report: PathLike,
    page: PathLike | None = None,
    item: PathLike | None = None,
    excluded: Mapping[str, str] | None = None,
) -> None:
    """Write the fronts of all `located` files to one GeoPackage, and a report in Markdown.

    page: the report as HTML, or None. item: a STAC item of the GeoPackage, or None. excluded:
    {scene: reason} of those that were left out, for the report.
    Scenes in several CRSs are written in longitude and latitude. Raises SceneError if a scene
    appears twice, DamagedFileError if a file is damaged.
    """
    found = sorted(
        (front for path in located for front in _read(path)), key=lambda front: front.scene
    )
    if not found:
        raise SceneError(fronts, "would contain no scene", "Locate at least one scene.")
    several = len({front.crs for front in found if front.crs is not None}) > 1
    if several:
        log.info("the scenes are in several CRSs: the lines are written in longitude and latitude")
    crs = LONGITUDE_LATITUDE if several else None
    write_fronts(found, fronts, crs)
    if item is not None:
        write_item(found, item, {"fronts": fronts}, crs)
    write_report(describe_fronts(found, excluded or {}), report, page)
    lines = sum(bool(front.lines) for front in found)
    log.info("%d scenes, %d of them with a line", len(found), lines)


def _read(path: PathLike) -> list[LocatedFront]:
    """Read the fronts of one scene. Raises DamagedFileError: an earlier step made the file."""
    try:
        if fault := geopackage_fault(path):
            raise DamagedFileError.of(path, fault)
        return read_fronts(path)
    except SceneError as error:
        raise DamagedFileError.of(path, error.what) from None


def describe_fronts(
    found: Sequence[LocatedFront], excluded: Mapping[str, str] | None = None
) -> str:
    """The report: one row for each scene with its line, or with the reason why there is none."""
    lines = sum(bool(front.lines) for front in found)
    models = sorted({front.model for front in found if front.model})
    text = [
        "# Located fronts",
        "",
        f"{len(found)} scenes without a front of their own; {lines} lines were drawn by "
        f"{', '.join(models)}.",
        "",
        "| scene | glacier | mission | day | line | error [m] | 90 % band [m] | quality | reason |",
        "|---|---|---|---|---|---:|---:|---|---|",
    ]
    for front in found:
        length_km = (length_m(front.lines, front.crs) or 0.0) / 1000
        line = f"{length_km:.1f} km" if front.lines else "none"
        if len(front.lines) > 1:
            line += f" in {len(front.lines)} pieces"
        cells = (
            front.scene, front.glacier, front.mission, front.acquired[:10], line,
            _metres(front.error_m), _metres(front.err90_m),
            front.quality or "not judged", front.reason,
        )  # fmt: skip
        text.append(table_row(cells))
    for where, words in CALIBRATED.items():
        its = [front.scene for front in found if front.err_calib == where]
        if its:
            text += ["", f"{words}: {', '.join(its)}."]
    if excluded:
        text += ["", "## Excluded", ""]
        text += [f"- {scene}: {reason}" for scene, reason in sorted(excluded.items())]
    return "\n".join(text) + "\n"


def _metres(value: float | None) -> str:
    return "–" if value is None else f"± {value:.0f}"
