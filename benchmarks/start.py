"""Seconds and memory of all checks before the first job, on a table of many scenes.

    python benchmarks/start.py [ROWS] [--profile]

Makes ROWS (10,000) lines of small GeoTIFFs with front masks, which are hard links to a few files,
and prints what the checks take: cold is the first run after the files were made, warm the second,
job the process of a job, which takes the table as the main process has read it. With --profile,
where the time goes.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import from_origin

SIDE, DIFFERENT = 64, 20
REPOSITORY = Path(__file__).resolve().parents[1]
SCHEMAS = [REPOSITORY / "workflow/schemas" / f"{name}.schema.yaml" for name in ("config", "scenes")]


def make_archive(folder: Path, rows: int) -> Path:
    """Write the images, masks and the table; return the table."""
    kinds = []
    for number in range(DIFFERENT):
        pixels = np.random.default_rng(number).integers(1, 255, (1, SIDE, SIDE), dtype=np.uint8)
        mask = np.zeros((1, SIDE, SIDE), np.uint8)
        mask[:, 10 + number] = 255
        place = from_origin(100_000 * number, 0, 20, 20)
        facts = {"driver": "GTiff", "dtype": "uint8", "count": 1, "height": SIDE, "width": SIDE}
        paths = folder / f"kind{number}.tif", folder / f"kind{number}_front.tif"
        for path, content in zip(paths, (pixels, mask), strict=True):
            with rasterio.open(path, "w", crs="EPSG:3031", transform=place, **facts) as dataset:
                dataset.write(content)
        kinds.append(paths)
    lines = ["scene,glacier,mission,acquired,image,front"]
    for number in range(rows):
        image, front = kinds[number % DIFFERENT]
        name = f"S{number:05d}"
        (folder / f"{name}.tif").hardlink_to(image)
        (folder / f"{name}_front.tif").hardlink_to(front)
        day = np.datetime64("1995-01-01") + number % 9000
        glacier = f"G{number % DIFFERENT}"
        lines.append(f"{name},{glacier},ERS,{day},{name}.tif,{name}_front.tif")
    table = folder / "scenes.csv"
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return table


def check(table: Path, profile: bool, thorough: bool) -> None:
    """Check once, in this process; print seconds and MB as JSON."""
    from calvingfront.check.start import start

    source = {"kind": "images", "images": {"table": str(table)}}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    profiler = cProfile.Profile()
    if profile:
        profiler.enable()
    started = time.perf_counter()
    config = {"source": source, "results": str(table.parent / "results")}
    found = start(config, *SCHEMAS, thorough=thorough)
    seconds = time.perf_counter() - started
    profiler.disable()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    cpu = time.process_time()
    facts = {"scenes": len(found.scenes), "seconds": round(seconds, 2), "cpu_s": round(cpu, 2)}
    print(json.dumps(facts | {"peak_mb": peak // 1024, "before_mb": before // 1024}))
    if profile:
        pstats.Stats(profiler).sort_stats("cumulative").print_stats(30)


def main() -> None:
    """Make the archive, and check it in processes of their own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", type=int, nargs="?", default=10_000)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--job", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--table", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.table:
        check(options.table, options.profile, not options.job)
        return
    with tempfile.TemporaryDirectory() as folder:
        table = make_archive(Path(folder), options.rows)
        command = [sys.executable, str(Path(__file__).resolve()), "--table", str(table)]
        (Path(folder) / ".snakemake").mkdir()  # where Snakemake would make it
        command += ["--profile"] * options.profile
        for state, more in (("cold", []), ("warm", []), ("job", ["--job"])):
            print(state, end=" ", flush=True)
            subprocess.run([*command, *more], check=True, cwd=folder)


if __name__ == "__main__":
    main()
