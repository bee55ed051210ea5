"""The U-Net with a pretrained encoder."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch
from torch.nn import functional

from calvingfront.errors import ConfigError
from calvingfront.networks.build import build_network
from calvingfront.networks.efficientnet import FILE, PACKAGE, TAPS, EfficientNetLite
from calvingfront.networks.settings import NetworkSettings
from calvingfront.networks.weights import load_network, round_to_half, save_weights
from calvingfront.storage.sealed import write_record

IMAGE = "pretrained_unet"
HISTORY = "pretrained_unet_history"


@pytest.fixture(autouse=True)
def package() -> None:
    pytest.importorskip(PACKAGE, reason=f"{PACKAGE} is not installed")


def settings(model: str = IMAGE, depth: int = 4) -> NetworkSettings:
    return NetworkSettings(model, width=8, depth=depth, kernel=3, front_prior=0.01)


@pytest.mark.parametrize(("model", "channels"), [(IMAGE, 1), (HISTORY, 4)])
@pytest.mark.parametrize("depth", [1, 4, 5])
def test_logits_have_the_size_of_the_image(model: str, channels: int, depth: int) -> None:
    x = torch.rand(2, channels, 64, 96)
    assert build_network(settings(model, depth))(x).shape == (2, 1, 64, 96)


def test_features_have_the_channels_and_strides_of_the_taps() -> None:
    features = EfficientNetLite(1, 5, 0.01)(torch.rand(1, 1, 64, 64))
    expected = [(1, channels, 32 >> k, 32 >> k) for k, (_, channels) in enumerate(TAPS)]
    assert [tuple(feature.shape) for feature in features] == expected


def test_first_convolution_sees_a_grey_image_as_three_equal_colours() -> None:
    encoder = build_network(settings()).encoder.eval()
    given = torch.load(_file(), weights_only=True)
    grey = torch.rand(1, 1, 32, 32)
    colours = functional.pad((2 * grey - 1).expand(1, 3, 32, 32), (0, 1, 0, 1))
    expected = functional.conv2d(colours, given["_conv_stem.weight"], stride=2)
    x = functional.pad(2 * grey - 1, (0, 1, 0, 1))
    np.testing.assert_allclose(encoder.stem(x).detach(), expected, atol=1e-5)


def test_every_block_starts_from_imagenet() -> None:
    network, given = build_network(settings(depth=5)), torch.load(_file(), weights_only=True)
    ours = network.encoder.blocks
    assert len(ours) == 16
    for number, block in enumerate(ours):
        torch.testing.assert_close(
            block.depthwise.weight, given[f"_blocks.{number}._depthwise_conv.weight"]
        )
        torch.testing.assert_close(
            block.norm_projected.running_var, given[f"_blocks.{number}._bn2.running_var"]
        )


def test_features_are_those_of_the_published_implementation() -> None:
    """Mean and one value of each tap, by efficientnet-lite-pytorch 0.1.0 on three equal colours."""
    k = torch.arange(64.0)
    image = ((k[:, None] * 7 + k * k * 3) % 64 / 63)[None, None]
    encoder = EfficientNetLite(1, 5, 0.01).eval()
    encoder.load_imagenet()
    with torch.no_grad():
        features = encoder(image)
    found = [(float(each.mean()), float(each[0, 3, 1, 1])) for each in features]
    theirs = [
        (0.1747, 3.0834), (0.7271, -3.2457), (1.4542, -2.0021), (-0.3602, 12.7767),
        (0.0885, -5.2208),
    ]  # fmt: skip
    np.testing.assert_allclose(found, theirs, atol=1e-3)


def test_where_no_other_front_is_known_its_channels_are_silent() -> None:
    both, image = build_network(settings(HISTORY)).encoder, build_network(settings()).encoder
    state = image.state_dict() | {"stem.weight": both.stem.weight.detach().clone()}
    with torch.no_grad():
        both.load_state_dict(state)
        both.stem.weight[:, 1:] = 1.0  # it has learnt to read them
    x = torch.zeros(1, 4, 32, 32)
    x[:, :1] = torch.rand(1, 1, 32, 32)
    for a, b in zip(both.eval()(x), image.eval()(x[:, :1]), strict=True):
        torch.testing.assert_close(a, b)


def test_rounding_to_half_changes_kernels_alone() -> None:
    network = build_network(settings())
    before = {name: value.clone() for name, value in network.named_parameters()}
    round_to_half(network)
    for name, value in network.named_parameters():
        expected = before[name].half().float() if value.dim() > 1 else before[name]
        torch.testing.assert_close(value, expected, rtol=0, atol=0)


def test_fronts_of_other_dates_start_without_weight() -> None:
    torch.manual_seed(0)
    encoder = build_network(settings(HISTORY)).encoder.eval()
    x = torch.rand(1, 4, 32, 32)
    known = encoder(x)
    x[:, 1:] = 0
    for a, b in zip(known, encoder(x), strict=True):
        torch.testing.assert_close(a, b)


def test_encoder_has_no_more_than_five_steps() -> None:
    with pytest.raises(ConfigError, match=r"depth.*6 is more than the pretrained encoder's 5"):
        build_network(settings(depth=6))


def test_trained_weights_load_without_the_package(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = build_network(settings()).eval()
    with torch.no_grad():
        network.encoder.stem.weight.add_(0.1)
    save_weights(network.state_dict(), tmp_path / "weights.safetensors")
    write_record(tmp_path / "run.json", {"network": vars(settings())})
    monkeypatch.setitem(sys.modules, PACKAGE, None)
    with pytest.raises(ConfigError, match=f"pip install {PACKAGE}"):
        build_network(settings())
    again = load_network(tmp_path / "weights.safetensors", tmp_path / "run.json")
    x = torch.rand(1, 1, 32, 32)
    torch.testing.assert_close(again(x), network(x))


def _file() -> str:
    from importlib.resources import files

    return str(files(PACKAGE) / FILE)
