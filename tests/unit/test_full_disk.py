"""Every kind of file on a full disk: told by name, the former file whole, nothing left behind."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import rasterio
import torch

import simulated_images
from builders import line_mask, speckled, write_image
from calvingfront.dataset.pack import pack_files
from calvingfront.errors import DiskError
from calvingfront.evaluation.attention import read_attention
from calvingfront.evaluation.predictions import write_predictions
from calvingfront.files import write_json, write_text
from calvingfront.geofiles.whole_rasters import replacing_raster
from calvingfront.locating.outputs.probability import write_probability
from calvingfront.locating.vectors import write_fronts, write_geoparquet, write_shapefile
from calvingfront.networks.weights import save_weights
from calvingfront.reports import write_report
from calvingfront.samples.square import square_file
from calvingfront.sar.grid import MapGrid
from calvingfront.sar.intensity_file import write_intensity
from calvingfront.sar.map_file import write_map
from calvingfront.scenes.geotiff import write_geotiff
from calvingfront.scenes.pixels import write_png
from calvingfront.scenes.scene_table import scene_table, write_scenes
from calvingfront.simulation.product_writers.envisat import write_envisat
from calvingfront.simulation.product_writers.terrasar import write_terrasar
from calvingfront.simulation.world.world import World, build_world
from calvingfront.storage.arrays import replacing_array
from calvingfront.storage.sealed import write_record
from calvingfront.training.resuming.state import StateFolder
from front_examples import front, full
from full_disk import PAGE, SmallDisk, small_disk
from radar_scenes import make_image, make_scene
from trained import network, write_trained

NOISE = np.random.default_rng(0).integers(1, 255, (300, 210), dtype=np.uint8)
FRONTS = [*(front(f"s{k}") for k in range(40)), full()]
Writer = Callable[[Path], object]


def write_multilooked(folder: Path) -> None:
    scene = make_scene("ERS", shape=(150, 200))
    values = np.random.default_rng(1).exponential(1.0, scene.shape)
    write_intensity(make_image(scene, values), folder / "intensity.tif")


def write_geocoded(folder: Path) -> None:
    grid = MapGrid("EPSG:3031", -2_500_000.0, 1_200_000.0, 20.0, 600, 300)
    values = np.random.default_rng(1).exponential(1.0, (600, 300)).astype(np.float32)
    values[:50] = np.nan
    view = np.random.default_rng(2).integers(1, 4, values.shape).astype(np.uint8)
    facts = {"mission": "ERS"}
    write_map(folder / "map.tif", folder / "view.tif", grid, values, view, "sigma0", facts)


def write_probabilities(folder: Path) -> None:
    values = np.random.default_rng(3).random((4, 64, 64))
    table = pd.DataFrame({"scene": list("abcd"), "subset": "test"})
    write_predictions([values], 64, table, folder / "probabilities.npy", folder / "index.tsv")


def write_probability_map(folder: Path) -> None:
    facts: dict[str, Any] = {
        "scene": "a", "acquired": "2010-01-01", "crs": "EPSG:3031", "upper_left_x": 0.0,
        "upper_left_y": 0.0, "step_x": 1.0, "step_y": 1.0, "source_pixel_size_x_m": 10.0,
        "source_pixel_size_y_m": 10.0, "content_height": 128, "content_width": 128,
    }  # fmt: skip
    write_probability(folder / "a.tif", facts, np.random.default_rng(4).random((128, 128)))


def write_state(folder: Path) -> None:
    torch.manual_seed(1)
    StateFolder(folder).write({"network.w": torch.rand(6000)}, {"epoch": 1})


def write_weights(folder: Path) -> None:
    save_weights(dict(network().state_dict()), folder / "weights.safetensors")


@cache
def world() -> World:
    return build_world(1, extent_m=4000.0)


class Made:
    """Inputs of writers that need some, made once on the large disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.samples = []
        for seed, scene in enumerate("abc"):
            image = write_image(folder / f"{scene}.png", speckled(70, 60, seed))
            mask = write_image(folder / f"{scene}_front.png", line_mask(70, 60, 9 + seed))
            self.samples.append(folder / "square" / f"{scene}.npz")
            square_file(image, mask, scene, 20.0, 20.0, 64, 3, self.samples[-1])
        row = {"glacier": "SI", "mission": "ERS", "acquired": "2001-02-03"}
        self.scenes = scene_table([{"scene": scene} | row for scene in "abc"])
        write_scenes(folder / "scenes.tsv", self.scenes)
        self.trained = write_trained(folder / "trained")

    def square(self, folder: Path) -> None:
        image, mask = self.folder / "a.png", self.folder / "a_front.png"
        square_file(image, mask, "a", 20.0, 20.0, 96, 3, folder / "a.npz")

    def pack(self, folder: Path) -> None:
        arrays = {key: folder / f"{key}.npy" for key in ("images", "fronts", "valid")}
        scenes = self.folder / "scenes.tsv"
        pack_files(self.samples, scenes, **arrays, index=folder / "index.tsv")

    def attention(self, folder: Path) -> None:
        weights, record = self.trained / "weights.safetensors", self.trained / "run.json"
        read_attention(
            self.trained, weights, weights, record, folder / "maps.npz", scenes=["s0"],
            device="cpu", threads=1,
        )  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("made"))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk") as found:
        yield found


def draw(folder: Path) -> None:
    from matplotlib.figure import Figure

    from calvingfront.figures.style import save

    figure = Figure(figsize=(0.5, 0.5))
    figure.add_subplot().imshow(NOISE)
    save(figure, folder / "figure.png", folder / "figure.pdf")


KINDS: dict[str, Writer] = {
    "image (PNG)": lambda folder: write_png(folder / "image.png", NOISE),
    "image (GeoTIFF)": lambda folder: write_geotiff(
        folder / "image.tif", NOISE, "EPSG:3031", (0.0, 0.0), 10.0
    ),
    "intensity and its record": write_multilooked,
    "backscatter and view (COG)": write_geocoded,
    "probability map (COG)": write_probability_map,
    "table": lambda folder: write_scenes(
        folder / "scenes.tsv",
        scene_table({"scene": f"s{k}", "glacier": "SI"} for k in range(200)),
    ),
    "record": lambda folder: write_record(folder / "run.json", {"history": list(range(2000))}),
    "item": lambda folder: write_json(folder / "item.json", {"features": list(range(2000))}),
    "text": lambda folder: write_text(folder / "config.yaml", "key: value\n" * 1000),
    "report": lambda folder: write_report(
        "# A\n\n" + "Text.\n\n" * 900, folder / "a.md", folder / "a.html"
    ),
    "predictions": write_probabilities,
    "weights": write_weights,
    "state": write_state,
    "fronts (GeoPackage)": lambda folder: write_fronts(FRONTS, folder / "fronts.gpkg"),
    "fronts (GeoParquet)": lambda folder: write_geoparquet(FRONTS, folder / "fronts.parquet"),
    "fronts (Shapefile)": lambda folder: write_shapefile(FRONTS, folder / "fronts.shp"),
    "figure": draw,
    "product (Envisat)": lambda folder: write_envisat(
        simulated_images.envisat_image("IMP"), folder
    ),
    "product (COSAR)": lambda folder: write_terrasar(
        simulated_images.terrasar_image("SSC"), folder
    ),
    "product (GeoTIFF)": lambda folder: write_terrasar(
        simulated_images.terrasar_image("MGD"), folder
    ),
    "world": lambda folder: world().save(folder / "world.npz"),
}
OF_INPUTS = ("square", "pack", "attention")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", [*KINDS, *OF_INPUTS])
def test_a_full_disk_is_told_and_the_former_files_stay_whole(
    kind: str, disk: SmallDisk, made: Made
) -> None:
    """From no free page to one less than is needed, the last flush among them."""
    write = KINDS[kind] if kind in KINDS else getattr(made, kind)
    folder = disk.path / "results"
    folder.mkdir()
    before = disk.free
    write(folder)
    good = contents(folder)
    assert good
    needed = before - disk.free
    refused = 0
    # Replacing needs the space once more; GeoPackages need some for their journal.
    for pages in counts(needed):
        disk.leave(pages)
        try:
            write(folder)
        except DiskError as error:
            refused += 1
            assert str(folder) in error.where  # noqa: PT017
            assert "cannot be written" in str(error)  # noqa: PT017
            assert "\n" not in str(error)  # noqa: PT017
        assert contents(folder) == good, f"{pages} of {needed} pages free"
    assert refused
    # Nothing there before: then either nothing or everything.
    for pages in counts(needed):
        disk.empty()
        shutil.rmtree(folder)
        folder.mkdir()
        disk.leave(pages)
        try:
            write(folder)
            assert contents(folder) == good
        except DiskError:
            assert contents(folder).items() <= good.items(), f"{pages} of {needed} pages free"
    disk.empty()
    write(folder)
    assert contents(folder) == good


def counts(needed: int) -> list[int]:
    """Numbers of free pages to try."""
    last = range(max(needed - 4, 0), needed + 2)
    return sorted({*range(min(needed, 4)), *range(0, needed, max(needed // 8, 1)), *last})


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, hidden ones too."""
    found = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    # safetensors shuffles the keys of several metadata.
    return {name: bytes(sorted(data)) if "state" in name else data for name, data in found.items()}


def test_an_array_that_does_not_fit_is_told_before_it_is_computed(disk: SmallDisk) -> None:
    disk.leave(10)
    asked = []
    with (
        pytest.raises(DiskError, match=r"0\.0 MB free, 1\.0 MB needed"),
        replacing_array(disk.path / "a.npy", (16, 256, 256), "u1") as append,
    ):
        asked.append(append)
    assert not asked
    assert [path.name for path in disk.path.iterdir()] == ["filler"]
    assert PAGE == 4096


def test_blocks_that_never_arrived_are_seen(tmp_path: Path) -> None:
    """GDAL reads a block that was lost as zeros, without an error."""

    def write() -> None:
        with (
            replacing_raster(tmp_path / "a.tif", [NOISE]) as temporary,
            rasterio.open(
                temporary, "w", driver="GTiff", height=300, width=210, count=1, dtype="uint8",
                blockysize=16, compress="deflate", SPARSE_OK=True,
            ) as target,
        ):  # fmt: skip
            target.write(NOISE[:160], 1, window=((0, 160), (0, 210)))

    with pytest.raises(DiskError, match="what was read back is not what was written"):
        write()
    assert not list(tmp_path.iterdir())
