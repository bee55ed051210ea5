"""Turn the probabilities of a square sample into front lines on the map."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from calvingfront.dataset.reading import open_dataset
from calvingfront.evaluation.predictions import open_predictions
from calvingfront.files import PathLike
from calvingfront.fronts.subpixel import SubpixelLine, subpixel_lines
from calvingfront.locating.vectors import LocatedFront, write_fronts
from calvingfront.samples.geometry import sample_to_map, sample_to_scene
from calvingfront.storage.sealed import read_record
from calvingfront.vocabulary.protocols import VALIDATION_THRESHOLD
from calvingfront.vocabulary.runs import run_of

log = logging.getLogger(__name__)

Floats = npt.NDArray[np.float64]
LONGITUDE_LATITUDE = "EPSG:4326"


def extract_fronts(
    dataset: PathLike,
    probabilities: PathLike,
    predictions: PathLike,
    threshold: PathLike,
    fronts: PathLike,
    min_front_length_m: float,
) -> None:
    """Write the front lines of one network's predictions as a GeoPackage (see `write_fronts`).

    fronts: the file to write. Lines are drawn at the validation threshold; pieces shorter than
    `min_front_length_m` are dropped. A scene in two subsets appears once. A scene without a line
    keeps its row, with no geometry and the reason.
    """
    data = open_dataset(dataset)
    array, table = open_predictions(probabilities, predictions)
    limit = float(read_record(threshold)[VALIDATION_THRESHOLD])
    model = run_of(probabilities).label
    once = ~table["scene"].duplicated().to_numpy()
    found = []
    for position in np.flatnonzero(once).tolist():
        row = int(data.rows([str(table["scene"].iloc[position])])[0])
        facts = {str(name): value for name, value in data.index.loc[row].items()}
        probability = np.asarray(array[position], dtype=np.float64)
        found.append(locate_front(facts, probability, limit, min_front_length_m, model))
    several = len({front.crs for front in found if front.crs is not None}) > 1
    if several:
        log.info("the scenes are in several CRSs: the lines are written in longitude and latitude")
    write_fronts(found, fronts, LONGITUDE_LATITUDE if several else None)
    missing = sum(not front.lines for front in found)
    log.info("%d scenes, %d of them without a line", len(found), missing)


def locate_front(
    facts: Mapping[str, Any],
    probability: Floats,
    threshold: float,
    min_front_length_m: float,
    model: str,
    members: int = 1,
) -> LocatedFront:
    """Draw the front of one scene.

    facts: its row in the index of the data set. probability: (s, s), 0…1, of the square sample.
    """
    lines = lines_of(facts, probability, threshold, min_front_length_m)
    reason = "" if lines else why_none(facts, probability, threshold, min_front_length_m)
    return front_of(facts, lines, threshold, model, members, reason)


def lines_of(
    facts: Mapping[str, Any], probability: Floats, threshold: float, min_front_length_m: float
) -> list[SubpixelLine]:
    """The lines on the sample; none in the padding, none shorter than `min_front_length_m`."""
    shortest_px = min_front_length_m / float(facts["pixel_size_m"])
    return subpixel_lines(probability, threshold, shortest_px, content(facts, len(probability)))


def why_none(
    facts: Mapping[str, Any], probability: Floats, threshold: float, min_front_length_m: float
) -> str:
    """Say why no line was drawn."""
    if (probability[content(facts, len(probability))] > threshold).any():
        return f"only pieces shorter than {min_front_length_m:g} m exceed the threshold"
    return f"no pixel exceeds the threshold {threshold:g}"


def front_of(
    facts: Mapping[str, Any],
    lines: Sequence[SubpixelLine],
    threshold: float,
    model: str,
    members: int,
    reason: str = "",
) -> LocatedFront:
    """The front on the map, or without a map position in m, from its lines on the sample."""
    crs = text(facts.get("crs"))
    return LocatedFront(
        scene=str(facts["scene"]),
        glacier=text(facts.get("glacier")) or "",
        mission=text(facts.get("mission")) or "",
        acquired=str(facts["acquired"]),
        orbit=text(facts.get("orbit")),
        pixel_size_m=float(facts["pixel_size_m"]),
        crs=crs,
        lines=[places(facts, line.rows, line.cols, crs is not None) for line in lines],
        model=model,
        threshold=threshold,
        members=members,
        quality=None if lines else "none",  # the lines have not been judged
        reason=reason,
    )


def content(facts: Mapping[str, Any], size: int) -> npt.NDArray[np.bool_]:
    """Mask (size, size) of the pixels of a sample that belong to its scene, not to padding."""
    valid = np.zeros((size, size), dtype=np.bool_)
    valid[: int(facts["content_height"]), : int(facts["content_width"])] = True
    return valid


def places(facts: Mapping[str, Any], rows: Floats, cols: Floats, on_map: bool) -> Floats:
    """Positions (n, 2) of sample pixels: map x, y, or m right of and below the image's corner."""
    if on_map:
        return np.column_stack(sample_to_map(facts, rows, cols))
    down, right = sample_to_scene(facts, rows, cols)
    return np.column_stack(
        [
            (right + 0.5) * facts["source_pixel_size_x_m"],
            (down + 0.5) * facts["source_pixel_size_y_m"],
        ]
    )


def text(value: Any) -> str | None:
    """A cell as text; None where it is empty."""
    return None if value is None or pd.isna(value) or value == "" else str(value)
