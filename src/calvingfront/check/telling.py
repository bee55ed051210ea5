"""Faults on a page, and the whole list in a file."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from calvingfront.errors import CalvingFrontError, Faults
from calvingfront.files import write_text

FILE = "check/faults.txt"


def forget(config: Mapping[str, Any]) -> None:
    """Remove the list of an earlier start, whose faults are mended."""
    with suppress(OSError):
        (Path(config["results"]) / FILE).unlink(missing_ok=True)


def told(error: CalvingFrontError, config: Mapping[str, Any]) -> str:
    """The message of an error; a shortened one names the file in the results that has all of it."""
    results = config.get("results")
    if not (isinstance(error, Faults) and error.shortened and isinstance(results, str)):
        return str(error)
    path = Path(results) / FILE
    with suppress(OSError, ValueError):
        write_text(path, f"{error.in_full()}\n")
        return f"{error}\nAll of them stand in {path}."
    return str(error)
