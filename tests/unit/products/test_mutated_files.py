"""Truncated files, flipped bits, blown up counts, text for numbers: a typed error or a good image.

`MUTATIONS=2000 pytest -s` on this file prints what became of 2,000 damaged products of each format.
"""

from __future__ import annotations

import contextlib
import json
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import further_products as further
import mutations
import simulated_images as images
from asf_files import write_asf
from calvingfront.errors import ProductError
from calvingfront.products.checks import check_product
from calvingfront.products.product_json import product_to_dict
from calvingfront.products.registry import open_product
from calvingfront.radar.model import Product, RadarGeometry
from calvingfront.sar.multilook import multilook
from calvingfront.simulation.imaging.radar_image import RadarImage
from calvingfront.simulation.product_writers import ers_ceos, palsar, radarsat1
from calvingfront.simulation.product_writers.envisat import write_envisat
from calvingfront.simulation.product_writers.terrasar import write_terrasar
from ceos_images import radar_image
from mutations import LARGEST_GROWTH_BYTES, Level, Outcome, damage, survive
from sentinel1_files import write_sentinel1, zip_safe

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is bounded by /proc")


def use(path: Path) -> None:
    """Everything that is done with a product before it is geocoded."""
    product = open_product(path)
    expect_finite(product)
    faults = check_product(product)
    json.dumps(product_to_dict(product), allow_nan=False)
    lines, samples = product.shape
    for first, count in ((0, min(lines, 8)), (lines - 1, 1)):
        values = product.pixels.read(first, count)
        assert values.shape == (count, samples)
        assert values.dtype == (np.complex64 if product.is_complex else np.float32)
    for fault in faults:
        assert fault.where
        assert fault.what
        assert fault.remedy
    if faults:
        raise faults[0]
    intensity = multilook(product).intensity
    assert intensity.dtype == np.float32
    assert not np.isinf(intensity).any()


def expect_finite(product: Product) -> None:
    """What was read of a header are numbers, even before the product is checked."""
    ends = np.array([0.0, product.shape[1] - 1.0])
    if isinstance(product.geometry, RadarGeometry):
        times = product.geometry.azimuth.time(np.array([0.0, product.shape[0] - 1.0]))
        assert np.isfinite(times).all()
        assert np.isfinite(product.geometry.range.slant_range(ends, times)).all()
    assert np.isfinite(product.orbit.positions_m).all()
    assert np.isfinite(product.orbit.velocities_m_s).all()
    assert np.isfinite(product.calibration.gains).all()


def ceos(
    write: Callable[[RadarImage, Path], Path], mission: str, names: tuple[str, str]
) -> tuple[Level, ...]:
    """The complex and the detected level of a mission; leader, imagery and all other files."""

    def level(name: str, is_complex: bool) -> Level:
        def put(folder: Path) -> Path:
            write(radar_image(mission, is_complex=is_complex), folder)
            return folder

        image = "IMG*" if mission == "PALSAR" else "DAT*"
        return Level(name, put, {"LE*": 4, image: 1, "V*": 1})

    return level(names[0], True), level(names[1], False)


def in_folder(write: Callable[[Path], Path]) -> Callable[[Path], Path]:
    def put(folder: Path) -> Path:
        folder.mkdir()
        return write(folder)

    return put


FORMATS = {
    "ERS CEOS SLC, PRI": ceos(ers_ceos.write, "ERS", ("SLC", "PRI")),
    "RADARSAT-1 CDPF SLC, SGF": ceos(radarsat1.write, "RSAT", ("SLC", "SGF")),
    "PALSAR 1.1, 1.5": ceos(palsar.write, "PALSAR", ("1.1", "1.5")),
    "Envisat IMS, IMP": tuple(
        Level(
            name,
            in_folder(lambda folder, name=name: write_envisat(images.envisat_image(name), folder)),
            {"*.N1": 1},
            within=24_000,
        )
        for name in ("IMS", "IMP")
    ),
    "TerraSAR-X SSC, MGD": tuple(
        Level(
            name,
            in_folder(
                lambda folder, name=name: write_terrasar(images.terrasar_image(name), folder)
            ),
            files,
        )
        for name, files in (
            ("SSC", {"T*.xml": 4, "ANNOTATION/*.xml": 2, "IMAGEDATA/*": 1}),
            ("MGD", {"T*.xml": 2, "IMAGEDATA/*": 1}),
        )
    ),
    "Envisat APS, APP, WSM": (
        *(
            Level(
                name,
                in_folder(lambda folder, name=name: further.write_dual_envisat(name, folder)),
                {"*.N1": 1},
                within=24_000,
            )
            for name in ("APS", "APP")
        ),
        Level(
            "WSM",
            in_folder(lambda folder: write_envisat(images.envisat_image("WSM"), folder)),
            {"*.N1": 1},
            within=24_000,
        ),
    ),
    "older CEOS layouts": (
        Level("PALSAR", in_folder(further.write_older_palsar), {"LED*": 4, "IMG*": 1}),
        Level(
            "RADARSAT-1",
            in_folder(further.write_radarsat1_with_trailer),
            {"LEA*": 1, "TRA*": 4, "DAT*": 1},
        ),
        Level("ERS", in_folder(further.write_uncompensated_ers), {"LEA*": 4}),
    ),
    "TanDEM-X pair": (
        Level(
            "pair",
            in_folder(further.write_pair),
            {"TDM1*/TDM1*.xml": 3, "TDX1*.xml": 2, "TDX1*/IMAGEDATA/*": 1},
        ),
    ),
    "Sentinel-1 with noise": (
        Level("noise", in_folder(further.write_noisy_sentinel1), {"noise-*.xml": 1, "*.safe": 1}),
    ),
    "Sentinel-1 GRD folder, zip": (
        Level(
            "folder",
            in_folder(write_sentinel1),
            {"annotation/*.xml": 5, "annotation/calibration/*": 2, "measurement/*": 1},
        ),
        Level("zip", in_folder(lambda folder: zip_safe(write_sentinel1(folder))), {"*.zip": 1}),
    ),
}


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", FORMATS)
def test_damage_ends_in_a_typed_error_or_a_good_image(name: str, tmp_path: Path) -> None:
    survive(name, FORMATS[name], tmp_path, use)


@pytest.mark.timeout(3600)
def test_damage_to_the_real_asf_leader_ends_so_too(shared_data: Path, tmp_path: Path) -> None:
    levels = [
        Level(
            name,
            lambda folder, name=name: write_asf(folder, shared_data, is_complex=name == "SLC"),
            {"*.L": 6, "*.D": 1},
        )
        for name in ("SLC", "SGF")
    ]
    survive("RADARSAT-1 ASF SLC, SGF", levels, tmp_path, use)


def test_the_undamaged_products_are_used_without_a_fault(product_path: Path) -> None:
    use(product_path)


def attempt(reader: Callable[[], object]) -> Outcome:
    outcome = Outcome()
    outcome.attempt("seed 1", reader)
    return outcome


def greedy() -> None:
    np.empty(LARGEST_GROWTH_BYTES * 11 // 10, np.uint8)


def greedy_in_secret() -> None:
    try:
        greedy()
    except MemoryError as error:
        raise ProductError("file, field", "cannot be read", "Fetch it again.") from error


def refusing() -> None:
    what = 'cannot be read (image.tif: TIFFReadDirectory:Out of memory reading of "BitsPerSample")'
    raise ProductError("file, field", what, "Fetch it again.")


def hanging() -> None:
    while True:
        with contextlib.suppress(Exception):
            sum(range(1000))


def fragile() -> None:
    raise KeyError("not caught")


def terse() -> None:
    raise ProductError("file, field", "is damaged", "")


@pytest.mark.parametrize(
    ("reader", "noticed"),
    [
        (greedy, "MemoryError"),
        (greedy_in_secret, "more than 1 GB"),
        (hanging, "more than 0.1 s"),
        (fragile, "KeyError"),
        (terse, "leaves something out"),
    ],
)
def test_the_harness_notices(
    reader: Callable[[], None], noticed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mutations, "LONGEST_S", 0.1)
    before = resource.getrlimit(resource.RLIMIT_AS), signal.getsignal(signal.SIGPROF)
    outcome = attempt(reader)
    assert len(outcome.failures) == 1
    assert noticed in outcome.failures[0]
    with pytest.raises(AssertionError, match="seed 1"):
        outcome.check()
    assert before == (resource.getrlimit(resource.RLIMIT_AS), signal.getsignal(signal.SIGPROF))


def test_the_harness_counts_refusals() -> None:
    outcome = attempt(refusing)
    assert (outcome.mutations, outcome.refused, outcome.failures) == (1, 1, [])
    outcome.check()


def test_the_harness_measures_each_mutation_by_itself() -> None:
    np.ones(60_000_000, np.uint8)  # an earlier peak hides nothing
    outcome = attempt(lambda: np.ones(40_000_000, np.uint8))
    assert 35e6 < outcome.largest_bytes < 45e6
    assert not outcome.failures


def test_the_harness_notices_a_reader_that_feels_no_damage() -> None:
    outcome = Outcome()
    for seed in range(40):
        outcome.attempt(f"seed {seed}", lambda: None)
    with pytest.raises(AssertionError):
        outcome.check()


def test_a_seed_makes_the_same_damage_again() -> None:
    content = b"12 34 56 78 " * 20
    damaged = [damage(content, seed) for seed in range(50)]
    assert damaged == [damage(content, seed) for seed in range(50)]
    assert sum(one != content for one in damaged) > 45
