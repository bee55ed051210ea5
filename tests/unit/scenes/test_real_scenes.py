"""Real scenes from file to sample: the front stays where it was drawn."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from calvingfront.fronts.thinning import thin
from calvingfront.samples.fronts import dilate_file
from calvingfront.samples.geometry import scene_to_sample
from calvingfront.samples.median import filter_file
from calvingfront.samples.square import read_sample, square_file
from calvingfront.scenes.caffe import list_caffe
from calvingfront.scenes.pixels import read_front, read_grey

SCENES = [
    "DBE_1995-11-16_ERS_20_1_152",
    "DBE_2006-07-03_PALSAR_17_3_135",
    "DBE_2009-10-23_TSX_7_2_049",
    "SI_1996-01-22_ERS_20_3_109",
    "SI_2005-04-17_RSAT_12_3_282",
    "SI_2014-12-11_TSX_7_4_125",
]


@pytest.fixture(scope="module")
def scenes(shared_data):
    sizes = shared_data / "caffe-meta" / "original_sizes.csv"
    return list_caffe(shared_data / "caffe256", sizes, listed=set(SCENES)).set_index("scene")


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("size", [128, 256, 512])
def test_a_real_front_stays_in_place_and_as_wide_as_asked(scenes, tmp_path, scene, size):
    row = scenes.loc[scene]
    pixel = {key: float(row[key]) for key in ("pixel_size_x_m", "pixel_size_y_m")}
    filter_file(row["image"], **pixel, area_m2=2500, output=tmp_path / "i.png")
    dilate_file(row["front"], **pixel, size=size, front_width_px=6, output=tmp_path / "f.png")
    square_file(
        tmp_path / "i.png",
        tmp_path / "f.png",
        scene,
        **pixel,
        size=size,
        front_width_px=6,
        output=tmp_path / "s.npz",
    )
    image, front, valid, meta = read_sample(tmp_path / "s.npz")

    # Shrunk copies have pixels larger than the window: the median leaves them alone.
    np.testing.assert_array_equal(read_grey(tmp_path / "i.png"), read_grey(row["image"]))
    assert meta["pixel_size_m"] == pytest.approx(256 * row["pixel_size_x_m"] / size)
    assert valid.sum() == meta["content_height"] * meta["content_width"]
    assert meta["content_height"] / meta["content_width"] == pytest.approx(
        row["pixel_size_y_m"] / row["pixel_size_x_m"], abs=1 / size
    )
    assert not front[valid == 0].any()

    # The drawn line, taken into the sample, lies inside the sample's front; and the sample's
    # centre line lies on the drawn line, within its own thickness and a pixel.
    drawn = read_front(row["front"])
    rows, cols = scene_to_sample(meta, *np.nonzero(thin(drawn)))
    away = cv2.distanceTransform((front == 0).astype(np.uint8), cv2.DIST_L2, 5)
    inside = np.clip(np.rint([rows, cols]).astype(int), 0, size - 1)
    assert away[inside[0], inside[1]].max() <= 1.5
    centre = np.nonzero(thin(front > 0))
    gap = np.hypot(centre[0][:, None] - rows, centre[1][:, None] - cols).min(axis=1)
    assert np.median(gap) <= 1.0
    # A band of six pixels: area over length, a slanting line being up to √2 wider. In small
    # samples the bends and ends of the band outweigh its length.
    # The band reaches half its width beyond both ends of each piece of its centre line.
    pieces = cv2.connectedComponents((front > 0).astype(np.uint8))[0] - 1
    length = len(centre[0]) + 6 * pieces
    assert size < 512 or 5 <= front.sum() / length <= 6 * np.sqrt(2) + 0.5
    assert image[valid == 1].std() > 5
