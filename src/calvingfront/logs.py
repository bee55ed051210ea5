"""One log file for each job."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from calvingfront.errors import CalvingFrontError, Faults

FORMAT = "%(asctime)s %(levelname)s %(message)s"


@contextmanager
def log_to(path: str | Path, echo: bool = False) -> Iterator[logging.Logger]:
    """Send the package's log records to `path` while the block runs.

    A `CalvingFrontError` ends the job with exit status 1 and its message alone, in the log and, if
    it is long, shortened on standard error. Any other exception is logged with its traceback and
    raised again.
    echo: print the records on standard error too (progress of long jobs).
    """
    logger = logging.getLogger("calvingfront")
    logger.setLevel(logging.INFO)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    handlers: list[logging.Handler] = [logging.FileHandler(path, mode="w", encoding="utf-8")]
    if echo:
        handlers.append(logging.StreamHandler(sys.stderr))
    for handler in handlers:
        handler.setFormatter(logging.Formatter(FORMAT))
        logger.addHandler(handler)
    try:
        yield logger
    except CalvingFrontError as error:
        # Of many faults the log has all, standard error the first of each kind.
        many = isinstance(error, Faults) and error.shortened
        logger.error("%s", error.in_full() if isinstance(error, Faults) else error)
        print(f"error: {error}", file=sys.stderr)
        if many:
            print(f"All of them stand in {path}.", file=sys.stderr)
        raise SystemExit(1) from None
    except Exception:
        logger.exception("unexpected error")
        raise
    finally:
        for handler in handlers:
            logger.removeHandler(handler)
            handler.close()
