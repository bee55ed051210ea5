"""The configuration: checked against its schema, defaults filled in, every fault named at once."""

from __future__ import annotations

import copy
import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import yaml

from calvingfront.errors import CalvingFrontError, ConfigError, Faults, SceneError
from calvingfront.files import PathLike

if TYPE_CHECKING:
    import pandas as pd

REMEDY = "Mend the configuration; config/README.md explains every key."
TYPE_NAMES = {
    "integer": "a whole number",
    "number": "a number",
    "string": "a text",
    "array": "a list",
    "object": "a group of keys",
    "boolean": "true or false",
    "null": "null",
}


def read_schema(path: PathLike) -> dict[str, Any]:
    """Read a JSON schema (draft 2020-12) written as YAML."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's is ten times as fast
    schema = yaml.load(Path(path).read_text(encoding="utf-8"), Loader=loader)
    jsonschema.Draft202012Validator.check_schema(schema)
    return dict(schema)


def validate_config(config: Mapping[str, Any], schema_path: PathLike) -> dict[str, Any]:
    """Check a configuration and return a copy with the schema's defaults filled in.

    Raises `Faults` with one `ConfigError` for each fault, each with the key and what to write.
    """
    schema = read_schema(schema_path)
    filled: dict[str, Any] = fill_defaults(config, schema)
    validator = jsonschema.Draft202012Validator(schema)
    errors = sorted(validator.iter_errors(filled), key=lambda error: list(map(str, error.path)))
    faults: list[CalvingFrontError] = [fault for error in errors for fault in _explain(error)]
    if not faults:  # relations between keys mean something only where every key is sound
        faults = list(_contradictions(filled))
    if faults:
        raise Faults(faults, REMEDY)
    return filled


def fill_defaults(config: Any, schema: Mapping[str, Any]) -> Any:
    """A copy of `config` in which every missing key has its default, in the schema's order.

    A group left empty (null in YAML) gets all its defaults.
    """
    if "properties" not in schema:
        return _typed(config, schema)
    if config is None:
        config = {}
    if not isinstance(config, Mapping):
        return copy.deepcopy(config)
    filled: dict[str, Any] = {}
    for key, part in schema["properties"].items():
        if "properties" in part:
            filled[key] = fill_defaults(config.get(key), part)
        elif key in config:
            filled[key] = _typed(config[key], part)
        elif "default" in part:
            filled[key] = copy.deepcopy(part["default"])
    filled.update({key: value for key, value in config.items() if key not in filled})
    return filled


def _typed(value: Any, schema: Mapping[str, Any]) -> Any:
    """A copy of a value, its numbers, truths and nulls as such.

    Snakemake hands on what stands inside brackets after --config as text: `seeds=[1,2]` comes as
    "1" and "2". Where the schema wants no text, text that reads as a number is the number.
    """
    if isinstance(value, list) and "items" in schema:
        return [_typed(item, schema["items"]) for item in value]
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if isinstance(value, str) and "null" in kinds and value == "null":
        return None
    if isinstance(value, str) and "boolean" in kinds and value in ("true", "false"):
        return value == "true"
    if isinstance(value, str) and kinds and "string" not in kinds:
        for convert in (int, float):
            try:
                return convert(value)
            except ValueError:
                continue
    return copy.deepcopy(value)


def validate_scenes(scenes: pd.DataFrame, schema_path: PathLike) -> None:
    """Check every row of a scene table against its schema, and that no scene stands twice.

    Raises `Faults` with one `SceneError` for each fault.
    """
    validator = jsonschema.Draft202012Validator(read_schema(schema_path))
    faults: list[CalvingFrontError] = []
    for record in scenes.astype(object).where(scenes.notna(), None).to_dict("records"):
        for error in validator.iter_errors(record):
            column = _key(error.absolute_path)
            name = record.get("scene") or "a scene without a name"
            faults.append(SceneError(name, f"{column}: {error.message}", "Mend the scene table"))
    twice = scenes["scene"][scenes["scene"].duplicated()].unique()
    faults += [SceneError(scene, "stands twice", "Give each scene its own name") for scene in twice]
    if faults:
        raise Faults(faults, "workflow/schemas/scenes.schema.yaml explains every column.")


def _explain(error: jsonschema.ValidationError) -> Iterator[ConfigError]:
    """Say a schema error in words, with the key and what to write instead."""
    schema: Any = error.schema
    instance: Any = error.instance
    where = _key(error.absolute_path)
    value = json.dumps(error.instance, ensure_ascii=False, default=str)
    rule: Any = error.validator_value
    if error.validator == "additionalProperties" and isinstance(rule, Mapping):
        return
    if error.validator == "additionalProperties":
        known = list(schema["properties"])
        for key in sorted(set(instance) - set(known), key=str):
            near = difflib.get_close_matches(str(key), known, n=1, cutoff=0.5)
            remedy = f"Did you mean {near[0]}?" if near else "Write one of: " + ", ".join(known)
            yield ConfigError(_key([*error.absolute_path, key]), "there is no such key", remedy)
        return
    default = f" (default: {as_json(schema['default'])})" if "default" in schema else ""
    if error.validator == "type":
        names = [TYPE_NAMES[name] for name in ([rule] if isinstance(rule, str) else rule)]
        wanted = " or ".join(names)
        what, remedy = f"{value} is not {wanted}", f"Write {wanted}{default}"
    elif error.validator == "enum":
        options = ", ".join(map(str, rule))
        near = difflib.get_close_matches(str(error.instance), list(map(str, rule)), n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        what, remedy = f"{value} is not a choice", f"Write one of: {options}{default}.{hint}"
    elif error.validator == "pattern":
        what, remedy = f"{value} cannot be used", _pattern_remedy(where) + default
    elif error.validator in {"minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"}:
        what = f"{value} is out of range"
        remedy = f"Write {_range(schema)}{default}"
    elif error.validator in {"minItems", "maxItems", "minLength"}:
        what = f"{value} is too {'long' if error.validator == 'maxItems' else 'short'}"
        unit = "character(s)" if error.validator == "minLength" else "item(s)"
        side = "at most" if error.validator == "maxItems" else "at least"
        remedy = f"Write {side} {rule} {unit}{default}"
    elif error.validator == "uniqueItems":
        what, remedy = f"{value} names something twice", "Write each item once"
    else:
        what, remedy = error.message, f"See config/README.md{default}"
    yield ConfigError(where, what, remedy)


def _pattern_remedy(where: str) -> str:
    if where.startswith("losses"):
        return "Write bce, or wbce and a positive number, as in wbce4"
    if where == "training.device":
        return "Write auto, cpu, cuda or cuda: and a number"
    return "Write a path without braces"


def _range(schema: Mapping[str, Any]) -> str:
    bounds = {
        "minimum": "at least",
        "exclusiveMinimum": "more than",
        "maximum": "at most",
        "exclusiveMaximum": "less than",
    }
    parts = [f"{words} {schema[name]}" for name, words in bounds.items() if name in schema]
    return "a number of " + " and ".join(parts)


def _contradictions(config: Mapping[str, Any]) -> Iterator[ConfigError]:
    """Values that are sound alone and impossible together."""
    yield from _source_contradictions(config["source"])
    if config["source"]["kind"] == "products":
        yield from _product_contradictions(config)
    yield from _split_contradictions(config["split"])
    training = config["training"]
    size, depth = config["samples"]["size"], config["networks"]["depth"]
    step = 2**depth
    if size % step:
        below, above = size // step * step, -(-size // step) * step
        choices = f"{below} or {above}" if below else str(above)
        yield ConfigError(
            "samples.size",
            f"{size} is not divisible by {step}, 2 to the power of networks.depth",
            f"Write {choices}, or a smaller depth",
        )
    if config["samples"]["front_width_px"] * 4 > size:
        yield ConfigError(
            "samples.front_width_px",
            f"a front of {config['samples']['front_width_px']} px fills a sample of {size} px",
            f"Write at most {size // 4}",
        )
    if training["learning_rate_min"] > training["learning_rate_max"]:
        yield ConfigError(
            "training.learning_rate_min",
            f"{training['learning_rate_min']} lies above learning_rate_max",
            f"Write at most {training['learning_rate_max']}",
        )
    longest = min(training["max_epochs"], training["patience"])
    late = [epoch for epoch in training["keep_epochs"] if epoch > longest]
    if late:
        yield ConfigError(
            "training.keep_epochs",
            f"epoch {', '.join(map(str, late))} may never come: training may end after "
            f"{longest} epochs (the smaller of max_epochs and patience)",
            f"Write epochs of at most {longest}, or raise max_epochs or patience",
        )


def _source_contradictions(source: Mapping[str, Any]) -> Iterator[ConfigError]:
    simulated = source["simulated"]
    if source["kind"] == "caffe" and source["caffe"]["folder"] is None:
        yield ConfigError(
            "source.caffe.folder",
            "kind caffe needs a folder",
            "Write the folder that holds sar_images/ and fronts/, in the file or as "
            "--config 'source={caffe: {folder: PATH}}'",
        )
    if source["kind"] == "images" and source["images"]["table"] is None:
        yield ConfigError(
            "source.images.table",
            "kind images needs a table",
            "Write the CSV or TSV that lists the images and their fronts",
        )
    if source["kind"] == "simulated" and simulated["first_year"] > simulated["last_year"]:
        yield ConfigError(
            "source.simulated.first_year",
            f"{simulated['first_year']} lies after last_year",
            f"Write at most {simulated['last_year']}",
        )
    if source["kind"] == "simulated" and simulated["glaciers"] * 3 > simulated["scenes"]:
        yield ConfigError(
            "source.simulated.scenes",
            f"{simulated['scenes']} scenes are too few for {simulated['glaciers']} glaciers",
            f"Write at least {3 * simulated['glaciers']}",
        )


def _product_contradictions(config: Mapping[str, Any]) -> Iterator[ConfigError]:
    chart = config["map"]
    if config["source"]["products"]["table"] is None:
        yield ConfigError(
            "source.products.table",
            "kind products needs a table",
            "Write the CSV or TSV that lists the products and their fronts",
        )
    if chart["crs"] is None:
        yield ConfigError("map.crs", "kind products needs a map", "Write a CRS, as in EPSG:3031")
    for key in ("dem", "geoid"):
        path = chart[key]
        if path is not None and not Path(path).is_file():
            yield ConfigError(f"map.{key}", f"there is no file {path}", "Correct the path")
    if chart["dem"] is None:
        yield ConfigError(
            "map.dem", "kind products needs a terrain model", "Write the path of a raster"
        )
    if chart["vertical_datum"] == "geoid" and chart["geoid"] is None:
        yield ConfigError(
            "map.geoid",
            "heights above the geoid need it",
            "Write a raster of the geoid's height above the ellipsoid (e.g. of EGM2008)",
        )
    for glacier, (left, bottom, right, top) in chart["areas"].items():
        if left >= right or bottom >= top:
            yield ConfigError(
                f"map.areas.{glacier}",
                f"[{left}, {bottom}, {right}, {top}] is empty",
                "Write left, bottom, right, top",
            )


def _split_contradictions(split: Mapping[str, Any]) -> Iterator[ConfigError]:
    if split["method"] == "paper" and split["lists"] and not Path(split["lists"]).is_file():
        yield ConfigError(
            "split.lists",
            f"there is no file {split['lists']}",
            "Write the CSV with the subsets, or null to draw them by split.shares",
        )
    if split["method"] == "glacier" and not split["test_glaciers"]:
        yield ConfigError(
            "split.test_glaciers",
            "method glacier holds out no glacier",
            "Write the glaciers to test on, as in [SI]",
        )
    both = sorted(set(split["test_glaciers"]) & set(split["validation_glaciers"]))
    if split["method"] == "glacier" and both:
        yield ConfigError(
            "split.validation_glaciers",
            f"{', '.join(both)} stands in test_glaciers too",
            "Write each glacier in one of the two",
        )


def _key(path: Sequence[object] | Any) -> str:
    """`losses[1]`, `source.caffe.folder`: a key as a user reads it."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or "configuration"


def as_json(value: Any) -> str:
    """A value as the user writes it in YAML (JSON is YAML)."""
    return json.dumps(value, ensure_ascii=False)
