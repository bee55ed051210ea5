"""product.json brings back all that geocoding needs, bit for bit."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from calvingfront.errors import CalvingFrontError, DamagedFileError, ProductError
from calvingfront.products.product_json import read_product_json, write_product_json
from calvingfront.products.registry import open_product


def assert_same(left: object, right: object, name: str = "") -> None:
    if is_dataclass(left) and not isinstance(left, type):
        assert type(left) is type(right), name
        for field in fields(left):
            if field.name not in ("pixels", "ground_points"):
                here = f"{name}.{field.name}"
                assert_same(getattr(left, field.name), getattr(right, field.name), here)
    elif isinstance(left, np.ndarray):
        assert isinstance(right, np.ndarray)
        assert left.dtype == right.dtype, name
        assert np.array_equal(left, right), name
    elif isinstance(left, float) and np.isnan(left):
        assert np.isnan(right), name
    else:
        assert left == right, name


def test_the_round_trip_changes_no_bit(product_path: Path, tmp_path: Path) -> None:
    product = open_product(product_path)
    write_product_json(tmp_path / "product.json", product)
    again = read_product_json(tmp_path / "product.json")
    assert_same(product, again)
    assert again.ground_points is None
    with pytest.raises(ProductError, match="Open the product itself"):
        again.pixels.read(0, 1)


def test_an_unknown_mean_height_comes_back_as_nan(product_path: Path, tmp_path: Path) -> None:
    product = replace(open_product(product_path), mean_height_m=float("nan"))
    write_product_json(tmp_path / "product.json", product)
    assert "NaN" not in (tmp_path / "product.json").read_text()
    assert_same(product, read_product_json(tmp_path / "product.json"))


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.pop("orbit"),
        lambda content: content.update(version=99),
        lambda content: content["orbit"].update(times_s=[[1.0]]),
        lambda content: content["orbit"].update(epoch="yesterday"),
        lambda content: content.update(geometry=None),
        lambda content: content.update(lines="many"),
    ],
)
def test_a_damaged_file_is_refused(product_path: Path, tmp_path: Path, change) -> None:
    path = tmp_path / "product.json"
    write_product_json(path, open_product(product_path))
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    with pytest.raises(DamagedFileError, match="does not match its checksum"):
        read_product_json(path)
    del content["crc32"]  # as in a file of an earlier version
    path.write_text(json.dumps(content))
    with pytest.raises(CalvingFrontError, match=r"ingest_product|`rm .*product\.json`"):
        read_product_json(path)


@pytest.mark.parametrize("text", ["", "[]", "{", "3"])
def test_a_file_that_is_none_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "product.json"
    path.write_text(text)
    with pytest.raises(DamagedFileError):
        read_product_json(path)
