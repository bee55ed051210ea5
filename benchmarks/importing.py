"""Memory and time of importing one large image, in bytes a pixel.

    python benchmarks/importing.py --sizes 4000 8000

Each size is a separate process that imports a square float32 image of speckle, with a mask of its
front, as the rule `import_scene` does. Bytes a pixel are the peak resident set beyond that of the
process with everything imported; 150 MB of it, GDAL's cache and strips, do not grow with the image.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import rasterio
from rasterio.windows import Window

ROWS = 512


def main() -> None:
    """Measure each size and print the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[4000, 8000])
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        measure(options.one)
        return
    print("| pixels | peak MB | bytes a pixel | seconds |\n|---:|---:|---:|---:|")
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder), size)
            command = [sys.executable, __file__, "--one", folder]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            extra, seconds = map(float, done.stdout.split())
            share = 1e6 * extra / size**2
            print(f"| {size} × {size} | {extra:.0f} | {share:.1f} | {seconds:.0f} |")


def write(folder: Path, size: int) -> None:
    """Write the image, tiled, and the mask."""
    random = np.random.default_rng(0)
    place = {
        "driver": "GTiff", "height": size, "width": size, "count": 1, "crs": "EPSG:3031",
        "transform": rasterio.Affine(10, 0, -2_400_000, 0, -10, 1_300_000), "tiled": True,
    }  # fmt: skip
    image, mask = folder / "image.tif", folder / "mask.tif"
    line = np.zeros((ROWS, size), dtype=np.uint8)
    line[:, size // 2] = 255
    with (
        rasterio.open(image, "w", dtype="float32", nodata=0, **place) as pixels,
        rasterio.open(mask, "w", dtype="uint8", compress="deflate", **place) as front,
    ):
        for row in range(0, size, ROWS):
            rows = min(ROWS, size - row)
            window = Window(0, row, size, rows)
            speckle = random.gamma(4, 0.05, (rows, size)).astype(np.float32)
            pixels.write(speckle, 1, window=window)
            front.write(line[:rows], 1, window=window)


def measure(folder: Path) -> None:
    """Import; print the peak beyond the start, MB, and the seconds."""
    from calvingfront.scenes.importing import import_scene

    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    files = [folder / name for name in ("image.tif", "mask.tif", "out.png", "front.png")]
    import_scene("S", "A", "2015-01-01", *files)
    extra = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(extra * 1024 / 1e6, time.perf_counter() - start)


if __name__ == "__main__":
    main()
