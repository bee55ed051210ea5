"""The layers of the package: what may import what, and no circles."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src" / "calvingfront"
CONTRIBUTING = Path(__file__).resolve().parents[2] / "CONTRIBUTING.md"

# From the ground up. A package imports from layers below its own only; of two on one layer neither
# imports the other.
LAYERS = (
    ("errors",),
    ("files", "logs", "tabular"),
    ("geofiles", "storage"),
    ("provenance", "reports"),
    ("vocabulary",),
    ("fronts", "position", "radar"),
    ("uncertainty",),
    ("orbits",),
    ("products",),
    ("sar", "simulation"),
    ("scenes",),
    ("configuration", "samples"),
    ("dataset",),
    ("networks", "losses"),
    ("compute",),
    ("training",),
    ("evaluation",),
    ("locating",),
    ("tables", "figures", "pages"),
    ("check", "pipeline"),
    ("search",),
    ("cli",),
    ("__main__",),
)
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
MOST_FILES = 15
# What may hold more, and why.
LARGE = {
    "figures": "one file for each figure and each part they share",
    "locating": "one file for each step from an image to the files of fronts",
    "position": "one file for each method and each thing made of a series",
    "vocabulary": "one file for each kind of name",
}


def modules() -> dict[str, Path]:
    """Every module below the package, by its dotted name without `calvingfront.`."""
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        parts = list(path.relative_to(SOURCE).with_suffix("").parts)
        if parts[-1] == "__init__":
            parts.pop()
        if parts:
            found[".".join(parts)] = path
    return found


def imports_of(path: Path) -> Iterator[tuple[int, str]]:
    """(line, module) of every import of the package's own, wherever it stands in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            if node.module == "calvingfront":
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif node.module.startswith("calvingfront."):
                module = node.module.removeprefix("calvingfront.")
                for alias in node.names:
                    inner = f"{module}.{alias.name}"
                    yield node.lineno, inner if inner in modules_() else module
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("calvingfront."):
                    yield node.lineno, alias.name.removeprefix("calvingfront.")


@cache
def modules_() -> dict[str, Path]:
    return modules()


@cache
def arrows() -> tuple[tuple[str, int, str], ...]:
    """(importer, line, imported) of the whole package."""
    return tuple(
        (name, line, target)
        for name, path in modules_().items()
        for line, target in imports_of(path)
        if target in modules_()
    )


def test_every_package_has_its_layer() -> None:
    assert {name.split(".")[0] for name in modules_()} == set(LEVEL)


def test_no_import_points_upward_or_sideways() -> None:
    assert len(arrows()) > 500
    wrong = []
    for importer, line, imported in arrows():
        here, there = importer.split(".")[0], imported.split(".")[0]
        if here != there and LEVEL[there] >= LEVEL[here]:
            wrong.append(f"{importer}, line {line}: imports {imported}")
    assert not wrong, "\n".join(wrong)


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph: dict[str, set[str]] = {name: set() for name in modules_()}
    for importer, _, imported in arrows():
        if importer != imported and not importer.startswith(f"{imported}."):
            graph[importer].add(imported)
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' → '.join(reversed(error.args[1]))}")


def test_no_folder_is_crowded_without_a_reason() -> None:
    counts = {
        str(folder.relative_to(SOURCE)): len([p for p in folder.glob("*.py") if p.stem[0] != "_"])
        for folder in [SOURCE, *(path for path in SOURCE.rglob("*") if path.is_dir())]
    }
    crowded = {name: n for name, n in counts.items() if n > MOST_FILES and name not in LARGE}
    assert not crowded


def test_the_diagram_of_the_house_names_every_package_on_its_layer() -> None:
    """CONTRIBUTING.md draws the layers from the top down, a line each."""
    text = CONTRIBUTING.read_text(encoding="utf-8")
    found = re.search(r"```\n(cli.*?)```", text, re.DOTALL)
    assert found, "no diagram"
    drawn = [
        tuple(re.findall(r"`?([a-z_]+)`?", line.split("  ")[0])) for line in found[1].splitlines()
    ]
    layers = [tuple(sorted(names)) for names in LAYERS if names != ("__main__",)]
    assert [tuple(sorted(names)) for names in drawn] == layers[::-1]


HEAVY = {
    "snakemake", "rasterio", "geopandas", "pyogrio", "shapely", "pyproj", "numba", "jsonschema",
}  # fmt: skip
LEARNING = (
    "networks", "losses", "compute", "training", "evaluation", "tables", "figures", "pipeline",
    "search", "cli", "vocabulary", "fronts", "errors", "files", "logs", "storage",
    "provenance",
)  # fmt: skip
RADAR = ("radar", "orbits", "products", "sar", "simulation", "scenes", "samples")


def foreign_imports(name: str) -> set[str]:
    """Top-level packages from elsewhere that a module imports anywhere in its file."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(modules_()[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
    return found


def test_the_learning_half_needs_no_map_library_and_the_radar_half_no_torch() -> None:
    learning = [name for name in modules_() if name.split(".")[0] in LEARNING]
    learning += ["dataset.reading", "dataset.files"]
    radar = [name for name in modules_() if name.split(".")[0] in RADAR]
    wrong = [f"{name}: {bad}" for name in learning for bad in foreign_imports(name) & HEAVY]
    wrong += [f"{name}: torch" for name in radar if "torch" in foreign_imports(name)]
    assert not wrong


def test_what_the_snakefile_imports_loads_no_numerical_library() -> None:
    """pandas aside, which Snakemake brings; torch alone would cost two seconds at every call."""
    light = [
        name
        for name in modules_()
        if name.startswith("vocabulary") or (name.endswith(".registry") and "product" not in name)
    ]
    light += ["products.delivery.packed", "products.delivery.archives"]
    light += ["training.ending", "dataset.files", "scenes.sources"]
    light += [f"pipeline.{name}" for name in ("steps", "step", "rows", "parameters", "shown")]
    for name in light:
        assert not foreign_imports(name) & {"torch", "numpy", "cv2", "scipy", "matplotlib"}, name
