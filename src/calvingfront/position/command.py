"""The command `calvingfront position`."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from calvingfront.tabular.days import read_day

METHODS = ("box", "fjord box", "curvilinear box", "centreline", "multi-centreline")
TEXT = "position of one glacier's front through time: tables, trend and season, plot"
ABOUT = """\
Measures dated front lines (a vector file, in projected metres) in a box or along
a flow line, and writes positions.csv, maqit.csv (MaQiT's columns), trend.csv, positions.png/pdf and
summary.md. Advance is positive: state which way is up-glacier with --upglacier, or --flowline and
--drawn. A box, flow line or walls that are not given are drawn from the fronts (drawn.gpkg)."""
AUTO = "auto"


def add_command(commands: Any) -> None:
    """Add the command and its options to the subparsers of `calvingfront`."""
    command = commands.add_parser(
        "position", help=TEXT, description=ABOUT, formatter_class=argparse.RawTextHelpFormatter
    )
    add = command.add_argument
    add("fronts", help="vector file of the fronts (FILE, or FILE:LAYER)")
    add("--output", required=True, help="folder for the tables and the plot")
    add("--date-column", help="attribute with the date (year, month, day); not for our own files")
    add("--method", choices=METHODS, default="box", help="how to measure (default: %(default)s)")
    add(
        "--upglacier", nargs="+", metavar="WHERE",
        help="up-glacier: X Y (in the CRS of the fronts), N, NE, E …, or a side of the box",
    )  # fmt: skip
    add("--box", help="four-sided polygon, for the method box (default: drawn from the fronts)")
    add("--flowline", help="flow line, for the other methods (default: drawn from the fronts)")
    add("--drawn", choices=("downstream", "upstream"), help="which way the flow line is drawn")
    add("--walls", help="the two fjord walls as lines, for the fjord box")
    add("--width-m", type=float, help="width of the curvilinear box or of the bundle, m")
    add("--lines", type=int, default=11, help="lines in the bundle (default: %(default)s)")
    add("--reach-m", type=float, default=0.0, help="close gaps to a wall up to this length, m")
    add("--crs", help="reproject the fronts to this CRS first, e.g. EPSG:3031")
    add("--scene-column", help="attribute with the scene's name")
    add("--glacier-column", help="attribute with the glacier's name")
    add("--glacier", help="the glacier to measure, where the file has several")
    add("--error-column", help="attribute with the standard error of each front, m")
    add("--front-error-m", type=float, help="standard error of every front, m")
    add(
        "--error-correlation-m", type=float, default=500.0,
        help="length over which errors along a front are correlated, m (default: %(default)g)",
    )  # fmt: skip
    add(
        "--harmonics", type=int, choices=(0, 1, 2), default=1,
        help="number of harmonics of the season (default: %(default)s)",
    )  # fmt: skip
    add("--breaks", type=float, nargs="*", default=[], help="decimal years when the rate changes")
    add(
        "--period", type=_period, action="append", default=[], metavar="FROM:TO",
        help="period to report the rate over, in decimal years or days (repeatable)",
    )  # fmt: skip
    add("--level", type=float, default=0.95, help="level of the intervals (default: %(default)s)")
    add("--flagged", action="store_true", help="plot the fit to all positions, flagged ones too")


def run(options: argparse.Namespace) -> int:
    """Run the command, print the results and return 0. Raises PositionError."""
    from calvingfront.position.run import position_series  # heavy, and not needed elsewhere

    fronts, layer = file_and_layer(options.fronts)
    given: dict[str, Any] = {}
    for name in ("box", "flowline", "walls"):
        given[f"{name}_path"], given[f"{name}_layer"] = file_and_layer(getattr(options, name))
    found = position_series(
        fronts or "",
        options.output,
        fronts_layer=layer,
        upglacier=_upglacier(options.upglacier),
        periods=options.period,
        **given,
        **{
            name: getattr(options, name)
            for name in (
                "date_column", "method", "drawn", "width_m", "lines", "reach_m", "crs",
                "scene_column", "glacier_column", "glacier", "error_column", "front_error_m",
                "error_correlation_m", "harmonics", "breaks", "level", "flagged",
            )
        },
    )  # fmt: skip
    print("\n".join([*found.lines, *(str(path) for path in found.files.values())]))
    return 0


def file_and_layer(given: str | None) -> tuple[str | None, str | None]:
    """The file and the layer in FILE or FILE:LAYER; (None, None) for nothing or `auto`.

    A name that exists as it stands is a file, whatever colons it has. Otherwise the layer follows
    the last colon after which the rest is an existing file, or failing that the last colon that is
    not part of a drive or an address.
    """
    if given is None or given == AUTO:
        return None, None
    places = [n for n, letter in enumerate(given) if letter == ":" and given[n + 1 :]]
    if Path(given).exists() or not places:
        return given, None
    for place in reversed(places):
        if Path(given[:place]).is_file():
            return given[:place], given[place + 1 :]
    last = places[-1]
    if set("/\\") & set(given[last + 1 :]):
        return given, None
    return given[:last], given[last + 1 :]


def _upglacier(words: list[str] | None) -> Any:
    """What --upglacier states: a compass point, a number, or a point (x, y)."""
    from calvingfront.errors import PositionError

    if words is None:
        return None
    if len(words) == 1:
        return int(words[0]) if words[0].isdigit() else words[0]
    try:
        x, y = (float(word) for word in words)
    except ValueError:
        raise PositionError(
            "--upglacier", f"{' '.join(words)!r} is not a point", "Write X Y, two numbers."
        ) from None
    return x, y


def _period(text: str) -> tuple[float, float]:
    """A period FROM:TO, in decimal years or days (YYYY-MM-DD), as decimal years."""
    start, colon, end = text.partition(":")
    try:
        if not colon:
            raise ValueError
        return _year(start), _year(end)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not FROM:TO, such as 1995:2002.5 or 2019-05-01:2020-06-30"
        ) from None


def _year(text: str) -> float:
    if re.fullmatch(r"\s*\d{4}(\.\d+)?\s*", text, re.ASCII):
        return float(text)
    from calvingfront.position.season import decimal_years

    return float(decimal_years([read_day(text)])[0])
