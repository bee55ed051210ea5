"""Which half of the package needs which libraries."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from calvingfront.training.run import train_network

BARE = """
import sys

class Refuse:
    names = {names!r}
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in self.names:
            raise ImportError("not on this machine: " + name)

sys.meta_path.insert(0, Refuse())
import importlib, pathlib, calvingfront
root = pathlib.Path(calvingfront.__file__).parent
modules = []
for part in {parts!r}:
    place = root / part
    files = sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
    for file in files:
        words = file.relative_to(root).with_suffix("").parts
        modules.append(".".join(("calvingfront", *words)).removesuffix(".__init__"))
for module in modules:
    importlib.import_module(module)
print(len(modules))
"""


def import_without(names: set[str], parts: list[str]) -> subprocess.CompletedProcess[str]:
    source = Path(train_network.__code__.co_filename).parents[2]
    return subprocess.run(
        [sys.executable, "-c", BARE.format(names=names, parts=parts)],
        capture_output=True, text=True, check=False, cwd=source,
    )  # fmt: skip


def test_the_learning_half_imports_on_a_bare_gpu_machine() -> None:
    """Neither Snakemake nor GDAL nor a schema library is there."""
    done = import_without(
        {
            *("snakemake", "rasterio", "geopandas", "jsonschema", "pyogrio", "shapely", "fiona"),
            *("pyproj", "numba"),
        },
        [
            *("vocabulary", "fronts", "networks", "losses", "compute", "training", "evaluation"),
            *("tables", "figures", "dataset/files", "dataset/reading", "pipeline", "cli"),
        ],
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 70


def test_what_comes_before_the_training_and_the_tables_never_import_torch() -> None:
    pytest.importorskip("rasterio", reason="the sample half needs rasterio")
    done = import_without(
        {"torch"},
        [
            *("radar", "orbits", "products", "sar", "simulation", "scenes", "samples", "dataset"),
            *("vocabulary", "fronts", "configuration", "pipeline", "evaluation/metrics", "tables"),
        ],
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 100


def test_jobs_of_single_scenes_start_without_what_takes_longest_to_import() -> None:
    """Half of the processor time of many small scenes is the start of their jobs."""
    pytest.importorskip("rasterio", reason="the sample half needs rasterio")
    done = import_without(
        {"torch", "pandas", "geopandas", "matplotlib"},
        [
            *("sar/geocode", "sar/multilook", "products/ingest", "simulation/archive"),
            *("scenes/importing", "samples/median", "samples/fronts", "samples/square"),
        ],
    )
    assert done.returncode == 0, done.stderr
