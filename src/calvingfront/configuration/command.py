"""The command `calvingfront settings`."""

from __future__ import annotations

import argparse
from typing import Any

TEXT = "check configuration files, before Snakemake reads them"
ABOUT = """\
Reads configuration files of the workflow, the later ones on top, and tells by file, line and key
what cannot be used: encodings, keys twice, unknown keys, wrong values, values that cannot work
together. Scenes and other files are not opened: `snakemake -n` checks these too."""


def add_command(commands: Any) -> None:
    """Add the command and its options to the subparsers of `calvingfront`."""
    command = commands.add_parser(
        "settings", help=TEXT, description=ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    command.add_argument("files", nargs="+", metavar="FILE", help="YAML or JSON")


def run(options: argparse.Namespace) -> int:
    """Check the files; print a line for each setting without effect. Raises Faults."""
    from calvingfront.configuration.changing import lay
    from calvingfront.configuration.checks import contradictions_of_training
    from calvingfront.configuration.effect import without_effect
    from calvingfront.configuration.reading import read_places, read_yaml
    from calvingfront.configuration.schema import schema_of_configuration
    from calvingfront.configuration.validation import REMEDY, examine
    from calvingfront.errors import Faults

    places = read_places(options.files)
    given: dict[str, Any] = {}
    for file in options.files:
        lay(read_yaml(file).content, given)
    schema = schema_of_configuration()
    examined = examine(given, schema, places, contradictions_of_training)
    if examined.faults or examined.config is None:
        raise Faults(examined.faults, REMEDY)
    for note in without_effect(examined.config, schema, given):
        print(note)
    print(f"{', '.join(options.files)}: every key can be used")
    return 0
