"""Nothing of a test scene is read, copied or scored by a search."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from calvingfront.cli import main
from calvingfront.dataset.files import ZONES, ZONES_CRC, ZONES_INDEX
from calvingfront.dataset.reading import open_dataset, read_split
from calvingfront.dataset.zones import open_zones
from calvingfront.errors import CalvingFrontError, DamagedFileError, SplitError
from calvingfront.pipeline.commands import Results, predict, train
from calvingfront.search.blind import (
    ORIGIN,
    check_nothing_tested,
    check_scenes_agree,
    held_back,
    without_test_scenes,
)
from calvingfront.storage.arrays import row_crc
from calvingfront.vocabulary.runs import Run
from packed import write_split
from resolved import RESOLVED
from searches import SPLIT, write_results

TESTED = [3, 6, 7]  # rows of the test scenes; s3 is a training scene too


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return write_results(tmp_path / "r")


def spoil_test_scenes(results: Path) -> None:
    """Give the test scenes other pixels, whose checksums do not fit: whoever reads one, stops."""
    for name in ("images", "fronts"):
        path = results / "dataset" / f"{name}.npy"
        array = np.load(path)
        array[TESTED] = 7
        np.save(path, array)


def test_the_copy_holds_training_and_validation_scenes_in_their_order(results: Path) -> None:
    folder = results / "blind"
    np.save(results / "dataset" / "valid.npy", np.arange(8))
    without_test_scenes(results / "dataset", folder)
    data, split = open_dataset(folder), read_split(folder, ())
    assert data.index["scene"].tolist() == ["s0", "s1", "s2", "s4", "s5"]
    assert split == {"train": ["s0", "s1", "s2"], "validation": ["s4", "s5"], "test": []}
    for name, copied in (("images", data.images), ("fronts", data.fronts)):
        whole = np.load(results / "dataset" / f"{name}.npy")
        np.testing.assert_array_equal(copied, whole[[0, 1, 2, 4, 5]])
    assert np.load(folder / "valid.npy").tolist() == [0, 1, 2, 4, 5]


def test_a_search_reads_no_pixel_of_a_test_scene(results: Path, tmp_path: Path) -> None:
    spoil_test_scenes(results)
    with pytest.raises(DamagedFileError):  # so that a reader would be caught
        open_dataset(results / "dataset")
    search = tmp_path / "s.yaml"
    search.write_text("trials: {a: {}}\norientations: [1, 8]\n")
    assert main(["search", str(search), "--results", str(results)]) == 0
    scored = results / "search/trials/a/validation/unet/bce/seed1"
    for count in (1, 8):
        table = pd.read_csv(scored / f"scores_{count}.tsv", sep="\t")
        assert table["scene"].tolist() == ["s4", "s5"]
        assert set(table["protocol"]) == {"validation_threshold"}
    spoilt = bytes([7]) * 64
    for path in (results / "search").rglob("*"):
        if path.is_file() and not path.name.startswith(".") and path.name != ORIGIN:
            content = path.read_bytes()
            assert spoilt not in content, path
            assert not any(f"{scene}\t".encode() in content for scene in ("s3", "s6", "s7")), path
    assert held_back(results / "search" / "dataset") == {"s3", "s6", "s7"}  # their names only


def test_test_scenes_cannot_be_predicted_or_scored_from_the_folder_of_a_trial(
    results: Path,
) -> None:
    shutil.move(results / "dataset", results / "whole")
    without_test_scenes(results / "whole", results / "dataset")
    here = Results(results, RESOLVED)
    train(here, Run("unet", "bce", 1))
    with pytest.raises(SplitError, match="has no test scene"):
        predict(here, Run("unet", "bce", 1))


def test_a_copy_is_made_once_and_not_mixed_with_another_data_set(results: Path) -> None:
    dataset, folder = results / "dataset", results / "blind"
    without_test_scenes(dataset, folder)
    before = (folder / "images.npy").stat().st_mtime_ns
    without_test_scenes(dataset, folder)
    assert (folder / "images.npy").stat().st_mtime_ns == before
    write_split(dataset, **SPLIT | {"validation": ["s4"]})
    with pytest.raises(CalvingFrontError, match="was made from another data set"):
        without_test_scenes(dataset, folder)
    shutil.rmtree(dataset)
    without_test_scenes(dataset, folder)  # as on a machine that got the folder of the search only


def test_zones_that_are_added_later_are_copied_with_the_rows_of_their_scenes(
    results: Path,
) -> None:
    dataset, folder = results / "dataset", results / "blind"
    without_test_scenes(dataset, folder)
    assert not (folder / ZONES).exists()
    zones = np.arange(8, dtype=np.uint8)[:, None, None] * np.ones((8, 16, 16), np.uint8)
    np.save(dataset / ZONES, zones)
    table = pd.DataFrame({"scene": [f"s{k}" for k in range(8)], ZONES_CRC: map(row_crc, zones)})
    table.to_csv(dataset / ZONES_INDEX, sep="\t", index=False)
    without_test_scenes(dataset, folder)
    assert open_zones(folder, open_dataset(folder))[:, 0, 0].tolist() == [0, 1, 2, 4, 5]


def test_zones_of_other_samples_are_refused(results: Path) -> None:
    dataset, folder = results / "dataset", results / "blind"
    np.save(dataset / ZONES, np.zeros((8, 16, 16), np.uint8))
    for scenes in (["s0"], [f"s{k}" for k in (1, 0, 2, 3, 4, 5, 6, 7)]):
        table = pd.DataFrame({"scene": scenes, ZONES_CRC: "0"})
        table.to_csv(dataset / ZONES_INDEX, sep="\t", index=False)
        with pytest.raises(CalvingFrontError, match=r"zones\.tsv: does not belong to the samples"):
            without_test_scenes(dataset, folder)


@pytest.mark.parametrize(("seen", "refused"), [("s6", True), ("s3", True), ("s0", False)])
def test_weights_that_have_seen_a_test_scene_start_no_trial(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], seen: str, refused: bool
) -> None:
    earlier = write_results(tmp_path / "earlier")
    write_split(earlier / "dataset", train=[seen, "s1"], validation=["s2"], test=["s5"])
    train(Results(earlier, RESOLVED), Run("unet", "bce", 1))
    search = tmp_path / "s.yaml"
    search.write_text(f"trials: {{a: {{training.start_from: {earlier}}}}}\n")
    command = ["search", str(search), "--results", str(results), "--dry-run"]
    assert main(command) == int(refused)
    said = capsys.readouterr().err
    assert (f"was trained on 1 test scenes, such as {seen}" in said) is refused


def test_a_trial_that_learns_zones_needs_a_data_set_with_zones(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    search = tmp_path / "s.yaml"
    search.write_text("trials: {a: {networks.auxiliary: [zones]}}\n")
    assert main(["search", str(search), "--results", str(results), "--dry-run"]) == 1
    assert "needs zones.npy, zones.tsv, which the data set does not have" in capsys.readouterr().err


def test_a_damaged_training_scene_is_refused(results: Path) -> None:
    path = results / "dataset" / "fronts.npy"
    fronts = np.load(path)
    fronts[1] ^= 1
    np.save(path, fronts)
    with pytest.raises(DamagedFileError, match="s1, row 1, does not match its checksum"):
        without_test_scenes(results / "dataset", results / "blind")


def test_a_split_without_a_validation_scene_of_its_own_is_refused(results: Path) -> None:
    write_split(results / "dataset", train=["s0"], validation=["s1"], test=["s1"])
    with pytest.raises(SplitError, match="has no validation scene that is not a test scene too"):
        without_test_scenes(results / "dataset", results / "blind")


def test_a_further_data_set_has_the_same_validation_scenes_and_trains_on_no_test_scene(
    results: Path, tmp_path: Path
) -> None:
    other = write_results(tmp_path / "other") / "dataset"
    check_scenes_agree({"": results / "dataset", "b": other})
    check_nothing_tested(results / "dataset", {})
    write_split(other, **SPLIT | {"validation": ["s4"]})
    with pytest.raises(CalvingFrontError, match=r"data\.b: has other validation scenes .* s5"):
        check_scenes_agree({"": results / "dataset", "b": other})
    write_split(other, train=["s0", "s6"], validation=["s4", "s5"], test=["s7"])
    with pytest.raises(CalvingFrontError, match=r"data\.b: trains on .* such as s6"):
        check_nothing_tested(results / "dataset", {"b": other})


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"made_from": {}}', None])
def test_a_damaged_record_of_the_copy_is_named(results: Path, content: str | None) -> None:
    dataset, folder = results / "dataset", results / "blind"
    without_test_scenes(dataset, folder)
    if content is None:
        (folder / ORIGIN).unlink()
    else:
        (folder / ORIGIN).write_text(content)
        with pytest.raises(DamagedFileError, match="is damaged or incomplete"):
            without_test_scenes(dataset, folder)
    with pytest.raises(DamagedFileError, match="is damaged or incomplete"):
        held_back(folder)
    (folder / ORIGIN).unlink(missing_ok=True)
    without_test_scenes(dataset, folder)
    assert held_back(folder) == {"s3", "s6", "s7"}


def test_what_an_unfinished_copy_of_other_scenes_left_is_not_taken(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset, folder = results / "dataset", results / "blind"

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("calvingfront.search.blind.read_split", killed)  # the arrays are copied
        with pytest.raises(KeyboardInterrupt):
            without_test_scenes(dataset, folder)
    write_split(dataset, train=["s1", "s2"], validation=["s4", "s5"], test=["s0"])
    without_test_scenes(dataset, folder)
    assert open_dataset(folder).index["scene"].tolist() == ["s1", "s2", "s4", "s5"]
    np.testing.assert_array_equal(
        np.load(folder / "images.npy"), np.load(dataset / "images.npy")[[1, 2, 4, 5]]
    )


def test_a_refused_data_set_leaves_the_configuration_of_the_search(results: Path) -> None:
    dataset, folder = results / "dataset", results / "blind"
    without_test_scenes(dataset, folder)
    before = (folder / "config.yaml").read_text(encoding="utf-8")
    write_split(dataset, **SPLIT | {"validation": ["s4"]})
    (dataset / "config.yaml").write_text("networks: {width: 99}\n", encoding="utf-8")
    with pytest.raises(CalvingFrontError, match="was made from another data set"):
        without_test_scenes(dataset, folder)
    assert (folder / "config.yaml").read_text(encoding="utf-8") == before
