"""Work that threads do ahead of the one who needs it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import torch

Task = TypeVar("Task")
Result = TypeVar("Result")

THREAD_NAME = "prefetch"


def prefetched(
    work: Callable[[Task], Result],
    tasks: Iterable[Task],
    threads: int,
    ahead: int,
    device: torch.device | None = None,
) -> Generator[Result, None, None]:
    """Yield work(task) in the order of the tasks, done by threads while the caller computes.

    ahead: results that are begun or wait at any time; with the one that the caller holds, this
    bounds the memory. Tasks are handed out by the caller's own steps, so a thread never waits for
    room: when the generator is closed, each ends with what it has in hand. device: a GPU that the
    threads use too; a new thread would take the machine's first one.
    Raises what `work` raises, at the place of that task.
    """
    waiting: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(threads, THREAD_NAME, initializer=partial(_use, device))
    try:
        for task in tasks:
            waiting.append(pool.submit(work, task))
            if len(waiting) >= ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _use(device: torch.device | None) -> None:
    if device is not None and device.type == "cuda" and device.index is not None:
        torch.cuda.set_device(device)
