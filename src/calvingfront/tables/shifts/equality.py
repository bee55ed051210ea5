"""Whether the scores of several results folders can stand in one table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from calvingfront.errors import CalvingFrontError, Faults
from calvingfront.reports import in_words
from calvingfront.tables.shifts.situations import Situation

REMEDY = "Leave this folder out, or make its results again as those of the others."
# Of the index of a data set: one value for all its scenes.
OF_ALL_SCENES = ("variant", "front_width_px")
# Of one scene in several data sets.
OF_A_SCENE = ("pixel_size_m", "image_crc32", "front_crc32")
# How long a training lasted: stated in the table.
LENGTH = ("max_epochs", "patience")


def check_equal(situations: Sequence[Situation]) -> None:
    """Raise Faults that name every folder whose data, protocol or trainings differ."""
    first, *others = situations
    faults = [fault for situation in situations for fault in _within(situation)]
    for other in others:
        faults += _of_data(first, other)
        faults += _of_protocol(first, other)
    faults += _of_trainings(situations)
    if faults:
        raise Faults(faults, "Only what was made alike can be compared.")


def open_questions(situations: Sequence[Situation]) -> list[str]:
    """What a caption says about records that leave open whether scores were made alike."""
    codes = {
        str(settings["code"])
        for situation in situations
        for settings in situation.settings_of.values()
        if settings.get("code")
    }
    notes = []
    if len(codes) > 1:
        notes.append(
            f"The scores were computed by {len(codes)} versions of the code; whether a number "
            "differs for it is not known."
        )
    silent = [
        situation.name
        for situation in situations
        if any("orientations" not in situation.settings_of[run] for run in situation.records)
    ]
    if silent:
        notes.append(
            f"In how many orientations the networks of {', '.join(silent)} predicted is not in "
            "the records (predictions/…/made_from.json)."
        )
    return notes


def _within(situation: Situation) -> Iterator[CalvingFrontError]:
    for key in OF_ALL_SCENES:
        if key in situation.index and situation.index[key].nunique(dropna=False) > 1:
            yield _fault(situation, f"has scenes of several samples.{key}")
    sizes = {record["image_size"] for record in situation.records.values()}
    if len(sizes) > 1:
        yield _fault(situation, f"has trainings of images of {_listed(sizes)} px")


def _of_data(first: Situation, other: Situation) -> Iterator[CalvingFrontError]:
    for key in OF_ALL_SCENES:
        then, now = (_value(situation, key) for situation in (first, other))
        if then != now and None not in (then, now):
            yield _differs(other, f"samples.{key}", now, first, then)
    then, now = (
        {record["image_size"] for record in situation.records.values()}
        for situation in (first, other)
    )
    if then and now and then != now:
        yield _differs(other, "samples.size", _listed(now), first, _listed(then))
    one, two = (situation.index.set_index("scene") for situation in (first, other))
    shared = [scene for scene in one.index if scene in two.index]
    for key in OF_A_SCENE:
        if key not in one or key not in two:
            continue
        same = one.loc[shared, key].astype(str).eq(two.loc[shared, key].astype(str))
        odd = [scene for scene, equal in zip(shared, same, strict=True) if not equal]
        if odd:
            what = f"has another {key} of {odd[0]} than {first.name} ({len(odd)} scenes differ)"
            yield _fault(other, what)


def _of_protocol(first: Situation, other: Situation) -> Iterator[CalvingFrontError]:
    """Differences of prediction and scoring, as far as both have records of them."""
    for key in ("min_front_length_m", "orientations"):
        then, now = (
            {settings[key] for settings in situation.settings_of.values() if key in settings}
            for situation in (first, other)
        )
        if then and now and then != now:
            yield _differs(other, f"evaluation.{key}", _listed(now), first, _listed(then))


def _of_trainings(situations: Sequence[Situation]) -> Iterator[CalvingFrontError]:
    """Differences between the trainings of a row, in one folder or in several."""
    known: dict[tuple[str, str], tuple[Situation, Mapping[str, Any]]] = {}
    told = set()
    for situation in situations:
        for run, record in situation.records.items():
            now = record["made_from"]["settings"]
            first, then = known.setdefault((run.model, run.loss), (situation, now))
            for key, old, new in _differences(then, now):
                about = (situation.name, run.model, run.loss, key)
                if key.rpartition(".")[2] in (*LENGTH, "seed") or about in told:
                    continue
                told.add(about)
                yield _differs(situation, f"{run.model}, {run.loss}: {key}", new, first, old)


def _differences(
    then: Mapping[str, Any], now: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    """Every setting with different values; what an older record does not have is off."""
    for key in dict.fromkeys((*then, *now)):
        old, new = then.get(key), now.get(key)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from _differences(old, new, f"{prefix}{key}.")
        elif old != new and (old or new):
            yield f"{prefix}{key}", old, new


def _value(situation: Situation, key: str) -> Any:
    return situation.index[key].iloc[0] if key in situation.index else None


def _listed(values: Any) -> str:
    return in_words(sorted(values))


def _differs(
    other: Situation, key: str, now: Any, first: Situation, then: Any
) -> CalvingFrontError:
    return _fault(other, f"{key} is {now} here, and {then} in {first.name}")


def _fault(situation: Situation, what: str) -> CalvingFrontError:
    return CalvingFrontError(situation.folder, what, REMEDY)
