"""What the workflow needs to know of the model that locates, before the first job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from calvingfront.errors import ConfigError
from calvingfront.files import PathLike, read_json
from calvingfront.locating.model.content import ContentError, Preprocessing, parse
from calvingfront.scenes.sources import source_of
from calvingfront.vocabulary.models import reads_history

Config = Mapping[str, Any]
FOLDER, CONTENT = "model", "model.json"


def preprocessing_of(folder: PathLike) -> Preprocessing:
    """How a model folder's samples are made, without checking its weights.

    Raises ConfigError for the key `locating.model` if it is no model folder.
    """
    remedy = "Write the path of a folder made by `calvingfront export`, or null."
    try:
        content = read_json(Path(folder) / CONTENT)
        return parse(Preprocessing, content["preprocessing"], "preprocessing")
    except ContentError as error:
        what = f"{folder} is of another version: it {error}"
        raise ConfigError("locating.model", what, "Export it again, with this version.") from None
    except (OSError, ValueError, KeyError, TypeError):
        raise ConfigError("locating.model", f"{folder} is not a model folder", remedy) from None


def sample_settings(config: Config) -> dict[str, Any]:
    """How the samples of scenes without a front are made: size, median_area_m2, variant, …

    That is how the model's own samples were made: `samples`, or what a given model says.
    """
    settings = dict(config["samples"])
    if config["locating"]["model"] is None:
        return settings
    return settings | vars(preprocessing_of(config["locating"]["model"]))


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
            preprocessing_of(given["model"])
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
        "Write the path of a model folder, or fill in the column front of some scenes.",
    )
