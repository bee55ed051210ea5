"""The digest of a step's code follows what it runs, and nothing else."""

from __future__ import annotations

import ast
import inspect
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calvingfront.pipeline.results import Results
from calvingfront.provenance import code
from calvingfront.provenance.code import SILENT, code_digest, every_module, reached
from calvingfront.provenance.syntax import read_source
from calvingfront.vocabulary.runs import Run
from packed import band, write_packed, write_split
from resolved import RESOLVED

SOURCE = Path(code.__file__).parents[1]
TEXT = '''
"""A module."""
from calvingfront.files import PathLike
import calvingfront.compute.memory as memory
LIMIT: int = 3

def used(path: PathLike) -> int:
    """What it does."""
    log.info("reading %s", path)
    if LIMIT > 2:
        raise ValueError("too many")
    return memory.size(LIMIT)

def unused() -> str:
    return "calvingfront.losses.bce:WeightedBCE"
'''


def parts(text: str) -> dict[str, str]:
    return read_source(text, "calvingfront.example").parts


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""A module."""', '"""Another."""'),
        ('    """What it does."""\n', ""),
        ("LIMIT: int = 3", "LIMIT: int = (3)  # a comment"),
        ('"too many"', "f'more than {LIMIT}'"),
        ('log.info("reading %s", path)', 'log.warning("other words")'),
        ("def used(path: PathLike) -> int:", "def used(\n    path: PathLike,\n) -> int:"),
        ("if LIMIT > 2:", "if (LIMIT > 2):"),
    ],
)
def test_comments_docstrings_layout_and_words_do_not_count(old: str, new: str) -> None:
    assert old in TEXT
    assert parts(TEXT.replace(old, new)) == parts(TEXT)


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("LIMIT: int = 3", "LIMIT: int = 4", "LIMIT"),
        ("LIMIT > 2", "LIMIT >= 2", "used"),
        ("raise ValueError", "raise KeyError", "used"),
        ('"calvingfront.losses.bce:WeightedBCE"', '""', "unused"),
    ],
)
def test_every_other_change_counts_where_it_stands(old: str, new: str, name: str) -> None:
    before, after = parts(TEXT), parts(TEXT.replace(old, new))
    assert {key for key in before if before[key] != after[key]} == {name}


def test_what_a_definition_refers_to_is_found() -> None:
    uses = read_source(TEXT, "calvingfront.example").uses
    assert ("", "LIMIT") in uses["used"]
    assert ("calvingfront.files", "PathLike") in uses["used"]
    assert ("calvingfront.compute.memory", "size") in uses["used"]
    assert uses["unused"] == [("calvingfront.losses.bce", "WeightedBCE")]


def test_a_lazy_or_relative_import_is_found_inside_a_function() -> None:
    text = (
        "def f():\n    from .other import g\n    import calvingfront.sar.geocode\n    return g()\n"
    )
    uses = read_source(text, "calvingfront.example.inner").uses["f"]
    assert ("calvingfront.example.other", "g") in uses
    assert ("calvingfront.sar.geocode", "") in uses


TRAIN = Results(Path("r"), RESOLVED).call_of("train_network", Run("unet", "bce", 1)).step


def digest_with(
    monkeypatch: pytest.MonkeyPatch, module: str, old: str, new: str, roots: list[str]
) -> tuple[str, str]:
    """The digest before and after an edit of one module."""
    path = SOURCE.joinpath(*module.split(".")).with_suffix(".py")
    text = path.read_text(encoding="utf-8")
    assert old in text, module
    before = code_digest(roots)
    name = f"calvingfront.{module}"
    edited = read_source(text.replace(old, new, 1), name)
    true = code.source_of
    code._digest.cache_clear()
    code._reached.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(code, "source_of", lambda each: edited if each == name else true(each))
        after = code_digest(roots)
    code._digest.cache_clear()
    code._reached.cache_clear()
    return before, after


@pytest.mark.parametrize(
    ("module", "old", "new", "changes"),
    [
        ("training.trainer", "self.iteration", "self.iterations", True),
        ("losses.bce", "1", "2", True),
        ("networks.blocks", "return", "yield", True),
        ("training.augmentation", "return", "yield", True),
        ("evaluation.metrics", "return", "yield", False),
        ("evaluation.baselines", "return", "yield", False),
        ("tables.scores", "return", "yield", False),
        ("compute.memory", "return", "yield", False),
        ("vocabulary.models", '"U-Net"', '"The U-Net"', False),
    ],
)
def test_a_training_is_made_anew_by_an_edit_of_what_it_runs(
    monkeypatch: pytest.MonkeyPatch, module: str, old: str, new: str, changes: bool
) -> None:
    roots = TRAIN.roots(RESOLVED, Run("unet", "bce", 1))
    before, after = digest_with(monkeypatch, module, old, new, roots)
    assert (before != after) is changes


def test_what_moved_unchanged_to_another_module_makes_nothing_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = "LIMIT = 3\n\ndef root() -> int:\n    return part(LIMIT)\n"
    part = "def part(n: int) -> int:\n    return n\n"
    moved = f"from calvingfront.there import part\n{text}"

    def digest(**modules: str) -> str:
        sources = {f"calvingfront.{name}": body for name, body in modules.items()}
        read = {name: read_source(body, name) for name, body in sources.items()}
        code._digest.cache_clear()
        code._reached.cache_clear()
        with monkeypatch.context() as patch:
            patch.setattr(code, "source_of", read.get)
            patch.setattr(code, "MOVED", {"calvingfront.there": "calvingfront.here"})
            found = code_digest(["calvingfront.here:root"])
        code._digest.cache_clear()
        code._reached.cache_clear()
        return found

    before = digest(here=text + part)
    assert digest(here=moved, there=part) == before
    assert digest(here=moved, there=part.replace("n\n", "2 * n\n")) != before
    assert digest(here=f"from calvingfront.other import part\n{text}", other=part) != before


def test_every_module_that_definitions_moved_to_or_from_is_there() -> None:
    for module in (*code.MOVED, *code.MOVED.values()):
        assert code.source_of(module) is not None, module


def test_silent_modules_exist_and_every_module_of_a_package_is_a_root() -> None:
    for name in SILENT:
        place = SOURCE.joinpath(*name.split("."))
        assert place.is_dir() or place.with_suffix(".py").is_file(), name
    roots = every_module("calvingfront.products")
    assert "calvingfront.products.ceos.ers:" in roots
    assert ("calvingfront.products.ceos.ers", "recognises") in reached(roots)


def test_the_code_of_the_whole_workflow_is_read_in_half_a_second() -> None:
    for each in (code._digest, code._reached, code.source_of):
        each.cache_clear()
    begun = time.process_time()
    code_digest(TRAIN.roots(RESOLVED, Run("unet", "bce", 1)))
    assert time.process_time() - begun < 1.5  # a tenth of that on an idle machine


@contextmanager
def traced(called: set[tuple[str, int]]) -> Iterator[None]:
    """Note the file and first line of every function of the package that runs, in any thread."""

    def note(frame: Any, event: str, _argument: Any) -> None:
        function = frame.f_code.co_flags & inspect.CO_OPTIMIZED  # not the body of a class
        if event == "call" and function and frame.f_code.co_filename.startswith(str(SOURCE)):
            called.add((frame.f_code.co_filename, frame.f_code.co_firstlineno))

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        yield
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def definition_at(path: Path, line: int) -> str:
    """The name at the top of a module of which this line is part; "" for the module itself."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
        if first <= line <= (node.end_lineno or first):
            return getattr(node, "name", "")
    return ""


def test_every_function_that_really_runs_in_a_step_is_reached(tmp_path: Path) -> None:
    """Else an edit of it would go unseen."""
    write_packed(tmp_path / "dataset", np.stack([band(16, row, 3) for row in (2, 4, 6, 8)]))
    write_split(tmp_path / "dataset", train=["s1", "s2"], validation=["s3"], test=["s0"])
    results = Results(tmp_path, RESOLVED)
    rows: list[tuple[str, Run]] = [
        *((name, Run("unet", "bce", 1)) for name in
          ("train_network", "predict_fronts", "choose_threshold", "score_predictions")),
        ("predict_without_network", Run("nearest_date")),
    ]  # fmt: skip
    missed: list[str] = []
    for name, run in rows:
        called: set[tuple[str, int]] = set()
        with traced(called):
            results.run(name, run)
        known = reached(results.call_of(name, run).step.roots(RESOLVED, run))
        assert len(called) > 10
        missed += [f"{name}: {each}" for each in _unknown(called, known)]
    assert not missed


# What calls the steps, and what only names them: it runs beside every step and makes no number.
AROUND = ("pipeline", "vocabulary", "tables.registry", "figures.registry", "networks.flops")


def _unknown(called: set[tuple[str, int]], known: set[tuple[str, str]]) -> Iterator[str]:
    for file, line in sorted(called):
        parts = Path(file).relative_to(SOURCE).with_suffix("").parts
        inside = ".".join(parts)
        if any(f"{inside}.".startswith(f"{name}.") for name in (*SILENT, *AROUND)):
            continue
        name = definition_at(Path(file), line)
        if name and (f"calvingfront.{inside}", name) not in known:
            yield f"{inside}:{name}"


def test_the_order_of_roots_does_not_matter() -> None:
    roots = TRAIN.roots(RESOLVED, Run("unet", "bce", 1))
    assert len(roots) == 3
    assert code_digest(roots) == code_digest(roots[::-1])


def test_the_digest_is_the_same_in_every_process() -> None:
    """Whatever order Python gives to sets."""
    text = (
        "from calvingfront.provenance.code import code_digest, every_module\n"
        "roots = every_module('calvingfront.simulation.product_writers')\n"
        "print(code_digest(['calvingfront.simulation.archive:simulate_product', *roots]))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", text], env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("1", "2", "3", "4")
    }  # fmt: skip
    assert len(found) == 1
