"""Whose a front is: layers, attributes, days, and the proof that is asked for."""

from __future__ import annotations

import sqlite3
import struct
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from builders import speckled, write_image
from calvingfront.errors import Faults, SceneError
from calvingfront.scenes.fronts.layers import split_layer
from calvingfront.scenes.fronts.matching import FrontFile
from calvingfront.scenes.images import list_images

geopandas = pytest.importorskip("geopandas")
pandas = pytest.importorskip("pandas")
pyogrio = pytest.importorskip("pyogrio")
rasterio = pytest.importorskip("rasterio")
shapely = pytest.importorskip("shapely")

CRS, LEFT, TOP, PIXEL, SIZE = "EPSG:3031", -2_460_000.0, 1_430_000.0, 20.0, 40
DAYS = ["2007-03-04", "2007-04-03", "2008-01-15"]
COLUMNS = [10, 20, 30]


def line(column: float, rows: tuple[float, float] = (0, SIZE)) -> Any:
    x = LEFT + (column + 0.5) * PIXEL
    return shapely.LineString([(x, TOP - row * PIXEL) for row in rows])


def layer(path: Path, geometry: Any, table: str | None = None, /, **attributes: Any) -> Path:
    frame = geopandas.GeoDataFrame(attributes, geometry=geometry, crs=CRS)
    more = {} if table is None else {"layer": table}
    pyogrio.write_dataframe(frame, path, **more)
    return path


def three(path: Path, **attributes: Any) -> Path:
    return layer(path, [line(column) for column in COLUMNS], **attributes)


def columns(path: Path, day: str = DAYS[0], scene: str = "S1", glacier: str = "A") -> list[int]:
    """The columns of the lines that are taken."""
    own, _ = FrontFile(path).own(scene, glacier, day)
    return sorted(round((x - LEFT) / PIXEL - 0.5) for x in shapely.bounds(own.lines)[:, 0])


def scenes_of(folder: Path, *fronts: str, days: list[str] = DAYS) -> list[str]:
    """Lists a table with one scene for each front; its notes."""
    lines = ["scene,glacier,mission,acquired,image,front"]
    for number, (front, day) in enumerate(zip(fronts, days, strict=False), start=1):
        tiff(folder / f"S{number}.tif", speckled(SIZE, SIZE, number))
        lines.append(f"S{number},A,ERS,{day},S{number}.tif,{front}")
    (folder / "scenes.csv").write_text("\n".join(lines) + "\n")
    notes = list_images(folder / "scenes.csv").attrs["notes"]
    return [note for note in notes if "a metre on the ground" not in note]


def tiff(path: Path, values: Any, left: float = LEFT) -> Path:
    place = rasterio.Affine(PIXEL, 0, left, 0, -PIXEL, TOP)
    with rasterio.open(
        path, "w", driver="GTiff", height=SIZE, width=SIZE, count=1, dtype="uint8", crs=CRS,
        transform=place,
    ) as dataset:  # fmt: skip
        dataset.write(values, 1)
    return path


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("f.gpkg", {"Date": DAYS}),
        ("f.gpkg", {"DATE_": [day.replace("-", "/") for day in DAYS]}),
        ("f.gpkg", {"acq_date": [int(day.replace("-", "")) for day in DAYS]}),
        ("f.gpkg", {"Acquisition Date": DAYS, "note": ["x", "y", "z"]}),
        ("f.shp", {"acquisition_date": DAYS, "glacier_name": ["A", "a", "A"]}),
        ("f.shp", {"SourceDate": pandas.to_datetime(DAYS)}),
        ("f.geojson", {"date": pandas.to_datetime([f"{day}T23:10:00Z" for day in DAYS])}),
        ("f.gpkg", {"t0": DAYS}),  # found, because all its values are days
        ("f.gpkg", {"img": [f"{day}T10:00:00+02:00" for day in DAYS]}),
        ("f.gpkg", {"scene_day": DAYS, "digitised": ["2020-01-01"] * 3}),
        ("f.gpkg", {"date": DAYS, "created": ["2020-01-01", "2020-01-02", "2020-01-03"]}),
        ("f.gpkg", {"acquired": DAYS, "date": [None] * 3}),
        ("f.gpkg", {"scene": ["S1", "S2", "S3"]}),
        ("f.gpkg", {"Scene": ["S1", "S2", "S3"], "date": DAYS}),
    ],
)
def test_each_scene_has_its_own_front_alone(
    tmp_path: Path, name: str, attributes: dict[str, Any]
) -> None:
    path = three(tmp_path / name, **attributes)
    found = [columns(path, day, f"S{k}") for k, day in enumerate(DAYS, start=1)]
    assert found == [[10], [20], [30]]
    scenes_of(tmp_path, name, name, name)  # and the table may share the layer


def test_an_attribute_of_an_unknown_name_is_told(tmp_path: Path) -> None:
    three(tmp_path / "f.gpkg", t0=DAYS)
    notes = scenes_of(tmp_path, "f.gpkg", "f.gpkg", "f.gpkg")
    assert "f.gpkg: attribute t0 is taken as the day: all its values are days" in notes
    three(tmp_path / "g.gpkg", t0=DAYS, scene=["S1", "S2", "S3"])
    assert len(scenes_of(tmp_path, "g.gpkg", "g.gpkg", "g.gpkg")) == 1  # it did not decide


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        (
            {"date": ["04.03.2007", "03.04.2007", "15.01.2008"]},
            "days in date that are not unmis",
        ),
        ({"seen": DAYS, "received": DAYS[::-1]}, r"several attributes of days.*\(seen, received\)"),
        ({"acquired": DAYS, "date": DAYS[::-1]}, r"several attributes of days that differ"),
        ({"part": ["left", "middle", "right"], "n": [1, 2, 3]}, None),
        ({"when_": ["March", "April", "May"]}, "differ in when_"),
        ({"name": ["front 2007", "front 2008", "front 2009"]}, "differ in name"),
        ({"year": [2007, 2007, 2008]}, "has 3 features that differ in year"),
        ({"mydate": ["04/03/07", "03/04/07", "15/01/08"]}, "has 3 features that differ in mydate"),
        ({"image": ["S1_20070304", "S1_20070403", "S1_20080115"]}, "differ in image"),
        ({"digitised": DAYS}, "differ in digitised"),
        ({"scene": ["X", "Y", "Z"]}, r"no feature with scene = S1 among its 3\. Correct"),
        ({"date": ["1999-01-01"] * 3}, "no feature with date = 2007-03-04 among its 3"),
        ({"date": DAYS, "glacier": ["B"] * 3}, "no feature with date = 2007-03-04, glacier = A"),
        ({"scene": ["S1", "S2", "S3"], "date": DAYS[::-1]}, "front of S1 with date = 2008-01-15"),
    ],
)
def test_nothing_is_taken_that_may_be_another_scenes(
    tmp_path: Path, attributes: dict[str, Any], said: str | None
) -> None:
    path = three(tmp_path / "f.gpkg", **attributes)
    if said is None:  # nothing tells the features apart: pieces of one front, if given once
        assert columns(path) == COLUMNS
    else:
        with pytest.raises(SceneError, match=said):
            columns(path)
    with pytest.raises(Faults):  # never for several scenes
        scenes_of(tmp_path, "f.gpkg", "f.gpkg")


def test_one_feature_of_another_day_is_refused(tmp_path: Path) -> None:
    path = layer(tmp_path / "f.gpkg", [line(10)], date=["2007-03-05"])
    with pytest.raises(SceneError, match=r"date = 2007-03-04 among its 1 \(its own: date = 2007"):
        columns(path)
    path = layer(tmp_path / "g.gpkg", [line(10)], shot=["2007-03-05"])
    with pytest.raises(SceneError, match="no feature with shot = 2007-03-04"):
        columns(path)
    assert columns(layer(tmp_path / "h.gpkg", [line(10)], shot=["2007-03-04"])) == [10]


def test_a_layer_without_days_serves_one_scene(tmp_path: Path) -> None:
    layer(tmp_path / "f.gpkg", [line(10)], name_=["front"])
    assert scenes_of(tmp_path, "f.gpkg") == ["scenes.csv: 1 lines with a front, 1 used"]
    with pytest.raises(Faults, match=r"line 3 \(S2\): front f.gpkg is given for S1 and for S2"):
        scenes_of(tmp_path, "f.gpkg", "./f.gpkg")


def test_pieces_of_one_front_are_told(tmp_path: Path) -> None:
    layer(tmp_path / "f.gpkg", [line(10, (0, 15)), line(12, (20, 40))], id=[1, 2])
    notes = scenes_of(tmp_path, "f.gpkg")
    assert notes[1] == (
        "f.gpkg: its 2 features, without scene or day, are taken as pieces of the front of S1"
    )


def test_a_glacier_is_the_same_however_its_letters_are_coded(tmp_path: Path) -> None:
    names = ["Isbr\u00e6 A\u030a", "B", "C"]
    path = three(tmp_path / "f.gpkg", date=[DAYS[0]] * 3, glacier=names)
    assert columns(path, glacier="isbr\u00e6 \u00c5") == [10]


def test_many_features_without_days_are_no_pieces(tmp_path: Path) -> None:
    path = layer(tmp_path / "f.gpkg", [line(k) for k in range(11)], id=list(range(11)))
    with pytest.raises(SceneError, match="has 11 features, but no attribute that states their day"):
        columns(path)
    assert len(columns(layer(tmp_path / "g.gpkg", [line(k) for k in range(10)], id=[1] * 10))) == 10


def test_a_shapefile_without_its_attributes_is_refused(tmp_path: Path) -> None:
    path = three(tmp_path / "f.shp", date=DAYS)
    path.with_suffix(".dbf").unlink()
    with pytest.raises(SceneError, match=r"has no \.dbf beside it"):
        columns(path)


def test_an_empty_layer_is_told(tmp_path: Path) -> None:
    path = layer(tmp_path / "f.gpkg", [])
    with pytest.raises(SceneError, match="has no features in its layer f"):
        columns(path)


def test_the_same_front_twice_is_one(tmp_path: Path) -> None:
    path = layer(
        tmp_path / "f.gpkg", [line(10), line(10), line(20)], date=[DAYS[0]] * 2 + DAYS[1:2]
    )
    assert columns(path) == [10, 10]


def two_layers(path: Path, /, **attributes: Any) -> Path:
    flow = shapely.LineString([(LEFT, TOP - 400), (LEFT + 800, TOP - 400)])
    layer(path, [flow], "centreline", name=["flow"])
    return layer(path, [line(10)], "front", **(attributes or {"name": ["front"]}))


def test_of_several_layers_the_one_that_states_the_scene_is_taken(tmp_path: Path) -> None:
    assert columns(two_layers(tmp_path / "a.gpkg", date=DAYS[:1])) == [10]
    with pytest.raises(SceneError, match="none of which states that it has the front"):
        columns(two_layers(tmp_path / "b.gpkg", date=DAYS[1:2]))
    with pytest.raises(SceneError, match=r"\(centreline, front\), none of which.*layername=LAYER"):
        columns(two_layers(tmp_path / "c.gpkg"))
    both = layer(tmp_path / "d.gpkg", [line(10)], "one", date=DAYS[:1])
    layer(both, [line(20)], "two", date=DAYS[:1])
    with pytest.raises(SceneError, match=r"\(one, two\), several of which have the front of S1"):
        columns(both)


@pytest.mark.parametrize("text", ["f.gpkg|layername=front", "f.gpkg:front"])
def test_the_table_may_name_the_layer(tmp_path: Path, text: str) -> None:
    two_layers(tmp_path / "f.gpkg")
    scenes_of(tmp_path, text)
    path, name = split_layer(str(tmp_path / text))
    assert (path, name) == (str(tmp_path / "f.gpkg"), "front")
    with pytest.raises(Faults, match=r"has no layer 'fronts'. Choose one of: centreline, front"):
        scenes_of(tmp_path, text + "s")


@pytest.mark.parametrize("text", ["f.gpkg|layername=a|subset=x > 1", "f.gpkg|layerid=0", "f.gpkg|"])
def test_a_part_of_a_layer_is_not_guessed(text: str) -> None:
    with pytest.raises(SceneError, match="layername=LAYER"):
        split_layer(text)


def test_tables_and_other_geometry_are_no_layers_of_fronts(tmp_path: Path) -> None:
    path = tmp_path / "f.gpkg"
    pyogrio.write_dataframe(pandas.DataFrame({"styleName": ["x"]}), path, layer="layer_styles")
    with pytest.raises(SceneError, match=r"no layer with lines \(its layers: layer_styles\)"):
        FrontFile(path)
    with pytest.raises(SceneError, match="is a table without geometry"):
        FrontFile(path, "layer_styles")
    layer(path, [shapely.Point(LEFT, TOP)], "stations", name=["x"])
    layer(path, [shapely.box(LEFT, TOP - 100, LEFT + 100, TOP)], "boxes", date=DAYS[:1])
    layer(path, [line(10)], "front", name=["front"])
    assert columns(path) == [10]


@pytest.mark.parametrize(
    ("geometry", "said"),
    [
        (shapely.Point(0, 0), "contains Point for S1"),
        (shapely.box(0, 0, 1, 1), "contains Polygon for S1"),
        (shapely.GeometryCollection([shapely.LineString([(0, 0), (1, 1)])]), "GeometryCollection"),
        (shapely.LineString([(0, 0), (float("nan"), 1)]), "coordinates of S1 that are no numbers"),
        (shapely.LineString([(0, 0), (float("inf"), 1)]), "coordinates of S1 that are no numbers"),
        (shapely.LineString([(5, 5), (5, 5)]), "a line of length 0 for S1"),
        (shapely.LineString(), "has no line for S1: it is empty"),
        (None, "has no line for S1: it is empty"),
    ],
)
def test_what_is_no_line_is_refused_in_one_sentence(
    tmp_path: Path, geometry: Any, said: str
) -> None:
    path = layer(tmp_path / "f.gpkg", [geometry], date=DAYS[:1])
    with pytest.raises(SceneError, match=said):
        columns(path)


def test_heights_measures_and_curves_are_lines(tmp_path: Path) -> None:
    x = LEFT + 10.5 * PIXEL
    text = f"({x} {TOP}, {x} {TOP - 400}, {x} {TOP - 800})"
    heights = f"({x} {TOP} 5 1, {x} {TOP - 800} 7 1)"
    straight = shapely.to_wkb(shapely.from_wkt(f"LINESTRING {text}"), byte_order=1)
    for number, wkb in enumerate([
        shapely.to_wkb(shapely.from_wkt(f"LINESTRING ZM {heights}"), byte_order=1),
        shapely.to_wkb(shapely.from_wkt(f"MULTILINESTRING ZM ({heights})"), byte_order=1),
        struct.pack("<BI", 1, 8) + straight[5:],  # CircularString
        struct.pack("<BII", 1, 9, 1) + straight,  # CompoundCurve of one line
    ]):  # fmt: skip
        path = tmp_path / f"f{number}.gpkg"
        frame = geopandas.GeoDataFrame({"date": DAYS[:1]}, geometry=[line(1)], crs=CRS)
        pyogrio.write_dataframe(frame, path, geometry_type="Unknown", SPATIAL_INDEX="NO")
        with closing(sqlite3.connect(path)) as table:
            ((blob,),) = table.execute(f"SELECT geom FROM f{number}").fetchall()
            table.execute(f"UPDATE f{number} SET geom = ?", (b"GP\0\1" + blob[4:8] + wkb,))
            table.commit()
        assert columns(path) == [10], number


def test_a_fault_of_a_whole_file_is_told_once(tmp_path: Path) -> None:
    three(tmp_path / "f.gpkg", date=["04.03.2007", "03.04.2007", "15.01.2008"])
    with pytest.raises(Faults) as caught:
        scenes_of(tmp_path, "f.gpkg", "f.gpkg", "f.gpkg")
    assert len(caught.value.faults) == 1


def test_a_front_partly_outside_its_image_is_told_and_one_outside_refused(tmp_path: Path) -> None:
    layer(tmp_path / "f.gpkg", [line(10, (0, 160))], date=DAYS[:1])
    layer(tmp_path / "g.gpkg", [line(10, (100, 160))], date=DAYS[1:2])
    assert "1 front lie only in part in the image: S1 25 %" in scenes_of(tmp_path, "f.gpkg")
    with pytest.raises(Faults, match=r"line 3 \(S2\): front g.gpkg has no line of S2 that crosses"):
        scenes_of(tmp_path, "f.gpkg", "g.gpkg")


@pytest.mark.filterwarnings("ignore")
def test_a_layer_without_a_true_crs_is_told_at_the_start(tmp_path: Path) -> None:
    local = 'ENGCRS["Undefined Cartesian SRS",EDATUM["Unknown"],CS[Cartesian,2],AXIS["X",east],'
    local += 'AXIS["Y",north],LENGTHUNIT["metre",1]]'
    for name, crs in (("a.gpkg", None), ("b.gpkg", local), ("c.shp", None), ("d.fgb", None)):
        frame = geopandas.GeoDataFrame({"date": DAYS[:1]}, geometry=[line(10)])
        frame.set_crs(crs).to_file(tmp_path / name) if crs else frame.to_file(tmp_path / name)
        with pytest.raises(Faults, match=rf"front {name} has no coordinate reference system"):
            scenes_of(tmp_path, name)


def test_a_geojson_in_metres_is_refused_and_one_in_degrees_taken(tmp_path: Path) -> None:
    frame = geopandas.GeoDataFrame({"date": DAYS[:1]}, geometry=[line(10)], crs=CRS)
    frame.to_crs("EPSG:4326").to_file(tmp_path / "good.geojson")
    scenes_of(tmp_path, "good.geojson")
    frame.set_crs("EPSG:4326", allow_override=True).to_file(tmp_path / "bad.geojson")
    with pytest.raises(Faults, match=r"is in degrees by its CRS .* but its coordinates are not"):
        scenes_of(tmp_path, "bad.geojson")


def test_attributes_that_hold_lists_and_objects_state_nothing(tmp_path: Path) -> None:
    frame = geopandas.GeoDataFrame({"date": DAYS[:1]}, geometry=[line(10)], crs=CRS)
    frame.to_crs("EPSG:4326").to_file(tmp_path / "f.geojson")
    text = (tmp_path / "f.geojson").read_text()
    more = '"bands": [1, 2], "names": ["a", "b"], "none": null, "deep": {"x": [1.5, null]}, "date"'
    (tmp_path / "f.geojson").write_text(text.replace('"date"', more, 1))
    assert len(FrontFile(tmp_path / "f.geojson").own("S1", "A", DAYS[0])[0].lines) == 1


def test_a_kml_is_read(tmp_path: Path) -> None:
    """As Google Earth writes it, with attributes that state nothing."""
    frame = geopandas.GeoDataFrame(geometry=[line(10)], crs=CRS).to_crs("EPSG:4326")
    places = " ".join(f"{x},{y},0" for x, y in frame.geometry[0].coords)
    (tmp_path / "f.kml").write_text(
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark><name>front</name>'
        f"<LineString><coordinates>{places}</coordinates></LineString></Placemark></Document></kml>"
    )
    notes = scenes_of(tmp_path, "f.kml")
    assert len(notes) == 1, notes


def test_a_line_without_a_place_for_its_image_is_told_at_the_start(tmp_path: Path) -> None:
    three(tmp_path / "f.gpkg", date=DAYS)
    write_image(tmp_path / "p.png", speckled(SIZE, SIZE, 1))
    (tmp_path / "t.csv").write_text(
        f"scene,glacier,mission,acquired,image,front,pixel_size_m\nS1,A,ERS,{DAYS[0]},p.png,f.gpkg,20\n"
    )
    with pytest.raises(Faults, match="cannot be placed on its image, which has no coordinate ref"):
        list_images(tmp_path / "t.csv")


def test_real_fronts_each_have_their_day(shared_data: Path) -> None:
    """414 and 159 lines: whatever day is asked for, its lines and no others."""
    for path, count in (
        (shared_data / "jakobshavn-fronts" / "jakobshavn_1990_2023_TP.shp", 414),
        (shared_data / "harald-moltke-fronts" / "fronts.gpkg", 159),
    ):
        frame = geopandas.read_file(path)
        column = "Date" if "Date" in frame.columns else "date"
        days = frame[column].str.replace("/", "-")
        file = FrontFile(path)
        taken = 0
        for day in sorted(set(days)):
            own, _ = file.own("any", "JAC", day)
            expected = frame.geometry[days == day]
            assert len(own.lines) == len(expected)
            assert all(a.equals(b) for a, b in zip(own.lines, expected, strict=True))
            taken += len(own.lines)
        assert taken == count
