"""RADARSAT-1 of the CDPF: records in the trailer file, and levels that cannot be geocoded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from calvingfront.errors import ProductError
from calvingfront.products.ceos.product import TYPE_AT as SUMMARY_TYPE_AT
from calvingfront.products.ceos.product import with_trailer
from calvingfront.products.ceos.radarsat1 import TYPE_AT
from calvingfront.products.ceos.records import Leader
from calvingfront.products.checks import check_product
from calvingfront.products.registry import open_product
from calvingfront.simulation.product_writers import ers_ceos
from calvingfront.simulation.product_writers import radarsat1 as writer
from ceos_images import radar_image
from further_products import to_trailer


@pytest.mark.parametrize("is_complex", [False, True])
@pytest.mark.parametrize("name", ["TRA_01.001", "tra_01.001"])
def test_a_processing_record_in_the_trailer_is_read(
    name: str, is_complex: bool, tmp_path: Path
) -> None:
    leader = writer.write(radar_image("RSAT", is_complex=is_complex), tmp_path)
    before = open_product(tmp_path)
    to_trailer(leader, name)
    after = open_product(tmp_path)
    assert check_product(after) == []
    assert (after.level, after.beam) == (before.level, before.beam)
    assert after.format == "RADARSAT-1 CEOS (CDPF)"
    line, sample = np.array([0.0, 59.0]), np.array([0.0, 46.0])
    for of in (before, after):
        time = of.geometry.azimuth.time(line)
        found = of.geometry.range.slant_range(sample, time)
        assert found == pytest.approx(before.geometry.range.slant_range(sample, time), abs=1e-9)


def test_without_the_record_the_missing_trailer_is_told(tmp_path: Path) -> None:
    leader = writer.write(radar_image("RSAT", is_complex=False), tmp_path)
    to_trailer(leader, "TRA_01.001").unlink()
    with pytest.raises(ProductError, match="nor has a trailer file beside it"):
        open_product(tmp_path)


def test_the_trailer_of_another_product_is_not_taken(tmp_path: Path) -> None:
    leader = writer.write(radar_image("RSAT", is_complex=False), tmp_path)
    to_trailer(leader, "TRA_02.001")
    assert not with_trailer(Leader.open(leader)).all_of(120)


@pytest.mark.parametrize("level", ["SCN", "SCW", "SSG", "SPG"])
def test_a_level_that_cannot_be_geocoded_is_refused_by_name(level: str, tmp_path: Path) -> None:
    leader = writer.write(radar_image("RSAT", is_complex=False), tmp_path)
    set_type(leader, level)
    with pytest.raises(ProductError, match=f"is {level}, .*SGF or SLC"):
        open_product(tmp_path)


@pytest.mark.parametrize(("level", "read"), [("SGX", "SGX"), ("   ", "SGF"), ("???", "SGF")])
def test_other_ground_range_levels_are_read(level: str, read: str, tmp_path: Path) -> None:
    leader = writer.write(radar_image("RSAT", is_complex=False), tmp_path)
    set_type(leader, level)
    assert open_product(tmp_path).level == read


def set_type(leader: Path, level: str) -> None:
    content, offset = bytearray(leader.read_bytes()), 0
    for record in Leader.open(leader).records:
        if record.code[1] == 120:
            content[offset + TYPE_AT - 1 : offset + TYPE_AT + 2] = level.encode()
        offset += len(record.content)
    leader.write_bytes(content)


@pytest.mark.parametrize(
    ("mission", "name", "words"),
    [
        ("ERS", "SAR RAW SIGNAL DATA", "raw data. Order the scene as SLC or PRI"),
        ("ERS", "SAR ELLIPSOID GEOCODED IMAGE", "a map already. Order the scene as SLC or PRI"),
        ("RSAT", "SCANSAR WIDE", "ScanSAR, .*SGF or SLC"),
        ("RSAT", "SYSTEMATIC GEOCODED UTM", "a map already"),
    ],
)
def test_a_product_type_that_is_no_image_is_refused_by_name(
    mission: str, name: str, words: str, tmp_path: Path
) -> None:
    write = {"ERS": ers_ceos.write, "RSAT": writer.write}[mission]
    leader = write(radar_image(mission, is_complex=False), tmp_path)
    content = bytearray(leader.read_bytes())
    start = len(Leader.open(leader).records[0].content) + SUMMARY_TYPE_AT - 1
    content[start : start + 32] = name.ljust(32).encode()
    leader.write_bytes(content)
    with pytest.raises(ProductError, match=f"is '{name}', {words}"):
        open_product(tmp_path)
