"""A training that is cut off as by a signal, without one."""

from __future__ import annotations

from typing import Any

import pytest


class Killed(BaseException):
    """Stands for the signal; no handler of errors takes it for one."""


def kill_at(monkeypatch: pytest.MonkeyPatch, owner: type, name: str, call: int) -> None:
    """Cut the training off as it calls a method for the `call`th time from now."""
    calls = iter(range(1, 10_000))
    original = getattr(owner, name)

    def watched(*arguments: Any) -> Any:
        if next(calls) == call:
            raise Killed
        return original(*arguments)

    monkeypatch.setattr(owner, name, watched)
