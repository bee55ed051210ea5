"""Where the files of the learning half stand in a results folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calvingfront.files import PathLike

# Paths by the keyword under which a library function takes them.
Keywords = dict[str, Any]

WITHOUT_NETWORK = ("prior", "nearest_date")


@dataclass(frozen=True)
class Run:
    """One row of the experiment: a network with a loss and a seed, or a row without a network."""

    model: str
    loss: str = "none"
    seed: int = 0

    @property
    def folder(self) -> Path:
        """Its folder below models/, predictions/ and evaluation/."""
        return Path(self.model) / self.loss / f"seed{self.seed}"

    @property
    def trained(self) -> bool:
        """Whether a network stands behind it."""
        return self.model not in WITHOUT_NETWORK


def planned_runs(models: list[str], losses: list[str], seeds: list[int]) -> list[Run]:
    """List every training of the grid, then the rows without a network."""
    grid = [Run(m, loss, seed) for m in models for loss in losses for seed in seeds]
    return grid + [Run(name) for name in WITHOUT_NETWORK]


@dataclass(frozen=True)
class Layout:
    """The paths below one results folder (see docs/files.md)."""

    results: Path

    @classmethod
    def at(cls, results: PathLike) -> Layout:
        """Return the layout of a results folder."""
        return cls(Path(results))

    @property
    def dataset(self) -> Keywords:
        """The packed arrays, by the keyword that the library's functions take."""
        folder = self.results / "dataset"
        return {
            "images": folder / "images.npy",
            "fronts": folder / "fronts.npy",
            "index": folder / "index.tsv",
        }

    @property
    def split(self) -> Path:
        """The split table."""
        return self.results / "dataset" / "split.tsv"

    @property
    def config(self) -> Path:
        """The resolved configuration that the data set was made with."""
        return self.results / "dataset" / "config.yaml"

    def model(self, run: Run) -> Keywords:
        """The files of a training, by keyword."""
        folder = self.results / "models" / run.folder
        return {
            "weights": folder / "weights.safetensors",
            "history": folder / "history.tsv",
            "record": folder / "run.json",
            "state": folder / "state",
        }

    def predictions(self, run: Run, scenes: str = "held_out") -> Keywords:
        """The files of a run's predictions, by keyword; those of `all` scenes stand beside."""
        folder = self.results / "predictions" / run.folder
        start = "all_" if scenes == "all" else ""
        return {
            "probabilities": folder / f"{start}probabilities.npy",
            "predictions": folder / f"{start}index.tsv",
        }

    def evaluation(self, run: Run) -> Keywords:
        """The files of a run's evaluation, by keyword."""
        folder = self.results / "evaluation" / run.folder
        return {
            "threshold": folder / "threshold.json",
            "curve": folder / "threshold_curve.tsv",
            "scores": folder / "scores.tsv",
        }

    def attention(self, run: Run) -> Path:
        """The attention maps of an attention network."""
        return self.results / "attention" / run.loss / f"seed{run.seed}.npz"

    def table(self, name: str, suffix: str) -> Path:
        """A table, by name and suffix."""
        return self.results / "tables" / f"{name}.{suffix}"

    def figure(self, name: str) -> Keywords:
        """A figure's two files, by keyword."""
        folder = self.results / "figures"
        return {suffix: folder / f"{name}.{suffix}" for suffix in ("png", "pdf")}

    def scored_runs(self) -> Iterator[Run]:
        """Find the runs that have scores on disk, sorted by name."""
        for path in sorted((self.results / "evaluation").glob("*/*/seed*/scores.tsv")):
            model, loss, seed = path.parts[-4:-1]
            yield Run(model, loss, int(seed.removeprefix("seed")))
