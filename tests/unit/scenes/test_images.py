"""The user's own images: the table, the headers, masks and lines on the image's grid."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from builders import line_mask, speckled, write_image
from calvingfront.errors import ConfigError, Faults, SceneError
from calvingfront.scenes.images import list_images
from calvingfront.scenes.importing import import_new_scene, import_scene
from calvingfront.scenes.scene_table import with_front, without_front
from calvingfront.scenes.sources import list_scenes, prepared_scenes

rasterio = pytest.importorskip("rasterio")
geopandas = pytest.importorskip("geopandas")
shapely = pytest.importorskip("shapely")

HEADER = "scene,glacier,mission,acquired,image,front,pixel_size_m,quality\n"
LEFT, TOP, PIXEL = -2400000.0, 1300000.0, 20.0


def write_tiff(path, values, crs="EPSG:3031", pixel=PIXEL, nodata=None, transform=None):
    transform = transform or rasterio.Affine(pixel, 0, LEFT, 0, -pixel, TOP)
    with rasterio.open(
        path, "w", driver="GTiff", height=values.shape[0], width=values.shape[1], count=1,
        dtype=values.dtype, crs=crs, transform=transform, nodata=nodata,
    ) as dataset:  # fmt: skip
        dataset.write(values, 1)
    return path


def write_lines(path, lines, crs="EPSG:3031", **attributes):
    """Lines given in pixels (column, row) of the image's grid."""
    geometry = [
        shapely.LineString([(LEFT + x * PIXEL, TOP - y * PIXEL) for x, y in line]) for line in lines
    ]
    frame = geopandas.GeoDataFrame(attributes, geometry=geometry, crs="EPSG:3031")
    frame = frame.set_crs(None, allow_override=True) if crs is None else frame.to_crs(crs)
    frame.to_file(path)
    return path


def write_table(folder, *lines):
    path = folder / "scenes.csv"
    path.write_text(HEADER + "".join(f"{line}\n" for line in lines))
    return path


def run_import(folder, image, front, scene="a", glacier="SI", acquired="2001-02-03"):
    outputs = folder / "out" / "image.png", folder / "out" / "front.png"
    import_scene(scene, glacier, acquired, image, front, *outputs)
    return [cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in outputs]


def test_the_table_is_completed_from_the_headers(tmp_path):
    write_tiff(tmp_path / "a.tif", speckled(30, 40, 1))
    write_image(tmp_path / "b.png", speckled(20, 10, 2))
    write_image(tmp_path / "a_front.png", line_mask(30, 40, 5))
    write_image(tmp_path / "b_front.png", line_mask(20, 10, 5))
    table = write_table(
        tmp_path,
        "b,Crane,S1,2015-06-07,b.png,b_front.png,12.5,",
        "a,SI,ERS,2001-02-03,a.tif,a_front.png,,2",
    )
    scenes = list_images(table).set_index("scene")
    a, b = scenes.loc["a"], scenes.loc["b"]
    assert (a["pixel_size_x_m"], a["pixel_size_y_m"]) == (20.0, 20.0)
    assert (a["height_px"], a["width_px"], a["quality"]) == (30, 40, 2)
    assert (a["crs"], a["upper_left_x"], a["upper_left_y"]) == ("EPSG:3031", LEFT, TOP)
    assert (b["pixel_size_x_m"], b["height_px"], b["width_px"], b["crs"]) == (12.5, 20, 10, None)
    assert b["image"] == str(tmp_path / "b.png")


def test_the_rules_read_what_the_import_writes(tmp_path):
    write_tiff(tmp_path / "a.tif", speckled(30, 40, 1))
    write_image(tmp_path / "f.png", line_mask(30, 40, 5))
    table = write_table(tmp_path, "a,SI,ERS,2001-02-03,a.tif,f.png,,")
    config = {
        "results": "res",
        "source": {"kind": "images", "exclude": {}, "images": {"table": str(table)}},
        "split": {"method": "random", "lists": None},
    }
    scenes = list_scenes(config)
    prepared = prepared_scenes(scenes, config)
    assert scenes["image"][0] == str(tmp_path / "a.tif")
    assert prepared["image"][0] == "res/imported/a/image.png"
    assert prepared["front"][0] == "res/imported/a/front.png"


def test_all_faults_of_a_table_are_told_at_once(tmp_path):
    write_image(tmp_path / "f.png", line_mask(30, 40, 5))
    write_image(tmp_path / "plain.png", speckled(30, 40, 1))
    write_tiff(tmp_path / "good.tif", speckled(30, 40, 1))
    write_tiff(tmp_path / "degrees.tif", speckled(30, 40, 1), crs="EPSG:4326", pixel=0.01)
    turned = rasterio.Affine(14, 14, LEFT, 14, -14, TOP)
    write_tiff(tmp_path / "turned.tif", speckled(30, 40, 1), transform=turned)
    (tmp_path / "torn.tif").write_bytes(b"II*\0 torn")
    table = write_table(
        tmp_path,
        "a,SI,ERS,2001-02-30,good.tif,f.png,,",
        "b,SI,ERS,2001-02-03,none.tif,f.png,,",
        "c,SI,ERS,2001-02-03,good.tif,none.gpkg,,",
        "d,SI,ERS,2001-02-03,plain.png,f.png,,",
        "e,SI,ERS,2001-02-03,degrees.tif,f.png,,",
        "f,SI,ERS,2001-02-03,turned.tif,f.png,,",
        "g,SI,ERS,2001-02-03,torn.tif,f.png,,",
        "h/h,SI,ERS,2001-02-03,good.tif,f.png,,",
        "i,,ERS,2001-02-03,good.tif,f.png,,9",
        "j,SI,ERS,2001-02-03,good.tif,f.png,30,",
        "k,SI,ERS,2001-02-03,plain.png,f.png,-3,",
        "l,SI,ERS,2001-02-03,good.tif,f.png,,",
        "l,SI,ERS,2001-02-04,good.tif,f.png,,",
    )
    with pytest.raises(Faults) as caught:
        list_images(table, exclude={"z": "not there"})
    message = str(caught.value)
    for part in (
        "scenes.csv line 2 (a): has an invalid date: '2001-02-30' is no day of the calendar. Write",
        "line 3 (b): image 'none.tif' does not exist",
        "line 4 (c): front 'none.gpkg' does not exist",
        "line 5 (d): image plain.png has no coordinate reference system and no known pixel size",
        "line 6 (e): image degrees.tif is in EPSG:4326, not in projected metres",
        "line 7 (f): image turned.tif is rotated or flipped",
        "line 8 (g): image torn.tif cannot be read",
        "line 9 (h/h): has the invalid name 'h/h'",
        "line 10 (i): has no glacier",
        "line 10 (i): has the invalid quality '9'",
        "line 11 (j): has pixel_size_m 30, but image good.tif has 20 m",
        "line 12 (k): has an invalid pixel size: '-3' is not more than 0",
        "line 14 (l): appears twice in the table",
        "source.exclude.z: names no existing scene",
    ):
        assert part in message
    assert message.startswith("14 faults found")


def test_every_mask_that_does_not_fit_its_image_is_told_at_the_start(tmp_path):
    write_tiff(tmp_path / "a.tif", speckled(30, 40, 1))
    write_image(tmp_path / "low.png", line_mask(29, 40, 5))
    write_image(tmp_path / "turned.png", line_mask(40, 30, 5))
    write_image(tmp_path / "good.png", line_mask(30, 40, 5))
    write_lines(tmp_path / "lines.gpkg", [[(0, 5), (40, 5)]], k=["f"])
    fronts = {"a": "low.png", "b": "turned.png", "c": "good.png", "d": "lines.gpkg"}
    lines = [f"{scene},SI,ERS,2001-02-03,a.tif,{front},," for scene, front in fronts.items()]
    with pytest.raises(Faults) as caught:
        list_images(write_table(tmp_path, *lines))
    message = str(caught.value)
    assert message.startswith("2 faults found")
    assert (
        "line 2 (a): front low.png is 29 × 40 px, but its image is 30 × 40. Draw the mask"
        in message
    )
    assert "line 3 (b): front turned.png is 40 × 30 px, but its image is 30 × 40. Draw" in message


def test_an_excluded_line_may_have_any_fault(tmp_path):
    write_tiff(tmp_path / "a.tif", speckled(30, 40, 1))
    write_image(tmp_path / "f.png", line_mask(30, 40, 5))
    table = write_table(
        tmp_path, "a,SI,ERS,2001-02-03,a.tif,f.png,,", "b,SI,ERS,soon,no.tif,no.png,,"
    )
    assert list(list_images(table, exclude={"b": "not taken yet"})["scene"]) == ["a"]


def test_a_table_that_cannot_be_used_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"source\.images\.table: .*none.csv is not a file"):
        list_images(tmp_path / "none.csv")
    path = tmp_path / "scenes.tsv"
    path.write_text("scene\tglacier\timage\n")
    with pytest.raises(
        ConfigError, match=r"is missing the columns mission, acquired \(it has scene"
    ):
        list_images(path)
    with pytest.raises(Faults, match="lists no scene"):
        list_images(write_table(tmp_path))


def test_a_mask_is_brought_to_0_and_255(tmp_path):
    pixels = speckled(30, 40, 1)
    image, front = run_import(
        tmp_path,
        write_tiff(tmp_path / "a.tif", pixels),
        write_image(tmp_path / "f.png", line_mask(30, 40, 5) // 255),
    )
    np.testing.assert_array_equal(image, pixels)
    np.testing.assert_array_equal(front, line_mask(30, 40, 5))


def test_backscatter_is_scaled_on_its_valid_area(tmp_path):
    values = np.random.default_rng(2).exponential(0.1, (30, 40)).astype(np.float32)
    values[:, :10] = -9999
    image, _ = run_import(
        tmp_path,
        write_tiff(tmp_path / "a.tif", values, nodata=-9999),
        write_image(tmp_path / "f.png", line_mask(30, 40, 5)),
    )
    assert image.dtype == np.uint8
    assert not image[:, :10].any()
    assert image[:, 10:].min() == 1
    assert image[:, 10:].max() == 255


@pytest.mark.parametrize("suffix", ["gpkg", "shp", "geojson"])
def test_lines_are_burnt_one_pixel_wide_whatever_their_format_and_crs(tmp_path, suffix):
    line = [(0.5, 3.5), (20.5, 17.5), (39.5, 27.5)]
    crs = {"gpkg": "EPSG:3031", "shp": "EPSG:32720", "geojson": "EPSG:4326"}[suffix]
    _, front = run_import(
        tmp_path,
        write_tiff(tmp_path / "a.tif", speckled(30, 40, 1)),
        write_lines(tmp_path / f"f.{suffix}", [line], crs=crs, kind=["front"]),
    )
    drawn = np.zeros((30, 40), dtype=np.uint8)
    cv2.polylines(drawn, [np.array(line).astype(np.int32)], False, 255)
    # The same pixels as the drawn line, to within one; one piece; one pixel wide.
    wide = cv2.dilate(drawn, np.ones((3, 3), dtype=np.uint8))
    assert not (front & ~wide).any()
    assert cv2.connectedComponents(front, connectivity=8)[0] == 2
    assert (front > 0).sum(axis=0).max() <= 2
    assert front.any(axis=0).all()


def layer_of_three(tmp_path, name="f.gpkg", **attributes):
    rows = (4, 14, 24)
    return write_lines(tmp_path / name, [[(0, r + 0.5), (40, r + 0.5)] for r in rows], **attributes)


@pytest.mark.parametrize(
    ("attributes", "rows"),
    [
        ({"scene": ["b", "a", "c"]}, {14}),
        ({"Date": ["2001-02-02", "2001-02-03", "2001-02-04"]}, {14}),
        ({"DATE": [20010203, 20010204, 20010203]}, {4, 24}),
        ({"date": ["2001/02/03"] * 3, "Glacier": ["DBE", "SI", "JAC"]}, {14}),
        ({"kind": ["front"] * 3}, {4, 14, 24}),
    ],
)
def test_the_scenes_own_lines_are_found_in_a_layer_of_many(tmp_path, attributes, rows):
    _, front = run_import(
        tmp_path,
        write_tiff(tmp_path / "a.tif", speckled(30, 40, 1)),
        layer_of_three(tmp_path, **attributes),
    )
    assert set(np.nonzero(front)[0]) == rows


def test_a_layer_without_the_scenes_line_is_refused(tmp_path):
    image = write_tiff(tmp_path / "a.tif", speckled(30, 40, 1))
    with pytest.raises(SceneError, match="has no feature with scene = a among its 3"):
        run_import(tmp_path, image, layer_of_three(tmp_path, scene=["x", "y", "z"]))
    other_days = layer_of_three(tmp_path, "g.gpkg", date=["1999-01-01"] * 3)
    with pytest.raises(SceneError, match="has no feature with date = 2001-02-03 among its 3"):
        run_import(tmp_path, image, other_days)


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_lines_that_cannot_be_placed_are_refused(tmp_path):
    image = write_tiff(tmp_path / "a.tif", speckled(30, 40, 1))
    plain = write_image(tmp_path / "plain.png", speckled(30, 40, 1))
    line = [[(0, 5), (40, 5)]]
    with pytest.raises(SceneError, match=r"f\.shp: has no coordinate reference system"):
        run_import(tmp_path, image, write_lines(tmp_path / "f.shp", line, crs=None, k=["f"]))
    with pytest.raises(SceneError, match=r"plain\.png: has no coordinate reference system, so"):
        run_import(tmp_path, plain, write_lines(tmp_path / "f.gpkg", line, k=["f"]))
    away = write_lines(tmp_path / "away.gpkg", [[(900, 5), (940, 5)]], k=["f"])
    with pytest.raises(SceneError, match="has no line of a that crosses its image"):
        run_import(tmp_path, image, away)
    (tmp_path / "torn.gpkg").write_bytes(b"not a layer")
    with pytest.raises(SceneError, match="cannot be read as a mask or as vectors"):
        run_import(tmp_path, image, tmp_path / "torn.gpkg")


def test_areas_are_no_front(tmp_path):
    square = shapely.box(LEFT, TOP - 400, LEFT + 400, TOP)
    geopandas.GeoDataFrame(geometry=[square], crs="EPSG:3031").to_file(tmp_path / "f.gpkg")
    with pytest.raises(SceneError, match="contains Polygon for a"):
        run_import(
            tmp_path, write_tiff(tmp_path / "a.tif", speckled(30, 40, 1)), tmp_path / "f.gpkg"
        )


def test_masks_that_do_not_fit_are_refused(tmp_path):
    image = write_tiff(tmp_path / "a.tif", speckled(30, 40, 1))
    with pytest.raises(SceneError, match=r"f\.png: is 29 × 40 px, but its image is 30 × 40"):
        run_import(tmp_path, image, write_image(tmp_path / "f.png", line_mask(29, 40, 5)))
    with pytest.raises(SceneError, match=r"f\.png: is not a mask: it has \d+ different values"):
        run_import(tmp_path, image, write_image(tmp_path / "f.png", speckled(30, 40, 2)))
    empty = write_image(tmp_path / "f.png", np.zeros((30, 40), dtype=np.uint8))
    with pytest.raises(SceneError, match=r"f\.png: has no front"):
        run_import(tmp_path, image, empty)


def test_images_of_many_bands_are_refused(tmp_path):
    colour = np.stack([speckled(30, 40, seed) for seed in (1, 2, 3)], axis=-1)
    image = write_image(tmp_path / "rgb.png", colour)
    with pytest.raises(SceneError, match="has several different bands, 1, 2, 3"):
        run_import(tmp_path, image, write_image(tmp_path / "f.png", line_mask(30, 40, 5)))


def test_a_published_terminus_is_found_by_its_date(shared_data, tmp_path):
    layer = shared_data / "jakobshavn-fronts" / "jakobshavn_1990_2023_TP.shp"
    lines = geopandas.read_file(layer)
    picked = lines[lines["Date"] == "2016/02/03"]
    left, _, _, top = picked.total_bounds
    image = write_tiff(
        tmp_path / "a.tif",
        speckled(300, 300, 1),
        crs="EPSG:3413",
        transform=rasterio.Affine(100, 0, left - 2000, 0, -100, top + 2000),
    )
    _, front = run_import(tmp_path, image, layer, glacier="JAC", acquired="2016-02-03")
    lengths_px = picked.length.sum() / 100
    assert (front > 0).sum() == pytest.approx(lengths_px, rel=0.3)


def test_a_line_without_a_front_is_a_scene_to_be_located(tmp_path):
    write_tiff(tmp_path / "a.tif", speckled(30, 40, 1))
    write_image(tmp_path / "f.png", line_mask(30, 40, 5))
    lines = ["a,SI,ERS,2001-02-03,a.tif,f.png,,", "b,SI,ERS,2001-02-04,a.tif, ,,"]
    scenes = list_images(write_table(tmp_path, *lines, "c,SI,ERS,2001-02-05,a.tif,,,"))
    assert with_front(scenes)["scene"].tolist() == ["a"]
    assert without_front(scenes)["scene"].tolist() == ["b", "c"]
    assert without_front(scenes)["front"].tolist() == [None, None]
    assert without_front(scenes)["crs"].tolist() == ["EPSG:3031", "EPSG:3031"]
    alone = list_images(write_table(tmp_path, *lines))
    assert scenes.attrs["notes"] == alone.attrs["notes"]  # they are in the report of the others


def test_the_column_of_fronts_may_be_missing(tmp_path):
    write_tiff(tmp_path / "a.tif", speckled(30, 40, 1))
    table = tmp_path / "t.csv"
    table.write_text("scene,glacier,mission,acquired,image\na,SI,ERS,2001-02-03,a.tif\n")
    assert list_images(table)["front"].tolist() == [None]


def test_an_excluded_line_without_a_front_is_known_as_such(tmp_path):
    write_tiff(tmp_path / "a.tif", speckled(30, 40, 1))
    lines = [f"{name},SI,ERS,2001-02-03,a.tif,{front},," for name, front in
             (("a", ""), ("b", ""), ("c", "f.png"))]  # fmt: skip
    scenes = list_images(write_table(tmp_path, *lines), exclude={"b": "torn", "c": "torn"})
    assert scenes.attrs["excluded_new"] == ["b"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("torn.tif", "cannot be read"),
        ("degrees.tif", "is in EPSG:4326, not in projected metres"),
        ("plain.png", "has no coordinate reference system and no known pixel size"),
        ("flat.tif", "is constant: every pixel is 7"),
        ("empty.tif", "has no valid pixel"),
    ],
)
def test_an_unusable_image_without_a_front_is_refused_by_its_own_job(tmp_path, name, said):
    """The table lists it, so that it stops no other scene."""
    (tmp_path / "torn.tif").write_bytes(b"no image")
    write_tiff(tmp_path / "degrees.tif", speckled(30, 40, 1), crs="EPSG:4326")
    write_image(tmp_path / "plain.png", speckled(30, 40, 1))
    write_tiff(tmp_path / "flat.tif", np.full((30, 40), 7, np.uint8))
    write_tiff(tmp_path / "empty.tif", np.full((30, 40), -9999.0), nodata=-9999)
    scenes = list_images(write_table(tmp_path, f"a,SI,ERS,2001-02-03,{name},,,"))
    assert scenes["scene"].tolist() == ["a"]
    size = scenes["pixel_size_x_m"][0]
    with pytest.raises(SceneError, match=said) as caught:
        import_new_scene(tmp_path / name, tmp_path / "out.png", None if np.isnan(size) else size)
    assert name in str(caught.value)
    assert not (tmp_path / "out.png").exists()


def test_a_faulty_line_without_a_front_is_refused_with_the_others(tmp_path):
    with pytest.raises(Faults, match=r"line 2 \(a\): image 'no.tif' does not exist"):
        list_images(write_table(tmp_path, "a,SI,ERS,2001-02-03,no.tif,,,"))


def test_an_image_is_imported_alike_with_and_without_its_front(tmp_path):
    values = np.random.default_rng(2).exponential(0.1, (30, 40)).astype(np.float32)
    image = write_tiff(tmp_path / "a.tif", values)
    expected, _ = run_import(tmp_path, image, write_image(tmp_path / "f.png", line_mask(30, 40, 5)))
    import_new_scene(image, tmp_path / "new.png", 20.0)
    np.testing.assert_array_equal(
        cv2.imread(str(tmp_path / "new.png"), cv2.IMREAD_UNCHANGED), expected
    )
