"""Random configurations: refused in words, or sound by rules that are written down again here."""

from __future__ import annotations

import copy
import datetime
import math
import os
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from calvingfront.check.split import split_faults
from calvingfront.configuration.effect import without_effect
from calvingfront.configuration.reading import read_yaml
from calvingfront.configuration.schema import read_schema
from calvingfront.configuration.validation import examine
from calvingfront.errors import CalvingFrontError
from snakemake_merge import merged

REPOSITORY = Path(__file__).resolve().parents[3]
SCHEMA = read_schema(REPOSITORY / "workflow" / "schemas" / "config.schema.yaml")
COUNT = int(os.environ.get("CONFIGURATIONS", "2000"))
SEED = 12
ODD: tuple[Any, ...] = (
    float("nan"), float("inf"), -float("inf"), 1e300, -1e300, 64.0, 2.5, -1, 0, 1, 2**40, 10**30,
    10**5000, True, False, None, "", " ", "text", "NO", "12", "nan", "1e999", "null", "true", [],
    {}, [[]], [None], [float("nan")], {"a": 1}, {1: 2}, {None: 1}, "{scene}", "\x00", "é" * 300,
    datetime.date(2007, 4, 3), datetime.datetime(2007, 4, 3, 12), b"bytes", [1, 1], ["SI", "SI"],
    [1e300] * 3, [0, 0, 0], {"SI": "north"}, {20070304: "torn", "b": 3},
)  # fmt: skip
NAMES: tuple[Any, ...] = ("SI", 12, 7.5, None, True, datetime.date(2007, 4, 3), "", "a b", "x")


def base(name: str) -> dict[str, Any]:
    layers = [
        yaml.safe_load((REPOSITORY / "config" / file).read_text("utf-8"))
        for file in ("config.yaml", name)
    ]
    return merged(*layers)


BASES = [base("config.yaml"), base("test.yaml")]


def places_of(schema: Mapping[str, Any], path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The path of every key of the schema."""
    found = []
    for key, part in schema.get("properties", {}).items():
        found += [(*path, key), *places_of(part, (*path, key))]
    return found


KEYS = places_of(SCHEMA)


def mutated(rng: random.Random) -> dict[str, Any]:
    """A configuration with one to three keys changed, misspelt, nested wrongly or named oddly."""
    config = copy.deepcopy(rng.choice(BASES))
    for _ in range(rng.randint(1, 3)):
        path = rng.choice(KEYS)
        group: Any = config
        for key in path[:-1]:
            if not isinstance(group.get(key), dict):
                group[key] = {}
            group = group[key]
        key: Any = path[-1]
        kind = rng.random()
        if kind < 0.3:
            group[key] = copy.deepcopy(rng.choice(ODD))
        elif kind < 0.85:
            group[key] = plausible(path, rng)
        elif kind < 0.9:
            group[key[:-1] + rng.choice("abcxyz")] = group.pop(key, 1)
        elif kind < 0.95:
            group[rng.choice(NAMES)] = rng.choice(ODD)
        else:
            group[key] = {key: copy.deepcopy(group.get(key))}
    return config


def plausible(path: tuple[str, ...], rng: random.Random) -> Any:
    """A value that may be right, so that keys meet that are each valid: a bound, or the default."""
    choices: dict[str, Callable[[], Any]] = {
        "size": lambda: rng.choice([16, 32, 64, 100, 4096]),
        "depth": lambda: rng.randint(1, 7),
        "batch_size": lambda: rng.choice([1, 2, 500]),
        "method": lambda: rng.choice(["paper", "random", "glacier", "time", "middle"]),
        "test_glaciers": lambda: rng.choice([["SIMA"], ["SIMB"], ["SIMA", "SIMB"], ["nope"]]),
        "validation_glaciers": lambda: rng.choice([["SIMA"], []]),
        "shares": lambda: rng.choice([[1, 1, 1], [1e-9, 1, 1], [1000, 1, 1]]),
        "gap_days": lambda: rng.choice([0, 1, 5000, 100_000]),
        "models": lambda: rng.choice([["unet"], ["attention_unet"], ["nope"]]),
        "losses": lambda: rng.choice([["bce"], ["wbce0.5"], ["wbce-1"]]),
        "keep_epochs": lambda: rng.choice([[], [1], [400]]),
        "kind": lambda: rng.choice(["caffe", "images", "products", "simulated"]),
        "lists": lambda: "nowhere.csv",
        "exclude": lambda: {"SIMA": "gone"},
        "members": lambda: rng.choice([["unet/bce"], ["nope"]]),
    }
    if path[-1] in choices:
        return choices[path[-1]]()
    part: Any = SCHEMA
    for key in path:
        part = part["properties"][key]
    if "enum" in part:
        return rng.choice(part["enum"])
    bounds = [part[bound] for bound in ("minimum", "maximum") if bound in part]
    return copy.deepcopy(rng.choice([*bounds, part.get("default", 3)]))


SCENES = pd.DataFrame(
    {
        "scene": [f"S{number}" for number in range(24)],
        "glacier": ["SIMA", "SIMB"] * 12,
        "mission": ["ERS", "TSX", "TSX"] * 8,
        "acquired": [f"{1990 + number}-06-01" for number in range(24)],
        "front": "a.png",
    }
)


def unsound(config: Mapping[str, Any]) -> list[str]:
    """What an accepted configuration breaks of the stated rules, written without the schema."""
    size, depth = config["samples"]["size"], config["networks"]["depth"]
    training, split = config["training"], config["split"]
    rules = {
        "size": type(size) is int and 16 <= size <= 4096 and size % 2**depth == 0,
        "depth": type(depth) is int and 1 <= depth <= 7,
        "front": 1 <= config["samples"]["front_width_px"] <= size / 4,
        "grey levels": config["source"]["kind"] != "caffe"
        or config["samples"]["grey_levels"] == "linear",
        "normalised": training["batch_size"] > 1 or size // 2**depth > 1,
        "rates": 0 < training["learning_rate_min"] <= training["learning_rate_max"],
        "epochs": all(
            1 <= epoch <= min(training["max_epochs"], training["patience"])
            for epoch in training["keep_epochs"]
        ),
        "moved fronts": training["augmentation"] != "sar"
        or (
            config["samples"]["front_width_px"] > 1
            and not any(loss.startswith("wbce") for loss in config["losses"])
        ),
        "seeds": config["seeds"]
        and all(type(s) is int and 0 <= s < 2**32 for s in config["seeds"]),
        "losses": len(set(config["losses"])) == len(config["losses"]) > 0,
        "models": set(config["networks"]["models"]) <= {"unet", "attention_unet"},
        "width": type(config["networks"]["width"]) is int,
        "shares": len(split["shares"]) == 3 and all(0 < s < math.inf for s in split["shares"]),
        "held out": split["method"] != "glacier" or split["test_glaciers"],
        "mission held out": split["method"] != "mission" or split["test_missions"],
        "train share": 0 < split["train_share"] <= 1,
        "finite": all(math.isfinite(n) for n in numbers(config)),
        "names": all(isinstance(key, str) for key in keys(config)),
        "exclude": all(isinstance(v, str) and v for v in config["source"]["exclude"].values()),
        "years": config["source"]["kind"] != "simulated"
        or config["source"]["simulated"]["first_year"]
        <= config["source"]["simulated"]["last_year"],
    }
    return [name for name, kept in rules.items() if not kept]


def numbers(value: Any) -> list[float]:
    if isinstance(value, Mapping):
        return [n for each in value.values() for n in numbers(each)]
    if isinstance(value, list):
        return [n for each in value for n in numbers(each)]
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else []


def keys(value: Any) -> list[Any]:
    if not isinstance(value, Mapping):
        return []
    return [*value, *(key for each in value.values() for key in keys(each))]


def test_random_configurations_are_refused_in_words_or_sound() -> None:
    rng = random.Random(SEED)
    accepted = refused = split = 0
    for number in range(COUNT):
        config = mutated(rng)
        examined = examine(config, SCHEMA)
        for fault in examined.faults:
            assert isinstance(fault, CalvingFrontError)
            assert len(str(fault)) < 1500, number
            assert "\n" not in str(fault), number
        refused += bool(examined.faults)
        if examined.faults or examined.config is None:
            continue
        accepted += 1
        assert unsound(examined.config) == [], (number, config)
        without_effect(examined.config, SCHEMA, config)
        split += bool(split_faults(examined.config, SCENES))
    assert accepted > COUNT / 6
    assert refused > COUNT / 3
    assert split > 0


def test_a_drawn_split_of_an_accepted_configuration_leaves_no_subset_empty() -> None:
    rng = random.Random(SEED + 1)
    for _ in range(200):
        config = examine({}, SCHEMA).config
        assert config is not None
        for key in ("method", "shares", "gap_days", "test_glaciers", "validation_glaciers"):
            config["split"][key] = plausible(("split", key), rng)
        for fault in split_faults(config, SCENES):
            assert isinstance(fault, CalvingFrontError)


@pytest.mark.parametrize("seed", range(40))
def test_random_bytes_in_a_file_are_read_or_told(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    text = (REPOSITORY / "config" / "test.yaml").read_bytes()
    path = tmp_path / "mine.yaml"
    for _ in range(10):
        spoilt = bytearray(text)
        for _ in range(rng.randint(1, 5)):
            place = rng.randrange(len(spoilt))
            spoilt[place : place + rng.randint(0, 2)] = rng.choice(
                [b"\t", b"\xff", b":", b"\x00", b"{", b"&a", b"*a", b"!!int ", b"\r", b"- ", b"'"]
            )
        path.write_bytes(spoilt)
        with suppress(CalvingFrontError):
            read_yaml(path)
