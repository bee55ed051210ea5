"""Products as new scenes: what their headers say, and the samples that the workflow would make."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import rasterio
import shapely

import simulated_images as images
from calvingfront.configuration.map_section import read_map
from calvingfront.errors import CalvingFrontError, ConfigError, ProductError, SceneError
from calvingfront.locating.inputs.finding import find_scenes
from calvingfront.locating.inputs.geocoding import Work
from calvingfront.locating.inputs.known import Said, scenes_of
from calvingfront.locating.inputs.table import read_table_of_scenes
from calvingfront.locating.model.content import Preprocessing
from calvingfront.locating.new_scenes import NewScene, prepare
from calvingfront.products.ingest import ingest_product, open_ingested
from calvingfront.products.registry import open_product
from calvingfront.samples.median import filter_file
from calvingfront.samples.square import read_sample, square_file
from calvingfront.sar.geocode import geocode_file
from calvingfront.sar.intensity_file import write_intensity
from calvingfront.sar.multilook import multilook
from calvingfront.scenes.importing import import_scene
from calvingfront.simulation.product_writers.terrasar import write_terrasar
from full_disk import no_room

SIZE = 48


def scenes(paths: list[Path], **said: Any) -> tuple[list[NewScene], list[CalvingFrontError]]:
    found, faults = find_scenes(paths, Work().unpacked)
    assert not faults
    return scenes_of(found, Said(**said))


def test_the_header_says_mission_date_time_and_id(product: Path, map_config: Path) -> None:
    (scene,), faults = scenes([product], glacier="G", chart=read_map(map_config))
    assert not faults
    assert (scene.mission, scene.glacier) == ("ENVISAT", "G")
    assert scene.acquired.startswith("2006-03-05T13:01:04.")  # as the name of the file says
    assert scene.acquired.endswith("Z")
    assert (scene.scene, scene.orbit) == (product.stem, product.stem)
    assert scene.image == product
    assert scene.view is None


def test_what_is_said_must_agree_with_the_product(product: Path, map_config: Path) -> None:
    day = images.envisat_image().acquired.date().isoformat()
    chart = read_map(map_config)
    (_,), faults = scenes([product], mission="ENVISAT", acquired=day, chart=chart)
    assert not faults
    for said, text in (
        ({"mission": "TSX"}, "has the mission ENVISAT, but TSX was given"),
        ({"acquired": "2001-01-01"}, f"has the day {day}, but 2001-01-01 was given"),
        ({"polarisation": "XY"}, "XY"),
    ):
        found, (fault,) = scenes([product], chart=chart, **said)
        assert not found
        assert isinstance(fault, ProductError)
        assert text in str(fault)


def test_options_for_one_scene_are_refused_for_several(
    product: Path, image: Path, map_config: Path, tmp_path: Path
) -> None:
    orbit = tmp_path / "orbit"
    orbit.write_bytes(b"")
    for paths, said, text in (
        (
            [product, image],
            {"acquired": "2006-03-05"},
            "--acquired: holds for one scene, not for 2",
        ),
        ([product, product], {"orbit_file": orbit}, "--orbit-file: holds for one product"),
        ([product], {"orbit_file": tmp_path / "none"}, "none: is not a file"),
        ([image], {"polarisation": "HH"}, "--polarisation: is for products"),
        ([product], {"acquired": "5 March"}, "Write YYYY-MM-DD"),
    ):
        with pytest.raises(SceneError, match=text):
            scenes(paths, chart=read_map(map_config), **said)


def test_without_a_map_products_are_refused_together_and_images_used(
    product: Path, image: Path
) -> None:
    (scene,), (fault,) = scenes([product, image])
    assert scene.image == image
    assert isinstance(fault, ConfigError)
    for part in (product.stem, "--map-config", "crs: EPSG:3031", "dem: DEM.tif"):
        assert part in str(fault)


def test_a_product_of_several_files_is_one_scene(tmp_path: Path, map_config: Path) -> None:
    product = write_terrasar(images.terrasar_image("MGD"), tmp_path)
    (main,) = product.glob("*.xml")
    found, faults = scenes([product, main], chart=read_map(map_config))
    assert not faults
    assert [scene.image for scene in found] == [product]
    again, _ = scenes([product, product], chart=read_map(map_config))
    assert len(again) == 2  # named twice: refused later, as an image would be


@pytest.mark.parametrize("flattening", [False, True])
def test_the_sample_and_the_codes_are_those_of_the_workflow(
    product: Path, map_config: Path, tmp_path: Path, flattening: bool
) -> None:
    """The rules of the workflow, one after the other, each with its file."""
    chart = {**read_map(map_config), "terrain_flattening": flattening}
    folder = tmp_path / "workflow"
    folder.mkdir()
    metadata, day = folder / "product.json", images.envisat_image().acquired.date().isoformat()
    ingest_product(product, metadata, "ENVISAT", day)
    write_intensity(multilook(open_ingested(metadata), 20), folder / "intensity.tif")
    geocode_file(
        intensity=folder / "intensity.tif", product=metadata, dem=chart["dem"], geoid=None,
        output=folder / "map.tif", view=folder / "view.tif", crs="EPSG:3031", spacing_m=20,
        vertical_datum="ellipsoid", terrain_flattening=flattening, area=None,
    )  # fmt: skip
    with rasterio.open(folder / "map.tif") as dataset:
        left, bottom, right, top = dataset.bounds
    line = shapely.LineString([(left, (bottom + top) / 2), (right, (bottom + top) / 2)])
    geopandas.GeoSeries([line], crs="EPSG:3031").to_file(folder / "front.gpkg")
    image, front = folder / "image.tif", folder / "front.png"
    files = folder / "map.tif", folder / "front.gpkg", image, front
    import_scene("A", "G", day, *files, view=folder / "view.tif")
    filter_file(image, 20, 20, 2500, folder / "filtered.png")
    sample = folder / "sample.npz"
    square_file(folder / "filtered.png", front, "A", 20, 20, SIZE, 3, sample, place=image)
    expected, _, _, meta = read_sample(sample)

    (scene,), _ = scenes([product], chart=chart)
    with Work() as work, work.ready(scene) as geocoded:
        found = prepare(geocoded, SIZE, 2500, "paper", "linear")
        assert found.view is not None
        with rasterio.open(found.view) as mine, rasterio.open(folder / "view.tif") as theirs:
            np.testing.assert_array_equal(mine.read(), theirs.read())
            assert (mine.transform, mine.crs) == (theirs.transform, theirs.crs)
    assert expected.max() > 100
    np.testing.assert_array_equal(found.image, expected)
    shared = set(meta) & set(found.facts) - {"scene", "front_width_px"}
    assert {"crs", "upper_left_x", "step_x", "pixel_size_m", "content_width"} <= shared
    assert {key: found.facts[key] for key in shared} == {key: meta[key] for key in shared}


def test_the_glacier_chooses_the_area(product: Path, map_config: Path) -> None:
    (scene,), _ = scenes([product], glacier="B", chart=read_map(map_config))
    with Work() as work, work.ready(scene) as whole, rasterio.open(whole.image) as dataset:
        left, bottom, right, top = dataset.bounds
    area = [left + 100, bottom + 60, left + 300, bottom + 200]
    chart = {**read_map(map_config), "areas": {"B": area}}
    (scene,), _ = scenes([product], glacier="B", chart=chart)
    with Work() as work, work.ready(scene) as cut, rasterio.open(cut.image) as dataset:
        assert list(dataset.bounds) == area
    (scene,), _ = scenes([product], glacier="C", chart=chart)
    with Work() as work, work.ready(scene) as other, rasterio.open(other.image) as dataset:
        assert tuple(dataset.bounds) == (left, bottom, right, top)


def test_the_map_has_the_spacing_of_the_mission(product: Path, map_config: Path) -> None:
    chart = read_map(map_config)
    chart["spacing_m"] = {**chart["spacing_m"], "ENVISAT": 40}
    (scene,), _ = scenes([product], chart=chart)
    with Work() as work, work.ready(scene) as coarse, rasterio.open(coarse.image) as dataset:
        assert dataset.res == (40, 40)


def test_intermediate_files_are_kept_only_where_they_are_wanted(
    product: Path, map_config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    (scene,), _ = scenes([product], chart=read_map(map_config))
    with Work() as work:
        with work.ready(scene) as geocoded:
            assert geocoded.image.is_file()
        assert not geocoded.image.exists()
    assert not list((tmp_path / "tmp").iterdir())
    with pytest.raises(RuntimeError, match="in between"), Work() as work, work.ready(scene):
        raise RuntimeError("in between")
    assert not list((tmp_path / "tmp").iterdir())
    with Work(tmp_path / "work") as work, work.ready(scene) as geocoded:
        pass
    kept = sorted(path.name for path in geocoded.image.parent.iterdir())
    assert kept == ["intensity.json", "intensity.tif", "map.tif", "product.json", "view.tif"]
    with pytest.raises(SceneError, match="is not empty"):
        Work(tmp_path / "work")
    (tmp_path / "file").write_text("")
    with pytest.raises(SceneError, match="cannot be used"):
        Work(tmp_path / "file")


@pytest.mark.parametrize("room", [1000, 1800, 2500])
def test_a_full_disk_is_a_fault_of_the_scene(
    product: Path, map_config: Path, tmp_path: Path, room: int
) -> None:
    """The disk is full at product.json, at intensity.tif, and at map.tif (GDAL says nothing)."""
    (scene,), _ = scenes([product], chart=read_map(map_config))
    with Work(tmp_path / "work") as work, work.ready(scene) as geocoded:
        sizes = {path.name: path.stat().st_size for path in geocoded.image.parent.iterdir()}
    assert 1000 < sizes["product.json"] < 2500 < sizes["map.tif"]
    with (
        Work() as work,
        no_room(room),
        pytest.raises(SceneError, match="cannot be geocoded in"),
        work.ready(scene),
    ):
        pass


def test_a_terrain_model_elsewhere_is_a_fault_that_names_it(
    product: Path, map_config: Path, tmp_path: Path
) -> None:
    far = tmp_path / "far.tif"
    with rasterio.open(tmp_path / "dem.tif") as source:
        profile = source.profile | {"transform": rasterio.Affine(0.1, 0, 10, 0, -0.1, 50)}
        with rasterio.open(far, "w", **profile) as target:
            target.write(source.read())
    (scene,), _ = scenes([product], chart={**read_map(map_config), "dem": str(far)})
    with (
        Work() as work,
        pytest.raises(CalvingFrontError, match=r"far\.tif: covers .*, but the map area"),
        work.ready(scene),
    ):
        pass


def table(folder: Path, *lines: str) -> Path:
    path = folder / "new.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_table_lists_images_and_products(
    product: Path, image: Path, map_config: Path, tmp_path: Path
) -> None:
    shutil.copy(image, tmp_path / "image.tif")
    path = table(
        tmp_path,
        "scene,glacier,mission,acquired,image,product,polarisation,orbit_file,note",
        "a,G,TSX,2010-03-04,image.tif,,,,x",
        f"b,H,,,,product/{product.name},,,",
        f"c,H,,,,product,{open_product(product).polarisation},,",
        f"d,H,TSX,,,product/{product.name},,,",
        "e,H,,,,none.zip,,,",
        f"f,H,,,,product/{product.name},,none.orb,",
    )
    faults: list[CalvingFrontError] = []
    found = read_table_of_scenes(path, Said(chart=read_map(map_config)), Work().unpacked, faults)
    assert [(scene.scene, scene.glacier, scene.mission) for scene in found] == [
        ("a", "G", "TSX"), ("b", "H", "ENVISAT"), ("c", "H", "ENVISAT"),
    ]  # fmt: skip
    assert found[0].acquired == "2010-03-04"
    assert found[1].acquired.startswith("2006-03-05T")
    assert found[1].orbit == product.stem
    assert found[2].product is not None
    assert found[2].product.polarisation
    said = [
        "has the mission ENVISAT, but TSX",
        "none.zip: does not exist",
        "none.orb: is not a file",
    ]
    for fault, text in zip(faults, said, strict=True):
        assert text in str(fault)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (
            ["scene,glacier,mission,acquired", "a,G,TSX,2010-01-01"],
            "has no column image or product",
        ),
        (["scene,glacier,product", ",G,a.N1"], "line 2: has no scene"),
        (["scene,glacier,product", "a,G,"], "line 2: has no image and no product"),
        (["scene,glacier,image,product", "a,G,x,y"], "line 2: has both an image and a product"),
        (["scene,glacier,image", "a,G,x.tif"], "line 2: has no mission"),
        (["scene,glacier,product", "a,G,a.N1"], "no map is given"),
    ],
)
def test_a_faulty_line_is_named(tmp_path: Path, lines: list[str], said: str) -> None:
    with pytest.raises(CalvingFrontError, match=said):
        read_table_of_scenes(table(tmp_path, *lines))


def test_a_product_too_large_for_the_models_sample_is_refused_before_it_is_geocoded(
    product: Path, map_config: Path, tmp_path: Path
) -> None:
    chart = read_map(map_config)
    # 1.9 km on two pixels: a front one pixel wide would be 930 m wide, on one pixel 1.9 km.
    for size, is_fine in ((2, True), (1, False)):
        steps = Preprocessing(size, 0, "paper", 1, "linear")
        (scene,), _ = scenes([product], chart=chart)
        work = tmp_path / str(size)
        if is_fine:
            with Work(work) as workplace, workplace.ready(scene, 1, steps) as geocoded:
                assert geocoded.image.is_file()
            continue
        with (
            pytest.raises(ConfigError, match=r"has no area for the glacier.*GLACIER: \[LEFT") as no,
            Work(work) as workplace,
            workplace.ready(scene, 1, steps),
        ):
            pass
        assert "give --glacier" in no.value.remedy
        assert not list(work.rglob("*.tif"))
    with rasterio.open(next((tmp_path / "2").rglob("map.tif"))) as dataset:
        left, bottom, *_ = dataset.bounds
    area = [left + 100, bottom + 60, left + 300, bottom + 200]
    (scene,), _ = scenes([product], glacier="B", chart={**chart, "areas": {"B": area}})
    with (
        Work() as workplace,
        workplace.ready(scene, 1, Preprocessing(1, 0, "paper", 1, "linear")) as cut,
    ):
        assert cut.image.is_file()
