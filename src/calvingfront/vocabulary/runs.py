"""The rows of an experiment: a network with a loss and a seed, a baseline, or another's result."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from calvingfront.errors import CalvingFrontError
from calvingfront.files import PathLike
from calvingfront.vocabulary.losses import NO_LOSS, loss_label, loss_order
from calvingfront.vocabulary.models import BASELINES, is_ensemble, model_label, model_order
from calvingfront.vocabulary.others import NOBODY, Printed

RUN_FOLDER = "{model}/{loss}/seed{seed}"


class Run(NamedTuple):
    """One row of the experiment.

    A baseline and a result of others have the loss `none` and the seed 0; an average of networks
    has the seed 0.
    """

    model: str
    loss: str = NO_LOSS
    seed: int = 0

    @property
    def folder(self) -> str:
        """Its folder below models/, predictions/, evaluation/ and attention/."""
        return RUN_FOLDER.format(**self._asdict())

    @property
    def trained(self) -> bool:
        """Whether it is a network that we train."""
        return self.loss != NO_LOSS and self.model not in BASELINES and not self.averaged

    @property
    def averaged(self) -> bool:
        """Whether it averages the predictions of networks; see `vocabulary.ensembles`."""
        return is_ensemble(self.model)

    @property
    def label(self) -> str:
        """The printed name, such as `Att. U-Net, WBCE8`."""
        return self.label_beside(NOBODY)

    def label_beside(self, others: Printed) -> str:
        """The printed name, where `others` gives those of the results of others."""
        name = model_label(self.model, others)
        return name if self.loss == NO_LOSS else f"{name}, {loss_label(self.loss)}"

    @property
    def of_others(self) -> bool:
        """Whether it is a result of others, read from files."""
        return self.loss == NO_LOSS and self.model not in BASELINES and not self.averaged

    @property
    def order(self) -> tuple[object, ...]:
        """Sort key of the paper's tables: by loss, then model, then seed."""
        return (loss_order(self.loss), model_order(self.model), self.seed)


def run_of(path: PathLike) -> Run:
    """Read the run from a path in the results folder, `…/{model}/{loss}/seed{seed}/<file>`.

    Raises CalvingFrontError for any other path.
    """
    parts = Path(path).parts
    if len(parts) >= 4 and (match := re.fullmatch(r"seed(\d+)", parts[-2])):
        return Run(parts[-4], parts[-3], int(match[1]))
    raise CalvingFrontError(
        path,
        "the path does not identify a run",
        "Keep results under <model>/<loss>/seed<number>/.",
    )


def as_paths(paths: PathLike | Iterable[PathLike]) -> list[Path]:
    """Sort one path or several by run, so that the order of the inputs does not matter."""
    several = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    return sorted((Path(path) for path in several), key=lambda path: run_of(path).order)


def by_run(paths: PathLike | Iterable[PathLike]) -> dict[Run, Path]:
    """Run → its file, in the order of the paper's tables."""
    return {run_of(path): path for path in as_paths(paths)}
