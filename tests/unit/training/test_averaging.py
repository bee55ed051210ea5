"""The moving average of the weights: what it is, and that it is what a training keeps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from calvingfront.networks.build import build_network
from calvingfront.networks.settings import NetworkSettings
from calvingfront.training.averaging import WeightAverage
from calvingfront.training.feed import ResidentFeed
from calvingfront.training.loop import Outcome, train
from calvingfront.training.settings import TrainingSettings
from calvingfront.training.step import Step
from replayed_operations import NoReading

FeedBuilder = Callable[..., ResidentFeed]
Settings = Callable[..., TrainingSettings]
CPU = torch.device("cpu")


def test_the_average_is_the_weighted_mean_of_every_step(network: NetworkSettings) -> None:
    """Weights (1 − d) dᵏ that sum to one; the untrained weights have none."""
    live = build_network(network)
    average = WeightAverage(live, 0.9)
    steps: list[dict[str, torch.Tensor]] = []
    torch.manual_seed(1)
    for n in range(1, 8):
        with torch.no_grad(), NoReading():
            for value in live.state_dict().values():
                if value.is_floating_point():
                    value.copy_(torch.randn(value.shape))
            average.update(n)
        steps.append({k: v.clone().double() for k, v in live.state_dict().items()})
        shares = torch.tensor([0.9**k for k in reversed(range(n))], dtype=torch.float64)
        shares /= shares.sum()
        for name in ("head.weight", "encoder.0.1.running_var", "encoder.0.1.bias"):
            expected = sum(w * step[name] for w, step in zip(shares, steps, strict=True))
            found = average.network.state_dict()[name].double()
            torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)


def trained(
    feed: FeedBuilder, network: NetworkSettings, settings: Settings, **changes: Any
) -> Outcome:
    return train(
        feed(2, 1, size=16, augmentation="paper"), feed(2, 2, size=16), "bce_dice", 1, network,
        settings(**{"keep_epochs": (2,), **changes}), CPU,
    )  # fmt: skip


def test_what_is_validated_and_kept_is_the_average(
    feed: FeedBuilder, network: NetworkSettings, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The weights in training go their way as if there were no average."""
    after: list[torch.Tensor] = []
    step = Step.train

    def watched(self: Step, *arguments: Any) -> torch.Tensor:
        loss = step(self, *arguments)
        after.append(self.network.head.weight.detach().clone())
        return loss

    monkeypatch.setattr(Step, "train", watched)
    plain = trained(feed, network, settings)
    alone, after[:] = list(after), []
    outcome = trained(feed, network, settings, weight_average=0.8)
    assert all(torch.equal(a, b) for a, b in zip(alone, after, strict=True))
    assert [row["train_loss"] for row in outcome.history] == [
        row["train_loss"] for row in plain.history
    ]
    n = 2 * len(after) // 3  # the steps of two epochs
    shares = [0.8**k for k in reversed(range(n))]
    expected = sum(w * x for w, x in zip(shares, after[:n], strict=True)) / sum(shares)
    torch.testing.assert_close(outcome.kept[2]["head.weight"], expected)
    for row, other in zip(outcome.history, plain.history, strict=True):
        assert row["validation_monitor"] != other["validation_monitor"]
    # What was validated is what is kept.
    kept = build_network(network).eval()
    kept.load_state_dict(outcome.best)
    data = feed(2, 2, size=16).samples
    with torch.no_grad():
        p = torch.sigmoid(kept(data.images.float() / 255))
    axes, y = (1, 2, 3), data.fronts
    dice = (2 * (p * y).sum(axes) + 1) / (p.sum(axes) + y.sum(axes) + 1)
    best = max(row["validation_monitor"] for row in outcome.history)
    assert float(dice.mean()) == pytest.approx(best, rel=1e-4)
