"""Checked fields of an XML annotation; every error names the file and the element."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from datetime import datetime
from typing import TypeVar
from xml.etree import ElementTree

import numpy as np

from calvingfront.files import PathLike
from calvingfront.products.reading import fault, finite, parse_integer, parse_number, parse_utc
from calvingfront.radar.model import Array

LARGEST_XML_BYTES = 32 << 20  # a real annotation has 0.3–4 MB; its tree takes ten times as much
_T = TypeVar("_T")


class XmlFields:
    """An element of an annotation; in errors, `path` names its file and `at` the element."""

    def __init__(self, element: ElementTree.Element, path: str, at: str = "") -> None:
        self.element = element
        self.path = path
        self.at = at or element.tag

    @classmethod
    def parse(cls, content: bytes, path: PathLike) -> XmlFields:
        """Parse a document; a DOCTYPE is refused (entities can grow without bound)."""
        where = os.fspath(path)
        if len(content) > LARGEST_XML_BYTES:
            what = f"has {len(content)} bytes, too many for an annotation"
            raise fault(where, "XML", what)
        latin = re.match(rb'<\?xml[^>]{0,80}encoding=["\']ISO-8859-1', content, re.IGNORECASE)
        try:
            text = content.decode("latin-1" if latin else "utf-8-sig")
        except UnicodeDecodeError as error:
            raise fault(where, "XML", f"is not UTF-8 text ({error.reason})") from None
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            what = "declares a document type, which no radar annotation does"
            raise fault(where, "XML", what, "Remove the DOCTYPE, or fetch the product again.")
        try:
            # Parsed as text, so that the document's encoding declaration cannot hide anything.
            return cls(ElementTree.fromstring(text), where)
        except (ElementTree.ParseError, ValueError) as error:
            raise fault(where, "XML", f"cannot be parsed ({error})") from None

    def optional(self, path: str) -> XmlFields | None:
        """The first element at `path`, if there is one."""
        found = self.element.find(path)
        return None if found is None else XmlFields(found, self.path, f"{self.at}/{path}")

    def one(self, path: str) -> XmlFields:
        """The first element at `path`."""
        found = self.optional(path)
        if found is None:
            raise fault(self.path, f"{self.at}/{path}", "is missing")
        return found

    def every(self, path: str, least: int, most: int) -> list[XmlFields]:
        """Every element at `path`, in the document's order."""
        found = self.element.findall(path)
        if not least <= len(found) <= most:
            what = f"appears {len(found)} times instead of {least} to {most}"
            raise fault(self.path, f"{self.at}/{path}", what)
        return [
            XmlFields(element, self.path, f"{self.at}/{path}[{number}]")
            for number, element in enumerate(found, start=1)
        ]

    def text(self, path: str = ".") -> str:
        """The text of an element, which must not be empty."""
        text = (self.one(path).element.text or "").strip()
        if not text:
            raise fault(self.path, f"{self.at}/{path}", "is empty")
        return text

    def number(self, path: str = ".", low: float = -math.inf, high: float = math.inf) -> float:
        """The number in an element, within [low, high]."""
        return parse_number(self.text(path), self.path, f"{self.at}/{path}", low, high)

    def integer(self, path: str, low: int, high: int) -> int:
        """The integer in an element, within [low, high]."""
        return parse_integer(self.text(path), self.path, f"{self.at}/{path}", low, high)

    def utc(self, path: str) -> datetime:
        """The time in an element."""
        return parse_utc(self.text(path), self.path, f"{self.at}/{path}")

    def choice(self, path: str, choices: Mapping[str, _T]) -> _T:
        """The choice named by the text of an element, ignoring case."""
        text = self.text(path).upper()
        if text not in choices:
            what = f"is {text[:40]!r}, not {' or '.join(choices)}"
            raise fault(self.path, f"{self.at}/{path}", what, "Use a product of a supported kind.")
        return choices[text]

    def numbers(self, path: str, low: float = -1e300, high: float = 1e300) -> Array:
        """The numbers in an element, separated by spaces: (n,)."""
        try:
            values = np.array(self.text(path).split(), dtype=np.float64)
        except ValueError:
            raise fault(self.path, f"{self.at}/{path}", "contains text among its numbers") from None
        return finite(values, self.path, f"{self.at}/{path}", low, high)

    def polynomial(self, path: str = "coefficient", most: int = 16) -> Array:
        """TerraSAR-X's polynomials: <coefficient exponent="k">, in increasing degree: (n,)."""
        terms = self.every(path, 1, most)
        values = np.zeros(len(terms))
        seen = set()
        for term in terms:
            place = f"{term.at}@exponent"
            degree = parse_integer(
                term.element.get("exponent", ""), self.path, place, 0, len(terms) - 1
            )
            seen.add(degree)
            values[degree] = term.number()
        if len(seen) != len(terms):
            raise fault(
                self.path, f"{self.at}/{path}", "has two coefficients with the same exponent"
            )
        return values
