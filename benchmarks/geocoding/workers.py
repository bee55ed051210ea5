"""What benchmarks/geocode.py measures, each in a process of its own."""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable
from typing import Any
from unittest import mock

import numpy as np
from geocoding.scene import CRS, EPOCH, SPACING_M, map_grid, scene, terrain

STARTED = time.perf_counter()


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


WORKERS: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "ours": work_ours,
    "sarsen": work_sarsen,
    "whole": lambda options: work_area(options, False, False),
    "cut": lambda options: work_area(options, False, True),
    "part": lambda options: work_area(options, True, True),
}
