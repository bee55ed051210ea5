"""Results folders whose trainings left a glacier out, small enough to export in a moment.

All share an archive of bright bands: the front is where its image is bright, or some pixels below,
by glacier. The networks take whatever is bright for the front.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from calvingfront.files import write_json
from calvingfront.networks.blocks import BATCH_NORM_EPS
from calvingfront.networks.unet import UNet
from calvingfront.networks.weights import save_weights
from calvingfront.provenance.content import Digests
from packed import band, write_packed, write_split
from trained import DEPTH, network

SIZE, PIXEL, SCENES = 48, 50.0, 6  # scenes of each glacier
OFFSETS = {"A": 0.0, "B": 1.0, "C": 2.0}  # px, of the true front below the bright band


def bright_is_front() -> UNet:
    """A U-Net whose logit is 40 · brightness - 28, pixel by pixel, through its first skip."""
    net = network("unet")
    state = {
        name: torch.full_like(value, float(name.endswith("running_var")))
        for name, value in net.state_dict().items()
    }
    for block in ("encoder", "decoder"):
        for layer in (1, 4):
            state[f"{block}.0.{layer}.weight"][:] = (1 + BATCH_NORM_EPS) ** 0.5
    state["encoder.0.0.weight"][0, 0, 1, 1] = 1
    state["encoder.0.3.weight"][0, 0, 1, 1] = 1
    state["decoder.0.0.weight"][0, 2, 1, 1] = 1  # after the two channels from below
    state["decoder.0.3.weight"][0, 0, 1, 1] = 1
    state["head.weight"][0, 0], state["head.bias"][0] = 40, -28
    net.load_state_dict(state)
    return net


def write_results(
    results: Path,
    left_out: str | None,
    seeds: tuple[int, ...] = (1,),
    names: dict[str, str | None] | None = None,
    subsets: dict[str, list[str]] | None = None,
    samples: dict[str, Any] | None = None,
    **record: Any,
) -> list[Path]:
    """Trainings without a glacier, of which all scenes are test scenes; their folders.

    left_out: A, B or C; None trains on all, and tests on a scene of each. names: other names of the
    glaciers in the index. subsets: another split. samples, record: other content of the
    configuration and of run.json.
    """
    dataset = results / "dataset"
    glaciers = [glacier for glacier in OFFSETS for _ in range(SCENES)]
    rows = [10 + 3 * (k % SCENES) for k in range(len(glaciers))]
    fronts = [
        band(SIZE, row + int(OFFSETS[glacier]), 3)
        for row, glacier in zip(rows, glaciers, strict=True)
    ]
    write_packed(
        dataset, np.stack(fronts), glacier=[(names or {}).get(g, g) for g in glaciers],
        content_height=SIZE, content_width=SIZE, pixel_size_m=PIXEL, orbit="1",
        source_pixel_size_x_m=PIXEL, source_pixel_size_y_m=PIXEL, step_x=1.0, step_y=1.0,
        crs="EPSG:3031", upper_left_x=-2.4e6, upper_left_y=1.3e6,
    )  # fmt: skip
    images = np.stack([band(SIZE, row, 3) * 200 for row in rows]).astype(np.uint8)
    np.save(dataset / "images.npy", images)
    write_split(dataset, **(subsets or split_without(left_out)))
    config = {
        "source": {"kind": "images"},
        "samples": {
            "size": SIZE, "median_area_m2": 2500, "variant": "paper", "front_width_px": 3,
            "grey_levels": "linear", **(samples or {}),
        },
        "split": {"method": "glacier" if left_out else "paper"},
        "evaluation": {"min_front_length_m": 200.0},
    }  # fmt: skip
    (dataset / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    digests = Digests()
    inputs = {
        f"dataset/{name}": digests.of_file(dataset / name, whole=True)
        for name in ("split.tsv", "index.tsv", "images.npy", "fronts.npy")
    }
    number = len((subsets or split_without(left_out))["train"])
    made = []
    for seed in seeds:
        run = results / f"models/unet/bce/seed{seed}"
        run.mkdir(parents=True)
        settings = {
            "model": "unet", "variant": "paper", "width": 2, "depth": DEPTH, "kernel": 3,
            "batch_norm_momentum": 0.5, "front_prior": None,
        }  # fmt: skip
        usual = {
            "network": settings, "image_size": SIZE, "epochs": 10, "train_images": number,
            "training": {"augmentation": "paper", "max_epochs": 10, "device": "cpu"},
            "environment": {"calvingfront": "0.1.0", "commit": ""},
            "made_from": {"inputs": inputs},
        }  # fmt: skip
        write_json(run / "run.json", usual | record)
        save_weights(bright_is_front().state_dict(), run / "weights.safetensors")
        made.append(run)
    return made


def split_without(left_out: str | None) -> dict[str, list[str]]:
    """The scenes of each subset; two of each glacier of the training are for validation."""
    split: dict[str, list[str]] = {"train": [], "validation": [], "test": []}
    for n, glacier in enumerate(OFFSETS):
        scenes = [f"s{n * SCENES + k}" for k in range(SCENES)]
        if glacier == left_out:
            split["test"] += scenes
            continue
        split["validation"] += scenes[:2]
        split["test"] += [] if left_out else scenes[2:3]
        split["train"] += scenes[3:]
    return split
