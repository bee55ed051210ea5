"""Doing work ahead of time in threads."""

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
    """Yield work(task) in the order of the tasks, computed by threads ahead of the caller.

    ahead: greatest number of results in progress or waiting; together with the one that the caller
    holds, it bounds the memory. Tasks are submitted only when the caller asks for the next result,
    so no thread ever waits for room; when the generator is closed, each thread finishes its task
    and stops. device: a GPU that the threads use as well; by default a new thread uses the first.
    Raises whatever `work` raises, when that task's turn comes.
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
