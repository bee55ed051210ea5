"""A small results folder with everything that the figures read."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from score_files import write_scores

SIZE, HEIGHT = 64, 48
SCENES = ("DBE_1", "DBE_2", "DBE_3", "SI_1", "SI_2")
DICE = {"DBE_1": 0.9, "DBE_2": 0.5, "DBE_3": 0.7, "SI_1": 0.6, "SI_2": 0.8}
MODELS = ("unet", "attention_unet")
LOSSES = ("bce", "wbce4")
CHECKPOINTS = ("epoch_005", "epoch_010", "best")
DEPTH = 3


@dataclass(frozen=True)
class Results:
    """Paths of the folder, as the rules hand them to the figures."""

    folder: Path
    models: tuple[str, ...] = MODELS
    losses: tuple[str, ...] = LOSSES

    @property
    def dataset(self) -> Path:
        return self.folder / "dataset"

    def of_networks(self, stage: str, name: str, seeds: tuple[int, ...] = (1, 2)) -> list[Path]:
        return [
            self.folder / stage / model / loss / f"seed{seed}" / name
            for model in self.models
            for loss in self.losses
            for seed in seeds
        ]

    @property
    def attention(self) -> list[Path]:
        return [attention_file(self.folder, loss) for loss in LOSSES]


def attention_file(folder: Path, loss: str) -> Path:
    return folder / "attention" / "attention_unet" / loss / "seed1" / "maps.npz"


def front(row: int) -> np.ndarray:
    """A front of four rows, in the left half of the content."""
    mask = np.zeros((SIZE, SIZE), np.uint8)
    mask[row : row + 4, :32] = 1
    return mask


def write_table(path: Path, table: pd.DataFrame) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, sep="\t", index=False)


def write_dataset(folder: Path) -> None:
    folder.mkdir(parents=True)
    images = np.full((len(SCENES), SIZE, SIZE), 100, np.uint8)
    images[:, HEIGHT:] = 0
    np.save(folder / "images.npy", images)
    np.save(folder / "fronts.npy", np.stack([front(10 + 4 * k) for k in range(len(SCENES))]))
    table = pd.DataFrame(
        {
            "row": range(len(SCENES)),
            "scene": SCENES,
            "glacier": [scene.split("_")[0] for scene in SCENES],
            "mission": ["ERS", "TSX", "TSX", "TSX", "PALSAR"],
            "acquired": ["1996-01-05", "2011-03-01", "2012-03-01", "2010-07-01", "2007-02-03"],
            "orbit": "1",
            "crs": "",
            "pixel_size_m": 50.0,
            "content_height": HEIGHT,
            "content_width": SIZE,
        }
    )
    write_table(folder / "index.tsv", table)
    rows = [*((scene, "test") for scene in SCENES), ("DBE_0", "train"), ("DBE_1", "validation")]
    write_table(folder / "split.tsv", pd.DataFrame(rows, columns=["scene", "subset"]))


def write_run(folder: Path, model: str, loss: str, seed: int) -> None:
    place = Path(model) / loss / f"seed{seed}"
    # Seed 1 finds the left quarter of each front and as much beside it; seed 2 finds nothing.
    found = np.zeros((len(SCENES), SIZE, SIZE), np.float16)
    for number in range(len(SCENES)):
        found[number, 12 + 4 * number : 16 + 4 * number, :16] = 0.8 if seed == 1 else 0.1
    predictions = folder / "predictions" / place
    predictions.mkdir(parents=True)
    np.save(predictions / "probabilities.npy", np.concatenate([found[:1] * 0, found]))
    subsets = ["validation"] + ["test"] * len(SCENES)
    write_table(
        predictions / "index.tsv",
        pd.DataFrame({"scene": ["DBE_1", *SCENES], "subset": subsets}),
    )
    write_scores(folder, model, loss, seed, DICE)
    evaluation = folder / "evaluation" / place
    limits = {"validation_threshold": 0.5, "validation_dice": 0.6, "paper_protocol": {"dice": 0.3}}
    (evaluation / "threshold.json").write_text(json.dumps(limits), encoding="utf-8")
    thresholds = np.arange(100) / 100
    curve = [
        pd.DataFrame(
            {
                "subset": subset,
                "stretched": stretched,
                "threshold": thresholds,
                "dice": 0.8 - (thresholds - (0.3 if stretched else 0.5)) ** 2,
            }
        )
        for subset in ("validation", "test")
        for stretched in (0, 1)
    ]
    write_table(evaluation / "threshold_curve.tsv", pd.concat(curve))
    models = folder / "models" / place
    epochs = np.arange(1, 13)
    history = pd.DataFrame(
        {
            "epoch": epochs,
            "learning_rate": np.linspace(1e-5, 1e-3, 12),
            "train_loss": 0.5 / epochs,
            "validation_loss": 0.6 / epochs,
            "validation_monitor": 0.8 - 0.01 * (epochs - 7) ** 2,
            "best": (epochs <= 7).astype(int),
        }
    )
    write_table(models / "history.tsv", history)
    (models / "run.json").write_text(json.dumps({"best_epoch": 7}), encoding="utf-8")


def write_attention(path: Path) -> None:
    arrays: dict[str, np.ndarray] = {
        "scenes": np.array(["DBE_3", "SI_1"]),
        "checkpoints": np.array(CHECKPOINTS),
    }
    for position, checkpoint in enumerate(CHECKPOINTS):
        for scene in ("DBE_3", "SI_1"):
            for level in range(1, DEPTH + 1):
                value = np.float16(position / 4 + level / 16)
                arrays[f"{checkpoint}__{scene}__alpha{level}"] = np.full((SIZE, SIZE), value)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = tmp_path_factory.mktemp("results")
    write_dataset(folder / "dataset")
    for model in MODELS:
        for loss in LOSSES:
            for seed in (1, 2):
                write_run(folder, model, loss, seed)
    for loss in LOSSES:
        write_attention(attention_file(folder, loss))
    return Results(folder)


@pytest.fixture(scope="session")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Networks with long names, each with one loss, and an average over the seeds of each."""
    names = ("unet", "unet_history", "pretrained_unet", "pretrained_unet_history")
    folder = tmp_path_factory.mktemp("recipe")
    write_dataset(folder / "dataset")
    for model in (*names, *(f"{name}_seeds" for name in names)):
        write_run(folder, model, "bce", 1)
    return Results(folder, names, ("bce",))


Check = Callable[[Figure], None]


@pytest.fixture
def check_texts(monkeypatch: pytest.MonkeyPatch) -> Check:
    """Check that every visible text lies on the page and none lies on another."""

    def check(figure: Figure) -> None:
        canvas = FigureCanvasAgg(figure)
        found: list[Text] = []
        draw = Text.draw

        def remember(text: Text, *arguments: object, **more: object) -> None:
            found.append(text)
            draw(text, *arguments, **more)  # type: ignore[arg-type]

        with monkeypatch.context() as patch:  # ticks out of view exist, but are never drawn
            patch.setattr(Text, "draw", remember)
            canvas.draw()
        renderer = canvas.get_renderer()
        width, height = figure.bbox.width, figure.bbox.height
        boxes = []
        for text in dict.fromkeys(found):
            if not text.get_visible() or not text.get_text().strip():
                continue
            box = text.get_window_extent(renderer)
            inside = min(box.x0, box.y0) >= -0.5 and box.x1 <= width + 0.5
            inside = inside and box.y1 <= height + 0.5
            assert inside, f"{text.get_text()!r} leaves the page"
            boxes.append((text.get_text(), box))
        for number, (name, box) in enumerate(boxes):
            for other, second in boxes[number + 1 :]:
                across = min(box.x1, second.x1) - max(box.x0, second.x0)
                down = min(box.y1, second.y1) - max(box.y0, second.y0)
                assert across < 1 or down < 1, f"{name!r} lies on {other!r}"

    return check
