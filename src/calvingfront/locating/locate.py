"""From new scenes and a model to front lines: one broken scene does not stop the others."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import torch

from calvingfront.compute.device import claimed_device
from calvingfront.compute.memory import keep_heap_small
from calvingfront.errors import CalvingFrontError, Faults, SampleError
from calvingfront.evaluation.ensemble import member_probabilities
from calvingfront.files import PathLike
from calvingfront.locating.inputs.geocoding import Work
from calvingfront.locating.judging import judged_front, unlike_training
from calvingfront.locating.located_front import ELSEWHERE, UNTESTED, LocatedFront
from calvingfront.locating.model_folder import SHIPPED, ModelFolder, read_model
from calvingfront.locating.new_scenes import NewScene, Sample, prepare, sample_of_file
from calvingfront.locating.outputs.writers import write_files
from calvingfront.locating.tracing import trace
from calvingfront.locating.vectors import write_fronts
from calvingfront.networks.unet import UNet

log = logging.getLogger(__name__)

# What is said of errors that are not those of the training's glaciers.
WHERE = {ELSEWHERE: " (as on other glaciers)", UNTESTED: " (not tested on other glaciers)"}

Keep = Callable[[Sample, npt.NDArray[np.float64]], None]


@dataclass
class Located:
    """What came of some scenes: fronts (with or without a line), and the faults by scene.

    unwritten: the fault of each file that could not be written.
    """

    fronts: list[LocatedFront] = field(default_factory=list)
    faults: dict[str, CalvingFrontError] = field(default_factory=dict)
    unwritten: dict[str, CalvingFrontError] = field(default_factory=dict)


def locate_fronts(
    scenes: Sequence[NewScene],
    model: ModelFolder,
    outputs: Sequence[PathLike],
    crs: str | None = None,
    device: str = "auto",
    threads: int = 2,
    *,
    work: Work | None = None,
    progress: Callable[[str], None] | None = None,
    keep: Keep | None = None,
    stac: bool = False,
    geolocation_error_m: float | None = None,
) -> Located:
    """Locate the fronts of new scenes and write them to files.

    outputs: GeoPackages (.gpkg), GeoParquet files (.parquet) or Shapefiles (.shp; these leave out
    scenes without a line). crs: of the files; needed if the scenes are in several.
    work: where products are geocoded; a temporary folder without it. progress: takes a line about
    each scene. keep: takes the sample of each scene and its probability (s, s). stac: also write a
    STAC item of each file. geolocation_error_m: of the images, as stated by the user.
    A scene that cannot be used is left out and its fault returned; the files are written if any
    scene could be used. A file that cannot be written does not stop the others.
    Scenes and files should have been checked before the work (`check_scenes`, `check_output`).
    Raises ModelError if the model cannot be loaded, TrainingError if no device is free.
    """
    torch.set_num_threads(threads)
    keep_heap_small()
    found = Located()
    say = progress or log.info
    with claimed_device(device) as place, work or Work() as workplace:
        networks = [network.to(place).eval() for network in model.load_networks()]
        steps = model.preprocessing
        for number, scene in enumerate(scenes, start=1):
            start = time.monotonic()
            try:
                with workplace.ready(scene, threads, steps) as geocoded:
                    sample = prepare(
                        geocoded,
                        steps.size,
                        steps.median_area_m2,
                        steps.variant,
                        steps.grey_levels,
                    )
                    front = locate_sample(sample, model, networks, place, keep)
                    front = replace(front, err_geo_m=geolocation_error_m)
            except CalvingFrontError as error:
                found.faults[scene.scene] = error
                outcome = f"cannot be used: {_first_fault(error)}"
            else:
                found.fronts.append(front)
                outcome = described(scene, front)
            seconds = time.monotonic() - start
            say(f"{number} of {len(scenes)}: {scene.scene}: {outcome} ({seconds:.1f} s)")
    tell_untested(found.fronts, model)
    if found.fronts:
        found.unwritten = write_files(found.fronts, outputs, crs, stac)
    return found


def tell_untested(fronts: Sequence[LocatedFront], model: ModelFolder) -> None:
    """Warn of lines whose errors were calibrated on other glaciers, and not tested on theirs."""
    untested = [front for front in fronts if front.err_calib == UNTESTED]
    if untested:
        names = sorted({front.glacier or "unnamed" for front in untested})
        log.warning(
            "the errors of %d lines (glaciers: %s) were calibrated on %s and not tested on other "
            "glaciers; expect their bands to be too narrow",
            len(untested), ", ".join(names), ", ".join(model.trained_on.glaciers),
        )  # fmt: skip


def _first_fault(error: CalvingFrontError) -> str:
    """What is wrong, in one line."""
    if not isinstance(error, Faults):
        return error.what
    more = f" (and {len(error.faults) - 1} more)" if len(error.faults) > 1 else ""
    return f"{error.faults[0].what}{more}"


def described(scene: NewScene, front: LocatedFront) -> str:
    """What was found in a scene, in a few words."""
    kind = f"{scene.product.format}: " if scene.product else ""
    return kind + found_in(front)


def found_in(front: LocatedFront) -> str:
    """The line of a front in a few words, or why there is none."""
    if not front.lines:
        return f"no front, {front.reason}"
    pieces = f" in {len(front.lines)} pieces" if len(front.lines) > 1 else ""
    error = ""
    if front.error_m is not None:
        error = f", error {front.error_m:.0f} m{WHERE.get(front.err_calib or '', '')}"
    flag = f", {front.quality}" if front.quality else ""
    return f"front of {sum(map(len, front.lines))} vertices{pieces}{error}{flag}"


def locate_file(
    sample: PathLike,
    model: PathLike | None,
    front: PathLike,
    *,
    glacier: str,
    mission: str,
    acquired: str,
    orbit: str | None = None,
    view: PathLike | None = None,
    geolocation_error_m: float | None = None,
    device: str = "auto",
    gpu_slots: int = 1,
    threads: int = 1,
) -> None:
    """Locate the front of one sample of the workflow, and write it as a GeoPackage of one row.

    sample: file of `square_file`, made with the model's own preprocessing. model: its folder; None
    for the model that comes with the package.
    glacier, mission, acquired, orbit, view: see `sample_of_file`. geolocation_error_m: of the
    image, as stated by the user.
    Raises SampleError if the sample was made otherwise, ModelError if the model cannot be loaded.
    """
    opened = read_model(SHIPPED if model is None else model)
    read = sample_of_file(sample, glacier, mission, acquired, orbit, view)
    steps = opened.preprocessing
    if (len(read.image), read.facts["variant"]) != (steps.size, steps.variant):
        raise SampleError(
            sample,
            f"is {len(read.image)} px ({read.facts['variant']}), but {opened.path} was trained on "
            f"{steps.size} px ({steps.variant})",
            "Rerun square_image for the sample.",
        )
    torch.set_num_threads(threads)
    with claimed_device(device, slots=gpu_slots) as place:
        networks = [network.to(place).eval() for network in opened.load_networks()]
        located = locate_sample(read, opened, networks, place)
    write_fronts([replace(located, err_geo_m=geolocation_error_m)], front)
    tell_untested([located], opened)
    log.info("%s: %s", located.scene, found_in(located))


def locate_sample(
    sample: Sample,
    model: ModelFolder,
    networks: Sequence[UNet],
    device: torch.device,
    keep: Keep | None = None,
) -> LocatedFront:
    """Locate the front of one sample.

    networks: those of the model, on the device. keep: takes the sample and its probability (s, s).
    """
    members = member_probabilities(sample.image, networks, device, model.orientations)
    traced = trace(members, sample.facts, model.threshold, model.min_front_length_m)
    if keep is not None:
        keep(sample, traced.probability)
    unlike = list(unlike_training(sample.facts, sample.mean_grey, model))
    return judged_front(sample.facts, traced, model, unlike, sample.view)
