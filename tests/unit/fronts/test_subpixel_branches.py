"""Sub-pixel lines of fronts with branches and rings: nothing is lost, nothing drawn twice."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import shapely
from scipy import ndimage

from calvingfront.fronts.subpixel import SubpixelLine, subpixel_lines
from calvingfront.fronts.thinning import thin
from drawn_fronts import arc, as_shape, drawn, points, turned, turned_back


def ring(radius: float, row: float = 0.0, col: float = 0.0) -> shapely.Geometry:
    return arc(radius, 0.3, 0.3 + 2 * np.pi, (row, col))


def segment(*places: tuple[float, float]) -> shapely.Geometry:
    return shapely.LineString(places)


def eight() -> shapely.Geometry:
    angles = np.linspace(0, 2 * np.pi, 800)
    return shapely.LineString(np.column_stack([1.2 * np.sin(2 * angles), 2.2 * np.cos(angles)]))


# In units of the radius, with the lines that they become: closed, open.
SHAPES = {
    "ring": ([ring(1)], (1, 0)),
    "tail outside": ([ring(1), segment((0, 1), (0.3, 2.3))], (1, 1)),
    "tail inside": ([ring(1), segment((0, 1), (0.1, -0.2))], (1, 1)),
    "tail longer than the ring": ([ring(1), segment((0, 1), (0.5, 9))], (1, 1)),
    "three tails": (
        [ring(1), segment((0, 1), (0, 2.1)), segment((-1, 0), (-2, 0)), segment((1, 0), (2.3, 0))],
        (1, 3),
    ),
    "two rings that touch": ([ring(1), ring(1, 0, 2)], None),
    "a smaller ring that touches": ([ring(1), ring(0.6, 0, 1.6)], None),
    "three rings in a row": ([ring(1), ring(1, 0, 2), ring(1, 0, -2)], None),
    "three rings that all touch": ([ring(1), ring(1, 0, 2), ring(1, 3**0.5, 1)], None),
    "rings joined by a bar": ([ring(1), ring(1, 0, 3.5), segment((0, 1), (0, 2.5))], (2, 1)),
    "ring that hangs on a line": ([ring(1), segment((1, -2), (1, 2))], (1, 2)),
    "ring in the middle of a line": (
        [ring(1), segment((0, 1), (0, 5)), segment((0, -1), (0, -5))], (0, 2)
    ),
    "theta": ([ring(1), segment((0, -1), (0, 1))], (1, 1)),
    "eight": ([eight()], (2, 0)),
    "fork": ([segment((0, 0), (0, 2.4)), segment((-1.5, -1), (0, 0), (1.7, -1))], (0, 2)),
    "cross": ([segment((-2, -1), (2, 1.2)), segment((-1.5, 1.3), (2, -1))], None),
}  # fmt: skip


def image_of(name: str, radius: float, width: float) -> tuple[np.ndarray, shapely.Geometry]:
    parts = shapely.MultiLineString(SHAPES[name][0])
    corner = np.array(parts.bounds[:2])
    front = shapely.transform(parts, lambda at: (at - corner) * radius + [10.3, 10.2])
    shape = tuple(np.ceil(front.bounds[2:]).astype(int) + 11)
    return drawn(front, width, shape=shape), front


def along(shape: shapely.Geometry) -> np.ndarray:
    """Points along lines, half a pixel apart."""
    return shapely.points(shapely.get_coordinates(shapely.segmentize(shape, 0.5)))


def twice(lines: list[SubpixelLine]) -> int:
    """The number of vertices that are nearer than a pixel to another line."""
    shapes = [as_shape(line) for line in lines]
    return sum(
        int((shapely.distance(shapely.points(points(line)), shapes[k]) < 1).sum())
        for k in range(len(lines))
        for line in lines[:k]
    )


@pytest.mark.parametrize(("width", "radius"), [(1, 10), (2, 9), (3, 14), (3, 26), (4, 19), (6, 26)])
@pytest.mark.parametrize("name", SHAPES)
def test_every_part_of_a_front_is_in_exactly_one_line(
    name: str, width: float, radius: float
) -> None:
    image, front = image_of(name, radius, width)
    lines = subpixel_lines(image, 0.5, 0)
    found = shapely.MultiLineString([as_shape(line) for line in lines])
    # Where lines run into each other, they are drawn once.
    contact = 0.12 * front.length if SHAPES[name][1] is None or "hangs" in name else width
    assert front.length - contact - width < found.length < 1.05 * front.length + 3 * width
    assert shapely.distance(along(front), found).max() < width + 1
    assert shapely.distance(along(found), front).max() < width / 2 + 1.5
    assert all(as_shape(line).is_simple for line in lines)
    junctions = 6 if len(lines) > 1 else 0
    assert twice(lines) <= junctions * (width + 3)
    expected = SHAPES[name][1]
    if expected is not None and width > 1:
        closed = sum(line.closed for line in lines)
        assert (closed, len(lines) - closed) == expected


@pytest.mark.parametrize("code", range(8))
@pytest.mark.parametrize("name", SHAPES)
def test_a_turned_front_has_the_same_lines_turned(name: str, code: int) -> None:
    image, _ = image_of(name, 12, 3)
    quarter, mirrored = code % 4, code > 3
    lines = subpixel_lines(image, 0.5, 0)
    others = subpixel_lines(turned(image, quarter, mirrored), 0.5, 0)
    assert len(lines) == len(others)
    lengths = [line.length for line in lines]
    assert [line.length for line in others] == pytest.approx(lengths, abs=1e-6)
    back = [
        shapely.LineString(turned_back(points(other), quarter, mirrored, image.shape))
        for other in others
    ]
    assert min(
        min(shape.hausdorff_distance(as_shape(line)) for shape in back) for line in lines
    ) < (1e-6)


def test_an_open_line_ends_on_the_line_that_passes() -> None:
    for name in ("tail outside", "three tails", "theta", "fork", "ring in the middle of a line"):
        image, _ = image_of(name, 14, 3)
        lines = subpixel_lines(image, 0.5, 0)
        others = [
            min(
                as_shape(other).distance(shapely.Point(end)) for other in lines if other is not line
            )
            for line in lines
            if not line.closed
            for end in points(line)[[0, -1]]
        ]
        free = {"tail outside": 1, "three tails": 3, "theta": 0, "fork": 3}.get(name, 2)
        assert sum(distance > 3 for distance in others) == free, name
        assert sum(distance < 1e-6 for distance in others) == len(others) - free, name


def test_a_branch_that_is_nowhere_above_the_threshold_is_no_line() -> None:
    front = shapely.LineString([(20.2, 5), (20.2, 70)])
    branch = shapely.LineString([(20.2, 30), (50, 40)])
    strong, weak = (drawn(line, 3, shape=(60, 76)) for line in (front, branch))
    assert len(subpixel_lines(np.maximum(strong, 0.4 * weak), 0.5, 0)) == 1
    weak[35:40] *= 1.5
    assert len(subpixel_lines(np.maximum(strong, 0.4 * weak), 0.5, 0)) == 2


def test_a_branch_shorter_than_the_shortest_line_is_dropped() -> None:
    image, _ = image_of("three tails", 14, 3)
    lengths = [line.length for line in subpixel_lines(image, 0.5, 0)]
    assert lengths == sorted(lengths, reverse=True)
    between = (lengths[1] + lengths[2]) / 2
    assert [line.length for line in subpixel_lines(image, 0.5, between)] == lengths[:2]


@pytest.mark.parametrize("width", [3, 4, 5, 6])
def test_a_bump_on_a_front_is_no_branch(width: int) -> None:
    """Its line is the one that the front has without it, but for a shift near the bump."""
    plain = np.zeros((60, 80))
    plain[30 : 30 + width, 10:70] = 1
    bump = plain.copy()
    bump[30 - width : 30, 40 : 40 + width] = 1
    (line,), (other,) = subpixel_lines(plain, 0.5, 0), subpixel_lines(bump, 0.5, 0)
    assert other.length == pytest.approx(line.length, abs=1.5)


def test_the_lines_of_real_fronts_cover_their_masks(shared_data: Path) -> None:
    folder = shared_data / "caffe256" / "fronts" / "train"
    paths = sorted(folder.glob("*.png"))
    if not paths:
        pytest.skip("no caffe256 among the real data (docs/test_data.md)")
    branched = ("DBE_2006-10-04", "JAC_2010-10-18", "JAC_2009-06-21")  # with rings, too
    for path in [p for k, p in enumerate(paths) if k % 12 == 0 or p.name.startswith(branched)]:
        mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) > 0
        lines = subpixel_lines(mask.astype(float), 0.5, 0)
        found = shapely.MultiLineString([as_shape(line) for line in lines])
        width = 2 * float(ndimage.distance_transform_edt(mask).max())
        skeleton = shapely.points(np.argwhere(thin(mask)))
        assert shapely.distance(skeleton, found).max() < 1.5 * width + 2, path.name
        away = ndimage.distance_transform_edt(~mask)
        assert (
            away[tuple(np.rint(np.vstack([points(line) for line in lines])).astype(int).T)].max()
            < 2
        )
        assert twice(lines) <= (len(lines) - 1) * 2 * (width + 3), path.name
