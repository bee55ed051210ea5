"""Records of scenes whose jobs failed: what counts, and until when."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from builders import line_mask, speckled, write_image
from calvingfront.configuration.schema import fill_defaults, read_schema
from calvingfront.errors import DamagedFileError, DiskError, Faults, SceneError
from calvingfront.scenes.failures.records import (
    check_job,
    describe_failed,
    failed_scenes,
    keep_left_out,
    leave_out_failed,
    scene_job,
)

SCHEMA = Path(__file__).parents[4] / "workflow" / "schemas" / "config.schema.yaml"
ROW = "{name},G,ERS,2001-02-0{day},{name}.png,{name}_front.png,20"


@pytest.fixture
def config(tmp_path: Path) -> dict[str, Any]:
    """Two scenes, a and b."""
    for number, name in enumerate("ab"):
        write_image(tmp_path / f"{name}.png", speckled(40, 48, number))
        write_image(tmp_path / f"{name}_front.png", speckled(40, 48, number))
    write_rows(tmp_path)
    found = fill_defaults({}, read_schema(SCHEMA))
    found["results"] = str(tmp_path / "results")
    found["source"] |= {"kind": "images", "images": {"table": str(tmp_path / "table.csv")}}
    found["source"] |= {"exclude": {}, "leave_out_failed": True}
    return found


def write_rows(folder: Path, first_day: int = 1) -> None:
    rows = [ROW.format(name=name, day=first_day + n) for n, name in enumerate("ab")]
    text = "\n".join(["scene,glacier,mission,acquired,image,front,pixel_size_m", *rows])
    (folder / "table.csv").write_text(f"{text}\n", encoding="utf-8")


def job(config: dict[str, Any], folder: Path, scene: str = "a", step: str = "import_scene") -> Any:
    return SimpleNamespace(
        config=config,
        log=[str(folder / "results" / "logs" / step / f"{scene}.log")],
        wildcards=SimpleNamespace(scene=scene),
        input=[str(folder / f"{scene}.png"), str(folder / f"{scene}_front.png")],
    )


def fail(config: dict[str, Any], folder: Path, error: Exception, **which: str) -> None:
    with pytest.raises((SystemExit, type(error))), scene_job(job(config, folder, **which)):
        raise error


def test_a_fault_is_kept_with_its_step_until_the_job_succeeds(
    config: dict[str, Any], tmp_path: Path
) -> None:
    fail(config, tmp_path, SceneError("a.png", "is broken", "Mend it"))
    assert failed_scenes(config) == {"a": "import_scene failed: a.png: is broken. Mend it."}
    with scene_job(job(config, tmp_path, step="filter_speckle")):  # another step of the scene
        pass
    assert failed_scenes(config)
    with scene_job(job(config, tmp_path)):
        pass
    assert not failed_scenes(config)
    assert describe_failed(config) == ""


def test_a_fault_of_the_program_leaves_its_scene_out_as_well(
    config: dict[str, Any], tmp_path: Path
) -> None:
    fail(config, tmp_path, ZeroDivisionError("division"))
    assert failed_scenes(config) == {
        "a": "import_scene failed: unexpected ZeroDivisionError: division"
    }


@pytest.mark.parametrize(
    "error",
    [
        DiskError.of("x.png", None),
        OSError(28, "No space left on device"),
        DamagedFileError.of("x.png", "cut off"),
    ],
)
def test_a_full_disk_and_a_damaged_intermediate_are_no_fault_of_the_scene(
    config: dict[str, Any], tmp_path: Path, error: Exception
) -> None:
    fail(config, tmp_path, error)
    assert not failed_scenes(config)


CHANGES: dict[str, Callable[[dict[str, Any], Path], object]] = {
    "the image": lambda config, folder: write_image(folder / "a.png", speckled(40, 48, 9)),
    "the front": lambda config, folder: write_image(folder / "a_front.png", line_mask(40, 48, 20)),
    "the row": lambda config, folder: write_rows(folder, 5),
    "a setting": lambda config, folder: config["samples"].update(size=1024),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_scene_is_tried_again_when_something_of_it_has_changed(
    config: dict[str, Any], tmp_path: Path, what: str
) -> None:
    fail(config, tmp_path, SceneError("a.png", "is broken", "Mend it"))
    config["source"]["exclude"] = {"b": "not mine"}
    config["training"]["max_epochs"] = 7
    assert set(failed_scenes(config)) == {"a"}  # neither is anything of the scene
    CHANGES[what](config, tmp_path)
    assert not failed_scenes(config)


def test_the_jobs_leave_out_what_the_first_process_left_out(
    config: dict[str, Any], tmp_path: Path
) -> None:
    """A scene that fails meanwhile must not change the plan of the jobs' own processes."""
    fail(config, tmp_path, SceneError("a.png", "is broken", "Mend it"))
    before = copy.deepcopy(config)
    left_out = leave_out_failed(config, first=True)
    assert list(left_out) == ["a"]
    assert config["source"]["exclude"] == left_out
    keep_left_out(config, left_out)
    fail(before, tmp_path, SceneError("b.png", "is broken", "Mend it"), scene="b")
    remote = copy.deepcopy(before)
    assert leave_out_failed(remote, first=False) == left_out
    assert set(leave_out_failed(before, first=True)) == {"a", "b"}


def test_nothing_is_left_out_unless_it_is_asked_for(config: dict[str, Any], tmp_path: Path) -> None:
    fail(config, tmp_path, SceneError("a.png", "is broken", "Mend it"))
    config["source"]["leave_out_failed"] = False
    assert leave_out_failed(config, first=True) == {}
    assert config["source"]["exclude"] == {}
    said = describe_failed(config)
    assert said.startswith("1 scene failed:\n  a: import_scene failed: a.png: is broken.")
    assert "--config 'source={leave_out_failed: true}'" in said


def test_a_check_of_all_scenes_names_each_that_fails(
    config: dict[str, Any], tmp_path: Path
) -> None:
    rows = [
        {"scene": name, "image": f"{tmp_path}/{name}.png", "front": f"{tmp_path}/{name}_front.png"}
        for name in "ab"
    ]
    check = job(config, tmp_path)
    check.log = [str(tmp_path / "results" / "logs" / "check_scenes.log")]
    fault = SceneError(rows[1]["front"], "is front everywhere", "Draw it")
    with pytest.raises(SystemExit), check_job(check, rows):
        raise Faults([fault], "Fix the files.")
    assert failed_scenes(config) == {"b": f"check_scenes failed: {fault}"}
    with check_job(check, rows):
        pass
    assert not failed_scenes(config)
