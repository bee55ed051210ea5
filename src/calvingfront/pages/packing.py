"""Integers as text: differences, zigzag and variable-length bytes in base64.

A coordinate in decimetres takes two to three characters, a third of what it takes as JSON.
`assets/data.js` reads it.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


def packed(numbers: Iterable[int]) -> str:
    """Integers as base64 of LEB128 bytes, the sign in the lowest bit (zigzag)."""
    found = bytearray()
    for number in numbers:
        rest = number << 1 if number >= 0 else (-number << 1) - 1
        while rest > 127:
            found.append(rest & 127 | 128)
            rest >>= 7
        found.append(rest)
    return base64.b64encode(bytes(found)).decode("ascii")


def unpacked(text: str) -> list[int]:
    """The integers of `packed`."""
    numbers, rest, shift = [], 0, 0
    for byte in base64.b64decode(text):
        rest |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            numbers.append(-(rest + 1 >> 1) if rest & 1 else rest >> 1)
            rest, shift = 0, 0
    return numbers


def packed_pieces(pieces: Sequence[Integers]) -> str:
    """Arrays (n, k) of one k: number of pieces, their lengths, then differences row by row.

    The differences run on from the last row of a piece to the first of the next.
    """
    rows = np.concatenate(list(pieces))
    steps = np.diff(rows, axis=0, prepend=np.zeros((1, rows.shape[1]), np.int64))
    head = [len(pieces), *(len(piece) for piece in pieces)]
    return packed([*head, *steps.ravel().tolist()])
