"""Random vector layers: nothing but an error of ours, and no front that is another scene's.

Each feature is drawn for one scene, in a column of its own. The attributes are then written in one
of many ways, clear and unclear. Whatever the layer: either the table is refused, or each scene gets
the columns drawn for it. Where the attributes are clear, it must not be refused.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from calvingfront.errors import CalvingFrontError
from calvingfront.scenes.fronts import matching
from calvingfront.scenes.fronts.layers import Features
from calvingfront.scenes.fronts.listing import Fronts
from calvingfront.scenes.fronts.placing import lines_in

geopandas = pytest.importorskip("geopandas")
shapely = pytest.importorskip("shapely")

CRS, PIXEL, SIZE = "EPSG:3031", 20.0, 100
PLACES = {"A": (-2_460_000.0, 1_430_000.0), "B": (-2_300_000.0, 1_200_000.0)}
UNDEFINED = 'ENGCRS["Undefined Cartesian SRS",EDATUM["Unknown"],CS[Cartesian,2],AXIS["X",east],'
UNDEFINED += 'AXIS["Y",north],LENGTHUNIT["metre",1]]'

CLEAR_DAYS = {
    "iso": lambda d: d,
    "slashes": lambda d: d.replace("-", "/"),
    "compact": lambda d: d.replace("-", ""),
    "number": lambda d: int(d.replace("-", "")),
    "stamp": lambda d: f"{d}T11:22:33Z",
    "offset": lambda d: f"{d}T11:22:33+02:00",
}
UNCLEAR_DAYS = {
    "day first": lambda d: f"{d[8:]}.{d[5:7]}.{d[:4]}",
    "month first": lambda d: f"{d[5:7]}/{d[8:]}/{d[:4]}",
    "two digits": lambda d: f"{d[2:4]}{d[5:7]}{d[8:]}",
    "year": lambda d: int(d[:4]),
    "decimal": lambda d: int(d[:4]) + int(d[5:7]) / 12,
    "within": lambda d: f"S1A_{d.replace('-', '')}_x",
}
KNOWN_NAMES = ("date", "Date", "ACQUIRED", "acq_date", "acquisitio", "SourceDate", "Image Date")
OTHER_NAMES = ("t0", "shot", "img", "when")
WORK_NAMES = ("created", "edited", "digitised")


class Scene(NamedTuple):
    name: str
    glacier: str
    day: str
    columns: tuple[int, ...]


class Case(NamedTuple):
    scenes: list[Scene]
    layers: list[tuple[str, Any]]
    clear: bool
    seed: int


def drawn(generator: np.random.Generator, glacier: str, column: int, damage: str) -> Any:
    left, top = PLACES[glacier]
    x = left + (column + 0.5) * PIXEL
    ends = [(x, top - row * PIXEL) for row in np.linspace(1, SIZE - 1, generator.integers(2, 6))]
    match damage:
        case "polygon":
            return shapely.Polygon([*ends, (x + 10, top)]) if len(ends) > 1 else None
        case "point":
            return shapely.Point(ends[0])
        case "nan":
            return shapely.LineString([*ends, (np.nan, top)])
        case "empty":
            return shapely.LineString()
        case "none":
            return None
        case "height":
            return shapely.LineString([(*end, 5.0) for end in ends])
        case "parts" if len(ends) > 2:
            return shapely.MultiLineString([ends[:2], ends[1:]])
    return shapely.LineString(ends)


def make(seed: int) -> Case:
    generator = np.random.default_rng([12, seed])
    pick = lambda values: values[int(generator.integers(len(values)))]  # noqa: E731
    free = iter(generator.permutation(np.arange(2, SIZE - 2)).tolist())
    days = [f"20{y:02d}-{m:02d}-{d:02d}" for y, m, d in zip(
        generator.integers(1, 20, 4), generator.integers(1, 13, 4), generator.integers(1, 29, 4),
        strict=True)]  # fmt: skip
    scenes, taken = [], set()
    for k in range(int(generator.integers(1, 6))):
        glacier, day = pick("AB"), pick(days)
        if (glacier, day) in taken:
            continue
        taken.add((glacier, day))
        columns = tuple(next(free) for _ in range(int(generator.integers(1, 3))))
        scenes.append(Scene(f"S{k}", glacier, day, columns))
    damage = pick(["", "", "height", "parts", "polygon", "point", "nan", "empty", "none"])
    rows = [(s, column) for s in scenes for column in s.columns]
    rows = [rows[k] for k in generator.permutation(len(rows))]
    geometry = [drawn(generator, s.glacier, c, damage if generator.random() < 0.5 else "")
                for s, c in rows]  # fmt: skip
    columns: dict[str, list[Any]] = {"note": [pick(["x", "y"]) for _ in rows]}
    kind = pick(["scene", "known", "known", "other", "unclear", "both", "nothing"])
    clear = damage in {"", "height", "parts"}
    if kind == "scene":
        columns["Scene"] = [s.name for s, _ in rows]
    if kind in {"known", "other", "both"}:
        write = CLEAR_DAYS[pick(list(CLEAR_DAYS))]
        name = pick(KNOWN_NAMES if kind != "other" else OTHER_NAMES)
        columns[name] = [write(s.day) for s, _ in rows]
    if kind == "both":
        columns[pick(OTHER_NAMES)] = [pick(days) for _ in rows]
    if kind == "unclear":
        write = UNCLEAR_DAYS[pick(list(UNCLEAR_DAYS))]
        columns[pick(KNOWN_NAMES + OTHER_NAMES)] = [write(s.day) for s, _ in rows]
    if kind == "nothing" and len(scenes) == 1 and generator.random() < 0.5:
        columns[pick(WORK_NAMES)] = [pick(days)] * len(rows)
    if generator.random() < 0.3:
        columns[pick(["glacier", "Glacier_Na"])] = [s.glacier for s, _ in rows]
    frame = geopandas.GeoDataFrame(columns, geometry=geometry, crs=CRS)
    crs = pick([CRS, CRS, "EPSG:4326", "EPSG:32720", None, UNDEFINED])
    clear = clear and crs not in {None, UNDEFINED} and kind in {"scene", "known", "other", "both"}
    with warnings.catch_warnings(action="ignore"):
        frame = (
            frame.to_crs(crs) if crs in {CRS, "EPSG:4326", "EPSG:32720"}
            else frame.set_crs(crs, allow_override=True)
        )  # fmt: skip
    layers = [("fronts", frame)]
    if generator.random() < 0.25:  # a flow line across both places
        ends = [(left, top - 1000) for left, top in PLACES.values()]
        flow = geopandas.GeoDataFrame(
            {"name": ["flow"]}, geometry=[shapely.LineString(ends)], crs=CRS
        )
        layers.insert(int(generator.integers(2)), ("centreline", flow))
    return Case(scenes, layers, clear, seed)


def features(frame: Any) -> Features:
    """A layer as it is read from a file."""
    columns = {str(name): frame[name].tolist() for name in frame.columns.drop("geometry")}
    crs = None if frame.crs is None else frame.crs.to_string()
    return Features(shapely.force_2d(np.asarray(frame.geometry.array)), columns, crs)


def header(glacier: str) -> dict[str, Any]:
    left, top = PLACES[glacier]
    return {"crs": CRS, "height_px": SIZE, "width_px": SIZE, "pixel_size_x_m": PIXEL,
            "pixel_size_y_m": PIXEL, "upper_left_x": left, "upper_left_y": top}  # fmt: skip


def check(case: Case, path: Path) -> bool:
    """Whether the table was taken; all its scenes' fronts are then right."""
    fronts = Fronts()
    try:
        for scene in case.scenes:
            fronts.check_lines(path, None, *scene[:3], header(scene.glacier))
    except CalvingFrontError as error:
        if case.clear:
            pytest.fail(f"seed {case.seed}: {error}")
        return False
    for scene in case.scenes:
        own, layer = matching.FrontFile(path).own(*scene[:3])
        left, top = PLACES[scene.glacier]
        lines = lines_in(own.lines, layer.crs, CRS, path)
        image = shapely.box(left, top - SIZE * PIXEL, left + SIZE * PIXEL, top)
        inside = lines[shapely.intersects(lines, image)]
        found = sorted({int((x - left) // PIXEL) for x in shapely.get_coordinates(inside)[:, 0]})
        drawn = sorted(scene.columns)
        # Pieces without geometry are no part of the front; nothing else may be missing.
        assert set(found) <= set(drawn), f"seed {case.seed}: {scene.name} {found} {drawn}"
        assert found == drawn or not case.clear, f"seed {case.seed}: {scene.name} {found} {drawn}"
    return True


def test_random_layers_give_each_scene_its_own_front_or_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken = 0
    for seed in range(1000):
        case = make(seed)
        layers = [(name, features(frame)) for name, frame in case.layers]
        monkeypatch.setattr(matching, "read_line_layers", lambda _, layer, read=layers: read)
        taken += check(case, Path("layer"))
    assert 250 < taken < 900


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("suffix", ["gpkg", "shp", "geojson", "fgb"])
def test_random_files_give_each_scene_its_own_front_or_an_error(
    tmp_path: Path, suffix: str
) -> None:
    """The same through the files themselves, with what a format makes of names and types."""
    taken = written = 0
    for seed in range(25):
        case = make(seed)
        path = tmp_path / f"{seed}.{suffix}"
        case = case._replace(layers=case.layers if suffix == "gpkg" else case.layers[-1:])
        try:
            for name, frame in case.layers:
                frame.to_file(path, **({"layer": name} if suffix == "gpkg" else {}))
        except Exception:
            continue
        if case.layers[-1][0] == "fronts":
            written += 1
            taken += check(case._replace(clear=case.clear and suffix == "gpkg"), path)
    assert written > 8
    assert taken > 2
