"""Archives are unpacked whole or not at all, and no more often than needed."""

from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path

import pytest

import simulated_images as images
from calvingfront.errors import ProductError
from calvingfront.products import registry
from calvingfront.products.delivery import archives, headers, unpacking
from calvingfront.products.delivery.archives import unpack
from calvingfront.products.delivery.headers import Headers
from calvingfront.products.delivery.packed import archive_at
from calvingfront.products.delivery.unpacking import (
    Temporary,
    unpack_delivery,
    unpack_product,
    unpacked_headers,
)
from calvingfront.products.registry import open_product
from calvingfront.simulation.product_writers.envisat import write_envisat
from calvingfront.simulation.product_writers.terrasar import write_terrasar
from packed_products import eo_sip, gzip_of, tar_of, zip_of
from sentinel1_files import write_sentinel1, zip_safe


@pytest.fixture
def product(tmp_path: Path) -> Path:
    """A product that is one file."""
    return write_envisat(images.envisat_image(), tmp_path)


@pytest.fixture
def unpackings(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The archives that are unpacked."""
    done: list[Path] = []

    def counting(archive: Path, *arguments: object) -> None:
        done.append(archive)
        unpack(archive, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(unpacking, "unpack", counting)
    return done


def test_the_folder_appears_when_it_is_whole(
    tmp_path: Path, product: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job that is killed leaves a hidden folder, which the next one removes."""
    archive = gzip_of(product, tmp_path / f"{product.name}.gz")
    target = tmp_path / "out"

    def killed(*_: object) -> None:
        raise SystemExit(9)

    with monkeypatch.context() as patched:
        patched.setattr(unpacking.shutil, "rmtree", lambda *_, **__: None)
        patched.setattr(unpacking, "products_below", killed)
        patched.setattr(unpacking, "_is_packed", lambda _: True)
        with pytest.raises(SystemExit):
            unpack_delivery(archive, target)
    assert (tmp_path / ".out.part" / product.name).exists()
    assert not target.exists()
    unpack_product(archive, target)
    assert [path.name for path in target.iterdir()] == [product.name]
    assert not (tmp_path / ".out.part").exists()


def test_archives_in_an_archive_are_unpacked_only_if_it_holds_no_product(
    tmp_path: Path, product: Path, unpackings: list[Path]
) -> None:
    (tmp_path / "order").mkdir()
    eo_sip(product, tmp_path / "order" / "A.SIP.ZIP")
    order = tar_of(tmp_path / "order", tmp_path / "order.tar")
    unpack_delivery(order, tmp_path / "out")
    assert [path.name for path in unpackings] == ["order.tar", "A.SIP.ZIP"]
    assert (tmp_path / "out/order/A.SIP.ZIP.unpacked" / product.name).is_file()
    assert not (tmp_path / "out/order/A.SIP.ZIP").exists()
    shutil.move(product, tmp_path / "order" / product.name)
    unpack_delivery(tar_of(tmp_path / "order", tmp_path / "both.tar"), tmp_path / "both")
    assert len(unpackings) == 3
    assert (tmp_path / "both/order/A.SIP.ZIP").is_file()


def test_a_faulty_archive_in_an_archive_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "order").mkdir()
    (tmp_path / "order" / "a.zip").write_bytes(b"PK\x03\x04nothing")
    order = tar_of(tmp_path / "order", tmp_path / "order.tar")
    before = set(tmp_path.iterdir())
    with pytest.raises(ProductError, match=r"a\.zip: is damaged"):
        unpack_product(order, tmp_path / "out")
    assert set(tmp_path.iterdir()) == before


def test_an_archive_of_more_than_the_stated_limit_is_refused_before_it_is_written(
    tmp_path: Path, product: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MOST_BYTES", product.stat().st_size - 1)
    (tmp_path / "p").mkdir()
    shutil.move(product, tmp_path / "p")
    for archive in (
        tar_of(tmp_path / "p", tmp_path / "p.tar"),
        zip_of(tmp_path / "p", tmp_path / "p.zip"),
    ):
        with pytest.raises(ProductError, match="unpacks to more than"):
            unpack(archive, tmp_path / "out")
        assert not (tmp_path / "out").exists()


def test_headers_are_read_without_the_pixels(tmp_path: Path) -> None:
    """The image of a Sentinel-1 or TerraSAR-X product is an empty file there."""
    tsx = write_terrasar(images.terrasar_image("SSC"), tmp_path)
    for archive in (zip_safe(write_sentinel1(tmp_path)), tar_of(tsx, tmp_path / "tsx.tgz")):
        with unpacked_headers(archive, tmp_path / "check") as place:
            files = open_product(place).files
            assert place.is_relative_to(tmp_path / "check")
            assert files[-1].stat().st_size == 0
            assert all(file.stat().st_size for file in files[:-1])
        assert not place.exists()


def test_errors_in_a_header_name_the_archive(tmp_path: Path) -> None:
    safe = write_sentinel1(tmp_path)
    (annotation,) = safe.glob("annotation/*.xml")
    annotation.write_text("<product/>")
    archive = zip_safe(safe)
    for opening in (open_product, Headers(tmp_path / "results").of):
        with pytest.raises(ProductError) as caught:
            opening(archive)
        assert caught.value.where.startswith(f"{archive}/{safe.name}/annotation/")


def test_what_headers_say_is_remembered_by_content(
    tmp_path: Path, product: Path, unpackings: list[Path]
) -> None:
    results = tmp_path / "results"
    results.mkdir()
    archive = eo_sip(product, tmp_path / "a.ZIP")
    said = Headers(results).of(archive)
    assert said == ("ENVISAT", "2006-03-05")
    shutil.copy(archive, tmp_path / "b.zip")
    assert Headers(results).of(tmp_path / "b.zip") == said
    assert Headers(results).of(archive, "HH") == said  # another image of it
    assert unpackings == [archive, archive]
    with zipfile.ZipFile(archive, "a") as target:
        target.writestr("readme.txt", "delivered again")
    assert Headers(results).of(archive) == said
    assert len(unpackings) == 3
    (results / "check" / headers.FILE).write_text("damaged")
    assert Headers(results).of(archive) == said
    assert len(unpackings) == 4
    assert Headers(None).of(product) == said
    assert len(unpackings) == 4


def test_an_archive_is_unpacked_once_in_a_process_until_it_changes(
    tmp_path: Path, product: Path, unpackings: list[Path]
) -> None:
    archive = gzip_of(product, tmp_path / f"{product.name}.gz")
    temporary = Temporary()
    assert temporary.of(archive) == temporary.of(archive)
    assert len(unpackings) == 1
    os.utime(archive, (1, 1))
    temporary.of(archive)
    assert len(unpackings) == 2
    folder = temporary.of(archive).parent
    del temporary
    assert not folder.exists()
    assert registry._UNPACKED.of(archive).is_dir()


def test_what_is_packed_is_seen_without_opening_it(
    tmp_path: Path, product: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = gzip_of(product, tmp_path / f"{product.name}.gz")
    tsx = write_terrasar(images.terrasar_image("SSC"), tmp_path)
    (tmp_path / "raw").mkdir()
    shutil.copy(archive, tmp_path / "raw" / "p.gz")
    assert archive_at(tmp_path / "raw") == tmp_path / "raw" / "p.gz"
    monkeypatch.setattr("calvingfront.products.delivery.finding.place_of", None)
    assert archive_at(archive) == archive
    assert archive_at(product) is None
    assert archive_at(tsx) is None
    assert archive_at(tmp_path / "nothing") is None
