"""A loss and a network from outside the package, registered by one call each, all the way."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from calvingfront.cli import main
from calvingfront.losses.dice import soft_dice
from calvingfront.vocabulary.losses import LOSSES, LossFamily, register_loss
from calvingfront.vocabulary.models import NETWORKS, Model, register_network

pytestmark = pytest.mark.timeout(600)


class SquaredError:
    """A loss that is no cross-entropy; `square2` weighs the front twice."""

    needs_distances = False

    def __init__(self, name: str) -> None:
        self.name = name
        self.weight = float(name.removeprefix("square"))

    def __call__(self, logits: Tensor, fronts: Tensor, distances: Tensor) -> Tensor:
        error = (torch.sigmoid(logits.float()) - fronts) ** 2
        return (error * (1 + (self.weight - 1) * fronts)).mean()

    def monitor(self, probability: Tensor, fronts: Tensor, distances: Tensor) -> Tensor:
        return soft_dice(probability, fronts)


class TwoLayers(nn.Module):
    """A network that is no U-Net: two convolutions."""

    def __init__(
        self, width: int, depth: int, kernel: int, variant: str, batch_norm_momentum: float
    ) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, width, kernel, padding=kernel // 2)
        self.head = nn.Conv2d(width, 1, kernel, padding=kernel // 2)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.head(torch.relu(self.first(x)))
        return out


@pytest.fixture
def registered() -> Iterator[None]:
    register_loss(
        LossFamily("square", "square[1-9]", "square and a digit, as in square2", SquaredError)
    )
    register_network(Model("two_layers", "Two layers", "#CC79A7", TwoLayers))
    yield
    del LOSSES["square"], NETWORKS["two_layers"]


def test_ones_own_loss_and_network_reach_the_tables_and_figures(
    registered: None, tiny_run: Path, tmp_path: Path
) -> None:
    shutil.copytree(tiny_run / "results" / "test" / "dataset", tmp_path / "dataset")
    chosen = ["networks.models=[unet, two_layers]", "losses=[bce, square2]"]
    status = main(
        ["grid", "--results", str(tmp_path), *(part for key in chosen for part in ("--set", key))]
    )
    assert status == 0
    table = pd.read_csv(tmp_path / "tables" / "table1.csv")
    rows = {(row.model, row.loss) for row in table.itertuples()}
    assert {("two_layers", "square2"), ("two_layers", "bce"), ("unet", "square2")} <= rows
    assert table.loc[table["model"] == "two_layers", "dice_mean"].notna().all()
    printed = (tmp_path / "tables" / "table1.md").read_text(encoding="utf-8")
    lines = [line for line in printed.splitlines() if "Two layers" in line]
    assert any("SQUARE2" in line for line in lines)
    # after the paper's networks and losses, before the rows without a network
    order = [line.split("|")[1].strip() for line in printed.splitlines() if line.startswith("| ")]
    assert order.index("U-Net") < order.index("Two layers") < order.index("Nearest date")
    comparisons = (tmp_path / "tables" / "comparisons.md").read_text(encoding="utf-8")
    assert "Two layers, SQUARE2" in comparisons
    figures = {path.stem for path in (tmp_path / "figures").glob("*.png")}
    assert {"figure1", "figure2", "figure3", "training_curves", "threshold_curves"} <= figures
    assert not {"figure4", "figure5"} & figures  # no network with attention


def test_a_network_alone_that_figure_1_cannot_draw_leaves_it_out(
    registered: None, tiny_run: Path, tmp_path: Path
) -> None:
    shutil.copytree(tiny_run / "results" / "test" / "dataset", tmp_path / "dataset")
    chosen = ["networks.models=[two_layers]", "losses=[square2]"]
    arguments = [part for key in chosen for part in ("--set", key)]
    assert main(["grid", "--results", str(tmp_path), *arguments]) == 0
    figures = {path.stem for path in (tmp_path / "figures").glob("*.png")}
    assert "figure3" in figures
    assert "figure1" not in figures
