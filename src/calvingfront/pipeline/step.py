"""One step of the learning half: what it reads, writes and takes from the configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from calvingfront.dataset import files
from calvingfront.vocabulary import paths
from calvingfront.vocabulary.ensembles import ensembles_of
from calvingfront.vocabulary.runs import Run

Config = Mapping[str, Any]
Paths = str | list[str]
Keywords = dict[str, Paths]


@dataclass(frozen=True)
class Step:
    """One step.

    name:       of its rule, its script and its log.
    code:       "module:function".
    inputs:     keyword → path or paths, from the configuration. The folder `dataset` is given as
                the files in it that the step reads.
    outputs:    keyword → path or paths that it writes.
    parameters: keyword → value, from the configuration; a changed value reruns the step.
    of_run:     fields of the row (model, loss, seed) that the function takes. Paths contain them
                as `{model}`, `{loss}`, `{seed}`.
    of_row:     keyword → value, from the configuration and the row; a changed value reruns the step
                for this row only.
    of_members: keyword → pattern of a path that each member of an averaged row gives.
    how:        keys of the configuration's `training` that affect how the step runs but not its
                results, or only as `training.ending` says; the change of one alone reruns nothing.
    parts:      code that the step reaches only through a name of the configuration or the row:
                "module:attribute", or the object.
    origin:     path of the record of what the step's outputs were made from, which whoever runs
                the step writes last; None if the step writes none, or its own (`train_network`).
    """

    name: str
    code: str
    inputs: Callable[[Config], Keywords]
    outputs: Callable[[Config], Keywords]
    parameters: Callable[[Config], dict[str, Any]] = lambda config: {}
    of_run: tuple[str, ...] = ()
    of_row: Mapping[str, Callable[[Config, Run], Any]] = field(default_factory=dict)
    of_members: Mapping[str, str] = field(default_factory=dict)
    how: tuple[str, ...] = ()
    parts: Callable[[Config, Run | None], list[Any]] = lambda config, run: []
    origin: str | None = None

    def inputs_of(self, config: Config, run: Run | None = None) -> Keywords:
        """Its inputs, those that the members of the row give among them."""
        members = ensembles_of(config).get(run, []) if run and self.of_members else []
        given: Keywords = {
            keyword: [pattern.format(**member._asdict()) for member in members]
            for keyword, pattern in self.of_members.items()
        }
        return {**self.inputs(config), **given}

    def roots(self, config: Config, run: Run | None = None) -> list[str]:
        """The code of the step for one row, for `provenance.code.code_digest`."""
        return [self.code, *map(_reference, self.parts(config, run))]


def _reference(code: Any) -> str:
    return code if isinstance(code, str) else f"{code.__module__}:{code.__qualname__.split('.')[0]}"


def dataset_files(*names: str) -> list[str]:
    """Paths of the packed data set's images, fronts and index, and of any other named files."""
    every = (files.IMAGES, files.FRONTS, files.INDEX, *names)
    return [f"{paths.DATASET}/{name}" for name in every]
