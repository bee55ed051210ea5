"""Every figure is drawn from a small results folder and looked at: pixels, labels, places."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from calvingfront.errors import SampleError
from calvingfront.figures import (
    archive,
    attention,
    overlays,
    thresholds,
    training,
    weighting,
)
from calvingfront.figures.style import BOTH_RGB, PREDICTION_RGB, TRUTH_RGB

Draw = Callable[..., None]
PAPER = {"png": "unused.png", "pdf": "unused.pdf"}


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Figure]:
    """Call a drawing function of a module and hand back the figure instead of saving it."""

    def call(module: Any, function: str, **inputs: Any) -> Figure:
        kept: list[Figure] = []
        with monkeypatch.context() as patch:
            patch.setattr(module, "save", lambda figure, *_: kept.append(figure))
            getattr(module, function)(**inputs, **PAPER)
        assert len(kept) == 1
        return kept[0]

    return call


def inputs_of(results: Any) -> dict[str, dict[str, Any]]:
    dataset = {"dataset": results.dataset}
    predicted = {
        "predictions": results.of_networks("predictions", "probabilities.npy"),
        "thresholds": results.of_networks("evaluation", "threshold.json"),
        "scores": results.of_networks("evaluation", "scores.tsv"),
        "scenes": [],
    }
    return {
        "draw_weighting": dataset | predicted,
        "draw_overlays": dataset | predicted,
        "draw_attention_epochs": dataset
        | {"attention": results.attention, "runs": results.of_networks("models", "run.json")},
        "draw_attention_losses": dataset | {"attention": results.attention},
        "draw_training": {"histories": results.of_networks("models", "history.tsv")},
        "draw_thresholds": {
            "curves": results.of_networks("evaluation", "threshold_curve.tsv"),
            "thresholds": results.of_networks("evaluation", "threshold.json"),
        },
        "draw_archive": dataset,
    }


MODULES = {
    "draw_weighting": weighting,
    "draw_overlays": overlays,
    "draw_attention_epochs": attention,
    "draw_attention_losses": attention,
    "draw_training": training,
    "draw_thresholds": thresholds,
    "draw_archive": archive,
}


def texts(figure: Figure) -> list[str]:
    from matplotlib.text import Text

    return [text.get_text() for text in figure.findobj(Text)]


def pictures(figure: Figure) -> list[Any]:
    return [np.asarray(axes.images[0].get_array()) for axes in figure.axes if axes.images]


@pytest.mark.parametrize("name", list(MODULES))
def test_no_text_leaves_the_page_or_lies_on_another(name, results, drawn, check_texts) -> None:  # type: ignore[no-untyped-def]
    check_texts(drawn(MODULES[name], name, **inputs_of(results)[name]))


def test_files_are_written_and_the_same_when_drawn_twice(results: Any, tmp_path: Path) -> None:
    inputs = inputs_of(results)["draw_overlays"]
    for name in ("a", "b"):
        overlays.draw_overlays(**inputs, png=tmp_path / f"{name}.png", pdf=tmp_path / f"{name}.pdf")
        inputs = {k: v[::-1] if isinstance(v, list) else v for k, v in inputs.items()}
    for suffix in ("png", "pdf"):
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


def test_overlays_show_truth_prediction_and_their_overlap(results: Any, drawn: Any) -> None:
    figure = drawn(overlays, "draw_overlays", **inputs_of(results)["draw_overlays"])
    panels = pictures(figure)
    assert len(panels) == 2 * 2 * 2  # losses × networks × scenes
    panel = panels[0]  # DBE_3: truth rows 18–21, columns 0–31; prediction rows 20–23, columns 0–15
    assert panel.shape == (48, 64, 3)
    assert tuple(panel[18, 5]) == TRUTH_RGB
    assert tuple(panel[20, 25]) == TRUTH_RGB
    assert tuple(panel[20, 5]) == BOTH_RGB
    assert tuple(panel[23, 5]) == PREDICTION_RGB
    assert tuple(panel[40, 40]) == (70, 70, 70)
    labels = texts(figure)
    assert labels.count("Dice 70.0 %") == 4
    assert labels.count("Dice 60.0 %") == 4
    for label in ("(a) U-Net", "(b) Att. U-Net", "(c) U-Net", "(d) Att. U-Net", "BCE", "WBCE4"):
        assert label in labels


def with_others(results: Any, names: list[str]) -> dict[str, Any]:
    """The inputs of Figure 3 with results of others, which predict as the first network does."""
    inputs = dict(inputs_of(results)["draw_overlays"])
    for key, stage in (("predictions", "predictions"), ("thresholds", "evaluation"),
                       ("scores", "evaluation")):  # fmt: skip
        for name in names:
            folder = results.folder / stage / name / "none" / "seed0"
            if not folder.exists():
                shutil.copytree(results.folder / stage / "unet" / "bce" / "seed1", folder)
            inputs[key] = [*inputs[key], folder / inputs[key][0].name]
    labels = {name: {"label": f"{name.title()} et al.", "citation": ""} for name in names}
    return inputs | {"others": labels}


@pytest.mark.parametrize(("names", "rows"), [(["doe"], 1), (["doe", "roe", "zoe"], 2)])
def test_overlays_show_the_results_of_others_below_the_losses(
    results: Any, drawn: Any, check_texts: Any, names: list[str], rows: int
) -> None:
    figure = drawn(overlays, "draw_overlays", **with_others(results, names))
    panels = pictures(figure)
    assert len(panels) == 2 * 2 * 2 + 2 * len(names)  # of each in both scenes
    labels = texts(figure)
    assert labels.count("others") == rows
    for name in names:
        assert labels.count(f"{name.title()} et al.") == 2
    assert labels.count("Dice 70.0 %") == 4 + len(names)
    assert "(e) Doe et al." not in labels
    check_texts(figure)


def test_overlays_work_with_one_network_one_loss_one_scene(results, drawn, check_texts) -> None:  # type: ignore[no-untyped-def]
    inputs = inputs_of(results)["draw_overlays"]
    few = {k: inputs[k][:1] for k in ("predictions", "thresholds", "scores")}
    figure = drawn(overlays, "draw_overlays", **(inputs | few | {"scenes": ["SI_2"]}))
    assert len(pictures(figure)) == 1
    check_texts(figure)


def test_weighting_multiplies_the_prediction_by_the_weight_map(results: Any, drawn: Any) -> None:
    figure = drawn(weighting, "draw_weighting", **inputs_of(results)["draw_weighting"])
    truth, weights, prediction, weighted = pictures(figure)[:4]
    assert truth[18, 5] == weights[18, 5] == 1
    # One pixel beside the front: tanh(1 / 16).
    assert weights[17, 5] == pytest.approx(np.tanh(1 / 16))
    assert prediction[22, 5] == pytest.approx(0.8, abs=1e-3)
    assert weighted[22, 5] == pytest.approx(0.8 * np.tanh(1 / 16), abs=1e-3)
    label = "front probability of Att. U-Net, WBCE4; red in (c): its threshold"
    assert label in texts(figure)


def test_attention_epochs_end_with_the_best_one(results: Any, drawn: Any) -> None:
    inputs = inputs_of(results)["draw_attention_epochs"]
    figure = drawn(attention, "draw_attention_epochs", **inputs)
    labels = [text for text in texts(figure) if text.startswith("epoch")]
    assert labels == ["epoch 5", "epoch 10", "epoch 7 (best)"] * 2
    maps = [picture for picture in pictures(figure) if picture.ndim == 2 and picture.max() <= 1]
    values = [round(float(picture[0, 0]) * 16) for picture in maps[:9]]
    assert values == [1, 2, 3, 5, 6, 7, 9, 10, 11]  # levels within checkpoints
    assert {axes.images[0].get_cmap().name for axes in figure.axes if axes.images} == {
        "gray",
        "jet",
    }
    limits = {
        axes.images[0].get_clim()
        for axes in figure.axes
        if axes.images and axes.images[0].get_cmap().name == "jet"
    }
    assert limits == {(0.0, 1.0)}


def test_attention_losses_are_lettered_in_the_papers_order(results: Any, drawn: Any) -> None:
    inputs = inputs_of(results)["draw_attention_losses"]
    inputs = inputs | {"attention": inputs["attention"][::-1]}
    labels = texts(drawn(attention, "draw_attention_losses", **inputs))
    assert labels.count("(a) BCE") == labels.count("(b) WBCE4") == 2
    for level in (1, 2, 3):
        assert labels.count(rf"$\alpha_{level}$") == 1


def test_four_losses_put_the_scenes_under_one_another(
    results, drawn, check_texts, tmp_path
) -> None:  # type: ignore[no-untyped-def]
    folder = tmp_path / "attention" / "attention_unet"
    paths = [folder / f"wbce{w}" / "seed1" / "maps.npz" for w in (4, 8, 16, 32)]
    for path in paths:
        path.parent.mkdir(parents=True)
        shutil.copy(results.attention[0], path)
    figure = drawn(attention, "draw_attention_losses", dataset=results.dataset, attention=paths)
    assert figure.get_figheight() * 25.4 <= 225
    assert texts(figure).count(r"$\alpha_1$") == 2
    check_texts(figure)


def test_attention_of_a_run_without_its_record_is_refused(results: Any) -> None:
    inputs = inputs_of(results)["draw_attention_epochs"] | {"runs": []}
    with pytest.raises(SampleError, match=r"no matching run\.json"):
        attention.draw_attention_epochs(**inputs, **PAPER)


def test_the_best_epoch_is_marked_on_the_monitor(results: Any, drawn: Any) -> None:
    figure = drawn(training, "draw_training", **inputs_of(results)["draw_training"])
    monitor = figure.axes[1]
    marks = [line.get_xydata()[0] for line in monitor.lines if line.get_marker() == "o"]
    assert len(marks) == 2 * 2  # networks × seeds
    assert all(tuple(mark) == (7, pytest.approx(0.8)) for mark in marks)
    assert {"soft Dice", "soft WDice4"} <= set(texts(figure))


def test_threshold_curves_mark_both_protocols(results: Any, drawn: Any) -> None:
    figure = drawn(thresholds, "draw_thresholds", **inputs_of(results)["draw_thresholds"])
    assert [axes.get_title() for axes in figure.axes] == [
        *("U-Net, BCE", "U-Net, WBCE4", "Att. U-Net, BCE", "Att. U-Net, WBCE4"),
    ]
    lines = {line.get_marker(): line.get_xydata()[0] for line in figure.axes[0].lines}
    assert tuple(lines["o"]) == (0.5, pytest.approx(80))  # validation, as it is
    assert tuple(lines["D"]) == (0.3, pytest.approx(80))  # test, stretched


def test_the_archive_has_missions_by_their_first_scene_and_says_what_is_missing(
    results: Any, drawn: Any
) -> None:
    figure = drawn(archive, "draw_archive", dataset=results.dataset)
    labels = texts(figure)
    assert [text for text in labels if text in ("ERS", "PALSAR", "TSX")] == ["ERS", "PALSAR", "TSX"]
    assert labels.count("no scene") == 2  # DBE has no PALSAR, SI no ERS
    assert "2011-03-01" in labels  # the earlier of DBE's two TSX scenes
    assert "3 scenes, 2010–2012" in labels
    panel = pictures(figure)[0]
    assert any(tuple(pixel) == BOTH_RGB for pixel in panel[8:16, 16])
