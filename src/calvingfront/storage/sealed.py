"""Tables and records that carry a checksum, so that a reader notices any damage.

A table (TSV) has it in its header: one more column, `crc32=1a2b3c4d`, of which the rows have no
cells. A record (JSON) has it as its last key, `crc32`. Files without one, as from elsewhere, are
read unchecked.
"""

from __future__ import annotations

import io
import json
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calvingfront.errors import CalvingFrontError, DamagedFileError
from calvingfront.files import PathLike, write_json, write_text

if TYPE_CHECKING:
    import pandas as pd

KEY = "crc32"
_HEADER = re.compile(r"([^\n]*)\tcrc32=([0-9a-f]{8})\n(.*)", re.DOTALL)


@contextmanager
def reading(path: PathLike) -> Iterator[None]:
    """Raise DamagedFileError whatever a library raises about a broken file, naming the file.

    Raises CalvingFrontError if the file is missing or may not be read.
    """
    try:
        yield
    except (CalvingFrontError, MemoryError):
        raise
    except (FileNotFoundError, PermissionError) as error:
        remedy = "Run the command that makes it, or correct the permissions"
        raise CalvingFrontError(
            path, f"cannot be read ({error.strerror or 'is there no such file?'})", remedy
        ) from None
    except Exception as error:  # each library has its own
        # pandas' own class, which is a ValueError, has no text.
        raise DamagedFileError.of(path, str(error) or type(error).__name__) from error


def crc_of(content: bytes | memoryview) -> str:
    """CRC-32 as 8 hexadecimal digits."""
    return f"{zlib.crc32(content):08x}"


def write_record(path: PathLike, content: dict[str, Any], durable: bool = False) -> None:
    """Write `content` as indented JSON with its checksum, atomically."""
    write_json(path, {**content, KEY: crc_of(_plain(content))}, durable)


def read_record(path: PathLike) -> dict[str, Any]:
    """Read what `write_record` wrote. Raises DamagedFileError if it is damaged."""
    with reading(path):
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise ValueError("it holds no keys")
        given = content.pop(KEY, None)
        if given is not None and given != crc_of(_plain(content)):
            raise ValueError("its content does not match its checksum")
        return content


def _plain(content: dict[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode()


def write_sealed(path: PathLike, table: pd.DataFrame, float_format: str | None = None) -> None:
    """Write a table as TSV with its checksum, atomically; missing cells empty."""
    text = table.to_csv(sep="\t", index=False, lineterminator="\n", float_format=float_format)
    header, _, rows = text.partition("\n")
    write_text(path, f"{header}\tcrc32={crc_of(text.encode())}\n{rows}")


def read_sealed(path: PathLike, dtype: Any = None) -> pd.DataFrame:
    """Read a table in which only an empty cell means unknown: a glacier may be called NA.

    Raises DamagedFileError if the table is damaged or has lost lines.
    """
    import pandas as pd

    with reading(path):
        text = Path(path).read_bytes().decode("utf-8")
        if "\n" not in text or "\0" in text:
            raise ValueError("its header is cut off")
        if found := _HEADER.fullmatch(text):
            text = f"{found[1]}\n{found[3]}"
            if crc_of(text.encode()) != found[2]:
                what = "its lines do not match its checksum; if you changed them, remove the column"
                raise ValueError(f"{what} crc32={found[2]}")
        table: pd.DataFrame = pd.read_csv(
            io.StringIO(text), sep="\t", dtype=dtype, keep_default_na=False, na_values=[""]
        )
        return table
