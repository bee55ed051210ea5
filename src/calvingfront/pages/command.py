"""The command `calvingfront page`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

PAGE = "one page to look at fronts in a browser: map, dates, positions, table"
ABOUT = """\
Writes one self-contained HTML file that shows the fronts of a vector file: a map coloured by date
over a radar image, a date slider, the errors of each front, positions through time, a table of the
scenes with their flags, and downloads. It opens in any browser and uses no network."""


def add_command(commands: Any) -> None:
    """Add the command and its options to the subparsers of `calvingfront`."""
    command = commands.add_parser(
        "page",
        help=PAGE,
        description=ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = command.add_argument
    add("fronts", help="vector file of the fronts, such as fronts.gpkg")
    add("--output", required=True, help="HTML file to write")
    add(
        "--background", action="append", default=[], metavar="GLACIER=IMAGE",
        help="8-bit GeoTIFF behind the fronts of a glacier (repeat it)",
    )  # fmt: skip
    add(
        "--positions", action="append", default=[], metavar="TABLE",
        help="positions.csv of calvingfront position (repeat it)",
    )  # fmt: skip
    add("--title", default="Calving fronts", help="heading of the page (default: %(default)s)")


def run(options: argparse.Namespace) -> int:
    """Run the command, print the page's path and return 0. Raises CalvingFrontError."""
    from calvingfront.errors import SceneError
    from calvingfront.locating.reading import read_fronts
    from calvingfront.pages.page import write_page
    from calvingfront.pages.positions import read_positions

    backgrounds = {}
    for given in options.background:
        glacier, equals, image = given.rpartition("=")
        if not equals or not image:
            raise SceneError(
                f"--background {given}",
                "names no glacier",
                "Write GLACIER=IMAGE, such as DBE=image.tif.",
            )
        if glacier in backgrounds:
            raise SceneError(
                f"--background {given}", f"is the second image of {glacier!r}", "Give one for each."
            )
        backgrounds[glacier] = image
    page = Path(options.output)
    fronts = Path(options.fronts)
    beside = fronts.resolve().parent == page.resolve().parent
    write_page(
        read_fronts(fronts),
        page,
        backgrounds=backgrounds,
        positions=read_positions(options.positions),
        title=options.title,
        downloads={f"All fronts, {fronts.name}": fronts.name} if beside else {},
    )
    print(page)
    return 0
