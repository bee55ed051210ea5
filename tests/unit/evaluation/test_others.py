"""Masks of others: each layout gives scores worked out by hand, bad files are named."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builders import line_mask, speckled, write_image
from calvingfront.errors import ConfigError
from calvingfront.evaluation.others.grid import on_sample
from calvingfront.evaluation.others.importing import import_others
from calvingfront.samples.fronts import dilate_file
from calvingfront.samples.square import square_file
from calvingfront.storage.sealed import read_sealed
from others_files import (
    NATIVE,
    ROWS,
    SCENES,
    SIZE,
    SKELETON,
    WIDTH,
    Score,
    check,
    check_nothing,
    faults_of,
    lines_of,
    moved,
    pack,
    run_import,
    write_masks,
)


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
@pytest.mark.parametrize("thickness", [1, 2])  # thinning takes no end from these
def test_masks_of_the_samples_size_are_taken_as_they_lie_and_thinned(
    score: Score, tmp_path: Path, shift: int, thickness: int
) -> None:
    rows = {scene: ROWS[scene] // 2 + shift for scene in SCENES}
    masks = {scene: line_mask(SIZE, SIZE, row, thickness) for scene, row in rows.items()}
    scores = score(write_masks(tmp_path / "in", masks))
    if thickness == 1:
        check(scores, shift)
    else:  # either of the two pixels is the line
        assert set(scores.mde_m.round(6)) <= {20.0 * shift, 20.0 * (shift + 1)}
        assert (scores.predicted_px == WIDTH * SIZE).all()


def test_an_empty_mask_predicts_no_front(
    score: Score, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    masks = moved(0) | {"two": np.zeros((NATIVE, NATIVE), np.uint8)}
    with caplog.at_level(logging.INFO):
        scores = score(write_masks(tmp_path / "masks", masks))
    check_nothing(scores, "two")
    assert scores.loc["validation_threshold", "one"].dice == 1
    assert "1 without a front: two" in caplog.text


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


def test_a_name_that_the_configuration_does_not_have_and_old_samples_are_refused(
    dataset: Path, tmp_path: Path
) -> None:
    paths = dict.fromkeys(("probabilities", "predictions", "record"), tmp_path / "x")
    with pytest.raises(ConfigError, match=r"others\.theirs: is not in the configuration"):
        import_others(dataset, "theirs", None, "", **paths)
    old = pack(tmp_path / "packed")
    table = read_sealed(old / "index.tsv").drop(columns=["variant", "source_height"])
    table.to_csv(old / "index.tsv", sep="\t", index=False)
    folder = write_masks(tmp_path / "in", moved(0))
    assert "has no columns source_height, variant" in faults_of(folder, tmp_path, old)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_true_front_copied_is_scored_as_perfect(tmp_path: Path, data: st.DataObject) -> None:
    """Whatever the scene's size and pixels: a copied front goes the way of the true one."""
    height, width = data.draw(st.tuples(st.integers(20, 90), st.integers(20, 90)))
    pixels = data.draw(st.tuples(st.sampled_from((7.0, 20.0)), st.sampled_from((7.0, 20.0))))
    variant = data.draw(st.sampled_from(("paper", "released")))
    line = np.zeros((height, width), np.uint8)
    row = data.draw(st.integers(2, height - 3))
    line[row, : data.draw(st.integers(8, width))] = 255
    line[row:, 3] = 255
    write_image(tmp_path / "image.png", speckled(height, width, 1))
    write_image(tmp_path / "front.png", line)
    dilate_file(tmp_path / "front.png", *pixels[::-1], SIZE, WIDTH,
                tmp_path / "wide.png", variant)  # fmt: skip
    square_file(tmp_path / "image.png", tmp_path / "wide.png", "a", *pixels[::-1], SIZE, WIDTH,
                tmp_path / "a.npz", variant)  # fmt: skip
    with np.load(tmp_path / "a.npz") as sample:
        truth, meta = sample["front"], json.loads(str(sample["meta"]))
    np.testing.assert_array_equal(on_sample(line > 0, meta, SIZE), truth > 0)
