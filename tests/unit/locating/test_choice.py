"""Which model locates, and what of it is known before the first job."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from calvingfront.errors import ConfigError
from calvingfront.locating.model.choice import (
    check_fronts,
    faults,
    given_folder,
    members_of,
    sample_settings,
    words_of,
)
from calvingfront.locating.model_folder import SHIPPED, read_model

OF_MODEL = {
    "size": 96, "median_area_m2": 0.0, "variant": "released", "front_width_px": 2,
    "grey_levels": "dB",
}  # fmt: skip


def config(**locating: Any) -> dict[str, Any]:
    return {
        "source": {"kind": "images"},
        "networks": {"models": ["unet", "attention_unet"]},
        "losses": ["bce", "wbce4"],
        "samples": {
            "size": 64,
            "median_area_m2": 2500.0,
            "variant": "paper",
            "front_width_px": 3,
            "grey_levels": "linear",
        },
        "locating": {"members": "all", "model": None, "licence": None, "data": None} | locating,
    }


def model_folder(folder: Path) -> Path:
    folder.mkdir()
    (folder / "model.json").write_text(json.dumps({"preprocessing": OF_MODEL}), encoding="utf-8")
    return folder


def test_all_or_some_networks_are_members() -> None:
    assert members_of(config()) == [
        ("unet", "bce"), ("unet", "wbce4"), ("attention_unet", "bce"), ("attention_unet", "wbce4"),
    ]  # fmt: skip
    chosen = config(members=["attention_unet/wbce4", "unet/bce"])
    assert members_of(chosen) == [("unet", "bce"), ("attention_unet", "wbce4")]
    assert not list(faults(chosen))


def test_a_member_that_is_not_trained_is_refused() -> None:
    (fault,) = faults(config(members=["unet/bce", "unet/wbce8"]))
    assert str(fault).startswith("locating.members[1]: unet/wbce8 is not trained. Write all, or")


def test_samples_are_made_as_the_model_needs_them(tmp_path: Path) -> None:
    assert sample_settings(config()) == config()["samples"]
    elsewhere = config(model=str(model_folder(tmp_path / "model")))
    assert sample_settings(elsewhere) == OF_MODEL
    assert not list(faults(elsewhere))


def test_a_model_of_an_older_format_is_refused_with_what_it_lacks(tmp_path: Path) -> None:
    older = {key: value for key, value in OF_MODEL.items() if key != "grey_levels"}
    (tmp_path / "model.json").write_text(json.dumps({"preprocessing": older}), encoding="utf-8")
    (fault,) = faults(config(model=str(tmp_path)))
    what = f"{tmp_path} is of another version: it has no preprocessing.grey_levels"
    assert str(fault) == f"locating.model: {what}. Export it again, with this version."


@pytest.mark.parametrize("content", [None, "no JSON", "[1]", "{}"])
def test_a_folder_that_is_no_model_is_refused(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "model.json").write_text(content, encoding="utf-8")
    (fault,) = faults(config(model=str(tmp_path)))
    assert str(fault).startswith(f"locating.model: {tmp_path} is not a model folder")


def test_licence_and_data_depend_on_the_source_unless_given() -> None:
    assert words_of(config()) == {"licence": "not stated", "data": "own data, see scenes.tsv"}
    given = config(licence="CC0", data="my fjord") | {"source": {"kind": "simulated"}}
    assert words_of(given) == {"licence": "CC0", "data": "my fjord"}
    assert words_of(config() | {"source": {"kind": "simulated"}})["licence"] == "MIT"


def test_without_any_front_a_model_is_needed(tmp_path: Path) -> None:
    check_fronts(1, 5, config())
    check_fronts(0, 5, config(model=str(tmp_path)))
    with pytest.raises(ConfigError, match=r"locating\.model: .* none of the 5 scenes has a front"):
        check_fronts(0, 5, config())


def test_networks_that_read_other_dates_locate_nothing() -> None:
    every = config() | {"networks": {"models": ["unet_history", "unet"]}}
    assert members_of(every) == [("unet", "bce"), ("unet", "wbce4")]
    assert not list(faults(every))
    named = config(members=["unet_history/bce"]) | {"networks": every["networks"]}
    (fault,) = faults(named)
    assert str(fault) == (
        "locating.members[0]: unet_history/bce reads fronts of other dates, which a model has not "
        "for new scenes. Write all, or some of unet/bce, unet/wbce4."
    )
    alone = config() | {"networks": {"models": ["unet_history", "unet_dates"]}}
    check_fronts(3, 0, alone)
    with pytest.raises(ConfigError, match=r"networks\.models: holds no network that can locate"):
        check_fronts(3, 1, alone)


def test_shipped_names_the_model_of_the_package_and_not_a_folder_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shipped = config(model="shipped")
    assert given_folder(config()) is None
    assert given_folder(shipped) == SHIPPED
    assert sample_settings(shipped)["size"] == read_model(SHIPPED).preprocessing.size == 256
    assert not list(faults(shipped))
    check_fronts(0, 5, shipped)
    model_folder(tmp_path / "shipped")
    (fault,) = faults(shipped)
    assert str(fault).startswith("locating.model: shipped names the model that comes with the")
    assert "Write ./shipped for the folder" in str(fault)
    assert sample_settings(config(model="./shipped"))["size"] == 96
