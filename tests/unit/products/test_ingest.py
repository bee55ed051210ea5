"""Ingesting: the header must agree with the scene table, and metadata lead back to the pixels."""

from __future__ import annotations

import json
import struct
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

import simulated_images as images
from calvingfront.errors import Faults, OrbitError, ProductError
from calvingfront.products.envisat.header import read_header
from calvingfront.products.envisat.records import (
    ORBIT,
    ORBIT_VECTOR_BYTES,
    PROCESSING,
    PROCESSING_BYTES,
)
from calvingfront.products.ingest import ingest_product, open_ingested
from calvingfront.products.registry import open_product
from calvingfront.simulation.product_writers.envisat import write_envisat


@pytest.fixture
def product(tmp_path: Path) -> Path:
    return write_envisat(images.envisat_image(), tmp_path)


def ingest(product: Path, output: Path, **changes: str) -> Path:
    opened = open_product(product)
    table = {"mission": opened.mission, "acquired": opened.acquired.date().isoformat()}
    ingest_product(product, output, **(table | changes))
    return output


def test_pixels_come_with_the_metadata(product: Path, tmp_path: Path) -> None:
    scene = open_ingested(ingest(product, tmp_path / "product.json"))
    opened = open_product(product)
    assert scene.orbit.source == opened.orbit.source
    np.testing.assert_array_equal(scene.pixels.read(3, 5), opened.pixels.read(3, 5))


def test_a_record_names_its_product(product: Path, tmp_path: Path) -> None:
    record = tmp_path / "record.json"
    record.write_text(json.dumps({"product": product.name}), encoding="utf-8")
    opened = open_product(product)
    ingest_product(record, tmp_path / "p.json", opened.mission, str(opened.acquired.date()))
    assert open_ingested(tmp_path / "p.json").path == product


def test_mission_and_day_of_the_table_must_be_the_products(product: Path, tmp_path: Path) -> None:
    with pytest.raises(Faults) as caught:
        ingest(product, tmp_path / "p.json", mission="TSX", acquired="1999-01-02")
    text = str(caught.value)
    assert "was acquired by ENVISAT, but the scene table says TSX" in text
    assert "the scene table says 1999-01-02" in text
    assert not (tmp_path / "p.json").exists()


def test_an_orbit_file_of_another_time_is_refused(product: Path, tmp_path: Path) -> None:
    (tmp_path / "orbit.txt").write_bytes(b"no orbit")
    with pytest.raises(OrbitError, match=r"orbit\.txt"):
        ingest(product, tmp_path / "p.json", orbit_file=str(tmp_path / "orbit.txt"))


def test_a_product_that_changed_since_is_refused(product: Path, tmp_path: Path) -> None:
    path = ingest(product, tmp_path / "p.json")
    content = json.loads(path.read_text(encoding="utf-8"))
    content["lines"] -= 1
    del content["crc32"]
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ProductError, match="when it was ingested"):
        open_ingested(path)


def doris_for(product: Path, path: Path) -> Path:
    """A DORIS orbit of the product's own, with a vector a minute around it."""
    opened = open_product(product)
    minutes = 60.0 * np.arange(-10, 11)
    orbit = images.circular_orbit(minutes - 4.0, datetime(2006, 3, 5, 13, 1, 2, 123456))
    lines = []
    for seconds, state in zip(
        minutes, np.hstack([orbit.positions_m, orbit.velocities_m_s]), strict=True
    ):
        moment = (opened.orbit.epoch + timedelta(seconds=seconds)).strftime("%d-%b-%Y %H:%M:%S.%f")
        numbers = " ".join(f"{value:+.6f}" for value in state)
        lines.append(f"{moment.upper()} -.36 +31832 {numbers} 3\n")
    body = "".join(lines)
    header = (
        'PRODUCT="DOR_VOR"\nDS_NAME="DORIS PRECISE ORBIT     "\n'
        f"DS_OFFSET=+{200:020d}<bytes>\nDS_SIZE=+{len(body):020d}<bytes>\n"
        f"NUM_DSR=+{len(lines):010d}\n"
    )
    path.write_text(header.ljust(199) + "\n" + body)
    return path


def test_how_well_the_vectors_agree_is_recorded(product: Path, tmp_path: Path) -> None:
    notes = open_ingested(ingest(product, tmp_path / "p.json")).notes
    (note,) = [note for note in notes if "state vectors (annotation) lie 0.00" in note]
    assert "which shifts the image by 0.0" in note


def test_vectors_that_are_too_noisy_are_told_unless_an_orbit_file_takes_their_place(
    product: Path, tmp_path: Path
) -> None:
    content = bytearray(product.read_bytes())
    first = read_header(product).data_set(PROCESSING, PROCESSING_BYTES, most=10).offset_bytes
    for k, noise_cm in enumerate((330, -340, 340, -340, 330)):
        at = first + ORBIT + k * ORBIT_VECTOR_BYTES + 12
        (x_cm,) = struct.unpack_from(">i", content, at)
        struct.pack_into(">i", content, at, x_cm + noise_cm)
    product.write_bytes(bytes(content))
    with pytest.raises(Faults, match=r"shift the image by about \d+\.\d m"):
        ingest(product, tmp_path / "p.json")
    path = doris_for(product, tmp_path / "DOR")
    scene = open_ingested(ingest(product, tmp_path / "p.json", orbit_file=str(path)))
    assert scene.orbit.source == "DOR"
