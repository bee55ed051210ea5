"""config/README.md: the parameter table, made from the schema so that it cannot drift from it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

from calvingfront.configuration.schema import TYPE_NAMES, as_json, read_schema

OVERLAYS = {
    "config.yaml": "the default: simulated archive, both networks, two losses",
    "paper.yaml": "the paper's full protocol at 512 px on a CaFFe folder and its published split",
    "real_cpu.yaml": "real images on a CPU: 256 px, narrow networks, two losses",
    "test.yaml": "everything in a minute or two, for tests; its scores mean nothing",
}
OPENING = """\
# Configuration

<!-- Made by `make docs` from workflow/schemas/config.schema.yaml. -->

`config.yaml` is the default, a simulated archive at the scale of a laptop, and always read. Each
other file is an overlay: it holds what it changes and goes on top by
`snakemake --configfile config/NAME.yaml …`; single values go on top of that by
`--config 'training={max_epochs: 50}'`. Groups of keys merge; a list replaces a list. A key that
stands nowhere has the default below. Unknown keys, wrong types and values that cannot work together
are refused before any job runs, all at once, each with its key and what to write instead.

| file | what it is for |
|---|---|
"""
CLOSING = """
Relative paths start at the working directory (`snakemake --directory`).
"""


def describe(schema: Mapping[str, Any]) -> str:
    """Return the parameter tables of the configuration, as Markdown."""
    text = OPENING
    text += "".join(f"| `{name}` | {purpose} |\n" for name, purpose in OVERLAYS.items())
    text += CLOSING
    alone = {key: part for key, part in schema["properties"].items() if "properties" not in part}
    text += "\n## Top level\n\n" + _table("", alone)
    for key, part in schema["properties"].items():
        if "properties" in part:
            text += f"\n## {key}\n\n{part['description']}\n\n" + _table(key, part["properties"])
    return text


def _table(prefix: str, properties: Mapping[str, Any]) -> str:
    rows = ["| key | default | unit | allowed | meaning |", "|---|---|---|---|---|"]
    for path, part in leaves(prefix, properties):
        meaning = " ".join(part["description"].split())
        default = as_json(part["default"])
        unit = part.get("unit", "")
        rows.append(f"| `{path}` | `{default}` | {unit} | {_allowed(part)} | {meaning} |")
    return "\n".join(rows) + "\n"


def leaves(prefix: str, properties: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Walk the keys that hold a value: their dotted path and their part of the schema."""
    for key, part in properties.items():
        path = f"{prefix}.{key}" if prefix else key
        if "properties" in part:
            yield from leaves(path, part["properties"])
        else:
            yield path, part


def _allowed(part: Mapping[str, Any]) -> str:
    if "enum" in part:
        return ", ".join(f"`{choice}`" for choice in part["enum"])
    names = [part["type"]] if isinstance(part["type"], str) else part["type"]
    text = " or ".join(TYPE_NAMES[name] for name in names)
    signs = (("minimum", "≥"), ("exclusiveMinimum", ">"), ("maximum", "≤"))
    bounds = [f"{sign} {part[name]}" for name, sign in signs if name in part]
    if "items" in part and "enum" in part["items"]:
        bounds.append("of " + ", ".join(f"`{choice}`" for choice in part["items"]["enum"]))
    return ", ".join([text, *bounds])


if __name__ == "__main__":
    sys.stdout.write(describe(read_schema(sys.argv[1])))
