"""Settings that cannot work are refused where no schema has looked at them."""

from __future__ import annotations

import math
from typing import Any

import pytest

from calvingfront.errors import ConfigError
from calvingfront.training.settings import TrainingSettings


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"precision": "bf16"}, "training.precision: 'bf16' is unknown. Write one of auto, "),
        ({"feed": "ressident"}, "training.feed: 'ressident' is unknown. Write one of auto"),
        ({"augmentation": "papr"}, "training.augmentation: 'papr' is unknown. Write one of "),
        ({"acceleration": None}, "training.acceleration: None is unknown. Write one of auto"),
        ({"batch_size": 0}, "training.batch_size: 0 is not a positive integer. Write 1 or more"),
        ({"max_epochs": 2.5}, "training.max_epochs: 2.5 is not a positive integer"),
        ({"threads": True}, "training.threads: True is not a positive integer"),
        ({"learning_rate_min": 0.0}, "training.learning_rate_min: 0.0 to learning_rate_max 0.001"),
        ({"schedule": "cosin"}, "training.schedule: 'cosin' is unknown. Write one of triangular"),
        ({"sampling": "glaciers"}, "training.sampling: 'glaciers' is unknown. Write one of "),
        ({"weight_decay": -0.1}, "training.weight_decay: -0.1 is out of range. Write 0 or more."),
        ({"weight_decay": math.nan}, "training.weight_decay: nan is out of range"),
        ({"weight_average": 1.0}, "training.weight_average: 1.0 is out of range. Write 0 or more "),
        ({"learning_rate_min": 0.1}, "training.learning_rate_min: 0.1 to learning_rate_max 0.001"),
    ],
)
def test_a_setting_that_cannot_work_names_its_key(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        TrainingSettings(**change)
    assert str(caught.value).startswith(said)


def test_the_papers_settings_are_the_defaults_and_work() -> None:
    settings = TrainingSettings()
    assert (settings.batch_size, settings.max_epochs, settings.patience) == (5, 300, 20)
    assert TrainingSettings.from_config({"keep_epochs": [3]}, threads=4).keep_epochs == (3,)
