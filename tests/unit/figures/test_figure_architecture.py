"""Figure 1 follows the network: another network gives another drawing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from matplotlib.figure import Figure
from matplotlib.text import Text

from calvingfront.figures import architecture
from calvingfront.figures.architecture import architecture_figure, draw_architecture
from calvingfront.figures.network_facts import read_network
from calvingfront.networks.build import build_network as build
from calvingfront.networks.settings import NetworkSettings
from calvingfront.networks.unet import UNet


def build_network(*settings: Any, **more: Any) -> UNet:
    """A network without values, which takes neither time nor memory."""
    with torch.device("meta"):
        return build(NetworkSettings(*settings, **more))


def labels(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def figure_of(model: str, variant: str = "paper", size_px: int = 64, **settings: int) -> Figure:
    network = build_network(model, variant, **{"width": 4, "depth": 2, "kernel": 3} | settings)  # type: ignore[arg-type]
    return architecture_figure(network, size_px, "a network")


def test_facts_of_the_papers_network() -> None:
    facts = read_network(build_network("attention_unet", width=32, depth=4, kernel=5), 512)
    assert facts.encoder_shapes == [(32 * 2**k, 512 // 2**k, 512 // 2**k) for k in range(5)]
    assert facts.decoder_shapes == facts.encoder_shapes[:4]
    assert facts.upsample_shapes == facts.encoder_shapes[:4]
    assert {c.label() for block in facts.encoder for c in block} == {
        "conv 5 × 5 + BN + LeakyReLU 0.1"
    }
    assert (facts.pooling, facts.output) == (2, (1, 512, 512))
    gate = facts.gates[0]
    assert (gate.x, gate.g, gate.inner) == ((32, 512, 512), (64, 256, 256), (16, 256, 256))
    assert gate.w_x.label() == "conv 1 × 1, stride 2, no bias"
    assert gate.w_g.label() == gate.psi.label() == "conv 1 × 1"
    assert (gate.enlargement, gate.gating) == (2, ())


def test_the_released_variant_is_drawn_as_it_is() -> None:
    texts = labels(figure_of("attention_unet", "released"))
    assert "encoder: conv 3 × 3 + BN + LeakyReLU 0.1" in texts
    assert "decoder: conv 3 × 3 + LeakyReLU 0.1 + BN" in texts
    assert "conv 3 × 3 + sigmoid" in texts
    assert "conv 2 × 2" in texts


def test_width_depth_kernel_and_size_change_the_labels() -> None:
    before = labels(figure_of("attention_unet"))
    # At the finest level: two encoder boxes, two halves of the joined input, two decoder boxes.
    assert before.count("4") == 6
    assert {"conv 3 × 3 + BN + LeakyReLU 0.1", "64 × 64", "16 × 16", "4 × 64 × 64"} <= set(before)
    wide = labels(figure_of("attention_unet", width=8))
    assert "32" in wide
    assert "32" not in before
    deep = labels(figure_of("attention_unet", depth=3))
    assert deep.count("AG") == before.count("AG") + 1
    assert "8 × 8" in deep
    kernel = labels(figure_of("attention_unet", kernel=5))
    assert "conv 5 × 5 + BN + LeakyReLU 0.1" in kernel
    assert "transposed conv 5 × 5, stride 2" in kernel
    assert "128 × 128" in labels(figure_of("attention_unet", size_px=128))


def test_the_number_of_parameters_is_the_networks() -> None:
    network = build_network("unet", width=4, depth=2, kernel=3)
    count = sum(p.numel() for p in network.parameters())
    assert f"a network: {count:,} trainable parameters" in labels(figure_of("unet"))


def test_a_network_without_gates_has_none_in_its_drawing() -> None:
    texts = labels(figure_of("unet"))
    assert "AG" not in texts
    assert not any("gat" in text for text in texts)


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize(("model", "variant"), [("unet", "paper"), ("attention_unet", "released")])
def test_no_text_leaves_the_page_or_lies_on_another(model, variant, depth, check_texts) -> None:  # type: ignore[no-untyped-def]
    check_texts(figure_of(model, variant, 512, width=16, depth=depth, kernel=3))


@pytest.mark.parametrize(
    ("models", "title"),
    [
        (["unet", "attention_unet"], "Att. U-Net, variant “paper”"),
        (["attention_unet", "unet"], "Att. U-Net, variant “paper”"),
        (["unet"], "U-Net, variant “paper”"),
    ],
)
def test_of_the_trained_networks_one_with_gates_is_drawn(
    models: list[str], title: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Figure] = []
    monkeypatch.setattr(architecture, "save", lambda figure, *_: drawn.append(figure))
    draw_architecture(models, "paper", 4, 2, 3, 64, png="unused.png", pdf="unused.pdf")
    (figure,) = drawn
    assert any(text.startswith(f"{title}: ") for text in labels(figure))
    assert ("AG" in labels(figure)) == ("attention_unet" in models)


def test_files_are_the_same_when_drawn_twice(tmp_path: Path) -> None:
    for name in ("a", "b"):
        files = {suffix: tmp_path / f"{name}.{suffix}" for suffix in ("png", "pdf")}
        draw_architecture(["attention_unet"], "paper", 4, 2, 3, 64, **files)
    for suffix in ("png", "pdf"):
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()
