"""What is found among files, folders and archives, and what is said of the rest."""

from __future__ import annotations

import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest

import simulated_images as images
from calvingfront.errors import ProductError
from calvingfront.locating.inputs.finding import Found, find_product, find_scenes
from calvingfront.locating.inputs.geocoding import Work
from calvingfront.simulation.product_writers.envisat import write_envisat
from calvingfront.simulation.product_writers.terrasar import write_terrasar
from sentinel1_files import write_sentinel1


def find(*paths: Path, work: Path) -> tuple[list[Found], list[str]]:
    found, faults = find_scenes(paths, Work(work).unpacked)
    return found, [str(fault) for fault in faults]


def names(found: list[Found]) -> list[tuple[str, str | None]]:
    return [(each.name, each.format) for each in found]


def tar_of(folder: Path, archive: Path) -> Path:
    with tarfile.open(archive, "w:gz" if archive.suffix != ".tar" else "w") as target:
        target.add(folder, folder.name)
    return archive


@pytest.fixture
def folder(tmp_path: Path, image: Path) -> Path:
    """An image, two products, an archive with one, and what is none of these."""
    folder = tmp_path / "mixed"
    folder.mkdir()
    shutil.copy(image, folder / "b.tif")
    write_envisat(images.envisat_image(), folder).rename(folder / "c.N1")
    write_terrasar(images.terrasar_image("MGD"), folder).rename(folder / "d")
    inside = tmp_path / "inside" / "wrapped"
    inside.mkdir(parents=True)
    write_envisat(images.envisat_image("IMP", "ERS-2"), inside).rename(inside / "e.E2")
    tar_of(inside.parent, folder / "a.tgz")
    (folder / "readme.txt").write_text("hello")
    (folder / "._b.tif").write_bytes(b"II*\0")
    (folder / ".hidden.N1").write_bytes((folder / "c.N1").read_bytes())
    (folder / "more").mkdir()
    shutil.copy(image, folder / "more" / "x.tif")
    return folder


def test_a_folder_stands_for_the_images_products_and_archives_in_it(
    folder: Path, tmp_path: Path
) -> None:
    found, faults = find(folder, work=tmp_path / "work")
    assert not faults
    assert names(found) == [
        ("e", "Envisat"), ("b", None), ("c", "Envisat"), ("d", "TerraSAR-X"),
    ]  # fmt: skip
    assert found[0].origin == folder / "a.tgz"
    assert found[0].path.is_relative_to(tmp_path / "work")


def test_a_folder_that_is_a_product_counts_as_the_product(tmp_path: Path) -> None:
    product = write_terrasar(images.terrasar_image("SSC"), tmp_path)
    safe = write_sentinel1(tmp_path)
    found, faults = find(product, safe, work=tmp_path / "work")
    assert not faults
    assert names(found) == [
        (product.name, "TerraSAR-X"), (safe.name.removesuffix(".SAFE"), "Sentinel-1"),
    ]  # fmt: skip


def test_a_folder_around_one_sentinel_1_product_also_stands_for_what_lies_beside_it(
    tmp_path: Path, image: Path
) -> None:
    """The reader would take the folder itself for the product."""
    around = tmp_path / "downloads"
    around.mkdir()
    write_sentinel1(around)
    shutil.copy(image, around / "b.tif")
    found, faults = find(around, work=tmp_path / "work")
    assert not faults
    assert {kind for _, kind in names(found)} == {None, "Sentinel-1"}


def test_a_download_folder_stands_for_the_products_in_the_trees_of_its_orders(
    tmp_path: Path, image: Path
) -> None:
    for order, level in (("dims_1", "SSC"), ("dims_2", "MGD")):
        tree = tmp_path / "downloads" / order / "TSX-1.SAR.L1B"
        tree.mkdir(parents=True)
        write_terrasar(images.terrasar_image(level), tree).rename(tree / level)
    shutil.copy(image, tmp_path / "downloads" / "dims_1" / "quicklook.tif")
    found, faults = find(tmp_path / "downloads", work=tmp_path / "work")
    assert (names(found), faults) == ([("SSC", "TerraSAR-X"), ("MGD", "TerraSAR-X")], [])
    one = tmp_path / "downloads" / "dims_2"
    assert find_product(one, Work(tmp_path / "other").unpacked).path.name == "MGD"


@pytest.mark.parametrize("suffix", ["zip", "tar", "tar.gz", "tgz"])
def test_each_product_and_image_of_an_archive_is_a_scene(
    folder: Path, tmp_path: Path, suffix: str
) -> None:
    (folder / "a.tgz").unlink()
    archive = tmp_path / f"all.{suffix}"
    if suffix == "zip":
        with zipfile.ZipFile(archive, "w") as target:
            for path in sorted(folder.rglob("*")):
                target.write(path, path.relative_to(tmp_path))
    else:
        tar_of(folder, archive)
    found, faults = find(archive, archive, work=tmp_path / "work")
    assert not faults
    once = [("b", None), ("c", "Envisat"), ("d", "TerraSAR-X"), ("x", None)]
    assert names(found) == [(f"all_{name}", kind) for name, kind in once * 2]
    assert found[0].path == found[4].path  # unpacked once
    assert len(list((tmp_path / "work" / "archives").iterdir())) == 1


def test_a_product_at_the_top_of_an_archive_is_named_after_the_archive(
    product: Path, tmp_path: Path
) -> None:
    source = write_terrasar(images.terrasar_image("MGD"), tmp_path)
    with zipfile.ZipFile(tmp_path / "order_17.zip", "w") as target:
        for path in sorted(source.rglob("*")):
            target.write(path, path.relative_to(source))
    found, faults = find(tmp_path / "order_17.zip", work=tmp_path / "work")
    assert not faults
    assert names(found) == [("order_17", "TerraSAR-X")]


def test_products_of_one_name_in_several_archives_are_told_apart(
    product: Path, tmp_path: Path
) -> None:
    archives = []
    for name in ("one.tar", "two.tar.gz"):
        (tmp_path / "SCENE").mkdir(exist_ok=True)
        shutil.copy(product, tmp_path / "SCENE" / "image.N1")
        archives.append(tar_of(tmp_path / "SCENE", tmp_path / name))
    found, _ = find(*archives, work=tmp_path / "work")
    assert [each.name for each in found] == ["one_image", "two_image"]


def test_a_sentinel_1_zip_is_unpacked(tmp_path: Path) -> None:
    safe = write_sentinel1(tmp_path)
    archive = tmp_path / "S1.zip"
    with zipfile.ZipFile(archive, "w") as target:
        for path in sorted(safe.rglob("*")):
            target.write(path, path.relative_to(tmp_path))
    found, faults = find(archive, work=tmp_path / "work")
    assert (names(found), faults) == ([(safe.stem, "Sentinel-1")], [])
    assert found[0].path == tmp_path / "work" / "archives" / "S1.zip" / safe.name


def test_a_virtual_raster_in_an_archive_is_not_opened(tmp_path: Path) -> None:
    """It could point to any file of the machine."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.tif").write_text("<VRTDataset/>")
    found, (fault,) = find(tar_of(tmp_path / "in", tmp_path / "a.tar"), work=tmp_path / "work")
    assert not found
    assert "a.tar: contains no image and no product" in fault


def test_what_cannot_be_used_is_named_with_the_formats_and_the_rest_is_found(
    product: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "bad.zip").write_bytes(b"PK\x03\x04nothing")
    paths = [tmp_path / name for name in ("none", "empty", "notes.txt", "bad.zip")]
    found, faults = find(*paths, product, work=tmp_path / "work")
    assert [each.path for each in found] == [product]
    said = [
        "none: does not exist", "empty: contains no image, product or archive",
        "notes.txt: is neither an image nor a product nor an archive", "bad.zip: is damaged",
    ]  # fmt: skip
    for fault, expected in zip(faults, said, strict=True):
        assert expected in fault
    for part in ("GeoTIFF", "TerraSAR-X", "ERS CEOS", ".tar.gz"):
        assert part in faults[1]
        assert part in faults[2]


def test_an_unreadable_file_is_a_fault(
    product: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may read everything, so the fault is made up where the file is opened."""
    opened = Path.open

    def refusing(path: Path, *arguments: object, **options: object) -> object:
        if path == product:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", refusing)
    found, (fault,) = find(product, work=tmp_path / "work")
    assert not found
    assert "Permission denied" in fault
    assert str(product) in fault


def test_a_table_may_name_a_product_by_its_folder_or_archive(product: Path, tmp_path: Path) -> None:
    work = Work(tmp_path / "work")
    archive = tar_of(product.parent, tmp_path / "a.tar")
    for path in (product, product.parent, archive):
        assert find_product(path, work.unpacked).path.name == product.name
    shutil.copy(product, product.parent / "second.N1")
    with pytest.raises(ProductError, match="holds 2 products"):
        find_product(product.parent, work.unpacked)
