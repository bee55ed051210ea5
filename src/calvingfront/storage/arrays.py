"""Arrays on disk (.npy), written row by row and checked row by row.

They are not written through a memory map, whose pages stay in memory and which ends the process
without a word (SIGBUS) on a full disk.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from calvingfront.errors import DamagedFileError, DiskError, is_full
from calvingfront.files import PathLike, replacing
from calvingfront.storage.sealed import crc_of, reading

Array = npt.NDArray[Any]


@contextmanager
def replacing_array(
    path: PathLike, shape: tuple[int, ...], dtype: str
) -> Iterator[Callable[[Array], None]]:
    """Yield a function that appends rows (…, *shape[1:]) to an array; atomic as `files.replacing`.

    The space is reserved first. Raises DiskError if there is not enough of it, or it is used up.
    """
    kind = np.dtype(dtype)
    with replacing(path) as temporary, temporary.open("wb") as file:
        header = {"descr": kind.str, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        file.flush()
        needed = file.tell() + int(np.prod(shape)) * kind.itemsize
        try:
            os.posix_fallocate(file.fileno(), 0, needed)
        except OSError as error:
            if is_full(error):
                raise DiskError.of(path, error, needed) from error
            if error.errno not in (errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL):
                raise
        yield lambda rows: _append(file, rows, kind)


def _append(file: Any, rows: Array, kind: np.dtype[Any]) -> None:
    file.write(np.ascontiguousarray(rows, dtype=kind).data)


def row_crc(row: Array) -> str:
    """CRC-32 of one row, in the type that is stored."""
    return crc_of(np.ascontiguousarray(row).data)


def open_array(path: PathLike) -> Array:
    """Map an array into memory, for reading. Raises DamagedFileError if it is damaged."""
    with reading(path):
        array: Array = np.load(path, mmap_mode="r")
        return array


def check_rows(
    path: PathLike, array: Array, crcs: Sequence[str], names: Sequence[str] | None = None
) -> None:
    """Compare every row of an array, as `open_array` returns it, with its CRC-32.

    The rows are read from the file, not through the map, whose pages would stay in memory. names:
    of the rows, for the message. A file that has not changed is read once in a process.
    Raises DamagedFileError for the first row that differs.
    """
    facts = Path(path).stat()
    start = getattr(array, "offset", None)
    if start is None or not len(array):
        return
    found = _crcs(str(path), start, array[0].nbytes, len(array), facts.st_mtime_ns, facts.st_size)
    for number, (given, own) in enumerate(zip(crcs, found, strict=True)):
        if given != own:
            row = f"row {number}" if names is None else f"{names[number]}, row {number},"
            raise DamagedFileError.of(path, f"{row} does not match its checksum")


@cache
def _crcs(path: str, start: int, size: int, count: int, *_: int) -> list[str]:
    with reading(path), Path(path).open("rb") as file:
        file.seek(start)
        return [crc_of(file.read(size)) for _ in range(count)]
