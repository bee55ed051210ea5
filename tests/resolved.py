"""A configuration as `snakemake dataset` resolves it, of a network that trains within a second."""

from __future__ import annotations

from typing import Any

# Every key that a step of the learning half reads.
RESOLVED: dict[str, Any] = {
    "samples": {"size": 16, "front_width_px": 3},
    "split": {"method": "paper"},
    "networks": {
        "models": ["unet"], "variant": "paper", "width": 2, "depth": 1, "kernel": 3,
        "batch_norm_momentum": 0.1, "front_prior": None,
    },
    "losses": ["bce"],
    "seeds": [1],
    "training": {
        "batch_size": 2, "max_epochs": 1, "patience": 1, "keep_epochs": [1], "device": "cpu",
        "threads": 1, "gpu_slots": 1, "acceleration": "eager", "feed": "auto", "save_minutes": 10,
        "keep_state": False,
    },
    "evaluation": {"min_front_length_m": 0, "bootstrap_samples": 100},
    "figures": {"scenes": []},
}  # fmt: skip
