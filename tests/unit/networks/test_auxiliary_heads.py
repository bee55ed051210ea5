"""Heads that only a training uses leave the network as it is without them."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from calvingfront.errors import ConfigError
from calvingfront.networks.build import build_network
from calvingfront.networks.settings import NetworkSettings
from calvingfront.vocabulary.auxiliary import TASKS
from calvingfront.vocabulary.models import NETWORKS


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("model", NETWORKS)
def test_auxiliary_heads_leave_first_weights_and_predictions_as_they_are(
    model: str, deep: bool
) -> None:
    deep = deep and "pretrained" not in model
    settings = NetworkSettings(model, width=4, depth=2, kernel=3, deep_supervision=deep)
    torch.manual_seed(4)
    plain = build_network(settings, start=False).eval()
    torch.manual_seed(4)
    more = build_network(replace(settings, auxiliary=tuple(TASKS)), start=False).eval()
    own, extra = plain.state_dict(), dict(more.state_dict())
    assert all(torch.equal(extra.pop(name), value) for name, value in own.items())
    assert extra.keys() == {
        f"auxiliary_heads.{task}.{part}" for task in TASKS for part in ("weight", "bias")
    }
    image = torch.rand(2, plain.channels_in, 16, 16)
    with torch.no_grad():
        levels, auxiliary = more.forward_all(image)
        assert torch.equal(more(image), plain(image))
        assert torch.equal(levels[0], plain(image))
    assert len(levels) == 1 + deep
    assert {task: tuple(logits.shape) for task, logits in auxiliary.items()} == {
        "zones": (2, 3, 16, 16), "distance": (2, 1, 16, 16),
    }  # fmt: skip
    assert plain.forward_all(image)[1] == {}


def test_only_what_is_asked_for_has_a_head() -> None:
    network = build_network(NetworkSettings("unet", width=2, depth=1, auxiliary=("distance",)))
    assert list(network.forward_all(torch.rand(1, 1, 8, 8))[1]) == ["distance"]


def test_settings_take_the_list_of_a_record() -> None:
    given: list[str] = ["zones", "distance"]
    assert NetworkSettings("unet", auxiliary=given).auxiliary == ("zones", "distance")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("tasks", "what"),
    [(("zone",), "'zone' is unknown"), (("zones", "zones"), "'zones' is named twice")],
)
def test_an_unknown_or_repeated_task_is_refused(tasks: tuple[str, ...], what: str) -> None:
    with pytest.raises(ConfigError, match=f"networks.auxiliary: {what}"):
        build_network(NetworkSettings("unet", width=2, depth=1, auxiliary=tasks))
