"""The fastest way to run a step on this machine: measured once, then remembered.

The choice affects the last digits of a training, and noise can tip a measurement. It is therefore
made once for each machine model, network size and batch size, and kept in a file in the user's
cache. Every later training uses the same choice, however busy the machine is. It is the same for
both networks, so that they stay comparable.
"""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from calvingfront.compute.device import hardware_name
from calvingfront.networks.settings import NetworkSettings
from calvingfront.training.acceleration.plan import Plan
from calvingfront.training.acceleration.remembered import remembered
from calvingfront.training.feed_source import Batch
from calvingfront.training.step import Step, Way

log = logging.getLogger(__name__)

# A candidate must beat the default by more than noise.
ENOUGH = 0.95
# With a patience of 20 epochs, the paper's trainings end after about 60.
PATIENCES = 3
# Compiling takes about a minute; it is tried only if halving the total time would save that.
COMPILE_S = 60.0
ROUNDS, STEPS_PER_ROUND = 3, 5


def plan_step(
    step: Step,
    batch: Callable[[], Batch],
    network: NetworkSettings,
    size_px: int,
    steps_per_epoch: int,
) -> Plan:
    """Choose how to compute the step, by the settings or by measurement, and arrange it so.

    batch: returns a training batch; called only if something is measured. The weights, statistics
    and optimiser are left bit-identical.
    """
    settings = step.settings
    by_way = (
        step.device.type == "cuda"
        and settings.acceleration == "auto"
        and not settings.deterministic
    )
    way: Way = "eager" if settings.acceleration == "auto" else settings.acceleration
    plan = Plan(way, step.layout, step.precision, settings.threads)
    if by_way or (step.device.type == "cpu" and settings.tuning == "measured"):

        def measure() -> Plan:
            log.info("measuring the fastest way to run a training step")
            if not by_way:
                return choose_on_cpu(step, batch(), plan)
            return choose_way(step, batch(), plan, steps)

        # On a GPU the time to prepare a way has to pay off over the length of the training.
        epochs = min(settings.max_epochs, PATIENCES * settings.patience)
        steps = epochs * steps_per_epoch if by_way else 0
        plan = remembered(_key(step, network, size_px, steps), measure)
        log.info("training steps run as: %s (%s)", plan.label(), plan.source)
    apply(step, plan)
    return plan


def apply(step: Step, plan: Plan) -> None:
    """Make the next steps run as planned."""
    if step.device.type == "cpu":
        torch.set_num_threads(plan.threads)
    step.arrange(plan.layout, plan.precision, plan.way)


def choose_on_cpu(step: Step, batch: Batch, start: Plan) -> Plan:
    """Try another layout, bfloat16 (if `auto`) and fewer threads in turn; keep what is faster.

    Each candidate is measured in alternation with the best so far, in at most 16 steps altogether.
    """
    changes: list[dict[str, Any]] = [{"layout": "contiguous"}]
    if step.settings.precision == "auto" and has_cpu_bfloat16():
        changes.append({"precision": "bfloat16"})
    if start.threads > 1:
        changes.append({"threads": start.threads // 2})
    seconds: dict[str, float] = {}

    def take(plan: Plan) -> float:
        apply(step, plan)
        begun = time.perf_counter()
        step.train(batch, step.settings.learning_rate_min)
        return time.perf_counter() - begun

    best = start
    with step.unchanged():
        take(start)  # warm-up: a candidate's first step prepares kernels
        for change in changes:
            trial = replace(best, **change)
            take(trial)
            for plan in (best, trial) * 2:
                seconds[plan.label()] = min(take(plan), seconds.get(plan.label(), math.inf))
            if seconds[trial.label()] < ENOUGH * seconds[best.label()]:
                best = trial
    return replace(best, measured=seconds, source="measured")


def choose_way(step: Step, batch: Batch, start: Plan, steps: int) -> Plan:
    """Time the eager, the captured and the compiled step; choose the least total time.

    steps: the expected number of steps in the training; the total includes the preparation. A way
    that fails is logged and skipped.
    """
    seconds: dict[str, float] = {}
    setup: dict[str, float] = {}
    best, least = start, math.inf
    ways: tuple[Way, ...] = ("eager", "graph", "compile")
    for way in ways:
        trial = replace(start, way=way)
        if way == "compile" and least / 2 < COMPILE_S:
            continue
        try:
            setup[way], seconds[way] = _time_way(step, batch, way)
        except Exception as error:
            if way == "eager":
                raise
            log.warning("a training step cannot run as %s on this machine: %s", way, error)
            continue
        total = setup[way] + steps * seconds[way]
        if total < least:
            best, least = trial, total
    return replace(best, measured=seconds, setup_s=setup, source="measured")


def _time_way(step: Step, batch: Batch, way: Way) -> tuple[float, float]:
    """Return the seconds to prepare a way, first step included, and the seconds of a later step.

    Nothing is kept, so that the next candidate has all the memory.
    """
    step.arrange(way=way)
    begun = time.perf_counter()
    run = step.prepared(batch)
    with step.unchanged():
        run(batch)
        step.evaluate(batch)  # validation must fit into memory beside the graph
        _wait(step.device)
        setup = time.perf_counter() - begun
        return setup, min(_block(step.device, run, batch) for _ in range(ROUNDS))


def _block(device: torch.device, run: Callable[[Batch], Tensor], batch: Batch) -> float:
    """Return the seconds per step of a few steps in a row, without waiting for the device."""
    begun = time.perf_counter()
    for _ in range(STEPS_PER_ROUND):
        run(batch)
    _wait(device)
    return (time.perf_counter() - begun) / STEPS_PER_ROUND


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def has_cpu_bfloat16() -> bool:
    """Return whether oneDNN has bfloat16 convolutions for this processor."""
    supported = getattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", None)
    return bool(supported is not None and supported())


def _key(step: Step, network: NetworkSettings, size_px: int, steps: int) -> str:
    """The key of a choice: all that it depends on. Network type and loss hardly affect the time.

    steps: number of steps in the training if it matters, else 0.
    """
    settings = step.settings
    sizes = ("variant", "width", "depth", "kernel")
    return json.dumps(
        {
            "hardware": hardware_name(step.device),
            "torch": torch.__version__,
            **{name: getattr(network, name) for name in sizes},
            "size": size_px,
            "batch": settings.batch_size,
            "precision": settings.precision,
            "threads": settings.threads,
            "acceleration": settings.acceleration,
            "steps": steps,
        }
    )
