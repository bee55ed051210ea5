"""Terrain models as people have them: voids, scales, orientation, longitudes, units, mosaics."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import rasterio
from rasterio import Affine
from rasterio.transform import from_origin

from calvingfront.errors import GeocodingError
from calvingfront.sar.dem import heights_on_grid
from calvingfront.sar.grid import MapGrid
from calvingfront.sar.heights import tiles as height_tiles
from calvingfront.sar.heights.mosaic import check_mosaic

LEFT, TOP = -2_464_000.0, 1_434_000.0
POSTING_M, SIDE = 100.0, 120
FINE = MapGrid("EPSG:3031", LEFT + 2000, TOP - 2000, 20.0, 300, 300)
ALIGNED = MapGrid("EPSG:3031", LEFT + 2000, TOP - 2000, POSTING_M, 60, 60)
GRIDS = pytest.mark.parametrize("grid", [FINE, ALIGNED], ids=["resampled", "aligned"])
HUGE = -3.4028234663852886e38


def ground(lowest_m: float = 0.0) -> npt.NDArray[np.float32]:
    """A plane that rises by 5 m a posting to the east, and by 1 m to the south."""
    row, column = np.mgrid[:SIDE, :SIDE]
    return (lowest_m + 5 * column + row).astype(np.float32)


def write(path: Path, values: Any, transform: Affine | None = None, **options: Any) -> Path:
    values = np.asarray(values)
    values = values if values.ndim == 3 else values[None]
    scale, unit = options.pop("scale", None), options.pop("unit", None)
    with rasterio.open(
        path, "w", driver="GTiff", count=len(values), dtype=values.dtype,
        height=values.shape[1], width=values.shape[2], crs=options.pop("crs", "EPSG:3031"),
        transform=transform or from_origin(LEFT, TOP, POSTING_M, POSTING_M), **options,
    ) as dataset:  # fmt: skip
        dataset.write(values)
        if scale is not None:
            dataset.scales, dataset.offsets = [scale[0]], [scale[1]]
        if unit is not None:
            dataset.units = [unit]
    return path


@GRIDS
@pytest.mark.parametrize(
    ("value", "dtype", "tagged"),
    [
        (-32768, "int16", False),
        (-32767, "int16", False),
        (-9999, "int16", False),
        (-9999, "float32", False),
        (-9999, "float32", True),
        (-99999, "float64", False),
        (-99999, "int32", False),
        (-2147483648, "int32", False),
        (HUGE, "float32", False),
        (HUGE, "float32", True),
        (np.nan, "float32", False),
        (np.nan, "float32", True),
        (np.inf, "float32", False),
        (1e20, "float32", False),
    ],
)
def test_a_void_at_the_shore_is_sea_and_one_inland_is_filled(
    tmp_path: Path, grid: MapGrid, value: float, dtype: str, tagged: bool
) -> None:
    options = {"nodata": value} if tagged else {}
    clean = heights_on_grid(write(tmp_path / "clean.tif", ground()), grid, "ellipsoid")
    shore, inland = ground().astype(dtype), ground().astype(dtype)
    shore[30:50, 20:30] = value
    shore[30:50, 5:20] = 3  # a beach
    inland[40:50, 50:60] = value
    heights = heights_on_grid(write(tmp_path / "shore.tif", shore, **options), grid, "ellipsoid")
    cells = 100 / grid.spacing_m
    assert 0.8 * 200 * cells**2 < (heights == 0).sum() < 1.2 * 200 * cells**2
    assert heights.min() == 0
    far = slice(int(35 * cells), None)
    np.testing.assert_array_equal(heights[far], clean[far])
    dem = write(tmp_path / "inland.tif", inland, **options)
    heights = heights_on_grid(dem, grid, "ellipsoid")
    np.testing.assert_allclose(heights, clean, atol=6)  # a posting rises by 5 m


@GRIDS
def test_several_void_values_in_one_model_are_all_void(tmp_path: Path, grid: MapGrid) -> None:
    values = ground()
    values[:, :40] = 2
    values[30:40, 25:30], values[45:50, 25:30], values[55:60, 25:30] = -9999, -32768, np.nan
    heights = heights_on_grid(write(tmp_path / "dem.tif", values, nodata=-9999), grid, "ellipsoid")
    assert 0 <= heights.min() < 1e-6
    assert (heights == 0).sum() >= 0.8 * 100 * (100 / grid.spacing_m) ** 2


def test_heights_above_the_ellipsoid_are_judged_by_the_sea_beneath_them(tmp_path: Path) -> None:
    """Where the geoid is at 60 m, a shore is at 60 m."""
    values = np.full((SIDE, SIDE), 61.0, np.float32)
    values[40:50, 50:60] = -9999
    dem = write(tmp_path / "dem.tif", values, nodata=-9999)
    geoid = write(tmp_path / "geoid.tif", np.full((SIDE, SIDE), 60.0, np.float32))
    heights = heights_on_grid(dem, ALIGNED, "ellipsoid", geoid)
    assert (heights == 60).sum() == 100
    assert (heights_on_grid(dem, ALIGNED, "ellipsoid") == 61).all()


def test_a_model_without_any_height_in_the_area_is_refused(tmp_path: Path) -> None:
    dem = write(tmp_path / "dem.tif", np.full((SIDE, SIDE), -9999, np.float32), nodata=-9999)
    with pytest.raises(GeocodingError, match="no height within the map area"):
        heights_on_grid(dem, FINE, "ellipsoid")


@GRIDS
def test_scale_and_offset_are_applied(tmp_path: Path, grid: MapGrid) -> None:
    clean = heights_on_grid(write(tmp_path / "clean.tif", ground(20)), grid, "ellipsoid")
    stored = np.rint((ground(20) + 100) * 10).astype(np.int16)
    scaled = write(tmp_path / "scaled.tif", stored, scale=(0.1, -100.0))
    np.testing.assert_allclose(heights_on_grid(scaled, grid, "ellipsoid"), clean, atol=2e-3)
    stored[40:50, 50:60] = -9999  # stored values, not metres, mark voids
    dem = write(tmp_path / "void.tif", stored, scale=(0.1, -100.0))
    np.testing.assert_allclose(heights_on_grid(dem, grid, "ellipsoid"), clean, atol=6)


@pytest.mark.parametrize("short_m", [0.0, 30.0, 97.0])
@pytest.mark.parametrize("south_up", [False, True])
def test_a_model_that_ends_within_a_pixel_of_the_area_makes_no_sea_there(
    tmp_path: Path, short_m: float, south_up: bool
) -> None:
    size = (61, 61)
    left, top = FINE.left + short_m, FINE.top - short_m
    values, transform = np.full(size, 150.0, np.float32), from_origin(left, top, 98, 98)
    if south_up:
        transform = Affine(98, 0, left, 0, 98, top - 61 * 98)
    heights = heights_on_grid(write(tmp_path / "dem.tif", values, transform), FINE, "ellipsoid")
    assert (heights == 150).all()


@pytest.mark.parametrize("dtype", ["int16", "uint16", "int32", "float32"])
def test_no_void_value_is_found_where_the_type_cannot_hold_it(tmp_path: Path, dtype: str) -> None:
    """−99999 in 16 bit would be 31073: here 3107.3 m."""
    stored = np.full((SIDE, SIDE), 31073, dtype)
    for options in ({}, {"nodata": -9999}) if dtype != "uint16" else ({},):
        dem = write(tmp_path / "dem.tif", stored, scale=(0.1, 0.0), **options)
        np.testing.assert_allclose(heights_on_grid(dem, FINE, "ellipsoid"), 3107.3, atol=1e-3)


@GRIDS
@pytest.mark.parametrize("void", [False, True])
def test_south_up_rasters_are_read(tmp_path: Path, grid: MapGrid, void: bool) -> None:
    values = ground()
    if void:
        values[:, :30] = 4
        values[30:40, 22:28] = -9999
    north = write(tmp_path / "north.tif", values)
    bottom = TOP - SIDE * POSTING_M
    south = write(
        tmp_path / "south.tif", values[::-1], Affine(POSTING_M, 0, LEFT, 0, POSTING_M, bottom)
    )
    np.testing.assert_allclose(
        heights_on_grid(south, grid, "ellipsoid"),
        heights_on_grid(north, grid, "ellipsoid"),
        atol=1e-3,
    )


@pytest.mark.parametrize("void", [False, True])
@pytest.mark.parametrize("shift", [360, -360])
def test_longitudes_may_run_from_0_to_360(tmp_path: Path, shift: int, void: bool) -> None:
    longitude, latitude = FINE.to_geographic(*FINE.centre(np.array([150]), np.array([150])))
    row, column = np.mgrid[:200, :200]
    values = (0.5 * row + column).astype(np.float32)
    if void:
        values[95:99, 95:99] = -9999
        values[90:95, 90:95] = 1
    left, top = longitude[0] - 1, latitude[0] + 1
    plain = write(tmp_path / "a.tif", values, from_origin(left, top, 0.01, 0.01), crs="EPSG:4326")
    moved = write(
        tmp_path / "b.tif", values, from_origin(left + shift, top, 0.01, 0.01), crs="EPSG:4326"
    )
    results = []
    for path in (plain, moved):
        try:
            results.append(heights_on_grid(path, FINE, "ellipsoid"))
        except GeocodingError as error:
            results.append(np.array([hash(error.what)]))
    assert results[0].shape == (300, 300) or void
    np.testing.assert_allclose(results[1], results[0], atol=0.02)


@pytest.mark.parametrize(("left", "right"), [(178, 182), (-182, -178), (-180, 180), (0, 360)])
@pytest.mark.parametrize("void", [False, True])
def test_an_area_on_the_antimeridian_is_covered(
    tmp_path: Path, left: int, right: int, void: bool
) -> None:
    grid = MapGrid("EPSG:3031", -3000.0, -1_397_000.0, 20.0, 300, 300)
    step = 0.02
    values = np.full((100, round((right - left) / step)), 30.0, np.float32)
    if void:
        values[:, :3] = -9999
    dem = write(tmp_path / "d.tif", values, from_origin(left, -76.5, step, step), crs="EPSG:4326")
    heights = heights_on_grid(dem, grid, "ellipsoid")
    assert heights.max() == 30
    assert np.median(heights) == 30


def test_values_that_are_no_heights_in_metres_are_refused(tmp_path: Path) -> None:
    def refuse(match: str, values: Any = None, **options: Any) -> None:
        dem = write(tmp_path / "dem.tif", ground() if values is None else values, **options)
        with pytest.raises(GeocodingError, match=match):
            heights_on_grid(dem, FINE, "ellipsoid")

    decimetres = (ground(1200) * 10).astype(np.int16)
    refuse(r"dem\.tif: has the height 1\d+ m in the map area, and \d+ more outside", decimetres)
    deep = ground()
    deep[50, 50] = -1500
    refuse("has the height -1500 m", deep)
    odd = ground()
    odd[50, 50] = -9998
    refuse("has the height -9998 m", odd)
    refuse("has heights in 'ft'", unit="ft")
    refuse("has 2 bands", np.stack([ground(), ground()]))
    rotated = Affine(POSTING_M, 1, LEFT, 1, -POSTING_M, TOP)
    refuse("is rotated", transform=rotated)
    site = 'LOCAL_CS["building site",UNIT["metre",1]]'
    refuse("has a CRS that the map's, EPSG:3031, cannot be converted to", crs=site)
    write(tmp_path / "metres.tif", ground(), unit="metre")
    assert heights_on_grid(tmp_path / "metres.tif", FINE, "ellipsoid").min() >= 0
    outside = ground()  # beyond the map area nothing counts
    outside[0, 0] = -1500
    write(tmp_path / "outside.tif", outside)
    heights_on_grid(tmp_path / "outside.tif", FINE, "ellipsoid")


def test_a_large_model_is_read_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dem = write(tmp_path / "dem.tif", ground())
    whole = heights_on_grid(dem, FINE, "ellipsoid")
    monkeypatch.setattr(height_tiles, "MOST_PX", 400)
    np.testing.assert_allclose(heights_on_grid(dem, FINE, "ellipsoid"), whole, atol=1e-2)
    values = ground()
    values[75, 75] = 20000
    dem = write(tmp_path / "dem.tif", values)
    with pytest.raises(GeocodingError, match="20000"):
        heights_on_grid(dem, FINE, "ellipsoid")


def tiles(folder: Path) -> list[Path]:
    half = SIDE // 2
    return [
        write(
            folder / f"tile{number}.tif", ground()[:, number * half : (number + 1) * half],
            from_origin(LEFT + number * half * POSTING_M, TOP, POSTING_M, POSTING_M),
        )
        for number in range(2)
    ]  # fmt: skip


def mosaic(folder: Path, sources: list[str], relative: int = 1, more: str = "") -> Path:
    """As gdalbuildvrt writes it."""
    half = SIDE // 2
    parts = "".join(
        f'<ComplexSource><SourceFilename relativeToVRT="{relative}">{source}</SourceFilename>'
        '<SourceBand>1</SourceBand><SourceProperties RasterXSize="60" RasterYSize="120" '
        'DataType="Float32" BlockXSize="60" BlockYSize="34" />'
        '<SrcRect xOff="0" yOff="0" xSize="60" ySize="120" />'
        f'<DstRect xOff="{half * number}" yOff="0" xSize="60" ySize="120" /></ComplexSource>'
        for number, source in enumerate(sources)
    )
    path = folder / "mosaic.vrt"
    path.write_text(
        f'<VRTDataset rasterXSize="{SIDE}" rasterYSize="{SIDE}">\n'
        '  <SRS dataAxisToSRSAxisMapping="1,2">EPSG:3031</SRS>\n'
        f"  <GeoTransform>{LEFT}, {POSTING_M}, 0, {TOP}, 0, -{POSTING_M}</GeoTransform>\n"
        '  <VRTRasterBand dataType="Float32" band="1"><NoDataValue>-9999</NoDataValue>'
        f"<ColorInterp>Gray</ColorInterp>{parts}{more}</VRTRasterBand>\n</VRTDataset>\n"
    )
    return path


@GRIDS
def test_a_mosaic_of_local_tiles_is_read(tmp_path: Path, grid: MapGrid) -> None:
    whole = heights_on_grid(write(tmp_path / "whole.tif", ground()), grid, "ellipsoid")
    paths = tiles(tmp_path)
    for sources, relative in (([p.name for p in paths], 1), ([str(p) for p in paths], 0)):
        path = mosaic(tmp_path, sources, relative)
        np.testing.assert_allclose(heights_on_grid(path, grid, "ellipsoid"), whole, atol=1e-4)
        assert check_mosaic(path) == paths


def test_a_mosaic_of_anything_else_is_refused(tmp_path: Path) -> None:
    first, second = (str(path) for path in tiles(tmp_path))

    def refuse(match: str, path: Path) -> None:
        with pytest.raises(GeocodingError, match=match):
            heights_on_grid(path, FINE, "ellipsoid")

    for source in ("/vsicurl/http://127.0.0.1:9/a.tif", "http://127.0.0.1:9/a.tif", "absent.tif"):
        refuse("is no file on this machine", mosaic(tmp_path, [first, source], 0))
    inner = mosaic(tmp_path, [first, second], 0).rename(tmp_path / "inner.vrt")
    refuse("cannot be opened", mosaic(tmp_path, [first, str(inner)], 0))
    polyglot = tmp_path / "polyglot.tif"  # a GeoTIFF to most, a virtual raster to GDAL
    write(polyglot, ground())
    with rasterio.open(polyglot, "r+") as dataset:
        dataset.update_tags(TIFFTAG_IMAGEDESCRIPTION="<VRTDataset")
    polyglot.write_bytes(polyglot.read_bytes()[:8] + b"<VRTDataset" + polyglot.read_bytes()[19:])
    refuse("virtual raster itself", mosaic(tmp_path, [first, str(polyglot)], 0))
    (tmp_path / "text.tif").write_text("no raster")
    refuse("cannot be opened", mosaic(tmp_path, [first, str(tmp_path / "text.tif")], 0))
    for more in (
        "<PixelFunctionType>sum</PixelFunctionType>",
        f"<Overview><SourceFilename>{second}</SourceFilename></Overview>",
        "<MaskBand />",
        '<KernelFilteredSource><SourceFilename relativeToVRT="1">a</SourceFilename>'
        "</KernelFilteredSource>",
        f'<Metadata domain="OVERVIEWS"><MDI key="OVERVIEW_FILE">{second}</MDI></Metadata>',
        "<ComplexSource><OpenOptions><OOI key='a'>b</OOI></OpenOptions></ComplexSource>",
    ):
        refuse("mosaic|overviews", mosaic(tmp_path, [first, second], 0, more))
    path = mosaic(tmp_path, [first, second], 0)
    path.write_text(path.read_text().replace("<VRTDataset ", '<VRTDataset subClass="VRTWarped" '))
    refuse("subClass", path)
    path.write_text('<!DOCTYPE a [<!ENTITY b "c">]><VRTDataset />')
    refuse("cannot be opened|no readable mosaic", path)
    path.write_text("<VRTDataset")
    refuse("no readable mosaic", path)
    path.write_text('<VRTDataset rasterXSize="1" rasterYSize="1" />')
    refuse("without tiles", path)
