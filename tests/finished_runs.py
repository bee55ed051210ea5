"""Two small runs, trained, predicted and scored, of which model folders can be made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import yaml

from calvingfront.evaluation.predict import predict_fronts
from calvingfront.evaluation.scores import score_predictions
from calvingfront.evaluation.thresholds import choose_threshold
from calvingfront.files import write_json
from calvingfront.networks.weights import save_weights
from packed import band, write_packed, write_split
from trained import DEPTH, SIZE, network

FIRST, SECOND = "models/unet/bce/seed1", "models/attention_unet/wbce1/seed2"
SHORTEST_M = 100.0


def write_results(results: Path) -> Path:
    """Two runs on six scenes, predicted and scored; scenes 0, 4 and 5 are trained on."""
    dataset = results / "dataset"
    sides = {"content_height": [10, 16, 16, 16, 16, 16], "content_width": [16] * 6}
    write_packed(
        dataset,
        np.stack([band(SIZE, row, 3) for row in (1, 3, 5, 7, 9, 11)]),
        **sides,
        glacier=["A", "A", "A", "B|C", "NA", "A"],
        mission=["ERS", "TSX", "TSX", "ERS", "ERS", "TSX"],
        acquired=[f"2010-0{month}-01" for month in (6, 2, 3, 4, 5, 1)],
        pixel_size_m=[50.0, 50, 40, 60, 70, 55],
        source_pixel_size_x_m=[7.0, 1, 1, 1, 20, 9],
        source_pixel_size_y_m=[8.0, 1, 1, 1, 21, 9],
    )
    images = np.load(dataset / "images.npy")
    images[0], images[4], images[5] = 0, 100, 200
    images[0, :10, :8] = 255  # half of its content, saturated; the other half, and the rest, empty
    np.save(dataset / "images.npy", images)
    write_split(dataset, train=["s0", "s4", "s5"], validation=["s1", "s0"], test=["s2", "s3"])
    config = {
        "source": {"kind": "images"},
        "samples": {
            "size": SIZE, "median_area_m2": 2500, "variant": "paper", "front_width_px": 3,
            "grey_levels": "linear",
        },
        "split": {"method": "time"},
        "evaluation": {"min_front_length_m": SHORTEST_M},
    }  # fmt: skip
    (dataset / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    for name in (FIRST, SECOND):
        model, seed = name.split("/")[1], int(name[-1])
        run = results / name
        run.mkdir(parents=True)
        settings = {
            "model": model, "variant": "paper", "width": 2, "depth": DEPTH, "kernel": 3,
            "batch_norm_momentum": 0.5, "front_prior": None,
        }  # fmt: skip
        environment = {"calvingfront": "0.1.0", "commit": f"abc{seed}"}
        record = {"network": settings, "image_size": SIZE, "environment": environment}
        write_json(run / "run.json", record)
        state = network(model, seed).state_dict()
        save_weights({k: v.clone() for k, v in state.items()}, run / "weights.safetensors")
        other = name.removeprefix("models/")
        found = results / "predictions" / other
        scored = results / "evaluation" / other
        files = (dataset, found / "probabilities.npy", found / "index.tsv")
        predict_fronts(
            dataset, run / "weights.safetensors", run / "run.json", *files[1:], device="cpu"
        )
        choose_threshold(*files, scored / "threshold.json", scored / "threshold_curve.tsv")
        score_predictions(*files, scored / "threshold.json", scored / "scores.tsv", SHORTEST_M)
    return results
