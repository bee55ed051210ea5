"""The grid with networks that read other dates, and with rows that average networks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from calvingfront.cli import _chosen, _parsed
from calvingfront.errors import ConfigError
from calvingfront.pipeline import commands
from calvingfront.pipeline.commands import Results
from calvingfront.pipeline.judging import check_rows, why_unfit
from calvingfront.vocabulary.runs import Run
from packed import band, write_packed, write_split
from resolved import RESOLVED

CONFIG: dict[str, Any] = RESOLVED | {
    "networks": RESOLVED["networks"] | {"models": ["unet", "unet_history"]},
    "seeds": [1, 2],
    "history": {"when": "past", "gap_days": 3},
    "evaluation": RESOLVED["evaluation"]
    | {"orientations": 8, "ensembles": ["seeds", "networks", "filtered"]},
}
SEEDS, EVERY = Run("unet_seeds", "bce"), Run("all_networks_dates")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("grid")
    fronts = np.stack([band(16, row, 3) for row in (2, 4, 6, 8)])
    # What the scores and the captions read besides.
    write_packed(folder / "dataset", fronts, variant="paper",
                 acquired=["2010-01-01", "2010-02-01", "2010-03-01", "2010-04-01"])  # fmt: skip
    write_split(folder / "dataset", train=["s1", "s2"], validation=["s3"], test=["s0"])
    (folder / "dataset" / "config.yaml").write_text(yaml.safe_dump(CONFIG), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(commands, "draw", lambda results: None)
        commands.grid(Results(folder, CONFIG))
    return folder


def probabilities(folder: Path, run: Run) -> Any:
    return np.load(folder / "predictions" / run.folder / "probabilities.npy").astype(float)


def test_averages_are_made_of_their_members(finished: Path) -> None:
    members = [probabilities(finished, Run("unet", "bce", seed)) for seed in (1, 2)]
    assert np.abs(members[0] - members[1]).max() > 0.01
    np.testing.assert_allclose(probabilities(finished, SEEDS), np.mean(members, axis=0), atol=5e-4)
    members += [probabilities(finished, Run("unet_history", "bce", seed)) for seed in (1, 2)]
    np.testing.assert_allclose(probabilities(finished, EVERY), np.mean(members, axis=0), atol=5e-4)


def test_they_are_rows_of_the_tables_with_labels_and_notes(finished: Path) -> None:
    for name in ("table1", "distances", "breakdown", "table2", "comparisons"):
        text = (finished / "tables" / f"{name}.md").read_text(encoding="utf-8")
        assert "means over the eight orientations" in text, name
        assert "Fronts of other dates: earlier fronts only, more than 3 days from" in text, name
        assert "| U-Net, seeds averaged" in text, name
    table = pd.read_csv(finished / "tables" / "table1.csv")
    rows = set(zip(table["model"], table["loss"], table["seeds"], strict=True))
    assert rows == {
        ("unet", "bce", 2), ("unet_history", "bce", 2), ("unet_seeds", "bce", 1),
        ("unet_history_seeds", "bce", 1), ("all_networks_dates", "none", 1),
        ("unet_filtered", "bce", 2), ("unet_seeds_filtered", "bce", 1),
        ("prior", "none", 1), ("nearest_date", "none", 1),
    }  # fmt: skip
    text = (finished / "tables" / "table1.md").read_text(encoding="utf-8")
    assert "2 seeds per network and loss" in text
    assert "| All networks + dates, averaged |" in text
    compared = pd.read_csv(finished / "tables" / "comparisons.csv")
    families = set(zip(compared["family"], compared["first_model"], compared["second_model"],
                       strict=True))  # fmt: skip
    assert ("history", "unet_history", "unet") in families
    assert ("average", "unet_seeds", "unet") in families
    assert ("filter", "unet_filtered", "unet") in families
    assert ("filter", "unet_seeds_filtered", "unet_seeds") in families
    assert not any(family == "others" for family, _, _ in families)


def test_a_changed_setting_reaches_what_depends_on_it(finished: Path) -> None:
    check_rows(Results(finished, CONFIG))

    def unfit(name: str, run: Run, **changes: Any) -> str | None:
        return why_unfit(Results(finished, CONFIG | changes), name, run)

    history, plain = Run("unet_history", "bce", 1), Run("unet", "bce", 1)
    both = {"history": {"when": "both", "gap_days": 3}}
    assert "history_from.when was past" in str(unfit("train_network", history, **both))
    assert unfit("train_network", plain, **both) is None
    single = {"evaluation": CONFIG["evaluation"] | {"orientations": 1}}
    assert "orientations was 8" in str(unfit("predict_fronts", plain, **single))
    assert unfit("train_network", plain, **single) is None
    filtered = Run("unet_filtered", "bce", 2)
    assert "history_from.when was past" in str(unfit("filter_predictions", filtered, **both))
    more = {"seeds": [1, 2, 3]}
    assert "made with other files" in str(unfit("average_predictions", SEEDS, **more))
    path = finished / "predictions" / plain.folder / "probabilities.npy"
    kept = path.read_bytes()
    np.save(path, np.load(path) / 2)
    try:
        assert "has changed since" in str(unfit("average_predictions", SEEDS))
        assert unfit("average_predictions", Run("unet_history_seeds", "bce")) is None
    finally:
        path.write_bytes(kept)


def test_the_plain_commands_know_them_by_name() -> None:
    def chosen(*words: str, **changes: Any) -> Run:
        return _chosen(_parsed(["score", *words]), CONFIG | changes)

    assert chosen("--model", "unet_seeds") == SEEDS
    assert chosen("--model", "all_networks_dates") == EVERY
    with pytest.raises(ConfigError, match=r"not a row that evaluation\.ensembles asks for"):
        chosen("--model", "unet_losses")
    assert chosen("--model", "unet_filtered", "--seed", "2") == Run("unet_filtered", "bce", 2)
    with pytest.raises(ConfigError, match="--seed: is missing"):
        chosen("--model", "unet_filtered")
    with pytest.raises(ConfigError, match="--loss: is missing"):
        chosen("--model", "unet_seeds", losses=["bce", "wbce4"])
    wanted = ("--model", "unet_seeds", "--loss", "wbce4")
    assert chosen(*wanted, losses=["bce", "wbce4"]) == Run("unet_seeds", "wbce4")
