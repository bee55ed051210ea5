"""The command `calvingfront position`."""

from __future__ import annotations

import argparse
from typing import Any

METHODS = ("box", "fjord box", "curvilinear box", "centreline", "multi-centreline")
TEXT = "position of one glacier's front through time: tables, trend and season, plot"
ABOUT = """\
Measures dated front lines (any vector file that GDAL reads, in projected metres) in a box or along
a flow line, and writes positions.csv, maqit.csv (MaQiT's columns), trend.csv and positions.png/pdf.
Advance is positive: say which way is up-glacier, by --upglacier or by a flow line and --drawn."""


def add_command(commands: Any) -> None:
    """Add the command and its options to the subparsers of `calvingfront`."""
    command = commands.add_parser(
        "position", help=TEXT, description=ABOUT, formatter_class=argparse.RawTextHelpFormatter
    )
    add = command.add_argument
    add("fronts", help="vector file of the fronts (FILE, or FILE:LAYER)")
    add("--output", required=True, help="folder for the tables and the plot")
    add("--date-column", required=True, help="attribute with the date (year, month, day)")
    add("--method", choices=METHODS, default="box", help="default: %(default)s")
    add("--box", help="polygon of four sides, for the method box")
    add("--upglacier", help="side of the box up-glacier: N, NE, E … or its number, 1 to 4")
    add("--flowline", help="line along the flow, for every other method")
    add("--drawn", choices=("downstream", "upstream"), help="direction of the flow line's vertices")
    add("--walls", help="the two fjord walls as lines, for the fjord box")
    add("--width-m", type=float, help="width of the curvilinear box or of the bundle, m")
    add("--lines", type=int, default=11, help="lines of the bundle (default: %(default)s)")
    add("--reach-m", type=float, default=0.0, help="close gaps to a wall up to this length, m")
    add("--scene-column", help="attribute with the scene's name")
    add("--glacier-column", help="attribute with the glacier; needs --glacier")
    add("--glacier", help="the glacier to measure")
    add("--error-column", help="attribute with the error of the front, m")
    add("--harmonics", type=int, choices=(1, 2), default=1, help="of the season")
    add("--breaks", type=float, nargs="*", default=[], help="decimal years where the trend bends")
    add(
        "--period", type=float, nargs=2, action="append", default=[], metavar=("FROM", "TO"),
        help="decimal years between which the rate is written (repeat it)",
    )  # fmt: skip
    add("--level", type=float, default=0.95, help="of the intervals (default: %(default)s)")
    add("--doubtful", action="store_true", help="fit the doubtful positions too")


def run(options: argparse.Namespace) -> None:
    """Run the command and print what it found. Raises PositionError."""
    from calvingfront.position.run import position_series  # heavy, and not needed elsewhere

    upglacier = options.upglacier
    if upglacier is not None and upglacier.isdigit():
        upglacier = int(upglacier)
    found = position_series(
        *(_file(options.fronts), options.output),
        fronts_layer=_layer(options.fronts),
        date_column=options.date_column,
        method=options.method,
        box_path=_file(options.box),
        box_layer=_layer(options.box),
        flowline_path=_file(options.flowline),
        flowline_layer=_layer(options.flowline),
        walls_path=_file(options.walls),
        walls_layer=_layer(options.walls),
        drawn=options.drawn,
        upglacier=upglacier,
        width_m=options.width_m,
        lines=options.lines,
        reach_m=options.reach_m,
        scene_column=options.scene_column,
        glacier_column=options.glacier_column,
        glacier=options.glacier,
        error_column=options.error_column,
        harmonics=options.harmonics,
        breaks=options.breaks,
        periods=[(start, end) for start, end in options.period],
        level=options.level,
        doubtful=options.doubtful,
    )
    counts = found.table["flag"].value_counts()
    print(", ".join(f"{count} {flag}" for flag, count in counts.items()))
    if found.fit is not None:
        rate, share = found.fit.rate(), 100 * options.level
        print(f"{rate.value:.0f} m/yr ({share:g} % interval {rate.low:.0f} to {rate.high:.0f})")
    print(found.fault or "\n".join(str(path) for path in found.files.values()))


def _file(given: Any) -> Any:
    """The file of FILE:LAYER."""
    return None if given is None else given.partition(":")[0]


def _layer(given: Any) -> str | None:
    """The layer of FILE:LAYER, if it is given."""
    return (given.partition(":")[2] or None) if given else None
