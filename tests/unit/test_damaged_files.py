"""Every file that one step leaves for the next, damaged: named, with the command that heals it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from calvingfront.dataset.pack import pack_files
from calvingfront.errors import CalvingFrontError, DamagedFileError, Faults, ModelError
from calvingfront.figures.training import draw_training
from calvingfront.networks.weights import load_network, save_weights
from calvingfront.storage.sealed import read_sealed, write_sealed
from full_disk import PAGE
from step_files import KINDS, make_dataset, make_history, make_map
from trained import network, write_trained

# SQLite has no checksums: a flipped bit in a coordinate remains a coordinate.
UNCHECKED = {("located front", "flipped")}


def half(data: bytes) -> bytes:
    return data[: len(data) // 2]


def flipped(data: bytes) -> bytes:
    """One bit, in the middle, where the values are."""
    place = len(data) // 2
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def zero_tail(data: bytes) -> bytes:
    return data[: len(data) // 2] + bytes(len(data) - len(data) // 2)


def without_last_line(data: bytes) -> bytes:
    return b"".join(data.splitlines(keepends=True)[:-1])


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "emptied": lambda data: b"",
    "cut after 30 bytes": lambda data: data[:30],
    "cut in half": half,
    "cut before the last page": lambda data: data[: (len(data) - 1) // PAGE * PAGE],
    "cut by 20 bytes": lambda data: data[:-20],
    "cut by a byte": lambda data: data[:-1],
    "zeroed": lambda data: bytes(len(data)),
    "zeroed in its second half": zero_tail,
    "without its last line": without_last_line,
    "flipped": flipped,
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The sound files of a kind, made once."""
    folders: dict[str, Path] = {}

    def make(kind: str) -> Path:
        if kind not in folders:
            folders[kind] = tmp_path_factory.mktemp("made")
            KINDS[kind].make(folders[kind])
        return folders[kind]

    return make


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_is_named_with_the_command_that_heals_it(
    kind: str, damage: str, made: Callable[[str], Path], tmp_path: Path
) -> None:
    """Either nothing that matters is lost, or one sentence says what to run."""
    if (kind, damage) in UNCHECKED:
        pytest.skip("SQLite has no checksums")
    folder = tmp_path / "copy"
    shutil.copytree(made(kind), folder)
    file, read = folder / KINDS[kind].file, KINDS[kind].read
    sound = file.read_bytes()
    before = plain(read(folder))
    file.write_bytes(DAMAGES[damage](sound))
    try:
        after = plain(read(folder))
    except CalvingFrontError as error:
        said = error.faults[0] if isinstance(error, Faults) else error
        assert isinstance(said, DamagedFileError)
        assert said.where == str(file)
        assert f"Run `rm {file}` and the same command again" in str(said)
        assert "\n" not in str(said)
    else:
        assert after == before
        # Only what no reader needs may be lost in silence: a last line break, unused bytes.
        assert file.suffix != ".tsv"
        assert damage not in ("emptied", "cut after 30 bytes", "cut in half", "zeroed")
    # What the command does: the file goes, and its job makes the same bytes again.
    file.unlink()
    again = tmp_path / "again"
    again.mkdir()
    KINDS[kind].make(again)
    assert (again / KINDS[kind].file).read_bytes() == sound


def plain(content: Any) -> str:
    """Content that can be compared."""
    with np.printoptions(threshold=10**9):
        if isinstance(content, pd.DataFrame):
            content = content.to_dict()
        return re.sub(r"0x[0-9a-f]+", "", repr(content))


@pytest.mark.parametrize("damage", ["emptied", "cut in half", "flipped", "zeroed"])
def test_a_kept_map_is_not_taken_for_a_users_image(damage: str, tmp_path: Path) -> None:
    """The advice is to make it again, not to fetch it."""
    make_map(tmp_path)
    path = tmp_path / "view.tif"
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    from calvingfront.locating.visibility import hidden_share

    with pytest.raises(DamagedFileError, match=r"`rm .*view\.tif`"):
        hidden_share(path, [np.zeros((2, 2))])


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(value: float, tmp_path: Path) -> None:
    """Even with a sound checksum, as from a training that went wrong elsewhere."""
    write_trained(tmp_path)
    state = {key: tensor.clone() for key, tensor in network().state_dict().items()}
    name = next(key for key, tensor in state.items() if tensor.is_floating_point())
    state[name].view(-1)[0] = torch.tensor(value)
    save_weights(state, tmp_path / "weights.safetensors")
    with pytest.raises(DamagedFileError, match=rf"{re.escape(name)} is not finite"):
        load_network(tmp_path / "weights.safetensors", tmp_path / "run.json")


def test_of_many_samples_each_damaged_one_is_named(tmp_path: Path) -> None:
    make_dataset(tmp_path)
    samples = sorted((tmp_path / "in").glob("*.npz"))
    for path in (samples[0], samples[4]):
        path.write_bytes(half(path.read_bytes()))
    names = {key: tmp_path / f"{key}.npy" for key in ("images", "fronts", "valid")}
    before = {path: path.read_bytes() for path in names.values()}
    with pytest.raises(Faults) as caught:
        pack_files(samples, tmp_path / "in/scenes.tsv", **names, index=tmp_path / "index.tsv")
    assert [fault.where for fault in caught.value.faults] == [str(samples[0]), str(samples[4])]
    assert {path: path.read_bytes() for path in names.values()} == before


def test_a_table_without_a_checksum_is_read_as_it_is(tmp_path: Path) -> None:
    """As one from elsewhere, or one that a user has changed on purpose."""
    table = pd.DataFrame({"scene": ["a", "NA"], "value": [1.5, np.nan]})
    table.to_csv(tmp_path / "plain.tsv", sep="\t", index=False)
    write_sealed(tmp_path / "sealed.tsv", table)
    pd.testing.assert_frame_equal(read_sealed(tmp_path / "plain.tsv"), table)
    pd.testing.assert_frame_equal(read_sealed(tmp_path / "sealed.tsv"), table)
    # Other programs see one more, empty column.
    found = pd.read_csv(tmp_path / "sealed.tsv", sep="\t", keep_default_na=False, na_values=[""])
    pd.testing.assert_frame_equal(found[["scene", "value"]], table)


def test_a_missing_epoch_is_seen_even_without_a_checksum(tmp_path: Path) -> None:
    path = tmp_path / "unet" / "bce" / "seed1" / "history.tsv"
    make_history(tmp_path)
    rows = read_sealed(path).drop(index=4)
    rows.to_csv(path, sep="\t", index=False)
    with pytest.raises(DamagedFileError, match="epochs are not 1, 2, 3"):
        draw_training([path], tmp_path / "a.png", tmp_path / "a.pdf")


def test_a_damaged_model_folder_says_how_to_make_it_again() -> None:
    from calvingfront.locating.model_folder import COPY

    assert "remove the folder and run the same command again" in str(ModelError("m", "x", COPY))
