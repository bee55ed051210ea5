"""Compare both networks, in both variants, with the same networks written in Keras.

    python -m venv KERAS && KERAS/bin/pip install tensorflow-cpu   # a separate environment
    KERAS/bin/python benchmarks/keras_parity.py write FOLDER       # Keras's weights and outputs
    python benchmarks/keras_parity.py compare FOLDER               # ours, with those weights

Weights, biases and running statistics are random. Prints the number of trainable parameters of both
and the largest absolute differences of the outputs and of the attention maps.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path
from typing import Any

import numpy as np

DEPTH, KERNEL, SIZE = 4, 5, 64
CASES = list(itertools.product(("unet", "attention_unet"), ("released", "paper"), (4, 32)))


def keras_network(model: str, variant: str, width: int) -> Any:
    """Build one network in Keras; its outputs are the probability and α1 … α4."""
    import keras
    from keras import layers

    released = variant == "released"

    def block(x: Any, channels: int, name: str, norm_last: bool) -> Any:
        for j in (0, 1):
            x = layers.Conv2D(channels, KERNEL, padding="same", name=f"{name}_conv{j}")(x)
            norm = layers.BatchNormalization(name=f"{name}_bn{j}")
            leaky = layers.LeakyReLU(negative_slope=0.1)
            for layer in (leaky, norm) if norm_last else (norm, leaky):
                x = layer(x)
        return x

    def gate(x: Any, g: Any, channels: int, name: str) -> Any:
        inner = channels // 2
        if released:
            g = layers.ReLU()(layers.Conv2D(channels, 1, name=f"{name}_gating_conv")(g))
            g = layers.BatchNormalization(name=f"{name}_gating_bn")(g)
        side = 2 if released else 1
        x = layers.Conv2D(inner, side, strides=2, use_bias=released, name=f"{name}_wx")(x)
        joined = layers.ReLU()(layers.Add()([x, layers.Conv2D(inner, 1, name=f"{name}_wg")(g)]))
        alpha = layers.Activation("sigmoid")(layers.Conv2D(1, 1, name=f"{name}_psi")(joined))
        return layers.UpSampling2D(2, interpolation="bilinear")(alpha)

    widths = [width * 2**level for level in range(DEPTH + 1)]
    x = image = layers.Input((SIZE, SIZE, 1))
    skips, alphas = [], []
    for level, channels in enumerate(widths):
        x = block(layers.MaxPooling2D(2)(x) if level else x, channels, f"enc{level}", False)
        skips.append(x)
    for level in reversed(range(DEPTH)):
        channels, skip = widths[level], skips[level]
        if model == "attention_unet":
            alpha = gate(skip, x, channels, f"gate{level}")
            alphas.insert(0, alpha)
            skip = layers.Multiply()([skip, alpha])
        up = layers.Conv2DTranspose(channels, KERNEL, strides=2, padding="same", name=f"up{level}")
        x = block(layers.Concatenate()([up(x), skip]), channels, f"dec{level}", released)
    head = layers.Conv2D(1, 3 if released else 1, padding="same", activation="sigmoid", name="head")
    return keras.Model(image, [head(x), *alphas])


def write(folder: Path) -> None:
    """Write weights, input and outputs of every case, from Keras."""
    folder.mkdir(parents=True, exist_ok=True)
    for model, variant, width in CASES:
        network = keras_network(model, variant, width)
        rng = np.random.default_rng([width, len(model), len(variant)])
        arrays: dict[str, Any] = {}
        for layer in network.layers:
            new = []
            for number, old in enumerate(layer.get_weights()):
                if old.ndim == 4:
                    draw = rng.normal(0, np.sqrt(2 / np.prod(old.shape[:3])), old.shape)
                elif "bn" in layer.name and number in (0, 3):  # scale and running variance
                    draw = rng.uniform(0.5, 1.5, old.shape)
                else:
                    draw = rng.normal(0, 0.2, old.shape)
                new.append(draw.astype(np.float32))
                arrays[f"{layer.name}/{number}"] = new[-1]
            layer.set_weights(new)
        image = rng.uniform(0, 1, (2, SIZE, SIZE, 1)).astype(np.float32)
        outputs = network(image, training=False)
        outputs = outputs if isinstance(outputs, list | tuple) else [outputs]
        arrays |= {f"out{k}": np.asarray(output) for k, output in enumerate(outputs)}
        count = sum(int(np.prod(v.shape)) for v in network.trainable_weights)
        np.savez(folder / f"{model}_{variant}_{width}.npz", image=image, count=count, **arrays)
        print(model, variant, width, count, flush=True)


def compare(folder: Path) -> None:
    """Load every case's weights into our network and print the differences."""
    import torch

    from calvingfront.networks.build import build_network, count_parameters
    from calvingfront.networks.settings import NetworkSettings

    def take(module: Any, name: str, data: Any) -> None:
        if isinstance(module, torch.nn.BatchNorm2d):
            targets = (module.weight, module.bias, module.running_mean, module.running_var)
        else:
            targets = (module.weight, module.bias)
        for number, target in enumerate(targets):
            if target is not None:
                value = data[f"{name}/{number}"]
                value = value.transpose(3, 2, 0, 1) if value.ndim == 4 else value
                target.data.copy_(torch.from_numpy(np.ascontiguousarray(value)))

    print("| network | variant | width | parameters | Keras | output | attention |")
    print("|---|---|---:|---:|---:|---:|---:|")
    for model, variant, width in CASES:
        data = np.load(folder / f"{model}_{variant}_{width}.npz")
        network = build_network(NetworkSettings(model, variant, width, DEPTH, KERNEL)).eval()  # type: ignore[arg-type]
        parts = [("enc", network.encoder), ("dec", network.decoder)]
        for prefix, blocks in parts:
            for level, block in enumerate(blocks):
                for kind, name in ((torch.nn.Conv2d, "conv"), (torch.nn.BatchNorm2d, "bn")):
                    for j, layer in enumerate(m for m in block if isinstance(m, kind)):
                        take(layer, f"{prefix}{level}_{name}{j}", data)
        for level, up in enumerate(network.upsample):
            take(up, f"up{level}", data)
        take(network.head, "head", data)
        for level, gate in enumerate(network.gates or []):
            for name, layer in (("wx", gate.w_x), ("wg", gate.w_g), ("psi", gate.psi)):
                take(layer, f"gate{level}_{name}", data)
            if variant == "released":
                take(gate.gating[0], f"gate{level}_gating_conv", data)
                take(gate.gating[2], f"gate{level}_gating_bn", data)
        with torch.no_grad():
            image = torch.from_numpy(data["image"].transpose(0, 3, 1, 2).copy())
            logits, maps = network.forward_with_attention(image)
        ours = [torch.sigmoid(logits), *maps]
        apart = [
            float(np.abs(value.permute(0, 2, 3, 1).numpy() - data[f"out{k}"]).max())
            for k, value in enumerate(ours)
        ]
        attention = f"{max(apart[1:]):.1e}" if maps else "–"
        print(
            f"| {model} | {variant} | {width} | {count_parameters(network):,} | "
            f"{int(data['count']):,} | {apart[0]:.1e} | {attention} |"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("side", choices=("write", "compare"), help="Keras's side, or ours")
    parser.add_argument("folder", type=Path, help="folder of Keras's weights and outputs")
    options = parser.parse_args()
    {"write": write, "compare": compare}[options.side](options.folder)
