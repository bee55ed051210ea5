"""Digests of the code that a step runs, so that an edited library is noticed by what it changes."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from calvingfront.provenance.syntax import Source, Use, read_source

PACKAGE = "calvingfront"
# Code that cannot change a number: messages, how files are written, how a device is shared.
SILENT = (
    "errors",
    "files",
    "logs",
    "reports",
    "provenance",
    "compute.device",
    "compute.memory",
    "compute.peak",
    "compute.prefetch",
    "training.run_record",
)
_SILENT = tuple(f"{PACKAGE}.{name}." for name in SILENT)
# Modules whose definitions moved there unchanged: module → where they were when results were made,
# which the digests go on to name.
MOVED = {
    f"{PACKAGE}.{now}": f"{PACKAGE}.{before}"
    for now, before in {
        "products.ceos.product_files": "products.ceos.records",
        "scenes.lists.caffe_names": "scenes.caffe",
        "simulation.imaging.view_planning": "simulation.imaging.radar_view",
        "simulation.world.glacier": "simulation.world.world",
        "tables.distance_measures": "tables.distances",
        "training.feed_source": "training.feed",
    }.items()
}


def code_digest(roots: Iterable[str]) -> str:
    """Digest of the functions "module:function", and of everything of this package they reach.

    Reached is what they name: functions, classes and constants, also those imported inside a
    function or referred to as "module:attribute"; of other packages only the module of a root.
    "module:" is a whole module. Comments, docstrings, formatting and the words of errors do not
    count, nor does code that cannot change a number (SILENT).
    """
    return _digest(tuple(sorted(set(roots))))


def every_module(package: str) -> list[str]:
    """Roots for all modules of a package, of which one is chosen by the content of a file."""
    folder = Path(__file__).parents[1].joinpath(*package.split(".")[1:])
    files = sorted(path.relative_to(folder) for path in folder.rglob("*.py"))
    names = (".".join(path.with_suffix("").parts) for path in files if path.stem != "__init__")
    return [f"{package}.{name}:" for name in names]


def reached(roots: Iterable[str]) -> set[Use]:
    """The (module, name) that the roots reach, themselves among them."""
    return set(_reached(tuple(sorted(set(roots)))))


@cache
def _digest(roots: tuple[str, ...]) -> str:
    lines = set()
    for module, name in _reached(roots):
        source = source_of(module)
        if source is not None:
            lines.add((MOVED.get(module, module), name, source.parts.get(name, "")))
    digest = hashlib.sha256()
    for module, name, part in sorted(lines):
        digest.update(f"{module}:{name} {part}\n".encode())
    return digest.hexdigest()[:24]


@cache
def _reached(roots: tuple[str, ...]) -> frozenset[Use]:
    waiting = []
    foreign = set()
    for root in roots:
        module, _, name = root.partition(":")
        waiting.append((module, name))
        if not _ours(module):
            foreign.add(module)
    found: set[Use] = set()
    whole: set[str] = set()
    while waiting:
        module, name = _resolved(*waiting.pop())
        if module in whole or (name and (module, name) in found):
            continue
        if f"{module}.".startswith(_SILENT):
            continue
        if not _ours(module) and module not in foreign:
            continue
        source = source_of(module)
        if source is None:
            continue
        names = [name, ""]
        if not name or name not in source.parts:  # what it is cannot be told: the whole module
            whole.add(module)
            names = list(source.parts)
        for each in names:
            if (module, each) not in found:
                found.add((module, each))
                waiting += [(used or module, of) for used, of in source.uses[each]]
    return frozenset(found)


def _ours(module: str) -> bool:
    return module == PACKAGE or module.startswith(f"{PACKAGE}.")


def _resolved(module: str, name: str) -> Use:
    """`from calvingfront.dataset import files` names a module, not something in one."""
    if name and _ours(module) and _path_of(f"{module}.{name}") is not None:
        return f"{module}.{name}", ""
    return module, name


@cache
def source_of(module: str) -> Source | None:
    """A module taken apart; None if it has no Python source."""
    path = _path_of(module)
    return None if path is None else read_source(path.read_text(encoding="utf-8"), module)


@cache
def _path_of(module: str) -> Path | None:
    if _ours(module):
        place = Path(__file__).parents[1].joinpath(*module.split(".")[1:])
        for path in (place.with_suffix(".py"), place / "__init__.py"):
            if path.is_file():
                return path
        return None
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        return None
    origin = spec.origin if spec else None
    return Path(origin) if origin and origin.endswith(".py") else None
