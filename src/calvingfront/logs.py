"""One log file for each job."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from calvingfront.errors import CalvingFrontError, DiskError, Faults, is_full

FORMAT = "%(asctime)s %(levelname)s %(message)s"


@contextmanager
def log_to(path: str | Path, echo: bool = False) -> Iterator[logging.Logger]:
    """Send the package's log records to `path` while the block runs.

    A `CalvingFrontError` or a full disk ends the job with exit status 1 and its message alone, in
    the log and, if it is long, shortened on standard error. Any other exception is logged with its
    traceback and raised again. A log that cannot be written goes to standard error.
    echo: print the records on standard error too (progress of long jobs).
    """
    logger = logging.getLogger("calvingfront")
    logger.setLevel(logging.INFO)
    handlers: list[logging.Handler] = []
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        handlers.append(_LogFile(path, mode="w", encoding="utf-8"))
    except OSError as error:
        print(f"the log {path} cannot be written ({error.strerror})", file=sys.stderr)
    if echo or not handlers:
        handlers.append(logging.StreamHandler(sys.stderr))
    for handler in handlers:
        handler.setFormatter(logging.Formatter(FORMAT))
        logger.addHandler(handler)
    try:
        yield logger
    except Exception as error:
        told = said(error)
        if told is None:
            logger.exception("unexpected error")
            raise
        # Of many faults the log has all, standard error the first of each kind.
        logger.error("%s", told.in_full() if isinstance(told, Faults) else told)
        print(f"error: {told}", file=sys.stderr)
        if isinstance(told, Faults) and told.shortened:
            print(f"All of them stand in {path}.", file=sys.stderr)
        raise SystemExit(1) from None
    finally:
        for handler in handlers:
            logger.removeHandler(handler)
            handler.close()


def said(error: Exception) -> CalvingFrontError | None:
    """The error as the user is told it; None if it is a fault of the program."""
    if isinstance(error, CalvingFrontError):
        return error
    if is_full(error):
        return DiskError.of(getattr(error, "filename", None) or Path.cwd() / "a file", error)
    return None


class _LogFile(logging.FileHandler):
    """A log whose disk may be full: what cannot be written to it is printed instead."""

    def handleError(self, record: logging.LogRecord) -> None:
        if isinstance(sys.exception(), OSError):
            print(self.format(record), file=sys.stderr)
        else:
            super().handleError(record)

    def close(self) -> None:
        with suppress(OSError):
            super().close()
