"""The writing thread: no error of it is lost."""

from __future__ import annotations

import pytest

from calvingfront.errors import TrainingError
from calvingfront.training.resuming.writer import Writer


def test_errors_of_the_writing_thread_are_raised_where_the_next_thing_is_given() -> None:
    def fail() -> None:
        raise OSError(5, "Input/output error")

    def stumble() -> None:
        raise ZeroDivisionError("a fault of the code")

    writer = Writer("state.safetensors")
    writer.submit(fail)
    with pytest.raises(TrainingError, match="Input/output error"):
        writer.submit(lambda: None)
    writer.submit(stumble)
    with pytest.raises(ZeroDivisionError):
        writer.wait()
    writer.submit(fail)
    with pytest.raises(TrainingError, match="Input/output error"):
        writer.close()
