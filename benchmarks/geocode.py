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
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

STARTED = time.perf_counter()
EPOCH = datetime(1995, 12, 20)
CRS = "EPSG:3031"
SPACING_M = 20.0
ALTITUDE_M, LOOK_DEG = 785e3, 20.3
SAMPLING_HZ, LINE_RATE_HZ = 18.96e6, 1679.9
GRAVITY, EARTH_RATE = 3.986004418e14, 7.292115e-5
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


def lines_samples(small: bool) -> tuple[int, int]:
    """Shape of the complex image."""
    return (5_000, 980) if small else (25_000, 4_900)


def scene(options: argparse.Namespace) -> Any:
    """The product: geometry in closed form, pixels memory-mapped."""
    from calvingfront.products.pixels import RecordPixels
    from calvingfront.radar.model import (
        SPEED_OF_LIGHT,
        AzimuthTime,
        Calibration,
        Product,
        RadarGeometry,
        SlantRange,
        StateVectors,
    )

    shape = lines_samples(options.small)
    times = 3600.0 + 4.3 * np.arange(-4, 5)  # sarsen fits a polynomial of degree 5
    position, velocity = circle(times - 3600.0)
    distance = float(np.linalg.norm(position[4]))
    cosine = np.cos(np.deg2rad(LOOK_DEG))
    middle = distance * cosine - np.sqrt(6_361e3**2 - distance**2 * (1 - cosine**2))
    step = SPEED_OF_LIGHT / 2 / SAMPLING_HZ
    near = middle - step * shape[1] / 2
    geometry = RadarGeometry(
        AzimuthTime(3600.0 - shape[0] / 2 / LINE_RATE_HZ, 1 / LINE_RATE_HZ),
        SlantRange(2 * near / SPEED_OF_LIGHT, 1 / SAMPLING_HZ),
        "right",
    )
    path = options.folder / "pixels.i16"
    return Product(
        path=path,
        files=(path,),
        format="benchmark",
        mission="ERS",
        platform="ERS-1",
        level="SLC",
        acquired=EPOCH,
        polarisation="VV",
        pass_direction="ascending",
        shape=shape,
        is_complex=True,
        looks=(1.0, 1.0),
        radar_frequency_hz=5.3e9,
        orbit=StateVectors(EPOCH, times, position, velocity),
        geometry=geometry,
        calibration=Calibration.constant("beta0", 1e-4),
        pixels=RecordPixels(path, 0, 4 * shape[1], 0, shape, "<i2", True),
        mean_height_m=0.0,
    )


def circle(time_s: Any) -> tuple[Any, Any]:
    """Earth-fixed positions and velocities on a circular orbit over 64° south at time 0."""
    radius, tilt, start = 6_371e3 + ALTITUDE_M, np.deg2rad(98.4), np.deg2rad(-65.7)
    rate = np.sqrt(GRAVITY / radius**3)
    u, turn = start + rate * time_s, np.deg2rad(-60) - EARTH_RATE * time_s
    flat = np.stack([np.cos(u), np.cos(tilt) * np.sin(u), np.sin(tilt) * np.sin(u)], -1)
    slope = np.stack([-np.sin(u), np.cos(tilt) * np.cos(u), np.sin(tilt) * np.cos(u)], -1)
    cos, sin, zero, one = np.cos(turn), np.sin(turn), 0 * turn, 1 + 0 * turn
    rotation = np.stack(
        [
            np.stack([cos, -sin, zero], -1),
            np.stack([sin, cos, zero], -1),
            np.stack([zero, zero, one], -1),
        ],
        -2,
    )
    position = radius * np.einsum("nij,nj->ni", rotation, flat)
    velocity = radius * rate * np.einsum("nij,nj->ni", rotation, slope)
    spin = EARTH_RATE * np.stack([-position[:, 1], position[:, 0], zero], -1)
    return position, velocity - spin


def map_grid(options: argparse.Namespace, product: Any) -> Any:
    """A square map around the centre of the scene, as large as the swath is wide."""
    from calvingfront.orbits.earth import to_geodetic
    from calvingfront.orbits.scene_orbit import scene_orbit
    from calvingfront.sar.geometry import to_ground
    from calvingfront.sar.grid import from_wgs84, grid_over

    orbit = scene_orbit(product.orbit, product.geometry, product.shape)
    middle = (np.full(1, product.shape[0] / 2), np.full(1, product.shape[1] / 2), np.zeros(1))
    longitude, latitude, _ = to_geodetic(to_ground(*middle, orbit, product.geometry))
    x, y = (
        SPACING_M * round(float(v[0]) / SPACING_M) for v in from_wgs84(CRS, longitude, latitude)
    )
    half = (10_000 if options.small else 50_000) * 1.0
    return grid_over(CRS, (x - half, y - half, x + half, y + half), options.spacing)


def make_input(options: argparse.Namespace) -> None:
    """Write the complex image and a terrain model for each spacing, unless they exist."""
    import rasterio
    from rasterio.transform import from_origin

    shape = lines_samples(options.small)
    pixels = options.folder / "pixels.i16"
    if not pixels.exists() or pixels.stat().st_size != 4 * shape[0] * shape[1]:
        random = np.random.default_rng(0)
        with pixels.open("wb") as file:
            for first in range(0, shape[0], 1000):
                rows = min(1000, shape[0] - first)
                speckle = random.normal(0, 300, (rows, 2 * shape[1]))
                file.write(speckle.astype(np.int16).tobytes())
    for spacing in {SPACING_M, *options.growth}:
        options.spacing = spacing
        path = terrain(options)
        if path.exists():
            continue
        grid = map_grid(options, scene(options))
        with rasterio.open(
            path,
            "w",
            driver="GTiff",
            height=grid.height,
            width=grid.width,
            count=1,
            dtype="float32",
            crs=CRS,
            transform=from_origin(grid.left, grid.top, spacing, spacing),
            compress="zstd",
            zstd_level=1,
            tiled=True,
        ) as dataset:
            column = np.arange(grid.width) * spacing / 1900
            for first in range(0, grid.height, 512):
                rows = min(512, grid.height - first)
                row = (first + np.arange(rows))[:, None] * spacing / 2300
                hills = 400 + 300 * np.sin(row) * np.cos(column) + 100 * np.sin(3 * row + column)
                dataset.write(
                    hills.astype(np.float32), 1, window=((first, first + rows), (0, grid.width))
                )
    options.spacing = SPACING_M


def terrain(options: argparse.Namespace) -> Path:
    """The terrain model on the map grid of this spacing."""
    return Path(options.folder / f"dem{'_small' * options.small}_{options.spacing:g}.tif")


def work_ours(options: argparse.Namespace) -> dict[str, Any]:
    """Run cold and warm; return the seconds per stage of each run."""
    from calvingfront.orbits.scene_orbit import scene_orbit
    from calvingfront.sar import masks
    from calvingfront.sar.dem import heights_on_grid
    from calvingfront.sar.geocode import geocode
    from calvingfront.sar.kernels import geocode_rows, over_rows
    from calvingfront.sar.lattice import solve_lattice
    from calvingfront.sar.map_file import write_map
    from calvingfront.sar.multilook import multilook

    imports = time.perf_counter() - STARTED
    runs = []
    for _ in range(1 + options.repeats):
        clock = [time.perf_counter()]
        product = scene(options)
        image = multilook(product, options.spacing, options.threads)
        clock.append(time.perf_counter())
        grid = map_grid(options, product)
        heights = heights_on_grid(terrain(options), grid, "ellipsoid", threads=options.threads)
        clock.append(time.perf_counter())
        result = geocode(image, grid, heights, options.threads)
        clock.append(time.perf_counter())
        write_map(
            options.folder / "map.tif",
            options.folder / "view.tif",
            grid,
            result.backscatter,
            result.view,
            result.kind,
            result.facts,
            options.threads,
        )
        clock.append(time.perf_counter())
        names = ("read, multilook", "terrain", "geocode, layover, shadow", "write")
        runs.append(dict(zip(names, np.diff(clock).tolist(), strict=True)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    np.save(options.folder / "intensity.npy", image.intensity)
    orbit = scene_orbit(image.orbit, image.geometry, image.intensity.shape)
    span = float(heights.min()), float(heights.max())
    lattice = solve_lattice(grid, span, orbit, image.geometry, image.intensity.shape)
    values = np.empty_like(heights)
    place = lattice.coefficients, lattice.step, lattice.height_m, lattice.half_span_m
    started = time.perf_counter()
    over_rows(
        lambda a, b: geocode_rows(image.intensity, heights[a:b], *place, a, 0, values[a:b], 0, 0),
        grid.height,
        256,
        options.threads,
    )
    kernel = time.perf_counter() - started
    sight = heights, orbit, image.geometry.look_side, options.threads
    codes = []
    for steepness in (masks.steepness_rows, nothing_is_gentle):
        with mock.patch.object(masks, "steepness_rows", steepness):
            started = time.perf_counter()
            masks.view_codes(grid, *sight)
            codes.append(time.perf_counter() - started)
    return {
        "imports": imports,
        "runs": runs,
        "peak": peak,
        "mpx": grid.height * grid.width / 1e6,
        "kernel": kernel,
        "masks": codes,
        "read_mpx": product.shape[0] * product.shape[1] / 1e6,
    }


def work_area(options: argparse.Namespace, reads_part: bool, maps_part: bool) -> dict[str, Any]:
    """Multilook, write, read, geocode, write: seconds of each run, and the peak memory (GB).

    runs: seconds of both jobs and of the processor, of each run.
    """
    from calvingfront.sar.coverage import Window
    from calvingfront.sar.geocode import geocode_file
    from calvingfront.sar.grid import grid_over
    from calvingfront.sar.intensity_file import write_intensity
    from calvingfront.sar.multilook import multilook

    product = scene(options)
    grid = map_grid(options, product)
    if maps_part:
        left, bottom, right, top = grid.bounds
        x, y, half = (left + right) / 2, (bottom + top) / 2, 500 * options.area_km
        grid = grid_over(CRS, (x - half, y - half, x + half, y + half), options.spacing)
    folder = options.folder
    path = folder / "intensity.tif"
    runs, part = [], Window(0, 0, 0, 0)
    for _ in range(1 + options.repeats):
        clock, busy = [time.perf_counter()], time.process_time()
        image = multilook(product, options.spacing, options.threads, grid if reads_part else None)
        write_intensity(image, path, options.threads)
        part = image.window
        del image
        clock.append(time.perf_counter())
        geocode_file(
            path,
            dem=terrain(options),
            output=folder / "map.tif",
            view=folder / "view.tif",
            crs=CRS,
            spacing_m=options.spacing,
            vertical_datum="ellipsoid",
            area=grid.bounds,
            threads=options.threads,
            terrain_flattening=options.flattening,
        )
        clock.append(time.perf_counter())
        runs.append([*np.diff(clock).tolist(), time.process_time() - busy])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return {"runs": runs, "peak": peak, "image": part.shape, "map": (grid.height, grid.width)}


def nothing_is_gentle(heights: Any, first: int, steep: Any) -> None:
    """Stand-in for steepness_rows: terrain so steep that the masks examine every pixel."""
    steep[:] = np.inf


def work_sarsen(options: argparse.Namespace) -> dict[str, Any]:
    """Geocode the same intensity with sarsen; return the median relative difference to our map."""
    sys.path.append(str(options.sarsen))  # after the environment: one numpy, one GDAL
    import rasterio
    import xarray as xr
    from sarsen import apps, datamodel

    from calvingfront.sar.looks import choose_looks, multilooked_geometry, pixel_spacing

    product = scene(options)
    looks = choose_looks(
        pixel_spacing(product.orbit, product.geometry, product.shape), SPACING_M, product.shape
    )
    geometry = multilooked_geometry(product.geometry, looks)

    def moments(seconds: Any) -> Any:
        return np.datetime64(EPOCH, "ns") + np.round(np.asarray(seconds) * 1e9).astype("m8[ns]")

    class Scene(datamodel.SlantRangeSarProduct):
        product_type = "SLC"

        def complex_amplitude(self) -> Any:
            raise NotImplementedError("abstract in sarsen; it reads beta_nought instead")

        def state_vectors(self) -> Any:
            return xr.DataArray(
                product.orbit.positions_m.T,
                dims=("axis", "azimuth_time"),
                coords={"axis": [0, 1, 2], "azimuth_time": moments(product.orbit.times_s)},
            )

        def beta_nought(self) -> Any:
            values = np.load(options.folder / "intensity.npy")
            lines, samples = (np.arange(n, dtype=np.float64) for n in values.shape)
            ranges = geometry.range.first_time_s + samples * geometry.range.interval_s
            return xr.DataArray(
                values,
                dims=("azimuth_time", "slant_range_time"),
                coords={
                    "azimuth_time": moments(geometry.azimuth.time(lines)),
                    "slant_range_time": ranges,
                },
            )

        def grid_parameters(self, grouping_area_factor: Any = (3.0, 3.0)) -> Any:
            raise NotImplementedError("abstract in sarsen; read for radiometric correction only")

    output = options.folder / "sarsen.tif"
    started = time.perf_counter()
    apps.terrain_correction(
        Scene(), str(terrain(options)), output_urlpath=str(output), interp_method="linear"
    )
    seconds = time.perf_counter() - started
    with rasterio.open(output) as theirs, rasterio.open(options.folder / "map.tif") as ours:
        one, other = theirs.read(1), ours.read(1)
        if theirs.transform.e > 0:
            one = one[::-1]
    both = np.isfinite(one) & np.isfinite(other) & (other > 0)
    difference = float(np.median(np.abs(one[both] / other[both] - 1)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return {"seconds": seconds, "peak": peak, "difference": difference}


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


WORKERS: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "ours": work_ours,
    "sarsen": work_sarsen,
    "whole": lambda options: work_area(options, False, False),
    "cut": lambda options: work_area(options, False, True),
    "part": lambda options: work_area(options, True, True),
}


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
