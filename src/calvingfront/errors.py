"""The errors that a user sees: each names the place, the fault and the remedy."""

from __future__ import annotations

import errno
import os
import shlex
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


class CalvingFrontError(Exception):
    """A fault that the user can fix.

    where:  the file, scene or configuration key at fault.
    what:   what is wrong with it.
    remedy: what to do or to write instead.
    """

    def __init__(self, where: object, what: str, remedy: str) -> None:
        # A file name need not be valid UTF-8; a message that cannot be printed helps nobody.
        parts = (str(part).encode("utf-8", "backslashreplace") for part in (where, what, remedy))
        self.where, self.what, self.remedy = (part.decode("utf-8") for part in parts)
        remedy = self.remedy
        end = "" if remedy.endswith((".", "?", "!")) else "."
        super().__init__(f"{self.where}: {self.what}. {remedy}{end}")

    def __reduce__(self) -> tuple[type[CalvingFrontError], tuple[str, str, str]]:
        return type(self), (self.where, self.what, self.remedy)


class ConfigError(CalvingFrontError):
    """A configuration key that cannot be used."""


class TableError(CalvingFrontError):
    """A table of the user's, or a line of it, that cannot be read."""


class SceneError(CalvingFrontError):
    """A scene, or one of its files, that cannot be used."""


class ProductError(CalvingFrontError):
    """A radar product, its header or its pixels, that cannot be used."""


class OrbitError(CalvingFrontError):
    """State vectors or an orbit file that cannot be used."""


class GeocodingError(CalvingFrontError):
    """A scene, grid or terrain model that cannot be geocoded."""


class SampleError(CalvingFrontError):
    """A prepared sample or packed data set that cannot be used."""


class SplitError(CalvingFrontError):
    """A split that cannot be drawn or read."""


class PositionError(CalvingFrontError):
    """Fronts, a box, a flow line or a series from which no positions can be derived."""


class TrainingError(CalvingFrontError):
    """A training that cannot start or continue."""


class ModelError(CalvingFrontError):
    """A model folder, or a run for one, that cannot be used."""


class DivergedError(TrainingError):
    """A loss or a monitor that became NaN or infinite."""


class DamagedFileError(CalvingFrontError):
    """A file that an earlier step made and that is no longer as that step wrote it."""

    @classmethod
    def of(cls, path: object, what: str) -> DamagedFileError:
        """Say how to have the file made anew. what: what is wrong with it, in a few words."""
        again = f"Run `rm {shlex.quote(str(path))}` and the same command again, which makes it anew"
        return cls(path, f"is damaged ({' '.join(what.split())})", again)


class DiskError(CalvingFrontError, OSError):
    """A file that cannot be written whole: the disk is full, or another limit is reached."""

    @classmethod
    def of(cls, path: object, error: BaseException | None, needed: int | None = None) -> DiskError:
        """Say how much room there is. error: what the writer raised. needed: bytes, if known."""
        code = next((e.errno for e in _chain(error) if isinstance(e, OSError) and e.errno), 0)
        folder = Path(str(path)).absolute().parent
        if code == errno.EFBIG:
            what = "cannot be written: the system allows no file of this size (ulimit -f)"
            remedy = "Raise the limit, or use another disk; free space does not help"
        elif code == errno.EDQUOT:
            what = f"cannot be written: your quota on the disk of {folder} is used up"
            remedy = "Free space and run the same command again"
        else:
            free = free_bytes(folder)
            room = f"{free / 1e6:.1f} MB free"
            if needed is not None:
                room += f", {needed / 1e6:.1f} MB needed"
            full = error is None or is_full(error) or free < _NEARLY_FULL
            state = f"the disk of {folder} is full" if full else " ".join(str(error).split())
            what = f"cannot be written: {state} ({room})"
            remedy = "Free space and run the same command again"
        made = cls(path, what, remedy)
        made.errno, made.strerror = code or errno.ENOSPC, os.strerror(code or errno.ENOSPC)
        return made

    def __str__(self) -> str:
        return str(self.args[0])


_NEARLY_FULL = 1 << 20  # bytes: SQLite and GDAL say little, and give up before the last byte
# What libraries say that do not raise OSError: SQLite, GDAL, safetensors.
_FULL_CODES = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FULL_WORDS = ("no space left on device", "disk is full", "file too large", "disk quota exceeded")


def is_full(error: BaseException) -> bool:
    """Whether an error, or one behind it, says that a disk is full or a limit is reached."""
    return any(
        (isinstance(each, OSError) and each.errno in _FULL_CODES)
        or any(words in str(each).lower() for words in _FULL_WORDS)
        for each in _chain(error)
    )


@contextmanager
def telling_full_disk(path: object) -> Iterator[None]:
    """Raise DiskError where whatever writes `path` in the block meets a full disk."""
    try:
        yield
    except CalvingFrontError:
        raise
    except Exception as error:
        if not is_full(error):
            raise
        raise DiskError.of(path, error) from error


def free_bytes(folder: Path) -> int:
    """Free bytes on the disk of a folder, which need not exist yet."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


class Faults(CalvingFrontError):
    """Several faults, reported at once."""

    def __init__(self, faults: Sequence[CalvingFrontError], remedy: str) -> None:
        self.faults = list(faults)
        lines = "\n".join(f"  - {fault}" for fault in self.faults)
        count = len(self.faults)
        super().__init__(f"{count} fault{'s' if count != 1 else ''} found", f"\n{lines}\n", remedy)

    def __str__(self) -> str:
        lines = "\n".join(f"  - {fault}" for fault in self.faults)
        return f"{self.where}:\n{lines}\n{self.remedy}"

    def __reduce__(self):  # type: ignore[no-untyped-def]
        return type(self), (self.faults, self.remedy)
