"""Work ahead of the caller: in order, bounded, and on the caller's GPU."""

from __future__ import annotations

import threading

import pytest
import torch

from calvingfront.compute.prefetch import prefetched


def test_results_come_in_order_and_no_more_than_allowed_are_begun() -> None:
    begun: list[int] = []
    lock = threading.Lock()

    def work(task: int) -> int:
        with lock:
            begun.append(task)
        return task * task

    results = prefetched(work, range(9), threads=3, ahead=4)
    for k, result in enumerate(results):
        assert result == k * k
        assert len(begun) <= k + 4
    assert sorted(begun) == list(range(9))


def test_an_error_is_raised_at_the_place_of_its_task() -> None:
    results = prefetched(lambda task: 1 // (2 - task), range(5), threads=2, ahead=3)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)


@pytest.mark.parametrize(
    ("device", "expected"), [("cuda:1", ["cuda:1"] * 2), ("cuda", []), ("cpu", [])]
)
def test_each_thread_uses_the_gpu_of_the_caller(
    monkeypatch: pytest.MonkeyPatch, device: str, expected: list[str]
) -> None:
    """A new thread would open a context on the machine's first GPU, which is another job's."""
    used: list[tuple[int, str]] = []
    both = threading.Barrier(2)

    def use(given: torch.device) -> None:
        used.append((threading.get_ident(), str(given)))

    def work(_: int) -> None:
        both.wait(10)

    monkeypatch.setattr(torch.cuda, "set_device", use)
    for _ in prefetched(work, range(4), threads=2, ahead=4, device=torch.device(device)):
        pass
    assert [name for _, name in used] == expected
    assert len({thread for thread, _ in used}) == len(expected)
    assert threading.get_ident() not in dict(used)
