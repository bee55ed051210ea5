"""Two thousand random tables: no traceback, and nothing taken that a stated rule forbids.

`TABLES=20000 pytest …/test_fuzzed_tables.py` runs more; a failure names its seed.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from builders import line_mask, speckled, write_image
from calvingfront.errors import CalvingFrontError
from calvingfront.scenes.images import list_images
from calvingfront.scenes.lists.caffe_sizes import SIZE_COLUMNS, read_sizes
from calvingfront.scenes.lists.split_lists import read_lists
from calvingfront.scenes.products import list_products
from table_mutations import EITHER, FAULT, SAME, Made, TableMaker, oracle_day

TABLES = int(os.environ.get("TABLES", "2000"))
GLACIERS = ("Isbræ", "Søndre", "A", "Crane")
LINE = (
    '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry": '
    '{"type": "LineString", "coordinates": [[-60.0, -64.0], [-60.0, -64.1]]}}]}'
)
Read = Callable[[Path], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    for k in range(3):
        write_image(folder / f"i{k}.png", speckled(8, 9, k))
        write_image(folder / f"f{k}.png", line_mask(8, 9, k))
        (folder / f"p{k}.N1").write_bytes(b"product")
        (folder / f"l{k}.geojson").write_text(LINE)
    return folder


def judged(read: Read, made: Made, path: Path, seed: int) -> str:
    """Read a table and judge the result by its truth; returns what came of it."""
    path.write_bytes(made.content)
    told = f"seed {seed}: {', '.join(made.changes)}"
    try:
        rows = read(path)
    except CalvingFrontError as error:
        if made.outcome == SAME:
            raise AssertionError(f"{told}: {error}") from error
        str(error).encode("utf-8")
        return FAULT
    except Exception as error:
        raise AssertionError(f"{told}: {type(error).__name__}: {error}") from error
    assert made.outcome != FAULT, f"{told}: taken"
    if made.outcome == SAME:
        expected = sorted(tuple(sorted(row.items())) for row in made.truth)
        assert sorted(tuple(sorted(row.items())) for row in rows) == expected, told
    return made.outcome


def run(maker: TableMaker, sound: Any, read: Read, check: Any, folder: Path, share: float) -> None:
    came = Counter[str]()
    for seed in range(int(TABLES * share)):
        made = maker.made(sound(seed), seed)
        came[judged(read, made, folder / "t.csv", seed)] += 1
        if made.outcome == EITHER:
            try:
                rows = read(folder / "t.csv")
            except CalvingFrontError:
                continue
            for row in rows:
                assert check(row, made.content), f"seed {seed}: {row}"
    assert min(came[SAME], came[FAULT]) > TABLES * share / 10, came


def texts_of(content: bytes) -> str:
    """All text of a table, in whatever encoding its mark states."""
    marks = {b"\xff\xfe\0\0": "utf-32", b"\xff\xfe": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}
    codec = next((name for mark, name in marks.items() if content.startswith(mark)), "utf-8")
    return content.decode(codec)


def has_day(content: bytes, day: str) -> bool:
    """Whether a cell of the table means this day, by another reader."""
    cells = re.split(r"[,;\t\r\n]", texts_of(content).replace('"', ""))
    pairs = [f"{one}, {two.strip()}" for one, two in pairwise(cells)]  # March 4, 2007
    return any(oracle_day(cell.strip()) == day for cell in (*cells, *pairs))


IMAGES = ("scene", "glacier", "mission", "acquired", "image", "front", "pixel_size_m", "quality")


def test_tables_of_images(folder: Path) -> None:
    def sound(seed: int) -> list[dict[str, str]]:
        return [
            {
                "scene": f"S{seed}.{k}", "glacier": GLACIERS[(seed + k) % 4], "mission": "ERS",
                "acquired": "", "image": f"i{k}.png", "front": f"f{k}.png" if k < 2 else "",
                "pixel_size_m": ("20", "16.67", "6.6667")[k], "quality": "123"[k],
            }
            for k in range(1 + seed % 3)
        ]  # fmt: skip

    def read(path: Path) -> list[dict[str, str]]:
        return [
            {
                "scene": row["scene"], "glacier": row["glacier"], "mission": row["mission"],
                "acquired": row["acquired"], "image": Path(row["image"]).name,
                "front": Path(row["front"]).name if row["front"] else "",
                "pixel_size_m": f"{row['pixel_size_x_m']:g}", "quality": str(row["quality"]),
            }
            for row in list_images(path).to_dict("records")
        ]  # fmt: skip

    def check(row: dict[str, str], content: bytes) -> bool:
        return (
            re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,199}", row["scene"]) is not None
            and row["glacier"] != ""
            and row["mission"] != ""
            and row["image"] != row["front"]
            and (folder / row["image"]).is_file()
            and (row["pixel_size_m"] == "nan" or 0.1 <= float(row["pixel_size_m"]) <= 1000)
            and row["quality"] in {"1", "2", "3", "4", "5", "6", "<NA>", "None"}
            and has_day(content, row["acquired"])
        )

    maker = TableMaker(IMAGES, "scene", 2, ["acquired"], ["pixel_size_m"])
    run(maker, sound, read, check, folder, 0.35)


PRODUCTS = ("scene", "glacier", "product", "front", "mission", "acquired", "polarisation")
SPACING = {"ERS": 20.0, "ENVISAT": 20.0, "TSX": 7.0}


def test_tables_of_products(folder: Path) -> None:
    def sound(seed: int) -> list[dict[str, str]]:
        return [
            {
                "scene": f"S{seed}-{k}", "glacier": GLACIERS[(seed + k) % 4],
                "product": f"p{k}.N1", "front": f"l{k}.geojson" if k else "",
                "mission": list(SPACING)[k], "acquired": "", "polarisation": ("", "HH", "VV")[k],
            }
            for k in range(1 + seed % 3)
        ]  # fmt: skip

    def read(path: Path) -> list[dict[str, str]]:
        return [
            {name: row[name] or "" for name in PRODUCTS if name not in ("product", "front")}
            | {"product": Path(row["image"]).name, "front": Path(row["front"] or "").name}
            for row in list_products(path, SPACING).to_dict("records")
        ]

    def check(row: dict[str, str], content: bytes) -> bool:
        return row["mission"] in SPACING and has_day(content, row["acquired"])

    maker = TableMaker(PRODUCTS, "scene", 1, ["acquired"])
    run(maker, sound, read, check, folder, 0.1)


def test_tables_of_sizes(folder: Path) -> None:
    def sound(seed: int) -> list[dict[str, str]]:
        return [
            {
                "glacier": GLACIERS[k], "resolution_tag_m": "7", "pixel_size_m": "6.6667",
                "height_px": str(100 + seed), "width_px": str(200 + k),
            }
            for k in range(1 + seed % 4)
        ]  # fmt: skip

    def read(path: Path) -> list[dict[str, str]]:
        return [
            {"glacier": glacier, "resolution_tag_m": str(tag)}
            | {name: str(size[name]) for name in SIZE_COLUMNS[2:]}
            for (glacier, tag), size in read_sizes(path).items()
        ]

    def check(row: dict[str, str], content: bytes) -> bool:
        text = texts_of(content)
        return (
            0.1 <= float(row["pixel_size_m"]) <= 1000
            and all(1 <= int(row[name]) <= 10**6 for name in ("height_px", "width_px"))
            and all(row[name] in text.replace("+", "") for name in ("height_px", "width_px"))
        )

    maker = TableMaker(
        SIZE_COLUMNS,
        "glacier",
        0,
        [],
        ["pixel_size_m"],
        ["height_px", "width_px", "resolution_tag_m"],
    )
    run(maker, sound, read, check, folder, 0.25)


def test_split_lists(folder: Path) -> None:
    subsets = ("train", "validation", "test")

    def sound(seed: int) -> list[dict[str, str]]:
        return [
            {"caffe_name": f"S{seed}-{k}", "split": subsets[k % 3]} for k in range(1 + seed % 5)
        ]

    def read(path: Path) -> list[dict[str, str]]:
        table = read_lists(path, "caffe_name", "split").table
        return [
            {"caffe_name": row["scene"], "split": row["subset"]} for row in table.to_dict("records")
        ]

    def check(row: dict[str, str], content: bytes) -> bool:
        text = texts_of(content)
        return row["split"] in subsets and row["caffe_name"] in text and row["caffe_name"] != ""

    run(TableMaker(("caffe_name", "split"), "caffe_name", 0), sound, read, check, folder, 0.3)
