"""A series in a few sentences."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from calvingfront.position.analysis import Analysis
from calvingfront.position.season import Hemisphere
from calvingfront.position.series import Nowhere
from calvingfront.position.targets import Chosen
from calvingfront.position.trend import Estimate


def summary_lines(
    table: pd.DataFrame,
    analyses: Sequence[Analysis],
    chosen: Chosen,
    hemisphere: Hemisphere | None,
    drawn_name: str,
) -> tuple[str, ...]:
    """What was measured, drawn and found; the first line counts the fronts by flag."""
    counts = table["flag"].value_counts()
    lines = [", ".join(f"{count} {flag}" for flag, count in counts.items())]
    if chosen.drawn:
        lines.append(
            f"DRAWN FROM THE FRONTS: {' and '.join(chosen.drawn)} (in {drawn_name}); "
            "look at it on a map, and give your own if it is wrong"
        )
    if isinstance(chosen.target, Nowhere):
        return (*lines, f"no positions: {chosen.target.reason}")
    lines.append(_errors(table))
    for analysis in analyses:
        lines += _results(analysis, hemisphere, len(analyses) > 1)
    if analyses[0].fit is not None:
        lines += analyses[0].fit.notes
    return tuple(lines)


def _errors(table: pd.DataFrame) -> str:
    """Where the errors of the positions come from."""
    known = table[table["error_m"].notna()]
    placed = int(table["position_m"].notna().sum())
    if known.empty:
        return "errors of the fronts are unknown, and so are those of the positions"
    sources = " and ".join(sorted(known["error_source"].unique()))
    share = "" if len(known) == placed else f" for {len(known)} of {placed}"
    return (
        f"errors of the positions{share} from those of the fronts ({sources}): "
        f"median {known['error_m'].median():.0f} m (standard error)"
    )


def _results(analysis: Analysis, hemisphere: Hemisphere | None, several: bool) -> list[str]:
    which = ""
    if several:
        which = f" {'with' if analysis.flagged else 'without'} flagged fronts"
    fit = analysis.fit
    if fit is None:
        return [f"no trend{which}: {analysis.fault}"]
    lines = [f"{_interval(fit.rate(), 'm/yr', fit.level)}{which}, {analysis.count} fronts"]
    if not analysis.flagged or not several:
        if hemisphere is not None:
            lines.append(
                f"season: highest to lowest {_interval(fit.swing(), 'm', fit.level)}; winter minus "
                f"summer {_interval(fit.winter_minus_summer(hemisphere), 'm', fit.level)}"
            )
        if analysis.weighted:
            lines.append("positions are weighted by their errors")
    for one in analysis.periods:
        start, end = one.period
        lines.append(
            f"{start:.8g} to {end:.8g}: {_interval(one.rate, 'm/yr', fit.level)}, "
            f"{one.count} fronts"
        )
    return lines


def _interval(found: Estimate, unit: str, level: float) -> str:
    return (
        f"{found.value:.0f} {unit} ({100 * level:g} % interval {found.low:.0f} to {found.high:.0f})"
    )
