"""TanDEM-X pairs, and products that are maps already."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import simulated_images as images
from calvingfront.errors import ProductError
from calvingfront.products.checks import check_product
from calvingfront.products.registry import open_product
from calvingfront.simulation.product_writers.terrasar import write_terrasar
from further_products import PAIR, PAIR_NAME, write_pair


def brightness(seed: int) -> np.ndarray:
    return np.abs(images.values_of((40, 60), is_complex=True, seed=seed))


@pytest.mark.parametrize(
    ("master", "kinds", "mission", "seed"),
    [
        ("SAT2", ("BRX2", "BTX1"), "TDX", 1),
        ("SAT1", ("BTX1", "BRX2"), "TSX", 0),
        ("SAT1", ("MON1", "MON2"), "TSX", 0),
    ],
)
@pytest.mark.parametrize("by", ["folder", "annotation", "image folder"])
def test_the_active_satellite_of_a_pair_is_read(
    by: str, master: str, kinds: tuple[str, str], mission: str, seed: int, tmp_path: Path
) -> None:
    pair = write_pair(tmp_path, master, kinds)
    (own,) = pair.glob(f"{mission}1_*")
    path = {"folder": pair, "annotation": pair / f"{PAIR_NAME}.xml", "image folder": own}[by]
    product = open_product(path)
    assert product.mission == mission
    assert check_product(product) == []
    read = np.abs(product.pixels.read(0, 40)) * np.sqrt(product.calibration.gains.item())
    assert read == pytest.approx(brightness(seed), abs=0.001)


@pytest.mark.parametrize("kinds", [("BRX2", "BTX1"), ("MON1", "MON2")])
def test_the_other_image_of_a_pair_is_refused(kinds: tuple[str, str], tmp_path: Path) -> None:
    pair = write_pair(tmp_path, "SAT2", kinds)
    (other,) = pair.glob("TSX1_*")
    with pytest.raises(ProductError, match=r"satellite's pulses|resampled to the grid"):
        open_product(other)


def test_a_master_that_did_not_transmit_is_refused(tmp_path: Path) -> None:
    pair = write_pair(tmp_path, "SAT1", ("BRX2", "BTX1"))
    with pytest.raises(ProductError, match="Order the SSC or MGD of the satellite that"):
        open_product(pair)


@pytest.mark.parametrize(
    ("pattern", "replacement", "told"),
    [
        ("SAT2", "SAT9", "inSARmasterID"),
        ("<satelliteIDsat2>TDX-1", "<satelliteIDsat2>PAZ-1", "satelliteIDsat2"),
        ("</cossc_product>", "", "XML"),
    ],
)
def test_a_damaged_annotation_of_a_pair_is_named(
    pattern: str, replacement: str, told: str, tmp_path: Path
) -> None:
    pair = write_pair(tmp_path)
    path = pair / f"{PAIR_NAME}.xml"
    path.write_text(path.read_text().replace(pattern, replacement))
    with pytest.raises(ProductError, match=told):
        open_product(pair)


def test_a_pair_without_its_images_says_so(tmp_path: Path) -> None:
    pair = tmp_path / PAIR_NAME
    pair.mkdir()
    (pair / f"{PAIR_NAME}.xml").write_text(PAIR.format(master="SAT2"))
    with pytest.raises(ProductError, match="TDX as master, of which 0 products"):
        open_product(pair)


@pytest.mark.parametrize(("level", "words"), [("GEC", "displaced by 346 m"), ("EEC", "agency")])
def test_a_map_is_refused_with_the_image_to_list(level: str, words: str, tmp_path: Path) -> None:
    folder = write_terrasar(images.terrasar_image("MGD", mean_height_m=200.0), tmp_path)
    (main,) = folder.glob("*.xml")
    text = main.read_text().replace("<productVariant>MGD", f"<productVariant>{level}")
    text = re.sub("RANGELINES", "MAPGEOMETRY", text).replace(
        "<sceneAverageHeight>",
        "<sceneCenterCoord><incidenceAngle>30</incidenceAngle></sceneCenterCoord>"
        "<sceneAverageHeight>",
    )
    main.write_text(text)
    with pytest.raises(ProductError, match=f"is {level}, a map already.*{words}") as caught:
        open_product(folder)
    assert "Order the scene as SSC or MGD" in caught.value.remedy
    assert "(source.kind: images, mission TSX, acquired 2012-03-04" in caught.value.remedy
    (image,) = folder.glob("IMAGEDATA/*.tif")
    assert str(image) in caught.value.remedy


def test_two_products_in_one_folder_are_refused(tmp_path: Path) -> None:
    folder = write_terrasar(images.terrasar_image(), tmp_path)
    (main,) = folder.glob("*.xml")
    main.with_name("another.xml").write_bytes(main.read_bytes())
    main.with_name("._another.xml").write_bytes(main.read_bytes())
    with pytest.raises(ProductError, match="holds 2 products"):
        open_product(folder)
    assert open_product(main).level == "SSC"
