"""Trials that a search file does not write one by one: every combination, or a random draw."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator, Mapping
from typing import Any

from calvingfront.errors import ConfigError

MOST = 1000  # trials of one group: more is a slip
DIGITS = 3  # of a drawn number


def products(
    group: str, lists: Mapping[str, Any], where: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every combination of the listed values as `group-1`, `group-2` …, the last key fastest.

    lists: dotted key → list of values. Raises ConfigError.
    """
    for key, values in lists.items():
        if not isinstance(values, list) or not values:
            raise ConfigError(where, f"{key} is no list of values", "Write [A, B, …]")
    total = math.prod(len(values) for values in lists.values())
    if not lists or total > MOST:
        what = f"makes {total if lists else 0} trials"
        raise ConfigError(where, what, f"List values so that there are 1 to {MOST}")
    for number, values in enumerate(itertools.product(*lists.values()), start=1):
        yield f"{group}-{number}", dict(zip(lists, values, strict=True))


def drawn(
    group: str, content: Mapping[str, Any], where: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield `count` random draws as `group-1`, `group-2` …, the same ones for the same `seed`.

    content: count, seed and `keys`: dotted key → list of values, of which one is drawn, or
    {from: A, to: B}, between which a number is drawn with an even logarithm. Raises ConfigError.
    """
    needed = {"count", "seed", "keys"}
    if set(content) != needed or not isinstance(content["keys"], Mapping) or not content["keys"]:
        what = f"has the keys {', '.join(map(str, content)) or 'none'}"
        raise ConfigError(where, what, "Write {count: N, seed: N, keys: {KEY: [A, B, …]}}")
    count, seed, keys = content["count"], content["seed"], content["keys"]
    for name, value, least in (("count", count, 1), ("seed", seed, 0)):
        if type(value) is not int or not least <= value <= MOST * 10**6:
            raise ConfigError(where, f"{name} is {value!r}", f"Write a whole number from {least}")
    if count > MOST:
        raise ConfigError(where, f"makes {count} trials", f"Write at most {MOST}")
    ranges = {key: _range(key, values, where) for key, values in keys.items()}
    chance = random.Random(seed)
    for number in range(1, count + 1):
        yield f"{group}-{number}", {key: _draw(of, chance) for key, of in ranges.items()}


def _range(key: str, values: Any, where: str) -> list[Any] | tuple[float, float]:
    if isinstance(values, list) and values:
        return values
    if isinstance(values, Mapping) and set(values) == {"from", "to"}:
        try:  # YAML reads 1e-3 as text
            low, high = float(values["from"]), float(values["to"])
        except (TypeError, ValueError):
            low, high = 0.0, 0.0
        if 0 < low < high < math.inf:
            return low, high
    remedy = "Write [A, B, …], or {from: A, to: B} with 0 < A < B"
    raise ConfigError(where, f"nothing can be drawn for {key}", remedy)


def _draw(values: list[Any] | tuple[float, float], chance: random.Random) -> Any:
    if isinstance(values, list):
        return values[int(chance.random() * len(values))]
    low, high = map(math.log, values)
    return float(f"{math.exp(low + (high - low) * chance.random()):.{DIGITS}g}")
