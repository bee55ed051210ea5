"""Settings that cannot work are refused where no schema has looked at them."""

from __future__ import annotations

from typing import Any

import pytest

from calvingfront.errors import ConfigError
from calvingfront.training.settings import TrainingSettings


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"precision": "bf16"}, "training.precision: 'bf16' is unknown. Write auto, float32, bfl"),
        ({"feed": "ressident"}, "training.feed: 'ressident' is unknown. Write auto, resident"),
        ({"augmentation": "papr"}, "training.augmentation: 'papr' is unknown. Write paper"),
        ({"acceleration": None}, "training.acceleration: None is unknown. Write auto, eager"),
        ({"batch_size": 0}, "training.batch_size: 0 is no number of things. Write 1 or more"),
        ({"max_epochs": 2.5}, "training.max_epochs: 2.5 is no number"),
        ({"threads": True}, "training.threads: True is no number"),
        ({"learning_rate_min": 0.0}, "training.learning_rate_min: 0.0 and learning_rate_max"),
        ({"learning_rate_min": 0.1}, "training.learning_rate_min: 0.1 and learning_rate_max 0.001"),
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
