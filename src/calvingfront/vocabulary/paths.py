"""Paths of the files in a results folder; docs/files.md describes the files.

`{model}`, `{loss}` and `{seed}` identify a row of the experiment (see `vocabulary.runs`).
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from calvingfront.vocabulary.runs import RUN_FOLDER

DATASET = "dataset"  # the folder; `dataset.files` names the files in it
WEIGHTS = f"models/{RUN_FOLDER}/weights.safetensors"
KEPT_WEIGHTS = f"models/{RUN_FOLDER}/kept.safetensors"  # of training.keep_epochs
HISTORY = f"models/{RUN_FOLDER}/history.tsv"
RECORD = f"models/{RUN_FOLDER}/run.json"
PROBABILITIES = f"predictions/{RUN_FOLDER}/probabilities.npy"
PREDICTIONS = f"predictions/{RUN_FOLDER}/index.tsv"
# Written by `predict --scenes all`: predictions for every scene of the archive.
ALL_PROBABILITIES = f"predictions/{RUN_FOLDER}/all_probabilities.npy"
ALL_PREDICTIONS = f"predictions/{RUN_FOLDER}/all_index.tsv"
IMPORT_RECORD = f"predictions/{RUN_FOLDER}/import.json"
FILTER_RECORD = f"predictions/{RUN_FOLDER}/filter.json"
THRESHOLD = f"evaluation/{RUN_FOLDER}/threshold.json"
THRESHOLD_CURVE = f"evaluation/{RUN_FOLDER}/threshold_curve.tsv"
SCORES = f"evaluation/{RUN_FOLDER}/scores.tsv"
FRONT_LINES = f"fronts/{RUN_FOLDER}/fronts.gpkg"
ATTENTION = f"attention/{RUN_FOLDER}/maps.npz"
# What each of these was made from, by content (see `pipeline.origins`); a training's is in RECORD.
PREDICTIONS_ORIGIN = f"predictions/{RUN_FOLDER}/made_from.json"
THRESHOLD_ORIGIN = f"evaluation/{RUN_FOLDER}/threshold_made_from.json"
SCORES_ORIGIN = f"evaluation/{RUN_FOLDER}/scores_made_from.json"
ATTENTION_ORIGIN = f"attention/{RUN_FOLDER}/made_from.json"
TABLES, FIGURES = "tables", "figures"

# networks: every trained network; all: these, the results of others and the baselines; gated: the
# networks with attention maps, lowest seed only (the figures show no other); thresholded: all whose
# threshold is chosen, so without the masks and lines of others; pictured: the networks and the
# results of others.
Rows = Literal["networks", "all", "gated", "thresholded", "pictured"]


class Over(NamedTuple):
    """A file path with the fields of a row, and the rows that have such a file."""

    rows: Rows
    pattern: str
