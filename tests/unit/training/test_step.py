"""A step is the same step however it is run, and whatever was measured before it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from calvingfront.losses.loss import build_loss
from calvingfront.networks.blocks import Conv, ConvBlock, padded_conv2d
from calvingfront.networks.settings import NetworkSettings
from calvingfront.training.feed import ResidentFeed
from calvingfront.training.feed_source import Batch
from calvingfront.training.settings import TrainingSettings
from calvingfront.training.step import Step, precision_of
from replayed_operations import HostRead, NoReading, record_operations
from small_trainings import small_step

CPU = torch.device("cpu")
RATES = (1e-3, 5e-3, 2e-3, 1e-2)


def make_step(**changes: Any) -> Step:
    return small_step(NetworkSettings("attention_unet", width=4, depth=2, kernel=3), CPU, **changes)


@pytest.fixture
def batches(feed: Callable[..., ResidentFeed]) -> list[Batch]:
    samples = feed(8, 1, augmentation="paper")
    return list(samples.batches(np.arange(16), 4))


def copied(step: Step) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in step.tensors().items()}


def assert_same(a: dict[str, Tensor], b: dict[str, Tensor]) -> None:
    assert a.keys() == b.keys()
    assert all(torch.equal(a[name], b[name]) for name in a)


def train(step: Step, batches: list[Batch]) -> list[Tensor]:
    return [step.train(batch, rate) for batch, rate in zip(batches, RATES, strict=True)]


def test_a_captured_step_gives_the_losses_and_weights_of_the_eager_one(
    batches: list[Batch],
) -> None:
    """Each batch, its rate and its loss are its own: nothing of a static buffer shines through."""
    eager, captured = make_step(), make_step()
    captured.arrange(way="graph")
    expected, found = train(eager, batches), train(captured, batches)
    assert captured.way == "graph"
    assert len({float(loss) for loss in found}) == len(batches)
    assert [float(loss) for loss in found] == [float(loss) for loss in expected]
    assert_same(copied(captured), copied(eager))


@pytest.mark.parametrize(("way", "on_device"), [("eager", False), ("eager", True), ("graph", True)])
def test_each_step_has_the_rate_that_it_is_given(
    batches: list[Batch], way: Any, on_device: bool
) -> None:
    """Adam's first step moves a weight by the rate, as a number or as one on the device."""
    for rate in (1e-3, 4e-3):
        step = make_step()
        if not on_device:
            step._rate = step.optimiser.param_groups[0]["lr"] = 1.0
        step.arrange(way=way)
        before = step.network.head.weight.detach().clone()
        step.train(batches[0], rate)
        moved = (step.network.head.weight - before).abs()
        torch.testing.assert_close(moved.max(), torch.tensor(rate), rtol=1e-2, atol=0)
        if on_device:
            assert step.optimiser.param_groups[0]["lr"] is step._rate


def test_a_replay_repeats_operations_and_no_python(batches: list[Batch]) -> None:
    """The stand-in is worth something: it keeps a rate that Python held, and records no reading."""
    step = make_step()
    step._rate = step.optimiser.param_groups[0]["lr"] = 0.0
    step.arrange(way="graph")
    before = copied(step)
    step.train(batches[0], 1e-3)  # captured with this rate
    step._rate = 0.0
    moved = step.network.head.weight.detach().clone()
    step.train(batches[0], 0.0)
    assert not torch.equal(step.network.head.weight, moved)
    assert not torch.equal(before["network.head.weight"], moved)
    value = torch.ones(3)
    for reads in (
        lambda: value * value.sum().item(),
        lambda: value[value > 0],
        lambda: value.cpu() + 1,
        lambda: value + value.tolist()[0],
        lambda: value if value.sum() > 0 else -value,
    ):
        with pytest.raises(HostRead, match="cannot be recorded"):
            record_operations(reads)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_nothing_of_a_step_is_read_back_by_the_host(batches: list[Batch], precision: Any) -> None:
    step = make_step(precision=precision)
    with NoReading():
        train(step, batches)
        step.evaluate(batches[0])
        with step.unchanged():
            step.train(batches[0], 1e-3)
        step.load(copied(step))


def test_the_paper_has_adam_and_a_decay_is_decoupled_and_of_kernels_only(
    batches: list[Batch],
) -> None:
    """AdamW shrinks a weight by rate · decay before Adam moves it; no bias, no normalisation."""
    plain, decaying = make_step(), make_step(weight_decay=0.5)
    assert type(plain.optimiser) is torch.optim.Adam
    assert len(plain.optimiser.param_groups) == 1
    assert plain.optimiser.param_groups[0]["weight_decay"] == 0
    before = {name: p.detach().clone() for name, p in plain.network.named_parameters()}
    for step in (plain, decaying):
        step.train(batches[0], 1e-2)
    shrunk = 0
    for (name, p), (_, q) in zip(
        plain.network.named_parameters(), decaying.network.named_parameters(), strict=True
    ):
        expected = p - 1e-2 * 0.5 * before[name] if p.dim() > 1 else p
        torch.testing.assert_close(q, expected, rtol=1e-5, atol=1e-7)
        shrunk += p.dim() > 1
    assert shrunk > 10


def test_a_captured_step_decays_as_the_eager_one_does(batches: list[Batch]) -> None:
    eager, captured = (make_step(weight_decay=0.05) for _ in range(2))
    captured.arrange(way="graph")
    train(eager, batches)
    train(captured, batches)
    assert captured.way == "graph"
    assert_same(copied(captured), copied(eager))


def test_every_level_of_a_deeply_supervised_network_is_trained_captured_or_not(
    batches: list[Batch],
) -> None:
    """The loss is that of all levels; what is evaluated is the finest alone."""
    network = NetworkSettings("attention_unet", width=4, depth=3, kernel=3, deep_supervision=True)
    eager, captured = (small_step(network, CPU) for _ in range(2))
    heads = [head.weight.detach().clone() for head in eager.network.side_heads]
    captured.arrange(way="graph")
    with NoReading():
        train(eager, batches)
    train(captured, batches)
    assert captured.way == "graph"
    assert_same(copied(captured), copied(eager))
    for head, before in zip(eager.network.side_heads, heads, strict=True):
        assert not torch.equal(head.weight, before)
    batch = batches[0]
    logits = eager.network.eval()(batch.images.float() / 255)
    alone = eager.loss(logits, batch.fronts.float(), batch.distances)
    torch.testing.assert_close(eager.evaluate(batch)[0], alone.detach())


def test_a_smaller_batch_goes_the_eager_way_beside_a_captured_step(batches: list[Batch]) -> None:
    eager, captured = make_step(), make_step()
    captured.arrange(way="graph")
    smaller = Batch(*(tensor[:3] for tensor in batches[1]))
    for step in (eager, captured):
        step.train(batches[0], 1e-3)
        step.train(smaller, 1e-3)
        step.train(batches[2], 1e-3)
    assert_same(copied(captured), copied(eager))


def addresses(step: Step) -> dict[str, int]:
    return {name: value.data_ptr() for name, value in step.tensors().items()}


def test_a_captured_step_goes_on_from_a_loaded_state(batches: list[Batch]) -> None:
    """In place: a graph reads and writes where it was captured, whatever happens outside it."""
    eager, captured = make_step(), make_step()
    train(eager, batches)
    state = copied(eager)
    captured.arrange(way="graph")
    train(captured, batches[::-1])
    where = addresses(captured)
    captured.load(state)
    with captured.unchanged():
        train(captured, batches)
    assert addresses(captured) == where
    assert_same(copied(captured), state)
    for step in (eager, captured):
        train(step, batches)
    assert_same(copied(captured), copied(eager))


def test_moments_that_are_loaded_lie_in_memory_as_their_weights_do() -> None:
    """Another layout would make every step slower, and could round it differently."""
    network = torch.nn.Conv2d(3, 4, 3)
    step = Step(network, build_loss("bce"), TrainingSettings(), torch.device("cpu"))
    weight = network.weight
    saved = {name: value.contiguous().clone() for name, value in step.tensors().items()}
    for name, parameter in network.named_parameters():
        for key in ("exp_avg", "exp_avg_sq"):
            saved[f"adam.{key}.{name}"] = torch.rand(parameter.shape)
        saved[f"adam.step.{name}"] = torch.tensor(3.0)
    step.load(saved)
    assert weight.is_contiguous(memory_format=torch.channels_last)
    assert step.optimiser.state[weight]["exp_avg"].stride() == weight.stride()
    assert set(step.tensors()) == set(saved)
    assert all(torch.equal(step.tensors()[name], value) for name, value in saved.items())


@pytest.mark.parametrize("before", [0, 2])
@pytest.mark.parametrize("layout", ["channels_last", "contiguous"])
def test_what_is_tried_leaves_no_trace(batches: list[Batch], before: int, layout: Any) -> None:
    """Weights, statistics and Adam's moments, from the first step and from a later one."""
    tried, untouched = make_step(), make_step()
    for step in (tried, untouched):
        for batch in batches[:before]:
            step.train(batch, 1e-3)
    with tried.unchanged():
        tried.arrange(layout=layout, precision="bfloat16")
        train(tried, batches)
    tried.arrange(layout="channels_last", precision="float32")
    for step in (tried, untouched):
        for batch in batches[before:]:
            step.train(batch, 1e-3)
    assert_same(copied(tried), copied(untouched))


def test_another_layout_takes_adams_moments_with_it(batches: list[Batch]) -> None:
    """The fused kernel walks through memory: weights and moments have to lie alike."""
    step, other = make_step(), make_step()
    for moved in (step, other):
        train(moved, batches)
    other.arrange(layout="contiguous")
    for parameter, state in other.optimiser.state.items():
        assert state["exp_avg"].stride() == parameter.stride()
    for moved in (step, other):
        moved.train(batches[0], 1e-2)
    found, kernels = other.tensors(), 0
    for name, value in step.tensors().items():
        if name.startswith("network.") and value.dim() == 4:  # biases before a norm move by noise
            kernels += 1
            torch.testing.assert_close(found[name], value, rtol=0, atol=1e-4)
    assert kernels > 10


def fails(function: Callable[[], Tensor]) -> tuple[Callable[[], None], Tensor]:
    function()
    raise RuntimeError("operation not permitted when stream is capturing")


def test_a_way_that_fails_is_told_and_the_step_runs_eagerly(
    batches: list[Batch], caplog: pytest.LogCaptureFixture
) -> None:
    eager, broken = make_step(), make_step()
    broken.recorder = fails
    broken.arrange(way="graph")
    with caplog.at_level(logging.WARNING):
        found = train(broken, batches)
    assert caplog.text.count("runs eagerly: operation not permitted") == 1
    assert broken.way == "eager"
    assert [float(x) for x in found] == [float(x) for x in train(eager, batches)]
    assert_same(copied(broken), copied(eager))


def test_a_graph_without_cuda_falls_back(batches: list[Batch]) -> None:
    eager, step = make_step(), make_step()
    del step.recorder  # the real one
    step.arrange(way="graph")
    train(step, batches)
    train(eager, batches)
    assert step.way == "eager"
    assert_same(copied(step), copied(eager))


def test_a_compiler_that_is_missing_falls_back(
    batches: list[Batch], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: Any, **__: Any) -> Any:
        raise RuntimeError("no compiler")

    monkeypatch.setattr(torch, "compile", missing)
    step = make_step()
    step.arrange(way="compile")
    train(step, batches)
    assert step.way == "eager"


def test_the_compiled_way_trains_through_what_torch_compiled(
    batches: list[Batch], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    def compile_(function: Callable[[Batch], Tensor], **_: Any) -> Callable[[Batch], Tensor]:
        def compiled(batch: Batch) -> Tensor:
            calls.append(len(batch.images))
            return function(batch)

        return compiled

    monkeypatch.setattr(torch, "compile", compile_)
    eager, step = make_step(), make_step()
    step.arrange(way="compile")
    train(step, batches)
    train(eager, batches)
    assert (step.way, len(calls)) == ("compile", 1 + len(batches))
    assert_same(copied(step), copied(eager))


def test_under_bfloat16_batch_norm_and_the_loss_are_computed_in_float32(
    batches: list[Batch],
) -> None:
    """Statistics gathered in bfloat16 would miss those of the same inputs by whole per cents."""
    step = make_step(precision="bfloat16")
    block = step.network.encoder[0]
    assert isinstance(block, ConvBlock)
    norm = block[1]
    seen: list[Tensor] = []
    norm.register_forward_hook(lambda _m, given, _out: seen.append(given[0].detach()))
    norm.momentum = 1.0  # the statistics are those of this batch alone
    loss = step.train(batches[0], 1e-3)
    assert loss.dtype == torch.float32
    assert seen[0].dtype == torch.bfloat16
    x = seen[0].double()
    for module in step.network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            assert module.running_mean.dtype == module.running_var.dtype == torch.float32
            assert module.weight.dtype == torch.float32
    torch.testing.assert_close(norm.running_mean.double(), x.mean((0, 2, 3)), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(norm.running_var.double(), x.var((0, 2, 3)), rtol=1e-5, atol=1e-6)
    moments = [state["exp_avg"].dtype for state in step.optimiser.state.values()]
    assert set(moments) == {torch.float32}


@pytest.mark.parametrize("channels", [1, 3, 8])
def test_channels_of_zeros_change_neither_a_convolution_nor_its_gradients(channels: int) -> None:
    torch.manual_seed(5)
    layer = Conv(channels, 6, 5, padding=2).double()
    x = torch.rand(2, channels, 9, 8, dtype=torch.float64, requires_grad=True)
    found = []
    for convolve in (layer, lambda given: padded_conv2d(given, layer)):
        out = convolve(x)
        out.square().sum().backward()
        found.append([out.detach(), x.grad, layer.weight.grad, layer.bias.grad])
        x.grad = layer.weight.grad = layer.bias.grad = None
    for plain, padded in zip(*found, strict=True):
        torch.testing.assert_close(padded, plain, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("generation", "setting", "expected"),
    [
        (9, "auto", "bfloat16"),
        (7, "auto", "float32"),  # computed by detours: slower than float32
        (7, "bfloat16", "bfloat16"),
        (9, "float32", "float32"),
    ],
)
def test_a_gpu_computes_in_bfloat16_where_it_has_the_circuits(
    generation: int, setting: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def supported(including_emulation: bool = True) -> bool:
        return generation >= 8 or including_emulation

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
    assert precision_of(torch.device("cuda"), setting) == expected


@pytest.mark.parametrize(("setting", "expected"), [("auto", "float32"), ("bfloat16", "bfloat16")])
def test_a_cpu_computes_in_float32_unless_told_otherwise(setting: str, expected: str) -> None:
    assert precision_of(CPU, setting) == expected
