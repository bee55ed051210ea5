"""Results folders as trainings and scoring leave them, with scores that a test can work out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from calvingfront.dataset.leakage import split_file
from calvingfront.files import write_json
from calvingfront.pipeline.data_check import write_split_origin
from calvingfront.provenance.content import Digests
from score_files import score_row

# Two glaciers, three missions, one scene of each every year.
ARCHIVE = pd.DataFrame(
    [
        (f"{glacier}_{year}_{mission}", glacier, mission, f"{year}-0{month}-01")
        for glacier in ("SI", "DBE")
        for mission, month in (("ERS", 1), ("RSAT", 4), ("TSX", 7))
        for year in range(2000, 2008)
    ],
    columns=["scene", "glacier", "mission", "acquired"],
)
# model, loss → Dice of a scene and seed.
Scores = Mapping[tuple[str, str], Callable[[str, int], float]]
SETTINGS: dict[str, Any] = {
    "networks": {"width": 4},
    "training": {"batch_size": 2, "max_epochs": 3, "augmentation": "paper"},
    "history_from": None,
}


def results_folder(
    folder: Path,
    scores: Scores,
    seeds: Sequence[int] = (1, 2, 3),
    archive: pd.DataFrame = ARCHIVE,
    index: Mapping[str, Any] | None = None,
    training: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    changes: Callable[[str, int], Mapping[str, Any]] = lambda scene, seed: {},
    image_size: int = 64,
    orientations: int | None = 8,
    min_front_length_m: int = 750,
    **split: Any,
) -> Path:
    """Write a results folder; `split`: options of the split. Returns it.

    index: further columns. training: changed keys of the section `training`. settings: others of
    the trainings' records. changes: columns of a score by scene and seed.
    """
    dataset, epochs = folder / "dataset", 3
    dataset.mkdir(parents=True)
    columns = {"pixel_size_m": 50.0, "variant": "paper", "front_width_px": 3}
    columns |= {"image_crc32": archive.scene, "front_crc32": archive.scene}
    archive.assign(**(columns | dict(index or {}))).to_csv(
        dataset / "index.tsv", sep="\t", index=False
    )
    names = ("index.tsv", "split.tsv", "leakage.tsv", "leakage.md")
    split_file(*(dataset / name for name in names), **split)
    origin = dataset / "split_made_from.json"
    recorded = {key: value for key, value in split.items() if key != "lists"}
    write_split_origin(origin, dataset / names[0], dataset / names[1], recorded)
    subsets = pd.read_csv(dataset / "split.tsv", sep="\t")
    test = list(subsets.scene[subsets.subset == "test"])
    trained = int((subsets.subset == "train").sum())
    digests = Digests()
    inputs = {f"dataset/{name}": digests.of_file(dataset / name, whole=True) for name in names[:2]}
    used = SETTINGS["training"] | dict(training or {})
    for (model, loss), dice in scores.items():
        for seed in (0,) if loss == "none" else seeds:
            row = f"{model}/{loss}/seed{seed}"
            path = folder / "evaluation" / row / "scores.tsv"
            path.parent.mkdir(parents=True)
            missions = archive.set_index("scene").mission
            rows = [
                score_row(scene, dice(scene, seed) + gain, protocol=protocol,
                          mission=missions[scene]) | dict(changes(scene, seed))
                for protocol, gain in (("validation_threshold", 0.0), ("paper_protocol", 0.02))
                for scene in test
            ]  # fmt: skip
            pd.DataFrame(rows).to_csv(path, sep="\t", index=False)
            made = {
                "code": "c",
                "settings": {"min_front_length_m": min_front_length_m},
                "inputs": {"dataset/index.tsv": inputs["dataset/index.tsv"]},
                "outputs": {f"evaluation/{row}/scores.tsv": digests.of_file(path, whole=True)},
            }
            write_json(path.parent / "scores_made_from.json", {"made_from": made})
            place = folder / "predictions" / row / "made_from.json"
            place.parent.mkdir(parents=True)
            said = {} if orientations is None or loss == "none" else {"orientations": orientations}
            write_json(place, {"made_from": {"settings": said, "inputs": inputs}})
            if loss == "none":
                continue
            record = {
                "training": used, "epochs": epochs, "train_images": trained,
                "image_size": image_size,
                "made_from": {
                    "settings": SETTINGS | {"training": used, "seed": seed} | dict(settings or {}),
                    "inputs": inputs,
                },
            }  # fmt: skip
            own = folder / "models" / row
            own.mkdir(parents=True)
            write_json(own / "run.json", record)
            history = pd.DataFrame({"epoch": np.arange(1, epochs + 1)})
            history["validation_monitor"] = 0.2 * history.epoch
            history.to_csv(own / "history.tsv", sep="\t", index=False)
    return folder


def spread(level: float, by_seed: float = 0.01, by_scene: float = 0.05) -> Callable[..., float]:
    """Dice about a level: a seed is above or below it, and a scene too, always the same ones."""

    def dice(scene: str, seed: int) -> float:
        place = list(ARCHIVE.scene).index(scene)
        return level + by_seed * (seed - 2) + by_scene * np.sin(place)

    return dice
