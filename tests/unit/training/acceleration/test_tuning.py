"""Choosing by measurement: the faster wins, once, and the training's numbers do not notice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from calvingfront.losses.loss import build_loss
from calvingfront.networks.build import build_network
from calvingfront.networks.settings import NetworkSettings
from calvingfront.training.acceleration import tuning
from calvingfront.training.acceleration.plan import Plan
from calvingfront.training.acceleration.tuning import choose_on_cpu, choose_way, plan_step
from calvingfront.training.feed import ResidentFeed
from calvingfront.training.feed_source import Batch
from calvingfront.training.loop import train
from calvingfront.training.settings import TrainingSettings
from calvingfront.training.step import Step

CPU = torch.device("cpu")
NETWORK = NetworkSettings("unet", width=4, depth=1, kernel=3)
START = Plan("eager", "channels_last", "float32", 2)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(tuning, "has_cpu_bfloat16", lambda: True)
    return tmp_path / "calvingfront" / "tuning.json"


@pytest.fixture
def batch(feed: Callable[..., ResidentFeed]) -> Batch:
    return next(iter(feed(4, 1).batches(np.arange(4), 4)))


def make_step(**changes: Any) -> Step:
    torch.manual_seed(3)
    settings = TrainingSettings(**{"threads": 2, "tuning": "measured", **changes})
    return Step(build_network(NETWORK), build_loss("wbce4"), settings, CPU)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """A clock that only steps move, by what `cost` says that the step's arrangement costs."""
    state = SimpleNamespace(now=0.0, cost=lambda step: 1.0, steps=0)
    real = Step._update

    def update(step: Step, batch: Batch, *rest: Any) -> Tensor:
        state.now += state.cost(step)
        state.steps += 1
        return real(step, batch, *rest)

    monkeypatch.setattr(Step, "_update", update)
    monkeypatch.setattr(tuning.time, "perf_counter", lambda: state.now)
    yield state
    torch.set_num_threads(1)


def test_the_fastest_arrangement_is_found_and_its_steps_leave_no_trace(
    batch: Batch, clock: SimpleNamespace
) -> None:
    step = make_step()
    before = {name: value.clone() for name, value in step.network.state_dict().items()}
    clock.cost = lambda s: (
        (0.5 if s.precision == "bfloat16" else 1.0)
        * (0.8 if s.layout == "contiguous" else 1.0)
        * torch.get_num_threads() ** 0.5  # slower with two, as on a machine that is shared
    )
    plan = choose_on_cpu(step, batch, START)
    assert (plan.layout, plan.precision, plan.threads) == ("contiguous", "bfloat16", 1)
    assert plan.source == "measured"
    assert plan.measured[plan.label()] == pytest.approx(0.4)
    assert plan.measured[START.label()] == pytest.approx(2**0.5)
    assert clock.steps <= 16
    after = step.network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_what_is_faster_by_less_than_noise_is_not_taken(
    batch: Batch, clock: SimpleNamespace
) -> None:
    clock.cost = lambda s: 0.97 if s.layout == "contiguous" or s.precision == "bfloat16" else 1.0
    plan = choose_on_cpu(make_step(), batch, START)
    assert (plan.layout, plan.precision, plan.threads) == ("channels_last", "float32", 2)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_precision_that_the_configuration_names_is_kept(
    batch: Batch, clock: SimpleNamespace, precision: Any
) -> None:
    clock.cost = lambda s: 1.0 if s.precision == precision else 0.1
    step = make_step(precision=precision)
    plan = plan_step(step, lambda: batch, NETWORK, 32, 10)
    assert plan.precision == step.precision == precision
    assert not [name for name in plan.measured if precision not in name]


def test_a_choice_is_made_once_and_then_remembered(
    batch: Batch, clock: SimpleNamespace, cache: Path
) -> None:
    """The machine is another way busy at the second training, which takes the first one's choice,
    and so does the other network; a wider one is measured for itself."""
    clock.cost = lambda s: 0.5 if s.precision == "bfloat16" else 1.0
    first = plan_step(make_step(), lambda: batch, NETWORK, 32, 10)
    clock.cost = lambda s: 2.0 if s.precision == "bfloat16" else 1.0
    step = make_step()
    other = NetworkSettings("attention_unet", width=4, depth=1, kernel=3)
    for network in (NETWORK, other):
        again = plan_step(step, lambda: pytest.fail("measured again"), network, 32, 10)
        assert (first.source, again.source) == ("measured", "remembered")
        assert (again.precision, again.measured) == ("bfloat16", first.measured)
        assert step.precision == "bfloat16"
    wider = NetworkSettings("unet", width=8, depth=1, kernel=3)
    assert plan_step(step, lambda: batch, wider, 32, 10).source == "measured"
    assert len(json.loads(cache.read_text(encoding="utf-8"))) == 2


def record_by_calling(function: Callable[[], Tensor]) -> tuple[Callable[[], None], Tensor]:
    result = function().clone()
    return lambda: None, result  # as cheap as a replay can be


def test_the_captured_step_wins_where_it_is_faster(batch: Batch, clock: SimpleNamespace) -> None:
    step = make_step()
    step.recorder = record_by_calling
    before = {name: value.clone() for name, value in step.network.state_dict().items()}
    plan = choose_way(step, batch, START, 100)
    assert plan.way == "graph"
    assert plan.measured == {"eager": 1.0, "graph": 0.0}
    after = step.network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize(("steps", "way"), [(500, "eager"), (5000, "compile")])
def test_compiling_has_to_pay_off_over_the_training(
    batch: Batch, clock: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, steps: int, way: str
) -> None:
    """It takes 300 s here and saves 0.4 s of each step: 200 s, or 2000 s."""

    def compile_(function: Callable[[Batch], Tensor], **_: Any) -> Callable[[Batch], Tensor]:
        clock.now += 300

        def compiled(given: Batch) -> Tensor:
            clock.now -= 0.4
            return function(given)

        return compiled

    monkeypatch.setattr(torch, "compile", compile_)
    plan = choose_way(make_step(), batch, START, steps)
    assert plan.measured == {"eager": pytest.approx(1.0), "compile": pytest.approx(0.6)}
    assert plan.setup_s["compile"] >= 300
    assert plan.way == way


def test_compiling_is_not_tried_where_half_the_time_is_less_than_it_takes(
    batch: Batch, clock: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "compile", lambda *_, **__: pytest.fail("compiled"))
    assert choose_way(make_step(), batch, START, 100).way == "eager"


def test_a_way_that_fails_is_no_candidate(
    batch: Batch, clock: SimpleNamespace, caplog: pytest.LogCaptureFixture
) -> None:
    """Without CUDA nothing can be captured."""
    step = make_step()
    plan = choose_way(step, batch, START, 100)
    assert (plan.way, list(plan.measured)) == ("eager", ["eager"])
    assert "cannot run as graph" in caplog.text


def test_nothing_is_measured_unless_it_is_asked_for(cache: Path) -> None:
    step = make_step(tuning="off")
    plan = plan_step(step, lambda: pytest.fail("measured"), NETWORK, 32, 10)
    assert plan == Plan("eager", "channels_last", "float32", 2)
    assert not cache.parent.exists()
    torch.set_num_threads(1)


def test_a_measured_training_gives_the_weights_of_one_with_the_same_choice(
    feed: Callable[..., ResidentFeed],
    settings: Callable[..., TrainingSettings],
    clock: SimpleNamespace,
    cache: Path,
) -> None:
    """Trying costs no bit: the run that measured, one that remembers, and one that was told so."""
    clock.cost = lambda s: 0.5 if s.precision == "bfloat16" else 1.0
    outcomes = [
        train(feed(4, 1, augmentation="paper"), feed(2, 2), "wbce4", 1, NETWORK, chosen, CPU)
        for chosen in (
            settings(tuning="measured"),
            settings(tuning="measured"),
            settings(precision="bfloat16"),
        )
    ]
    sources = [outcome.record["step"]["source"] for outcome in outcomes]
    assert sources == ["measured", "remembered", "settings"]
    assert {outcome.record["step"]["precision"] for outcome in outcomes} == {"bfloat16"}
    assert outcomes[0].record["step"]["measured"]
    for outcome in outcomes[1:]:
        for name, value in outcomes[0].best.items():
            assert torch.equal(outcome.best[name], value), name


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Step]:
    """A builder of steps that take themselves for a GPU's, on which preparing takes 100 s."""
    monkeypatch.setattr(tuning, "hardware_name", lambda _device: "GPU")
    monkeypatch.setattr(tuning, "apply", lambda step, plan: step.arrange(way=plan.way))
    real = Step.arrange

    def on_the_cpu(step: Step, **changes: Any) -> None:
        device, step.device = step.device, CPU
        real(step, **changes)
        step.device = device

    monkeypatch.setattr(Step, "arrange", on_the_cpu)
    monkeypatch.setattr(
        tuning, "_time_way", lambda _step, _batch, way: {"eager": (0.0, 1.0)}.get(way, (100.0, 0.9))
    )

    def build(**changes: Any) -> Step:
        step = make_step(**changes)
        step.device = torch.device("cuda")
        return step

    return build


def test_on_a_gpu_a_choice_holds_for_trainings_of_its_length(
    batch: Batch, pretended: Callable[..., Step]
) -> None:
    """A second is 10 s of preparation a hundred steps: it pays off after a thousand."""
    plans = [
        plan_step(pretended(max_epochs=epochs), lambda: batch, NETWORK, 32, 100)
        for epochs in (5, 300, 60, 5)
    ]
    assert [plan.way for plan in plans] == ["eager", "graph", "graph", "eager"]
    assert [plan.source for plan in plans] == ["measured", "measured", "remembered", "remembered"]


def test_where_bits_must_repeat_nothing_is_chosen_by_measuring(
    batch: Batch, pretended: Callable[..., Step]
) -> None:
    plan = plan_step(pretended(deterministic=True), lambda: batch, NETWORK, 32, 100)
    assert (plan.way, plan.source) == ("eager", "settings")


def test_a_way_without_memory_for_the_validation_is_not_taken(
    batch: Batch, clock: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = make_step()
    step.recorder = record_by_calling
    evaluate = step.evaluate

    def without_room(given: Batch) -> Any:
        if step.way == "graph":
            raise torch.OutOfMemoryError("the graph holds it all")
        return evaluate(given)

    monkeypatch.setattr(step, "evaluate", without_room)
    assert choose_way(step, batch, START, 100).way == "eager"
