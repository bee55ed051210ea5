"""Results of others: files in each layout give scores worked out by hand, bad ones are named."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders import line_mask, speckled, write_image
from calvingfront.dataset.pack import pack_files
from calvingfront.errors import CalvingFrontError, ConfigError
from calvingfront.evaluation.others.importing import import_others
from calvingfront.evaluation.scores import score_predictions
from calvingfront.evaluation.thresholds import choose_threshold, fix_threshold
from calvingfront.locating.layers import FRONTS, IMAGE_FRONTS
from calvingfront.locating.located_front import LocatedFront
from calvingfront.locating.vectors import write_fronts, write_geoparquet, write_shapefile
from calvingfront.samples import foreign_lines
from calvingfront.samples.fronts import dilate_file
from calvingfront.samples.square import square_file
from calvingfront.scenes.scene_table import scene_table, write_scenes
from packed import write_split

NATIVE, SIZE, WIDTH = 128, 64, 3  # a sample pixel is two pixels of 10 m
ROWS = {"train": 20, "held": 40, "one": 60, "two": 80}  # of the true fronts, native
CORNER = (-2_462_000.0, 1_427_000.0)
SCENES = ("one", "two")  # of the test set
SKELETON = 0.01  # skeletons bend by a pixel at their ends


def on_map(scene: str, row: float) -> shapely.LineString:
    """The line through the centres of a native row, in EPSG:3031."""
    y = CORNER[1] - (row + 0.5) * 10
    return shapely.LineString([(CORNER[0] + 5, y), (CORNER[0] + NATIVE * 10 - 5, y)])


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pack(tmp_path_factory.mktemp("packed"))


def pack(folder: Path, **cells: Any) -> Path:
    """Four packed scenes with horizontal fronts, made from their files as in the workflow."""
    place = {"crs": "EPSG:3031", "upper_left_x": CORNER[0], "upper_left_y": CORNER[1]} | cells
    samples, rows = [], []
    for seed, (scene, row) in enumerate(ROWS.items()):
        image = write_image(folder / f"{scene}.png", speckled(NATIVE, NATIVE, seed))
        drawn = write_image(folder / f"{scene}_front.png", line_mask(NATIVE, NATIVE, row))
        front = folder / "fronts" / f"{scene}.png"
        dilate_file(drawn, 10.0, 10.0, SIZE, WIDTH, front)
        samples.append(folder / "square" / f"{scene}.npz")
        square_file(image, front, scene, 10.0, 10.0, SIZE, WIDTH, samples[-1], **place)
        rows.append(
            {"scene": scene, "glacier": "SI", "mission": "TSX", "acquired": f"2010-01-0{seed + 1}"}
        )
    write_scenes(folder / "scenes.tsv", scene_table(rows))
    data = folder / "dataset"
    arrays = {name: data / f"{name}.npy" for name in ("images", "fronts", "valid")}
    data.mkdir()
    pack_files(samples, folder / "scenes.tsv", **arrays, index=data / "index.tsv")
    write_split(data, train=["train"], validation=["held"], test=list(SCENES))
    return data


Score = Callable[..., pd.DataFrame]


@pytest.fixture
def score(dataset: Path, tmp_path: Path) -> Score:
    """Import a folder and score it; returns the scores at the validation threshold by scene."""

    def run(folder: Path, data: Path = dataset, **entry: str) -> pd.DataFrame:
        run_import(folder, tmp_path, data, **entry)
        predictions = {
            "probabilities": tmp_path / "out" / "probabilities.npy",
            "predictions": tmp_path / "out" / "index.tsv",
        }
        threshold = tmp_path / "threshold.json"
        if entry.get("kind") == "probabilities":
            choose_threshold(data, **predictions, threshold=threshold, curve=tmp_path / "curve.tsv")
        else:
            fix_threshold(predictions["predictions"], threshold)
        score_predictions(data, **predictions, threshold=threshold,
                          scores=tmp_path / "scores.tsv", min_front_length_m=750)  # fmt: skip
        table = pd.read_csv(tmp_path / "scores.tsv", sep="\t")
        return table.set_index(["protocol", "scene"])

    return run


def run_import(folder: Path, out: Path, data: Path, **entry: str) -> dict[str, Any]:
    other = {"folder": str(folder), "kind": "auto", "missing": "error"} | entry
    files = {"probabilities": "probabilities.npy", "predictions": "index.tsv",
             "record": "import.json"}  # fmt: skip
    paths = {key: out / "out" / name for key, name in files.items()}
    import_others(data, "theirs", other, "f1", **paths)
    record: dict[str, Any] = json.loads(paths["record"].read_text(encoding="utf-8"))
    return record


def faults_of(folder: Path, out: Path, data: Path, **entry: str) -> str:
    """What an import says that is refused; nothing may be left of it."""
    with pytest.raises(CalvingFrontError) as caught:
        run_import(folder, out, data, **entry)
    assert not list(out.glob("out/*"))
    return str(caught.value)


def write_masks(
    folder: Path, masks: Mapping[str, npt.NDArray[np.uint8]], name: str = "{}_front.png"
) -> Path:
    for scene, mask in masks.items():
        write_image(folder / name.format(scene), mask)
    return folder


def moved(down: int, thickness: int = 1, value: int = 255) -> dict[str, npt.NDArray[np.uint8]]:
    """The true fronts of the held-out scenes, `down` native pixels too low."""
    return {
        scene: line_mask(NATIVE, NATIVE, ROWS[scene] + down - thickness // 2, thickness)
        // 255
        * np.uint8(value)
        for scene in ("held", *SCENES)
    }


def check(scores: pd.DataFrame, shift: int) -> None:
    """Bands of 3 × 64 px, `shift` sample pixels apart, under both protocols."""
    overlap = max(0, WIDTH - shift) * SIZE
    expected = (2 * overlap + 1) / (2 * WIDTH * SIZE + 1)
    for protocol in ("validation_threshold", "paper_protocol"):
        for scene in SCENES:
            row = scores.loc[protocol, scene]
            assert row.dice == pytest.approx(expected, abs=1e-6)
            assert row.mde_m == pytest.approx(shift * 20, rel=SKELETON, abs=1e-9)
            assert row.missing == 0


@pytest.mark.parametrize("shift", [0, 1, 2, 5])
@pytest.mark.parametrize(
    ("name", "value"),
    [("{}_front.png", 255), ("{}.png", 255), ("test/{}_front.PNG", 1), ("{}.tif", 1)],
)
def test_masks_of_the_native_size_moved_by_k_pixels_are_k_pixels_off(
    score: Score, tmp_path: Path, name: str, value: int, shift: int
) -> None:
    check(score(write_masks(tmp_path / "in", moved(2 * shift, value=value), name)), shift)


def test_the_threshold_of_masks_is_empty_because_none_was_chosen(
    score: Score, tmp_path: Path
) -> None:
    assert score(write_masks(tmp_path / "in", moved(0))).threshold.isna().all()


def test_a_wide_line_counts_as_its_centre_as_wide_as_the_true_fronts(
    score: Score, tmp_path: Path
) -> None:
    """Thinning takes up to half its width from each end: 2 of 64 sample pixels."""
    wide = score(write_masks(tmp_path / "in", moved(2, thickness=9)))
    thin = score(write_masks(tmp_path / "in", moved(2)))
    np.testing.assert_allclose(wide.dice, thin.dice, atol=0.02)
    np.testing.assert_allclose(wide.mde_m, 20, rtol=SKELETON)
    assert (wide.predicted_px <= WIDTH * SIZE).all()


@pytest.mark.parametrize("shift", [0, 3])
def test_masks_of_the_samples_size_are_taken_as_they_lie(
    score: Score, tmp_path: Path, shift: int
) -> None:
    masks = {scene: line_mask(SIZE, SIZE, ROWS[scene] // 2 + shift) for scene in SCENES}
    check(score(write_masks(tmp_path / "in", masks)), shift)


def lines_of(scenes: tuple[str, ...], down: float, crs: str = "EPSG:3031") -> Any:
    shapes = [on_map(scene, ROWS[scene] + down) for scene in scenes]
    table = geopandas.GeoDataFrame({"scene": list(scenes)}, geometry=shapes, crs="EPSG:3031")
    return table.to_crs(crs)


@pytest.mark.parametrize("shift", [0, 2])
@pytest.mark.parametrize("suffix", ["gpkg", "shp", "geojson", "parquet"])
def test_lines_in_a_file_for_each_scene(
    score: Score, tmp_path: Path, suffix: str, shift: int
) -> None:
    (tmp_path / "in").mkdir()
    for scene in SCENES:
        table = lines_of((scene,), 2 * shift).drop(columns="scene")
        path = tmp_path / "in" / f"{scene}.{suffix}"
        if suffix == "parquet":
            table.to_parquet(path)
        else:
            table.to_file(path)
    check(score(tmp_path / "in"), shift)


@pytest.mark.parametrize("crs", ["EPSG:3031", "EPSG:4326", "EPSG:32720"])
@pytest.mark.parametrize("as_file", [False, True])
def test_lines_in_one_file_are_taken_to_the_scenes_crs(
    score: Score, tmp_path: Path, crs: str, as_file: bool
) -> None:
    path = tmp_path / "in" / "all.gpkg"
    path.parent.mkdir()
    lines_of(SCENES, 4, crs).to_file(path)
    check(score(path if as_file else path.parent), 2)


def ours(scene: str, down: int, crs: str | None = "EPSG:3031", found: bool = True) -> LocatedFront:
    line = np.array(on_map(scene, ROWS[scene] + down).coords)
    if crs is None:  # m right of and below the corner
        line = np.abs(line - np.array(CORNER))
    return LocatedFront(
        scene=scene, glacier="SI", mission="TSX", acquired="2010-01-01", orbit=None,
        pixel_size_m=20.0, crs=crs, lines=[line] if found else [], model=None, threshold=None,
        members=None, quality=None if found else "none",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("write", "suffix"),
    [(write_fronts, "gpkg"), (write_geoparquet, "parquet"), (write_shapefile, "shp")],
)
def test_the_files_of_fronts_that_we_write_can_be_scored(
    score: Score, tmp_path: Path, write: Any, suffix: str
) -> None:
    path = tmp_path / "in" / f"fronts.{suffix}"
    path.parent.mkdir()
    write([ours(scene, 2) for scene in SCENES], path)
    check(score(path.parent), 1)


def test_our_fronts_of_images_without_a_map_position_can_be_scored(
    score: Score, tmp_path: Path
) -> None:
    data = pack(tmp_path / "packed", crs=None, upper_left_x=None, upper_left_y=None)
    write_fronts([ours(scene, 2, crs=None) for scene in SCENES], tmp_path / "fronts.gpkg")
    check(score(tmp_path / "fronts.gpkg", data), 1)
    assert (foreign_lines.FRONTS, foreign_lines.IMAGE_FRONTS) == (FRONTS, IMAGE_FRONTS)


def check_nothing(scores: pd.DataFrame, scene: str) -> None:
    row = scores.loc["validation_threshold", scene]
    assert (row.missing, row.predicted_px) == (1, 0)
    assert row.dice == pytest.approx(1 / (WIDTH * SIZE + 1))
    assert np.isnan(row.mde_m)


def test_an_empty_mask_and_a_scene_without_a_line_predict_no_front(
    score: Score, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    masks = moved(0) | {"two": np.zeros((NATIVE, NATIVE), np.uint8)}
    with caplog.at_level(logging.INFO):
        scores = score(write_masks(tmp_path / "masks", masks))
    check_nothing(scores, "two")
    assert scores.loc["validation_threshold", "one"].dice == 1
    assert "1 without a front: two" in caplog.text
    write_fronts([ours("one", 0), ours("two", 0, found=False)], tmp_path / "fronts.gpkg")
    check_nothing(score(tmp_path / "fronts.gpkg"), "two")
    (tmp_path / "lines").mkdir()
    lines_of(("one",), 0).to_file(tmp_path / "lines" / "one.gpkg")
    lines_of(("two",), 0).iloc[:0].to_file(tmp_path / "lines" / "two.gpkg")
    check_nothing(score(tmp_path / "lines"), "two")


def test_a_test_scene_without_a_file_is_an_error_unless_it_is_to_count_as_empty(
    score: Score, dataset: Path, tmp_path: Path
) -> None:
    folder = write_masks(tmp_path / "in", {"one": moved(0)["one"]})
    said = faults_of(folder, tmp_path, dataset)
    assert said.startswith("others.theirs.folder")
    assert "has no file for 1 scenes: two" in said
    assert "others.theirs.missing: empty" in said
    scores = score(folder, missing="empty")
    check_nothing(scores, "two")
    record = json.loads((tmp_path / "out" / "import.json").read_text(encoding="utf-8"))
    assert record["scenes_without_file"] == ["two"]
    assert record["scenes_without_front"] == []
    assert record["scenes"] == {"test": 2}  # the validation scene has no file and needs none
    assert (record["kind"], record["files"]) == ("masks", "f1")


def test_probabilities_have_their_threshold_chosen_on_the_validation_scenes(
    score: Score, dataset: Path, tmp_path: Path
) -> None:
    """A ridge of 3 sample pixels at 0.6 on a ground of 0.4: a threshold between finds the front."""
    images = {}
    for scene in ("held", *SCENES):
        truth = np.load(dataset / "fronts.npy")[sorted(ROWS).index(scene)]
        images[scene] = np.where(truth > 0, 153, 102).astype(np.uint8)
    folder = write_masks(tmp_path / "in", images, "{}.png")
    scores = score(folder, kind="probabilities")
    check(scores, 0)
    assert 0.4 <= scores.loc["validation_threshold", "one"].threshold < 0.6
    (folder / "held.png").unlink()
    assert "no file for 1 scenes: held" in faults_of(
        folder, tmp_path / "b", dataset, kind="probabilities"
    )


def test_probabilities_of_the_native_size_are_averaged(dataset: Path, tmp_path: Path) -> None:
    image = np.zeros((NATIVE, NATIVE), np.uint8)
    image[10, :] = 200  # one of the two native rows of sample row 5
    image[20:22, :] = 100
    folder = write_masks(tmp_path / "in", dict.fromkeys(("held", *SCENES), image), "{}.png")
    run_import(folder, tmp_path, dataset, kind="probabilities")
    values = np.load(tmp_path / "out" / "probabilities.npy")[0, :, 7]
    assert values[5] == pytest.approx(100 / 255, abs=1e-3)
    assert values[10] == pytest.approx(100 / 255, abs=1e-3)
    assert np.count_nonzero(values) == 2


def zones() -> npt.NDArray[np.uint8]:
    image = np.full((NATIVE, NATIVE), 254, np.uint8)
    image[:40], image[40:90], image[90:95] = 64, 127, 0
    return image


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (line_mask(100, 90, 9), "is 100 × 90 px, but the image of one is 128 × 128 and the square"
         " sample 64 × 64"),
        (zones(), "is a mask of zones (0, 64, 127, 254), not of a front. Zones are not fronts"),
        (np.where(zones() == 64, 1, 2).astype(np.uint8), "is a mask of zones (1, 2)"),
        (255 - line_mask(NATIVE, NATIVE, 9), "marks 99 % of the image as front"),
        (np.where(zones() == 254, 255, 0).astype(np.uint8), "a mask of the glacier?"),
        (speckled(NATIVE, NATIVE, 1), "kind: probabilities if these are probabilities"),
        (line_mask(NATIVE, NATIVE, 9) // 255 * np.uint8(200), "has the grey levels 0, 200"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_front_mask_is_named_with_its_fault(
    dataset: Path, tmp_path: Path, image: npt.NDArray[np.uint8], said: str
) -> None:
    folder = write_masks(tmp_path / "in", moved(0) | {"one": image})
    text = faults_of(folder, tmp_path, dataset)
    assert said in text
    assert "one_front.png" in text
    assert text.startswith("1 fault found")


def test_all_bad_files_are_named_at_once(dataset: Path, tmp_path: Path) -> None:
    folder = write_masks(tmp_path / "in", {"one": zones(), "two": line_mask(9, 9, 3)})
    (folder / "held_front.png").write_bytes(b"no image")
    text = faults_of(folder, tmp_path, dataset)
    assert text.startswith("3 faults found")
    assert all(f"{scene}_front.png" in text for scene in ("held", *SCENES))


def test_zeros_and_ones_are_no_probabilities(dataset: Path, tmp_path: Path) -> None:
    folder = write_masks(tmp_path / "in", moved(0, value=1))
    assert "write kind: masks" in faults_of(folder, tmp_path, dataset, kind="probabilities")


def test_a_scene_with_two_masks_or_in_two_files_is_refused(dataset: Path, tmp_path: Path) -> None:
    folder = write_masks(tmp_path / "in", moved(0))
    write_masks(folder, {"one": moved(0)["one"]}, "again/{}.png")
    assert "one: has 2 files" in faults_of(folder, tmp_path, dataset)
    lines = tmp_path / "lines"
    lines.mkdir()
    lines_of(SCENES, 0).to_file(lines / "all.gpkg")
    lines_of(("two",), 0).to_file(lines / "two.gpkg")
    assert "two: is in two files" in faults_of(lines, tmp_path, dataset)


def test_files_of_unknown_scenes_are_logged_and_recorded(
    dataset: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = write_masks(tmp_path / "in", moved(0) | {"three": moved(0)["one"]})
    record = run_import(folder, tmp_path, dataset)
    assert record["not_used"] == ["three_front.png"]
    assert "1 belong to no scene and are not used: three_front.png" in caplog.text
    caplog.clear()
    table = lines_of(SCENES, 0)
    table = pd.concat([table, table.iloc[:1].assign(scene="four")])
    table.to_file(tmp_path / "all.gpkg")
    assert run_import(tmp_path / "all.gpkg", tmp_path, dataset)["not_used"] == ["four in all.gpkg"]


@pytest.mark.parametrize("missing", ["error", "empty"])
def test_a_folder_of_other_scenes_is_refused_with_the_name_that_is_expected(
    dataset: Path, tmp_path: Path, missing: str
) -> None:
    folder = write_masks(tmp_path / "in", {"COL_1": zones()}, "{}_zones.png")
    text = faults_of(folder, tmp_path, dataset, missing=missing)
    assert "no file for any of the 3 held-out scenes; it holds COL_1_zones.png" in text
    assert "The folder holds masks of zones" in text
    assert "as in one_front.png" in text


def no_crs(folder: Path) -> None:
    lines_of(("one",), 0).to_file(folder / "one.shp")
    (folder / "one.prj").unlink()


def other_crs(folder: Path) -> None:
    lines_of(("one",), 0).set_crs("EPSG:3413", allow_override=True).to_file(folder / "one.gpkg")


def degrees_that_are_metres(folder: Path) -> None:
    lines_of(("one",), 0).set_crs("EPSG:4326", allow_override=True).to_file(folder / "one.gpkg")


def areas(folder: Path) -> None:
    table = lines_of(("one",), 0)
    table.set_geometry(table.buffer(50)).to_file(folder / "one.gpkg")


def two_layers(folder: Path) -> None:
    lines_of(("one",), 0).to_file(folder / "one.gpkg", layer="a")
    lines_of(("one",), 0).to_file(folder / "one.gpkg", layer="b")


def broken(folder: Path) -> None:
    (folder / "one.gpkg").write_bytes(b"nothing")


def no_rows(folder: Path) -> None:
    lines_of(("one",), 0).iloc[:0].to_file(folder / "all.gpkg")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (no_crs, "one.shp: has no CRS. Write its CRS into the file (a Shapefile needs its .prj)"),
        (other_crs, "one.gpkg: has no line of one that crosses its image (x -2462000 to -2460720"),
        (degrees_that_are_metres, "has no line of one that crosses its image"),
        (areas, "one.gpkg: contains Polygon for one. Draw the front as a line"),
        (two_layers, "one.gpkg: has the layers a, b. Keep the lines in one layer"),
        (broken, "one.gpkg: cannot be read"),
        (no_rows, "all.gpkg: has no features"),
    ],
)
def test_a_file_of_lines_that_cannot_be_placed_is_named_with_its_fault(
    dataset: Path, tmp_path: Path, make: Callable[[Path], None], said: str
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    lines_of(("two",), 0).to_file(folder / "two.gpkg")
    make(folder)
    assert said in faults_of(folder, tmp_path, dataset, missing="empty")


def test_a_table_that_does_not_name_scenes_is_refused(dataset: Path, tmp_path: Path) -> None:
    lines_of(SCENES, 0).drop(columns="scene").to_file(tmp_path / "all.gpkg")
    text = faults_of(tmp_path / "all.gpkg", tmp_path, dataset)
    assert "all.gpkg has no attribute scene, and is not named after a scene" in text


def test_a_scene_without_a_map_position_asks_for_a_mask(tmp_path: Path) -> None:
    data = pack(tmp_path / "packed", crs=None, upper_left_x=None, upper_left_y=None)
    lines_of(SCENES, 0).to_file(tmp_path / "all.gpkg")
    text = faults_of(tmp_path / "all.gpkg", tmp_path, data)
    assert (
        "one: has no known position on the map, so the lines of all.gpkg cannot be placed" in text
    )
    assert "Give its front as a mask, one_front.png" in text


def test_a_folder_of_both_kinds_or_of_neither_is_not_guessed(dataset: Path, tmp_path: Path) -> None:
    folder = write_masks(tmp_path / "in", moved(0))
    lines_of(SCENES, 0).to_file(folder / "all.gpkg")
    text = faults_of(folder, tmp_path, dataset)
    assert text.startswith("others.theirs.kind: is auto, but")
    assert run_import(folder, tmp_path, dataset, kind="lines")["kind"] == "lines"
    assert run_import(folder, tmp_path, dataset, kind="masks")["kind"] == "masks"
    (tmp_path / "bare").mkdir()
    assert "neither images nor vector" in faults_of(tmp_path / "bare", tmp_path / "b", dataset)
    assert "does not exist" in faults_of(tmp_path / "none", tmp_path / "b", dataset)
    file = folder / "one_front.png"
    assert "is not a folder" in faults_of(file, tmp_path / "b", dataset, kind="masks")


def test_lines_need_geopandas_and_masks_do_not(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines_of(SCENES, 0).to_file(tmp_path / "all.gpkg")
    for name in ("geopandas", "rasterio", "pyogrio", "shapely"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, "calvingfront.samples.foreign_lines")
    text = faults_of(tmp_path / "all.gpkg", tmp_path, dataset)
    assert "others.theirs: lines cannot be read here: geopandas is not installed" in text
    run_import(write_masks(tmp_path / "in", moved(0)), tmp_path, dataset)


def test_a_name_that_the_configuration_does_not_have_and_old_samples_are_refused(
    dataset: Path, tmp_path: Path
) -> None:
    paths = dict.fromkeys(("probabilities", "predictions", "record"), tmp_path / "x")
    with pytest.raises(ConfigError, match=r"others\.theirs: is not in the configuration"):
        import_others(dataset, "theirs", None, "", **paths)
    old = pack(tmp_path / "packed")
    table = pd.read_csv(old / "index.tsv", sep="\t").drop(columns=["variant", "source_height"])
    table.to_csv(old / "index.tsv", sep="\t", index=False)
    folder = write_masks(tmp_path / "in", moved(0))
    assert "has no columns source_height, variant" in faults_of(folder, tmp_path, old)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_true_front_copied_is_scored_as_perfect(tmp_path: Path, data: st.DataObject) -> None:
    """Whatever the scene's size and pixels: a copied front goes the way of the true one."""
    from calvingfront.evaluation.others.grid import on_sample

    height, width = data.draw(st.tuples(st.integers(20, 90), st.integers(20, 90)))
    pixels = data.draw(st.tuples(st.sampled_from((7.0, 20.0)), st.sampled_from((7.0, 20.0))))
    variant = data.draw(st.sampled_from(("paper", "released")))
    line = np.zeros((height, width), np.uint8)
    row = data.draw(st.integers(2, height - 3))
    line[row, : data.draw(st.integers(8, width))] = 255
    line[row:, 3] = 255
    write_image(tmp_path / "image.png", speckled(height, width, 1))
    write_image(tmp_path / "front.png", line)
    dilate_file(tmp_path / "front.png", *pixels[::-1], SIZE, WIDTH, tmp_path / "wide.png")
    square_file(tmp_path / "image.png", tmp_path / "wide.png", "a", *pixels[::-1], SIZE, WIDTH,
                tmp_path / "a.npz", variant)  # fmt: skip
    with np.load(tmp_path / "a.npz") as sample:
        truth, meta = sample["front"], json.loads(str(sample["meta"]))
    np.testing.assert_array_equal(on_sample(line > 0, meta, SIZE), truth > 0)
