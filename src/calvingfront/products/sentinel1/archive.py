"""The files of a Sentinel-1 product: in a SAFE folder, or inside the downloaded .zip."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from calvingfront.products.reading import fault, file_size, read_bytes
from calvingfront.products.xml_reading import LARGEST_XML_BYTES, XmlFields

MANIFEST = "manifest.safe"
_MOST_FILES = 10_000


@dataclass(frozen=True)
class SafeArchive:
    """The files of a product; names: sorted, relative to the folder of the manifest."""

    path: Path
    root: str  # of the manifest: a folder on disk, or a prefix inside the .zip
    names: tuple[str, ...]
    is_zip: bool

    def parse(self, name: str) -> XmlFields:
        """Parse an XML of the product."""
        shown = f"{self.path}/{name}"
        if not self.is_zip:
            path = Path(self.root) / name
            size = file_size(path, "XML")
            if size > LARGEST_XML_BYTES:
                raise fault(path, "XML", f"has {size} bytes, too many for an annotation")
            return XmlFields.parse(read_bytes(path, 0, size, "XML"), path)
        try:
            with zipfile.ZipFile(self.path) as archive, archive.open(self.root + name) as file:
                # The declared size may be wrong: read no more than an annotation can have.
                content = file.read(LARGEST_XML_BYTES + 1)
        except _ZIP_FAULTS as error:
            raise fault(self.path, name, f"cannot be unpacked ({error})") from error
        return XmlFields.parse(content, shown)

    def raster(self, name: str) -> str:
        """The path by which GDAL opens a raster of the product."""
        if self.is_zip:
            return f"/vsizip/{self.path.absolute()}/{self.root}{name}"
        return str(Path(self.root) / name)

    def file(self, name: str) -> Path:
        """The file on disk that contains an entry."""
        return self.path if self.is_zip else Path(self.root) / name


# The exceptions that the standard library raises for damaged archives.
_ZIP_FAULTS = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    OSError,
    EOFError,
    KeyError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
)


def open_archive(path: Path) -> SafeArchive | None:
    """Find the product at a folder, a manifest or a .zip; None if there is none."""
    if path.is_dir():
        return _folder(path)
    if path.name == MANIFEST and path.is_file():
        return _folder(path.parent)
    return _zip(path) if path.is_file() else None


def _folder(folder: Path) -> SafeArchive | None:
    if not (folder / MANIFEST).is_file():
        inside = sorted(folder.glob(f"*/{MANIFEST}"))[:2]
        if len(inside) != 1:
            return None
        folder = inside[0].parent
    names = [
        file.relative_to(folder).as_posix()
        for pattern in ("annotation/*.xml", "annotation/calibration/*.xml", "measurement/*")
        for file in folder.glob(pattern)
    ]
    return SafeArchive(folder, str(folder), tuple(sorted(names)), False)


def _zip(path: Path) -> SafeArchive | None:
    with path.open("rb") as file:
        if file.read(2) != b"PK":
            return None
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.namelist()
    except _ZIP_FAULTS:
        return None
    manifests = [name for name in entries if PurePosixPath(name).name == MANIFEST]
    if len(manifests) != 1 or len(entries) > _MOST_FILES:
        return None
    root = manifests[0].removesuffix(MANIFEST)
    names = sorted(name.removeprefix(root) for name in entries if name.startswith(root))
    return SafeArchive(path, root, tuple(name for name in names if name), True)
