"""The real leader of the Alaska SAR Facility with an image of noise: a RADARSAT-1 product to open.

The real image is cut off in the shared data. The pixels are made 200 m large (30 m in slant range
where it is complex), so that a small image covers the same ground; no other field is changed.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from calvingfront.products.ceos.records import HEADER, Leader, read_record

NAME = "R1_26161_FN1_F164"
LINES, PREFIX = 257, 192
SPACING = "199.9755859"  # 256 of these are the 8191 of 6.25 m between the real corners
GROUND_SAMPLES, SLANT_SAMPLES = 257, 1054


def write_asf(folder: Path, shared_data: Path, *, is_complex: bool) -> Path:
    """Write leader and image into a folder; return it."""
    real = shared_data / "products" / "rsat1-ceos" / f"{NAME}.L"
    fields = {10: {1687: SPACING, 1703: SPACING}}
    if is_complex:
        fields = {10: {1687: SPACING, 711: "5.0"}, 210: {1079: "SLANT"}}
    leader = b""
    for number, record in enumerate(Leader.open(real).records):
        edits = fields.get(record.code[1], {}) if number else {}
        leader += _edited(record.content, edits, 6 if record.code[1] == 210 else 16)
    samples, width = (SLANT_SAMPLES, 4) if is_complex else (GROUND_SAMPLES, 1)
    stride = PREFIX + samples * width
    descriptor = read_record(real.with_suffix(".D"), 0).content
    descriptor = _edited(descriptor, {181: str(LINES), 187: str(stride)}, 6)
    descriptor = _edited(descriptor, {225: str(width), 429: "CIS4" if is_complex else "IU1"}, 4)
    descriptor = _edited(
        descriptor, {237: str(LINES), 249: str(samples), 281: str(samples * width)}, 8
    ).ljust(stride)
    descriptor = descriptor[:8] + stride.to_bytes(4, "big") + descriptor[12:stride]
    noise = np.random.default_rng(4).integers(0, 256, (LINES, samples * width), np.uint8)
    lines = [
        HEADER.pack(line + 2, 50, 11, 18, 20, stride).ljust(PREFIX, b"\0") + row.tobytes()
        for line, row in enumerate(noise)
    ]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{NAME}.L").write_bytes(leader)
    (folder / f"{NAME}.D").write_bytes(descriptor + b"".join(lines))
    return folder


def _edited(record: bytes, fields: dict[int, str], length: int) -> bytes:
    """A record with other texts in fields of a length, at bytes counted from 1."""
    content = bytearray(record)
    for at, text in fields.items():
        content[at - 1 : at - 1 + length] = text.ljust(length).encode()
    return bytes(content)
