"""Changes of one's own products, terrain and map: what must, and must not, be made anew."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import numpy as np
import pandas as pd
import pytest
import rasterio
import yaml

from calvingfront.scenes.simulated import map_settings
from planned_changes import (
    NONE,
    OVERLAY,
    FileChange,
    assert_planned,
    flip,
    keep_date,
    plans_after,
    touch_all,
)

TINY = yaml.safe_load(OVERLAY.read_text(encoding="utf-8"))

Snakemake = Callable[..., CompletedProcess[str]]

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="session")
def products_run(
    tiny_run: Path, tmp_path_factory: pytest.TempPathFactory, snakemake: Snakemake
) -> Path:
    """Two simulated products as the user's own, geocoded."""
    folder = tmp_path_factory.mktemp("products")
    archive = tiny_run / "results" / "test" / "archive"
    shutil.copy(archive / "dem.tif", folder / "dem.tif")
    with rasterio.open(folder / "dem.tif") as dem:
        profile, shape = dem.profile, dem.shape
    with rasterio.open(folder / "geoid.tif", "w", **profile) as geoid:
        geoid.write(np.full(shape, 1, profile["dtype"]), 1)
    rows = ["scene,glacier,mission,acquired,product,front"]
    scenes = pd.read_csv(tiny_run / "results/test/scenes.tsv", sep="\t")
    chosen = [scenes[scenes["mission"] == mission].iloc[0] for mission in ("TSX", "ERS")]
    for row in chosen:
        record = archive / "products" / row["scene"] / "product.json"
        product = json.loads(record.read_text(encoding="utf-8"))["product"]
        source = record.parent / product
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, folder / source.name)
        rows.append(
            f"{row['scene']},{row['glacier']},{row['mission']},{row['acquired']},{source.name},"
        )
    (folder / "table.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    every = map_settings(TINY | {"map": {}})["areas"]
    areas = {row["glacier"]: every[row["glacier"]] for row in chosen}
    mine = {
        "source": {"kind": "products", "products": {"table": "table.csv"}},
        "map": {
            "crs": "EPSG:3031",
            "dem": "dem.tif",
            "geoid": "geoid.tif",
            "areas": areas,
        },
        "locating": {"model": str(tiny_run / "results" / "test" / "model")},
    }
    (folder / "mine.yaml").write_text(yaml.safe_dump(mine), encoding="utf-8")
    done = snakemake(
        "--cores",
        "2",
        "--configfile",
        OVERLAY,
        folder / "mine.yaml",
        "--",
        *maps(folder),
        directory=folder,
    )
    assert done.returncode == 0, done.stdout[-5000:]
    return folder


def maps(folder: Path) -> list[str]:
    scenes = pd.read_csv(folder / "table.csv")["scene"]
    return [f"results/test/scenes/{scene}/map.tif" for scene in scenes]


def pixels_of(folder: Path) -> None:
    """Overwrite pixels inside a product's folder, with its size and date."""
    product = next(folder / name for name in pd.read_csv(folder / "table.csv")["product"]
                   if (folder / name).is_dir())  # fmt: skip
    largest = max((path for path in product.rglob("*") if path.is_file()),
                  key=lambda path: path.stat().st_size)  # fmt: skip
    keep_date(largest, flip)


RADAR = {"ingest_product", "multilook_scene", "geocode_scene"}
PRODUCT_CHANGES: dict[str, FileChange] = {
    "new dates": (touch_all, {}, NONE, {}),
    "pixels inside a product's folder": (pixels_of, {}, RADAR, dict.fromkeys(RADAR, 1)),
    "a terrain model of an older date": (
        lambda folder: keep_date(folder / "dem.tif", flip), {}, {"geocode_scene"},
        {"geocode_scene": 2},
    ),
    "a geoid of an older date": (
        lambda folder: keep_date(folder / "geoid.tif", flip), {}, {"geocode_scene"},
        {"geocode_scene": 2},
    ),
    "the pixels of a mission that no scene has": (
        lambda folder: None, {"map": {"spacing_m": {"PALSAR": 33.0}}}, NONE, {},
    ),
    "terrain flattening": (
        lambda folder: None, {"map": {"terrain_flattening": True}}, {"geocode_scene"}, {},
    ),
}  # fmt: skip


@pytest.fixture(scope="session")
def product_changes(
    products_run: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, int]]:
    scratch = tmp_path_factory.mktemp("product_changes")
    return plans_after(PRODUCT_CHANGES, products_run, maps(products_run), scratch)


@pytest.mark.parametrize("name", PRODUCT_CHANGES)
def test_a_change_of_products_and_maps_geocodes_anew_exactly_what_depends_on_it(
    product_changes: dict[str, dict[str, int]], name: str
) -> None:
    assert_planned(product_changes[name], PRODUCT_CHANGES[name])
