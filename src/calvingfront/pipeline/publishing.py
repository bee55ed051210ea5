"""Copy of results for others: the tables and what they can be made from again, without paths."""

from __future__ import annotations

import argparse
import re
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import yaml

from calvingfront.dataset import files
from calvingfront.errors import CalvingFrontError
from calvingfront.files import read_json, write_json, write_text
from calvingfront.storage.sealed import read_record, reading, write_record
from calvingfront.vocabulary.paths import DATASET

MOST_BYTES = 500_000
# What is copied, below the results folder; weights, images and probabilities stay.
PUBLISHED = (
    *(f"tables/*.{suffix}" for suffix in ("csv", "md", "tex")),
    "figures/*.png",
    *(f"{DATASET}/{name}" for name in (files.INDEX, files.SPLIT, files.SPLIT_ORIGIN, files.CONFIG)),
    f"{DATASET}/leakage.md",
    "models/*/*/seed*/run.json",
    "models/*/*/seed*/history.tsv",
    "predictions/*/*/seed*/made_from.json",
    "predictions/*/*/seed*/filter.json",
    "evaluation/*/*/seed*/*.tsv",
    "evaluation/*/*/seed*/*.json",
)
ABSOLUTE = re.compile(r"""(?:^|(?<=[\s"'=:(]))(?:/[^\s/"'|)]+){2,}|\b[A-Za-z]:\\[^\s"']+""")


def add_command(commands: Any) -> None:
    """Add `publish` to the commands."""
    text = (
        "copy the tables, small figures, and the scores, thresholds, split and records that they "
        "are made from, without paths of this machine"
    )
    command = commands.add_parser("publish", help=text, description=text)
    command.add_argument("--results", default="results", help="results folder (%(default)s)")
    command.add_argument("--output", required=True, help="new folder, such as docs/results/NAME")


def run(options: argparse.Namespace) -> int:
    """Run the command and say what was copied."""
    print(publish(Path(options.results), Path(options.output)))
    return 0


def publish(results: Path, folder: Path) -> str:
    """Copy what PUBLISHED names into `folder`, in the same places; returns what to say about it.

    `calvingfront tabulate --results FOLDER` makes the tables again from the copy. In records and
    configuration an absolute path is shortened to its name. Files above MOST_BYTES stay behind.
    Raises CalvingFrontError if there are no scores, if the folder is that of the results, if
    another file holds an absolute path, or if the folder holds what was published of other results
    and would stand among these; DamagedFileError if a record is damaged.
    """
    if folder.resolve() == results.resolve():
        raise CalvingFrontError(folder, "is the results folder itself", "Name another folder.")
    found = [path for pattern in PUBLISHED for path in sorted(results.glob(pattern))]
    if not any(path.name == "scores.tsv" for path in found):
        raise CalvingFrontError(results, "has no scores", "Run `calvingfront grid` first.")
    _check(found)
    _check_folder(folder, {path.relative_to(results) for path in found})
    copied, large, size = 0, [], 0
    for path in found:
        target = folder / path.relative_to(results)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.stat().st_size > MOST_BYTES:
            large.append(str(path.relative_to(results)))
            continue
        _copy(path, target)
        copied, size = copied + 1, size + target.stat().st_size
    lines = [f"{copied} files, {size / 1e6:.1f} MB, in {folder}."]
    if large:
        lines.append(f"Left out, above {MOST_BYTES // 1000} kB: {', '.join(large)}.")
    lines.append(f"The tables again: calvingfront tabulate --results {folder}")
    return "\n".join(lines)


def without_paths(value: Any) -> Any:
    """A value of a record in which every absolute path is shortened to its last part."""
    if isinstance(value, dict):
        return {key: without_paths(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [without_paths(inner) for inner in value]
    return ABSOLUTE.sub(_name, value) if isinstance(value, str) else value


def _name(found: re.Match[str]) -> str:
    text = found[0]
    return PurePosixPath(text).name if text.startswith("/") else PureWindowsPath(text).name


def _copy(path: Path, target: Path) -> None:
    if path.suffix == ".json":
        content = read_json(path)
        if "crc32" in content:
            write_record(target, without_paths(read_record(path)))
        else:
            write_json(target, without_paths(content))
    elif path.suffix == ".yaml":
        with reading(path):
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
        write_text(target, yaml.safe_dump(without_paths(content), sort_keys=False))
    else:
        shutil.copyfile(path, target)


def _check(paths: list[Path]) -> None:
    """Refuse damaged records, and tables with a path of this machine, before any copy."""
    for path in paths:
        if path.suffix == ".json":
            with reading(path):
                if not isinstance(read_json(path), dict):
                    raise ValueError("it holds no keys")
    for path, line in _lines(paths):
        if match := ABSOLUTE.search(line):
            raise CalvingFrontError(
                path, f"holds the path {match[0]}",
                "Publish nothing of this machine: remove it, as from a label in `others`.",
            )  # fmt: skip


def _check_folder(folder: Path, names: set[Path]) -> None:
    """Refuse a folder with results of its own that would not be replaced."""
    there = {path.relative_to(folder) for pattern in PUBLISHED for path in folder.glob(pattern)}
    if other := sorted(there - names):
        files = "1 file" if len(other) == 1 else f"{len(other)} files"
        raise CalvingFrontError(
            folder, f"holds {files} that these results do not have, such as {other[0]}",
            "Name a new folder, or remove them.",
        )  # fmt: skip


def _lines(paths: list[Path]) -> Iterator[tuple[Path, str]]:
    for path in paths:
        if path.suffix in (".csv", ".md", ".tex", ".tsv"):
            for line in path.read_text(encoding="utf-8").splitlines():
                yield path, line
