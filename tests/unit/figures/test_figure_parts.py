"""What the figures share: overlay colours, scenes, runs, and saving without dates."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from calvingfront.errors import ConfigError, SampleError
from calvingfront.evaluation.scenes import choose_scenes
from calvingfront.figures.inputs import (
    first_seeds,
    read_probability,
    read_scenes,
    typical_run,
)
from calvingfront.figures.style import (
    BOTH_RGB,
    PREDICTION_RGB,
    TRUTH_RGB,
    compose_overlay,
    save,
)


def test_overlay_colours_truth_green_prediction_red_both_yellow() -> None:
    image = np.array([[200, 200, 200, 10]], np.uint8)
    truth = np.array([[True, False, True, False]])
    prediction = np.array([[False, True, True, False]])
    pixels = compose_overlay(image, truth, prediction, dimming=0.5)
    assert [tuple(pixel) for pixel in pixels[0]] == [TRUTH_RGB, PREDICTION_RGB, BOTH_RGB, (5, 5, 5)]
    for colour, strong in ((TRUTH_RGB, [1]), (PREDICTION_RGB, [0]), (BOTH_RGB, [0, 1])):
        assert [k for k in range(3) if colour[k] > 200] == strong


def test_the_median_scene_of_each_glacier_is_chosen(results) -> None:  # type: ignore[no-untyped-def]
    # DBE has Dice 0.5, 0.7, 0.9; of SI's two the lower one, 0.6, is taken.
    scores = results.of_networks("evaluation", "scores.tsv")
    assert choose_scenes(results.dataset, scores) == ["DBE_3", "SI_1"]


def test_configured_scenes_are_kept_and_must_be_test_scenes(results) -> None:  # type: ignore[no-untyped-def]
    scores = results.of_networks("evaluation", "scores.tsv")
    assert choose_scenes(results.dataset, scores, ["SI_2"]) == ["SI_2"]
    with pytest.raises(ConfigError, match=r"figures\.scenes: 'SI_9' is not a test scene"):
        choose_scenes(results.dataset, scores, ["SI_9"])


def test_a_scene_that_is_a_training_scene_too_is_not_drawn(results, tmp_path) -> None:  # type: ignore[no-untyped-def]
    scores = results.of_networks("evaluation", "scores.tsv")
    split = pd.read_csv(results.dataset / "split.tsv", sep="\t")
    leaked = pd.DataFrame({"scene": ["DBE_3"], "subset": ["train"]})
    pd.concat([split, leaked]).to_csv(tmp_path / "split.tsv", sep="\t", index=False)
    assert choose_scenes(tmp_path, scores)[0] != "DBE_3"
    with pytest.raises(ConfigError, match=r"'DBE_3' is not a test scene only: it is a training"):
        choose_scenes(tmp_path, scores, ["DBE_3"])


def test_padding_is_cut_off(results) -> None:  # type: ignore[no-untyped-def]
    (scene,) = read_scenes(results.dataset, scenes=["SI_1"])
    assert scene.image.shape == scene.front.shape == (48, 64)
    assert (scene.image == 100).all()
    assert scene.crop(np.zeros((64, 64))).shape == (48, 64)
    assert scene.label == "SI TSX 2010-07-01"


def test_the_test_prediction_is_read_where_a_scene_is_in_validation_too(results) -> None:  # type: ignore[no-untyped-def]
    path = results.of_networks("predictions", "probabilities.npy")[0]
    assert read_probability(path, "DBE_1").max() == pytest.approx(0.8, abs=1e-3)
    with pytest.raises(SampleError, match="has 0 test predictions of scene XX"):
        read_probability(path, "XX")


def test_the_lowest_seed_and_the_typical_run_are_drawn() -> None:
    paths = [Path(f"p/{m}/bce/seed{s}/f") for m in ("unet", "attention_unet") for s in (10, 2)]
    assert {path.parent.name for path in first_seeds(paths).values()} == {"seed2"}
    runs = [("unet", "wbce8"), ("attention_unet", "bce"), ("attention_unet", "wbce4")]
    assert typical_run(runs) == ("attention_unet", "wbce4")
    assert typical_run(runs[:2]) == ("attention_unet", "bce")


def noise_figure() -> Figure:
    figure = Figure(figsize=(2, 2))
    axes = figure.add_axes((0.1, 0.1, 0.8, 0.8))
    axes.imshow(np.random.default_rng(0).random((600, 600, 3)), interpolation="nearest")
    return figure


def test_a_large_png_is_reduced_and_its_page_stays_white(tmp_path: Path) -> None:
    save(noise_figure(), tmp_path / "a.png", tmp_path / "a.pdf", "jet")
    picture = Image.open(tmp_path / "a.png")
    assert picture.mode == "P"
    assert picture.size == (400, 400)
    assert picture.convert("RGB").getpixel((3, 3)) == (255, 255, 255)


def test_saving_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save(noise_figure(), tmp_path / f"{name}.png", tmp_path / f"{name}.pdf")
    for suffix in ("png", "pdf"):
        first, second = ((tmp_path / f"{name}.{suffix}").read_bytes() for name in ("a", "b"))
        assert first == second
    assert b"CreationDate" not in (tmp_path / "a.pdf").read_bytes()
