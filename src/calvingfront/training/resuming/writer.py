"""Writing in the background, without losing an error."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from calvingfront.errors import TrainingError
from calvingfront.files import PathLike


class Writer:
    """One thread that writes; its errors are raised where the next thing is given to it."""

    def __init__(self, what: PathLike) -> None:
        self._what = what
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="state")
        self._pending: Future[None] | None = None

    @property
    def busy(self) -> bool:
        """Whether something is being written."""
        return self._pending is not None and not self._pending.done()

    def submit(self, write: Callable[[], None]) -> None:
        """Write in the background; wait first for what is being written."""
        self.wait()
        self._pending = self._thread.submit(write)

    def wait(self) -> None:
        """Wait for what is being written; raise TrainingError where it could not be."""
        pending, self._pending = self._pending, None
        if pending is None:
            return
        try:
            pending.result()
        except OSError as error:
            raise TrainingError(
                self._what,
                f"the state of the training cannot be saved ({error})",
                "Make room on that disk, or raise training.save_minutes beyond the training.",
            ) from error

    def close(self) -> None:
        """End the thread when it is done; an error that nobody has asked for is raised."""
        self._thread.shutdown(wait=True)
        self.wait()
