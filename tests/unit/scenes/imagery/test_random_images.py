"""Random images: whatever the type, kind, border, tags and bands, right or one sentence.

RANDOM_IMAGES=5000 pytest -s tests/unit/scenes/imagery/test_random_images.py tries more.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from backscatter import decibels, grey, intensity, write_tif
from calvingfront.errors import CalvingFrontError
from calvingfront.scenes.importing import read_8bit
from calvingfront.scenes.scaling import to_8bit

MANY = int(os.environ.get("RANDOM_IMAGES", "400"))
PACKED = (0.01, -60.0)  # scale and offset
FORMS = {
    "linear": ("linear", lambda v: v, ("float32", "float64")),
    "scaled linear": ("linear", lambda v: v * 1e4, ("float32", "float64")),
    "amplitude": ("amplitude", np.sqrt, ("float32", "float64")),
    "counts": ("amplitude", lambda v: np.rint(np.sqrt(v) * 9000), ("uint16", "int16", "int32")),
    "dB": ("dB", decibels, ("float32", "float64")),
    "positive dB": ("dB", lambda v: decibels(v) + 60, ("float32", "float64")),
    "hundredths of dB": ("dB", lambda v: np.rint(decibels(v) * 100), ("int16", "int32", "float32")),
    "packed dB": (
        "dB",
        lambda v: np.rint((decibels(v) - PACKED[1]) / PACKED[0]),
        ("uint16", "int16"),
    ),
    "8bit": ("8bit", grey, ("uint8", "uint16", "float32")),
}
FILLS = {
    "u": (0, 255, 65535),
    "i": (0, -9999, -32768, 32767),
    "f": (0, -9999, -32768, -999, np.nan, -np.inf, 1e20, -3.4028234663852886e38, 255, -77.5),
}


@dataclass
class Case:
    """One random image: what is written, what is said of it, what must come out."""

    form: str
    values: Any
    outside: Any
    options: dict[str, Any]
    packed: bool
    mask: bool
    said: dict[str, Any]
    expected: Any
    hidden: Any  # data that happen to be what is declared to be no data


def border(random: np.random.Generator, size: int) -> Any:
    """Where a random collar lies: sides, a slanting one, or none."""
    rows, columns = np.indices((size, size))
    width = int(random.integers(1, 14))
    return random.choice(
        [
            columns < width,
            (columns < width) | (rows >= size - width),
            np.minimum.reduce([rows, columns, size - 1 - rows, size - 1 - columns]) < width,
            columns < width + rows // 4,
            columns < 0,
        ]
    )


def case_of(seed: int) -> Case:
    random = np.random.default_rng(seed)
    form = str(random.choice(list(FORMS)))
    kind, convert, dtypes = FORMS[form]
    dtype = np.dtype(str(random.choice(dtypes)))
    looks = float(random.choice([1, 3, 4, 8]))
    linear = np.clip(intensity(seed, 64, looks), 1e-5, 3)
    outside = border(random, 64)
    values = convert(linear).astype(dtype)
    choices = FILLS[dtype.kind]
    fill = choices[random.integers(len(choices))] if dtype != np.uint8 else random.choice([0, 255])
    hidden = (values == fill) & ~outside
    values[outside] = fill
    options: dict[str, Any] = {}
    how = str(random.choice(["tag", "nothing", "alpha", "mask", "nothing"]))
    if how == "tag" and np.isfinite(fill):
        options["nodata"] = fill
    else:
        hidden &= False
    bands = values[None]
    if how == "alpha" and dtype.kind == "u":
        full = np.iinfo(dtype).max
        bands = np.stack([values, np.where(outside, 0, full).astype(dtype)])
        options |= {"alpha": "YES", "photometric": "MINISBLACK"}
    elif random.random() < 0.2:
        bands = np.stack([values] * 3)
    said: dict[str, Any] = {"values": kind if random.random() < 0.5 else None, "band": None}
    if len(bands) == 1 and random.random() < 0.2:
        other = np.roll(values, 5, axis=1)
        first = random.random() < 0.5
        bands = np.stack([values, other] if first else [other, values])
        options["photometric"] = "MINISBLACK"
        if random.random() < 0.8:
            said["band"] = "1" if first else "2"
    if kind == "8bit":
        expected = np.where(outside, 0, grey(linear))
    else:
        said["grey"] = str(random.choice(["linear", "dB"]))
        if form in ("amplitude", "hundredths of dB"):  # not read as they are: another test
            said["grey"] = "dB" if said["values"] is None or form[0] == "h" else said["grey"]
        expected = to_8bit(linear, ~outside, kind="linear", grey=said["grey"])
    return Case(
        form, bands, outside, options, form == "packed dB", how == "mask", said, expected, hidden
    )


def write(path: Path, case: Case) -> Path:
    write_tif(path, case.values, **case.options)
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as dataset:
        if case.packed:
            dataset.scales = (PACKED[0],) * len(case.values)
            dataset.offsets = (PACKED[1],) * len(case.values)
        if case.mask:
            dataset.write_mask(~case.outside)
    return path


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_a_random_image_is_read_rightly_or_refused_in_one_sentence(tmp_path: Path) -> None:
    refused: Counter[str] = Counter()
    wrong = []
    for seed in range(MANY):
        case = case_of(seed)
        path = write(tmp_path / "a.tif", case)
        try:
            found = read_8bit(path, **case.said)[0].astype(int)
        except CalvingFrontError as error:
            refused[str(error).split(":", 1)[1].split(".")[0][:40]] += 1
            continue
        finally:
            path.unlink()
        off = np.abs(found - case.expected)
        off[case.hidden] = 0
        if found[case.outside].any() or off.max() > 1:
            wrong.append(
                f"seed {seed}: {case.form} {case.values.dtype} {case.said} {case.options} border "
                f"{found[case.outside].max(initial=0)}, {(off > 1).sum()} px off by {off.max()}"
            )
    print(MANY, refused)
    assert not wrong, "\n".join([*wrong[:20], f"{len(wrong)} in all"])
    assert refused.total() < 0.2 * MANY  # everyday inputs are read
