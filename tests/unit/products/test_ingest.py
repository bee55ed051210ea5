"""Ingesting: the header must agree with the scene table, and metadata lead back to the pixels."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import simulated_images as images
from calvingfront.errors import Faults, OrbitError, ProductError
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
