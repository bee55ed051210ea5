"""The README.md of a model folder."""

from __future__ import annotations

from collections.abc import Sequence

from calvingfront.locating.model.card_elsewhere import elsewhere_part
from calvingfront.locating.model.content import ModelCard, Range, Score
from calvingfront.reports import cell_text
from calvingfront.vocabulary.kinds import GREY_LEVELS
from calvingfront.vocabulary.missions import MISSIONS


def card_text(card: ModelCard) -> str:
    """Write the card as Markdown."""
    return "\n".join(
        [
            f"# {_plain(card.label)}",
            "",
            *_what(card),
            *_use(card),
            *_scores(card),
            *elsewhere_part(card),
            *_training(card),
            *_limits(card),
            *(["## Remarks", "", card.remarks, ""] if card.remarks else []),
            "## Licence and data",
            "",
            f"- Licence: {_plain(card.licence)}",
            f"- Data: {_plain(card.data)}",
            "",
        ]
    )


def _what(card: ModelCard) -> list[str]:
    many = len(card.members) > 1
    size = card.preprocessing.size
    how = (
        f"{len(card.members)} networks, whose probabilities are averaged" if many else "one network"
    )
    if card.orientations > 1:
        how += f", each in {card.orientations} orientations of the image"
    return [
        f"This model draws the calving front of a glacier in a SAR image. It consists of {how}. "
        f"It gives each pixel of a {size} × {size} px sample the probability that it lies on the "
        f"front; the line is drawn where the probability exceeds {card.threshold:.2f} "
        f"({card.threshold_choice.how}). Lines shorter than {card.min_front_length_m:g} m are "
        "dropped.",
        "",
        "| file | network | seed | calvingfront | commit |",
        "|---|---|---:|---|---|",
        *(
            f"| {m.weights} | {_cell(m.label)} | {m.seed} | {m.calvingfront} | "
            f"{m.commit or 'unknown'} |"
            for m in card.members
        ),
        "",
    ]


def _use(card: ModelCard) -> list[str]:
    return [
        "## Use",
        "",
        "`calvingfront locate` takes this folder and your scenes, and prepares the scenes as for "
        "the training; `calvingfront locate --help` lists its arguments. Keep the folder as it "
        "is: a changed file is refused. `model.json` holds everything on this page for programs.",
        "",
    ]


def _scores(card: ModelCard) -> list[str]:
    scores = card.scores
    rows = [("all", scores.all)]
    rows += [(f"mission {_mission(name)}", each) for name, each in scores.by_mission.items()]
    rows += [(f"glacier {name}", each) for name, each in scores.by_glacier.items()]
    return [
        "## Scores",
        "",
        f"On the {_scenes(scores.all.scenes, 'test scene')}, at the threshold {card.threshold:.2f}."
        " Distance: mean distance between the drawn and the true front. No front: scenes in which "
        "none was drawn; the distance leaves them out.",
        "",
        "| test scenes | number | Dice | IoU | distance [m] | no front |",
        "|---|---:|---:|---:|---:|---:|",
        *(
            f"| {_cell(name)} | {s.scenes} | {s.dice:.3f} | {s.iou:.3f} | "
            f"{'–' if s.mde_m is None else format(s.mde_m, '.0f')} | {s.missing} |"
            for name, s in rows
        ),
        "",
        *_errors(card, rows),
    ]


def _errors(card: ModelCard, rows: Sequence[tuple[str, Score]]) -> list[str]:
    title = ["## Errors of the lines", ""]
    if card.calibration is None:
        return [
            *title,
            "The lines have no errors: too few validation scenes have a line to calibrate them.",
            "",
        ]
    levels = [str(level) for level in card.calibration.levels]
    heads = [f"in the {level} % band" for level in levels]
    heads += [f"half-width of {level} % [m]" for level in levels]
    return [
        *title,
        "Around each line are bands in which the front lies along 50, 90 and 95 % of the line's "
        "length, on average over scenes. Their width follows how widely the "
        f"{len(card.members) * card.orientations} predictions of a scene spread; it was calibrated "
        f"on {_scenes(card.calibration.scenes, 'validation scene')}. On the test scenes (line: "
        "mean distance of the line from the true front):",
        "",
        f"| test scenes | line [m] | {' | '.join(heads)} |",
        "|---|---:|" + "---:|" * len(heads),
        *(
            f"| {_cell(name)} | {s.line_m:.0f} | "
            + " | ".join(f"{100 * s.within[level]:.0f} %" for level in levels)
            + " | "
            + " | ".join(f"{s.half_width_m[level]:.0f}" for level in levels)
            + " |"
            for name, s in rows
            if s.line_m is not None
        ),
        "",
        *(
            f"{card.calibration.scenes} validation scenes are too few for {level} %: the band of "
            f"{level} % contains the front along {reached:.0f} % of the line, each scene "
            "judged by the others.\n"
            for level, reached in card.calibration.falls_short
        ),
        "On scenes unlike these the bands may be too narrow. "
        + (
            "Glaciers that are not in the training have other bands, see below."
            if card.elsewhere
            else "They were not tested on glaciers that are not in the training (`err_calib` is "
            "`untested`): expect them to be too narrow there."
        ),
        "",
    ]


def _training(card: ModelCard) -> list[str]:
    on = card.trained_on
    mean, full, empty = (
        on.brightness.mean,
        on.brightness.saturated_share,
        on.brightness.empty_share,
    )
    return [
        "## Training data",
        "",
        f"- {_scenes(on.training_scenes, 'scene')} for training, {on.validation_scenes} for "
        f"validation, {on.test_scenes} for testing (source `{on.source}`, split `{on.split}`). "
        "The following refers to the training scenes.",
        f"- Glaciers: {', '.join(on.glaciers)}",
        f"- Missions: {', '.join(_mission(name) for name in on.missions)}",
        f"- Days: {on.first_day} to {on.last_day}",
        f"- Pixels: {_range(on.source_pixel_size_m)} in the images, {_range(on.pixel_size_m)} in "
        "the samples",
        f"- Grey levels are {GREY_LEVELS[card.preprocessing.grey_levels]} "
        f"(`samples.grey_levels: {card.preprocessing.grey_levels}`); images of 8 bit are taken as "
        "they are",
        f"- Mean grey level (0–255): {mean.p50:.0f} in the median scene, 98 % of the scenes "
        f"between {mean.p01:.0f} and {mean.p99:.0f}",
        f"- Saturated pixels: {_percent(full.p50)} in the median scene, up to "
        f"{_percent(full.p99)} in 99 % of the scenes; empty pixels: "
        f"{_percent(empty.p50)} and {_percent(empty.p99)}",
        "",
    ]


def _limits(card: ModelCard) -> list[str]:
    on = card.trained_on
    known = sorted(set(card.scores.by_glacier) & set(on.glaciers))
    lines = [
        "Do not use a line that nobody has looked at: the model also draws lines where there is "
        "no front, and leaves out parts of fronts.",
        "Do not use it for glaciers, missions, pixel sizes or brightness other than those above "
        "without testing it on fronts that you have drawn yourself.",
        "Do not quote the scores as the error of single fronts: they are means over "
        f"{_scenes(card.scores.all.scenes, 'test scene')}. Its probabilities are not calibrated; "
        "its bands are.",
        "Do not use it for navigation or safety.",
    ]
    if known:
        lines.insert(
            1,
            f"The test scenes show glaciers that the training scenes show, too ({', '.join(known)})"
            ". On other glaciers, expect "
            + ("those of trainings without them." if card.elsewhere else "worse scores."),
        )
    if on.source == "simulated":
        lines.insert(
            0,
            "Do not use it on real images: it has seen only simulated ones.",
        )
    return ["## Limits", "", *(f"- {line}" for line in lines), ""]


def _scenes(number: int, name: str) -> str:
    return f"{number} {name}{'s' if number != 1 else ''}"


def _range(values: Range) -> str:
    if values.lowest == values.highest:
        return f"{values.lowest:.3g} m"
    return f"{values.lowest:.3g} to {values.highest:.3g} m"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _mission(name: str) -> str:
    return MISSIONS[name].label if name in MISSIONS else name


def _plain(text: str) -> str:
    """A text in one line."""
    return " ".join(text.split())


def _cell(text: str) -> str:
    """A text in a cell of a table."""
    return cell_text(_plain(text))
