"""From new scenes and a model to front lines: one broken scene does not stop the others."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch

from calvingfront.compute.device import claimed_device
from calvingfront.errors import CalvingFrontError, SampleError, SceneError
from calvingfront.evaluation.ensemble import member_probabilities
from calvingfront.files import PathLike
from calvingfront.locating.judging import judged_front, unlike_training
from calvingfront.locating.located_front import LocatedFront
from calvingfront.locating.model_folder import ModelFolder, read_model
from calvingfront.locating.new_scenes import (
    NewScene,
    Sample,
    crs_of_images,
    prepare,
    sample_of_file,
)
from calvingfront.locating.tracing import trace
from calvingfront.locating.vectors import write_fronts, write_geoparquet, write_shapefile
from calvingfront.networks.unet import UNet

log = logging.getLogger(__name__)

WRITERS: dict[str, Callable[[list[LocatedFront], PathLike, str | None], object]] = {
    ".gpkg": write_fronts,
    ".parquet": write_geoparquet,
    ".shp": write_shapefile,
}


@dataclass
class Located:
    """What came of some scenes: fronts (with or without a line), and the faults by scene."""

    fronts: list[LocatedFront] = field(default_factory=list)
    faults: dict[str, CalvingFrontError] = field(default_factory=dict)


def locate_fronts(
    scenes: Sequence[NewScene],
    model: ModelFolder,
    outputs: Sequence[PathLike],
    crs: str | None = None,
    device: str = "auto",
    threads: int = 2,
) -> Located:
    """Locate the fronts of new scenes and write them to files.

    outputs: GeoPackages (.gpkg), GeoParquet files (.parquet) or Shapefiles (.shp; these leave out
    scenes without a line). crs: of the files; needed if the scenes are in several.
    A scene that cannot be used is left out and its fault returned; the files are written if any
    scene could be used.
    Raises SceneError if a scene appears twice or a file cannot be written, ModelError if the model
    cannot be loaded, TrainingError if no device is free.
    """
    names = [scene.scene for scene in scenes]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SceneError(twice[0], "appears twice", "Give each scene its own name.")
    # Before the work, not after it.
    writers = [_writer(Path(output)) for output in outputs]
    known = crs_of_images(scenes)
    if crs is None and len(known) > 1:
        what = f"is needed, because the images are in {' and '.join(known)}"
        raise SceneError("--crs", what, "Give the CRS of the file.")
    torch.set_num_threads(threads)
    found = Located()
    with claimed_device(device) as place:
        networks = [network.to(place).eval() for network in model.load_networks()]
        steps = model.preprocessing
        for number, scene in enumerate(scenes, start=1):
            try:
                sample = prepare(scene, steps.size, steps.median_area_m2, steps.variant)
                front = locate_sample(sample, model, networks, place)
            except CalvingFrontError as error:
                found.faults[scene.scene] = error
                log.warning("%d of %d: %s", number, len(scenes), error)
                continue
            found.fronts.append(front)
            log.info("%d of %d: %s: %s", number, len(scenes), scene.scene, _found(front))
    if found.fronts:
        for write, output in zip(writers, outputs, strict=True):
            write(found.fronts, output, crs)
    return found


def _found(front: LocatedFront) -> str:
    return f"{sum(map(len, front.lines))} vertices" if front.lines else front.reason


def _writer(output: Path) -> Callable[[list[LocatedFront], PathLike, str | None], object]:
    """The function that writes a file of this suffix. Makes its folder, or raises SceneError."""
    if output.suffix not in WRITERS:
        known = ", ".join(WRITERS)
        raise SceneError(output, "does not end in a known suffix", f"Let it end in one of {known}.")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SceneError(output.parent, f"cannot be made ({error})", "Choose another.") from error
    if not os.access(output.parent, os.W_OK):
        raise SceneError(output.parent, "cannot be written to", "Choose another folder.")
    return WRITERS[output.suffix]


def locate_file(
    sample: PathLike,
    model: PathLike,
    front: PathLike,
    *,
    glacier: str,
    mission: str,
    acquired: str,
    orbit: str | None = None,
    view: PathLike | None = None,
    device: str = "auto",
    gpu_slots: int = 1,
    threads: int = 1,
) -> None:
    """Locate the front of one sample of the workflow, and write it as a GeoPackage of one row.

    sample: file of `square_file`, made with the model's own preprocessing. model: its folder.
    glacier, mission, acquired, orbit, view: see `sample_of_file`.
    Raises SampleError if the sample was made otherwise, ModelError if the model cannot be loaded.
    """
    opened = read_model(model)
    read = sample_of_file(sample, glacier, mission, acquired, orbit, view)
    steps = opened.preprocessing
    if (len(read.image), read.facts["variant"]) != (steps.size, steps.variant):
        raise SampleError(
            sample,
            f"is {len(read.image)} px ({read.facts['variant']}), but {model} was trained on "
            f"{steps.size} px ({steps.variant})",
            "Rerun square_image for the sample.",
        )
    torch.set_num_threads(threads)
    with claimed_device(device, slots=gpu_slots) as place:
        networks = [network.to(place).eval() for network in opened.load_networks()]
        located = locate_sample(read, opened, networks, place)
    write_fronts([located], front)
    log.info("%s: %s", located.scene, _found(located))


def locate_sample(
    sample: Sample, model: ModelFolder, networks: Sequence[UNet], device: torch.device
) -> LocatedFront:
    """Locate the front of one sample; networks: those of the model, on the device."""
    members = member_probabilities(sample.image, networks, device, model.orientations)
    traced = trace(members, sample.facts, model.threshold, model.min_front_length_m)
    unlike = list(unlike_training(sample.facts, sample.mean_grey, model))
    return judged_front(sample.facts, traced, model, unlike, sample.view)
