"""What the outputs of a step were made from, recorded by content, and whether that still fits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from calvingfront.files import PathLike, read_json, write_json
from calvingfront.pipeline.step import Config, Keywords, Step
from calvingfront.provenance.code import code_digest
from calvingfront.provenance.content import MISSING, Digests
from calvingfront.training.ending import ENDS, best_epochs, would_be_the_same
from calvingfront.vocabulary import paths
from calvingfront.vocabulary.runs import Run

Origin = dict[str, Any]
OTHER_CODE = "the code of {} has changed since it was made"  # a reason, given where all else fits


def origin_of(
    step: Step,
    config: Config,
    run: Run | None,
    inputs: Keywords,
    parameters: Mapping[str, Any],
    digests: Digests,
) -> Origin:
    """What the outputs of a step are about to be made from.

    inputs: the step's, where they lie. parameters: those of the call. The origin has the digest of
    the code, the settings by name, and the digest of each input by its path in the results folder.
    """
    names = _flat(step.inputs_of(config, run), run)
    places = _flat(inputs)
    return {
        "code": code_digest(step.roots(config, run)),
        "settings": _plain(parameters),
        "inputs": {
            name: _content(place, digests) for name, place in zip(names, places, strict=True)
        },
    }


def write_origin(
    path: PathLike, origin: Origin, step: Step, config: Config, run: Run | None,
    outputs: Keywords, digests: Digests,
) -> None:  # fmt: skip
    """Write the origin of the outputs of a step, with the digest of each."""
    names = _flat(step.outputs(config), run)
    made = {
        name: _content(place, digests) for name, place in zip(names, _flat(outputs), strict=True)
    }
    write_json(path, {"step": step.name, "made_from": origin | {"outputs": made}})


def unfit(
    step: Step, config: Config, run: Run | None, place: Callable[[str], str],
    parameters: Mapping[str, Any], digests: Digests,
) -> str | None:  # fmt: skip
    """Say why the outputs of a step are not what it would make now; None if they are.

    place: where a path of the results folder lies. parameters: those of a call now. An input that
    is not there is not compared: it may have stayed on another machine.
    """
    outputs = list(_flat(step.outputs(config), run))
    for path in outputs:
        if not Path(place(path)).exists():
            return f"{path} is missing"
    own = step.origin or paths.RECORD
    record = own.format(**run._asdict()) if run else own
    try:
        content = read_json(place(record))
        made: Origin = content["made_from"]
        recorded = made["settings"], made["code"], made["inputs"]
    except (OSError, ValueError, KeyError, TypeError):
        return f"{record} does not say what it was made from"
    settings, code, inputs = recorded
    for name, then, now in _differences(settings, _plain(parameters)):
        if now == MISSING and then is not None:
            continue
        return f"{name} was {then}, and is {now} in the configuration"
    other = step.name == "train_network" and _other_end(content, config, place, run)
    if other:
        return other
    for path, digest in made.get("outputs", {}).items():
        if path in outputs and _content(place(path), digests) != digest:
            return f"{path} has changed since it was made"
    names = list(_flat(step.inputs_of(config, run), run))
    if sorted(names) != sorted(inputs):
        odd = sorted(set(names) ^ set(inputs))
        return f"it was made with other files: {', '.join(odd[:3])}"
    for path in names:
        now = _content(place(path), digests)
        if now not in (inputs[path], MISSING):
            return f"{path} has changed since it was made"
    if code != code_digest(step.roots(config, run)):
        return OTHER_CODE.format(step.name)
    return None


def data_of(record: PathLike) -> dict[str, str] | None:
    """The digests of the packed data set that a result was made from; None if it does not say."""
    try:
        inputs = read_json(record)["made_from"]["inputs"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return {
        str(path): str(digest)
        for path, digest in inputs.items()
        if path.startswith(f"{paths.DATASET}/")
    }


def _other_end(
    record: Mapping[str, Any], config: Config, place: Callable[[str], str], run: Run | None
) -> str | None:
    """Say which setting would have ended a finished training in another way."""
    wanted = {key: config["training"][key] for key in ENDS}
    try:
        recorded = {key: record["training"][key] for key in ENDS}
        if all(recorded[key] == wanted[key] for key in ENDS):
            return None
        history = place(paths.HISTORY.format(**run._asdict()) if run else paths.HISTORY)
        if would_be_the_same(best_epochs(history), recorded, wanted):
            return None
    except (OSError, ValueError, KeyError, TypeError):
        return f"{paths.HISTORY.rpartition('/')[2]} cannot be read"
    key = next(key for key in ENDS if recorded[key] != wanted[key])
    return f"training.{key} was {recorded[key]}, and is {wanted[key]} in the configuration"


def _content(path: PathLike, digests: Digests) -> str:
    try:
        return digests.of_file(path, whole=True)
    except OSError:
        return MISSING


def _flat(keywords: Keywords, run: Run | None = None) -> Iterator[str]:
    """Every path of the keywords; the fields of the row filled in if there is one."""
    for value in keywords.values():
        for path in [value] if isinstance(value, str) else value:
            yield path.format(**run._asdict()) if run else path


def _plain(value: Any) -> Any:
    """A value as JSON gives it back."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


def _differences(then: Any, now: Any, name: str = "") -> Iterator[tuple[str, Any, Any]]:
    if isinstance(then, Mapping) and isinstance(now, Mapping):
        for key in [*now, *(key for key in then if key not in now)]:
            inner = f"{name}.{key}" if name else str(key)
            yield from _differences(then.get(key), now.get(key), inner)
    elif then != now:
        yield name, then, now
