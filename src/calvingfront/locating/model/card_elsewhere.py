"""The part of a model's README.md on glaciers that are not in its training."""

from __future__ import annotations

from collections.abc import Iterator

from calvingfront.locating.model.content import Elsewhere, LeftOut, ModelCard
from calvingfront.locating.model.trust import is_among
from calvingfront.reports import cell_text


def elsewhere_part(card: ModelCard) -> list[str]:
    """Its lines; none if the model was not tested on other glaciers."""
    if card.elsewhere is None:
        return []
    return [
        "## On a glacier that is not in the training",
        "",
        " ".join(_about(card, card.elsewhere)),
        "",
        *_table(card.elsewhere),
        "",
    ]


def _about(card: ModelCard, found: Elsewhere) -> Iterator[str]:
    glaciers = list(found.glaciers)
    left = f"{len(glaciers)} glaciers" if len(glaciers) > 1 else "a glacier"
    yield (
        f"Trainings like this model's that left {left} out ({', '.join(glaciers)}) drew the fronts "
        "there. Lines on glaciers that are not among those of the training, or whose glacier is "
        f"not named, have the errors found there (`err_calib` is `elsewhere`): calibrated on "
        f"{found.calibration.scenes} scenes"
        + (", with the same weight for each glacier." if len(glaciers) > 1 else ".")
    )
    if len(glaciers) == 1:
        yield "Bands were not tested on another glacier: none else was left out."
    elif len(glaciers) == 2:
        yield (
            "The bands in the table are those calibrated on the one other glacier, so they say "
            "little of those calibrated on both."
        )
    else:
        yield "The bands in the table are those calibrated on the other glaciers alone."
    for level, reached in found.calibration.falls_short:
        yield f"No band could reach {level} %: that of {level} % reaches {reached:.0f} %."
    most = len(card.members)
    if any(each.networks < most for each in found.glaciers.values()):
        yield (
            f"Some of these are fewer networks than the {most} of this model, whose lines may be "
            "better and whose bands then are rather too wide."
        )
    tested = [name for name in card.scores.by_glacier if name in found.glaciers]
    unseen = [name for name in tested if not is_among(name, card.trained_on.glaciers)]
    if unseen:
        yield (
            f"In the tables above, the bands of {', '.join(unseen)} are calibrated on the same "
            "glacier, too; the table below is the test."
        )


def _table(found: Elsewhere) -> Iterator[str]:
    levels = [str(level) for level in found.calibration.levels]
    bands = [f"in the {level} % band" for level in levels] + ["half-width of 90 % [m]"]
    yield (
        "| left out | trained on | networks | scenes | no front | Dice | distance [m] | line [m] | "
        f"stated [m] | {' | '.join(bands)} |"
    )
    yield "|---|---|" + "---:|" * (7 + len(bands))
    for name, each in found.glaciers.items():
        yield f"| {' | '.join([cell_text(name), *_cells(each, levels)])} |"


def _cells(each: LeftOut, levels: list[str]) -> Iterator[str]:
    score = each.score
    yield cell_text(", ".join(each.trained_on))
    yield from map(str, (each.networks, score.scenes, score.missing))
    yield f"{score.dice:.3f}"
    for metres in (score.mde_m, score.line_m, each.stated_m):
        yield "–" if metres is None else f"{metres:.0f}"
    for level in levels:
        yield f"{100 * score.within[level]:.0f} %" if level in score.within else "–"
    yield f"{score.half_width_m['90']:.0f}" if "90" in score.half_width_m else "–"
