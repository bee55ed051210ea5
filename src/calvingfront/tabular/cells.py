"""The text of one cell."""

from __future__ import annotations

import unicodedata

# Invisible characters that programs leave at the ends of a cell, besides white space.
_INVISIBLE = "\ufeff\u200b\u200c\u200d\u200e\u200f\u2060\u00ad"
# Categories of Unicode that a name, a path or a number never needs: control and format characters,
# ends of lines and paragraphs, halves of characters.
_CONTROL = {"Cc", "Cf", "Zl", "Zp", "Cs"}


class Unreadable(ValueError):
    """Text that does not say what it should.

    what:   what is wrong with it, to follow the name of the cell.
    remedy: what to write instead.
    """

    def __init__(self, what: str, remedy: str) -> None:
        self.what, self.remedy = what, remedy
        super().__init__(what)


def clean(text: str) -> str:
    """The text without the blanks and invisible characters around it."""
    before = ""
    while before != text:
        before, text = text, text.strip().strip(_INVISIBLE)
    return text


def name_of(text: str) -> str:
    """A name as it is compared: cleaned, composed (NFC), one plain blank between its words.

    Raises Unreadable for an invisible character within.
    """
    cleaned = clean(text)
    check_visible(cleaned)
    return " ".join(unicodedata.normalize("NFC", cleaned).split())


def check_visible(text: str, name: str = "") -> None:
    """Raise Unreadable if a cleaned text has an invisible character within; name: of its cell."""
    for character in text:
        if not "\x1f" < character < "\x7f" and unicodedata.category(character) in _CONTROL:
            raise Unreadable(
                f"has the invisible character U+{ord(character):04X} in {name} {text!r}",
                "Write the cell again.",
            )
