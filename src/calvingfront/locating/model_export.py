"""Make a model folder of finished runs; their held-out scenes give threshold and errors."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from calvingfront.compute.device import claimed_device
from calvingfront.compute.memory import keep_heap_small
from calvingfront.dataset.reading import open_dataset, read_split
from calvingfront.errors import ModelError
from calvingfront.files import PathLike, remove_leftovers, temporary_of, write_json, write_text
from calvingfront.locating.held_out_files import FRONTS, TABLE, write_held_out
from calvingfront.locating.model.card import card_text
from calvingfront.locating.model.elsewhere import elsewhere_of, measure_elsewhere
from calvingfront.locating.model.facts import describe, settings_of, shortest_m
from calvingfront.locating.model.held_out import Ensemble, measure
from calvingfront.locating.model.left_out import situations
from calvingfront.locating.model.runs import file_of, runs_of_one_results
from calvingfront.locating.model_folder import (
    CARD,
    CONTENT,
    FORMAT,
    VERSION,
    checked_bytes,
    digest_of,
    is_ours,
    read_content,
)  # fmt: skip
from calvingfront.networks.weights import halved, load_network, round_to_half
from calvingfront.vocabulary import paths


def export_model(
    runs: Sequence[PathLike], folder: PathLike, *, licence: str, data: str, title: str = "",
    orientations: int = 8, held_out: PathLike | None = None, device: str = "auto",
    threads: int = 2, gpu_slots: int = 1, settings: Mapping[str, Any] | None = None,
    half: bool = False, remarks: str = "", elsewhere: Sequence[PathLike] = (),
) -> None:  # fmt: skip
    """Write a model folder from one run, or from several as an ensemble (mean probability).

    The ensemble predicts the validation and test scenes of its runs: threshold and errors are
    chosen on the former and measured on the latter.

    runs: folders RESULTS/models/MODEL/LOSS/seedN of one results folder, in any order.
    folder: is made; a model folder there is replaced, anything else is refused.
    licence: under which the weights may be used. data: where the training data come from, and
    their licence. title: the model's name; without one, the names of its networks.
    orientations: 1 to 8, in which each network predicts an image. held_out: folder for the fronts
    of the validation and test scenes and the table of their errors (see `write_held_out`).
    settings: the configuration of the runs; None reads it beside their data set. half: round the
    weights of convolutions to 16 bits, which halves the folder; predicted with as they are written.
    remarks: for the card, Markdown. elsewhere: runs like these that left a glacier out, of one or
    several results folders; what they find there gives the errors on glaciers that are not in the
    training (see `left_out.situations`).
    Raises ModelError if a run is incomplete or given twice, or the runs do not belong together.
    """
    target = Path(folder).resolve()
    for name, text in (("licence", licence), ("data", data)):
        if not text.strip():
            raise ModelError(name, "is empty", f"Say what the {name} of the model is.")
    results, members = runs_of_one_results(runs, settings is not None)
    _check_replaceable(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    dataset = results / paths.DATASET
    config = settings_of(results) if settings is None else settings
    shortest = shortest_m(results, config)
    left_out = situations(elsewhere, results, members, config) if elsewhere else []
    torch.set_num_threads(threads)
    keep_heap_small()
    with claimed_device(device, slots=gpu_slots) as place:
        networks = [
            load_network(file_of(results, paths.WEIGHTS, run), file_of(results, paths.RECORD, run))
            for run in members
        ]
        if half:
            for network in networks:
                round_to_half(network)
        weights = [
            halved(network) if half else file_of(results, paths.WEIGHTS, run).read_bytes()
            for run, network in zip(members, networks, strict=True)
        ]
        ensemble = Ensemble([network.to(place) for network in networks], place, orientations)
        packed = open_dataset(dataset)
        measured = measure(packed, read_split(dataset), ensemble, shortest, target.parent)
        found = measure_elsewhere(left_out, place, orientations, half, shortest, target.parent)
    card = describe(
        results, members, ensemble, measured, title, licence, data, config, weights, remarks,
        elsewhere_of(found, shortest) if found else None,
    )  # fmt: skip
    if held_out is not None:
        names = Path(held_out) / FRONTS, Path(held_out) / TABLE
        write_held_out(measured, packed, card, *names, elsewhere=found)
    remove_leftovers(target)
    new, old = temporary_of(target), target.with_name(f".{target.name}.{os.getpid()}.old")
    try:
        new.mkdir()
        for member, content_of in zip(card.members, weights, strict=True):
            (new / member.weights).write_bytes(content_of)
            checked_bytes(new / member.weights, member.sha256)  # the disk may be full
        text = card_text(card)
        write_text(new / CARD, text)
        content = {"format": FORMAT, "version": VERSION, **asdict(card)}
        content["readme_sha256"] = hashlib.sha256(text.encode()).hexdigest()
        write_json(new / CONTENT, content | {"content_sha256": digest_of(content)})
        if target.exists():
            target.rename(old)
        new.rename(target)
    except BaseException:
        if old.exists() and not target.exists():
            old.rename(target)
        raise
    finally:
        shutil.rmtree(new, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _check_replaceable(folder: Path) -> None:
    """Refuse a folder whose replacement would delete something that is not a model."""
    if not folder.exists():
        return
    remedy = "Name a new folder, or move this one away."
    if folder.is_dir():
        read_content(folder, remedy)
        others = sorted(path.name for path in folder.iterdir() if not is_ours(path.name))
        if not others:
            return
        raise ModelError(folder / others[0], "is not a file of the model that is there", remedy)
    raise ModelError(folder, "is a file", remedy)
