"""References from a name to the code behind it, imported when first used."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def load(reference: Any) -> Any:
    """Return the object named by `package.module:attribute`; return any other object unchanged."""
    if not isinstance(reference, str):
        return reference
    module, _, attribute = reference.partition(":")
    return getattr(import_module(module), attribute)
