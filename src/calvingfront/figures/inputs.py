"""Inputs of the figures: scenes without padding, predictions, and the choice of a run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from calvingfront.dataset.reading import open_dataset
from calvingfront.errors import SampleError
from calvingfront.evaluation.predictions import open_predictions
from calvingfront.files import PathLike
from calvingfront.vocabulary.models import NETWORKS
from calvingfront.vocabulary.runs import as_paths, run_of
from calvingfront.vocabulary.subsets import TEST

Pixel = TypeVar("Pixel", bound=np.generic)

PREFERRED_LOSSES = ("wbce8", "wbce4", "wbce16", "bce")


@dataclass(frozen=True)
class Scene:
    """One scene without the padding at the bottom and on the right.

    image: (h, w) uint8, front: (h, w) bool, height and width: h and w, px.
    """

    name: str
    glacier: str
    mission: str
    acquired: str
    image: npt.NDArray[np.uint8]
    front: npt.NDArray[np.bool_]

    @property
    def height(self) -> int:
        """Number of rows with content, px."""
        return int(self.image.shape[0])

    @property
    def width(self) -> int:
        """Number of columns with content, px."""
        return int(self.image.shape[1])

    @property
    def aspect(self) -> float:
        """Width over height."""
        return self.width / self.height

    @property
    def label(self) -> str:
        """Glacier, mission and date in one line."""
        return " ".join(part for part in (self.glacier, self.mission, self.acquired) if part)

    def crop(self, pixels: npt.NDArray[Pixel]) -> npt.NDArray[Pixel]:
        """Crop a (size, size) array of this scene to its content."""
        return pixels[: self.height, : self.width]


def read_scenes(dataset: PathLike, scenes: Sequence[str]) -> list[Scene]:
    """Read the named scenes of a packed data set. Raises SampleError for an unknown one."""
    data = open_dataset(dataset)
    found = []
    for row in data.rows(list(scenes)):
        facts = data.index.iloc[int(row)]
        height, width = int(facts["content_height"]), int(facts["content_width"])
        found.append(
            Scene(
                name=str(facts["scene"]),
                glacier=_text(facts["glacier"]),
                mission=_text(facts["mission"]),
                acquired=_text(facts["acquired"]),
                image=np.array(data.images[row, :height, :width]),
                front=np.array(data.fronts[row, :height, :width]) > 0,
            )
        )
    return found


def read_probability(prediction: PathLike, scene: str) -> npt.NDArray[np.float32]:
    """Read the test prediction of one scene, (size, size) in 0…1.

    prediction: `probabilities.npy`, with its `index.tsv` beside it.
    Raises SampleError unless it has exactly one test prediction of the scene.
    """
    stored, table = open_predictions(prediction, Path(prediction).with_name("index.tsv"))
    rows = np.flatnonzero((table.scene == scene) & (table.subset == TEST))
    if len(rows) != 1:
        raise SampleError(
            prediction,
            f"has {len(rows)} test predictions of scene {scene} instead of one",
            "Predict again on the current split.",
        )
    return np.asarray(stored[rows[0]], dtype=np.float32)


def first_seeds(paths: PathLike | Iterable[PathLike]) -> dict[tuple[str, str], Path]:
    """Map (model, loss) to the file of its lowest seed, in the order of the paper's tables."""
    found: dict[tuple[str, str], Path] = {}
    for path in as_paths(paths):
        run = run_of(path)
        found.setdefault((run.model, run.loss), path)
    return found


def typical_run(runs: Iterable[tuple[str, str]]) -> tuple[str, str]:
    """Return the (model, loss) to show in a figure that shows only one.

    Networks with attention come first, then WBCE8 (the weight in the paper's Figure 2), WBCE4,
    WBCE16, BCE.
    """

    def preference(pair: tuple[str, str]) -> tuple[bool, int, tuple[str, str]]:
        model, loss = pair
        known = loss in PREFERRED_LOSSES
        rank = PREFERRED_LOSSES.index(loss) if known else len(PREFERRED_LOSSES)
        gated = model in NETWORKS and NETWORKS[model].gated
        return (not gated, rank, pair)

    return min(runs, key=preference)


def _text(value: Any) -> str:
    return "" if pd.isna(value) else str(value)
