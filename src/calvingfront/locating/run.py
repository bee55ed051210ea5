"""`calvingfront locate` from its options to its exit status.

PyTorch, which takes seconds to import, comes last: wrong options and scenes are refused at once.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from calvingfront.errors import CalvingFrontError, Faults, SceneError
from calvingfront.locating.inputs.finding import accepted, find_scenes
from calvingfront.locating.inputs.geocoding import Work
from calvingfront.locating.inputs.known import Said, scenes_of
from calvingfront.locating.inputs.table import read_table_of_scenes
from calvingfront.locating.located_front import QUALITIES, LocatedFront
from calvingfront.locating.model.choice import folder_of
from calvingfront.locating.model_folder import SHIPPED, ModelFolder, read_model
from calvingfront.locating.new_scenes import NewScene, check_scenes
from calvingfront.locating.outputs.writers import check_output

if TYPE_CHECKING:
    from calvingfront.locating.locate import Located

ALL_USED, NOTHING_DONE, SOME_FAILED = 0, 1, 3


def locate(options: argparse.Namespace) -> int:
    """Run the command; print the summary and return the exit status.

    Raises CalvingFrontError where nothing can be done at all: a wrong option, no scene, no model.
    """
    if not options.scenes and not options.table:
        raise SceneError("calvingfront locate", "got no scene", f"Name {accepted()}, or a --table.")
    if options.threads < 1:
        raise SceneError("--threads", f"is {options.threads}", "Give at least 1.")
    outputs = [Path(output) for output in options.output]
    for output in outputs:
        check_output(output)
    if len(set(outputs)) < len(outputs):
        raise SceneError("--output", "names a file twice", "Name each file once.")
    model = read_model(folder_of(options.model, "--model") if options.model else SHIPPED)
    chart = _chart(options.map_config) if options.map_config else None
    with _quiet_log(), Work(options.work) as work:
        scenes, faults = _scenes(options, chart, work)
        if not scenes:
            _report([], len(faults), [*map(str, faults)])
            return NOTHING_DONE
        check_scenes(scenes, options.crs)
        found, more = _located(options, scenes, model, work)
    written = [str(output) for output in outputs if str(output) not in found.unwritten]
    broken = [*map(str, faults)]
    for scene, error in found.faults.items():
        each = error.faults if isinstance(error, Faults) else [error]
        # An error may name a file only, such as the terrain model.
        broken += [str(one) if scene in str(one) else f"{scene}: {one}" for one in each]
    useless = len(faults) + len(found.faults)
    unwritten = [*map(str, found.unwritten.values()), *map(str, more)]
    _report(found.fronts, useless, [*broken, *unwritten])
    if not found.fronts or not written:
        return NOTHING_DONE
    print("\n".join(written))
    return SOME_FAILED if broken or unwritten else ALL_USED


def _chart(path: str) -> dict[str, Any]:
    from calvingfront.configuration.map_section import read_map
    from calvingfront.sar.grid import to_wgs84

    chart = read_map(path)
    to_wgs84(chart["crs"])  # a wrong CRS is refused before the work
    return chart


def _scenes(
    options: argparse.Namespace, chart: dict[str, Any] | None, work: Work
) -> tuple[list[NewScene], list[CalvingFrontError]]:
    said = Said(
        mission=options.mission,
        acquired=options.acquired,
        glacier=options.glacier,
        pixel_size_m=options.pixel_size_m,
        values=options.values,
        band=options.band,
        polarisation=options.polarisation,
        orbit_file=Path(options.orbit_file) if options.orbit_file else None,
        chart=chart,
    )
    found, faults = find_scenes(options.scenes, work.unpacked)
    scenes, more = scenes_of(found, said)
    faults += more
    if options.table:
        of_table = Said(
            polarisation=options.polarisation,
            chart=chart,
            values=options.values,
            band=options.band,
        )
        scenes += read_table_of_scenes(options.table, of_table, work.unpacked, faults)
    return scenes, faults


def _located(
    options: argparse.Namespace, scenes: Sequence[NewScene], model: ModelFolder, work: Work
) -> tuple[Located, list[CalvingFrontError]]:
    """What was located, and the faults of probability maps."""
    maps = None
    if options.probability:
        from calvingfront.locating.outputs.probability import ProbabilityMaps

        maps = ProbabilityMaps(options.probability, [scene.scene for scene in scenes])
    from calvingfront.locating.locate import locate_fronts

    found = locate_fronts(
        scenes,
        model,
        options.output,
        options.crs,
        options.device,
        options.threads,
        work=work,
        progress=_nothing if options.quiet else _say,
        keep=None if maps is None else lambda sample, chance: maps.add(sample.facts, chance),
        stac=options.stac,
        geolocation_error_m=options.geolocation_error_m,
    )
    return found, [] if maps is None else list(maps.faults.values())


def _report(fronts: Sequence[LocatedFront], useless: int, faults: Sequence[str]) -> None:
    """Print the summary: counts, then the faults of scenes and of files."""
    lines = sum(bool(front.lines) for front in fronts)
    flags = Counter(front.quality for front in fronts if front.lines)
    flagged = ", ".join(f"{flags[name]} {name}" for name in QUALITIES if flags[name])
    print(
        f"{_count(lines, 'front')} ({flagged or 'no line'}), "
        f"{_count(len(fronts) - lines, 'scene')} without a front, "
        f"{_count(useless, 'scene')} that could not be used"
    )
    for fault in faults:
        print(f"  {fault}")


def _count(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _nothing(_: str) -> None:
    pass


@contextmanager
def _quiet_log() -> Iterator[None]:
    """Leave only warnings in the log: the line about each scene says the rest."""
    logger = logging.getLogger("calvingfront")
    before = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(before)
