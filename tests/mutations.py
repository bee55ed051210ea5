"""Damaged files: every reader must answer with a ProductError, soon, and with little memory.

`survive` mutates the bytes of one file of a product again and again; a failure names the seed, and
`mutate(content, seed)` makes the same bytes again. MUTATIONS in the environment sets the count.
"""

from __future__ import annotations

import os
import re
import resource
import time
from collections.abc import Callable

import numpy as np

from calvingfront.errors import ProductError

COUNT = int(os.environ.get("MUTATIONS", "200"))
LONGEST_S = 2.0
LARGEST_GROWTH_KB = 1 << 20
TEXTS = (
    b"-1", b"0", b"999999999999", b"99999999999999999999999999", b"1e400", b"nan", b"-inf", b"text",
    b"", b"1_000", b"0x10", b"\xff\xfe", b"<", b"\xd9\xa3", b"1e-320", b"2147483648", b"-0",
)  # fmt: skip
WORDS = (b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\0\0\0\0", b"\x7f\x80\0\0")


def mutate(content: bytes, seed: int, within: int | None = None) -> bytes:
    """The content with one to three faults of different kinds in its first `within` bytes."""
    rng = np.random.default_rng(seed)
    data = bytearray(content)
    for _ in range(int(rng.integers(1, 4))):
        limit = max(min(len(data), within or len(data)), 1)
        at = int(rng.integers(limit))
        kind = int(rng.integers(7))
        if kind == 0:
            del data[at:]
        elif kind == 1 and data:
            for place in rng.integers(limit, size=int(rng.integers(1, 9))):
                if place < len(data):
                    data[place] ^= 1 << int(rng.integers(8))
        elif kind in (2, 3):
            numbers = list(re.finditer(rb"[+-]?\d[\d.]*(?:[eE][+-]?\d+)?", bytes(data[:limit])))
            if numbers:
                found = numbers[int(rng.integers(len(numbers)))]
                text = TEXTS[int(rng.integers(len(TEXTS)))]
                if kind == 3:  # as long as it was, for records of fixed length
                    text = text.rjust(len(found[0]), b"9")[: len(found[0])]
                data[found.start() : found.end()] = text
        elif kind == 4:
            word = WORDS[int(rng.integers(len(WORDS)))]
            data[at : at + 4] = word
        elif kind == 5:
            length = int(rng.integers(1, 400))
            data[at:at] = data[at : at + length]
        else:
            del data[at : at + int(rng.integers(1, 400))]
    return bytes(data)


def survive(
    content: bytes,
    place: Callable[[bytes], object],
    reader: Callable[[], object],
    count: int = COUNT,
    within: int | None = None,
) -> int:
    """Put mutated content into place and read it, `count` times; return how often it was refused.

    place: writes bytes to where the reader expects them; reader: opens and checks the product.
    """
    refused = 0
    failures = []
    for seed in range(count):
        place(mutate(content, seed, within))
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start = time.process_time()
        try:
            reader()
        except ProductError:
            refused += 1
        except Exception as error:
            failures.append(f"seed {seed}: {type(error).__name__}: {str(error)[:200]}")
        if time.process_time() - start > LONGEST_S:
            failures.append(f"seed {seed}: {time.process_time() - start:.1f} s")
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory
        if grown > LARGEST_GROWTH_KB:
            failures.append(f"seed {seed}: {grown >> 10} MB")
    place(content)
    assert not failures, f"{len(failures)} of {count}:\n" + "\n".join(failures[:20])
    return refused
