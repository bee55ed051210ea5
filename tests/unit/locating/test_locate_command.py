"""`calvingfront locate` as a user calls it, with good and bad input."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import rasterio

from backscatter import write_tif
from calvingfront.cli import main
from calvingfront.files import read_json, write_json
from calvingfront.locating.outputs import writers
from calvingfront.locating.vectors import read_fronts
from full_disk import no_room
from trained import SIZE

Locate = Callable[..., int]


@pytest.fixture
def locate(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Locate:
    """Run the command in `tmp_path`, writing out/fronts.gpkg; return the exit status."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))

    def run(*arguments: Any, output: str = "out/fronts.gpkg", folder: Path = model) -> int:
        command = ["locate", "--device", "cpu", "--threads", "1", "--model", str(folder)]
        status = main([*command, "--output", output, *map(str, arguments)])
        assert not list((tmp_path / "tmp").iterdir()), "temporary files remain"
        return status

    return run


def tar_of(path: Path, archive: Path) -> Path:
    with tarfile.open(archive, "w:gz") as target:
        target.add(path, path.name)
    return archive


def files_of(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_an_image_a_product_and_an_archive_are_located_together(
    locate: Locate, image: Path, product: Path, map_config: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    packed = tmp_path / "packed.N1"
    shutil.copy(product, packed)
    archive = tar_of(packed, tmp_path / "a.tar.gz")
    status = locate(
        image, product.parent, archive, "--map-config", map_config, "--glacier", "G",
        "--output", "out/fronts.parquet", "--output", "out/fronts.shp", "--stac",
    )  # fmt: skip
    said = capsys.readouterr()
    assert status == 0, said
    found = {front.scene: front for front in read_fronts(tmp_path / "out" / "fronts.gpkg")}
    assert set(found) == {image.stem, product.stem, "packed"}
    assert found[image.stem].acquired == "2010-03-04"
    assert found["packed"].acquired.startswith("2006-03-05T13:01:04.")
    assert {front.crs for front in found.values()} == {"EPSG:3031"}
    assert {front.glacier for front in found.values()} == {"G"}
    assert found["packed"].orbit == "packed"
    assert found["packed"].mission == "ENVISAT"
    (line,) = found[image.stem].lines  # rows 18 to 21 are bright; a pixel of the sample has 750 m
    assert np.abs(line[:, 1] - (1_300_000 - 20 * 200)).max() < 750
    lines = said.err.splitlines()
    assert [line.split(":")[0] for line in lines] == ["1 of 3", "2 of 3", "3 of 3"]
    assert f"{product.stem}: Envisat IMS: " in lines[1]
    assert all(line.endswith(" s)") for line in lines)
    assert said.out.splitlines()[-3:] == ["out/fronts.gpkg", "out/fronts.parquet", "out/fronts.shp"]
    assert files_of(tmp_path / "out") == sorted(
        ["fronts.gpkg", "fronts.gpkg.json", "fronts.parquet", "fronts.parquet.json", "fronts.qml",
         "fronts.shp.json", *(f"fronts.{end}" for end in ("shp", "shx", "dbf", "prj", "cpg"))]
    )  # fmt: skip
    item = json.loads((tmp_path / "out" / "fronts.parquet.json").read_text())
    assert item["id"] == "fronts.parquet"
    assert {key: asset["href"] for key, asset in item["assets"].items()} == {
        "fronts": "fronts.parquet", "style": "fronts.qml",
    }  # fmt: skip
    assert locate(image, "--quiet") == 0
    assert capsys.readouterr().err == ""


def test_the_item_of_a_shapefile_describes_the_lines_in_it(
    locate: Locate, image: Path, tmp_path: Path
) -> None:
    """A Shapefile leaves out scenes without a line: here a black image of another year."""
    with rasterio.open(image) as source:
        black = tmp_path / "A_2001-03-04_TSX_20_1_007.tif"
        values = np.ones_like(source.read())
        with rasterio.open(black, "w", **source.profile) as target:
            target.write(values)
    assert locate(image, black, "--stac", output="out/fronts.shp") in (0, 3)
    drawn = pyogrio.read_info(tmp_path / "out" / "fronts.shp")["features"]
    item = json.loads((tmp_path / "out" / "fronts.shp.json").read_text())
    assert item["properties"]["description"].startswith(f"{drawn} scenes, {drawn} with a front")


def test_a_product_in_a_table_with_its_own_work_folder(
    locate: Locate, product: Path, map_config: Path, tmp_path: Path
) -> None:
    lines = f"scene,glacier,product\nx/1,G,product/{product.name}\n"
    (tmp_path / "new.csv").write_text(lines)
    arguments = ["--table", tmp_path / "new.csv", "--map-config", map_config, "--work"]
    assert locate(*arguments, tmp_path / "work") == 0
    (front,) = read_fronts(tmp_path / "out" / "fronts.gpkg")
    assert front.scene == "x/1"
    assert "view.tif" in files_of(tmp_path / "work" / "scenes" / "x_1")


@pytest.mark.parametrize("size_m", [None, 200])
def test_probability_maps_lie_on_the_grid_of_the_sample(
    locate: Locate, image: Path, tmp_path: Path, size_m: int | None,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """60 × 40 px of 200 m become 16 px: 750 m each, 10⅔ of them down the scene."""
    more: list[Any] = []
    if size_m:
        with rasterio.open(image) as source:
            values = source.read(1)
        image = tmp_path / f"{image.stem}.png"
        with rasterio.open(
            image, "w", driver="PNG", height=40, width=60, count=1, dtype="uint8"
        ) as png:
            png.write(values, 1)
        more = ["--pixel-size-m", size_m]
    assert locate(image, "--probability", "maps", *more) == 0
    (path,) = (tmp_path / "maps").iterdir()
    assert path.name == f"{image.stem}.tif"
    with rasterio.open(path) as source:
        values = source.read(1)
        assert source.dtypes == ("float32",)
        assert source.compression.name == "deflate"
        assert source.tags(ns="IMAGE_STRUCTURE")["PREDICTOR"] == "3"
        assert np.isnan(source.nodata)
        if size_m:
            assert source.crs is None
        else:
            assert source.crs.to_string() == "EPSG:3031"
            assert source.transform[:6] == (750, 0, -2_400_000, 0, -750, 1_300_000)
            assert source.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
    assert values.shape == (SIZE, SIZE)
    assert np.isnan(values[11:]).all()  # the centre of row 11 lies below the scene
    assert (values[5] > 0.99).all()  # centre at row 20.1, in the bright line
    assert (np.delete(values[:11], 5, axis=0) < 0.01).all()
    said = caplog.text
    assert ("has no map position: its probability is a plain TIFF" in said) is bool(size_m)


BAD = {
    "nothing": ([], "got no scene. Name geocoded images"),
    "missing": (["none.tif"], "none.tif: does not exist"),
    "empty": (["empty"], "empty: contains no image, product or archive"),
    "text": (["notes.txt"], "notes.txt: is neither an image nor a product nor an archive"),
    "broken": (["A_2010-03-04_TSX_20_1_001.tif"], "cannot be read"),
    "no mission": (["some.tif"], "has no known mission and day. Give --mission"),
    "no map": (["product"], "must be geocoded, but no map is given"),
    "no dem": (["product", "--map-config", "no_dem.yaml"], "map.dem: is not set"),
    "no crs": (["product", "--map-config", "no_crs.yaml"], "has a CRS that cannot be read"),
    "far dem": (["product", "--map-config", "far.yaml"], "far.tif: covers"),
    "contradiction": (
        ["product", "--map-config", "map.yaml", "--mission", "TSX"], "has the mission ENVISAT",
    ),
    "cut archive": (["cut.tar.gz"], "cut.tar.gz: is damaged"),
    "crs": (["product", "--map-config", "map.yaml", "--crs", "moon"], "'moon' is not a CRS"),
    "work": (["product", "--map-config", "map.yaml", "--work", "product"], "is not empty"),
}  # fmt: skip


@pytest.fixture
def bad(tmp_path: Path, product: Path, map_config: Path, dem: Path) -> None:
    """The files that BAD names."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("hello")
    for name in ("some.tif", "A_2010-03-04_TSX_20_1_001.tif"):
        (tmp_path / name).write_bytes(b"no image")
    (tmp_path / "no_dem.yaml").write_text("map: {crs: 'EPSG:3031'}")
    (tmp_path / "no_crs.yaml").write_text(f"map: {{crs: nonsense, dem: {dem}}}")
    (tmp_path / "far.yaml").write_text("map: {crs: 'EPSG:3031', dem: far.tif}")
    with rasterio.open(dem) as source:
        profile = source.profile | {"transform": rasterio.Affine(0.1, 0, 10, 0, -0.1, 50)}
        with rasterio.open(tmp_path / "far.tif", "w", **profile) as target:
            target.write(source.read())
    whole = tar_of(product, tmp_path / "cut.tar.gz").read_bytes()
    (tmp_path / "cut.tar.gz").write_bytes(whole[: len(whole) // 2])


@pytest.mark.usefixtures("bad")
@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_named_and_nothing_is_written(
    locate: Locate, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    arguments, expected = BAD[name]
    assert locate(*arguments) == 1
    said = capsys.readouterr()
    assert expected in said.err + said.out
    assert "Traceback" not in said.err
    assert not (tmp_path / "out" / "fronts.gpkg").exists()


@pytest.mark.usefixtures("bad")
@pytest.mark.parametrize(
    "name", ["missing", "empty", "text", "broken", "no mission", "no map", "far dem", "cut archive"]
)
def test_bad_input_does_not_stop_the_rest(
    locate: Locate, image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    arguments, expected = BAD[name]
    assert locate(*arguments, image) == 3
    assert expected in capsys.readouterr().out
    assert [f.scene for f in read_fronts(tmp_path / "out" / "fronts.gpkg")] == [image.stem]


def test_every_fault_of_a_product_is_named_with_a_remedy_that_fits(
    locate: Locate, image: Path, product: Path, map_config: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """The pixels end too early; the advice of the workflow (source.exclude) would be useless."""
    product.write_bytes(product.read_bytes()[:-3000])
    assert locate(image, product, "--map-config", map_config) == 3
    said = capsys.readouterr()
    assert "1 scene that could not be used" in said.out
    assert f"{product.name}, image: ends at byte" in said.out
    assert "source.exclude" not in said.out
    assert "cannot be used: ends at byte" in said.err.splitlines()[1]
    assert len(said.err.splitlines()) == 2


def test_models_of_another_version_or_with_other_weights_are_refused(
    locate: Locate, model: Path, image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    newer, tampered = (Path(shutil.copytree(model, tmp_path / name)) for name in ("new", "bad"))
    write_json(newer / "model.json", read_json(newer / "model.json") | {"version": 99})
    (weights,) = tampered.glob("*.safetensors")
    weights.write_bytes(weights.read_bytes()[:-1] + b"\xff")
    for folder, text in (
        (newer, "has version 99 of the format"),
        (tampered, "was changed or damaged after the export"),
        (tmp_path / "images", "is not a model folder"),
    ):
        assert locate(image, folder=folder) == 1
        assert text in capsys.readouterr().err
    assert files_of(tmp_path / "out") == []


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("out/fronts.kml", "does not end in a known suffix"),
        ("images/A_2010-03-04_TSX_20_1_007.tif/fronts.gpkg", "cannot be made"),
        ("folder.gpkg", "is a folder"),
        ("/proc/self/fronts.gpkg", "cannot be written to"),
    ],
)
def test_a_file_that_cannot_be_written_is_refused_before_the_work(
    locate: Locate, image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], output: str,
    said: str,
) -> None:  # fmt: skip
    """/proc takes no files, not even root's."""
    (tmp_path / "folder.gpkg").mkdir()
    if output.startswith("/proc") and os.access("/proc/self", os.W_OK):
        pytest.skip("this system lets root write to /proc")
    assert locate(image, output=output) == 1
    told = capsys.readouterr()
    assert said in told.err
    assert "1 of 1" not in told.err


@pytest.mark.parametrize("output", ["fronts.gpkg", "fronts.parquet", "fronts.shp"])
def test_a_full_disk_leaves_the_former_file_and_no_other(
    locate: Locate, image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], output: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    assert locate(image, output=f"out/{output}") == 0
    before = {path: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    capsys.readouterr()
    write = writers.WRITERS[Path(output).suffix]

    def on_full_disk(*arguments: Any) -> object:
        with no_room(300):
            return write(*arguments)

    monkeypatch.setitem(writers.WRITERS, Path(output).suffix, on_full_disk)
    assert locate(image, output=f"out/{output}") == 1
    told = capsys.readouterr()
    assert f"out/{output}: cannot be written" in told.out
    assert {path: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def test_one_file_that_cannot_be_written_does_not_stop_the_other(
    locate: Locate, image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setitem(writers.WRITERS, ".gpkg", full)
    assert locate(image, "--output", "out/b.parquet") == 3
    told = capsys.readouterr().out
    assert "out/fronts.gpkg: cannot be written (No space left on device)" in told
    assert told.splitlines()[-1] == "out/b.parquet"
    assert files_of(tmp_path / "out") == ["b.parquet", "b.qml"]


def test_a_full_disk_while_geocoding_is_a_fault_of_the_scene(
    locate: Locate, image: Path, product: Path, map_config: Path,
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("calvingfront.sar.intensity_file.write_intensity", full)
    assert locate(image, product, "--map-config", map_config) == 3
    assert f"{product.stem}: cannot be geocoded" in capsys.readouterr().out


def test_wrong_options_and_scenes_are_refused_without_loading_torch(
    model: Path, product: Path, tmp_path: Path
) -> None:
    code = f"""
import sys
from calvingfront.cli import main
base = ["--model", {str(model)!r}, "--output", {str(tmp_path / "f.gpkg")!r}]
assert main(["locate", *base]) == 1
assert main(["locate", {str(product)!r}, *base]) == 1
assert main(["locate", {str(product)!r}, {str(tmp_path / "none")!r}, *base]) == 1
assert "torch" not in sys.modules
assert "numba" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_help_shows_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["locate", "--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    for part in ("Examples:", "--map-config map.yaml", "dem: DEM.tif", "Exit status"):
        assert part in text
    with pytest.raises(SystemExit) as caught:
        main(["locate", "--unknown"])
    assert caught.value.code == 2


def test_a_band_and_the_kind_of_values_are_asked_for_and_can_be_said(
    locate: Locate, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "A_2001-03-04_TSX_20_1_007"
    random = np.random.default_rng(0)
    flat = random.uniform(1, 9, (2, 60, 80)).astype(np.float32)  # no speckle: no evidence
    write_tif(tmp_path / f"{name}.tif", flat, photometric="MINISBLACK")
    assert locate(f"{name}.tif") == 1
    assert "has several different bands, 1, 2. Write its number" in capsys.readouterr().out
    assert locate(f"{name}.tif", "--band", "2") == 1
    assert "may hold linear backscatter or decibels. Write" in capsys.readouterr().out
    assert locate(f"{name}.tif", "--band", "2", "--values", "dB") == 0
    lines = [
        "scene,glacier,mission,acquired,image,values,band",
        f"a,G,TSX,2001-03-04,{name}.tif,db,2",
        f"b,G,TSX,2001-03-04,{name}.tif,,",
    ]
    (tmp_path / "new.csv").write_text("\n".join(lines))
    assert locate("--table", "new.csv", "--band", "1", "--values", "linear") == 0
    (tmp_path / "new.csv").write_text("\n".join([*lines[:2], lines[2].replace(",,", ",dBm,")]))
    assert locate("--table", "new.csv") == 1
    assert "new.csv line 3: has the unknown kind of values 'dBm'" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        locate(f"{name}.tif", "--values", "decibel")


def test_the_kind_of_values_is_not_for_products(
    locate: Locate, product: Path, map_config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert locate(product, "--map-config", map_config, "--values", "dB") == 1
    assert "--values: is for images, but there are products only" in capsys.readouterr().err
