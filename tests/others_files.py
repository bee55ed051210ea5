"""Results of others for tests: packed scenes with straight fronts, and files that copy them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import shapely

from builders import line_mask, speckled, write_image
from calvingfront.dataset.pack import pack_files
from calvingfront.errors import CalvingFrontError
from calvingfront.evaluation.others.importing import import_others
from calvingfront.samples.fronts import dilate_file
from calvingfront.samples.square import square_file
from calvingfront.scenes.scene_table import scene_table, write_scenes
from packed import write_split

NATIVE, SIZE, WIDTH = 128, 64, 3  # a sample pixel is two pixels of 10 m
ROWS = {"train": 20, "held": 40, "one": 60, "two": 80}  # of the true fronts, native
CORNER = (-2_462_000.0, 1_427_000.0)
SCENES = ("one", "two")  # of the test set
SKELETON = 0.01  # skeletons bend by a pixel at their ends

Score = Callable[..., pd.DataFrame]


def on_map(scene: str, row: float) -> shapely.LineString:
    """The line through the centres of a native row, in EPSG:3031."""
    y = CORNER[1] - (row + 0.5) * 10
    return shapely.LineString([(CORNER[0] + 5, y), (CORNER[0] + NATIVE * 10 - 5, y)])


def pack(folder: Path, **cells: Any) -> Path:
    """Four packed scenes with horizontal fronts, made from their files as in the workflow."""
    place = {"crs": "EPSG:3031", "upper_left_x": CORNER[0], "upper_left_y": CORNER[1]} | cells
    samples, rows = [], []
    for seed, (scene, row) in enumerate(ROWS.items()):
        image = write_image(folder / f"{scene}.png", speckled(NATIVE, NATIVE, seed))
        drawn = write_image(folder / f"{scene}_front.png", line_mask(NATIVE, NATIVE, row))
        front = folder / "fronts" / f"{scene}.png"
        dilate_file(drawn, 10.0, 10.0, SIZE, WIDTH, front)
        samples.append(folder / "square" / f"{scene}.npz")
        square_file(image, front, scene, 10.0, 10.0, SIZE, WIDTH, samples[-1], **place)
        rows.append(
            {"scene": scene, "glacier": "SI", "mission": "TSX", "acquired": f"2010-01-0{seed + 1}"}
        )
    write_scenes(folder / "scenes.tsv", scene_table(rows))
    data = folder / "dataset"
    arrays = {name: data / f"{name}.npy" for name in ("images", "fronts", "valid")}
    data.mkdir()
    pack_files(samples, folder / "scenes.tsv", **arrays, index=data / "index.tsv")
    write_split(data, train=["train"], validation=["held"], test=list(SCENES))
    return data


def run_import(folder: Path, out: Path, data: Path, **entry: str) -> dict[str, Any]:
    other = {"folder": str(folder), "kind": "auto", "missing": "error"} | entry
    files = {"probabilities": "probabilities.npy", "predictions": "index.tsv",
             "record": "import.json"}  # fmt: skip
    paths = {key: out / "out" / name for key, name in files.items()}
    import_others(data, "theirs", other, "f1", **paths)
    record: dict[str, Any] = json.loads(paths["record"].read_text(encoding="utf-8"))
    return record


def faults_of(folder: Path, out: Path, data: Path, **entry: str) -> str:
    """What an import says that is refused; nothing may be left of it."""
    with pytest.raises(CalvingFrontError) as caught:
        run_import(folder, out, data, **entry)
    assert not list(out.glob("out/*"))
    return str(caught.value)


def write_masks(
    folder: Path, masks: Mapping[str, npt.NDArray[np.uint8]], name: str = "{}_front.png"
) -> Path:
    for scene, mask in masks.items():
        write_image(folder / name.format(scene), mask)
    return folder


def moved(down: int, thickness: int = 1, value: int = 255) -> dict[str, npt.NDArray[np.uint8]]:
    """The true fronts of the held-out scenes, `down` native pixels too low."""
    return {
        scene: line_mask(NATIVE, NATIVE, ROWS[scene] + down - thickness // 2, thickness)
        // 255
        * np.uint8(value)
        for scene in ("held", *SCENES)
    }


def check(scores: pd.DataFrame, shift: int) -> None:
    """Bands of 3 × 64 px, `shift` sample pixels apart, under both protocols."""
    overlap = max(0, WIDTH - shift) * SIZE
    expected = (2 * overlap + 1) / (2 * WIDTH * SIZE + 1)
    for protocol in ("validation_threshold", "paper_protocol"):
        for scene in SCENES:
            row = scores.loc[protocol, scene]
            assert row.dice == pytest.approx(expected, abs=1e-6)
            assert row.mde_m == pytest.approx(shift * 20, rel=SKELETON, abs=1e-9)
            assert row.missing == 0


def check_nothing(scores: pd.DataFrame, scene: str) -> None:
    row = scores.loc["validation_threshold", scene]
    assert (row.missing, row.predicted_px) == (1, 0)
    assert row.dice == pytest.approx(1 / (WIDTH * SIZE + 1))
    assert np.isnan(row.mde_m)


def lines_of(scenes: tuple[str, ...], down: float, crs: str = "EPSG:3031") -> Any:
    shapes = [on_map(scene, ROWS[scene] + down) for scene in scenes]
    table = geopandas.GeoDataFrame({"scene": list(scenes)}, geometry=shapes, crs="EPSG:3031")
    return table.to_crs(crs)
