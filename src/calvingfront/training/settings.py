"""The settings of a training."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

from calvingfront.errors import ConfigError
from calvingfront.training.augmentation import Augmentation


@dataclass(frozen=True)
class TrainingSettings:
    """How to train a network; see config/README.md, `training`. The defaults are the paper's.

    Raises ConfigError if a value is invalid.
    """

    batch_size: int = 5
    max_epochs: int = 300
    patience: int = 20
    learning_rate_min: float = 1e-5
    learning_rate_max: float = 1e-3
    schedule: Literal["triangular", "cosine"] = "triangular"
    half_cycle_epochs: int = 6
    weight_decay: float = 0.0
    weight_average: float = 0.0
    augmentation: Augmentation = "paper"
    auxiliary_weight: float = 0.1
    sampling: Literal["scenes", "missions"] = "scenes"
    keep_epochs: tuple[int, ...] = (5, 10)
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    device: str = "auto"
    threads: int = 2
    feed: Literal["auto", "resident", "streamed"] = "auto"
    save_minutes: float = 10
    keep_state: bool = True
    deterministic: bool = False
    acceleration: Literal["auto", "eager", "compile", "graph"] = "auto"
    tuning: Literal["off", "measured"] = "off"
    gpu_slots: int = 1
    start_from: str | None = None

    def __post_init__(self) -> None:
        # The schema is not checked when training runs without Snakemake.
        for name, hint in get_type_hints(type(self)).items():
            value, known = getattr(self, name), get_args(hint)
            if get_origin(hint) is Literal and value not in known:
                raise ConfigError(
                    f"training.{name}", f"{value!r} is unknown", f"Write one of {', '.join(known)}."
                )
            if hint is int and (type(value) is not int or value < 1):
                raise ConfigError(
                    f"training.{name}", f"{value!r} is not a positive integer", "Write 1 or more."
                )
        if not 0 < self.learning_rate_min <= self.learning_rate_max:
            raise ConfigError(
                "training.learning_rate_min",
                f"{self.learning_rate_min} to learning_rate_max {self.learning_rate_max} is not a "
                "range of learning rates",
                "Write two positive numbers, learning_rate_min no greater than learning_rate_max.",
            )

        for name, highest in (
            ("weight_decay", math.inf),
            ("weight_average", 1),
            ("auxiliary_weight", math.inf),
        ):
            value = getattr(self, name)
            if not 0 <= value < highest:
                end = " and less than 1" if highest == 1 else ""
                raise ConfigError(
                    f"training.{name}", f"{value} is out of range", f"Write 0 or more{end}."
                )

    @classmethod
    def from_config(cls, section: dict[str, Any], **changes: Any) -> TrainingSettings:
        """Build the settings from the configuration's `training` section."""
        values = {**section, **changes}
        values["keep_epochs"] = tuple(values.get("keep_epochs", cls.keep_epochs))
        return cls(**values)

    def as_record(self) -> dict[str, Any]:
        """Return the settings as plain JSON values."""
        return {**asdict(self), "keep_epochs": list(self.keep_epochs)}
