"""Writing in the background, without losing an error."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from calvingfront.errors import TrainingError
from calvingfront.files import PathLike


class Writer:
    """One thread that writes; its errors are raised by the next call of `submit` or `close`."""

    def __init__(self, what: PathLike) -> None:
        self._what = what
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="state")
        self._pending: Future[None] | None = None

    @property
    def busy(self) -> bool:
        """Whether a write is in progress."""
        return self._pending is not None and not self._pending.done()

    def submit(self, write: Callable[[], None]) -> None:
        """Write in the background, after the write in progress; raises like `wait`."""
        self.wait()
        self._pending = self._thread.submit(write)

    def wait(self) -> None:
        """Wait for the write in progress; raise TrainingError if it failed."""
        pending, self._pending = self._pending, None
        if pending is None:
            return
        try:
            pending.result()
        except OSError as error:
            raise TrainingError(
                self._what,
                f"cannot be saved ({getattr(error, 'what', error)})",
                "Free some disk space, or set training.save_minutes longer than the training.",
            ) from error

    def close(self) -> None:
        """Finish writing and end the thread; raises like `wait`."""
        self._thread.shutdown(wait=True)
        self.wait()
