"""Configurations on top of each other, as Snakemake merges them."""

from __future__ import annotations

from typing import Any


def merged(*parts: dict[str, Any]) -> dict[str, Any]:
    """Groups of keys are merged; any other value replaces the one before."""
    result: dict[str, Any] = {}
    for part in parts:
        for key, value in part.items():
            old = result.get(key)
            both = isinstance(value, dict) and isinstance(old, dict)
            result[key] = merged(old, value) if both else value
    return result
