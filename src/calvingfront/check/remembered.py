"""The scene table of a run, for the jobs' own processes, which need not open every file again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import calvingfront
from calvingfront.check.passed import Passed, signature
from calvingfront.files import write_text
from calvingfront.scenes.fronts.layers import split_layer
from calvingfront.scenes.scene_table import records, scene_table
from calvingfront.scenes.sources import listed_in, source_of
from calvingfront.vocabulary.auxiliary import learns_zones

if TYPE_CHECKING:
    import pandas as pd

FOLDER = Path(".snakemake") / "calvingfront"  # beside Snakemake's own records of the run
KEPT = 5  # tables of other configurations
Config = Mapping[str, Any]


def remember(config: Config, scenes: pd.DataFrame) -> None:
    """Keep the table that the main process has read and checked; a failure only costs time."""
    if not _worth(config) or not FOLDER.parent.is_dir():
        return
    content = {"files": _files(scenes), "rows": records(scenes), "attrs": scenes.attrs}
    with suppress(OSError, TypeError, ValueError):
        write_text(_path(config), json.dumps(content, allow_nan=False))
        by_age = sorted(FOLDER.glob("scenes-*.json"), key=lambda path: path.stat().st_mtime_ns)
        for old in by_age[:-KEPT]:
            old.unlink()


def recall(config: Config) -> pd.DataFrame | None:
    """The table as it was remembered for this configuration; None if a file has changed since."""
    if not _worth(config):
        return None
    try:
        content = json.loads(_path(config).read_text(encoding="utf-8"))
        scenes = scene_table(content["rows"])
        scenes.attrs |= content["attrs"]
        return scenes if content["files"] == _files(scenes) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _worth(config: Config) -> bool:
    """Whether listing the scenes opens a file for each: those of the user's own tables."""
    return bool(config["source"][source_of(config).name].get("table"))


def _path(config: Config) -> Path:
    depends_on = [*(config[key] for key in ("source", "split", "map")), learns_zones(config)]
    key = Passed.key(depends_on, signature(listed_in(config)), calvingfront.__version__)
    return FOLDER / f"scenes-{key}.json"


def _files(scenes: pd.DataFrame) -> list[list[object]]:
    """What changes with any file of the table, as JSON gives it back."""
    fronts = (split_layer(front)[0] for front in scenes["front"].dropna())
    paths = [*scenes["image"], *fronts]
    return [part for path in dict.fromkeys(map(str, paths)) for part in signature(path)]
