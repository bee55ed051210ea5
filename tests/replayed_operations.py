"""A stand-in for a CUDA graph: the operations of a function, recorded and run again as they were.

Like a graph, a replay runs no Python: it repeats the recorded operations on the tensors of the
recording, each of which keeps its place in memory. A number that Python computed stays what it was
when it was recorded, and a value that the host wants to read cannot be recorded at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

WARM_UP = 3
# What a GPU can answer only when it has done all its work.
READING = {
    "aten::_local_scalar_dense", "aten::is_nonzero", "aten::equal", "aten::nonzero",
    "aten::masked_select", "aten::unique_dim", "aten::_unique2", "aten::repeat_interleave",
}  # fmt: skip


class HostRead(RuntimeError):
    """The host read a value that lies on the device."""


class _NoCopies(TorchFunctionMode):
    """On a CPU these do nothing that the dispatcher sees; on a GPU the host would wait for each."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = getattr(func, "__name__", "")
        # Not `numpy`: on a GPU it refuses by itself, and the host's own tensors need it.
        if func in (Tensor.cpu, Tensor.tolist) or name in ("__array__", "__bool__", "__float__"):
            raise HostRead(f"Tensor.{name} cannot be recorded: the host would wait for it")
        return func(*args, **(kwargs or {}))


class NoReading(TorchDispatchMode):
    """Refuses operations for which a GPU's host would have to wait."""

    def __enter__(self) -> NoReading:
        self._copies = _NoCopies()
        self._copies.__enter__()
        super().__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        self._copies.__exit__(*error)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func._schema.name
        # Indexing by a mask looks for its places first.
        by_mask = name in ("aten::index", "aten::index_put_") and any(
            place is not None and place.dtype == torch.bool for place in args[1]
        )
        if name in READING or by_mask:
            raise HostRead(f"{name} cannot be recorded: the host would wait for its value")
        return self.run(func, args, kwargs or {})

    def run(self, func: Any, args: Any, kwargs: Any) -> Any:
        """Run the operation."""
        return func(*args, **kwargs)


class _Recording(NoReading):
    def __init__(self) -> None:
        super().__init__()
        self.operations: list[tuple[Any, Any, Any, Any]] = []

    def run(self, func: Any, args: Any, kwargs: Any) -> Any:
        result = func(*args, **kwargs)
        self.operations.append((func, args, kwargs, result))
        return result


def record_operations(function: Callable[[], Tensor]) -> tuple[Callable[[], None], Tensor]:
    """Record a function of static tensors, as `record_cuda` does; raise HostRead where it cannot.

    Unlike a graph's, the recording computes: whoever records puts its effects back anyway.
    """
    for _ in range(WARM_UP):
        function()
    with _Recording() as recording:
        result = function()

    @torch.no_grad()
    def replay() -> None:
        for func, args, kwargs, before in recording.operations:
            again = func(*args, **kwargs)
            for held, new in zip(_tensors(before), _tensors(again), strict=True):
                # A view, or what was changed in place, lies where it lay.
                if held.data_ptr() != new.data_ptr():
                    held.copy_(new)

    return replay, result


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, tuple | list):
        for part in value:
            yield from _tensors(part)
