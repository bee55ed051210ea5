"""`calvingfront shifts`: several results folders with splits of their own in one table."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from calvingfront.files import PathLike
from calvingfront.vocabulary import paths


def add_command(commands: Any) -> None:
    """Add `shifts` to the commands."""
    text = (
        "compare several results folders with splits of their own (a glacier, a mission, the last "
        "years held out, parts of the training scenes) in one table, and draw the learning curve"
    )
    command = commands.add_parser("shifts", help=text, description=text)
    command.add_argument("folders", nargs="+", metavar="RESULTS", help="results folders")
    command.add_argument("--output", required=True, help="folder of the tables and the figure")
    command.add_argument(
        "--reference", metavar="NAME",
        help="name of the folder beside which the others stand (default: the only one that holds "
        "out scenes at random and trains with all the others)",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Run the command and say what was written."""
    print(compare(options.folders, Path(options.output), options.reference))
    return 0


def compare(folders: Sequence[PathLike], output: Path, reference: str | None = None) -> str:
    """Write the tables of the shifts and, if there are any, of the learning curves; say which.

    Raises Faults that name every folder without the records that the table needs, and every one
    whose data, protocol or trainings differ; ConfigError if the reference is not clear.
    """
    # These take the numerical libraries.
    from calvingfront.tables.shifts.equality import check_equal
    from calvingfront.tables.shifts.learning import curves_of
    from calvingfront.tables.shifts.situations import read_situations
    from calvingfront.tables.shifts.summary import in_order, reference_of
    from calvingfront.tables.shifts.writing import write_learning, write_shifts

    situations = read_situations(folders)
    check_equal(situations)
    beside = reference_of(situations, reference)
    situations = in_order(situations, beside)
    curves = curves_of(situations)
    output.mkdir(parents=True, exist_ok=True)
    written = write_shifts(situations, beside, output)
    said = []
    if curves:
        written += write_learning(curves, output)
        written += [path for curve in _drawn(curves, output) for path in curve]
    else:
        said.append(
            "No learning curve: no two folders have the same validation and test scenes and "
            "training scenes of which one's are part of the other's (split.train_share)."
        )
    return "\n".join([*(str(path) for path in written), *said])


def _drawn(curves: Sequence[Any], output: Path) -> Iterator[list[Path]]:
    from calvingfront.figures.learning import History, draw_learning
    from calvingfront.storage.sealed import read_sealed
    from calvingfront.tables.shifts.learning import summarise_learning
    from calvingfront.vocabulary.augmentations import COPIES

    for number, curve in enumerate(curves, start=1):
        histories = [
            History(
                run,
                len(situation.train),
                int(record["train_images"]) * COPIES[record["training"]["augmentation"]],
                read_sealed(situation.folder / paths.HISTORY.format(**run._asdict())),
            )
            for situation in curve.situations
            for run, record in situation.records.items()
        ]
        name = "learning" if len(curves) == 1 else f"learning_{number}"
        files = [output / f"{name}.{suffix}" for suffix in ("png", "pdf")]
        draw_learning(summarise_learning(curve), histories, *files)
        yield files
