"""Where the first weights of a training come from: the key `training.start_from`.

Imports nothing of PyTorch: the Snakefile asks it before the first job.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from calvingfront.dataset.files import SPLIT
from calvingfront.errors import CalvingFrontError, ConfigError
from calvingfront.files import PathLike, read_json
from calvingfront.storage.sealed import read_record, read_sealed, reading
from calvingfront.vocabulary import paths
from calvingfront.vocabulary.models import IMAGE_AND_HISTORY, NETWORKS
from calvingfront.vocabulary.runs import Run
from calvingfront.vocabulary.subsets import TRAIN

KEY = "training.start_from"
SHIPPED = "shipped"  # names the model that comes with the package, here and in locating.model
MODEL = "model.json"  # of a model folder
NAMES = (
    "Name a results folder, the folder of one training in it (models/NETWORK/LOSS/seedN), or a "
    "model folder."
)
# Settings of a network that its weights do not depend on, or only heads that predict no front.
FREE = ("model", "batch_norm_momentum", "front_prior", "auxiliary")


@dataclass(frozen=True)
class Start:
    """The first weights of a training.

    given: as the configuration says. weights: their file. network: the settings of the network that
    they belong to. scenes: on which they were trained; None if it is not known. glaciers: of those
    scenes, if that is all that is known.
    """

    given: str
    weights: Path
    network: Mapping[str, Any]
    scenes: frozenset[str] | None = None
    glaciers: Sequence[str] = ()


def find_start(given: str, run: Run) -> Start:
    """The first weights of a run. given: a results folder, one training in it, or a model folder.

    From a results folder a run takes the training of its own network, loss and seed; from a model
    folder the member of its network, and of its seed if there are several. A network that reads an
    image and the fronts of other dates takes the one that reads the image alone if there is none of
    its own. Raises ConfigError if there are no such weights.
    """
    folder = Path(__file__).parents[2] / "weights" if given == SHIPPED else Path(given).expanduser()
    names = [run.model, *_image_alone(run.model)]
    if (folder / MODEL).is_file():
        return _in_model_folder(given, folder, run, names)
    if (folder / Path(paths.RECORD).name).is_file():
        return _of_training(given, folder)
    if not (folder / "models").is_dir():
        raise ConfigError(KEY, f"{given} holds no trained network", NAMES)
    for name in names:
        own = folder / "models" / run._replace(model=name).folder
        if (own / Path(paths.RECORD).name).is_file():
            return _of_training(given, own)
    there = sorted((folder / "models").glob("*/*/seed*/run.json"))
    some = ", ".join(str(path.parent.relative_to(folder)) for path in there[:3])
    raise ConfigError(
        KEY,
        f"{given} has no training models/{run.folder}" + (f", but has {some}" if some else ""),
        "Train it there, or name the folder of one training, from which all start.",
    )


def check_start(start: Start, network: Mapping[str, Any]) -> None:
    """Raise ConfigError if the weights belong to another network.

    network: the settings of `NetworkSettings`; those that either record lacks are not compared.
    """
    here, there = network["model"], start.network.get("model")
    remedy = f"Change networks, or {NAMES[0].lower()}{NAMES[1:]}"
    if there != here and there not in _image_alone(here):
        raise ConfigError(KEY, f"{start.weights} belongs to the network {there}, not to {here}",
                          remedy)  # fmt: skip
    for key, value in network.items():
        if key not in FREE and start.network.get(key, value) != value:
            raise ConfigError(
                KEY,
                f"{start.weights} was trained with networks.{key} {start.network[key]}, but here "
                f"it is {value}",
                remedy,
            )


def check_other(given: str, weights: PathLike) -> None:
    """Raise ConfigError if a training would start from itself. weights: the file that it writes."""
    folder, own = Path(given).expanduser().resolve(), Path(weights).resolve().parent
    if folder in (own, own.parents[3]):
        what, remedy = f"{given} holds this very training", "Name the results of another."
        raise ConfigError(KEY, what, remedy)


def recorded_start(results: PathLike, run: Run) -> str | None:
    """The digest of the weights from which a finished training started; None if it did not."""
    try:
        record = read_json(Path(results, paths.RECORD.format(**run._asdict())))
        return str(record["start"]["digest"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def start_faults(config: Mapping[str, Any]) -> Iterator[ConfigError]:
    """What is wrong with the first weights of the runs that have not been trained from any yet."""
    given = config["training"].get("start_from")
    if given is None:
        return
    told: set[str] = set()
    networks = {key: value for key, value in config["networks"].items() if key != "models"}
    rows = product(config["networks"]["models"], config["losses"], config["seeds"])
    for run in (Run(*row) for row in rows):
        try:
            check_other(given, Path(config["results"], paths.WEIGHTS.format(**run._asdict())))
            if recorded_start(config["results"], run) is None:
                check_start(find_start(given, run), {**networks, "model": run.model})
        except CalvingFrontError as error:
            if error.what not in told:
                told.add(error.what)
                what = error.what if error.where == KEY else f"{error.where} {error.what}"
                yield ConfigError(KEY, what, error.remedy)


def _image_alone(model: str) -> list[str]:
    """The network that reads the image alone of one that reads fronts beside it."""
    network = NETWORKS.get(model)
    if network is None or network.reads != IMAGE_AND_HISTORY or network.plain is None:
        return []
    return [network.plain]


def _of_training(given: str, folder: Path) -> Start:
    record = folder / Path(paths.RECORD).name
    weights = folder / Path(paths.WEIGHTS).name
    about = read_record(record)
    with reading(record):
        network = dict(about["network"])
    if not weights.is_file():
        raise ConfigError(KEY, f"{weights} is missing", "Train the network there, or copy it.")
    # Of a results folder, models/NETWORK/LOSS/seedN.
    split = folder.absolute().parents[3] / paths.DATASET / SPLIT
    if not split.is_file():
        return Start(given, weights, network)
    table = read_sealed(split, str)
    with reading(split):
        scenes = frozenset(table.loc[table["subset"] == TRAIN, "scene"])
    return Start(given, weights, network, scenes)


def _in_model_folder(given: str, folder: Path, run: Run, names: Sequence[str]) -> Start:
    path = folder / MODEL
    with reading(path):
        content = read_json(path)
        members = [(str(each["network"]["model"]), each) for each in content["members"]]
        glaciers = tuple(str(name) for name in content["trained_on"]["glaciers"])
        suited = next(
            (found for name in names if (found := [m for own, m in members if own == name])), []
        )
        chosen = suited if len(suited) == 1 else [m for m in suited if m["seed"] == run.seed]
        if len(chosen) == 1:
            weights = folder / str(chosen[0]["weights"])
            return Start(given, weights, dict(chosen[0]["network"]), glaciers=glaciers)
        has = ", ".join(f"{name} of seed {each['seed']}" for name, each in members)
    wanted = run.model if not suited else f"{run.model} of seed {run.seed}"
    raise ConfigError(KEY, f"{given} has no network {wanted}, but {has}", NAMES)
