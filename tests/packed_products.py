"""Products in the packaging of their agencies."""

from __future__ import annotations

import gzip
import tarfile
import zipfile
from pathlib import Path


def tar_of(folder: Path, archive: Path) -> Path:
    """Pack a folder with its name, as .tar, or compressed as .tgz and .tar.gz."""
    with tarfile.open(archive, "w" if archive.suffix == ".tar" else "w:gz") as target:
        target.add(folder, folder.name)
    return archive


def zip_of(folder: Path, archive: Path, around: str | None = None) -> Path:
    """Pack what is in a folder, within another; None: within its own name."""
    around = folder.name if around is None else around
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for path in sorted(folder.rglob("*")):
            target.write(path, Path(around) / path.relative_to(folder))
    return archive


def gzip_of(file: Path, archive: Path) -> Path:
    """Compress one file."""
    archive.write_bytes(gzip.compress(file.read_bytes(), 1))
    return archive


def eo_sip(product: Path, archive: Path) -> Path:
    """Pack a file as ESA's EO-SIP: beside its metadata, without a folder around."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for suffix in (".MD.XML", ".SI.XML"):
            target.writestr(
                f"{archive.stem}{suffix}", "<?xml version='1.0'?><eop:EarthObservation/>"
            )
        target.writestr(f"{archive.stem}.BI.PNG", b"\x89PNG\r\n\x1a\n")
        target.write(product, product.name)
    return archive
