"""Seconds and memory from a whole Sentinel-1 frame to its map, by the packaging of the product.

    python benchmarks/packed_products.py --folder FOLDER

The frame has 16,700 lines of 26,000 samples of simulated speckle, in three packagings: the SAFE
folder, its .zip, and the folder with a cloud-optimised image (tiles of 512 × 512). Each is measured
in a process of its own, from the path that a user names to the written map of the whole frame, with
the functions of the workflow's rules, and with its files dropped from the page cache before. CPU
seconds are comparable on a machine that is busy, wall seconds are not. The packagings are made one
after another, so that the folder takes 2.5 GB at most; --keep leaves them all. MB: peak resident
memory of the process; disk: of the product, with the copy unpacked.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

REPOSITORY = Path(__file__).resolve().parents[1]
FORMS = {"folder": "SAFE folder", "zip": ".zip", "cog": "COG in a SAFE folder"}
CRS = "EPSG:3031"
STEPS = ("unpack", "ingest", "multilook", "geocode")


def main() -> None:
    """Measure and print the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="for input and output files")
    parser.add_argument("--shape", type=int, nargs=2, default=(16_700, 26_000), metavar="N")
    parser.add_argument("--spacing", type=float, default=20.0, help="of the map, m")
    parser.add_argument("--compression", default="deflate", help="of the COG")
    parser.add_argument("--stored", action="store_true", help="a .zip that is not compressed")
    parser.add_argument("--threads", type=int, default=1, help="the workflow's rules have one")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="do not remove the files")
    parser.add_argument("--worker", choices=FORMS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        print(json.dumps(work(options)))
        return
    options.folder.mkdir(parents=True, exist_ok=True)
    steps = " | ".join(f"{step}, CPU s" for step in STEPS)
    print(f"| packaging | {steps} | all, CPU s | × | wall s | MB | disk, MB |")
    print(f"|---|{'---:|' * (len(STEPS) + 5)}")
    first = 0.0
    for form in FORMS:
        make(form, options)
        best = min((measure(form, options) for _ in range(options.repeats)), key=total)
        first = first or total(best)
        times = " | ".join(f"{best[step]:.1f}" for step in STEPS)
        ratio = f"{total(best):.1f} | {total(best) / first:.2f} | {best['wall']:.0f}"
        print(f"| {FORMS[form]} | {times} | {ratio} | {best['mb']:.0f} | {best['disk']:.0f} |")
        sys.stdout.flush()
    if not options.keep:
        for form in FORMS:
            shutil.rmtree(options.folder / form, ignore_errors=True)


def total(found: dict[str, float]) -> float:
    """CPU seconds of all steps."""
    return sum(found[step] for step in STEPS)


def make(form: str, options: argparse.Namespace) -> None:
    """Make a packaging from the one before, which is removed."""
    target = options.folder / form
    if target.exists():
        return
    part = options.folder / f".{form}"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    if form == "folder":
        make_folder(part, options)
    elif form == "zip":
        make_zip(options.folder / "folder", part, options)
    else:
        make_cog(options.folder / "zip", part, options)
    part.rename(target)
    for name in FORMS:
        if name != form and not options.keep:
            shutil.rmtree(options.folder / name, ignore_errors=True)


def make_folder(target: Path, options: argparse.Namespace) -> None:
    """Write the SAFE folder, with a strip for each line as ESA writes them."""
    sys.path.insert(0, str(REPOSITORY / "tests"))
    import rasterio

    from sentinel1_files import write_sentinel1

    shape = tuple(options.shape)

    def write_image(path: Path, _: str) -> None:
        rng = np.random.default_rng(1)
        facts = {"driver": "GTiff", "height": shape[0], "width": shape[1], "count": 1}
        warnings.simplefilter("ignore")
        with rasterio.open(path, "w", dtype="uint16", blockysize=1, **facts) as raster:
            for line in range(0, shape[0], 500):
                count = min(500, shape[0] - line)
                speckle = rng.gamma(5, 30.0, (count, shape[1])).astype(np.uint16)
                raster.write(speckle, 1, window=((line, line + count), (0, shape[1])))

    write_sentinel1(target, shape=shape, write_image=write_image)  # type: ignore[arg-type]


def make_zip(source: Path, target: Path, options: argparse.Namespace) -> None:
    """Pack the SAFE folder as it is downloaded."""
    (safe,) = source.iterdir()
    method = zipfile.ZIP_STORED if options.stored else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(target / f"{safe.stem}.zip", "w", method, compresslevel=1) as archive:
        for file in sorted(safe.rglob("*")):
            archive.write(file, file.relative_to(source))


def make_cog(source: Path, target: Path, options: argparse.Namespace) -> None:
    """Unpack the archive and rewrite the image as a COG."""
    import rasterio.shutil

    (archive,) = source.iterdir()
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(target)
    (image,) = target.glob("*/measurement/*")
    cog = image.with_name(f"{image.stem}-cog.tiff")
    with warnings.catch_warnings(action="ignore"):
        rasterio.shutil.copy(
            image, cog, driver="COG", compress=options.compression, blocksize=512, overviews="NONE"
        )
    image.unlink()


def measure(form: str, options: argparse.Namespace) -> dict[str, float]:
    """Measure a packaging in a separate process, with its files dropped from the page cache."""
    for path in (options.folder / form).rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    command = [sys.executable, __file__, "--worker", form, "--folder", str(options.folder)]
    command += ["--spacing", str(options.spacing), "--threads", str(options.threads)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def work(options: argparse.Namespace) -> dict[str, Any]:
    """Make the map of one packaging; return seconds, MB of memory and MB on the disk."""
    from calvingfront.products.delivery.packed import archive_at
    from calvingfront.products.delivery.unpacking import unpack_product
    from calvingfront.products.ingest import ingest_product, open_ingested
    from calvingfront.sar.geocode import geocode_file
    from calvingfront.sar.intensity_file import write_intensity
    from calvingfront.sar.multilook import multilook

    (path,) = (options.folder / options.worker).iterdir()
    out = options.folder / "out"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    dem = terrain(out)
    disk = size_mb(path)
    started = time.perf_counter()
    clock = [time.process_time()]
    place = path
    if archive_at(path) is not None:
        place = out / "unpacked"
        unpack_product(path, place)
        disk += size_mb(place)
    clock.append(time.process_time())
    ingest_product(place, out / "product.json", "S1", "2021-12-23")
    clock.append(time.process_time())
    image = multilook(open_ingested(out / "product.json"), options.spacing, options.threads)
    write_intensity(image, out / "intensity.tif", options.threads)
    del image
    clock.append(time.process_time())
    geocode_file(
        out / "intensity.tif",
        product=out / "product.json",
        dem=dem,
        output=out / "map.tif",
        view=out / "view.tif",
        threads=options.threads,
        crs=CRS,
        spacing_m=options.spacing,
        vertical_datum="ellipsoid",
    )
    clock.append(time.process_time())
    wall = time.perf_counter() - started
    shutil.rmtree(out)
    found = dict(zip(STEPS, np.diff(clock).tolist(), strict=True))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    return found | {"wall": wall, "mb": peak, "disk": disk}


def terrain(folder: Path) -> Path:
    """Write a terrain model of gentle hills around the frame."""
    import rasterio
    from rasterio.transform import from_origin

    path = folder / "dem.tif"
    rows, columns = np.mgrid[:1000, :2000] * 0.01
    heights = 300 + 200 * np.sin(40 * rows) * np.cos(15 * columns)
    facts = {"driver": "GTiff", "height": 1000, "width": 2000, "count": 1, "dtype": "float32"}
    with rasterio.open(
        path, "w", crs="EPSG:4326", transform=from_origin(140, -60, 0.01, 0.01), **facts
    ) as raster:
        raster.write(heights.astype(np.float32), 1)
    return path


def size_mb(path: Path) -> float:
    """Bytes of a file, or of all files in a folder, in MB."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file()) / 1e6


if __name__ == "__main__":
    main()
