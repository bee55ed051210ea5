"""Damaged files: every reader must answer with a typed error or a correct read, and nothing else.

`damage(content, seed)` is the one way in which the tests damage files; a failure names the seed,
and the seed makes the same bytes again. MUTATIONS in the environment sets the count of each format.
Memory and time are bounded as Linux bounds them.
"""

from __future__ import annotations

import errno
import os
import re
import resource
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import FrameType

import numpy as np

from calvingfront.errors import CalvingFrontError, OrbitError, ProductError

COUNT = int(os.environ.get("MUTATIONS", "100"))
LONGEST_S = 2.0  # of processor time: other work on the machine does not count
LARGEST_GROWTH_BYTES = 10**9
NUMBERS_WITHIN = 30_000  # bytes in which numbers are looked for: headers stand at the beginning
KINDS = (
    "cut", "bits", "field", "text", "digits", "huge", "zeros", "ones", "word", "length", "repeat",
    "delete",
)  # fmt: skip
TEXTS = (
    b"-1", b"0", b"999999999999", b"99999999999999999999999999", b"1e400", b"nan", b"-inf", b"text",
    b"", b"1_000", b"0x10", b"\xff\xfe", b"<", b"\xd9\xa3", b"1e-320", b"2147483648", b"-0", b"inf",
    b"x_1", b"1e9", b"\xff",
)  # fmt: skip
WORDS = tuple(
    number.to_bytes(4, order)
    for number in (0, 1, 11, 13, 2**31 - 1, 2**31, 2**32 - 1, 0x7F800000)
    for order in ("big", "little")
)
# So says libtiff, without having asked for any, of a tag that is longer than the file.
NO_LACK = "tiffreaddirectory:out of memory reading of"
_NUMBER = re.compile(rb"[+-]?\d[\d.]*(?:[eE][+-]?\d+)?")


def damage(
    content: bytes, seed: int, within: int | None = None, lengths: Sequence[int] = ()
) -> bytes:
    """The content with one to three faults of different kinds.

    within: the first bytes, in which the faults begin; all where None. lengths: where lengths and
    counts of 4 bytes stand.
    """
    chance = np.random.default_rng(seed)
    data = bytearray(content)
    for _ in range(int(chance.integers(1, 4))):
        size = min(len(data), within or len(data))
        if size:
            _damage_once(data, chance, size, [at for at in lengths if at < size])
    return bytes(data)


def _damage_once(
    data: bytearray, chance: np.random.Generator, size: int, lengths: list[int]
) -> None:
    kind = KINDS[int(chance.integers(len(KINDS)))]
    at = int(chance.integers(size))
    if kind == "cut":
        del data[at:]
    elif kind == "repeat":
        data[at:at] = data[at : at + int(chance.integers(1, 400))]
    elif kind == "delete":
        del data[at : at + int(chance.integers(1, 400))]
    elif kind in ("word", "length"):
        if kind == "length" and lengths:
            at = lengths[int(chance.integers(len(lengths)))]
        data[at : at + 4] = WORDS[int(chance.integers(len(WORDS)))]
    elif kind in ("field", "text"):
        # A whole number is replaced; as "text" by as many bytes, for records of fixed length.
        numbers = list(_NUMBER.finditer(bytes(data[: min(size, NUMBERS_WITHIN)])))
        if numbers:
            found = numbers[int(chance.integers(len(numbers)))]
            text = TEXTS[int(chance.integers(len(TEXTS)))]
            if kind == "text":
                fill = (text.ljust, text.rjust)[int(chance.integers(2))]
                text = fill(len(found[0]), (b" ", b"9")[int(chance.integers(2))])
                text = text[: len(found[0])]
            data[found.start() : found.end()] = text
    else:
        _damage_bytes(data, chance, size, kind)


def _damage_bytes(data: bytearray, chance: np.random.Generator, size: int, kind: str) -> None:
    """Damage bytes at up to 30 places; most hits go to the bytes in which numbers are written."""
    start = np.frombuffer(bytes(data[: min(size, NUMBERS_WITHIN)]), np.uint8)
    places = np.flatnonzero((start >= ord("+")) & (start <= ord("9")))
    for _ in range(int(chance.choice((1, 1, 3, 8, 30)))):
        at = int(chance.integers(size))
        if places.size and chance.random() < 0.8:
            at = int(places[chance.integers(places.size)])
        if kind == "bits":
            data[at] ^= 1 << int(chance.integers(8))
            continue
        if kind == "digits":
            data[at] = int(chance.integers(ord("0"), ord("9") + 1))
            continue
        end = min(at + int(chance.choice((1, 4, 8, 16))), len(data))
        data[at:end] = {"huge": b"9", "zeros": b"\0", "ones": b"\xff"}[kind] * (end - at)


@dataclass
class Outcome:
    """What became of the mutations of a format: counts, the slowest one, the most memory."""

    mutations: int = 0
    refused: int = 0
    longest_s: float = 0.0
    largest_bytes: int = 0
    failures: list[str] = field(default_factory=list)

    def row(self, name: str) -> str:
        """A row of a table in Markdown."""
        accepted = self.mutations - self.refused
        counts = f"{self.mutations} | {self.refused} | {accepted}"
        return f"| {name} | {counts} | {self.longest_s:.2f} | {self.largest_bytes / 1e6:.1f} |"

    def attempt(self, name: str, use: Callable[[], object]) -> None:
        """Use a damaged product; note a failure by its name unless it is read or refused well."""
        self.mutations += 1
        before = _reset_peak()
        start = time.process_time()
        try:
            with bounds():
                use()
        except (ProductError, OrbitError) as error:
            self.refused += 1
            if not (error.where and error.what and error.remedy):
                self.failures.append(f"{name}: {error!r} leaves something out")
            if _lacked_memory(error):
                self.failures.append(f"{name}: more than 1 GB was asked for: {error}")
        except Hang:
            self.failures.append(f"{name}: more than {LONGEST_S} s")
        except Exception as error:
            self.failures.append(f"{name}: {type(error).__name__}: {str(error)[:200]}")
        self.longest_s = max(self.longest_s, time.process_time() - start)
        self.largest_bytes = max(self.largest_bytes, _peak() - before)

    def check(self) -> None:
        """Fail with the first failures; fail too if the damage was hardly felt."""
        shown = "\n".join(self.failures[:20])
        assert not self.failures, f"{len(self.failures)} of {self.mutations}:\n{shown}"
        assert self.refused > self.mutations / 20


class Hang(BaseException):
    """Took more than LONGEST_S; no reader's `except Exception` may catch it."""


def _stop(number: int, frame: FrameType | None) -> None:
    raise Hang


@contextmanager
def bounds() -> Iterator[None]:
    """Let the body have LONGEST_S of processor time and LARGEST_GROWTH_BYTES of memory more.

    Beyond, it meets Hang and MemoryError (or what a library makes of it). The bound is on address
    space: memory freed before, which hides a peak from the resident set, does not soften it.
    """
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    handler = signal.signal(signal.SIGPROF, _stop)
    limit = pages * resource.getpagesize() + LARGEST_GROWTH_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    signal.setitimer(signal.ITIMER_PROF, LONGEST_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        signal.signal(signal.SIGPROF, handler)


def _lacked_memory(error: CalvingFrontError) -> bool:
    """Whether an error hides that memory ran out: libraries turn that into errors of their own."""
    cause: BaseException | None = error
    while cause is not None:
        said = str(cause).lower().replace(NO_LACK, "")
        if isinstance(cause, MemoryError) or getattr(cause, "errno", 0) == errno.ENOMEM:
            return True
        if "out of memory" in said or "allocate" in said:
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _reset_peak() -> int:
    """Let the kernel forget the process's peak of resident memory; return what it has now."""
    Path("/proc/self/clear_refs").write_text("5")
    return _peak()


def _peak() -> int:
    found = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return 1024 * int(found[1])


@dataclass(frozen=True)
class Level:
    """A kind of product to be damaged.

    write: into an empty folder, returns what is opened. files: patterns of the files to damage, in
    the folder, with weights. within: see `damage`.
    """

    name: str
    write: Callable[[Path], Path]
    files: dict[str, int]
    within: int | None = None


def survive(
    name: str,
    levels: Sequence[Level],
    folder: Path,
    use: Callable[[Path], object],
    count: int = COUNT,
) -> Outcome:
    """Damage one file of a product again and again, and use the product; check what came of it.

    The levels take turns: seed k is of level k % len(levels). Prints a row of a table.
    """
    outcome = Outcome()
    for turn, level in enumerate(levels):
        path = level.write(folder / level.name)
        use(path)  # the product is good, and what is compiled at the first call is
        files = [next((folder / level.name).rglob(pattern)) for pattern in level.files]
        contents = [file.read_bytes() for file in files]
        lengths = [lengths_in(content) for content in contents]
        weights = np.array(list(level.files.values())) / sum(level.files.values())
        for seed in range(turn, count, len(levels)):
            which = int(np.random.default_rng([seed, 1]).choice(len(files), p=weights))
            files[which].write_bytes(damage(contents[which], seed, level.within, lengths[which]))
            outcome.attempt(f"seed {seed}, {level.name}, {files[which].name}", partial(use, path))
            files[which].write_bytes(contents[which])
        use(path)  # the errors came from the damage
    print(f"\n{outcome.row(name)}")
    outcome.check()
    return outcome


def lengths_in(content: bytes) -> list[int]:
    """Where lengths, counts and offsets of 4 bytes stand, in formats that have any."""
    found: list[int] = []
    if content[5:8] == bytes((192, 18, 18)):  # CEOS: a chain of records
        at = 0
        while at + 12 <= len(content) and len(found) < 50:
            found.append(at + 8)
            at += max(int.from_bytes(content[at + 8 : at + 12], "big"), 12)
    elif content[28:32] == b"CSAR":
        found = list(range(0, 28, 4))
    elif content[:4] == b"II*\0":  # TIFF: count and value of each tag
        at = int.from_bytes(content[4:8], "little")
        tags = int.from_bytes(content[at : at + 2], "little")
        found = [4, *(at + 2 + 12 * k + shift for k in range(tags) for shift in (4, 8))]
    elif content[:2] == b"PK":
        places = {b"PK\3\4": (18, 22, 26), b"PK\1\2": (20, 24, 28, 42), b"PK\5\6": (8, 12, 16)}
        for mark, shifts in places.items():
            for hit in re.finditer(re.escape(mark), content):
                found += [hit.start() + shift for shift in shifts]
    return found
