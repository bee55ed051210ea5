"""What a network can learn beside the front, under the names used in the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# The values of a pixel's zone, and of their number those that are learnt.
UNKNOWN, ROCK, GLACIER, OCEAN = range(4)
KNOWN_ZONES = (ROCK, GLACIER, OCEAN)

ZONES, DISTANCE = "zones", "distance"
# task → channels of its head
TASKS = {ZONES: len(KNOWN_ZONES), DISTANCE: 1}


def tasks_of(config: Mapping[str, Any]) -> tuple[str, ...]:
    """The tasks of a configuration; one of an earlier version has none."""
    return tuple(config.get("networks", {}).get("auxiliary", ()))


def learns_zones(config: Mapping[str, Any]) -> bool:
    """Whether the networks of a configuration learn zones."""
    return ZONES in tasks_of(config)
