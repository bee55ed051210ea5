"""What a model folder says about its model: the content of model.json, with its types."""

from __future__ import annotations

import math
import types
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from calvingfront.uncertainty.calibration import Calibration
from calvingfront.vocabulary.runs import Run

T = TypeVar("T")


class ContentError(ValueError):
    """A key of model.json that is missing or holds what it cannot hold."""


@dataclass(frozen=True)
class Member:
    """One trained network. weights: its file; network: the settings of `NetworkSettings`."""

    weights: str
    sha256: str
    model: str
    loss: str
    seed: int
    network: Mapping[str, Any]
    calvingfront: str
    commit: str | None

    @property
    def label(self) -> str:
        """The printed name of its network and loss."""
        return Run(self.model, self.loss, self.seed).label


@dataclass(frozen=True)
class Preprocessing:
    """How a sample is made from an image; see config/README.md, `samples`. size in px.

    grey_levels: a key of `vocabulary.kinds.GREY_LEVELS`, by which backscatter was scaled.
    """

    size: int
    median_area_m2: float
    variant: str
    front_width_px: int
    grey_levels: str


@dataclass(frozen=True)
class ThresholdChoice:
    """How the threshold was chosen, on how many validation scenes, and their mean Dice at it."""

    how: str
    validation_scenes: int
    validation_dice: float


@dataclass(frozen=True)
class Range:
    """The smallest and the largest of some values."""

    lowest: float
    highest: float


@dataclass(frozen=True)
class Percentiles:
    """1st, 50th and 99th percentile over scenes."""

    p01: float
    p50: float
    p99: float


@dataclass(frozen=True)
class Brightness:
    """The area of the training samples without padding: mean grey level (0…255); shares (0…1)
    of saturated (255) and of empty (0) pixels."""

    mean: Percentiles
    saturated_share: Percentiles
    empty_share: Percentiles


@dataclass(frozen=True)
class TrainedOn:
    """The scenes behind a model. All but the numbers refers to the training scenes.

    source, split: `source.kind` and `split.method` of the configuration. Days: YYYY-MM-DD.
    pixel_size_m: of the square samples, m; source_pixel_size_m: of the images before that, m.
    """

    training_scenes: int
    validation_scenes: int
    test_scenes: int
    source: str
    split: str
    glaciers: tuple[str, ...]
    missions: tuple[str, ...]
    first_day: str
    last_day: str
    pixel_size_m: Range
    source_pixel_size_m: Range
    brightness: Brightness


@dataclass(frozen=True)
class Score:
    """Scores of some test scenes at the model's threshold.

    dice, iou: means over the scenes. mde_m: mean distance between the drawn and the true front,
    over all front pixels, m; None if no front was drawn. missing: scenes without a drawn front.
    line_m: distance of the drawn lines from the true fronts, m, mean over the scenes with both;
    None without any. within: by level (per cent), the share of those lines within their band, mean
    over the scenes; half_width_m: the mean half-width of those bands. Empty without calibration.
    """

    scenes: int
    dice: float
    iou: float
    mde_m: float | None
    missing: int
    line_m: float | None
    within: Mapping[str, float]
    half_width_m: Mapping[str, float]


@dataclass(frozen=True)
class Scores:
    """Scores of all test scenes, and of those of each mission and glacier."""

    all: Score
    by_mission: Mapping[str, Score]
    by_glacier: Mapping[str, Score]


@dataclass(frozen=True)
class LeftOut:
    """What some trainings found on a glacier that they left out.

    networks: how many; trained_on: their glaciers; threshold: chosen on their validation scenes.
    score: of the glacier's scenes, with the bands calibrated on the other glaciers; `within` and
    `half_width_m` are empty if there is no other. stated_m: the mean error of the lines, m, as that
    calibration states it; None likewise.
    """

    networks: int
    trained_on: tuple[str, ...]
    threshold: float
    score: Score
    stated_m: float | None


@dataclass(frozen=True)
class Elsewhere:
    """How far a model holds on a glacier that is not in its training.

    Found by trainings like the model's own that left a glacier out. calibration, spread_px: on all
    of these glaciers, each of which weighs the same. glaciers: what was found on each.
    """

    calibration: Calibration
    spread_px: Percentiles
    glaciers: Mapping[str, LeftOut]


@dataclass(frozen=True)
class ModelCard:
    """All that model.json says.

    orientations: in which each network predicts an image: 1, or 8 with its rotations and mirror
    images. min_front_length_m: shorter lines are dropped, m. calibration: from spreads to errors;
    None where the validation scenes were too few. spread_px: of the validation scenes' lines.
    remarks: of its makers, Markdown. elsewhere: errors on glaciers that are not in the training;
    None where it was not tested there.
    """

    title: str
    members: tuple[Member, ...]
    orientations: int
    preprocessing: Preprocessing
    threshold: float
    threshold_choice: ThresholdChoice
    min_front_length_m: float
    calibration: Calibration | None
    spread_px: Percentiles | None
    trained_on: TrainedOn
    scores: Scores
    licence: str
    data: str
    remarks: str
    elsewhere: Elsewhere | None = None

    @property
    def label(self) -> str:
        """The title, or else the names of the networks."""
        names = list(dict.fromkeys(member.label for member in self.members))
        seeds = f" ({len(self.members)} seeds)" if len(names) == 1 < len(self.members) else ""
        return self.title or " + ".join(names) + seeds


def parse(kind: type[T], value: Any, key: str = "") -> T:
    """Make a `kind` of what JSON holds: a class above, with all that is in it.

    key: where `value` stands, for the error. Further keys are ignored; one with a default may lack.
    Raises ContentError, whose text names the key, if something is missing or of another type.
    """
    made: T = _parse(kind, value, key)
    return made


def _parse(kind: Any, value: Any, key: str) -> Any:
    origin, parts = get_origin(kind), get_args(kind)
    if kind is Any:
        return value
    if origin is types.UnionType:  # … | None
        return None if value is None else _parse(parts[0], value, key)
    if origin is tuple and isinstance(value, list):
        return tuple(_parse(parts[0], each, f"{key}[{n}]") for n, each in enumerate(value))
    if isinstance(kind, type) and is_dataclass(kind) and isinstance(value, dict):
        hints = get_type_hints(kind)
        inside = {}
        for name, default in ((field.name, field.default) for field in fields(kind)):
            path = f"{key}.{name}" if key else name
            if name not in value and default is not MISSING:
                continue
            if name not in value:
                raise ContentError(f"has no {path}")
            inside[name] = _parse(hints[name], value[name], path)
        return kind(**inside)
    if origin is Mapping and isinstance(value, dict):
        return {name: _parse(parts[1], each, f"{key}.{name}") for name, each in value.items()}
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind is float and number and math.isfinite(value):
        return float(value)
    if (kind is int and number and isinstance(value, int)) or (
        kind is str and isinstance(value, str)
    ):
        return value
    raise ContentError(f"{key or 'the whole'} cannot be {str(value)[:40]!r}")
