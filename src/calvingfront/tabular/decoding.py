"""The text of a file, whatever program saved it, or one sentence that says what to do."""

from __future__ import annotations

import codecs
import os
from pathlib import Path

from calvingfront.errors import TableError

UTF8 = "Save the table as CSV in UTF-8"
_HEAD = 4096  # bytes that tell a text from other files
_MARKS = (  # a UTF-32 mark begins like a UTF-16 mark
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OTHERS = (
    (b"PK\x03\x04", "is a spreadsheet or another archive"),
    (b"\xd0\xcf\x11\xe0", "is a spreadsheet"),
    (b"version https://git-lfs", "is a pointer of git-lfs, not the file itself"),
)


def read_text(path: str | os.PathLike[str]) -> str:
    r"""The text of a file in UTF-8, with or without a mark, or UTF-16 or UTF-32 with one.

    Its lines end in \n. Other encodings cannot be told apart and are not guessed.
    Raises TableError.
    """
    try:
        with Path(path).open("rb") as file:
            head = file.read(_HEAD)
            for beginning, what in _OTHERS:
                if head.startswith(beginning):
                    raise TableError(path, what, f"{UTF8}.")
            encoding = next((name for mark, name in _MARKS if head.startswith(mark)), "utf-8")
            if encoding == "utf-8" and b"\0" in head:
                raise TableError(path, "is no text: it has NUL bytes", f"{UTF8}.")
            content = head + file.read()
    except OSError as error:
        what = f"cannot be read ({error.strerror})"
        raise TableError(path, what, "Write the path of a CSV or TSV.") from None
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        byte, name = content[error.start], encoding.upper().removesuffix("-SIG")
        raise TableError(
            f"{path}, {_line_of(content, error.start, encoding)}",
            f"has the byte 0x{byte:02x}, which is no {name}",
            f"{UTF8}.",
        ) from None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    for character, what in (("\0", "a NUL byte"), ("\ufffd", "a character that was lost")):
        at = text.find(character)
        if at >= 0:
            raise TableError(
                f"{path}, line {text.count(chr(10), 0, at) + 1}", f"has {what}", f"{UTF8}."
            )
    return text


def _line_of(content: bytes, at: int, encoding: str) -> str:
    before = content[:at].decode(encoding, errors="replace")
    before = before.replace("\r\n", "\n").replace("\r", "\n")
    return f"line {before.count(chr(10)) + 1}"
