"""Everything that can be known before the first job, checked and told at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from calvingfront.check.names import name_faults
from calvingfront.check.remembered import recall, remember
from calvingfront.check.split import split_faults
from calvingfront.check.telling import forget
from calvingfront.configuration.effect import without_effect
from calvingfront.configuration.reading import Places, read_places
from calvingfront.configuration.schema import read_schema
from calvingfront.configuration.validation import Examined, examine, validate_scenes
from calvingfront.errors import CalvingFrontError, EmptySubsetError, Faults, all_faults
from calvingfront.files import PathLike
from calvingfront.locating.model.choice import check_fronts
from calvingfront.scenes.scene_table import with_front, without_front
from calvingfront.scenes.sources import known_hemispheres, list_scenes, listed_in, source_of
from calvingfront.training.starting.source import start_faults
from calvingfront.vocabulary.references import load

if TYPE_CHECKING:
    import pandas as pd

REMEDY = (
    "Correct these; config/README.md explains every key, docs/inputs.md every input. A scene can "
    "be left out by source.exclude: {scene: reason}."
)
# What the scene table depends on: with a fault in one of these, it is not read.
OF_THE_TABLE = (
    "source", "map.spacing_m", "split.method", "split.lists", "split.lists_scene_column",
    "split.lists_subset_column", "networks.auxiliary",
)  # fmt: skip
OF_THE_SPLIT = (
    "split", "figures", "source.exclude", "training.batch_size", "training.augmentation",
)  # fmt: skip
OF_TERRAIN = "calvingfront.check.terrain:terrain_faults"
# Checks of files that take time: (sections they need, function of config and scene table, which
# returns faults). Each runs once, before the first job, and never in a job's own process.
OF_FILES = (
    (("source", "map"), "calvingfront.check.products:product_faults"),
    (("source", "map", "samples", "locating"), "calvingfront.check.frames:frame_faults"),
    (("source", "networks.auxiliary"), "calvingfront.scenes.zones:zone_faults"),
)


Fault = TypeVar("Fault", bound=CalvingFrontError)


@dataclass(frozen=True)
class Start:
    """What the workflow starts from.

    config: complete. scenes: from `list_scenes`. hemispheres: glacier → north or south. notes: a
    sentence for each setting that has no effect. split_fault: a subset that the split leaves empty:
    nothing can be trained, but products can be geocoded and scenes be looked at.
    """

    config: dict[str, Any]
    scenes: pd.DataFrame
    hemispheres: dict[str, str]
    notes: list[str] = field(default_factory=list)
    split_fault: EmptySubsetError | None = None


def start(
    given: Mapping[str, Any],
    schema: PathLike,
    scenes_schema: PathLike,
    files: Sequence[PathLike] = (),
    on_top: Mapping[str, Any] | None = None,
    thorough: bool = True,
    prepare: Callable[[dict[str, Any]], None] | None = None,
) -> Start:
    """Check configuration, scene table, split and files; return what the workflow starts from.

    given: the configuration. files: from which it was read, the later ones on top. on_top: what was
    given on top of the default configuration. thorough: whether to check what no job depends on.
    prepare: changes the configuration in place before the scenes are listed.
    Raises Faults with all faults of all of these; of an empty subset only beside others.
    """
    found = _Found()
    places: Places = found.of(partial(read_places, files)) or {}
    rules = read_schema(schema)
    examined = examine(given, rules, places)
    found.add(examined.faults)
    if examined.config is None:
        raise Faults(found.faults, REMEDY)
    config = examined.config

    scenes: pd.DataFrame | None = None
    known: pd.DataFrame | None = None
    if prepare is not None and examined.is_sure_of("source", "results"):
        prepare(config)
    if examined.is_sure_of(*OF_THE_TABLE):
        scenes = None if thorough else recall(config)
        scenes, known = (scenes, scenes) if scenes is not None else found.table_of(config)
    if scenes is not None:
        found.of(partial(validate_scenes, scenes, scenes_schema, listed_in(config)))
        new = len(without_front(scenes))
        found.of(partial(check_fronts, len(scenes) - new, new, config))
    if known is not None and (thorough or scenes is None):
        found.add(_faults_of_names(config, examined, known))
        if examined.is_sure_of("source", "map.crs", "map.dem", "map.geoid"):
            found.add(load(OF_TERRAIN)(config, known))
    if scenes is not None and thorough:
        found.add(_further_faults(config, examined, scenes))
    split_fault = found.only(EmptySubsetError)
    if (found.faults and split_fault is None) or scenes is None:
        raise Faults(found.faults, REMEDY)
    if thorough:
        remember(config, scenes)
        forget(config)
    notes = without_effect(config, rules, on_top or {}) if thorough else []
    hemispheres = known_hemispheres(with_front(scenes)["glacier"], config)
    return Start(config, scenes, hemispheres, notes, split_fault)


class _Found:
    """The faults so far; of one place only the first is kept, since others follow from it."""

    def __init__(self) -> None:
        self.faults: list[CalvingFrontError] = []

    def add(self, faults: Sequence[CalvingFrontError]) -> None:
        told = {_place(fault) for fault in self.faults}
        self.faults += [fault for fault in faults if _place(fault) not in told]

    def only(self, kind: type[Fault]) -> Fault | None:
        """The only fault, if it is of a kind."""
        fault = self.faults[0] if len(self.faults) == 1 else None
        return fault if isinstance(fault, kind) else None

    def of(self, function: Callable[[], Any]) -> Any:
        """The result of a function, or what it found in spite of its faults."""
        try:
            return function()
        except CalvingFrontError as error:
            self.add(all_faults(error))
            return error.found if isinstance(error, Faults) else None

    def table_of(self, config: Mapping[str, Any]) -> tuple[pd.DataFrame | None, Any]:
        """The scene table, or None and its faults; and the names in it in spite of these."""
        try:
            scenes = list_scenes(config)
        except CalvingFrontError as error:
            self.add(all_faults(error))
            return None, error.found if isinstance(error, Faults) else None
        return scenes, scenes


def _place(fault: CalvingFrontError) -> str:
    """The key or file of a fault; what stands in brackets says where in the file."""
    return fault.where.rpartition(", ")[2] if " line " in fault.where else str(fault)


def _faults_of_names(
    config: Mapping[str, Any], examined: Examined, known: pd.DataFrame
) -> list[CalvingFrontError]:
    return [
        fault
        for sections, faults in name_faults(config, known)
        if examined.is_sure_of(*sections)
        for fault in faults
    ]


def _further_faults(
    config: Mapping[str, Any], examined: Examined, scenes: pd.DataFrame
) -> list[CalvingFrontError]:
    faults: list[CalvingFrontError] = []
    labelled = with_front(scenes)
    if len(labelled) and examined.is_sure_of(*OF_THE_SPLIT):
        faults += split_faults(config, labelled, scenes.attrs.get("excluded_new", ()))
    if len(labelled) and examined.is_sure_of("training", "networks", "losses", "seeds", "results"):
        faults += start_faults(config)
    if source_of(config).name != "simulated":  # its files are made by the workflow
        for sections, reference in OF_FILES:
            if examined.is_sure_of(*sections):
                faults += load(reference)(config, scenes)
    return faults
