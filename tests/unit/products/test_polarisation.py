"""The polarisation that is read: HH, else VV, else HV, else VH, in every format."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import sentinel1_files as sentinel1
from calvingfront.errors import ProductError
from calvingfront.products.polarisation import POLARISATIONS, choose_polarisation
from calvingfront.products.registry import open_product
from calvingfront.simulation.product_writers import ers_ceos, palsar, radarsat1
from ceos_images import radar_image


@pytest.mark.parametrize(
    ("offered", "first"),
    [
        (("VH", "VV"), "VV"),
        (("HV", "HH"), "HH"),
        (("VV", "HH"), "HH"),
        (("VH", "HV"), "HV"),
        (("VH",), "VH"),
        (("VH", "HV", "VV", "HH"), "HH"),
    ],
)
def test_the_rule(offered: tuple[str, ...], first: str) -> None:
    assert choose_polarisation(offered, None, "file") == first
    assert choose_polarisation(offered, " ", "file") == first
    for name in offered:
        for spelling in (name, name.lower(), f"{name[0]}/{name[1]}", f" {name} "):
            assert choose_polarisation(offered, spelling, "file") == name


@pytest.mark.parametrize("asked", ["HV", "RH", "both", "HH+VV"])
def test_what_is_not_there_is_refused_with_what_is(asked: str) -> None:
    with pytest.raises(ProductError, match=f"does not offer {asked[:2]}.*; available: HH, VV"):
        choose_polarisation(("VV", "HH"), asked, "file")


def write_palsar(folder: Path, names: tuple[str, ...]) -> Path:
    """A product of several polarisations; each image is as bright as its place in the rule."""
    palsar.write(radar_image("PALSAR", is_complex=False), folder)
    (image,) = folder.glob("IMG-HH-*")
    for name in names:
        if name != "HH":
            shutil.copy(image, folder / image.name.replace("IMG-HH", f"IMG-{name}"))
    if "HH" not in names:
        image.unlink()
    return folder


def write_sentinel1(folder: Path, names: tuple[str, ...]) -> Path:
    return sentinel1.write_sentinel1(folder, tuple(name.lower() for name in names))


@pytest.mark.parametrize("write", [write_palsar, write_sentinel1])
@pytest.mark.parametrize(
    ("names", "first"), [(("VV", "VH"), "VV"), (("VH", "VV"), "VV"), (("HV", "HH"), "HH")]
)
def test_two_polarisations(
    write: Callable[[Path, tuple[str, ...]], Path],
    names: tuple[str, ...],
    first: str,
    tmp_path: Path,
) -> None:
    path = write(tmp_path, names)
    assert open_product(path).polarisation == first
    for name in names:
        product = open_product(path, name.lower())
        assert product.polarisation == name
        assert any(name in file.name.upper() for file in product.files)
    absent = next(name for name in POLARISATIONS if name not in names)
    with pytest.raises(ProductError, match=f"does not offer {absent}; available: "):
        open_product(path, absent)


def test_sentinel_1_reads_the_pixels_of_the_polarisation(tmp_path: Path) -> None:
    path = sentinel1.write_sentinel1(tmp_path, ("vh", "vv"))
    for asked, name in ((None, "vv"), ("VH", "vh")):
        found = open_product(path, asked).pixels.read(0, 3)
        assert np.array_equal(found, sentinel1.numbers_of(name)[:3])


@pytest.mark.parametrize(
    ("write", "mission", "own"), [(ers_ceos.write, "ERS", "VV"), (radarsat1.write, "RSAT", "HH")]
)
def test_radars_of_one_polarisation(
    write: Callable[..., Path], mission: str, own: str, tmp_path: Path
) -> None:
    write(radar_image(mission, is_complex=False), tmp_path)
    assert open_product(tmp_path).polarisation == own
    assert open_product(tmp_path, own.lower()).polarisation == own
    with pytest.raises(ProductError, match=f"does not offer HV; available: {own}"):
        open_product(tmp_path, "HV")


@pytest.mark.parametrize("kind", ["slc", "ocn"])
def test_sentinel_1_of_another_level_is_refused_by_name(kind: str, tmp_path: Path) -> None:
    root = sentinel1.write_sentinel1(tmp_path)
    for file in [*root.glob("annotation/*.xml"), *root.glob("measurement/*")]:
        file.rename(file.with_name(file.name.replace("-grd-", f"-{kind}-")))
    with pytest.raises(ProductError, match=f"is {kind.upper()}, not GRD. Order the scene as GRD"):
        open_product(root)
