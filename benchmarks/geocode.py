"""Seconds and memory from single-look complex pixels to a written map, compared with sarsen.

    python benchmarks/geocode.py --folder FOLDER --sarsen SARSEN

The scene is like a full ERS scene: 25,000 lines of 4,900 complex int16 samples, speckle over hills.
The map has 5,000 × 5,000 pixels of 20 m. The input is written once and kept in the folder. Each
measurement is a separate process. cold: the first run of the process, with the input dropped from
the page cache and compiled code still to be loaded; imports are reported separately. warm: the
median of the following runs. peak: the peak resident memory of the process.

sarsen 0.9.6 (through a subclass of its product) geocodes the arrays that multilooking produced
here, with the same terrain model, to the same grid; reading the complex image and multilooking are
not counted for it. Install it with its dependencies into a separate folder,
`pip install --target FOLDER sarsen==0.9.6`; without it the comparison is omitted. --growth times
maps of other spacings over the same area. --small reduces everything to 1/25.

--area-km 12 then times, as the workflow's two jobs do it (with intensity.tif written and read), a
map of this extent: with the whole image multilooked, and with only what the area needs.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from geocoding.scene import SPACING_M, make_input, terrain
from geocoding.workers import WORKERS

BYTES_PER_PIXEL = 16  # of the kernel: height in, image in, backscatter out (read, then written)


def main() -> None:
    """Measure and print the tables as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="for input and output files")
    parser.add_argument("--sarsen", type=Path, help="folder with sarsen 0.9.6 installed")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--repeats", type=int, default=3, help="warm runs")
    parser.add_argument("--growth", type=float, nargs="*", default=[], help="map spacings, m")
    parser.add_argument("--small", action="store_true", help="1/25 of the size, to try it")
    parser.add_argument("--area-km", type=float, help="also time a map of this extent")
    parser.add_argument(
        "--flattening", action="store_true", help="terrain flattening, of --area-km"
    )
    parser.add_argument("--worker", choices=list(WORKERS), help=argparse.SUPPRESS)
    parser.add_argument("--spacing", type=float, default=SPACING_M, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        print(json.dumps(WORKERS[options.worker](options)))
        return
    options.folder.mkdir(parents=True, exist_ok=True)
    make_input(options)
    speed = bandwidth(options.threads)
    print(f"{os.cpu_count()} cores, {options.threads} threads, copying at {speed:.1f} GB/s")
    report(options)
    if options.area_km:
        report_area(options)


def run_worker(options: argparse.Namespace, worker: str, spacing: float) -> dict[str, Any]:
    """Measure in a separate process, with its input dropped from the page cache."""
    options.spacing = spacing
    for path in (options.folder / "pixels.i16", terrain(options)):
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    command = [sys.executable, __file__, "--worker", worker, "--folder", str(options.folder)]
    command += ["--threads", str(options.threads), "--repeats", str(options.repeats)]
    command += ["--spacing", str(spacing)] + ["--small"] * options.small
    command += ["--flattening"] * options.flattening
    if options.area_km:
        command += ["--area-km", str(options.area_km)]
    if options.sarsen:
        command += ["--sarsen", str(options.sarsen)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def report(options: argparse.Namespace) -> None:
    """Measure everything and print it."""
    ours = run_worker(options, "ours", SPACING_M)
    cold, warm = ours["runs"][0], ours["runs"][1:]
    print(f"\n{ours['mpx']:.0f} Mpx, imports {ours['imports']:.2f} s, peak {ours['peak']:.2f} GB\n")
    print("| stage | cold s | warm s | Mpx/s warm |\n|---|---|---|---|")
    total = statistics.median(sum(run.values()) for run in warm)
    for name in cold:
        seconds = statistics.median(run[name] for run in warm)
        pixels = ours["read_mpx"] if name.startswith("read") else ours["mpx"]
        print(f"| {name} | {cold[name]:.2f} | {seconds:.2f} | {pixels / seconds:.0f} |")
    print(f"| all | {sum(cold.values()):.2f} | {total:.2f} | {ours['mpx'] / total:.0f} |")
    rate = ours["mpx"] / ours["kernel"]
    print(f"\nkernel {rate:.0f} Mpx/s, {rate * BYTES_PER_PIXEL / 1000:.1f} GB/s")
    gentle, steep = ours["masks"]
    print(f"masks alone {gentle:.2f} s, on terrain that is steep everywhere {steep:.2f} s")
    for spacing in options.growth:
        found = run_worker(options, "ours", spacing)
        seconds = statistics.median(sum(run.values()) for run in found["runs"][1:])
        print(f"{found['mpx']:.0f} Mpx at {spacing:g} m: {seconds:.2f} s, {found['peak']:.2f} GB")
    installed = options.sarsen and list(
        importlib.metadata.distributions(name="sarsen", path=[str(options.sarsen)])
    )
    if not installed:
        print("\nsarsen is not installed, so there is no comparison (see --sarsen)")
        return
    run_worker(options, "ours", SPACING_M)  # writes its map and arrays to the folder again
    theirs = run_worker(options, "sarsen", SPACING_M)
    print(
        f"\nsarsen {installed[0].version}: {theirs['seconds']:.1f} s, {theirs['peak']:.2f} GB; "
        f"{theirs['seconds'] / total:.0f} times ours; median relative difference "
        f"{theirs['difference']:.1e}"
    )


def report_area(options: argparse.Namespace) -> None:
    """Time a map of a part of the frame, and print it beside the whole map."""
    print(
        "\n| read | map px | multilook s | geocode s | warm s | CPU s | cold s | peak GB |\n"
        "|---|---|---:|---:|---:|---:|---:|---:|"
    )
    for worker in ("whole", "cut", "part"):
        found = run_worker(options, worker, SPACING_M)
        cold, warm = found["runs"][0], found["runs"][1:]
        first, second, cpu = (statistics.median(run[k] for run in warm) for k in range(3))
        image, grid = (f"{a} × {b}" for a, b in (found["image"], found["map"]))
        print(
            f"| {image} | {grid} | {first:.2f} | {second:.2f} | {first + second:.2f} | "
            f"{cpu:.2f} | {sum(cold[:2]):.2f} | {found['peak']:.2f} |"
        )


def bandwidth(threads: int) -> float:
    """Copying rate on `threads` threads, bytes read and written per second (GB/s)."""
    source = np.ones((threads, 16_000_000), np.float64)
    target = np.zeros_like(source)
    best = np.inf
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(3):
            started = time.perf_counter()
            list(pool.map(lambda k: np.copyto(target[k], source[k]), range(threads)))
            best = min(best, time.perf_counter() - started)
    return 2 * source.nbytes / best / 1e9


if __name__ == "__main__":
    main()
