"""Figures 4 and 5: attention maps during training, and for each loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_lowercase

import numpy as np
import numpy.typing as npt

from calvingfront.errors import SampleError
from calvingfront.figures.inputs import Scene, first_seeds, read_scenes, typical_run
from calvingfront.figures.style import (
    TRUTH_RGB,
    TWO_COLUMNS_MM,
    Page,
    colour_bar,
    save,
    show,
)
from calvingfront.files import PathLike
from calvingfront.storage.sealed import read_record, reading
from calvingfront.vocabulary.losses import loss_label
from calvingfront.vocabulary.models import model_label
from calvingfront.vocabulary.runs import by_run

ATTENTION_COLOURS = "jet"  # as in the paper, so that the maps can be compared with its figures
COLUMNS_SIDE_BY_SIDE = 8
TALLEST_MM = 215.0
MOST_PANEL_MM = 30.0
LEFT_MM, HEAD_MM, BAR_MM = 6.0, 9.0, 15.0
GAP_MM, BLOCK_GAP_MM = 1.0, 4.0


@dataclass(frozen=True)
class Maps:
    """The attention maps of one checkpoint of one run, by scene, finest level first."""

    label: str
    levels: dict[str, list[npt.NDArray[np.float32]]]


def draw_attention_epochs(
    dataset: PathLike,
    attention: Sequence[PathLike],
    runs: Sequence[PathLike],
    png: PathLike,
    pdf: PathLike,
) -> None:
    """Draw rows α1 (finest) … αD, and columns for the kept epochs and the best one.

    attention: the `.npz` files of the attention maps; the one that `typical_run` prefers is drawn,
    with the lowest seed. runs: `run.json` of the same runs, for the number of the best epoch.
    Raises SampleError if the drawn run's `run.json` is not among them.
    """
    files = first_seeds(attention)
    model, loss = typical_run(files)
    chosen = files[model, loss]
    run = next(iter(by_run(chosen)))
    records = by_run(runs)
    if run not in records:
        raise SampleError(chosen, "has no matching run.json", "Give the run.json of every run.")
    best_epoch = int(read_record(records[run])["best_epoch"])
    checkpoints = _names(chosen, "checkpoints")
    columns = [
        read_maps(chosen, checkpoint, _epoch_label(checkpoint, best_epoch))
        for checkpoint in sorted(checkpoints, key=lambda name: (name == "best", name))
    ]
    scenes = read_scenes(dataset, _names(chosen, "scenes"))
    _draw(scenes, columns, f"attention of {run.label}", png, pdf)


def draw_attention_losses(
    dataset: PathLike,
    attention: Sequence[PathLike],
    png: PathLike,
    pdf: PathLike,
) -> None:
    """Draw rows α1 (finest) … αD, and columns for the losses, at their best epochs (lowest seed).

    Of several networks with attention, the one that `typical_run` prefers is drawn.
    """
    files = first_seeds(attention)
    model, _ = typical_run(files)
    of_model = {loss: path for (name, loss), path in files.items() if name == model}
    columns = [
        read_maps(path, "best", f"({letter}) {loss_label(loss)}")
        for letter, (loss, path) in zip(ascii_lowercase, of_model.items(), strict=False)
    ]
    scenes = read_scenes(dataset, _names(next(iter(of_model.values())), "scenes"))
    _draw(scenes, columns, f"attention of {model_label(model)}, best epochs", png, pdf)


def read_maps(path: PathLike, checkpoint: str, label: str) -> Maps:
    """Read all levels of one checkpoint. Raises SampleError if the file does not contain it."""
    levels: dict[str, list[npt.NDArray[np.float32]]] = {}
    with reading(path), np.load(path) as arrays:
        for scene in (str(name) for name in arrays["scenes"]):
            level = 1
            levels[scene] = []
            while (name := f"{checkpoint}__{scene}__alpha{level}") in arrays:
                levels[scene].append(arrays[name].astype(np.float32))
                level += 1
            if not levels[scene]:
                raise SampleError(
                    path,
                    f"has no attention maps of {scene} for checkpoint '{checkpoint}'",
                    "Remove the file and read the attention maps again.",
                )
    return Maps(label, levels)


def _names(path: PathLike, array: str) -> list[str]:
    with reading(path), np.load(path) as arrays:
        return [str(name) for name in arrays[array]]


def _epoch_label(checkpoint: str, best_epoch: int) -> str:
    if checkpoint == "best":
        return f"epoch {best_epoch} (best)"
    return f"epoch {int(checkpoint.rsplit('_', 1)[-1])}"


def _draw(
    scenes: Sequence[Scene], columns: Sequence[Maps], label: str, png: PathLike, pdf: PathLike
) -> None:
    """Draw one block per scene: the scene and its front on the left, then the maps.

    Blocks are placed side by side (panels of equal height) if there is room, else below each other
    (panels of equal width).
    """
    depth = max(len(maps) for column in columns for maps in column.levels.values())
    across = 1 + len(columns)
    beside = across * len(scenes) <= COLUMNS_SIDE_BY_SIDE
    rows = max(depth, 2)
    panels = _panel_sizes(scenes, across, rows, beside)
    widths = [across * (width + GAP_MM) - GAP_MM for width, _ in panels]
    heights = [HEAD_MM + rows * (height + GAP_MM) for _, height in panels]
    between = BLOCK_GAP_MM * (len(scenes) - 1) if beside else 0.0
    page = Page(
        LEFT_MM + (sum(widths) + between if beside else max(widths)) + BAR_MM,
        0.5 + (max(heights) if beside else sum(heights)),
    )
    x, y = LEFT_MM, 0.0
    for scene, (width, height) in zip(scenes, panels, strict=True):
        block_width = across * (width + GAP_MM) - GAP_MM
        page.text(x + block_width / 2, y + 2.2, scene.label, block_width)
        page.text(x + width / 2, y + 6.4, "scene")
        top = y + HEAD_MM
        show(page.axes(x, top, width, height), scene.image, vmin=0, vmax=255)
        show(page.axes(x, top + height + GAP_MM, width, height), _with_front(scene))
        if rows > 2:
            below = top + 2 * (height + GAP_MM) + 1.5
            page.text(x + width / 2, below, "with true front", width, size=6)
        for level in range(depth):
            middle = top + level * (height + GAP_MM) + height / 2
            if x == LEFT_MM:
                page.text(LEFT_MM / 2, middle, rf"$\alpha_{level + 1}$", size=8)
        for column, maps in enumerate(columns, start=1):
            edge = x + column * (width + GAP_MM)
            page.text(edge + width / 2, y + 6.4, maps.label, width)
            for level, alpha in enumerate(maps.levels.get(scene.name, [])):
                axes = page.axes(edge, top + level * (height + GAP_MM), width, height)
                shown = show(axes, scene.crop(alpha), ATTENTION_COLOURS, 0, 1)
        if beside:
            x += block_width + BLOCK_GAP_MM
        else:
            y += HEAD_MM + rows * (height + GAP_MM)
    tall = min(page.height_mm - HEAD_MM - 2.5, 60.0)
    place = (page.width_mm - BAR_MM + 2, HEAD_MM, 2.0, tall)
    colour_bar(page, shown, place, label, "vertical")
    save(page.figure, png, pdf, ATTENTION_COLOURS)


def _panel_sizes(
    scenes: Sequence[Scene], across: int, rows: int, beside: bool
) -> list[tuple[float, float]]:
    """Return (width, height) of each scene's panels, mm: as large as the page allows."""
    blocks = len(scenes) if beside else 1
    free = TWO_COLUMNS_MM - LEFT_MM - BAR_MM - BLOCK_GAP_MM * (blocks - 1)
    free -= GAP_MM * (across - 1) * blocks
    down = 1 if beside else len(scenes)
    tall = (TALLEST_MM - down * HEAD_MM) / (down * rows) - GAP_MM
    if beside:
        height = min(free / (across * sum(scene.aspect for scene in scenes)), tall, MOST_PANEL_MM)
        return [(height * scene.aspect, height) for scene in scenes]
    width = min(free / across, tall * min(scene.aspect for scene in scenes), MOST_PANEL_MM)
    return [(width, width / scene.aspect) for scene in scenes]


def _with_front(scene: Scene) -> npt.NDArray[np.uint8]:
    colours = np.repeat(scene.image[..., None], 3, axis=2)
    colours[scene.front] = TRUTH_RGB
    return colours
