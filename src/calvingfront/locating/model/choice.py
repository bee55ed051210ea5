"""What the workflow needs to know of the model that locates, before the first job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from calvingfront.errors import ConfigError
from calvingfront.files import PathLike, read_json
from calvingfront.locating.model.content import ContentError, Preprocessing, parse
from calvingfront.locating.model_folder import SHIPPED
from calvingfront.scenes.sources import source_of
from calvingfront.training.starting.source import SHIPPED as SHIPPED_WORD
from calvingfront.vocabulary.models import reads_history

Config = Mapping[str, Any]
FOLDER, CONTENT = "model", "model.json"
WRITE = f"Write the path of a folder made by `calvingfront export`, {SHIPPED_WORD}, or null."


def folder_of(model: PathLike, where: str = "locating.model") -> Path:
    """The folder of a model: of the word `shipped`, the one that comes with the package.

    where: the key or option that names it. Raises ConfigError if a model folder here has that name.
    """
    if str(model) != SHIPPED_WORD:
        return Path(model)
    if (Path(SHIPPED_WORD) / CONTENT).exists():
        raise ConfigError(
            where,
            f"{SHIPPED_WORD} names the model that comes with the package, but a model folder here "
            "has this name too",
            f"Write ./{SHIPPED_WORD} for the folder; rename it to use the other.",
        )
    return SHIPPED


def given_folder(config: Config) -> Path | None:
    """The model folder that the configuration names; None for the networks trained here."""
    model = config["locating"]["model"]
    return None if model is None else folder_of(model)


def preprocessing_of(folder: PathLike) -> Preprocessing:
    """How a model folder's samples are made, without checking its weights.

    Raises ConfigError for the key `locating.model` if it is no model folder.
    """
    try:
        content = read_json(Path(folder) / CONTENT)
        return parse(Preprocessing, content["preprocessing"], "preprocessing")
    except ContentError as error:
        what = f"{folder} is of another version: it {error}"
        raise ConfigError("locating.model", what, "Export it again, with this version.") from None
    except (OSError, ValueError, KeyError, TypeError):
        raise ConfigError("locating.model", f"{folder} is not a model folder", WRITE) from None


def sample_settings(config: Config) -> dict[str, Any]:
    """How the samples of scenes without a front are made: size, median_area_m2, variant, …

    That is how the model's own samples were made: `samples`, or what a given model says.
    """
    settings = dict(config["samples"])
    folder = given_folder(config)
    return settings if folder is None else settings | vars(preprocessing_of(folder))


def members_of(config: Config) -> list[tuple[str, str]]:
    """Network and loss of each member of the ensemble, in the order of the configuration.

    Networks that read fronts of other dates are not among them: a model has none for new scenes.
    """
    wanted = config["locating"]["members"]
    return [pair for pair in _able(config) if wanted == "all" or "/".join(pair) in wanted]


def _able(config: Config) -> list[tuple[str, str]]:
    """Network and loss of everything that is trained and can locate."""
    models = [model for model in config["networks"]["models"] if not reads_history(model)]
    return [(model, loss) for model in models for loss in config["losses"]]


def words_of(config: Config) -> dict[str, str]:
    """Licence and data of the exported model: those of `locating`, or those of the source."""
    source, given = source_of(config), config["locating"]
    return {key: given[key] or getattr(source, key) for key in ("licence", "data")}


def faults(config: Config) -> Iterator[ConfigError]:
    """Keys of `locating` that cannot work with the others."""
    given = config["locating"]
    if given["members"] != "all":
        planned = ["/".join(pair) for pair in _able(config)]
        for number, member in enumerate(given["members"]):
            if reads_history(member.partition("/")[0]):
                yield ConfigError(
                    f"locating.members[{number}]",
                    f"{member} reads fronts of other dates, which a model has not for new scenes",
                    f"Write all, or some of {', '.join(planned)}",
                )
            elif member not in planned:
                yield ConfigError(
                    f"locating.members[{number}]",
                    f"{member} is not trained",
                    f"Write all, or some of {', '.join(planned)}",
                )
    if given["model"] is not None:
        try:
            preprocessing_of(folder_of(given["model"]))
        except ConfigError as error:
            yield error


def check_fronts(labelled: int, new: int, config: Config) -> None:
    """Refuse an archive from which nothing can be trained while a model is missing.

    labelled, new: numbers of scenes with and without a front. Raises ConfigError.
    """
    if config["locating"]["model"] is not None:
        return
    if new and not _able(config):
        raise ConfigError(
            "networks.models",
            f"holds no network that can locate the {new} fronts of scenes without one: all read "
            "fronts of other dates",
            "Add a network that reads the image alone, such as unet, or set locating.model.",
        )
    if labelled:
        return
    raise ConfigError(
        "locating.model",
        f"is not set, but none of the {new} scenes has a front, so nothing can be trained",
        f"Write the path of a model folder, or {SHIPPED_WORD} for the model that comes with the "
        "package, or fill in the column front of some scenes.",
    )
