"""The position of one glacier's front as a step of the workflow."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from calvingfront.files import PathLike
from calvingfront.position.run import DRAWN, position_series
from calvingfront.position.settings import arguments_of

log = logging.getLogger(__name__)


def measure_glacier(
    fronts: PathLike,
    glacier: str,
    settings: Mapping[str, Any],
    positions: PathLike,
    maqit: PathLike,
    trend: PathLike,
    png: PathLike,
    pdf: PathLike,
    summary: PathLike,
) -> None:
    """Measure one glacier's fronts with the settings of the configuration; log the summary.

    fronts: GeoPackage of this project with the fronts of all glaciers. All outputs are in one
    folder; what is drawn from the fronts is written beside them, as GLACIER_drawn.gpkg.
    Fronts that are too few to draw a box or flow line from are no error: the tables and the summary
    then say so.
    Raises PositionError as `run.position_series`.
    """
    folder = Path(positions).parent
    names = {
        "positions.csv": positions,
        "maqit.csv": maqit,
        "trend.csv": trend,
        "positions.png": png,
        "positions.pdf": pdf,
        "summary.md": summary,
        DRAWN: folder / f"{glacier}_{DRAWN}",
    }
    found = position_series(
        fronts,
        folder,
        glacier=glacier,
        names={name: Path(path).name for name, path in names.items()},
        without_target=True,
        **arguments_of(settings),
    )
    for line in found.lines:
        log.info("%s: %s", glacier, line)
