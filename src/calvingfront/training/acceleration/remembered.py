"""The choices that were measured, kept in a file of the user's for later trainings."""

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
    """Return the choice of this key; measure and keep it where there is none yet.

    Jobs that start together wait for the one that measures. Where the file cannot be written, the
    measurement counts for this training alone, which the log tells.
    """
    file = memory_file()
    told = "%s cannot be kept (%s): the next training may choose otherwise"
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
    """Read the choices; a file that another version wrote, or a damaged one, holds none."""
    try:
        return {key: Plan(**value) for key, value in read_json(file).items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        log.warning("%s is not readable (%s) and is made anew", file, error)
        return {}
