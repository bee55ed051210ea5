"""Write the files of fronts that a user asked for, and what belongs beside them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from pyogrio.errors import DataLayerError, DataSourceError

from calvingfront.errors import CalvingFrontError, SceneError
from calvingfront.files import PathLike
from calvingfront.locating.located_front import LocatedFront
from calvingfront.locating.stac import write_item
from calvingfront.locating.style import write_style
from calvingfront.locating.vectors import write_fronts, write_geoparquet, write_shapefile

WRITERS: dict[str, Callable[[list[LocatedFront], PathLike, str | None], object]] = {
    ".gpkg": write_fronts,
    ".parquet": write_geoparquet,
    ".shp": write_shapefile,
}
# A GeoPackage contains its style.
WITH_STYLE_BESIDE = (".parquet", ".shp")


def check_output(output: PathLike) -> None:
    """Check that a file of this name can be written, and make its folder, before the work.

    Raises SceneError if its suffix is unknown, it is a folder, or its folder cannot be written to.
    """
    path = Path(output)
    if path.suffix not in WRITERS:
        known = ", ".join(WRITERS)
        raise SceneError(path, "does not end in a known suffix", f"Let it end in one of {known}.")
    if path.is_dir():
        raise SceneError(path, "is a folder", "Name a file.")
    check_folder(path.parent)


def check_folder(folder: Path) -> None:
    """Make a folder. Raises SceneError if it cannot be made or written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SceneError(
            folder, f"cannot be made ({error.strerror})", "Choose another folder."
        ) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise SceneError(folder, "cannot be written to", "Choose another folder.")


def write_files(
    fronts: Sequence[LocatedFront],
    outputs: Sequence[PathLike],
    crs: str | None = None,
    stac: bool = False,
) -> dict[str, CalvingFrontError]:
    """Write fronts to each file, with the style of a GeoParquet or Shapefile beside it (.qml).

    crs: of the files; None keeps the fronts'. stac: also write FILE.json, a STAC item of the file.
    Returns the fault of each file that could not be written, whose former content then remains.
    """
    faults: dict[str, CalvingFrontError] = {}
    for output in map(Path, outputs):
        try:
            _write(list(fronts), output, crs, stac)
        except CalvingFrontError as error:
            faults[str(output)] = error
        except (OSError, DataSourceError, DataLayerError) as error:
            reason = getattr(error, "strerror", None) or " ".join(str(error).split())
            faults[str(output)] = SceneError(
                output,
                f"cannot be written ({reason})",
                "Check the disk and the permissions, then locate again.",
            )
    return faults


def _write(fronts: list[LocatedFront], output: Path, crs: str | None, stac: bool) -> None:
    WRITERS[output.suffix](fronts, output, crs)
    written = fronts
    if output.suffix == ".shp":  # leaves out those without a line
        written = [front for front in fronts if front.lines]
    assets = {"fronts": output}
    if output.suffix in WITH_STYLE_BESIDE:
        assets["style"] = output.with_suffix(".qml")
        write_style(written, assets["style"])
    if stac:
        write_item(written, output.with_name(f"{output.name}.json"), assets, crs)
