"""Formats are found by content."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import simulated_images as images
from calvingfront.errors import ProductError
from calvingfront.products.registry import FORMATS, format_modules, open_product
from calvingfront.simulation.product_writers.envisat import write_envisat
from calvingfront.simulation.product_writers.terrasar import write_terrasar


def test_each_product_is_recognised_by_one_format_only(product_path: Path) -> None:
    recognised = [module.FORMAT for module in format_modules() if module.recognises(product_path)]
    assert recognised == [open_product(product_path).format]


def test_names_do_not_matter(tmp_path: Path) -> None:
    envisat = write_envisat(images.envisat_image(), tmp_path)
    renamed = tmp_path / "scene.zip"
    shutil.copy(envisat, renamed)
    assert open_product(renamed).format == "Envisat"
    folder = write_terrasar(images.terrasar_image(), tmp_path)
    shutil.move(folder, tmp_path / "image.N1")
    (main,) = (tmp_path / "image.N1").glob("*.xml")
    main.rename(main.with_name("a.xml"))
    assert open_product(tmp_path / "image.N1").format == "TerraSAR-X"


@pytest.mark.parametrize("content", [b"", b"PK", b"PRODUCT=", b"\0" * 100, b"<xml>"])
def test_an_unknown_file_is_refused_with_what_is_readable_and_what_was_found(
    content: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "ASA_IMS_1P.N1"
    path.write_bytes(content)
    with pytest.raises(ProductError) as caught:
        open_product(path)
    for module in format_modules():
        assert module.FORMAT in caught.value.remedy
    assert f"{len(content)} bytes" in caught.value.what
    assert repr(content[:16]) in caught.value.what


@pytest.mark.parametrize("content", [b"PK\x03\x04", b"\x1f\x8b\x08"])
def test_a_damaged_archive_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "ers.zip").write_bytes(content + bytes(100))
    with pytest.raises(ProductError, match=r"ers\.zip: (is damaged|cannot be unpacked).*again"):
        open_product(tmp_path / "ers.zip")


def test_an_unknown_folder_is_refused_with_what_it_holds(tmp_path: Path) -> None:
    for name in "abcdefg":
        (tmp_path / name).touch()
    with pytest.raises(ProductError, match="a, b, c, d, e and 2 more"):
        open_product(tmp_path)


@pytest.mark.parametrize("name", ["missing", "nul\0byte", "x" * 5000])
def test_a_path_that_is_not_there_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ProductError):
        open_product(tmp_path / name)


def test_every_listed_module_offers_the_same_three_things() -> None:
    assert len(set(FORMATS)) == len(format_modules())
    for module in format_modules():
        assert module.FORMAT
        assert callable(module.recognises)
        assert callable(module.read)
