"""Trainings in processes of their own, several side by side, until all are done or time is up."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import connection
from multiprocessing.context import ForkServerContext, ForkServerProcess

from calvingfront.search.folder import failure_of
from calvingfront.search.worker import STOPPED, Task, work, write_failure

GRACE_S = 30.0
LONGEST_S = 86_400.0  # of one wait; the system takes no number of any size


@dataclass
class _Running:
    task: Task
    process: ForkServerProcess
    pipe: connection.Connection  # closes with this process
    begun: float
    ended: float = 0.0


def run_tasks(
    tasks: Sequence[Task],
    slots: int,
    stop_after: float | None,
    when_ended: Callable[[Task, float], None],
) -> bool:
    """Run the tasks in their order, `slots` at a time; return whether all of them have ended.

    stop_after: seconds after which nothing new is started and what still trains saves its state and
    ends, as at Ctrl-C; what is being scored has GRACE_S to finish. when_ended: called with each
    task that ends, failed or not, and its seconds. A process that dies without a word leaves a
    failure, unless it was to end anyway.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["calvingfront.search.preloaded"])
    deadline = None if stop_after is None else time.monotonic() + stop_after
    stopping = False
    waiting, running = list(tasks), list[_Running]()

    def ended(deadline: float | None) -> list[_Running]:
        left = None if deadline is None else min(max(0.0, deadline - time.monotonic()), LONGEST_S)
        sentinels = connection.wait([each.process.sentinel for each in running], left)
        found = [each for each in running if each.process.sentinel in sentinels]
        for each in found:
            running.remove(each)
        return [each for each in found if _close(each, stopping)]

    def tell(found: list[_Running]) -> None:
        for each in found:
            when_ended(each.task, each.ended - each.begun)

    try:
        done: list[_Running] = []
        while (waiting or running) and (deadline is None or time.monotonic() < deadline):
            while waiting and len(running) < slots:
                running.append(_start(context, waiting.pop(0)))
            tell(done)  # once the next ones run
            done = ended(deadline)
        tell(done)
        complete = not waiting and not running
    except KeyboardInterrupt:
        complete = False
    stopping = True
    try:
        for each in running:
            with suppress(OSError):  # it has just ended
                each.pipe.send("stop")
        end = time.monotonic() + GRACE_S
        while running and time.monotonic() < end:
            tell(ended(end))
        return complete
    finally:
        for each in running:
            each.process.kill()
            each.process.join()
            each.pipe.close()


def _start(context: ForkServerContext, task: Task) -> _Running:
    reader, writer = context.Pipe(duplex=False)
    process = context.Process(target=work, args=(task, reader), daemon=True)
    process.start()
    reader.close()
    return _Running(task, process, writer, time.monotonic())


def _close(ended: _Running, stopping: bool) -> bool:
    """Whether the task has ended, well or not; if not, it goes on the next time.

    stopping: the processes are to end, and whoever asked for that may have ended them himself.
    """
    ended.process.join()
    ended.ended = time.monotonic()
    ended.pipe.close()
    code = ended.process.exitcode
    silent = code and failure_of(ended.task.results, ended.task.run) is None
    if code == STOPPED or (stopping and silent):
        return False
    if code and silent:
        how = f"by {signal.Signals(-code).name}" if code < 0 else f"with status {code}"
        text = f"its process was ended {how} from outside, perhaps for want of memory"
        write_failure(ended.task, text)
    return True
