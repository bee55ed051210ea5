"""Where files stand in a results folder; docs/files.md describes them.

`{model}`, `{loss}` and `{seed}` stand for a row of the experiment (see `vocabulary.runs`).
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from calvingfront.vocabulary.runs import RUN_FOLDER

DATASET = "dataset"  # the folder; `dataset.files` names what lies in it
WEIGHTS = f"models/{RUN_FOLDER}/weights.safetensors"
EPOCH_WEIGHTS = f"models/{RUN_FOLDER}/epoch_{{epoch:03d}}.safetensors"
HISTORY = f"models/{RUN_FOLDER}/history.tsv"
RECORD = f"models/{RUN_FOLDER}/run.json"
PROBABILITIES = f"predictions/{RUN_FOLDER}/probabilities.npy"
PREDICTIONS = f"predictions/{RUN_FOLDER}/index.tsv"
# `predict --scenes all` writes beside these, of every scene of the archive.
ALL_PROBABILITIES = f"predictions/{RUN_FOLDER}/all_probabilities.npy"
ALL_PREDICTIONS = f"predictions/{RUN_FOLDER}/all_index.tsv"
THRESHOLD = f"evaluation/{RUN_FOLDER}/threshold.json"
THRESHOLD_CURVE = f"evaluation/{RUN_FOLDER}/threshold_curve.tsv"
SCORES = f"evaluation/{RUN_FOLDER}/scores.tsv"
ATTENTION = f"attention/{RUN_FOLDER}/maps.npz"
TABLES, FIGURES = "tables", "figures"

# networks: every trained network; all: with the rows without one; gated: the networks with
# attention maps, of the lowest seed only (the figures show no other).
Rows = Literal["networks", "all", "gated"]


class Over(NamedTuple):
    """One file for each of some rows of the experiment."""

    rows: Rows
    pattern: str
