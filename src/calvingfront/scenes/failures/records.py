"""A record for each scene whose job has failed, and the scenes that are left out by them.

`results/failed_scenes/STEP/SCENE.json` has the reason, and a digest of all that the scene is made
from. As soon as any of it changes, the record counts no longer and the scene is tried again.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from calvingfront.errors import (
    CalvingFrontError,
    DamagedFileError,
    DiskError,
    Faults,
    is_full,
)
from calvingfront.logs import log_to
from calvingfront.provenance.content import MEMORY, Digests
from calvingfront.storage.sealed import read_record, write_record

Config = Mapping[str, Any]
FOLDER, LEFT_OUT = "failed_scenes", "left_out.json"
OPTION = "--config 'source={leave_out_failed: true}'"
# What a scene's jobs take from the configuration.
SECTIONS = ("map", "samples", "locating")


@contextmanager
def scene_job(job: Any) -> Iterator[logging.Logger]:
    """As `logs.log_to`, for the job of one scene; if it fails, the reason is recorded.

    A full disk and a damaged intermediate are no fault of the scene. job: the `snakemake` object.
    """
    step = Path(job.log[0]).parent.name
    record = _record(job.config, step, job.wildcards.scene)
    with log_to(job.log[0]) as log:
        try:
            yield log
        except (DiskError, DamagedFileError):
            raise
        except Exception as error:
            if not is_full(error):
                _write(job.config, step, job.wildcards.scene, error, job.input)
            raise
    record.unlink(missing_ok=True)


@contextmanager
def check_job(job: Any, scenes: Iterable[Mapping[str, Any]]) -> Iterator[logging.Logger]:
    """As `logs.log_to`, for a check of all scenes; the reason of each that fails is recorded.

    scenes: rows with scene, image and front, by one of which a fault names its place.
    """
    step, rows = Path(job.log[0]).stem, list(scenes)
    for row in rows:
        _record(job.config, step, row["scene"]).unlink(missing_ok=True)
    with log_to(job.log[0]) as log:
        try:
            yield log
        except Faults as faults:
            scene_at = {str(row[key]): row for key in ("scene", "image", "front") for row in rows}
            for fault in faults.faults:
                failed = scene_at.get(fault.where)
                if failed is not None and not isinstance(fault, DamagedFileError):
                    files = [failed["image"], failed["front"]]
                    _write(job.config, step, failed["scene"], fault, files)
            raise


def failed_scenes(config: Config) -> dict[str, str]:
    """Scene → reason of those whose jobs failed, and of which nothing has changed since.

    Raises Faults if the scenes cannot be listed.
    """
    found = sorted((Path(config["results"]) / FOLDER).glob("*/*.json"))
    if not found:
        return {}
    rows = _rows(config)
    failed: dict[str, str] = {}
    for path in found:
        with suppress(CalvingFrontError, KeyError):  # a damaged record counts for nothing
            record = read_record(path)
            scene = record["scene"]
            if scene in rows and record["digest"] == _digest(config, rows[scene], record["files"]):
                failed.setdefault(scene, f"{record['step']} failed: {record['reason']}")
    return failed


def leave_out_failed(config: dict[str, Any], first: bool) -> dict[str, str]:
    """Add the failed scenes to `source.exclude`, if `source.leave_out_failed` is set.

    first: whether this process starts the jobs; the jobs' own processes take what it found, since
    a scene that fails meanwhile must not change their plan. Returns what has been added.
    """
    if not config["source"]["leave_out_failed"]:
        return {}
    kept = Path(config["results"]) / FOLDER / LEFT_OUT
    if first or not kept.exists():
        failed = failed_scenes(config)
    else:
        failed = dict(read_record(kept)["scenes"])
    excluded = config["source"]["exclude"] or {}
    added = {scene: reason for scene, reason in failed.items() if scene not in excluded}
    config["source"]["exclude"] = {**excluded, **added}
    return added


def keep_left_out(config: Config, scenes: Mapping[str, str]) -> None:
    """Write down for the jobs' own processes which scenes are left out."""
    if config["source"]["leave_out_failed"]:
        write_record(Path(config["results"]) / FOLDER / LEFT_OUT, {"scenes": dict(scenes)})


def describe_failed(config: Config) -> str:
    """What to say at the end of a run: the failed scenes, and how to go on without them.

    Empty if no scene failed.
    """
    excluded = config["source"]["exclude"] or {}
    try:
        found = failed_scenes(config)
    except CalvingFrontError as error:  # the table was changed meanwhile
        return str(error)
    failed = {scene: reason for scene, reason in found.items() if scene not in excluded}
    if not failed:
        return ""
    lines = [f"  {scene}: {reason}" for scene, reason in failed.items()]
    count = f"{len(failed)} scene{'s' if len(failed) > 1 else ''} failed"
    return "\n".join(
        [
            f"{count}:",
            *lines,
            "Mend their files or settings and run the same command again, or go on without them: "
            f"add {OPTION} to it (with --keep-going, to find all that fail in one run).",
        ]
    )


def _record(config: Config, step: str, scene: str) -> Path:
    return Path(config["results"]) / FOLDER / step / f"{scene}.json"


def _write(
    config: Config, step: str, scene: str, error: BaseException, inputs: Iterable[Any]
) -> None:
    reason = " ".join(str(error).split())
    if not isinstance(error, CalvingFrontError):
        reason = f"unexpected {type(error).__name__}: {reason}"
    files = sorted(str(path) for path in inputs)
    with suppress(CalvingFrontError, OSError):  # the error itself is what the user must see
        row = _rows(config)[scene]
        content = {"scene": scene, "step": step, "reason": reason, "files": files}
        digest = _digest(config, row, files)
        write_record(_record(config, step, scene), content | {"digest": digest})


def _rows(config: Config) -> dict[str, dict[str, Any]]:
    """The rows of all scenes, of those that fail too, by name."""
    # Slow to import, and the jobs of scenes that do not fail have no need of it.
    from calvingfront.scenes.scene_table import records
    from calvingfront.scenes.sources import list_scenes

    return {str(row["scene"]): row for row in records(list_scenes(config))}


def _digest(config: Config, row: Mapping[str, Any], files: Iterable[str]) -> str:
    """Of the scene's row, its files, the inputs of the job, and the settings of its jobs."""
    own = [row[key] for key in ("image", "front", "orbit_file") if row[key] is not None]
    digests = Digests(Path(config["results"]) / MEMORY)
    prints = {path: digests.of(path) for path in sorted({*map(str, own), *files})}
    settings = {key: config[key] for key in SECTIONS}
    text = json.dumps([dict(row), prints, settings], sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
