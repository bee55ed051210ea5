"""Read a configuration file strictly: keys twice, other encodings and tabs are told by line.

Snakemake reads the same files itself and takes the last of two equal keys. What stands where is
kept, so that a fault is told with its file and line, and a name with the letters that were typed.
"""

from __future__ import annotations

import codecs
import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from calvingfront.errors import CalvingFrontError, ConfigError, Faults
from calvingfront.files import PathLike

Path_ = tuple[object, ...]
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's is ten times as fast
_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
# Octal, hexadecimal, binary, sexagesimal and grouped numbers.
_ODD = re.compile(r"[-+]?0[0-9xob][0-9a-fA-F_]*|.*[:_].*")
AS_UTF8 = "Save it as UTF-8"


@dataclass(frozen=True)
class Place:
    """Where a value or key stands. text: as it is typed, None for a group or list."""

    file: str
    line: int
    text: str | None
    value: Any

    def __str__(self) -> str:
        return f"{self.file} line {self.line}"


Places = dict[Path_, Place]


@dataclass(frozen=True)
class Written:
    """The content of a configuration file, and the place of each key and value by its path."""

    content: dict[Any, Any]
    places: Places


def read_yaml(path: PathLike) -> Written:
    """Read a YAML or JSON file of settings. An empty file holds no keys.

    Raises ConfigError if the file cannot be read, Faults with every key that appears twice.
    """
    text = _text_of(Path(path))
    if text.lstrip().startswith("{") and (content := _from_json(text, str(path))) is not None:
        return Written(content, {})
    loader = _LOADER(text)
    try:
        node = loader.get_single_node()
        walk = _Walk(loader, str(path))
        if node is not None:
            walk.through((), node)
        if walk.faults:
            raise Faults(walk.faults, f"Correct {path}.", found=walk.places)
        content = {} if node is None else loader.construct_document(node)
    except yaml.YAMLError as error:
        raise _syntax(path, text, error) from None
    except RecursionError:
        raise ConfigError(path, "is nested too deeply", "Write keys and values only") from None
    finally:
        loader.dispose()
    if not isinstance(content, dict):
        raise ConfigError(path, "holds no keys at its top level", "Write KEY: VALUE lines")
    return Written(content, walk.places)


def read_places(paths: Iterable[PathLike]) -> Places:
    """The places of all keys of several files; those of a later file come first.

    Raises Faults with the faults of all files. A file that is a template (`__use_yte__`) has none.
    """
    places: Places = {}
    faults: list[CalvingFrontError] = []
    for path in paths:
        try:
            written = read_yaml(path)
        except Faults as error:
            faults += error.faults
            places |= error.found or {}
        except ConfigError as error:
            faults.append(error)
        else:
            places |= {} if "__use_yte__" in written.content else written.places
    if faults:
        raise Faults(faults, "Correct the configuration files.", found=places)
    return places


class _Walk:
    """Notes the place of every key and value below a node, and keys that appear twice."""

    def __init__(self, loader: Any, file: str) -> None:
        self.loader, self.file = loader, file
        self.places: Places = {}
        self.faults: list[CalvingFrontError] = []
        self._seen: set[int] = set()  # an alias is walked once: it cannot swell

    def through(self, path: Path_, node: Any) -> None:
        if isinstance(node, yaml.ScalarNode):
            value = self._value(node)
            self._note(path, node, node.value, value)
            if isinstance(value, int | float) and not isinstance(value, bool | str):
                self._refuse_odd(path, node, value)
            return
        if id(node) in self._seen:
            return
        self._seen.add(id(node))
        self._note(path, node, None, None)
        if isinstance(node, yaml.SequenceNode):
            for number, item in enumerate(node.value):
                self.through((*path, number), item)
        elif isinstance(node, yaml.MappingNode):
            first: dict[object, int] = {}
            for key_node, value_node in node.value:
                if key_node.tag == "tag:yaml.org,2002:merge":
                    continue
                key = self._value(key_node) if isinstance(key_node, yaml.ScalarNode) else None
                line = key_node.start_mark.line + 1
                if not isinstance(key_node, yaml.ScalarNode):
                    where = f"{self.file} line {line}"
                    self.faults.append(
                        ConfigError(where, "has a list or group as a key", "Write a name")
                    )
                    continue
                if key in first:
                    name = ".".join(map(str, (*path, key_node.value)))
                    what = f"appears twice, in line {first[key]} and here"
                    where = f"{self.file} line {line}, {name}"
                    self.faults.append(ConfigError(where, what, "Keep one of the two"))
                first.setdefault(key, line)
                self.through((*path, key), value_node)
                self.places[*path, key, "key"] = Place(self.file, line, key_node.value, key)

    def _value(self, node: Any) -> Any:
        try:
            value = self.loader.construct_object(node)
        except (ValueError, OverflowError, yaml.YAMLError) as error:
            where = f"{self.file} line {node.start_mark.line + 1}"
            shown = node.value if len(node.value) < 40 else node.value[:37] + "…"
            reason = getattr(error, "problem", None) or error
            self.faults.append(
                ConfigError(
                    where, f"YAML cannot read {shown!r} ({str(reason)[:80]})", "Write it in quotes"
                )
            )
            return None
        return value if not isinstance(value, float) or not math.isnan(value) else "NaN"

    def _refuse_odd(self, path: Path_, node: Any, value: object) -> None:
        """YAML reads 010 as 8, 1:30 as 90 and 1_000 as 1000."""
        if _ODD.fullmatch(node.value):
            where = f"{self.file} line {node.start_mark.line + 1}, {'.'.join(map(str, path))}"
            remedy = f'Write {str(value)[:40]}, or "{node.value[:40]}" in quotes if it is a name'
            what = f"{node.value[:40]} is read as {str(value)[:40]}"
            self.faults.append(ConfigError(where, what, remedy))

    def _note(self, path: Path_, node: Any, text: str | None, value: Any) -> None:
        self.places[path] = Place(self.file, node.start_mark.line + 1, text, value)


def _text_of(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError(path, f"cannot be read ({error.strerror})", "Check the path") from None
    for mark, name in _MARKS:
        if raw.startswith(mark):
            raise ConfigError(path, f"is {name}, not UTF-8", AS_UTF8)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        what = f"is not UTF-8 (byte 0x{raw[error.start]:02x})"
        raise ConfigError(f"{path} line {line}", what, AS_UTF8) from None


def _from_json(text: str, path: str) -> dict[Any, Any] | None:
    """The content if it is JSON, as Snakemake tries first; None if it is not."""
    twice: list[CalvingFrontError] = []

    def keep(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                twice.append(ConfigError(f"{path}, {key}", "appears twice", "Keep one of the two"))
            found[key] = value
        return found

    try:
        content = json.loads(text, object_pairs_hook=keep)
    except (ValueError, RecursionError):
        return None
    if twice:
        raise Faults(twice, f"Correct {path}.")
    return dict(content)


def _syntax(path: PathLike, text: str, error: yaml.YAMLError) -> ConfigError:
    """A fault of the file's syntax, with its line."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:
        return ConfigError(
            path, f"is not YAML ({' '.join(str(error).split())[:200]})", "Correct it"
        )
    lines = text.splitlines()
    for number in range(min(mark.line, len(lines) - 1), -1, -1):
        blank = lines[number][: len(lines[number]) - len(lines[number].lstrip())]
        if "\t" in blank:
            where = f"{path} line {number + 1}"
            return ConfigError(where, "is indented with a tab", "Indent with blanks")
        if lines[number].strip() and number < mark.line:
            break
    problem = getattr(error, "problem", None) or "cannot be read"
    return ConfigError(f"{path} line {mark.line + 1}", f"is not YAML ({problem})", "Correct it")


def place_of(places: Mapping[Path_, Place] | None, path: Path_, value: Any) -> Place | None:
    """Where a value stands, if it stands in a file and was not changed on the command line."""
    place = (places or {}).get(path)
    if place is None:
        return None
    own = "NaN" if isinstance(value, float) and math.isnan(value) else value
    scalar = place.text is not None
    same = type(place.value) is type(own) and place.value == own
    return place if same or (not scalar and isinstance(value, list | Mapping)) else None
