"""The section `map` of the configuration in a file of its own, for commands without Snakemake."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from calvingfront.configuration.schema import part_of_schema
from calvingfront.configuration.validation import checked_section
from calvingfront.errors import ConfigError, Faults
from calvingfront.files import PathLike
from calvingfront.scenes.products import map_faults

EXAMPLE = "map: {crs: 'EPSG:3031', dem: DEM.tif}"


def read_map(path: PathLike) -> dict[str, Any]:
    """Read the settings of the map onto which products are geocoded, and fill in the defaults.

    path: YAML with the keys of `map`, at top level or under `map:`, as in a configuration of the
    workflow, whose other sections are not read. Relative paths start at the working directory.
    Raises ConfigError if it cannot be read, Faults with all faults of its keys.
    """
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(path, f"cannot be read ({error.strerror})", "Check the path.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError(path, f"is not YAML ({reason})", f"Write {EXAMPLE}.") from None
    section = content["map"] if isinstance(content, dict) and "map" in content else content
    if section is not None and not isinstance(section, dict):
        raise ConfigError(path, "has no section `map`", f"Write {EXAMPLE}.")
    chart = checked_section("map", section, part_of_schema("map"))
    faults = list(map_faults(chart, "products have to be geocoded"))
    if faults:
        raise Faults(faults, f"Correct {path}; config/README.md explains every key.")
    return chart
