"""Every kind of file that one step leaves for the next: how it is made and read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from builders import line_mask, speckled, write_image
from calvingfront.dataset.leakage import split_file
from calvingfront.dataset.pack import pack_files
from calvingfront.dataset.reading import open_dataset, read_split
from calvingfront.evaluation.attention import read_attention
from calvingfront.evaluation.predictions import open_predictions
from calvingfront.evaluation.score_table import read_scores
from calvingfront.evaluation.thresholds import choose_threshold
from calvingfront.figures.attention import read_maps
from calvingfront.locating.gather import gather_fronts
from calvingfront.locating.vectors import write_fronts
from calvingfront.networks.weights import load_network, save_epochs
from calvingfront.samples.square import read_image_of_sample, read_sample, square_file
from calvingfront.sar.grid import MapGrid
from calvingfront.sar.intensity_file import read_intensity, write_intensity
from calvingfront.sar.map_file import write_map
from calvingfront.scenes.geotiff import write_geotiff
from calvingfront.scenes.pixels import read_front, read_grey, write_png
from calvingfront.scenes.rasters import read_image
from calvingfront.scenes.scene_table import read_scenes, scene_table, write_scenes
from calvingfront.simulation.world.world import World, build_world
from calvingfront.storage.sealed import read_record, read_sealed, write_record, write_sealed
from calvingfront.training.run import write_history
from front_examples import front
from packed import band
from radar_scenes import make_image, make_scene
from score_files import score_row
from trained import network, write_trained

SIZE = 64


class Kind(NamedTuple):
    """file: below the folder; make writes it and what belongs to it, read gives its content."""

    file: str
    make: Callable[[Path], object]
    read: Callable[[Path], Any]


def make_map(folder: Path) -> None:
    grid = MapGrid("EPSG:3031", -2_500_000.0, 1_200_000.0, 20.0, 130, 90)
    values = np.random.default_rng(1).exponential(1.0, (130, 90)).astype(np.float32)
    view = np.random.default_rng(2).integers(1, 4, values.shape).astype(np.uint8)
    write_map(folder / "map.tif", folder / "view.tif", grid, values, view, "sigma0", {})


def make_intensity(folder: Path) -> None:
    scene = make_scene("ERS", shape=(60, 50))
    values = np.random.default_rng(1).exponential(1.0, scene.shape)
    write_intensity(make_image(scene, values), folder / "intensity.tif")


def make_square(folder: Path) -> None:
    image = write_image(folder / "in.png", speckled(70, 60, 1))
    mask = write_image(folder / "in_front.png", line_mask(70, 60, 9))
    square_file(image, mask, "a", 20.0, 20.0, SIZE, 3, folder / "a.npz")


def make_dataset(folder: Path) -> None:
    """Packed samples of six scenes, and their split."""
    samples, names = [], [f"s{k}" for k in range(6)]
    for number, name in enumerate(names):
        image = write_image(folder / "in" / f"{name}.png", speckled(70, 60, number))
        mask = write_image(folder / "in" / f"{name}_front.png", line_mask(70, 60, 9 + number))
        samples.append(folder / "in" / f"{name}.npz")
        square_file(image, mask, name, 20.0, 20.0, SIZE, 3, samples[-1])
    row = {"glacier": "SI", "mission": "ERS"}
    days = [f"200{number}-02-03" for number in range(6)]
    rows = [{"scene": n, "acquired": day} | row for n, day in zip(names, days, strict=True)]
    write_scenes(folder / "in" / "scenes.tsv", scene_table(rows))
    arrays = {key: folder / f"{key}.npy" for key in ("images", "fronts", "valid")}
    pack_files(samples, folder / "in" / "scenes.tsv", **arrays, index=folder / "index.tsv")
    split_file(
        folder / "index.tsv", folder / "split.tsv", folder / "in" / "l.tsv", folder / "in" / "l.md",
        method="time", seed=1, shares=[3, 1, 2], gap_days=0,
    )  # fmt: skip


def make_predictions(folder: Path) -> None:
    from calvingfront.evaluation.predictions import write_predictions

    values = np.random.default_rng(3).random((4, 16, 16))
    table = pd.DataFrame({"scene": list("abcd"), "subset": "test"})
    write_predictions([values], 16, table, folder / "probabilities.npy", folder / "index.tsv")


def make_threshold(folder: Path) -> None:
    write_trained(folder)
    values = np.stack([band(16, row, 3) for row in (3, 2)]) * np.float32(0.5)
    from calvingfront.evaluation.predictions import write_predictions

    table = pd.DataFrame({"scene": ["s3", "s2"], "subset": ["validation", "test"]})
    write_predictions([values], 16, table, folder / "p.npy", folder / "p.tsv")
    choose_threshold(
        folder, folder / "p.npy", folder / "p.tsv", folder / "threshold.json", folder / "curve.tsv"
    )


def make_scores(folder: Path) -> None:
    rows = [
        score_row(scene, 0.5, protocol=protocol)
        for protocol in ("validation_threshold", "paper_protocol")
        for scene in ("SI_a", "SI_b", "SI_c")
    ]
    run = folder / "evaluation" / "unet" / "bce" / "seed1"
    write_sealed(run / "scores.tsv", pd.DataFrame(rows))


def make_maps(folder: Path) -> None:
    write_trained(folder)
    weights, record = folder / "weights.safetensors", folder / "run.json"
    where = folder / "maps.npz"
    read_attention(folder, weights, weights, record, where, scenes=["s0"], device="cpu", threads=1)


def make_epochs(folder: Path) -> None:
    write_trained(folder)
    states = {epoch: network(seed=epoch).state_dict() for epoch in (2, 5)}
    save_epochs(states, folder / "epochs.safetensors")


def make_record(folder: Path) -> None:
    write_trained(folder)
    write_record(folder / "run.json", read_record(folder / "run.json") | {"best_epoch": 3})


def make_history(folder: Path) -> None:
    rows = [
        {"epoch": k, "learning_rate": 0.1, "train_loss": 1 / k, "validation_loss": 1.5 / k,
         "monitor": 0.1 * k, "seconds": 1.0}
        for k in range(1, 30)
    ]  # fmt: skip
    write_history(rows, folder / "unet" / "bce" / "seed1" / "history.tsv")


def read_history(folder: Path) -> None:
    from calvingfront.figures.training import _history

    return _history(folder / "unet" / "bce" / "seed1" / "history.tsv").to_dict()


def weights_of(folder: Path) -> list[npt.NDArray[Any]]:
    net = load_network(folder / "weights.safetensors", folder / "run.json")
    return [value.numpy() for value in net.state_dict().values()]


def gathered(folder: Path) -> str:
    gather_fronts([folder / "a.gpkg"], folder / "out" / "all.gpkg", folder / "out" / "all.md")
    return (folder / "out" / "all.md").read_text(encoding="utf-8")


def packed(folder: Path) -> list[Any]:
    data = open_dataset(folder)
    return [np.array(data.images), np.array(data.fronts), data.index.to_dict()]


IMAGE = speckled(60, 50, 4)
KINDS: dict[str, Kind] = {
    "image.png": Kind(
        "image.png",
        lambda folder: write_png(folder / "image.png", IMAGE),
        lambda folder: read_grey(folder / "image.png", made=True),
    ),
    "front.png": Kind(
        "front.png",
        lambda folder: write_png(folder / "front.png", line_mask(60, 50, 9)),
        lambda folder: read_front(folder / "front.png", made=True),
    ),
    "image.tif": Kind(
        "image.tif",
        lambda folder: write_geotiff(folder / "image.tif", IMAGE, "EPSG:3031", (0.0, 0.0), 10.0),
        lambda folder: read_grey(folder / "image.tif", made=True),
    ),
    "map.tif": Kind("map.tif", make_map, lambda folder: read_image(folder / "map.tif")[0]),
    "intensity.tif": Kind(
        "intensity.tif",
        make_intensity,
        lambda folder: read_intensity(folder / "intensity.tif").intensity,
    ),
    "intensity.json": Kind(
        "intensity.json",
        make_intensity,
        lambda folder: str(read_intensity(folder / "intensity.tif")),
    ),
    "sample": Kind("a.npz", make_square, lambda folder: read_sample(folder / "a.npz")),
    "sample without front": Kind(
        "a.npz", make_square, lambda folder: read_image_of_sample(folder / "a.npz")
    ),
    "scenes.tsv": Kind(
        "in/scenes.tsv", make_dataset, lambda folder: read_scenes(folder / "in" / "scenes.tsv")
    ),
    "images.npy": Kind("images.npy", make_dataset, packed),
    "fronts.npy": Kind("fronts.npy", make_dataset, packed),
    "index.tsv": Kind("index.tsv", make_dataset, packed),
    "split.tsv": Kind("split.tsv", make_dataset, read_split),
    "weights": Kind("weights.safetensors", write_trained, weights_of),
    "kept epochs": Kind(
        "epochs.safetensors",
        make_epochs,
        lambda folder: [
            value.numpy()
            for value in load_network(folder / "epochs.safetensors", folder / "run.json", 5)
            .state_dict()
            .values()
        ],
    ),
    "run.json": Kind("run.json", make_record, weights_of),
    "history.tsv": Kind("unet/bce/seed1/history.tsv", make_history, read_history),
    "probabilities.npy": Kind(
        "probabilities.npy",
        make_predictions,
        lambda folder: np.array(
            open_predictions(folder / "probabilities.npy", folder / "index.tsv")[0]
        ),
    ),
    "index of predictions": Kind(
        "index.tsv",
        make_predictions,
        lambda folder: open_predictions(folder / "probabilities.npy", folder / "index.tsv")[1],
    ),
    "threshold.json": Kind(
        "threshold.json", make_threshold, lambda folder: read_record(folder / "threshold.json")
    ),
    "threshold_curve.tsv": Kind(
        "curve.tsv", make_threshold, lambda folder: read_sealed(folder / "curve.tsv")
    ),
    "scores.tsv": Kind(
        "evaluation/unet/bce/seed1/scores.tsv",
        make_scores,
        lambda folder: read_scores(folder / "evaluation" / "unet" / "bce" / "seed1" / "scores.tsv"),
    ),
    "attention": Kind(
        "maps.npz", make_maps, lambda folder: read_maps(folder / "maps.npz", "best", "a").levels
    ),
    "world": Kind(
        "world.npz",
        lambda folder: build_world(1, extent_m=4000.0, output=folder / "world.npz"),
        lambda folder: str(vars(World.load(folder / "world.npz"))),
    ),
    "located front": Kind(
        "a.gpkg", lambda folder: write_fronts([front()], folder / "a.gpkg"), gathered
    ),
}
