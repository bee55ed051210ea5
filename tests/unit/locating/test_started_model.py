"""The card of a model whose trainings started from other weights says so."""

from __future__ import annotations

from pathlib import Path

from calvingfront.files import read_json, write_json
from calvingfront.locating.model_export import export_model
from calvingfront.locating.model_folder import read_model
from finished_runs import FIRST, write_results


def test_the_card_says_where_the_trainings_started(tmp_path: Path) -> None:
    results = write_results(tmp_path / "results")
    about = {"licence": "CC BY 4.0", "data": "bands", "orientations": 1, "device": "cpu"}
    export_model([results / FIRST], tmp_path / "plain", remarks="Of *JAC*.", **about)
    assert read_model(tmp_path / "plain").remarks == "Of *JAC*."
    record = results / FIRST / "run.json"
    write_json(record, read_json(record) | {"start": {"from": "results/simulated"}})
    export_model([results / FIRST], tmp_path / "started", remarks="Of *JAC*.", **about)
    said = read_model(tmp_path / "started").remarks
    assert said.startswith("The trainings started from the weights in `results/simulated`.")
    assert said.endswith("\n\nOf *JAC*.")
