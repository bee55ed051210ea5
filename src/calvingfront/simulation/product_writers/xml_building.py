"""Building an XML annotation."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree


def save(path: Path, root: ElementTree.Element) -> None:
    """Write a document."""
    ElementTree.indent(root)
    # Without a declaration, as in the real products: GDAL recognises them by their first element.
    path.write_text(ElementTree.tostring(root, encoding="unicode"), encoding="utf-8")


def put(parent: ElementTree.Element, path: str, value: object, **attributes: str) -> None:
    """Append an element with text; missing elements on the way are created."""
    child = append(parent, path, **attributes)
    if isinstance(value, datetime):
        child.text = f"{value.isoformat(timespec='microseconds')}Z"
    else:
        child.text = f"{value:.17E}" if isinstance(value, float) else str(value)


def append(parent: ElementTree.Element, path: str, **attributes: str) -> ElementTree.Element:
    """Append an element; missing elements on the way are created."""
    *way, name = path.split("/")
    for step in way:
        found = parent.find(step)
        parent = ElementTree.SubElement(parent, step) if found is None else found
    return ElementTree.SubElement(parent, name, attributes)
