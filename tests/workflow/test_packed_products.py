"""Products in archives: unpacked once, by content, and none stops the others."""

from __future__ import annotations

import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import yaml

import simulated_images as images
from calvingfront.simulation.product_writers.envisat import write_envisat
from front_layers import write_fronts
from packed_products import eo_sip, gzip_of, tar_of
from terrain_files import write_dem

CONFIG = Path(__file__).resolve().parents[2] / "config"
SAID = "ENVISAT", "2006-03-05"

Snakemake = Callable[..., CompletedProcess[str]]
pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Packed products: a to c without fronts, c damaged, d to f with; b and d say nothing more."""
    product = write_envisat(images.envisat_image(), tmp_path)
    eo_sip(product, tmp_path / "a.ZIP")
    (tmp_path / "order").mkdir()
    shutil.move(product, tmp_path / "order" / product.name)
    tar_of(tmp_path / "order", tmp_path / "b.tar.gz")
    (tmp_path / "c.zip").write_bytes((tmp_path / "a.ZIP").read_bytes()[:5000])
    for name in "def":
        gzip_of(tmp_path / "order" / product.name, tmp_path / f"{name}.N1.gz")
    shutil.rmtree(tmp_path / "order")
    write_fronts(tmp_path / "fronts.gpkg", "def")
    write_dem(tmp_path / "dem.tif", (-180, -90, 180, 90), 5.0, "EPSG:4326")
    lines = ["scene,glacier,mission,acquired,product,front"]
    lines += [f"a,G,{SAID[0]},{SAID[1]},a.ZIP,", "b,G,,,b.tar.gz,"]
    lines += [f"c,G,{SAID[0]},{SAID[1]},c.zip,"]
    lines += [f"{name},G,,,{name}.N1.gz,fronts.gpkg" for name in "def"]
    (tmp_path / "table.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    mine = {
        "source": {"kind": "products", "products": {"table": "table.csv"}},
        "map": {"crs": "EPSG:3031", "dem": "dem.tif"},
        "split": {"shares": [1, 1, 1]},
        "results": "results",
    }
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(mine), encoding="utf-8")
    return tmp_path


def test_archives_are_unpacked_once_by_content_and_a_damaged_one_stops_only_its_scene(
    snakemake: Snakemake, folder: Path
) -> None:
    made = [f"results/scenes/{name}/intensity.tif" for name in "abc"]
    asked = ("--configfile", CONFIG / "test.yaml", "mine.yaml", "--cores", "2", "--keep-going")

    planned = snakemake("-n", *made, *asked, directory=folder)
    assert planned.returncode == 0, planned.stdout
    assert planned.stdout.count("rule unpack_product") == 3
    assert not (folder / "results" / "unpacked").exists()

    done = snakemake(*made, *asked, directory=folder)
    assert done.returncode == 1
    assert [(folder / path).exists() for path in made] == [True, True, False]
    assert "  c: unpack_product failed: c.zip: is damaged" in done.stdout
    assert "Traceback" not in done.stdout
    assert not (folder / "results" / "unpacked").exists()

    os.utime(folder / "a.ZIP")
    done = snakemake(*made[:2], *asked, directory=folder)
    assert "Nothing to be done" in done.stdout

    with zipfile.ZipFile(folder / "a.ZIP", "a") as archive:
        archive.writestr("readme.txt", "delivered again")
    done = snakemake(*made[:2], *asked, directory=folder)
    assert done.returncode == 0, done.stdout
    for rule in ("unpack_product", "ingest_product", "multilook_scene"):
        assert done.stdout.count(f"rule {rule}:") == 1, rule
