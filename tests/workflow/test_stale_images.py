"""Changes of one's own images, fronts and lists: what must, and must not, be made anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import geopandas
import numpy as np
import pytest
import rasterio
import yaml
from rasterio.transform import from_origin
from shapely.geometry import LineString

from builders import line_mask, speckled, write_image
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

Snakemake = Callable[..., CompletedProcess[str]]

pytestmark = pytest.mark.timeout(900)


def geotiff(path: Path, pixels: np.ndarray[Any, Any], left: float = 0.0) -> None:
    with rasterio.open(
        path, "w", driver="GTiff", height=pixels.shape[0], width=pixels.shape[1], count=1,
        dtype=pixels.dtype, crs="EPSG:3031", transform=from_origin(left, 1000, 20, 20),
    ) as dataset:  # fmt: skip
        dataset.write(pixels, 1)


def front_lines(folder: Path, row_of_a: int = 9) -> None:
    """The fronts of a and b as one Shapefile, found by the attribute `scene`."""
    y = {"a": 1000 - 20 * row_of_a, "b": 700}
    lines = [LineString([(0, y[name]), (960, y[name] - 20)]) for name in "ab"]
    frame = geopandas.GeoDataFrame({"scene": ["a", "b"]}, geometry=lines, crs="EPSG:3031")
    frame.to_file(folder / "fronts.shp")


def images_config(**changes: Any) -> dict[str, Any]:
    source = {
        "kind": "images", "images": {"table": "table.csv"}, "exclude": {"x": "too dark"},
    }  # fmt: skip
    return {"source": source | changes, "split": {"method": "paper", "lists": "lists.csv"}}


SPLIT_FILE = "results/test/dataset/split.tsv"
REPORT = "results/test/scenes.html"


@pytest.fixture(scope="session")
def images_run(tmp_path_factory: pytest.TempPathFactory, snakemake: Snakemake) -> Path:
    """Four of one's own images, packed and split: two GeoTIFFs with lines, two PNGs with masks."""
    folder = tmp_path_factory.mktemp("images")
    for seed, name in enumerate("ab"):
        geotiff(folder / f"{name}.tif", speckled(40, 48, seed))
    for seed, name in enumerate("cd"):
        write_image(folder / f"{name}.png", speckled(40, 48, 5 + seed))
        write_image(folder / f"{name}_front.png", line_mask(40, 48, 9 + seed))
    front_lines(folder)
    rows = ["scene,glacier,mission,acquired,image,front,pixel_size_m"]
    rows += [f"{name},G,ERS,2001-01-0{n},{name}.tif,fronts.shp," for n, name in enumerate("ab", 1)]
    rows += [f"{name},G,ERS,2002-01-0{n},{name}.png,{name}_front.png,20" for n, name in
             enumerate("cdx", 1)]  # fmt: skip
    (folder / "table.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    subsets = zip("abcd", ("train", "train", "validation", "test"), strict=True)
    lists = ["caffe_name,split", *(",".join(pair) for pair in subsets)]
    (folder / "lists.csv").write_text("\n".join(lists) + "\n", encoding="utf-8")
    mine = folder / "mine.yaml"
    mine.write_text(yaml.safe_dump(images_config()), encoding="utf-8")
    done = snakemake(
        "--cores", "2", "--configfile", OVERLAY, mine, "--", SPLIT_FILE, REPORT, directory=folder
    )
    assert done.returncode == 0, done.stdout[-5000:]
    return folder


def other_names(folder: Path) -> None:
    """The scenes of the lines swapped, in the Shapefile's table only."""
    path = folder / "fronts.dbf"
    content = path.read_bytes()
    place = content.index(b"a ", 40)
    swapped = content[:place] + b"b" + content[place + 1 :]
    place = swapped.index(b"b ", place + 2)
    path.write_bytes(swapped[:place] + b"a" + swapped[place + 1 :])


IMPORTED = {"import_scene", "filter_speckle", "dilate_front", "square_image", "check_scenes",
            "report_scenes", "pack_samples", "split_scenes"}  # fmt: skip
IMAGE_CHANGES: dict[str, FileChange] = {
    "nothing": (lambda folder: None, {}, NONE, {}),
    "new dates": (touch_all, {}, NONE, {}),
    "a pixel of an older date": (
        lambda folder: keep_date(folder / "c.png", flip), {}, IMPORTED, {"import_scene": 1},
    ),
    "a mask": (lambda folder: flip(folder / "d_front.png"), {}, IMPORTED, {"import_scene": 1}),
    "the table of a Shapefile": (other_names, {}, IMPORTED, {"import_scene": 2}),
    "the lines of a Shapefile": (
        lambda folder: front_lines(folder, 12), {}, IMPORTED, {"import_scene": 2},
    ),
    "statistics beside an image": (
        lambda folder: (folder / "c.png.aux.xml").write_text("<PAMDataset/>"), {}, IMPORTED,
        {"import_scene": 1},
    ),
    "a file that is nobody's": (
        lambda folder: (folder / "notes.txt").write_text("nothing"), {}, NONE, {},
    ),
    "the published lists": (
        lambda folder: (folder / "lists.csv").write_text(
            (folder / "lists.csv").read_text().replace("b,train", "b,test")
        ), {}, {"split_scenes"}, {},
    ),
    "a reason in other words": (
        lambda folder: None, images_config(exclude={"x": "dark"}), {"report_scenes"}, {},
    ),
    "hemisphere": (lambda folder: None, images_config(hemisphere="south"), NONE, {}),
    "shares beside lists": (lambda folder: None, {"split": {"shares": [1, 1, 1]}}, NONE, {}),
    "another scene excluded": (
        lambda folder: (folder / "lists.csv").write_text(
            (folder / "lists.csv").read_text().replace("b,train", ",train")
        ), images_config(exclude={"x": "too dark", "b": "torn"}),
        {"check_scenes", "report_scenes", "pack_samples", "split_scenes"}, {},
    ),
}  # fmt: skip


@pytest.fixture(scope="session")
def image_changes(
    images_run: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, int]]:
    scratch = tmp_path_factory.mktemp("image_changes")
    return plans_after(IMAGE_CHANGES, images_run, [SPLIT_FILE, REPORT], scratch)


@pytest.mark.parametrize("name", IMAGE_CHANGES)
def test_a_change_of_ones_own_images_makes_anew_exactly_what_depends_on_it(
    image_changes: dict[str, dict[str, int]], name: str
) -> None:
    assert_planned(image_changes[name], IMAGE_CHANGES[name])
