"""Seconds per image and memory of training and prediction as the archive grows.

    python benchmarks/growth.py --folder FOLDER --images 144 1440 14400

For each number of images, packed arrays are written in FOLDER (noise and a front; removed at the
end). Each measurement runs in a separate process: the feeds alone, training steps of a narrow
network with each feed, and the prediction of all images. Batches are drawn in random order from
the whole archive, with the paper's augmentation and w = 4 px, in five equal parts after a warm-up
of the same length; the median part counts. CPU is the processor time of all threads, which other
work on the machine hardly affects. MB is the peak resident set (VmHWM) beyond that of the process
after all imports, `start` the time to build the feed. Before each measurement the arrays are read
into the page cache, or dropped from it with `--cold`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from calvingfront.dataset.reading import open_dataset
from calvingfront.files import replacing

MEASUREMENTS = ("streamed", "resident", "streamed, step", "resident, step", "prediction")
BATCH = 5
PARTS = 5


def main() -> None:
    """Measure every archive and print the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "growth")
    parser.add_argument("--size", type=int, default=256, help="side of the samples, px")
    parser.add_argument("--images", type=int, nargs="+", default=[144, 1440, 14400])
    parser.add_argument("--width", type=int, default=2, help="width of the network")
    parser.add_argument("--batches", type=int, default=200, help="batches taken from a feed alone")
    parser.add_argument("--steps", type=int, default=40, help="steps of the network")
    parser.add_argument("--predicted", type=int, help="predict at most this many images")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--cold", action="store_true", help="start with a cold page cache")
    parser.add_argument("--measure", choices=MEASUREMENTS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measured(options)))
        return
    rows = []
    for images in options.images:
        with tempfile.TemporaryDirectory(dir=made(options.folder)) as folder:
            generate(Path(folder), images, options.size)
            for name in MEASUREMENTS:
                page_cache(Path(folder), options.cold)
                command = [sys.executable, __file__, *sys.argv[1:]]
                command += ["--folder", folder, "--measure", name]
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                if done.returncode:
                    sys.exit(done.stderr)
                rows.append({"images": images, "what": name, **json.loads(done.stdout)})
                print(rows[-1], file=sys.stderr)
    print(report(pd.DataFrame(rows)))


def made(folder: Path) -> Path:
    """Create a folder if it does not exist."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def generate(folder: Path, images: int, size: int) -> None:
    """Write packed arrays of noise with a winding front, 64 patterns in turn."""
    rng = np.random.default_rng(1)
    noise = rng.integers(0, 255, (64, size, size)).astype(np.uint8)
    fronts = np.zeros((64, size, size), np.uint8)
    columns = np.arange(size)
    for k, mask in enumerate(fronts):
        rows = size / 2 + size / 3 * np.sin(columns / size * 9 + k)
        for thick in range(3):
            mask[(rows + thick).astype(int), columns] = 1
    for name, patterns in (("images", noise), ("fronts", fronts)):
        with replacing(folder / f"{name}.npy") as path, path.open("wb") as file:
            header = {"descr": "|u1", "fortran_order": False, "shape": (images, size, size)}
            np.lib.format.write_array_header_1_0(file, header)
            for k in range(images):
                file.write(patterns[k % 64].data)
            file.flush()
            os.fsync(file.fileno())
    names = [f"s{k}" for k in range(images)]
    pd.DataFrame({"row": range(images), "scene": names}).to_csv(
        folder / "index.tsv", sep="\t", index=False
    )


def page_cache(folder: Path, cold: bool) -> None:
    """Drop the arrays from the page cache, or read them into it."""
    for path in folder.glob("*.npy"):
        with path.open("rb") as file:
            if cold:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            while not cold and file.read(1 << 24):
                pass


def peak_mb() -> float:
    """Peak resident set of this process so far, MB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def measured(options: argparse.Namespace) -> dict[str, float]:
    """Take one measurement: wall and processor seconds per image, MB, seconds to start."""
    import torch

    from calvingfront.evaluation.predict import predict
    from calvingfront.evaluation.predictions import write_predictions
    from calvingfront.losses.loss import build_loss
    from calvingfront.networks.build import build_network
    from calvingfront.networks.settings import NetworkSettings
    from calvingfront.training.feed import feed_of
    from calvingfront.training.feed_source import Batch, Feed
    from calvingfront.training.settings import TrainingSettings
    from calvingfront.training.step import Step

    device = torch.device(options.device)
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    data = open_dataset(options.folder)
    scenes = data.index["scene"].tolist()
    network = build_network(NetworkSettings("unet", width=options.width, depth=3, kernel=3))

    def wait() -> None:
        if device.type == "cuda":
            torch.cuda.synchronize()

    if options.measure == "prediction":
        scenes = scenes[: options.predicted]
        # A few images first: libraries are initialised at the first call.
        for _ in predict(network, data, scenes[:BATCH], device, BATCH, options.threads):
            pass
        before, begun, busy = peak_mb(), time.perf_counter(), time.process_time()
        blocks = predict(network, data, scenes, device, BATCH, options.threads)
        files = (options.folder / "p.npy", options.folder / "p.tsv")
        write_predictions(blocks, data.size, pd.DataFrame({"scene": scenes}), *files)
        seconds, cpu = time.perf_counter() - begun, time.process_time() - busy
        memory = peak_mb() - before
        for file in files:
            file.unlink()
        n = len(scenes)
        return {"wall": seconds / n, "cpu": cpu / n, "memory": memory, "start": float("nan")}

    kind, *step = options.measure.split(", ")
    settings = TrainingSettings(
        feed=kind, device=options.device, threads=options.threads, precision="float32"
    )
    use: Callable[[Batch], object] = len
    if step:
        trained = Step(network, build_loss("wbce4"), settings, device)
        use = lambda batch: trained.train(batch, 1e-4)  # noqa: E731
    rng = np.random.default_rng(1)

    def batches(feed: Feed, count: int) -> Iterator[Batch]:
        order = rng.permutation(feed.count)
        items = np.resize(order, count * BATCH)
        return feed.batches(items, BATCH)

    before, begun = peak_mb(), time.perf_counter()
    feed = feed_of(data, scenes, "paper", True, settings, device)
    start = time.perf_counter() - begun
    count = (options.steps if step else options.batches) // PARTS
    parts = []
    for _ in range(1 + PARTS):
        begun, busy = time.perf_counter(), time.process_time()
        for batch in batches(feed, count):
            use(batch)
        wait()
        parts.append((time.perf_counter() - begun, time.process_time() - busy))
    wall, cpu = np.median(parts[1:], axis=0) / count / BATCH
    return {"wall": wall, "cpu": cpu, "memory": peak_mb() - before, "start": start}


def report(table: pd.DataFrame) -> str:
    """Return the table as Markdown, one row per measurement and archive."""
    lines = [
        "| what | images | ms/image | CPU ms/image | MB | start, s |",
        "|---" + "|---:" * 5 + "|",
    ]
    for name, part in table.groupby("what", sort=False):
        for row in part.to_dict("records"):
            start = "–" if np.isnan(row["start"]) else f"{row['start']:.2f}"
            lines.append(
                f"| {name} | {row['images']:,} | {1000 * row['wall']:.3f} | "
                f"{1000 * row['cpu']:.3f} | {row['memory']:.0f} | {start} |"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
