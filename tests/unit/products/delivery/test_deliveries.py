"""Each product is found in the forms in which its agency delivers it, and as people keep it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import ceos_images
import simulated_images as images
from calvingfront.errors import ProductError
from calvingfront.products.delivery import finding
from calvingfront.products.delivery.finding import place_of
from calvingfront.products.delivery.packed import archive_at
from calvingfront.products.delivery.unpacking import unpack_product, unpacked_headers
from calvingfront.products.registry import open_product
from calvingfront.simulation.product_writers import ers_ceos, palsar, radarsat1
from calvingfront.simulation.product_writers.envisat import write_envisat
from calvingfront.simulation.product_writers.terrasar import write_terrasar
from packed_products import eo_sip, gzip_of, tar_of, zip_of
from sentinel1_files import write_sentinel1, zip_safe

Pack = Callable[[Path, Path], Path]


def ceos_folder(kind: str) -> Callable[[Path], Path]:
    """A writer of a CEOS folder."""
    writers = {"ERS": ers_ceos.write, "RSAT": radarsat1.write, "PALSAR": palsar.write}

    def write(folder: Path) -> Path:
        product = folder / "E1_12345"
        product.mkdir()
        writers[kind](ceos_images.radar_image(kind, is_complex=True), product)
        return product

    return write


WRITERS: dict[str, Callable[[Path], Path]] = {
    "ERS": ceos_folder("ERS"),
    "RSAT": ceos_folder("RSAT"),
    "PALSAR": ceos_folder("PALSAR"),
    "ASAR": lambda folder: write_envisat(images.envisat_image(), folder),
    "ERS.E2": lambda folder: write_envisat(images.envisat_image("IMP", "ERS-2"), folder),
    "SSC": lambda folder: write_terrasar(images.terrasar_image("SSC"), folder),
    "MGD": lambda folder: write_terrasar(images.terrasar_image("MGD", "TDX"), folder),
    "S1": write_sentinel1,
}
FOLDERS = [name for name in WRITERS if name not in ("ASAR", "ERS.E2")]
FILES = ["ASAR", "ERS.E2"]


def moved(product: Path, *into: str) -> Path:
    """Move a product into new folders; return the outermost."""
    place = product.parent.joinpath(*into)
    place.mkdir(parents=True)
    product.rename(place / product.name)
    return product.parent / into[0]


def dims(product: Path, folder: Path) -> Path:
    """The tree of DLR's EOWEB."""
    order = moved(product, "dims_op_oc_dfd2_371_1", "TSX-1.SAR.L1B")
    (order / "readme.html").write_text("<html/>")
    (order / "iif").mkdir()
    (order / "iif" / "order_iif.xml").write_text("<?xml version='1.0'?><gsmetadata/>")
    return order


def compact_disc(product: Path, folder: Path) -> Path:
    """A CD of ESA: the volume directory at the top, the product in SCENE1."""
    disc = folder / "CD"
    disc.mkdir()
    product.rename(disc / "SCENE1")
    for file in (disc / "SCENE1").glob("VDF*"):
        file.rename(disc / file.name)
    return disc


def order_of_sips(product: Path, folder: Path) -> Path:
    """An order: an archive with one EO-SIP, which holds the product."""
    (folder / "order").mkdir()
    if product.is_dir():
        zip_of(product, folder / "order" / f"{product.name}.SIP.ZIP")
    else:
        eo_sip(product, folder / "order" / f"{product.name}.SIP.ZIP")
    return tar_of(folder / "order", folder / "order.tar")


FORMS: list[tuple[str, list[str], Pack]] = [
    ("itself", list(WRITERS), lambda product, _: product),
    ("a folder above", list(WRITERS), lambda product, _: moved(product, "raw")),
    ("three folders above", list(WRITERS), lambda product, _: moved(product, "a", "b", "c")),
    ("zip", FOLDERS, lambda product, folder: zip_of(product, folder / "p.zip")),
    (
        "zip without a folder",
        FOLDERS,
        lambda product, folder: zip_of(product, folder / "p.ZIP", ""),
    ),
    ("tar", FOLDERS, lambda product, folder: tar_of(product, folder / "p.tar")),
    ("tar.gz", FOLDERS, lambda product, folder: tar_of(product, folder / "p.tar.gz")),
    ("tgz", FOLDERS, lambda product, folder: tar_of(product, folder / "p.tgz")),
    ("gz", FILES, lambda product, folder: gzip_of(product, folder / f"{product.name}.gz")),
    ("EO-SIP", FILES, lambda product, folder: eo_sip(product, folder / "SIP.ZIP")),
    ("an order of EO-SIPs", list(WRITERS), order_of_sips),
    ("dims", ["SSC", "MGD"], dims),
    ("dims.tar.gz", ["SSC"], lambda p, f: tar_of(dims(p, f), f / "dims.tar.gz")),
    ("CD", ["ERS"], compact_disc),
    ("its volume directory", ["ERS"], lambda p, f: next(compact_disc(p, f).glob("VDF*"))),
    ("as downloaded", ["S1"], lambda product, _: zip_safe(product)),
    ("manifest", ["S1"], lambda product, _: product / "manifest.safe"),
    ("a folder with its archive", ["S1"], lambda p, f: moved(zip_safe(p), "raw")),
]
CASES = [(form, kind, pack) for form, kinds, pack in FORMS for kind in kinds]


@pytest.mark.parametrize(
    ("kind", "pack"), [case[1:] for case in CASES], ids=[f"{case[1]}, {case[0]}" for case in CASES]
)
def test_a_product_is_the_same_in_every_packaging(tmp_path: Path, kind: str, pack: Pack) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "packed").mkdir()
    plain = open_product(WRITERS[kind](tmp_path / "plain"))
    source = WRITERS[kind](tmp_path / "packed")
    path = pack(source, tmp_path / "packed")
    if path != source and path.suffix and source.exists() and path.is_file():
        assert path.is_relative_to(source) or archive_at(path)
    found = open_product(path)
    said = [(p.format, p.level, p.acquired, p.shape, p.polarisation) for p in (plain, found)]
    assert said[0] == said[1]
    lines = plain.shape[0]
    assert np.array_equal(plain.pixels.read(0, lines), found.pixels.read(0, lines))
    with unpacked_headers(path, tmp_path / "check") as place:
        headers = open_product(place)
    assert (headers.mission, headers.acquired) == (plain.mission, plain.acquired)
    assert not list(tmp_path.glob("check/*"))


def test_two_products_are_named_and_one_of_them_can_be_chosen(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / "raw" / name).mkdir(parents=True)
    first = write_envisat(images.envisat_image(), tmp_path / "raw" / "a")
    write_terrasar(images.terrasar_image(), tmp_path / "raw" / "b").rename(tmp_path / "raw/b/T")
    said = f"raw: holds 2 products \\(a/{first.name}, b/T\\). Name one of them"
    with pytest.raises(ProductError, match=said):
        open_product(tmp_path / "raw")
    assert archive_at(tmp_path / "raw") is None
    assert open_product(tmp_path / "raw" / "b").format == "TerraSAR-X"
    archive = tar_of(tmp_path / "raw", tmp_path / "raw.tar")
    said = rf"raw.tar: holds 2 products \(raw/a/{first.name}, raw/b/T\). Unpack it and name one"
    with pytest.raises(ProductError, match=said):
        open_product(archive)
    with pytest.raises(ProductError, match=said):
        unpack_product(archive, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_product_beside_the_archive_of_another_is_ambiguous_but_not_beside_its_own(
    tmp_path: Path,
) -> None:
    safe = write_sentinel1(tmp_path)
    archive = zip_safe(safe)
    assert place_of(tmp_path).path == safe
    folder = tmp_path / "asar"
    folder.mkdir()
    product = WRITERS["ASAR"](folder)
    gzip_of(product, folder / f"{product.name}.gz")
    (folder / "again").symlink_to(folder)
    assert place_of(folder).path == product
    shutil.rmtree(folder)
    archive.rename(tmp_path / "another.zip")
    with pytest.raises(ProductError, match=rf"holds 2 products \({safe.name}, another.zip\)"):
        open_product(tmp_path)


def test_two_leaders_and_two_annotations_of_one_folder_are_told_apart(tmp_path: Path) -> None:
    folder = WRITERS["ERS"](tmp_path)
    for name in ("LEA", "DAT"):
        shutil.copy(folder / f"{name}_01.001", folder / f"{name}_02.001")
    with pytest.raises(ProductError, match=r"holds 2 leader files \(LEA_01.001, LEA_02.001\)"):
        open_product(folder.parent)
    assert open_product(folder / "DAT_02.001").files[1] == folder / "DAT_02.001"
    product = write_terrasar(images.terrasar_image(), tmp_path)
    (main,) = product.glob("*.xml")
    shutil.copy(main, product / "second.xml")
    with pytest.raises(ProductError, match=r"holds 2 products \(.*, second.xml\)"):
        open_product(product)
    assert open_product(product / "second.xml").format == "TerraSAR-X"


def test_what_is_no_product_is_said_of_the_archive(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "readme.txt").write_text("hello")
    archive = zip_of(tmp_path / "notes", tmp_path / "notes.zip")
    with pytest.raises(ProductError, match=r"notes\.zip: contains no product.*a folder with notes"):
        open_product(archive)
    product = WRITERS["ERS"](tmp_path)
    (product / "DAT_01.001").unlink()
    archive = zip_of(product, tmp_path / "ers.zip")
    with pytest.raises(ProductError) as caught:
        open_product(archive)
    assert caught.value.where == f"{archive}/{product.name}"


def test_a_folder_of_thousands_of_files_is_not_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "MOST_ENTRIES", 3)
    for name in "abcd":
        (tmp_path / name).write_text("x")
    with pytest.raises(ProductError, match="more than 3 files and folders"):
        open_product(tmp_path)


def test_a_part_of_a_product_is_refused_with_the_product(tmp_path: Path) -> None:
    safe, tsx = write_sentinel1(tmp_path), write_terrasar(images.terrasar_image(), tmp_path)
    ers = WRITERS["ERS"](tmp_path)
    (ers / "readme.txt").write_text("hello")
    for part, product in (
        (next(safe.glob("measurement/*.tiff")), safe),
        (safe / "annotation" / "calibration", safe),
        (next(tsx.glob("IMAGEDATA/*")), tsx),
        (ers / "readme.txt", ers),
    ):
        with pytest.raises(ProductError, match="is not a product of a known format") as caught:
            open_product(part)
        assert caught.value.remedy.startswith(f"Give {product}, if it is a part of that product.")
