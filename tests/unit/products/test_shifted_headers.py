"""A header that moves the whole image by 45 of its own map pixels or less is refused.

315 m are 45 pixels of 7 m. All other fields stay plausible: only the product's own places tell.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

import simulated_images as images
from calvingfront.errors import ProductError
from calvingfront.products.checks import check_product
from calvingfront.products.registry import open_product
from calvingfront.simulation.product_writers import ers_ceos, palsar
from calvingfront.simulation.product_writers.envisat import write_envisat
from calvingfront.simulation.product_writers.terrasar import write_terrasar
from ceos_images import radar_image
from sentinel1_files import write_sentinel1

LATER = timedelta(seconds=0.045)  # 315 m along the track
FARTHER_M = 200.0  # in slant range: 315 m on the ground at 39°


def moment(text: str, form: str) -> str:
    return (datetime.strptime(text, form) + LATER).strftime(form)


def edit(folder: Path, pattern: str, change: Callable[[str], str]) -> None:
    (path,) = folder.rglob(pattern)
    text = path.read_bytes().decode("latin-1")
    changed = change(text)
    assert changed != text
    assert len(changed) == len(text)
    path.write_bytes(changed.encode("latin-1"))


def envisat_time(text: str) -> str:
    form = "%d-%b-%Y %H:%M:%S.%f"
    return re.sub(
        r'(?<=FIRST_LINE_TIME=")[^"]*', lambda m: moment(m[0].title(), form).upper(), text
    )


def ceos_times(text: str) -> str:
    """The zero-Doppler times of first, centre and last line: dd-MMM-yyyy hh:mm:ss.ttt."""
    form = "%d-%b-%Y %H:%M:%S.%f"
    return re.sub(
        r"\d\d-[A-Z]{3}-\d{4} \d\d:\d\d:\d\d\.\d{3}",
        lambda m: moment(m[0].title(), form)[:-3].upper(),
        text,
    )


def ceos_ranges(text: str) -> str:
    """Two-way range times of first, centre and last sample, ms, 16 characters from byte 1767."""
    at = 720 + 1767 - 1
    fields = [text[at + 16 * k : at + 16 * k + 16] for k in range(3)]
    moved = [f"{float(f) + 2e3 * FARTHER_M / 299_792_458:.7f}".rjust(16) for f in fields]
    return text[:at] + "".join(moved) + text[at + 48 :]


def xml_times(*names: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        for name in names:
            text, count = re.subn(
                rf"(<{name}>(?:\s*<timeUTC>)?)([^<Z]*)",
                lambda m: m[1] + moment(m[2], "%Y-%m-%dT%H:%M:%S.%f"),
                text,
            )
            assert count == 1
        return text

    return change


def sentinel_ranges(text: str) -> str:
    return re.sub(
        r"(?<=<grsrCoefficients count='6'>)\S+",
        lambda m: f"{float(m[0]) + FARTHER_M:.15e}",
        text,
    )


def terrasar_ranges(text: str) -> str:
    return re.sub(
        r"(?<=<firstPixel>)[^<]*|(?<=<lastPixel>)[^<]*",
        lambda m: f"{float(m[0]) + 2 * FARTHER_M / 299_792_458:.17E}"[: len(m[0])],
        text,
    )


def envisat(folder: Path) -> Path:
    return write_envisat(images.envisat_image("IMS"), folder)


def envisat_on_ground(folder: Path) -> Path:
    return write_envisat(images.envisat_image("IMP"), folder)


def terrasar(folder: Path) -> Path:
    return write_terrasar(images.terrasar_image("SSC"), folder)


def ers(folder: Path) -> Path:
    return ers_ceos.write(radar_image("ERS", is_complex=True), folder)


SHIFTS = {
    "Envisat IMS, time": (envisat, "*.N1", envisat_time),
    "Envisat IMP, time": (envisat_on_ground, "*.N1", envisat_time),
    "ERS CEOS, times": (ers, "LEA*", ceos_times),
    "ERS CEOS, ranges": (ers, "LEA*", ceos_ranges),
    "TerraSAR-X, times": (terrasar, "T*.xml", xml_times("start", "stop")),
    "TerraSAR-X, ranges": (terrasar, "T*.xml", terrasar_ranges),
    "Sentinel-1, times": (
        write_sentinel1,
        "annotation/s1*.xml",
        xml_times("productFirstLineUtcTime", "productLastLineUtcTime"),
    ),
    "Sentinel-1, ranges": (write_sentinel1, "annotation/s1*.xml", sentinel_ranges),
}


@pytest.mark.parametrize("name", SHIFTS)
def test_a_header_that_shifts_the_image_by_45_pixels_is_refused(name: str, tmp_path: Path) -> None:
    write, pattern, change = SHIFTS[name]
    path = write(tmp_path)
    assert check_product(open_product(path)) == []
    edit(tmp_path, pattern, change)
    try:
        faults = check_product(open_product(path))
    except ProductError as error:
        faults = [error]
    assert len(faults) >= 1
    assert any(re.search(r"disagree by|off the point's times", fault.what) for fault in faults), [
        *map(str, faults)
    ]


def test_line_times_of_palsar_that_shift_the_image_by_45_pixels_are_refused(
    tmp_path: Path,
) -> None:
    path = palsar.write(radar_image("PALSAR", is_complex=True), tmp_path)
    (imagery,) = tmp_path.glob("IMG-*")
    content = np.frombuffer(imagery.read_bytes(), np.uint8).copy()
    rows = content[720:].reshape(60, -1)
    milliseconds = np.ascontiguousarray(rows[:, 44:48]).view(">i4")
    rows[:, 44:48] = (milliseconds + 45).astype(">i4").view(np.uint8)
    imagery.write_bytes(content.tobytes())
    with pytest.raises(ProductError, match=r"place pixels up to 3\d\d m along the track"):
        open_product(path)
