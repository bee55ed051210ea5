"""Real headers in the packaging of their agencies."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from calvingfront.errors import ProductError
from calvingfront.products.delivery.headers import Headers
from calvingfront.products.delivery.packed import archive_at
from calvingfront.products.registry import open_product
from packed_products import eo_sip, gzip_of, tar_of, zip_of


def test_a_real_safe_folder_is_found_above_below_and_packed(
    shared_data: Path, tmp_path: Path
) -> None:
    above = shared_data / "products" / "s1-grdh-rome"  # with a terrain model beside it
    (safe,) = above.glob("*.SAFE")
    archive = zip_of(safe, tmp_path / f"{safe.stem}.zip")
    for path in (above, safe, safe / "manifest.safe", archive):
        product = open_product(path)
        assert (product.mission, product.shape) == ("S1", (16705, 26102))
    assert archive_at(above) is None
    assert Headers(tmp_path).of(archive) == ("S1", "2021-12-23")


def test_a_real_terrasar_annotation_is_found_in_the_tree_of_its_order(
    shared_data: Path, tmp_path: Path
) -> None:
    name = "TSX1_SAR__SSC______SM_S_SRA_20080310T133220_20080310T133228"
    order = tmp_path / "dims_op_oc_dfd2_1"
    shutil.copytree(shared_data / "products" / "tsx-ssc", order / "TSX-1.SAR.L1B" / name)
    for path in (order, tar_of(order, tmp_path / "order.tar.gz")):
        product = open_product(path)
        assert (product.mission, product.level, product.shape) == ("TSX", "SSC", (32710, 15328))
    assert product.path.parts[-3:] == (order.name, "TSX-1.SAR.L1B", name)


def test_a_real_asar_header_is_found_as_esa_packs_it(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "products" / "envisat-asar-ims"
    (product,) = folder.iterdir()
    packed = (eo_sip(product, tmp_path / "EN1.SIP.ZIP"), gzip_of(product, tmp_path / "a.N1.gz"))
    for path in (folder, *packed):
        assert open_product(path).shape == (30308, 5177)


@pytest.mark.parametrize("form", ["folder", "archive"])
def test_what_a_real_order_lacks_is_said_of_it(shared_data: Path, form: str) -> None:
    """The images of this archive of ALOS-2 are cut off after their first record."""
    folder = shared_data / "products" / "alos2-ceos"
    (archive,) = folder.iterdir()
    assert archive_at(folder) == archive
    with pytest.raises(ProductError) as caught:
        open_product(folder if form == "folder" else archive)
    assert caught.value.where.startswith(str(archive))


def test_several_real_products_are_named(shared_data: Path) -> None:
    said = r"holds \d products \(.*rsat1-ceos, .*\)\. Name one of them instead of the folder"
    with pytest.raises(ProductError, match=said):
        open_product(shared_data / "products")
