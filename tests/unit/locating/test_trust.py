"""Which lines have the errors of the training's glaciers, and which those found elsewhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import geopandas
import numpy as np
import pytest

from calvingfront.locating.judging import judged_front
from calvingfront.locating.locate import found_in, locate_fronts
from calvingfront.locating.model.content import Elsewhere, LeftOut, Percentiles
from calvingfront.locating.model.trust import trust_in
from calvingfront.locating.model_folder import read_model
from calvingfront.locating.new_scenes import scene_of
from calvingfront.locating.reading import read_fronts
from calvingfront.uncertainty.calibration import Calibration
from front_examples import full
from judged_samples import facts, traced
from model_cards import CARD, PIXEL, SCORE

FOUND = Elsewhere(
    Calibration(12, (50, 90, 95), (1.0, 3.0, 5.0), (50.0, 90.0, 95.0), 0.8),
    Percentiles(2.0, 6.0, 9.0),
    {name: LeftOut(1, ("A",), 0.5, SCORE, None) for name in ("B", "C")},
)
TESTED = replace(CARD, elsewhere=FOUND)
NAMED = replace(CARD.trained_on, glaciers=("Jakobshavn Isbræ", "unknown"))


@pytest.mark.parametrize("name", ["Jakobshavn Isbræ", " jakobshavn  isbræ", "JAKOBSHAVN_ISBRÆ"])
def test_case_and_blanks_of_a_name_do_not_matter(name: str) -> None:
    card = replace(TESTED, trained_on=NAMED)
    assert trust_in(card, name).calibrated == "trained"


@pytest.mark.parametrize("name", ["", None, float("nan"), "unknown", " ", "?", "Jakobshavn", "B"])
def test_another_name_or_none_is_elsewhere(name: object) -> None:
    card = replace(TESTED, trained_on=NAMED)
    assert trust_in(card, name).calibrated == "elsewhere"
    assert trust_in(replace(card, elsewhere=None), name).calibrated == "untested"


def test_errors_elsewhere_are_those_of_its_own_factors() -> None:
    here = judged_front(facts(), traced(1.0, 3.0), TESTED)
    there = judged_front(facts(glacier="B"), traced(1.0, 3.0), TESTED)
    assert here == judged_front(facts(), traced(1.0, 3.0), CARD)
    assert (here.err_calib, there.err_calib) == ("trained", "elsewhere")
    np.testing.assert_allclose(there.vertex_errors_m[0], PIXEL * np.outer([1, 3], [1, 3, 5]))
    assert there.error_m == pytest.approx(PIXEL * 0.8 * 2)
    assert there.err90_m == pytest.approx(PIXEL * 3 * 2)
    assert there.err_method == (
        "spread of 16 predictions, calibrated on 12 scenes of 2 glaciers that trainings left out"
    )
    assert "(as on other glaciers)" in found_in(there)
    assert "glaciers" not in found_in(here)


def test_the_spread_that_is_usual_elsewhere_decides_on_the_flag_there() -> None:
    wide = traced(4.0, 4.0)  # twice the median of the validation scenes
    assert judged_front(facts(), wide, TESTED).quality == "doubtful"
    assert judged_front(facts(glacier="B"), wide, TESTED).quality == "good"
    assert judged_front(facts(glacier="B"), traced(8.0, 8.0), TESTED).quality == "doubtful"
    assert judged_front(facts(glacier="B"), wide, CARD).quality == "doubtful"


def test_a_model_that_was_not_tested_elsewhere_says_so_on_the_line() -> None:
    here, there = (judged_front(facts(glacier=name), traced(2.0, 2.0), CARD) for name in "AB")
    assert (there.error_m, there.err90_m) == (here.error_m, here.err90_m)
    assert there.err_calib == "untested"
    assert there.err_method is not None
    assert there.err_method.endswith("validation scenes, not tested on other glaciers")
    assert "(not tested on other glaciers)" in found_in(there)


def test_without_own_calibration_there_are_errors_elsewhere_only() -> None:
    card = replace(TESTED, calibration=None)
    assert judged_front(facts(), traced(2.0, 2.0), card).err_calib is None
    assert judged_front(facts(glacier="B"), traced(2.0, 2.0), card).error_m is not None


def test_locating_on_another_glacier_warns_once(
    model: Path, image: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    opened = read_model(model)
    own = CARD.calibration
    scenes = [
        scene_of(image, "TSX", "2010-03-04", glacier, None, glacier) for glacier in ("A", "Crane")
    ]
    said: list[str] = []
    for elsewhere in (None, FOUND):
        tested = replace(opened, elsewhere=elsewhere, calibration=own)
        caplog.clear()
        found = locate_fronts(
            scenes, tested, [tmp_path / "f.gpkg"], device="cpu", threads=1, progress=said.append
        )
        warned = [each.message for each in caplog.records if "not tested" in each.message]
        assert len(warned) == (elsewhere is None)
        assert all("Crane" in each and "A, " not in each.split(")")[0] for each in warned)
        other = "untested" if elsewhere is None else "elsewhere"
        assert [front.err_calib for front in found.fronts] == ["trained", other]
        table = geopandas.read_file(tmp_path / "f.gpkg", layer="fronts")
        assert table["err_calib"].tolist() == ["trained", other]
    assert len([line for line in said if "other glaciers)" in line]) == 2


def test_a_file_of_before_has_no_such_attribute_and_is_read(tmp_path: Path) -> None:
    from calvingfront.locating.vectors import write_fronts

    write_fronts([full()], tmp_path / "new.gpkg")
    layer = geopandas.read_file(tmp_path / "new.gpkg", layer="fronts")
    assert read_fronts(tmp_path / "new.gpkg")[0].err_calib == full().err_calib
    layer.drop(columns="err_calib").to_file(tmp_path / "old.gpkg", layer="fronts")
    (front,) = read_fronts(tmp_path / "old.gpkg")
    assert front.err_calib is None
    assert front.err_method == full().err_method
