"""Only the formats that are meant are opened: no file that a file names, and no URL."""

from __future__ import annotations

import json
import shutil
import threading
import warnings
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pyogrio
import pytest
import rasterio
from pyogrio.errors import DataSourceError
from rasterio.errors import RasterioIOError
from rasterio.transform import from_origin
from shapely.geometry import LineString

from calvingfront.errors import CalvingFrontError, PositionError, ProductError, SceneError
from calvingfront.geofiles.rasters import (
    HEIGHT_DRIVERS,
    IMAGE_DRIVERS,
    SIDECARS,
    open_alone,
    open_raster,
)
from calvingfront.geofiles.vectors import VECTOR_DRIVERS, layers_with_kinds, read_layer
from calvingfront.locating.reading import read_fronts
from calvingfront.position.layers import layers_of
from calvingfront.position.layers import read_layer as read_position_layer
from calvingfront.products.checks import check_product
from calvingfront.products.registry import open_product
from calvingfront.scenes.importing import import_scene
from calvingfront.scenes.rasters import is_raster
from sentinel1_files import write_sentinel1, zip_safe

CANARY = 77  # the value in the file that nothing may open


class Server:
    """A web server on this machine that counts what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        asked = self.asked

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                self.send_response(404)
                self.end_headers()

            do_HEAD = do_POST = do_GET

            def log_message(self, *args: Any) -> None: ...

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    one = Server()
    yield one
    one.close()


def geotiff(path: Path, value: int, shape: tuple[int, int] = (8, 8)) -> Path:
    with rasterio.open(
        path, "w", driver="GTiff", height=shape[0], width=shape[1], count=1, dtype="uint16",
        crs="EPSG:3031", transform=from_origin(0, 0, 10, 10),
    ) as raster:  # fmt: skip
        raster.write(np.full((1, *shape), value, "uint16"))
    return path


def virtual(source: object, shape: tuple[int, int] = (8, 8)) -> str:
    height, width = shape
    return (
        f'<VRTDataset rasterXSize="{width}" rasterYSize="{height}"><SRS>EPSG:3031</SRS>'
        "<GeoTransform>0, 10, 0, 0, 0, -10</GeoTransform>"
        '<VRTRasterBand dataType="UInt16" band="1"><SimpleSource>'
        f"<SourceFilename>{source}</SourceFilename><SourceBand>1</SourceBand>"
        "</SimpleSource></VRTRasterBand></VRTDataset>"
    )


def web_raster(url: str) -> str:
    return (
        f'<GDAL_WMS><Service name="TMS"><ServerUrl>{url}/${{z}}/${{x}}</ServerUrl></Service>'
        "<DataWindow><UpperLeftX>0</UpperLeftX><UpperLeftY>0</UpperLeftY><LowerRightX>80"
        "</LowerRightX><LowerRightY>-80</LowerRightY><SizeX>8</SizeX><SizeY>8</SizeY>"
        "</DataWindow><Projection>EPSG:3031</Projection><BandsCount>1</BandsCount></GDAL_WMS>"
    )


SUFFIXES = (".tif", ".tiff", ".png", ".jpg", ".img", ".dim", ".vrt", ".hgt", ".nc", "")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_text_that_names_a_raster_or_a_service_is_no_raster(
    tmp_path: Path, server: Server, suffix: str
) -> None:
    secret = geotiff(tmp_path / "secret.tif", CANARY)
    path = tmp_path / f"image{suffix}"
    for text in (virtual(secret), virtual(f"/vsicurl/{server.url}/a.tif"), web_raster(server.url)):
        path.write_text(text)
        for drivers in (IMAGE_DRIVERS, HEIGHT_DRIVERS):
            with pytest.raises(RasterioIOError):
                open_raster(path, drivers)
        with pytest.raises(RasterioIOError):
            open_alone(str(path))
        assert not is_raster(path)
    assert not server.asked


def test_what_lies_beside_a_raster_or_in_its_tags_names_no_other_file(tmp_path: Path) -> None:
    secret = geotiff(tmp_path / "secret.tif", CANARY)
    (tmp_path / "other.vrt").write_text(virtual(secret, (4, 4)))

    def image(name: str) -> Path:
        (tmp_path / name).mkdir()
        return geotiff(tmp_path / name / "image.tif", 5)

    for number, suffix in enumerate((*SIDECARS, ".Ovr")):
        path = image(f"sidecar{number}")
        for beside in (path.with_name(path.name + suffix), path.with_suffix(suffix)):
            mark = "EHFA_HEADER_TAG" if suffix.lower() == ".aux" else ""
            beside.write_text(mark + virtual(secret, (4, 4)))
            if suffix in SIDECARS:
                with pytest.raises(RasterioIOError, match="beside it is no raster"):
                    open_raster(path)
            else:
                with open_raster(path) as raster:
                    assert raster.read(1, out_shape=(4, 4))[0, 0] == 5
            beside.unlink()
    (tmp_path / "sidecar0" / "image.aux").write_text("\\relax")  # LaTeX's, not a raster's
    open_raster(tmp_path / "sidecar0" / "image.tif").close()
    overviews = {"OVERVIEW_FILE": str(tmp_path / "other.vrt")}
    path = image("tags")
    with rasterio.open(path, "r+") as raster:
        raster.update_tags(ns="OVERVIEWS", **overviews)
    described = image("described")
    described.with_name("image.tif.aux.xml").write_text(
        '<PAMDataset><Metadata domain="OVERVIEWS"><MDI key="OVERVIEW_FILE">'
        f"{overviews['OVERVIEW_FILE']}</MDI></Metadata></PAMDataset>"
    )
    for one in (path, described):
        with rasterio.open(one) as raster:  # GDAL itself falls for it
            assert raster.read(1, out_shape=(4, 4))[0, 0] == CANARY
        with pytest.raises(RasterioIOError, match="OVERVIEW_FILE"):
            open_raster(one)
    with open_alone(str(described)) as raster:  # of a product: what lies beside it does not count
        assert raster.read(1, out_shape=(4, 4))[0, 0] == 5


def test_overviews_masks_and_world_files_beside_an_image_are_still_read(tmp_path: Path) -> None:
    path = geotiff(tmp_path / "image.tif", 5, (64, 64))
    with rasterio.Env(TIFF_USE_OVR="YES", GDAL_TIFF_INTERNAL_MASK="NO"):
        with rasterio.open(path, "r+") as raster:
            raster.write_mask(np.arange(64 * 64).reshape(64, 64) % 2 == 0)
        with rasterio.open(path, "r+") as raster:
            raster.build_overviews([2])
    assert path.with_name("image.tif.ovr").exists()
    assert path.with_name("image.tif.msk").exists()
    with open_raster(path) as raster:
        assert raster.overviews(1) == [2]
        assert (raster.dataset_mask() == 0).sum() == 64 * 32
    plain = tmp_path / "plain.png"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with rasterio.open(
            plain, "w", driver="PNG", height=8, width=8, count=1, dtype="uint8"
        ) as r:
            r.write(np.ones((1, 8, 8), "uint8"))
    plain.with_suffix(".pgw").write_text("20\n0\n0\n-20\n1000\n2000\n")
    with open_raster(plain) as raster:
        assert raster.transform.a == 20


@pytest.mark.parametrize("zipped", [False, True])
def test_a_sentinel1_image_that_is_a_virtual_raster_opens_nothing(
    tmp_path: Path, server: Server, zipped: bool
) -> None:
    root = write_sentinel1(tmp_path)
    (tiff,) = (root / "measurement").glob("*.tiff")
    secret = Path(shutil.move(tiff, tmp_path / "secret.tiff"))
    for source in (secret, f"/vsicurl/{server.url}/a.tif"):
        tiff.write_text(virtual(source, (40, 60)))
        product = open_product(zip_safe(root) if zipped else root)
        with pytest.raises(ProductError, match="cannot be read"):
            product.pixels.read(0, 2)
        assert check_product(product)
    assert not server.asked


def test_vector_text_that_names_a_file_or_service_is_refused(
    tmp_path: Path, server: Server
) -> None:
    lines = geopandas.GeoDataFrame(
        {"scene": ["S1"]}, geometry=[LineString([(0, 0), (80, -80)])], crs="EPSG:3031"
    )
    lines.to_file(tmp_path / "secret.gpkg")
    sources = [str(tmp_path / "secret.gpkg"), f"{server.url}/a.geojson"]
    texts = [
        f"<OGRVRTDataSource><OGRVRTLayer name='secret'><SrcDataSource>{source}</SrcDataSource>"
        "</OGRVRTLayer></OGRVRTDataSource>"
        for source in sources
    ]
    texts.append(f"<OGRWFSDataSource><URL>{server.url}/wfs</URL></OGRWFSDataSource>")
    texts.append(json.dumps({"type": "gdal_streamed_alg", "command_line": f"gdal vector pipeline "
                             f"read {sources[0]} ! write streamed_dataset"}))  # fmt: skip
    image = geotiff(tmp_path / "image.tif", 5)
    for suffix in (".gpkg", ".shp", ".geojson", ".json", ".fgb", ".kml", ".gml", ".vrt", ".tif"):
        path = tmp_path / f"lines{suffix}"
        for text in texts:
            path.write_text(text)
            for read in (read_layer, layers_with_kinds):
                with pytest.raises((ValueError, DataSourceError), match=r"none of|parsing kml"):
                    read(path)
            with pytest.raises(SceneError):
                read_fronts(path)
            with pytest.raises(PositionError):
                layers_of(path)
            with pytest.raises(CalvingFrontError):
                import_scene("S1", "A", "2007-03-04", image, path, tmp_path / "o.png",
                             tmp_path / "f.png")  # fmt: skip
    assert not server.asked


@pytest.mark.parametrize("kind", ["link", "LINK", "url", "\\u006cink"])
def test_a_geojson_whose_crs_is_a_link_is_refused(
    tmp_path: Path, server: Server, kind: str
) -> None:
    crs = {"type": "KIND", "properties": {"href": server.url, "url": server.url, "type": "proj4"}}
    shape = {"type": "LineString", "coordinates": [[0, 0], [1, 1]]}
    feature = {"type": "Feature", "properties": {"a": 1}, "geometry": shape}
    whole = {"type": "FeatureCollection", "features": [feature]}
    inside = whole | {"features": [feature | {"geometry": shape | {"crs": crs}}]}
    for number, content in enumerate((whole | {"crs": crs}, inside)):
        path = tmp_path / f"{number}.geojson"
        path.write_text(json.dumps(content).replace("KIND", kind))
        with zipfile.ZipFile(tmp_path / f"{number}.zip", "w") as archive:
            archive.write(path, path.name)
        sequence = tmp_path / f"{number}.geojsonl"
        first = json.dumps(feature | {"properties": {"url": "x"}})
        sequence.write_text(f"{first}\n{path.read_text()}\n")
        for file in (path, tmp_path / f"{number}.zip", sequence):
            with pytest.raises(ValueError, match="gives its CRS as a"):
                read_layer(file)
    assert not server.asked


def test_the_formats_that_people_have_are_read(tmp_path: Path) -> None:
    lines = geopandas.GeoDataFrame(
        {"scene": ["S1", "S2"], "url": ["link", "b"]},
        geometry=[LineString([(0, 0), (1, 1)]), LineString([(0, 1), (1, 2)])],
        crs="EPSG:4326",
    )
    for name in ("a.gpkg", "a.shp", "a.geojson", "a.fgb", "a.geojsonl"):
        pyogrio.write_dataframe(lines, tmp_path / name)
    pyogrio.write_dataframe(lines, tmp_path / "a.kml", driver="KML")
    pyogrio.write_dataframe(lines, tmp_path / "a.gdb", driver="OpenFileGDB")
    with zipfile.ZipFile(tmp_path / "shape.zip", "w") as archive:
        for part in tmp_path.glob("a.s*"):
            archive.write(part, part.name)
        for part in (*tmp_path.glob("a.dbf"), *tmp_path.glob("a.prj")):
            archive.write(part, part.name)
    for name in ("a.gpkg", "a.shp", "a.geojson", "a.fgb", "a.kml", "a.geojsonl", "a.gdb",
                 "shape.zip"):  # fmt: skip
        assert len(read_layer(tmp_path / name)) == 2, name
        assert layers_with_kinds(tmp_path / name)[0][1] is not None
    assert len(read_position_layer(tmp_path / "a.gpkg", None, ("LineString",))) == 2


def test_no_format_that_refers_to_others_is_left(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="does not exist"):
        read_layer(f"/vsicurl/{tmp_path}/none.gpkg")
    (tmp_path / "damaged.gpkg").write_bytes(b"SQLite format 3\0" + bytes(300))
    with pytest.raises(Exception, match=r"."):
        read_layer(tmp_path / "damaged.gpkg")
    assert set(pyogrio.list_drivers()) <= set(VECTOR_DRIVERS)
