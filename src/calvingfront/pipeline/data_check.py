"""Whether the packed data set is that of the configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from calvingfront.configuration.acting import acting_split
from calvingfront.dataset.files import IMAGES, INDEX, SPLIT, SPLIT_ORIGIN
from calvingfront.errors import CalvingFrontError
from calvingfront.files import PathLike, read_json, write_json
from calvingfront.provenance.content import Digests

REMEDY = "Make the data set anew with `snakemake dataset`, or restore the setting"


def write_split_origin(
    origin: PathLike, index: PathLike, split: PathLike, settings: Mapping[str, Any]
) -> None:
    """Record what a split was made from. settings: those that act, see `acting_split`."""
    digests = Digests()
    made = {
        "settings": dict(settings),
        "inputs": {INDEX: digests.of_file(index, whole=True)},
        "outputs": {SPLIT: digests.of_file(split, whole=True)},
    }
    write_json(origin, {"step": "split_scenes", "made_from": made})


def split_fault(dataset: Path, split: Mapping[str, Any], digests: Digests) -> str | None:
    """Why the split of a data set is not that of the section `split`; None if it is.

    A split without a record is not judged.
    """
    try:
        made = read_json(dataset / SPLIT_ORIGIN)["made_from"]
        recorded, files = made["settings"], {**made["inputs"], **made["outputs"]}
    except (OSError, ValueError, KeyError, TypeError):
        return None
    acting = acting_split(split)
    for key in dict.fromkeys((*acting, *recorded)):
        then, now = (_of(settings, key) for settings in (recorded, acting))
        # Which scenes are excluded shows in the data set itself.
        if key != "exclude" and then != now:
            return f"split.{key} was {then}, and is {now} in the configuration"
    for name, digest in files.items():
        if (dataset / name).exists() and digests.of_file(dataset / name, whole=True) != digest:
            return f"{name} has changed since the scenes were split"
    return None


def _of(settings: Mapping[str, Any], key: str) -> Any:
    """A setting of a split; a record without train_share is of all training scenes."""
    return settings.get(key, 1 if key == "train_share" else None)


def data_faults(
    dataset: Path, config: Mapping[str, Any], digests: Digests
) -> Iterator[CalvingFrontError]:
    """What of a packed data set is not as the configuration says; of what is here of it."""
    found: dict[str, Any] = {}
    if (dataset / INDEX).exists():
        from calvingfront.dataset.reading import open_dataset, read_index  # numerical libraries

        if (dataset / IMAGES).exists():
            found["size"] = open_dataset(dataset).size
        index = read_index(dataset)
        found |= {key: index[key].iloc[0] for key in ("variant", "front_width_px")
                  if key in index and len(index)}  # fmt: skip
    for key, there in found.items():
        wanted = config["samples"].get(key, there)
        if wanted != there:
            what = f"has samples.{key} {there}, and the configuration says {wanted}"
            yield CalvingFrontError(dataset, what, REMEDY)
    if why := split_fault(dataset, config["split"], digests):
        yield CalvingFrontError(dataset / SPLIT, why, REMEDY)
