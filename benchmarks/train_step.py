"""Images per second of a training step: ours, MONAI's network, and a plain PyTorch loop.

    pip install --target FOLDER --no-deps monai
    python benchmarks/train_step.py --monai FOLDER --sizes 256 512

For each size, three variants are trained on the same random scenes with WBCE4, with batches of 5
and with the power of two that gives the most images per second:

- ours: the network, feed and step of a training, as configured by `plan_step`;
- MONAI: its AttentionUnet of the same widths, with the same feed and step;
- plain: our network in float32 and PyTorch's default layout, a DataLoader with two workers, the
  released augmentation in numpy, the distance map of each image in the workers, PyTorch's default
  Adam.

Each measurement is a separate process, and the three take turns; medians are shown. `share` is the
share of the peak matrix throughput in the precision used, measured in the same process. Memory is
the peak of tensors on a GPU, and of the process (without the workers) on a CPU. `CPU s/image` is
the processor time of the process, also without the workers; unlike `images/s` it hardly depends on
other work on the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from calvingfront.compute.determinism import deterministic_algorithms
from calvingfront.compute.device import describe
from calvingfront.compute.peak import matrix_peak
from calvingfront.fronts.distance import distance_to_front
from calvingfront.losses.bce import WeightedBCE
from calvingfront.networks.build import build_network
from calvingfront.networks.flops import count_flops
from calvingfront.networks.settings import NetworkSettings
from calvingfront.training.acceleration.tuning import plan_step
from calvingfront.training.feed import ResidentFeed
from calvingfront.training.feed_source import FeedSource
from calvingfront.training.settings import TrainingSettings
from calvingfront.training.step import ADAM_EPS, Step

SCENES, RATE, LOSS = 16, 1e-4, WeightedBCE("wbce4")
Arrays = tuple[np.ndarray, np.ndarray]


def main() -> None:
    """Measure and print a Markdown table, or (`--one`) measure once and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 512], help="px")
    parser.add_argument("--model", choices=("unet", "attention_unet"), default="attention_unet")
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--steps", type=int, default=20, help="timed steps of a measurement")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--largest", type=int, default=256, help="largest batch to try; 0: only 5")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", default="auto", help="for ours and MONAI's")
    parser.add_argument("--tuning", choices=("off", "measured"), default="measured")
    parser.add_argument("--acceleration", default="auto")
    parser.add_argument("--deterministic", action="store_true")
    parser.add_argument("--monai", type=Path, help="folder with MONAI; omitted without")
    parser.add_argument("--profile", action="store_true", help="print our step's time by operation")
    parser.add_argument("--one", choices=("ours", "monai", "plain"), help=argparse.SUPPRESS)
    parser.add_argument("--batch", type=int, default=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options)))
        return
    with tempfile.TemporaryDirectory() as cache:
        # What `plan_step` measures is shared by the processes of this run, and by no other.
        os.environ["XDG_CACHE_HOME"] = cache
        compare(options)


def compare(options: argparse.Namespace) -> None:
    """Measure every size and batch, and print the table as it grows."""
    names = ["ours", *(["monai"] if options.monai else []), "plain"]
    print(
        "| size | batch | which | how | images/s | × plain | CPU s/image | peak MB | GFLOP/image "
        "| TFLOP/s | peak | share |"
    )
    print("|---:|---:|---|---|---:|---:|---:|---:|---:|---:|---:|---:|", flush=True)
    notes = set()
    for size in options.sizes:
        runs = {name: [(5, one(options, name, size, 5))] for name in names}
        for _ in range(options.repeats - 1):
            for name in names:
                runs[name].append((5, one(options, name, size, 5)))
        show(size, runs)
        best = {name: best_batch(options, name, size) for name in names if options.largest}
        found: dict[str, Any] = {name: [] for name in best}
        for _ in range(options.repeats):
            for name, batch in best.items():
                found[name].append((batch, one(options, name, size, batch)))
        show(size, found)
        notes |= {m["hardware"] for _, m in runs["ours"] if m}
        notes |= {m["note"] for all_runs in runs.values() for _, m in all_runs if m and m["note"]}
    print("\n" + "; ".join(sorted(notes)))


def show(size: int, runs: dict[str, list[tuple[int, dict[str, Any] | None]]]) -> None:
    """Print a row per variant: medians over the repetitions."""
    speeds = {
        name: statistics.median([m["images_per_second"] for _, m in found if m] or [np.nan])
        for name, found in runs.items()
    }
    for name, found in runs.items():
        done = [m for _, m in found if m]
        if not done:
            print(f"| {size} | | {name} | failed | | | | | | | | |", flush=True)
            continue

        def median(key: str, done: list[dict[str, Any]] = done) -> float:
            return statistics.median(m[key] for m in done)

        print(
            f"| {size} | {found[0][0]} | {name} | {done[-1]['how']} | {speeds[name]:.3g} "
            f"| {speeds[name] / speeds['plain']:.2f} | {median('cpu_s'):.3g} "
            f"| {median('memory_mb'):.0f} | {median('gflop'):.0f} "
            f"| {median('tflops'):.3g} | {median('peak_tflops'):.3g} | {median('share'):.0%} |",
            flush=True,
        )


def best_batch(options: argparse.Namespace, name: str, size: int) -> int:
    """Try powers of two until memory runs out; return the one with the most images per second."""
    found: dict[int, float] = {}
    batch = 1
    while batch <= options.largest:
        measured = one(options, name, size, batch)
        if measured is None:
            break
        found[batch] = measured["images_per_second"]
        batch *= 2
    return max(found, key=lambda batch: found[batch]) if found else 1


def one(options: argparse.Namespace, name: str, size: int, batch: int) -> dict[str, Any] | None:
    """Measure in a separate process; None if it fails, for example out of memory."""
    chosen = {
        "one": name, "sizes": size, "batch": batch, "model": options.model,
        "width": options.width, "steps": options.steps, "device": options.device,
        "threads": options.threads, "precision": options.precision, "tuning": options.tuning,
        "acceleration": options.acceleration, "monai": options.monai,
    }  # fmt: skip
    command = [sys.executable, __file__]
    command += [part for key, v in chosen.items() if v is not None for part in (f"--{key}", str(v))]
    command += [f"--{key}" for key in ("deterministic", "profile") if getattr(options, key)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]
        print(f"{name}, {size} px, batch {batch}: {last[:200]}", file=sys.stderr, flush=True)
        return None
    lines = done.stdout.splitlines()
    if len(lines) > 1:
        print("\n".join(lines[:-1]), file=sys.stderr, flush=True)
    result: dict[str, Any] = json.loads(lines[-1])
    print(name, size, batch, result, file=sys.stderr, flush=True)
    return result


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Time the steps of one variant in this process."""
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    device = torch.device(options.device)
    if device.index is not None:
        torch.cuda.set_device(device)
    with deterministic_algorithms(options.deterministic):
        step, network, precision, how, note = PREPARE[options.one](options, device)
        for _ in range(1 if device.type == "cpu" else 5):
            step()
        wait(device)
        begun, busy = time.perf_counter(), time.process_time()
        for _ in range(options.steps):
            step()
        busy = time.process_time() - busy  # before waiting: the host spins while it waits for a GPU
        wait(device)
        seconds = (time.perf_counter() - begun) / options.steps
        memory = (
            torch.cuda.max_memory_allocated(device) / 1e6
            if device.type == "cuda"
            else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        )
        if options.profile and options.one == "ours":
            profile(step, device)
    flops = count_flops(network, options.sizes[0])[1] * options.batch
    peak = matrix_peak(device, precision)
    return {
        "images_per_second": options.batch / seconds,
        "cpu_s": busy / options.steps / options.batch,
        "memory_mb": memory,
        "gflop": flops / options.batch / 1e9,
        "tflops": flops / seconds / 1e12,
        "peak_tflops": peak,
        "share": flops / seconds / 1e12 / peak,
        "how": how,
        "note": note,
        "hardware": f"{describe(device)}, torch {torch.__version__}",
    }


def wait(device: torch.device) -> None:
    """Wait until the device has finished its work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def profile(step: Callable[[], None], device: torch.device) -> None:
    """Print the time of a step by operation."""
    kind = "cuda" if device.type == "cuda" else "cpu"
    with torch.profiler.profile() as profiled:
        step()
        wait(device)
    table = profiled.key_averages().table(
        sort_by=f"self_{kind}_time_total", row_limit=20, max_name_column_width=45
    )
    print(table)


class Prepared(NamedTuple):
    """One variant, ready to be timed: a step, its network, and its description in the table."""

    step: Callable[[], None]
    network: torch.nn.Module
    precision: str
    how: str
    note: str


def ours(options: argparse.Namespace, device: torch.device) -> Prepared:
    """Prepare our network in our step."""
    named = NetworkSettings(options.model, width=options.width)
    return in_our_step(build_network(named), named, options, device)


def monai(options: argparse.Namespace, device: torch.device) -> Prepared:
    """Prepare MONAI's network in our step, and note the size of its kernels."""
    sys.path.insert(0, str(options.monai))
    from monai.networks.nets import AttentionUnet

    widths = [options.width * 2**level for level in range(5)]
    network = AttentionUnet(2, 1, 1, widths, [2] * 4, kernel_size=5, up_kernel_size=5)
    kernels = sorted(
        {m.kernel_size[0] for m in network.modules() if isinstance(m, torch.nn.Conv2d)}
    )
    named = NetworkSettings("attention_unet", width=options.width)
    prepared = in_our_step(network, named, options, device)
    return prepared._replace(note=f"MONAI's convolutions have sides of {kernels} px")


def in_our_step(
    network: Any, named: NetworkSettings, options: argparse.Namespace, device: torch.device
) -> Prepared:
    """Prepare a network with our feed and step, configured as in a training."""
    settings = TrainingSettings(
        batch_size=options.batch, threads=options.threads, precision=options.precision,
        tuning=options.tuning, acceleration=options.acceleration,
        deterministic=options.deterministic,
    )  # fmt: skip
    feed = ResidentFeed(FeedSource(device, [""] * SCENES, *scenes(options.sizes[0]), "paper"))
    step = Step(network, LOSS, settings, device)
    batches = forever(feed, options.batch)
    # One epoch of the paper, so that the cost of preparation is weighted as in its trainings.
    plan_step(step, lambda: next(batches), named, options.sizes[0], 1152 // options.batch)
    if device.type == "cuda":  # exclude the ways that were tried
        torch.cuda.reset_peak_memory_stats(device)
    step.network.train()
    threads = f", {torch.get_num_threads()} threads" if device.type == "cpu" else ""
    how = f"{step.way}, {step.layout}, {step.precision}{threads}"

    def train() -> None:  # the loss is not read: that would wait for the device
        step.train(next(batches), RATE)

    return Prepared(train, network, step.precision, how, "")


def forever(feed: ResidentFeed, batch: int) -> Iterator[Any]:
    """Yield batches of the augmented scenes in random order, without end."""
    rng = np.random.default_rng(1)
    while True:
        items = rng.integers(0, feed.count, 64 * batch)
        yield from feed.batches(items, batch)


def plain(options: argparse.Namespace, device: torch.device) -> Prepared:
    """Prepare a straightforward training loop."""
    network = build_network(NetworkSettings(options.model, width=options.width)).to(device).train()
    optimiser = torch.optim.Adam(network.parameters(), lr=RATE, eps=ADAM_EPS)
    samples = PlainSamples(scenes(options.sizes[0]), options.batch * (options.steps + 10))
    loader = iter(DataLoader(samples, batch_size=options.batch, num_workers=2))

    def step() -> None:
        images, fronts, distances = (part.to(device) for part in next(loader))
        optimiser.zero_grad()
        loss = LOSS(network(images), fronts, distances)
        loss.backward()
        optimiser.step()

    threads = f", {options.threads} threads" if device.type == "cpu" else ""
    how = f"eager, contiguous, float32{threads}, 2 workers"
    return Prepared(step, network, "float32", how, "")


class PlainSamples(Dataset):  # type: ignore[type-arg]
    """Scenes augmented in numpy on access, as in the released code."""

    def __init__(self, arrays: Arrays, count: int) -> None:
        self.arrays, self.count = arrays, count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, item: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rng = np.random.default_rng(item)
        scene, code = int(rng.integers(SCENES)), int(rng.integers(8))
        image, front = (augmented(array[scene], code) for array in self.arrays)
        distance = distance_to_front(front)
        return image[None].astype(np.float32) / 255, front[None].astype(np.float32), distance[None]


def augmented(image: np.ndarray, code: int) -> np.ndarray:
    """Flip and rotate about the pixel (s/2, s/2), as in the released code."""
    turns = code % 4
    image = np.rot90(image[::-1] if code >= 4 else image, turns)
    moved = np.zeros_like(image)
    down, right = int(turns in (1, 2)), int(turns in (2, 3))
    height, width = image.shape
    moved[down:, right:] = image[: height - down, : width - right]
    return moved


def scenes(size: int) -> Arrays:
    """Draw noise with a front six pixels wide."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (SCENES, size, size)).astype(np.uint8)
    fronts = np.zeros_like(images)
    for front in fronts:
        row = int(rng.integers(6, size - 12))
        front[row : row + 6] = 1
    return images, fronts


PREPARE = {"ours": ours, "monai": monai, "plain": plain}

if __name__ == "__main__":
    main()
