"""Which files belong to one CEOS product."""

from __future__ import annotations

import os
import re
from pathlib import Path

from calvingfront.errors import ProductError
from calvingfront.products.ceos.records import (
    HEADER,
    LARGEST_LEADER,
    LONGEST_RECORD,
    read_part,
    read_record,
)


def kind_of_file(path: Path) -> str:
    """Identify a CEOS file by its content: "leader", "imagery", "volume", or "" for none."""
    try:
        header = read_part(path, 0, HEADER.size)
        if len(header) < HEADER.size:
            return ""
        _, kind, second, third, fourth, length = HEADER.unpack(header)
        if (second, third, fourth) != (192, 18, 18) or not 300 <= length <= LONGEST_RECORD:
            return ""
        if kind == 192:
            return "volume"
        following = read_part(path, length, HEADER.size)
    except ProductError:
        return ""
    if len(following) < HEADER.size:
        return ""
    if following[4] == 50 and following[5] in (10, 11):
        return "imagery"
    return "leader" if following[5] == 10 else ""


def product_key(name: str) -> str:
    """Return the part shared by the names of a product's files (LEA_01.001, DAT_01.001: 01.001)."""
    upper = name.upper()
    shared = re.sub(r"^(IMG-[HV]{2}|VDF_DAT|NUL_DAT|[A-Z]{3})[-_.]", "", upper)
    return re.sub(r"\.(L|D|T|V|VOL|LDR|IMG|TRL|NUL|SARL|RAW|DAT|LEA)$", "", shared)


def product_files(path: Path) -> tuple[Path, tuple[Path, ...]]:
    """Find the leader and the imagery files that belong to a folder, leader, data or volume file.

    Raises ProductError if there is no leader, or if several products match.
    """
    folder, leaders, images = _candidates(path)
    if len(leaders) > 1:
        what = f"holds {len(leaders)} leader files ({', '.join(leaders[:4])})"
        raise ProductError(path, what, "Give one of them instead of the folder.")
    if len(images) > 1:
        own = [name for name in images if product_key(name) == product_key(leaders[0])]
        images = own or images
    return folder / leaders[0], tuple(folder / name for name in images)


def _candidates(path: Path) -> tuple[Path, list[str], list[str]]:
    """The folder, and the leader files (at least one) and imagery files in it that may be meant."""
    folder = path if path.is_dir() else path.parent
    if not path.is_dir() and not kind_of_file(path):  # before all the others are opened
        raise ProductError(path, "is not a CEOS file", "Give the folder, leader or data file")
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if entry.is_file())
    except OSError as error:
        raise ProductError(
            path, f"cannot be read ({error.strerror})", "Check the path and its permissions"
        ) from error
    kinds = {name: kind_of_file(folder / name) for name in names[:5000]}
    leaders = [name for name, kind in kinds.items() if kind == "leader"]
    images = [name for name, kind in kinds.items() if kind == "imagery"]
    if not path.is_dir():
        if kinds.get(path.name) == "leader":
            leaders = [path.name]
        elif len(leaders) > 1:
            leaders = [name for name in leaders if product_key(name) == product_key(path.name)]
        if kinds.get(path.name) == "imagery":
            images = [path.name]
    if not leaders:
        raise ProductError(path, "has no CEOS leader file", "Keep the product's files together")
    return folder, leaders, images


def platform_of(path: Path) -> str:
    """Return the platform named in the product's leader, "" if `path` is not a CEOS product.

    Of several leaders the first counts: `product_files` tells that there are several.
    """
    try:
        folder, leaders, _ = _candidates(Path(path))
        leader = folder / leaders[0]
        length = len(read_record(leader, 0).content)
        return read_record(leader, length, LARGEST_LEADER).text(397, 16, "platform").upper()
    except ProductError:
        return ""
