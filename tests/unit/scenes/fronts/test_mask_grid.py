"""Masks on the grids of their images: taken, moved, or refused with the command that helps."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from builders import speckled, write_image
from calvingfront.errors import Faults, SceneError
from calvingfront.scenes.images import list_images
from calvingfront.scenes.importing import import_scene

rasterio = pytest.importorskip("rasterio")
Affine = rasterio.Affine

CRS, LEFT, TOP, PIXEL, HEIGHT, WIDTH = "EPSG:3031", -2_460_000.0, 1_430_000.0, 20.0, 30, 40
HERE = Affine(PIXEL, 0, LEFT, 0, -PIXEL, TOP)


def front() -> Any:
    """A front that no flip leaves alone: a diagonal in the upper left."""
    mask = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    mask[range(3, 15), range(5, 17)] = 255
    return mask


def tiff(path: Path, values: Any, place: Any = HERE, crs: Any = CRS) -> Path:
    with rasterio.open(
        path, "w", driver="GTiff", height=values.shape[0], width=values.shape[1], count=1,
        dtype=values.dtype, crs=crs, transform=place,
    ) as dataset:  # fmt: skip
        dataset.write(values, 1)
    return path


def imported(folder: Path, mask: Path, image: Path | None = None) -> Any:
    """The front on the image's grid; the table is read first, as in the workflow."""
    image = image or tiff(folder / "image.tif", speckled(HEIGHT, WIDTH, 1))
    table = folder / "scenes.csv"
    table.write_text(
        "scene,glacier,mission,acquired,image,front,pixel_size_m\n"
        f"a,SI,ERS,2001-02-03,{image.name},{mask.name},{'' if image.suffix == '.tif' else 20}\n"
    )
    list_images(table)
    out = folder / "out" / "front.png"
    import_scene(
        "a", "SI", "2001-02-03", image, mask, folder / "out" / "image.png", out, values="linear"
    )
    return cv2.imread(str(out), cv2.IMREAD_UNCHANGED)


def shifted(columns: float, rows: float) -> Any:
    return HERE @ Affine.translation(columns, rows)


@pytest.mark.parametrize(
    ("place", "values"),
    [
        (HERE, front()),
        (shifted(0.1, -0.2), front()),
        (shifted(-3, -2), np.pad(front(), ((2, 4), (3, 5)))),  # larger than its image
        (shifted(2, 1), front()[1:20, 2:30]),  # a part of it
        (shifted(0, HEIGHT) @ Affine.scale(1, -1), front()[::-1]),  # south up
        (shifted(WIDTH, 0) @ Affine.scale(-1, 1), front()[:, ::-1]),  # mirrored
        (shifted(WIDTH, HEIGHT) @ Affine.scale(-1, -1), front()[::-1, ::-1]),
        (shifted(1, HEIGHT + 3) @ Affine.scale(1, -1), np.pad(front(), ((0, 3), (0, 0)))[::-1, 1:]),
    ],
)
def test_a_mask_lies_where_its_georeference_says(tmp_path: Path, place: Any, values: Any) -> None:
    values = np.ascontiguousarray(values)
    np.testing.assert_array_equal(
        imported(tmp_path, tiff(tmp_path / "mask.tif", values, place)), front()
    )


def test_a_shifted_mask_of_the_images_size_moves_its_front(tmp_path: Path) -> None:
    moved = imported(tmp_path, tiff(tmp_path / "mask.tif", front(), shifted(2, 5)))
    expected = np.zeros_like(front())
    expected[5:, 2:] = front()[:-5, :-2]
    np.testing.assert_array_equal(moved, expected)


def test_the_same_map_by_another_name_is_the_same(tmp_path: Path) -> None:
    esri = rasterio.crs.CRS.from_epsg(3031).to_wkt(version="WKT1_ESRI")
    text = "+proj=stere +lat_0=-90 +lat_ts=-71 +lon_0=0 +datum=WGS84 +units=m +no_defs"
    for crs in (esri, text, "EPSG:3031+5773"):
        mask = tiff(tmp_path / "mask.tif", front(), crs=crs)
        np.testing.assert_array_equal(imported(tmp_path, mask), front())


def test_a_mask_without_a_place_must_have_the_images_size(tmp_path: Path) -> None:
    np.testing.assert_array_equal(
        imported(tmp_path, write_image(tmp_path / "mask.png", front())), front()
    )
    with pytest.raises(Faults, match=r"front mask.png is 29 × 40 px, but its image is 30 × 40"):
        imported(tmp_path, write_image(tmp_path / "mask.png", front()[1:]))


@pytest.mark.parametrize("side", ["pgw", "aux.xml"])
def test_a_file_beside_the_mask_is_its_georeference(tmp_path: Path, side: str) -> None:
    mask = write_image(tmp_path / "mask.png", front()[1:20, 2:30])
    place = shifted(2, 1)
    if side == "pgw":
        corner = place @ (0.5, 0.5)
        lines = [PIXEL, 0, 0, -PIXEL, *corner]
        (tmp_path / "mask.pgw").write_text("\n".join(map(str, lines)))
    else:
        numbers = f"{place.c}, {PIXEL}, 0, {place.f}, 0, {-PIXEL}"
        (tmp_path / "mask.png.aux.xml").write_text(
            f"<PAMDataset><SRS>{CRS}</SRS><GeoTransform>{numbers}</GeoTransform></PAMDataset>"
        )
    np.testing.assert_array_equal(imported(tmp_path, mask), front())


@pytest.mark.parametrize(
    ("place", "crs", "said"),
    [
        (shifted(0.5, 0), CRS, r"begins 0\.50 px right of and 0\.00 px below its image, which is"),
        (HERE @ Affine.scale(2, 2), CRS, r"has pixels of 40 × 40, but its image of 20 × 20"),
        (HERE @ Affine.scale(1.01, 1), CRS, r"has pixels of 20\.2 × 20, but its image of 20 × 20"),
        (HERE @ Affine.rotation(10), CRS, r"is rotated against its image"),
        (HERE @ Affine(0, 1, 0, 1, 0, 0), CRS, r"is rotated against its image"),
        (HERE, "EPSG:32720", r"is in EPSG:32720, but its image is in EPSG:3031"),
        (HERE, "EPSG:3413", r"is in EPSG:3413, but its image is in EPSG:3031"),
        (shifted(WIDTH, 0), CRS, r"lies elsewhere: its upper left corner is 40 px right of and 0"),
        (shifted(0, -HEIGHT), CRS, r"lies elsewhere: .* and 30 px above its image's"),
    ],
)
def test_a_mask_on_another_grid_or_elsewhere_is_refused_at_the_start(
    tmp_path: Path, place: Any, crs: str, said: str
) -> None:
    mask = tiff(tmp_path / "mask.tif", front(), place, crs)
    with pytest.raises(Faults, match=rf"front mask\.tif {said}"):
        imported(tmp_path, mask)
    image = tmp_path / "image.tif"
    with pytest.raises(SceneError, match=said):  # and by its job
        import_scene("a", "SI", "2001-02-03", image, mask, tmp_path / "i.png", tmp_path / "f.png")


def test_the_command_that_is_offered_brings_the_mask_onto_its_image(tmp_path: Path) -> None:
    """Its edges and pixel size, taken from the message and given to GDAL's own warper."""
    from rasterio.warp import Resampling, reproject

    fine = np.kron(front(), np.ones((2, 2), dtype=np.uint8))
    mask = tiff(tmp_path / "mask.tif", fine, HERE @ Affine.scale(0.5, 0.5))
    with pytest.raises(Faults) as caught:
        imported(tmp_path, mask)
    told = re.search(r"gdalwarp -r max -t_srs (\S+) -te (\S+) (\S+) (\S+) (\S+) -tr (\S+) (\S+)",
                     str(caught.value))  # fmt: skip
    assert told, caught.value
    left, bottom, right, top, across, down = map(float, told.groups()[1:])
    assert (right - left) / across == WIDTH
    assert (top - bottom) / down == HEIGHT
    onto = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    reproject(
        fine, onto, src_transform=HERE @ Affine.scale(0.5, 0.5), src_crs=CRS,
        dst_transform=Affine(across, 0, left, 0, -down, top), dst_crs=told[1],
        resampling=Resampling.max,
    )  # fmt: skip
    np.testing.assert_array_equal(onto, front())


def test_a_mask_with_a_world_file_alone_is_compared_in_its_images_crs(tmp_path: Path) -> None:
    mask = write_image(tmp_path / "mask.png", front())
    corner = shifted(0.5, 0.5) @ (0.5, 0.5)
    (tmp_path / "mask.pgw").write_text("\n".join(map(str, [PIXEL, 0, 0, -PIXEL, *corner])))
    with pytest.raises(Faults, match=r"-t_srs EPSG:3031 -s_srs EPSG:3031 -te"):
        imported(tmp_path, mask)


def test_control_points_are_a_fault_of_the_mask_that_has_them_alone(tmp_path: Path) -> None:
    points = [
        rasterio.control.GroundControlPoint(row, column, LEFT + column, TOP - row)
        for row, column in ((0, 0), (0, WIDTH), (HEIGHT, 0))
    ]
    for name, values in (("image.tif", speckled(HEIGHT, WIDTH, 1)), ("points.tif", front())):
        with rasterio.open(
            tmp_path / name, "w", driver="GTiff", height=HEIGHT, width=WIDTH, count=1,
            dtype="uint8", crs=CRS, gcps=points,
        ) as dataset:  # fmt: skip
            dataset.write(values, 1)
    plain = write_image(tmp_path / "plain.png", front())
    for mask, said in ((plain, "1 fault"), (tmp_path / "points.tif", "points.tif has only ground")):
        with pytest.raises(Faults, match=said):
            imported(tmp_path, mask, tmp_path / "image.tif")


def test_an_image_without_a_place_takes_a_mask_of_its_size_that_has_one(tmp_path: Path) -> None:
    image = write_image(tmp_path / "image.png", speckled(HEIGHT, WIDTH, 1))
    mask = tiff(tmp_path / "mask.tif", front())
    np.testing.assert_array_equal(imported(tmp_path, mask, image), front())
    notes = list_images(tmp_path / "scenes.csv").attrs["notes"]
    assert "mask of a states a place on the map, which its image does not" in notes


def test_what_is_moved_is_told(tmp_path: Path) -> None:
    place = shifted(0, HEIGHT) @ Affine.scale(1, -1)
    imported(tmp_path, tiff(tmp_path / "mask.tif", np.ascontiguousarray(front()[::-1]), place))
    assert "mask of a was turned upside down" in list_images(tmp_path / "scenes.csv").attrs["notes"]


def test_a_front_on_no_data_is_refused_or_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    values = np.random.default_rng(1).exponential(0.1, (HEIGHT, WIDTH)).astype(np.float32)
    mask = write_image(tmp_path / "mask.png", front())
    for first_column, said in ((20, "has 100 % of the front of a where its image has no data"),
                               (12, "has 58 % of the front")):  # fmt: skip
        empty = values.copy()
        empty[:, :first_column] = np.nan
        empty[0, :] = 0.1
        image = tiff(tmp_path / "image.tif", np.where(np.isnan(empty), -9999, empty))
        with rasterio.open(image, "r+") as dataset:
            dataset.nodata = -9999
        with pytest.raises(SceneError, match=said):
            imported(tmp_path, mask, image)
    values[:, :8] = -9999
    image = tiff(tmp_path / "image.tif", values)
    with rasterio.open(image, "r+") as dataset:
        dataset.nodata = -9999
    np.testing.assert_array_equal(imported(tmp_path, mask, image), front())
    assert "25 % of the front of a lies where its image has no data" in caplog.text


def test_random_masks_lie_where_their_transform_says(tmp_path: Path) -> None:
    """100 offsets, sizes and flips: every front pixel is where the mask says."""
    from calvingfront.scenes.fronts.mask_grid import Grid, placement

    generator = np.random.default_rng(12)
    image = Grid((HEIGHT, WIDTH), rasterio.crs.CRS.from_user_input(CRS), HERE)
    taken = 0
    for _ in range(100):
        height, width = generator.integers(1, 60, 2)
        column, row = generator.integers(-50, 50, 2)
        flips = generator.choice([-1, 1], 2)
        place = shifted(column, row) @ Affine.scale(*flips.tolist())
        values = generator.random((height, width)) < 0.1
        try:
            placed = placement(Grid((height, width), image.crs, place), image, "m")
        except SceneError:
            placed = None
        expected = np.zeros((HEIGHT, WIDTH), dtype=bool)
        inside = False
        for r, c in np.ndindex(height, width):
            x, y = (~HERE) @ (place @ (c + 0.5, r + 0.5))
            if 0 <= x < WIDTH and 0 <= y < HEIGHT:
                inside = True
                expected[int(y), int(x)] |= values[r, c]
        assert inside == (placed is not None)
        if placed is not None:
            taken += 1
            np.testing.assert_array_equal(placed.onto(values, image.shape), expected)
    assert taken > 20
