"""Maps whose metres are metres, and the advice for those whose are not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from builders import line_mask, speckled, write_image
from calvingfront.errors import ConfigError, Faults
from calvingfront.scenes.images import list_images
from calvingfront.scenes.places.areas import area_faults, map_crs_faults
from calvingfront.scenes.places.metres import advice, map_fault, place_of, stretch_at

rasterio = pytest.importorskip("rasterio")
pyproj = pytest.importorskip("pyproj")

JAKOBSHAVN, SI, PATAGONIA = (-49.8, 69.15), (-60.3, -64.2), (-73.5, -49.0)
SPACING_M = {"ERS": 20.0, "TSX": 7.0}


def at(crs: str, place: tuple[float, float]) -> tuple[float, float]:
    flat = pyproj.CRS.from_user_input(crs).to_2d()
    to = pyproj.Transformer.from_crs("EPSG:4326", flat, always_xy=True)
    x, y = to.transform(*place)
    return float(x), float(y)


@pytest.mark.parametrize(
    ("crs", "place"),
    [
        ("EPSG:3413", JAKOBSHAVN), ("EPSG:32622", JAKOBSHAVN), ("EPSG:32623", JAKOBSHAVN),
        ("EPSG:3995", JAKOBSHAVN), ("EPSG:3575", JAKOBSHAVN), ("EPSG:6931", JAKOBSHAVN),
        ("EPSG:3031", SI), ("EPSG:32720", SI), ("EPSG:32718", PATAGONIA),
        ("EPSG:3031", (0.0, -90.0)), ("EPSG:3413", (120.0, 89.99)), ("EPSG:3031+5773", SI),
        ("+proj=stere +lat_0=-90 +lat_ts=-71 +datum=WGS84", SI),
        ("+proj=utm +zone=20 +south +ellps=intl", SI),
    ],
)  # fmt: skip
def test_the_maps_of_the_field_are_taken(crs: str, place: tuple[float, float]) -> None:
    assert map_fault(crs, [at(crs, place)], 20.0) is None


@pytest.mark.parametrize(
    ("crs", "place", "said", "better"),
    [
        ("EPSG:3857", JAKOBSHAVN, "(Web Mercator), whose", "EPSG:3413 or EPSG:32622 (UTM)"),
        ("EPSG:3857", SI, "(Web Mercator), whose", "EPSG:3031 or EPSG:32720 (UTM)"),
        ("EPSG:3395", JAKOBSHAVN, "is 2.8 m on the map at its place (69.2° N, 49.8° W)", "EPSG:34"),
        ("EPSG:4326", SI, "in projected metres but in degrees", "EPSG:3031 or EPSG:32720 (UTM)"),
        ("EPSG:4326", PATAGONIA, "but in degrees", "EPSG:32718 (UTM)"),
        ("EPSG:2225", (-121.0, 41.0), "but in US survey foot", "EPSG:32610 (UTM)"),
        ("EPSG:3031", JAKOBSHAVN, "where a metre on the ground is", "EPSG:3413 or EPSG:32622"),
        ("EPSG:3413", SI, "where a metre on the ground is", "EPSG:3031 or EPSG:32720"),
        ("EPSG:4087", JAKOBSHAVN, "where a metre on the ground is 2.8 m", "EPSG:3413"),
        ("EPSG:6933", JAKOBSHAVN, "where a metre on the ground is", "EPSG:3413"),
        ("EPSG:32633", PATAGONIA, "where a metre on the ground is 1.", "EPSG:32718 (UTM)"),
        ("EPSG:4978", (0.0, 0.0), "a CRS that is no map", "EPSG:"),
        ("EPSG:99999", (0.0, 0.0), "has a CRS that cannot be read", "EPSG:3413 (Arctic)"),
        ('LOCAL_CS["site",UNIT["metre",1]]', None, "has no coordinate reference system", "EPSG"),
    ],
)
def test_maps_without_metres_are_refused_with_advice_for_their_place(
    crs: str, place: tuple[float, float] | None, said: str, better: str
) -> None:
    known = place is not None and crs not in {"EPSG:99999", "EPSG:4978"}
    found = map_fault(crs, [at(crs, place)] if known and place else (), 20.0)
    assert found is not None
    assert said in found.what
    assert found.better.startswith(better)
    assert better in found.remedy or found.mislabelled


def test_the_stretch_is_that_of_the_projection() -> None:
    """Against PROJ's own factors, on conformal, equal-area and other maps."""
    generator = np.random.default_rng(1)
    for crs in ("EPSG:3413", "EPSG:3031", "EPSG:32622", "EPSG:6931", "EPSG:3395"):
        south = crs == "EPSG:3031"
        for _ in range(20):
            place = (
                -50 + 8 * generator.random(),
                (-1 if south else 1) * (60 + 25 * generator.random()),
            )
            factors = pyproj.Proj(crs).get_factors(*place)
            found = stretch_at(crs, [at(crs, place)])
            assert found.largest == pytest.approx(factors.tissot_semimajor, rel=2e-4)
            assert found.smallest == pytest.approx(factors.tissot_semiminor, rel=2e-4)


def test_the_utm_zone_is_the_one_of_the_place() -> None:
    for longitude in np.arange(-179.5, 180, 3.1):
        zone = advice((float(longitude), 50.0))
        code = int(zone.removeprefix("EPSG:").removesuffix(" (UTM)"))
        area = pyproj.CRS.from_epsg(code).area_of_use
        assert area is not None
        assert area.west <= longitude <= area.east
    assert advice((0.0, 88.0)) == "EPSG:3413"


def test_a_place_is_found_again() -> None:
    for crs, place in (("EPSG:3413", JAKOBSHAVN), ("EPSG:3031", SI), ("EPSG:4326", SI)):
        assert place_of(crs, *at(crs, place)) == pytest.approx(place, abs=1e-6)
    assert place_of("EPSG:4326", 0, 91) is None


def image(folder: Path, name: str, crs: str, corner: tuple[float, float], pixel: float) -> None:
    with rasterio.open(
        folder / name, "w", driver="GTiff", height=30, width=40, count=1, dtype="uint8", crs=crs,
        transform=rasterio.Affine(pixel, 0, corner[0], 0, -pixel, corner[1]),
    ) as dataset:  # fmt: skip
        dataset.write(speckled(30, 40, 1), 1)


def listed(folder: Path, *names: str) -> Any:
    write_image(folder / "f.png", line_mask(30, 40, 5))
    lines = ["scene,glacier,mission,acquired,image,front"]
    lines += [f"s{k},G,ERS,2001-02-03,{name},f.png" for k, name in enumerate(names)]
    (folder / "t.csv").write_text("\n".join(lines) + "\n")
    return list_images(folder / "t.csv")


def test_images_without_metres_are_all_told_at_once(tmp_path: Path) -> None:
    image(tmp_path, "web.tif", "EPSG:3857", at("EPSG:3857", JAKOBSHAVN), 20)
    image(tmp_path, "degrees.tif", "EPSG:4326", JAKOBSHAVN, 0.0002)
    image(tmp_path, "far.tif", "EPSG:3031", at("EPSG:3031", JAKOBSHAVN), 20)
    image(tmp_path, "label.tif", "EPSG:3413", JAKOBSHAVN, 0.0002)
    image(tmp_path, "other.tif", "EPSG:4326", at("EPSG:3413", JAKOBSHAVN), 20)
    image(tmp_path, "good.tif", "EPSG:3413", at("EPSG:3413", JAKOBSHAVN), 20)
    names = ("web.tif", "degrees.tif", "far.tif", "label.tif", "other.tif", "good.tif")
    with pytest.raises(Faults) as caught:
        listed(tmp_path, *names)
    told = [str(fault) for fault in caught.value.faults]
    assert len(told) == 5
    warp = "gdalwarp -t_srs EPSG:3413 or EPSG:32622 (UTM)"
    assert all(warp in line for line in told[:3]), told
    assert "its coordinates look like degrees" in told[3]
    assert "its coordinates are no degrees" in told[4]
    assert all("gdal_edit.py -a_srs" in line for line in told[3:])


def test_a_map_that_stretches_by_two_percent_is_told(tmp_path: Path) -> None:
    image(tmp_path, "si.tif", "EPSG:3031", at("EPSG:3031", SI), 20)
    assert (
        "G: a metre on the ground is 1.024 m on its map (EPSG:3031), so that lengths in metres are "
        "2.4 % too large"
    ) in listed(tmp_path, "si.tif").attrs["notes"]
    image(tmp_path, "utm.tif", "EPSG:32720", at("EPSG:32720", SI), 20)
    assert not [note for note in listed(tmp_path, "utm.tif").attrs["notes"] if "metre" in note]


def test_a_height_of_the_crs_is_left_out(tmp_path: Path) -> None:
    image(tmp_path, "a.tif", "EPSG:3031+5773", at("EPSG:3031", SI), 20)
    assert listed(tmp_path, "a.tif")["crs"].tolist() == ["EPSG:3031"]


def faults(crs: str | None, **areas: list[float]) -> list[ConfigError]:
    return list(map_crs_faults({"crs": crs, "areas": areas, "spacing_m": SPACING_M}))


def test_sound_areas_have_no_fault() -> None:
    assert not faults("EPSG:3031", SI=[-2_462_000, 1_417_200, -2_450_000, 1_427_000])
    assert not faults("EPSG:3413", JAC=[-190_000, -2_290_000, -150_000, -2_250_000])
    assert not faults(None, A=[0, 0, 1000, 2000])


@pytest.mark.parametrize(
    ("edges", "said"),
    [
        ([-60.6, -64.3, -60.0, -64.1], "looks like degrees, but map.crs is in metres"),
        ([-64.3, -60.6, -64.1, -60.0], "looks like degrees, but map.crs is in metres"),
        (
            [-2_462_000, 1_427_000, -2_450_000, 1_417_200],
            "bottom is not below top. Write left, bottom, right, top: "
            "[-2462000, 1417200, -2450000, 1427000]",
        ),
        (
            [-2_450_000, 1_417_200, -2_462_000, 1_427_000],
            "left is not below right. Write left, bottom, right, top: "
            "[-2462000, 1417200, -2450000, 1427000]",
        ),
        (
            [-2_462_000, -2_450_000, 1_417_200, 1_427_000],
            "is 3879 × 3877 km. Write left, bottom, right, top; was "
            "[-2462000, 1417200, -2450000, 1427000] meant?",
        ),
        ([-2_462_000, 1_417_200, -2_461_990, 1_427_000], "is only 10 × 9800 m"),
        ([-3e6, -3e6, 3e6, 3e6], "is 6000 × 6000 km"),
        ([0, 0, float("nan"), 1], "is not finite"),
        ([-8_000_000, 0, -7_900_000, 100_000], "where a metre on the ground is"),
    ],
)
def test_areas_that_cannot_be_meant_are_refused_by_name(edges: list[float], said: str) -> None:
    (fault,) = faults("EPSG:3031", Jorum=edges)
    assert str(fault).startswith("map.areas.Jorum: [")
    assert said in str(fault)


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3857", "EPSG:2225", "nonsense"])
def test_a_map_without_metres_is_refused_by_its_key(crs: str) -> None:
    (fault,) = faults(crs, A=[0, 0, 0, 0])
    assert str(fault).startswith("map.crs: ")
    assert "Write EPSG:3413 (Arctic), EPSG:3031 (Antarctic) or the UTM zone" in str(fault)


def test_a_map_with_heights_is_told_its_horizontal_part() -> None:
    (fault,) = faults("EPSG:3031+5773")
    assert str(fault).endswith("Write EPSG:3031.")


def test_random_areas_raise_nothing() -> None:
    generator = np.random.default_rng(5)
    for _ in range(500):
        edges = (generator.standard_normal(4) * 10.0 ** generator.integers(-3, 9)).tolist()
        found = list(
            area_faults({"crs": "EPSG:3031", "areas": {"A": edges}, "spacing_m": SPACING_M})
        )
        left, bottom, right, top = edges
        sound = 70 <= right - left <= 1e6 and 70 <= top - bottom <= 1e6
        assert found or sound
