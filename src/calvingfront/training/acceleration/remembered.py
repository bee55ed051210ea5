"""Measured choices, kept in a file in the user's cache for later trainings."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

from calvingfront.files import lock, read_json, write_json
from calvingfront.training.acceleration.plan import Plan

log = logging.getLogger(__name__)


def memory_file() -> Path:
    """Return the file of remembered choices: `$XDG_CACHE_HOME/calvingfront/tuning.json`."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "calvingfront" / "tuning.json"


def remembered(key: str, measure: Callable[[], Plan]) -> Plan:
    """Return the choice remembered under this key; if there is none, measure and remember it.

    Jobs that start together wait for the one that measures. If the file cannot be written, the
    measurement applies to this training only, and the log says so.
    """
    file = memory_file()
    told = "%s cannot be written (%s): the next training may choose differently"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        held = lock(file.with_suffix(".lock"))
    except OSError as error:
        log.warning(told, file, error)
        return measure()
    try:
        known = _read(file)
        if key in known:
            return known[key]
        plan = measure()
        kept = {**known, key: replace(plan, source="remembered")}
        try:
            write_json(file, {name: asdict(value) for name, value in kept.items()})
        except OSError as error:
            log.warning(told, file, error)
        return plan
    finally:
        os.close(held)


def _read(file: Path) -> dict[str, Plan]:
    """Read the choices; none from a file that is damaged or from another version."""
    try:
        return {key: Plan(**value) for key, value in read_json(file).items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        log.warning("%s is unreadable (%s) and will be rewritten", file, error)
        return {}
