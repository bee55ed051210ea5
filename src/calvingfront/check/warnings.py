"""What looks wrong about a scene beside the others, or by itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from calvingfront.check.scene_facts import SceneFacts
from calvingfront.vocabulary.missions import MISSIONS

Facts = Sequence[SceneFacts]
# Found on CaFFe's 681 images and their fronts: see docs/inputs.md.
LEAST_CONTRAST = 30.0  # grey levels between the 5th and 95th percentile
MOST_SATURATED = 0.2
MOST_NO_DATA = 0.6
MOST_HIDDEN = 0.2  # of a front, on no data
LEAST_SPREAD = 0.15  # of the image's height or width, by the front
MOST_PIECES = 10
PIXEL_TOLERANCE = 0.25  # between images of one glacier and mission
FINEST, COARSEST = 0.4, 30.0  # pixel sizes, in that of the mission's maps
LEAST_EXTENT_M = 2500.0
FENCE = 3.0  # interquartile ranges beyond the quartiles
LEAST_GROUP = 6  # scenes, below which nothing is an outlier
LENGTH_TOLERANCE = 0.5  # of the median length
POSITION_TOLERANCE_M = 1000.0
WINTER = "the season of its scenes stays unknown"


@dataclass(frozen=True)
class Warned:
    """One warning. kind: of KINDS. scene: None if it concerns the whole archive."""

    kind: str
    scene: str | None
    text: str


KINDS: dict[str, str] = {
    "file": "Fetch or make these files again.",
    "pixel size": "A wrong pixel size makes every length and error wrong. Check it in the table, "
    "or give `source.caffe.sizes` for downsampled copies.",
    "brightness": "Low contrast, saturation or much no data: was the image scaled twice, or is the "
    "kind of its values wrong?",
    "front": "Look at the line on the sheet: another scene's front, another CRS, a part of it?",
    "outlier": "The front lies or is long unlike the others of its glacier. Look whether it "
    "belongs to the scene.",
    "twice": "Keep one of the two: a scene in two subsets is tested on what was trained.",
    "hemisphere": "Write `source.hemisphere`, so that scores can be told by season.",
}


def warnings_of(facts: Facts, hemispheres: Mapping[str, str]) -> list[Warned]:
    """All warnings, by kind and scene. hemispheres: of the glaciers, as far as they are known."""
    found = [
        *(warned for each in facts for warned in _alone(each)),
        *_pixel_sizes(facts),
        *_outliers(facts),
        *_twice(facts),
        *_hemispheres(facts, hemispheres),
    ]
    order = list(KINDS)
    return sorted(found, key=lambda each: (order.index(each.kind), each.scene or "", each.text))


def _alone(facts: SceneFacts) -> Iterator[Warned]:
    def warn(kind: str, text: str) -> Warned:
        return Warned(kind, facts.scene, text)

    if facts.fault:
        yield warn("file", facts.fault)
        return
    if facts.no_data > MOST_NO_DATA:
        yield warn("brightness", f"{facts.no_data:.0%} no data")
    elif facts.contrast < LEAST_CONTRAST:
        yield warn("brightness", f"low contrast, {facts.contrast:.0f} grey levels")
    if facts.saturated > MOST_SATURATED:
        yield warn("brightness", f"{facts.saturated:.0%} saturated")
    if facts.labelled and facts.pieces == 0:
        text = f"{facts.share:.0%} of the image is front" if facts.share else "no front in the mask"
        yield warn("front", text)
    if facts.on_no_data > MOST_HIDDEN:
        yield warn("front", f"{facts.on_no_data:.0%} of the front on no data")
    if facts.spread is not None and facts.spread < LEAST_SPREAD:
        yield warn("front", f"crosses {facts.spread:.0%} of the image")
    if facts.pieces > MOST_PIECES:
        yield warn("front", f"in {facts.pieces} pieces")
    if facts.pixel_m is None:
        yield warn("pixel size", "unknown")
        return
    size = float(np.sqrt(facts.pixel_m[0] * facts.pixel_m[1]))
    usual = MISSIONS[facts.mission].spacing_m if facts.mission in MISSIONS else None
    if usual is not None and not FINEST <= size / usual <= COARSEST:
        yield warn("pixel size", f"{size:.3g} m, implausible for {facts.mission}")
    extent = max(facts.shape[0] * facts.pixel_m[0], facts.shape[1] * facts.pixel_m[1])
    if extent < LEAST_EXTENT_M:
        yield warn("pixel size", f"{size:.3g} m: the image covers only {extent / 1000:.1f} km")


def _pixel_sizes(facts: Facts) -> Iterator[Warned]:
    sized = [each for each in facts if each.pixel_m is not None]
    for group in _grouped(sized, lambda each: (each.glacier, each.mission)).values():
        if len(group) < 3:
            continue
        sizes = np.array([np.sqrt(np.prod(each.pixel_m or (1, 1))) for each in group])
        usual = float(np.median(sizes))
        for each, size in zip(group, sizes, strict=True):
            if abs(np.log(size / usual)) > np.log1p(PIXEL_TOLERANCE):
                text = f"{size:.3g} m, others of {each.glacier} and {each.mission} {usual:.3g} m"
                yield Warned("pixel size", each.scene, text)
    shapes = {each.shape for each in facts if not each.fault}
    tags = {each.tag_m for each in facts if each.tag_m is not None}
    if len(shapes) == 1 and len(tags) > 1 and len(facts) > 2:
        ((height, width),) = shapes
        sizes_m = {each.pixel_m for each in sized}
        if height == width and len(sizes_m) <= len(tags):
            names = ", ".join(f"{tag:g}" for tag in sorted(tags))
            text = (
                f"all images have {height} × {width} px, whatever their resolution ({names} m): "
                "they look like downsampled copies, whose pixel sizes are not those of the names"
            )
            yield Warned("pixel size", None, text)


def _outliers(facts: Facts) -> Iterator[Warned]:
    fronts = [each for each in facts if each.front_m is not None and each.middle_m is not None]
    for group in _grouped(fronts, lambda each: (each.glacier,)).values():
        lengths = np.array([each.front_m or 0.0 for each in group])
        away = np.abs(lengths - np.median(lengths)) > LENGTH_TOLERANCE * np.median(lengths)
        for each in _chosen(group, _beyond(lengths) & away):
            text = f"front {(each.front_m or 0) / 1000:.1f} km long"
            usual = f"others of {each.glacier} {np.median(lengths) / 1000:.1f} km"
            yield Warned("outlier", each.scene, f"{text}, {usual}")
    for group in _grouped(fronts, lambda each: (each.glacier, each.frame)).values():
        middles = np.array([each.middle_m or (0, 0) for each in group])
        distance = np.hypot(*(middles - np.median(middles, axis=0)).T)
        far = _beyond(distance) & (distance > POSITION_TOLERANCE_M)
        for each, metres in zip(_chosen(group, far), distance[far], strict=True):
            text = f"front {metres / 1000:.1f} km from the others of {each.glacier}"
            yield Warned("outlier", each.scene, text)


def _beyond(values: np.ndarray) -> np.ndarray:
    """Which values lie outside the fences; none in a small group."""
    if len(values) < LEAST_GROUP:
        return np.zeros(len(values), dtype=bool)
    low, high = np.percentile(values, (25, 75))
    reach = FENCE * (high - low)
    return np.asarray((values < low - reach) | (values > high + reach))


def _twice(facts: Facts) -> Iterator[Warned]:
    sound = [each for each in facts if each.digest]
    for group in _grouped(sound, lambda each: (each.digest,)).values():
        for each in group[1:]:
            yield Warned("twice", each.scene, f"the same pixels as {group[0].scene}")
    same_day = _grouped(sound, lambda each: (each.glacier, each.mission, each.acquired))
    for group in same_day.values():
        for each in group[1:]:
            if each.digest != group[0].digest:
                yield Warned("twice", each.scene, f"glacier, mission and day of {group[0].scene}")


def _hemispheres(facts: Facts, known: Mapping[str, str]) -> Iterator[Warned]:
    placed = {each.glacier for each in facts if each.crs is not None}
    for glacier in sorted({each.glacier for each in facts} - set(known) - placed):
        yield Warned("hemisphere", None, f"{glacier}: {WINTER}")


def _grouped(
    facts: Iterable[SceneFacts], key: Callable[[SceneFacts], tuple[str, ...]]
) -> dict[tuple[str, ...], list[SceneFacts]]:
    groups: dict[tuple[str, ...], list[SceneFacts]] = defaultdict(list)
    for each in sorted(facts, key=lambda each: each.scene):
        groups[key(each)].append(each)
    return groups


def _chosen(group: Sequence[SceneFacts], which: np.ndarray) -> list[SceneFacts]:
    return [each for each, chosen in zip(group, which, strict=True) if chosen]
