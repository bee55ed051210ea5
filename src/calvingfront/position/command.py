"""The command `calvingfront position`."""

from __future__ import annotations

import argparse
from typing import Any

METHODS = ("box", "fjord box", "curvilinear box", "centreline", "multi-centreline")
TEXT = "position of one glacier's front through time: tables, trend and season, plot"
ABOUT = """\
Measures dated front lines (any vector file that GDAL reads, in projected metres) in a box or along
a flow line, and writes positions.csv, maqit.csv (MaQiT's columns), trend.csv and positions.png/pdf.
Advance is positive: state which way is up-glacier with --upglacier, or --flowline and --drawn."""


def add_command(commands: Any) -> None:
    """Add the command and its options to the subparsers of `calvingfront`."""
    command = commands.add_parser(
        "position", help=TEXT, description=ABOUT, formatter_class=argparse.RawTextHelpFormatter
    )
    add = command.add_argument
    add("fronts", help="vector file of the fronts (FILE, or FILE:LAYER)")
    add("--output", required=True, help="folder for the tables and the plot")
    add("--date-column", required=True, help="attribute with the date (year, month, day)")
    add("--method", choices=METHODS, default="box", help="how to measure (default: %(default)s)")
    add("--box", help="four-sided polygon, for the method box")
    add("--upglacier", help="up-glacier side of the box: N, NE, E … or its number, 1 to 4")
    add("--flowline", help="flow line, needed by every method but box")
    add("--drawn", choices=("downstream", "upstream"), help="which way the flow line is drawn")
    add("--walls", help="the two fjord walls as lines, for the fjord box")
    add("--width-m", type=float, help="width of the curvilinear box or of the bundle, m")
    add("--lines", type=int, default=11, help="lines in the bundle (default: %(default)s)")
    add("--reach-m", type=float, default=0.0, help="close gaps to a wall up to this length, m")
    add("--scene-column", help="attribute with the scene's name")
    add("--glacier-column", help="attribute with the glacier's name")
    add("--glacier", help="the glacier to measure; needs --glacier-column")
    add("--error-column", help="attribute with the error of each front, m")
    add(
        "--harmonics", type=int, choices=(1, 2), default=1,
        help="number of harmonics of the season (default: %(default)s)",
    )  # fmt: skip
    add("--breaks", type=float, nargs="*", default=[], help="decimal years when the rate changes")
    add(
        "--period", type=float, nargs=2, action="append", default=[], metavar=("FROM", "TO"),
        help="decimal years between which to report the rate (repeatable)",
    )  # fmt: skip
    add("--level", type=float, default=0.95, help="level of the intervals (default: %(default)s)")
    add("--doubtful", action="store_true", help="use doubtful positions in the fit too")


def run(options: argparse.Namespace) -> int:
    """Run the command, print the results and return 0. Raises PositionError."""
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
    return 0


def _file(given: Any) -> Any:
    """The file in FILE:LAYER."""
    return None if given is None else given.partition(":")[0]


def _layer(given: Any) -> str | None:
    """The layer in FILE:LAYER, if given."""
    return (given.partition(":")[2] or None) if given else None
