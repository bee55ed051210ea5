"""From new scenes and a model to front lines: one broken scene does not stop the others."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import torch

from calvingfront.compute.device import claimed_device
from calvingfront.errors import CalvingFrontError, Faults
from calvingfront.files import PathLike
from calvingfront.locating.extract import locate_front
from calvingfront.locating.inputs.geocoding import Work
from calvingfront.locating.located_front import LocatedFront
from calvingfront.locating.model_folder import ModelFolder
from calvingfront.locating.new_scenes import NewScene, Sample, prepare
from calvingfront.locating.outputs.writers import write_files
from calvingfront.networks.inputs import to_input
from calvingfront.networks.unet import UNet

log = logging.getLogger(__name__)

# How far beyond the training's range a scene may be before it counts as unlike it.
TOLERANCE, BRIGHTNESS = 1.25, 1.1
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
) -> Located:
    """Locate the fronts of new scenes and write them to files.

    outputs: GeoPackages (.gpkg), GeoParquet files (.parquet) or Shapefiles (.shp; these leave out
    scenes without a line). crs: of the files; needed if the scenes are in several.
    work: where products are geocoded; a temporary folder without it. progress: takes a line about
    each scene. keep: takes the sample of each scene and its probability (s, s). stac: also write a
    STAC item of each file.
    A scene that cannot be used is left out and its fault returned; the files are written if any
    scene could be used. A file that cannot be written does not stop the others.
    Scenes and files should have been checked before the work (`check_scenes`, `check_output`).
    Raises ModelError if the model cannot be loaded, TrainingError if no device is free.
    """
    torch.set_num_threads(threads)
    found = Located()
    say = progress or log.info
    with claimed_device(device) as place, work or Work() as workplace:
        networks = [network.to(place).eval() for network in model.load_networks()]
        for number, scene in enumerate(scenes, start=1):
            start = time.monotonic()
            try:
                with workplace.ready(scene, threads) as geocoded:
                    front = _locate(geocoded, model, networks, place, keep)
            except CalvingFrontError as error:
                found.faults[scene.scene] = error
                outcome = f"cannot be used: {_first_fault(error)}"
            else:
                found.fronts.append(front)
                outcome = described(scene, front)
            seconds = time.monotonic() - start
            say(f"{number} of {len(scenes)}: {scene.scene}: {outcome} ({seconds:.1f} s)")
    if found.fronts:
        found.unwritten = write_files(found.fronts, outputs, crs, stac)
    return found


def _first_fault(error: CalvingFrontError) -> str:
    """What is wrong, in one line."""
    if not isinstance(error, Faults):
        return error.what
    more = f" (and {len(error.faults) - 1} more)" if len(error.faults) > 1 else ""
    return f"{error.faults[0].what}{more}"


def described(scene: NewScene, front: LocatedFront) -> str:
    """What was found in a scene, in a few words."""
    kind = f"{scene.product.format}: " if scene.product else ""
    if not front.lines:
        return f"{kind}no front, {front.reason}"
    pieces = f" in {len(front.lines)} pieces" if len(front.lines) > 1 else ""
    doubt = ", doubtful" if front.quality == "doubtful" else ""
    return f"{kind}front of {sum(map(len, front.lines))} vertices{pieces}{doubt}"


def _locate(
    scene: NewScene,
    model: ModelFolder,
    networks: Sequence[UNet],
    device: torch.device,
    keep: Keep | None = None,
) -> LocatedFront:
    steps = model.preprocessing
    sample = prepare(scene, steps.size, steps.median_area_m2, steps.variant)
    probability = mean_probability(sample.image, networks, device)
    if keep is not None:
        keep(sample, probability)
    front = locate_front(
        sample.facts,
        probability,
        model.threshold,
        model.min_front_length_m,
        model.label,
        len(networks),
    )
    unlike = list(unlike_training(sample, model))
    if not unlike:
        return front
    quality = "doubtful" if front.lines else front.quality
    return replace(front, quality=quality, reason="; ".join(filter(None, [front.reason, *unlike])))


@torch.no_grad()
def mean_probability(
    image: npt.NDArray[np.uint8], networks: Sequence[UNet], device: torch.device
) -> npt.NDArray[np.float64]:
    """The front's probability (s, s) of an image (s, s): the mean over the networks."""
    batch = to_input(torch.from_numpy(image)[None, None].to(device))
    total = torch.zeros(image.shape, dtype=torch.float64)
    for network in networks:
        total += torch.sigmoid(network(batch))[0, 0].double().cpu()
    return np.asarray((total / len(networks)).numpy())


def unlike_training(sample: Sample, model: ModelFolder) -> Iterator[str]:
    """Say in what a scene differs from those that the model was trained on."""
    seen = model.trained_on
    mission = str(sample.facts["mission"])
    if mission not in seen.missions:
        yield f"{mission} is not among the missions of the training ({', '.join(seen.missions)})"
    size, sizes = float(sample.facts["pixel_size_m"]), seen.pixel_size_m
    if not sizes.lowest / TOLERANCE <= size <= sizes.highest * TOLERANCE:
        yield f"{size:.0f} m a pixel; the training had {sizes.lowest:.0f} to {sizes.highest:.0f} m"
    grey, greys = sample.mean_grey, seen.brightness.mean
    if not greys.p01 / BRIGHTNESS <= grey <= greys.p99 * BRIGHTNESS:
        yield f"mean grey level {grey:.0f}; the training had {greys.p01:.0f} to {greys.p99:.0f}"
