"""The schema's names are those of the code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

from calvingfront.configuration.docs import leaves
from calvingfront.configuration.schema import read_schema
from calvingfront.configuration.validation import validate_config
from calvingfront.dataset.history import WHEN
from calvingfront.errors import Faults
from calvingfront.evaluation.ensemble import ORIENTATIONS
from calvingfront.networks.blocks import Variant
from calvingfront.networks.settings import NetworkSettings
from calvingfront.samples.geometry import VARIANTS
from calvingfront.scenes.sources import SOURCES
from calvingfront.training.settings import TrainingSettings
from calvingfront.vocabulary.auxiliary import TASKS
from calvingfront.vocabulary.kinds import GREY_LEVELS, KINDS
from calvingfront.vocabulary.losses import LOSSES, LossFamily, register_loss
from calvingfront.vocabulary.missions import MISSIONS
from calvingfront.vocabulary.models import NETWORKS, Model, register_network
from calvingfront.vocabulary.subsets import SPLIT_METHODS

SCHEMA = Path(__file__).resolve().parents[3] / "workflow" / "schemas" / "config.schema.yaml"


@pytest.fixture
def schema() -> dict[str, Any]:
    return dict(leaves("", read_schema(SCHEMA)["properties"]))


def test_every_enumeration_of_the_schema_is_that_of_the_code(schema: dict[str, Any]) -> None:
    hints = get_type_hints(TrainingSettings)
    expected = {
        f"training.{name}": set(get_args(hint))
        for name, hint in hints.items()
        if get_origin(hint) is Literal
    }
    expected |= {
        "source.kind": set(SOURCES),
        "source.images.values": {*KINDS, None},
        "split.method": set(SPLIT_METHODS),
        "networks.variant": set(get_args(Variant)),
        "history.when": set(WHEN),
        "evaluation.orientations": {1, ORIENTATIONS},
        "samples.variant": set(VARIANTS),
        "samples.grey_levels": set(GREY_LEVELS),
        "map.vertical_datum": {"ellipsoid", "geoid"},
        "networks.kernel": {3, 5, 7, 9},
    }
    assert {key: set(part["enum"]) for key, part in schema.items() if "enum" in part} == expected
    assert schema["networks.models"]["items"]["enum"] == list(NETWORKS)
    assert schema["networks.auxiliary"]["items"]["enum"] == list(TASKS)
    spacings = {key.removeprefix("map.spacing_m.") for key in schema if "spacing_m" in key}
    assert spacings == set(MISSIONS)


def test_every_setting_of_a_training_and_of_a_network_is_a_key_of_the_schema(
    schema: dict[str, Any],
) -> None:
    assert {key.removeprefix("training.") for key in schema if key.startswith("training.")} == set(
        get_type_hints(TrainingSettings)
    )
    networks = {key.removeprefix("networks.") for key in schema if key.startswith("networks.")}
    assert networks - {"models"} | {"model"} == set(get_type_hints(NetworkSettings))


def test_the_papers_defaults_of_the_code_are_those_of_the_schema(schema: dict[str, Any]) -> None:
    training = TrainingSettings().as_record()
    assert training == {
        key.removeprefix("training."): part["default"]
        for key, part in schema.items()
        if key.startswith("training.")
    }
    network = vars(NetworkSettings("unet"))
    for key, part in schema.items():
        if key.startswith("networks.") and key != "networks.models":
            default = network[key.removeprefix("networks.")]
            assert (list(default) if isinstance(default, tuple) else default) == part["default"], (
                key
            )


@pytest.fixture
def registered() -> Iterator[None]:
    register_loss(LossFamily("focal", "focal[1-5]", "focal and 1 to 5, as in focal2", object))
    register_network(Model("mine", "Mine", "#CC79A7", object))
    yield
    del LOSSES["focal"], NETWORKS["mine"]


def test_what_is_registered_can_be_configured(registered: None) -> None:
    config = validate_config({"losses": ["focal2"], "networks": {"models": ["mine"]}}, SCHEMA)
    assert config["losses"] == ["focal2"]
    with pytest.raises(Faults) as caught:
        validate_config({"losses": ["focal6"], "networks": {"models": ["yours"]}}, SCHEMA)
    assert "focal and 1 to 5, as in focal2" in str(caught.value)
    assert "Write one of: unet, attention_unet, " in str(caught.value)
    assert ", mine" in str(caught.value)
