"""From files to files: fronts and a box or flow line in, tables and a plot out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import pandas as pd

from calvingfront.errors import PositionError
from calvingfront.files import PathLike
from calvingfront.position.box import Compass, fjord_box, rectilinear_box
from calvingfront.position.centreline import bundle
from calvingfront.position.curvilinear import curvilinear_box
from calvingfront.position.ellipsoid import Frame
from calvingfront.position.flowline import Drawn, FlowLine
from calvingfront.position.layers import (
    read_flow_line,
    read_fronts,
    read_polygon,
    read_walls,
)
from calvingfront.position.plot import plot_series
from calvingfront.position.season import hemisphere_of
from calvingfront.position.series import Target, latitude_of, measure, usable
from calvingfront.position.tables import trend_table, write_maqit, write_positions, write_trend
from calvingfront.position.trend import Fit, fit

Method = Literal["box", "fjord box", "curvilinear box", "centreline", "multi-centreline"]
LINES = 11


@dataclass(frozen=True)
class SeriesRun:
    """What `position_series` found and wrote.

    table: as returned by `series.measure`. fit: None if trend and season cannot be fitted; `fault`
    then says why. files: the paths written, by file name.
    """

    table: pd.DataFrame
    fit: Fit | None
    fault: str
    files: dict[str, Path]


def position_series(
    fronts_path: PathLike,
    output_folder: PathLike,
    *,
    date_column: str,
    method: Method,
    box_path: PathLike | None = None,
    flowline_path: PathLike | None = None,
    walls_path: PathLike | None = None,
    drawn: Drawn | None = None,
    upglacier: Compass | int | None = None,
    width_m: float | None = None,
    lines: int = LINES,
    reach_m: float = 0.0,
    fronts_layer: str | None = None,
    box_layer: str | None = None,
    flowline_layer: str | None = None,
    walls_layer: str | None = None,
    scene_column: str | None = None,
    glacier_column: str | None = None,
    glacier: str | None = None,
    error_column: str | None = None,
    harmonics: int = 1,
    breaks: Sequence[float] = (),
    periods: Sequence[tuple[float, float]] = (),
    level: float = 0.95,
    doubtful: bool = False,
) -> SeriesRun:
    """Measure one glacier's fronts through time, fit trend and season, write tables and a plot.

    method: "box" needs `box_path`, and `upglacier` or `flowline_path`; "fjord box" `walls_path`
        and `flowline_path`; "curvilinear box" and "multi-centreline" `flowline_path` and
        `width_m`; "centreline" `flowline_path`.
    drawn: whether the flow line's vertices run "downstream" or "upstream", unless its layer has
        the attribute `direction`.
    reach_m: see `enclosed.box_position`. harmonics, breaks, level: see `trend.fit`.
    periods: (from, to) in decimal years, for further rates. doubtful: fit doubtful positions too.
    Errors of fronts (`error_column`, m) are plotted, and weight the fit if every fitted front has
    one.
    Writes positions.csv, maqit.csv, trend.csv, positions.png and positions.pdf, each atomically.
    Raises PositionError for unusable inputs. A series too short to fit is written without a trend,
    and trend.csv says why.
    """
    fronts, frame = read_fronts(
        fronts_path, date_column, fronts_layer, scene_column, glacier_column, glacier, error_column
    )
    flow_line = None
    if flowline_path is not None:
        flow_line = read_flow_line(flowline_path, frame, drawn, flowline_layer)
    target = _target(
        method, frame, flow_line, box_path, box_layer, walls_path, walls_layer, upglacier, width_m,
        lines,
    )  # fmt: skip
    table = measure(fronts, target, method, frame, reach_m)
    kept = usable(table, doubtful)
    fitted, fault = None, ""
    try:
        errors = kept["error_m"].to_numpy(float) if kept["error_m"].notna().all() else None
        fitted = fit(
            kept["decimal_year"].to_numpy(float),
            kept["position_m"].to_numpy(float),
            harmonics,
            breaks,
            errors if len(kept) else None,
            level,
        )
        numbers = trend_table(fitted, hemisphere_of(latitude_of(target)), periods)
    except PositionError as error:
        if fitted is not None:  # the user asked for a period that the series does not cover
            raise
        fault = str(error)
        numbers = trend_table(None, hemisphere_of(latitude_of(target)), fault=fault)
    folder = Path(output_folder)
    names = ("positions.csv", "maqit.csv", "trend.csv", "positions.png", "positions.pdf")
    files = {name: folder / name for name in names}
    write_positions(table, files["positions.csv"])
    write_maqit(table, files["maqit.csv"])
    write_trend(numbers, files["trend.csv"])
    title = f"{fronts[0].glacier or Path(fronts_path).stem}: {method}"
    plot_series(table, fitted, title, files["positions.png"], files["positions.pdf"])
    return SeriesRun(table, fitted, fault, files)


def _target(
    method: Method,
    frame: Frame,
    flow_line: FlowLine | None,
    box_path: PathLike | None,
    box_layer: str | None,
    walls_path: PathLike | None,
    walls_layer: str | None,
    upglacier: Compass | int | None,
    width_m: float | None,
    lines: int,
) -> Target:
    """The box or lines that a method needs. Raises PositionError where something is missing."""
    if method not in get_args(Method):
        raise PositionError(
            "method", f"{method!r} is unknown", f"Choose one of: {', '.join(get_args(Method))}."
        )
    needed: dict[str, object] = {}
    if method == "box":
        needed["box_path"] = box_path
        needed["upglacier or flowline_path"] = upglacier if flow_line is None else flow_line
    else:
        needed["flowline_path"] = flow_line
    if method == "fjord box":
        needed["walls_path"] = walls_path
    if method in ("curvilinear box", "multi-centreline"):
        needed["width_m"] = width_m
    for name, given in needed.items():
        if given is None:
            raise PositionError("method", f"{method!r} needs {name}", f"Give {name}.")
    if method == "box" and box_path is not None:
        polygon = read_polygon(box_path, frame, box_layer)
        if upglacier is not None and flow_line is not None:
            raise PositionError(
                "method",
                "is given the up-glacier side twice, by name and by a flow line",
                "Give only one of them.",
            )
        return rectilinear_box(frame, polygon, box_path, upglacier or flow_line)
    assert flow_line is not None
    if method == "fjord box" and walls_path is not None:
        walls = read_walls(walls_path, frame, walls_layer)
        return fjord_box(frame, walls, flow_line, walls_path)
    if method == "centreline":
        return flow_line
    assert width_m is not None
    if method == "curvilinear box":
        return curvilinear_box(flow_line, width_m)
    return bundle(flow_line, width_m, lines)
