"""Seconds per scene by stage, and memory, of locating fronts in many geocoded images.

    python benchmarks/locating.py --images 100 1000

A model folder is exported from an untrained network whose weights are set so that bright pixels
are front: it costs what a trained one costs, and draws one line through each scene. The images are
noise with a bright winding front, written as GeoTIFF; they are links to 20 files, read each time.
Each row is a separate process. `find` is the search for images with their headers, `prepare` is
reading, 8 bit, median and resizing, `line` the sub-pixel line, `write` the file with its vertices.
`outside` is the share of all but the network; the imports and the start of the network, the same
for any number of images, are left out of it. MB is the peak resident set beyond that of the
process after its first scene.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

STAGES = ("find", "prepare", "network", "line", "write")
RUN = "models/attention_unet/bce/seed1"
PATTERNS = 20


def main() -> None:
    """Measure each number of images and print the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--image-size", type=int, default=512, help="side of the images, px")
    parser.add_argument("--size", type=int, default=256, help="side of the samples, px")
    parser.add_argument("--width", type=int, default=8, help="width of the network")
    parser.add_argument("--orientations", type=int, default=8, help="in which it predicts")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--suffix", default=".gpkg", help="of the file to write")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measured(options)))
        return
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_model(folder, options.size, options.width, options.orientations)
        draw_images(folder / "patterns", options.image_size)
        for count in options.images:
            link_images(folder / "patterns", folder / f"images{count}", count)
            command = [sys.executable, __file__, *sys.argv[1:], "--measure", str(folder)]
            command += ["--images", str(count)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                sys.exit(done.stderr)
            rows.append({"images": count, **json.loads(done.stdout.splitlines()[-1])})
            print(rows[-1], file=sys.stderr)
    print(report(rows))


def draw_images(folder: Path, side: int) -> None:
    """Write geocoded images with a winding front, 4 px wide."""
    import rasterio

    folder.mkdir()
    rng = np.random.default_rng(1)
    columns = np.arange(side)
    for k in range(PATTERNS):
        values = rng.integers(1, 90, (side, side)).astype(np.uint8)
        rows = (side / 2 + side / 8 * np.sin(columns / side * 6 + k)).astype(int)
        for thick in range(-6, 7):
            values[rows + thick, columns] = 250
        transform = rasterio.Affine(20, 0, -2.4e6, 0, -20, 1.3e6)
        with rasterio.open(
            folder / f"{k}.tif", "w", driver="GTiff", height=side, width=side, count=1,
            dtype="uint8", crs="EPSG:3031", transform=transform, compress="deflate", tiled=True,
        ) as target:  # fmt: skip
            target.write(values, 1)


def link_images(patterns: Path, folder: Path, count: int) -> None:
    """Make `count` images with names that say mission and day."""
    folder.mkdir()
    days = pd.date_range("1995-01-01", periods=count, freq="3D")
    for k, day in enumerate(days):
        name = f"A_{day:%Y-%m-%d}_TSX_20_1_{k:03d}.tif"
        (folder / name).symlink_to(patterns / f"{k % PATTERNS}.tif")


def make_model(folder: Path, size: int, width: int, orientations: int) -> None:
    """Export a model folder, `model`, of a network that takes bright pixels for the front."""
    from calvingfront.evaluation.predict import predict_fronts
    from calvingfront.evaluation.scores import score_predictions
    from calvingfront.evaluation.thresholds import choose_threshold
    from calvingfront.files import write_json
    from calvingfront.locating.model_export import export_model
    from calvingfront.networks.weights import save_weights

    results = folder / "results"
    dataset, run = results / "dataset", results / RUN
    for place in (dataset, run):
        place.mkdir(parents=True)
    fronts = np.zeros((3, size, size), np.uint8)
    fronts[:, size // 2 : size // 2 + 4] = 1
    np.save(dataset / "fronts.npy", fronts)
    np.save(dataset / "images.npy", fronts * np.uint8(250))
    facts = {
        "row": range(3), "scene": ["s0", "s1", "s2"], "glacier": "A", "mission": "TSX",
        "acquired": "2010-01-01", "pixel_size_m": 40.0, "content_height": size,
        "content_width": size, "source_pixel_size_x_m": 20.0, "source_pixel_size_y_m": 20.0,
        "resolution_tag_m": 20,
    }  # fmt: skip
    pd.DataFrame(facts).to_csv(dataset / "index.tsv", sep="\t", index=False)
    split = {"scene": ["s0", "s1", "s2"], "subset": ["train", "validation", "test"]}
    pd.DataFrame(split).to_csv(dataset / "split.tsv", sep="\t", index=False)
    config: dict[str, Any] = {
        "source": {"kind": "images"}, "split": {"method": "time"},
        "samples": {
            "size": size, "median_area_m2": 2500, "variant": "paper", "front_width_px": 4,
            "grey_levels": "linear",
        },
        "evaluation": {"min_front_length_m": 750},
    }  # fmt: skip
    (dataset / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    network = {
        "model": "attention_unet", "variant": "paper", "width": width, "depth": 4, "kernel": 5,
        "batch_norm_momentum": 0.01, "front_prior": None,
    }  # fmt: skip
    record = {"calvingfront": "benchmark", "commit": "none"}
    write_json(run / "run.json", {"network": network, "image_size": size, "environment": record})
    save_weights(bright_is_front(network), run / "weights.safetensors")
    found, scored = (
        results / part / RUN.removeprefix("models/") for part in ("predictions", "evaluation")
    )
    files = (dataset, found / "probabilities.npy", found / "index.tsv")
    predict_fronts(dataset, run / "weights.safetensors", run / "run.json", *files[1:], device="cpu")
    choose_threshold(*files, scored / "threshold.json", scored / "threshold_curve.tsv")
    score_predictions(*files, scored / "threshold.json", scored / "scores.tsv", 750)
    export_model(
        [run], folder / "model", licence="none", data="drawn bands", orientations=orientations,
        device="cpu",
    )  # fmt: skip


def bright_is_front(settings: dict[str, Any]) -> dict[str, Any]:
    """Weights with which the logit is about 40 · brightness - 28, through the first skip.

    The other weights stay random, so that no layer multiplies zeros only.
    """
    import torch

    from calvingfront.networks.build import build_network
    from calvingfront.networks.settings import NetworkSettings

    torch.manual_seed(1)
    state = build_network(NetworkSettings(**settings)).state_dict()
    width = settings["width"]
    for block, channel in (("encoder", 0), ("decoder", width)):
        for layer, at in ((0, channel), (3, 0)):
            weight = state[f"{block}.0.{layer}.weight"]
            weight[0] = 0
            weight[0, at, 2, 2] = 1
    for part in ("w_x.weight", "w_g.weight", "psi.weight"):
        state[f"gates.0.{part}"].zero_()  # the gate halves everything
    state["head.weight"].zero_()
    state["head.weight"][0, 0], state["head.bias"][0] = 80, -28
    return {name: value.clone() for name, value in state.items()}


class Stopwatch:
    """Sums the seconds spent in functions of a module."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(STAGES, 0.0)
        self.after_first = 0.0

    def time(self, module: Any, name: str, stage: str) -> None:
        """Replace a function of a module by one that is timed."""
        function: Callable[..., Any] = getattr(module, name)

        def timed(*arguments: Any, **options: Any) -> Any:
            start = time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                self.seconds[stage] += time.perf_counter() - start

        setattr(module, name, timed)


def resident_mb(kind: str) -> float:
    """VmHWM, the peak so far, or VmRSS, the present resident set, MB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(kind))


def measured(options: argparse.Namespace) -> dict[str, float]:
    """Locate all images once; seconds per scene by stage, seconds in all, and MB."""
    from calvingfront.locating import locate
    from calvingfront.locating.inputs.finding import find_scenes
    from calvingfront.locating.inputs.geocoding import Work
    from calvingfront.locating.inputs.known import Said, scenes_of
    from calvingfront.locating.model_folder import read_model
    from calvingfront.locating.new_scenes import check_scenes

    folder, (count,) = options.measure, options.images
    output = [folder / f"fronts{count}{options.suffix}"]
    model = read_model(folder / "model")
    find = [folder / f"images{count}"]

    def scenes() -> Any:
        found, faults = find_scenes(find, Work().unpacked)
        listed, more = scenes_of(found, Said())
        check_scenes(listed, None)
        assert not faults + more
        return listed

    # The first scene of a process pays for imports and allocations.
    locate.locate_fronts(scenes()[:1], model, output, None, "cpu", options.threads)
    before = resident_mb("VmHWM")
    watch = Stopwatch()
    for name, stage in (
        ("prepare", "prepare"), ("member_probabilities", "network"), ("trace", "line"),
        ("judged_front", "line"), ("write_files", "write"),
    ):  # fmt: skip
        watch.time(locate, name, stage)
    start = time.perf_counter()
    listed = scenes()
    watch.seconds["find"] = time.perf_counter() - start
    found = locate.locate_fronts(listed, model, output, None, "cpu", options.threads)
    whole = time.perf_counter() - start
    assert len(found.fronts) == count
    vertices = sum(len(line) for front in found.fronts for line in front.lines)
    outside = 1 - watch.seconds["network"] / whole
    return {
        **{stage: 1000 * seconds / count for stage, seconds in watch.seconds.items()},
        "all": 1000 * whole / count,
        "outside": outside,
        "vertices": vertices / count,
        "MB": resident_mb("VmHWM") - before,
    }


def report(rows: list[dict[str, float]]) -> str:
    """The table as Markdown: milliseconds per scene, vertices per scene, shares and MB."""
    head = ["images", *(f"{stage}, ms" for stage in STAGES), "all, ms", "outside", "vertices", "MB"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---:|" * len(head)]
    for row in rows:
        cells = [f"{row['images']:,}", *(f"{row[stage]:.1f}" for stage in (*STAGES, "all"))]
        cells += [f"{row['outside']:.0%}", f"{row['vertices']:.0f}", f"{row['MB']:.0f}"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
