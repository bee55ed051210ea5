"""Terrain models of many tiles: folders, lists, patterns, coasts, bands of latitude, 180°."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from calvingfront.errors import GeocodingError
from calvingfront.sar.dem import heights_on_grid, read_heights
from calvingfront.sar.grid import MapGrid, from_wgs84
from calvingfront.sar.heights import raster as height_raster
from calvingfront.sar.heights.files import expanded, terrain_files
from calvingfront.sar.heights.tiles import open_tiles
from calvingfront.sar.heights.vertical import stated_datum

PER_DEGREE = 360  # rows of a tile; GLO-30 has 3600


def plane(longitude: Any, latitude: Any) -> Any:
    """Heights that tell every place from its neighbours, m; the same at 180° from both sides."""
    east, north = np.radians(np.asarray(longitude)), np.radians(np.asarray(latitude))
    return 400 + 100 * np.sin(8 * east) + 100 * np.sin(60 * north)


def tile(
    folder: Path, south: int, west: int, height: Any = plane, columns: int = 0, **options: Any
) -> Path:
    """A tile of 1° in the name and layout of Copernicus GLO-30: fewer columns near the poles."""
    lat, lon = f"{'NS'[south < 0]}{abs(south):02d}", f"{'EW'[west < 0]}{abs(west):03d}"
    name = options.pop("name", f"Copernicus_DSM_COG_10_{lat}_00_{lon}_00_DEM.tif")
    nearest = min(abs(south), abs(south + 1))
    bands = ((50, 1), (60, 1.5), (70, 2), (80, 3), (90, 5))
    parts = next(parts for limit, parts in bands if nearest < limit)
    columns = columns or round(PER_DEGREE / parts)
    across, down = 1 / columns, 1 / PER_DEGREE
    x = west + (np.arange(columns) + 0.5) * across
    y = south + 1 - (np.arange(PER_DEGREE) + 0.5) * down
    values = np.float32(height(*np.meshgrid(x, y)))
    folder.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        folder / name, "w", driver="GTiff", count=1, dtype="float32", width=columns,
        height=PER_DEGREE, crs=options.get("crs", "EPSG:4326"), nodata=options.get("nodata"),
        transform=from_origin(west, south + 1, across, down),
    ) as dataset:  # fmt: skip
        dataset.write(values, 1)
    return folder / name


@pytest.fixture
def geoid(tmp_path: Path) -> Path:
    """The whole world at 0 m, in the name of PROJ's grid."""
    path = tmp_path / "us_nga_egm08_25.tif"
    with rasterio.open(
        path, "w", driver="GTiff", count=1, dtype="float32", width=360, height=180,
        crs="EPSG:4326", transform=from_origin(-180, 90, 1, 1),
    ) as dataset:  # fmt: skip
        dataset.write(np.zeros((180, 360), np.float32), 1)
    return path


def around(longitude: float, latitude: float, crs: str = "EPSG:3031", side: int = 400) -> MapGrid:
    x, y = from_wgs84(crs, np.array([longitude]), np.array([latitude]))
    half = side // 2 * 20
    return MapGrid(crs, round(x[0] - half, -2), round(y[0] + half, -2), 20.0, side, side)


def truth(grid: MapGrid) -> Any:
    row, column = np.mgrid[: grid.height, : grid.width]
    return plane(*grid.to_geographic(*grid.centre(row, column)))


# One pixel of these tiles is 300 m; bilinear on the plane leaves a metre.
CLOSE_M = 2.0


@pytest.mark.parametrize(
    ("longitude", "latitude", "crs"),
    [
        (-62.0, -66.0, "EPSG:3031"),  # four tiles meet
        (-62.0, -60.0, "EPSG:3031"),  # bands of latitude with other columns meet
        (180.0, -77.0, "EPSG:3031"),
        (-180.0, 66.0, "EPSG:3413"),
        (180.0, -16.0, "EPSG:3832"),
        (10.0, -89.97, "EPSG:3031"),
        (-50.0, 69.0, "EPSG:3413"),
        (-50.0, 80.0, "EPSG:3413"),
    ],
)
@pytest.mark.parametrize("most", [25_000_000, 20_000], ids=["whole", "in parts"])
def test_tiles_join_without_a_seam(
    tmp_path: Path, geoid: Path, longitude: float, latitude: float, crs: str, most: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("calvingfront.sar.heights.tiles.MOST_PX", most)
    grid = around(longitude, latitude, crs)
    every: Any = (int(longitude) - 1, int(longitude))
    rows: tuple[int, ...] = (round(latitude) - 1, round(latitude))
    if abs(longitude) == 180:
        every = (-180, -179, 178, 179)
    if latitude < -89:
        every, rows = range(-180, 180), (-90,)
    for south in rows:
        for west in every:
            tile(tmp_path / "dem", south, west, columns=12 if latitude < -89 else 0)
    found = read_heights(tmp_path / "dem", grid, "geoid", geoid)
    assert found.told == []
    far = 15 if latitude < -89 else CLOSE_M  # columns of 1/12° near the pole
    np.testing.assert_allclose(found.metres, truth(grid), atol=far)


def test_where_tiles_end_at_a_coast_is_sea_and_their_names_are_told(
    tmp_path: Path, geoid: Path
) -> None:
    coast = lambda lon, lat: np.maximum(0, plane(lon, lat) * (lon < -62.01))  # noqa: E731
    for south in (-67, -66):
        tile(tmp_path / "dem", south, -63, coast)
    grid = around(-62.0, -66.0)
    found = read_heights(tmp_path / "dem", grid, "geoid", geoid)
    row, column = np.mgrid[: grid.height, : grid.width]
    longitude, _ = grid.to_geographic(*grid.centre(row, column))
    assert (found.metres[longitude > -61.99] == 0).all()
    land = longitude < -62.025
    np.testing.assert_allclose(found.metres[land], truth(grid)[land], atol=CLOSE_M)
    assert found.doubtful is None
    assert any("S67_00_W062_00_DEM.tif, Copernicus" in each for each in found.told)
    assert any("counts as sea, at the height of the geoid" in each for each in found.told)


def test_a_forgotten_tile_inland_is_refused(tmp_path: Path, geoid: Path) -> None:
    for south, west in ((-67, -63), (-66, -63), (-66, -62)):
        tile(tmp_path / "dem", south, west)
    with pytest.raises(GeocodingError, match="Add the tiles that are missing"):
        heights_on_grid(tmp_path / "dem", around(-61.9, -66.1, side=700), "geoid", geoid)


def test_a_model_is_a_file_a_folder_a_list_or_a_pattern(tmp_path: Path, geoid: Path) -> None:
    folder = tmp_path / "dem"
    paths = [
        tile(folder / f"Copernicus_DSM_COG_10_S{-south}", south, west)
        for south in (-67, -66)
        for west in (-63, -62)
    ]
    for layer in ("AUXFILES/Copernicus_DSM_10_S66_00_W063_00_EDM", "AUXFILES/x_WBM", "y_count"):
        (folder / layer).parent.mkdir(exist_ok=True)
        (folder / f"{layer}.tif").write_bytes(b"no heights")
    (folder / "us_nga_egm08_25.tif").write_bytes(geoid.read_bytes())
    (folder / ".hidden.tif").write_bytes(b"")
    (folder / "readme.txt").write_text("of the agency")
    assert terrain_files(folder) == sorted(paths)
    grid = around(-62.0, -66.0)
    whole = heights_on_grid(folder, grid, "geoid", geoid)
    pattern = f"{folder}/**/Copernicus*DEM.tif"
    assert expanded(pattern) == [str(path) for path in sorted(paths)]
    for model in (paths, [str(path) for path in reversed(paths)], pattern, [folder, paths[0]]):
        np.testing.assert_allclose(heights_on_grid(model, grid, "geoid", geoid), whole, atol=1e-3)
    (tmp_path / "empty").mkdir()
    (tmp_path / "packed").mkdir()
    (tmp_path / "packed" / "10_10_10m_v2.0.tar.gz").write_bytes(b"")
    for model, match in (
        (tmp_path / "empty", "holds no raster of heights"),
        (tmp_path / "packed", r"holds archives \(10_10"),
        (tmp_path / "packed" / "10_10_10m_v2.0.tar.gz", "is an archive"),
        (tmp_path / "absent.tif", "does not exist"),
        (f"{tmp_path}/none*.tif", "matches no file"),
        ([], "is an empty list"),
    ):
        with pytest.raises(GeocodingError, match=match):
            terrain_files(model)


def test_srtm_tiles_share_a_column_and_mark_voids_without_a_tag(
    tmp_path: Path, geoid: Path
) -> None:
    """As NASA packs them: 1201 × 1201 big-endian heights, named by the south-western corner."""
    for west in (-46, -45):
        longitude, latitude = np.meshgrid(
            west + np.arange(1201) / 1200, 61 - np.arange(1201) / 1200
        )
        heights = np.rint(plane(longitude, latitude)).astype(">i2")
        heights[600:605, :3] = -32768
        (tmp_path / "dem").mkdir(exist_ok=True)
        (tmp_path / "dem" / f"N60W{-west:03d}.hgt").write_bytes(heights.tobytes())
    grid = around(-45.0, 60.5, "EPSG:3413")
    geoid = geoid.rename(tmp_path / "us_nga_egm96_15.tif")
    found = read_heights(tmp_path / "dem", grid, "geoid", geoid)
    np.testing.assert_allclose(found.metres, truth(grid), atol=CLOSE_M)
    assert "was filled" in found.told[0]


def test_only_the_tiles_and_windows_that_the_map_needs_are_read(
    tmp_path: Path, geoid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for south in (-67, -66):
        for west in range(-66, -58):
            tile(tmp_path / "dem", south, west)
    read: list[tuple[str, int]] = []
    original = height_raster.HeightRaster.read

    def counted(self: Any, row: int, column: int, height: int, width: int, *rest: Any) -> Any:
        read.append((self.path.name, height * width))
        return original(self, row, column, height, width, *rest)

    monkeypatch.setattr(height_raster.HeightRaster, "read", counted)
    heights_on_grid(tmp_path / "dem", around(-62.5, -65.5), "geoid", geoid)
    one = "Copernicus_DSM_COG_10_S66_00_W063_00_DEM.tif"
    assert {name for name, _ in read} == {one, geoid.name}
    assert sum(size for name, size in read if name != geoid.name) < 3500  # of 64800


@pytest.mark.parametrize("offset_m", [0.0, 50.0])
def test_tiles_whose_pixels_do_not_coincide_keep_their_places(
    tmp_path: Path, offset_m: float
) -> None:
    grid = MapGrid("EPSG:3031", -2_464_000.0, 1_434_000.0, 20.0, 100, 200)
    paths = []
    for number, left in enumerate((grid.left - 500, grid.left + 2000 + offset_m)):
        x = left + 100 * (np.arange(30) + 0.5)
        paths.append(tmp_path / f"{number}.tif")
        with rasterio.open(
            paths[-1], "w", driver="GTiff", count=1, dtype="float32", width=30, height=40,
            crs="EPSG:3031", transform=from_origin(left, grid.top + 500, 100, 100),
        ) as dataset:  # fmt: skip
            dataset.write(np.float32(np.tile(100 + 0.5 * (x - grid.left), (40, 1))), 1)
    expected = 100 + 0.5 * 20 * (np.arange(200) + 0.5)
    off = np.abs(heights_on_grid(paths, grid, "ellipsoid") - expected)
    assert off.max() < 26  # half a posting at the seam
    assert np.delete(off, np.s_[122:126], axis=1).max() < 1


def test_tiles_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    one = tile(tmp_path / "a", -66, -63, name="one.tif")
    with rasterio.open(
        tmp_path / "b.tif", "w", driver="GTiff", count=1, dtype="float32", width=9, height=9,
        crs="EPSG:3031", transform=from_origin(0, 0, 10, 10),
    ) as dataset:  # fmt: skip
        dataset.write(np.zeros((9, 9), np.float32), 1)
    with pytest.raises(GeocodingError, match=r"EPSG:4326 \(one\.tif\) and in EPSG:3031 \(b\.tif\)"):
        open_tiles([one, tmp_path / "b.tif"])
    other = tile(tmp_path / "a", -66, -62, name="rema_mosaic_10m.tif")
    glo = tile(tmp_path / "a", -66, -61)
    with pytest.raises(GeocodingError, match=r"\(Copernicus.*\(rema|\(rema.*\(Copern"):
        open_tiles([one, other, glo])


@pytest.mark.parametrize(
    ("name", "crs", "surface"),
    [
        ("Copernicus_DSM_COG_10_S66_00_W063_00_DEM.tif", None, "EGM2008"),
        ("Copernicus_DSM_10_N60_00_W045_00_DEM.tif", None, "EGM2008"),
        ("rema_mosaic_100m_v2.0_filled_cop30_dem.tif", None, "the ellipsoid"),
        ("38_48_10m_v2.0_dem.tif", None, "the ellipsoid"),
        ("16_37_1_1_2m_v4.1_dem.tif", None, "the ellipsoid"),
        ("arcticdem_mosaic_500m_v4.1.tif", None, "the ellipsoid"),
        ("TDM1_DEM__30_S66W063_DEM.tif", None, "the ellipsoid"),
        ("TDM_POLARDEM90_ANT.tif", None, "the ellipsoid"),
        ("N66W046.hgt", None, "EGM96"),
        ("srtm_12_03.tif", None, "EGM96"),
        ("dem.tif", "EPSG:9518", "EGM2008"),
        ("dem.tif", "EPSG:4326+3855", "EGM2008"),
        ("dem.tif", "EPSG:9707", "EGM96"),
        ("dem.tif", "EPSG:3031+5773", "EGM96"),
        ("dem.tif", "EPSG:4979", "the ellipsoid"),
        ("Copernicus_DSM_COG_10_S66_00_W063_00_DEM.tif", "EPSG:4979", "the ellipsoid"),
        ("dem.tif", "EPSG:4326", None),
        ("S066_ice_shelf.tif", None, None),
    ],
)
def test_name_or_crs_say_what_heights_refer_to(
    name: str, crs: str | None, surface: str | None
) -> None:
    system = None if crs is None else rasterio.CRS.from_user_input(crs)
    found = stated_datum(Path(name), system)
    assert (None if found is None else found.surface) == surface


def test_a_vertical_datum_that_the_model_contradicts_is_refused(
    tmp_path: Path, geoid: Path
) -> None:
    grid = around(-62.5, -65.5, side=50)
    glo = tile(tmp_path, -66, -63)
    with pytest.raises(GeocodingError, match=r"geoid EGM2008 by its name \(that of Cop"):
        heights_on_grid(glo, grid, "ellipsoid")
    rema = tile(tmp_path, -66, -63, name="rema_x.tif")
    with pytest.raises(GeocodingError, match="above the ellipsoid by its name"):
        heights_on_grid(rema, grid, "geoid", geoid)
    heights_on_grid(rema, grid, "ellipsoid")
    compound = tile(tmp_path, -66, -63, name="c.tif", crs="EPSG:9707")
    with pytest.raises(GeocodingError, match="geoid EGM96 by its CRS and"):
        heights_on_grid(compound, grid, "ellipsoid")
    (told,) = read_heights(compound, grid, "geoid", geoid).told
    assert "EGM96" in told
    assert "us_nga_egm08_25.tif is EGM2008: the two differ by some metres" in told
