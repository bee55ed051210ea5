"""The files of a Sentinel-1 product in its SAFE folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from calvingfront.products.reading import fault, file_size, read_bytes
from calvingfront.products.xml_reading import LARGEST_XML_BYTES, XmlFields

MANIFEST = "manifest.safe"
_FILES = ("annotation/*.xml", "annotation/calibration/*.xml", "measurement/*")


@dataclass(frozen=True)
class SafeFolder:
    """The files of a product; names: sorted, relative to the folder of the manifest."""

    path: Path
    names: tuple[str, ...]

    def parse(self, name: str) -> XmlFields:
        """Parse an XML of the product."""
        path = self.path / name
        size = file_size(path, "XML")
        if size > LARGEST_XML_BYTES:
            raise fault(path, "XML", f"has {size} bytes, too many for an annotation")
        return XmlFields.parse(read_bytes(path, 0, size, "XML"), path)


def open_safe(path: Path) -> SafeFolder | None:
    """The product whose folder or manifest this is; None if it is neither."""
    if path.name == MANIFEST and path.is_file():
        path = path.parent
    if not (path / MANIFEST).is_file():
        return None
    files = [file for pattern in _FILES for file in path.glob(pattern)]
    return SafeFolder(path, tuple(sorted(file.relative_to(path).as_posix() for file in files)))
