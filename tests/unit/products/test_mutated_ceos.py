"""Damaged CEOS products: a typed error with a remedy, or a readable image; never anything else.

CALVINGFRONT_FUZZ sets the number of mutations of each format (default 200).
"""

from __future__ import annotations

import os
import random
import shutil
import time

import numpy as np
import pytest

from calvingfront.errors import OrbitError, ProductError
from calvingfront.products import ers_ceos, palsar, radarsat1, radarsat1_asf
from calvingfront.products.ceos import Leader
from calvingfront.products.ceos_orbit import state_vectors
from calvingfront.products.model import RadarGeometry
from calvingfront.simulation.product_writers import ers_ceos as write_ers
from calvingfront.simulation.product_writers import palsar as write_palsar
from calvingfront.simulation.product_writers import radarsat1 as write_radarsat1
from ceos_images import LINES, radar_image

ROUNDS = int(os.environ.get("CALVINGFRONT_FUZZ", "200"))
SEED = 20241107
TOOLS = {
    "ERS": (write_ers.write, ers_ceos),
    "RSAT": (write_radarsat1.write, radarsat1),
    "PALSAR": (write_palsar.write, palsar),
}
FORMATS = [(mission, is_complex) for mission in TOOLS for is_complex in (True, False)]


def mutate(content: bytearray, chance: random.Random) -> str:
    """Damage the content in one of the ways in which files are damaged; say how."""
    way = chance.choice(("cut", "bits", "digits", "text", "huge", "length", "zeros", "ones"))
    size = len(content)
    if way == "cut":
        del content[chance.randrange(size) :]
        return way
    if way == "length":
        # Record lengths stand at byte 9 of each record; the first records begin at these places.
        at = chance.choice([0, 720, 720 + 4096, 720 + 1886]) + 8
        content[at : at + 4] = chance.choice([0, 1, 11, 13, 2**31, 2**32 - 1]).to_bytes(4, "big")
        return way
    # Half the hits go to the printable part, where the numbers stand.
    places = [k for k in range(min(size, 30_000)) if 43 <= content[k] <= 57]
    for _ in range(chance.choice((1, 1, 3, 30))):
        at = chance.choice(places) if places and chance.random() < 0.8 else chance.randrange(size)
        span = chance.choice((1, 4, 8, 16))
        end = min(at + span, size)
        if way == "bits":
            content[at] ^= 1 << chance.randrange(8)
        elif way == "digits":
            content[at] = chance.choice(b"0123456789")
        elif way == "text":
            content[at:end] = chance.choice((b"nan", b"inf", b"-1", b"x_1", b"1e9", b"\xff")).ljust(
                end - at
            )[: end - at]
        elif way == "huge":
            content[at:end] = b"9" * (end - at)
        else:
            content[at:end] = (b"\0" if way == "zeros" else b"\xff") * (end - at)
    return way


def use(reader, folder) -> None:
    """Do with a product what ingestion does with it."""
    reader.recognises(folder)
    product = reader.read(folder)
    lines, samples = product.shape
    product.pixels.read(0, min(lines, 8))
    product.pixels.read(lines - 1, 1)
    ends = np.array([0.0, samples - 1.0])
    if isinstance(product.geometry, RadarGeometry):
        times = product.geometry.azimuth.time(np.zeros(2))
        assert np.isfinite(times).all()
        assert np.isfinite(product.geometry.range.slant_range(ends, times)).all()
    assert np.isfinite(product.orbit.positions_m).all()
    assert np.isfinite(product.calibration.gains).all()


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("mission", "is_complex"), FORMATS)
def test_damage_ends_in_a_typed_error_or_a_readable_image(mission, is_complex, tmp_path):
    write, reader = TOOLS[mission]
    good = tmp_path / "good"
    write(radar_image(mission, is_complex=is_complex), good)
    use(reader, good)
    names = sorted(path.name for path in good.iterdir())
    bad = tmp_path / "bad"
    shutil.copytree(good, bad)
    refused = 0
    for k in range(ROUNDS):
        chance = random.Random(f"{SEED} {mission} {is_complex} {k}")
        # The leader holds most of what is read.
        leader = [name for name in names if name.startswith("LE")]
        name = chance.choice(names + 3 * leader)
        content = bytearray((good / name).read_bytes())
        way = mutate(content, chance)
        (bad / name).write_bytes(content)
        begin = time.process_time()
        try:
            use(reader, bad)
        except (ProductError, OrbitError) as error:
            refused += 1
            if not (error.where and error.what and error.remedy):
                pytest.fail(f"round {k}, {way} in {name}: {error!r} leaves something out")
        except Exception as error:  # the point of this test: name the round
            pytest.fail(f"round {k}, {way} in {name}: {type(error).__name__}: {error}")
        assert time.process_time() - begin < 2, (k, name, way)
        (bad / name).write_bytes((good / name).read_bytes())
    assert refused > ROUNDS / 20  # the damage is felt at all
    product = reader.read(bad)  # and the bad copy was restored: errors came from the damage
    assert np.array_equal(product.pixels.read(0, LINES), reader.read(good).pixels.read(0, LINES))


@pytest.mark.timeout(3600)
def test_damage_to_the_real_asf_leader_ends_in_a_typed_error(shared_data, tmp_path):
    good = shared_data / "products" / "rsat1-ceos" / "R1_26161_FN1_F164.L"
    content = good.read_bytes()
    bad = tmp_path / good.name
    refused = 0
    for k in range(ROUNDS):
        chance = random.Random(f"{SEED} ASF {k}")
        damaged = bytearray(content)
        way = mutate(damaged, chance)
        bad.write_bytes(damaged)
        radarsat1.recognises(bad)
        try:
            leader = Leader.open(bad)
            orbit, _ = state_vectors(leader.one(30, "platform position"))
            geometry = radarsat1_asf.read_geometry(leader, orbit, (8192, 8192))
            radarsat1_asf.read_calibration(leader)
            radarsat1_asf.corners(leader, (8192, 8192))
            ends = np.array([0.0, 8191.0])
            assert np.isfinite(geometry.range.slant_range(ends, np.zeros(2))).all()
        except (ProductError, OrbitError):
            refused += 1
        except Exception as error:
            pytest.fail(f"round {k}, {way}: {type(error).__name__}: {error}")
    assert refused > ROUNDS / 20
