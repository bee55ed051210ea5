"""From files to files: fronts and a box or flow line in, tables and a plot out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from calvingfront.errors import PositionError
from calvingfront.files import PathLike, write_text
from calvingfront.position.analysis import Analysis, Period, analyse
from calvingfront.position.dated_fronts import read_fronts
from calvingfront.position.line_error import CORRELATION_M
from calvingfront.position.measurement import NO_POSITION, OK
from calvingfront.position.orientation import SketchError
from calvingfront.position.outliers import flag_outliers
from calvingfront.position.plot import plot_series
from calvingfront.position.season import Hemisphere, hemisphere_of
from calvingfront.position.series import Nowhere, latitude_of, measure
from calvingfront.position.sketch import write_sketch
from calvingfront.position.summary import summary_lines
from calvingfront.position.tables import trend_table, write_maqit, write_positions, write_trend
from calvingfront.position.targets import Chosen, Given, Method, choose_target
from calvingfront.position.trend import Fit

NAMES = (
    "positions.csv", "maqit.csv", "trend.csv", "positions.png", "positions.pdf", "summary.md",
    "drawn.gpkg",
)  # fmt: skip
DRAWN = "drawn.gpkg"


@dataclass(frozen=True)
class SeriesRun:
    """What `position_series` found and wrote.

    table: as returned by `series.measure`, outliers flagged. analyses: the one that is plotted
    first; a second one with, or without, flagged fronts if there are any.
    drawn: what was drawn from the fronts. lines: the summary. files: the paths written, by name.
    """

    table: pd.DataFrame
    analyses: tuple[Analysis, ...]
    drawn: tuple[str, ...]
    lines: tuple[str, ...]
    files: dict[str, Path]

    @property
    def fit(self) -> Fit | None:
        """The fit that is plotted."""
        return self.analyses[0].fit

    @property
    def fault(self) -> str:
        """Why there is no fit."""
        return self.analyses[0].fault


def position_series(
    fronts_path: PathLike,
    output_folder: PathLike,
    *,
    method: Method = "box",
    date_column: str | None = None,
    fronts_layer: str | None = None,
    scene_column: str | None = None,
    glacier_column: str | None = None,
    glacier: str | None = None,
    error_column: str | None = None,
    front_error_m: float | None = None,
    error_correlation_m: float = CORRELATION_M,
    crs: str | None = None,
    reach_m: float = 0.0,
    harmonics: int = 1,
    breaks: Sequence[float] = (),
    periods: Sequence[Period] = (),
    level: float = 0.95,
    flagged: bool = False,
    names: dict[str, str] | None = None,
    without_target: bool = False,
    **given: Any,
) -> SeriesRun:
    """Measure one glacier's fronts through time, fit trend and season, write tables and a plot.

    given: the fields of `targets.Given`. The method "box" needs `box_path`, and `upglacier` or
        `flowline_path`; "fjord box" `walls_path` and `flowline_path`; "curvilinear box" and
        "multi-centreline" `flowline_path` and `width_m`; "centreline" `flowline_path`. A box, flow
        line or walls that are not given are drawn from the fronts; `upglacier` is then needed.
    date_column … crs: see `dated_fronts.read_fronts`. reach_m: see `enclosed.box_position`.
    error_correlation_m: see `line_error`. harmonics, breaks, level: see `trend.fit`.
    periods: (from, to) in decimal years, for the rates over these periods (see `analysis`).
    flagged: plot the fit to all positions; both fits are reported anyway.
    names: other file names, for any of NAMES.
    without_target: if nothing can be drawn from the fronts, write tables without positions that say
        why, instead of raising.
    Writes NAMES into the folder, each atomically; drawn.gpkg only if something was drawn.
    Raises PositionError for unusable inputs. A series too short to fit is written without a trend,
    and trend.csv says why.
    """
    if not error_correlation_m > 0:
        raise PositionError(
            "--error-correlation-m", f"cannot be {error_correlation_m}", "Give a positive length."
        )
    fronts, frame = read_fronts(
        fronts_path, date_column, fronts_layer, scene_column, glacier_column, glacier,
        error_column, front_error_m, crs,
    )  # fmt: skip
    try:
        chosen = choose_target(method, frame, fronts, Given(**given))
    except SketchError as error:
        if not without_target:
            raise
        chosen, periods = Chosen(Nowhere(str(error))), ()
    hemisphere: Hemisphere | None = None
    if harmonics and not isinstance(chosen.target, Nowhere):
        hemisphere = hemisphere_of(latitude_of(chosen.target))
    table = measure(fronts, chosen.target, method, frame, reach_m, error_correlation_m)
    table = flag_outliers(table, harmonics)
    choices = [flagged]
    if (~table["flag"].isin([OK, NO_POSITION])).any():
        choices.append(not flagged)
    analyses = tuple(
        analyse(table, choice, harmonics, breaks, level, periods if choice == flagged else ())
        for choice in choices
    )
    title = f"{fronts[0].glacier or Path(fronts_path).stem}: {method}"
    lines = summary_lines(table, analyses, chosen, hemisphere, (names or {}).get(DRAWN, DRAWN))
    files = {name: Path(output_folder) / (names or {}).get(name, name) for name in NAMES}
    write_positions(table, files["positions.csv"])
    write_maqit(table, files["maqit.csv"])
    write_trend(trend_table(analyses, hemisphere), files["trend.csv"])
    plot_series(table, analyses[0].fit, title, files["positions.png"], files["positions.pdf"])
    write_text(files["summary.md"], "\n".join([f"# {title}", "", *(f"- {x}" for x in lines), ""]))
    if chosen.sketch is None:
        files.pop(DRAWN).unlink(missing_ok=True)  # of an earlier run
    else:
        write_sketch(chosen.sketch, files[DRAWN])
    return SeriesRun(table, analyses, chosen.drawn, lines, files)
