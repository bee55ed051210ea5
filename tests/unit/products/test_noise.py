"""Thermal and border noise: they stay, and the product says how strong they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import simulated_images as images
from calvingfront.products.noise import noise_note
from calvingfront.products.registry import open_product
from calvingfront.simulation.product_writers.terrasar import write_terrasar
from further_products import NEW_NOISE, OLD_NOISE, add_noise
from sentinel1_files import write_sentinel1, zip_safe

# With the simulated product's A² of 450² in the middle of its two vectors, −25 dB of β⁰.
LEVEL = 450.0**2 * 10**-2.5
MANIFEST = (
    '<xfdu:XFDU xmlns:xfdu="urn:ccsds:schema:xfdu:1" xmlns:safe="http://www.esa.int/safe">'
    '<safe:software name="Sentinel-1 IPF" version="{}"/><safe:software name="" version=""/>'
    "</xfdu:XFDU>"
)


@pytest.mark.parametrize("text", [NEW_NOISE, OLD_NOISE])
@pytest.mark.parametrize("packed", [False, True])
def test_sentinel_1_says_how_strong_its_thermal_noise_is(
    text: str, packed: bool, tmp_path: Path
) -> None:
    root = write_sentinel1(tmp_path)
    gain = open_product(root).calibration.gains[1, 0] * 450**2
    add_noise(root, text.format(LEVEL / gain))
    product = open_product(zip_safe(root) if packed else root)
    assert product.notes == ("thermal noise stays in the image: -25 dB of β⁰",)


@pytest.mark.parametrize(
    ("version", "flag", "told"),
    [
        ("003.40", "true", "thermal noise was subtracted by the processor"),
        ("003.40", "false", "thermal noise stays in the image: -25 dB of β⁰"),
        ("002.60", "false", "thermal noise stays in the image: -25 dB of β⁰"),
        ("002.36", "false", "thermal noise stays in the image"),
    ],
)
def test_noise_that_was_subtracted_or_has_an_unknown_scale_has_no_level(
    version: str, flag: str, told: str, tmp_path: Path
) -> None:
    root = write_sentinel1(tmp_path)
    gain = open_product(root).calibration.gains[1, 0] * 450**2
    add_noise(root, NEW_NOISE.format(LEVEL / gain))
    (root / "manifest.safe").write_text(MANIFEST.format(version))
    (main,) = root.glob("annotation/*.xml")
    performed = "thermalNoiseCorrectionPerformed"
    main.write_text(
        main.read_text().replace(
            "<processingInformation>",
            f"<processingInformation><{performed}>{flag}</{performed}>",
        )
    )
    assert open_product(root).notes[-1] == told


@pytest.mark.parametrize(
    ("version", "told"), [("002.36", True), ("002.84", True), ("002.90", False), ("003.40", False)]
)
def test_an_old_processor_leaves_noise_at_the_border(
    version: str, told: bool, tmp_path: Path
) -> None:
    root = write_sentinel1(tmp_path)
    (root / "manifest.safe").write_text(MANIFEST.format(version))
    notes = open_product(root).notes
    assert any("stays at the border" in note for note in notes) == told


def test_a_real_sentinel_1_product_says_its_noise(shared_data: Path) -> None:
    (path,) = (shared_data / "products" / "s1-grdh-rome").glob("*.SAFE")
    assert open_product(path).notes == ("thermal noise stays in the image: -29 to -19 dB of β⁰",)


def test_a_real_terrasar_x_product_says_its_noise(shared_data: Path) -> None:
    notes = open_product(shared_data / "products" / "tsx-ssc").notes
    assert notes[-1] == "thermal noise stays in the image: -25 to -18 dB of β⁰"


def test_a_terrasar_product_without_the_annotation_says_nothing(tmp_path: Path) -> None:
    notes = open_product(write_terrasar(images.terrasar_image(), tmp_path)).notes
    assert not any("noise" in note for note in notes)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("<geometry>", "<geometry>", ""),
        ("<geometry>", "{flags}<geometry>", "elevation antenna pattern is not compensated"),
        (">CALIBRATED<", ">NOTCALIBRATED<", "backscatter is not calibrated"),
    ],
)
def test_what_a_terrasar_processor_left_is_told(
    old: str, new: str, told: str, tmp_path: Path
) -> None:
    folder = write_terrasar(images.terrasar_image(), tmp_path)
    (main,) = folder.glob("*.xml")
    flags = (
        "<processingFlags><rangeSpreadingLossCorrectedFlag>true</rangeSpreadingLossCorrectedFlag>"
        "<elevationPatternCorrectedFlag>false</elevationPatternCorrectedFlag></processingFlags>"
    )
    main.write_text(main.read_text().replace(old, new.format(flags=flags), 1))
    notes = open_product(folder).notes[1:]
    assert len(notes) == bool(told)
    assert all(told in note for note in notes)


@pytest.mark.parametrize("power", [[], [np.nan], [0.0], [-1.0], [2.0], [1e-9]])
def test_what_is_no_noise_level_is_not_told(power: list[float]) -> None:
    assert noise_note(power, "beta0") == ()
