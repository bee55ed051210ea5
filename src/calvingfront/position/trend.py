"""Separate the trend and the season of a series of positions, with intervals.

position = level + rate · t [+ changes of rate at stated times] + season + residual,
season   = one or two harmonics of the year.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calvingfront.errors import PositionError
from calvingfront.position.memory import Array, Mixture, solve
from calvingfront.position.season import DAYS_PER_YEAR, WINTER_START, Hemisphere

DRAWS = 4000
SEED = 20140101
SPARE = 4  # observations needed beyond the number of coefficients
DARK_YEARS = 0.3  # a part of the year this long without fronts is noted
BENT_DAYS = 180.0  # residuals with a longer memory suggest that the trend is not straight
YEAR = np.arange(365) / 365


@dataclass(frozen=True)
class Estimate:
    """An estimate with its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Fit:
    """A fitted series.

    times: (n,) decimal years, the observations used; breaks: decimal years where the rate changes.
    level: of all intervals. All results are conditional on this model of the series.
    """

    times: Array
    values: Array
    harmonics: int
    breaks: tuple[float, ...]
    level: float
    coefficients: Mixture

    @property
    def notes(self) -> tuple[str, ...]:
        """Caveats on the results."""
        found = [] if self.harmonics == 0 else _dark_months(self.times)
        if self.memory_days() > BENT_DAYS:
            found.append(
                f"residuals last {self.memory_days():.0f} days: the trend bends, but the intervals "
                "hold only for a straight one; give breaks"
            )
        return tuple(found)

    @property
    def origin(self) -> float:
        return float(self.times.mean())

    def rate(self, start: float | None = None, end: float | None = None) -> Estimate:
        """Mean rate of the trend between two decimal years, m per year; by default over all times.

        Raises PositionError for a period that the observations do not cover.
        """
        first, last = float(self.times[0]), float(self.times[-1])
        start, end = first if start is None else start, last if end is None else end
        if not first - 1e-9 <= start < end <= last + 1e-9:
            raise PositionError(
                "series",
                f"has no rate from {start:.2f} to {end:.2f}; it covers {first:.2f} to {last:.2f}",
                "Ask for a period within it.",
            )
        ends = design_of(np.array([start, end]), self.origin, self.breaks, 0)
        return self._estimate(self._padded((ends[1] - ends[0]) / (end - start)))

    def winter_minus_summer(self, hemisphere: Hemisphere) -> Estimate:
        """Mean of the season in the winter half-year minus that in the summer half-year, m."""
        harmonics = _harmonics(YEAR, self.harmonics)
        winter = (YEAR - WINTER_START[hemisphere]) % 1 < 0.5
        difference = harmonics[winter].mean(axis=0) - harmonics[~winter].mean(axis=0)
        return self._estimate(self._seasonal(difference))

    def swing(self) -> Estimate:
        """Range of the season from its lowest to its highest day, m.

        Never negative, so its interval stays above 0 even if there is no season. The difference
        between winter and summer is signed.
        """
        seasons = self._drawn_seasons()
        return self._quantiles(seasons.max(axis=0) - seasons.min(axis=0))

    def furthest(self) -> Estimate:
        """Fraction of the year (0 to 1; the interval may reach beyond) when the season peaks."""
        seasons = self._drawn_seasons()
        days = YEAR[seasons.argmax(axis=0)]
        middle = float(np.angle(np.exp(2j * np.pi * days).mean()) / (2 * np.pi)) % 1
        return self._quantiles(middle + (days - middle + 0.5) % 1 - 0.5)

    def curve(self, times: Array, season: bool = True) -> tuple[Array, Array, Array]:
        """Fitted position and its interval at decimal years: three arrays (n,).

        The interval is for the curve, not for single fronts around it.
        """
        design = design_of(times, self.origin, self.breaks, self.harmonics)
        if not season:
            design[:, 2 + len(self.breaks) :] = 0
        drawn = self.coefficients.draws(design, DRAWS, SEED)
        low, high = np.quantile(drawn, [(1 - self.level) / 2, (1 + self.level) / 2], axis=0)
        return design @ (self.coefficients.weights @ self.coefficients.means), low, high

    def memory_days(self) -> float:
        """Weighted geometric mean of the residuals' memory τ, days."""
        mixture = self.coefficients
        return float(DAYS_PER_YEAR * np.exp(mixture.weights @ np.log(mixture.memory_years)))

    def residual_m(self) -> float:
        """Standard deviation of single fronts around the curve, m; beyond their known errors."""
        return float(np.sqrt(self.coefficients.weights @ self.coefficients.variances))

    def _padded(self, trend: Array) -> Array:
        return np.concatenate([trend, np.zeros(2 * self.harmonics)])

    def _seasonal(self, season: Array) -> Array:
        return np.concatenate([np.zeros(2 + len(self.breaks)), season])

    def _estimate(self, combination: Array) -> Estimate:
        low, high = self.coefficients.interval(combination, self.level)
        return Estimate(self.coefficients.estimate(combination), low, high)

    def _drawn_seasons(self) -> Array:
        if self.harmonics == 0:
            raise PositionError(
                "series", "was fitted without a season", "Ask for one or two harmonics."
            )
        season = _harmonics(YEAR, self.harmonics)
        trend = np.zeros((len(YEAR), 2 + len(self.breaks)))
        return self.coefficients.draws(np.hstack([trend, season]), DRAWS, SEED).T

    def _quantiles(self, drawn: Array) -> Estimate:
        low, middle, high = np.quantile(drawn, [(1 - self.level) / 2, 0.5, (1 + self.level) / 2])
        return Estimate(float(middle), float(low), float(high))


def fit(
    times: Array,
    values: Array,
    harmonics: int = 1,
    breaks: Sequence[float] = (),
    errors: Array | None = None,
    level: float = 0.95,
) -> Fit:
    """Fit trend and season to positions.

    times:     (n,) decimal years in any order; values: (n,) m.
    harmonics: of the year, 0 to 2. breaks: decimal years at which the rate may change; they are
               given, not searched for.
    errors:    (n,) m, the standard error of each position, independent of the others; or None.
    Raises PositionError for invalid arguments, and where trend and season cannot be separated:
    fewer observations than coefficients + 4, less than a year (with harmonics), or too few
    observations between two breaks.
    """
    where = "series"
    if harmonics not in (0, 1, 2):
        raise PositionError(where, f"cannot have {harmonics} harmonics", "Give 0, 1 or 2.")
    if not 0 < level < 1:
        raise PositionError(
            where, f"has no interval at level {level}", "Give a level between 0 and 1."
        )
    order = np.argsort(times, kind="stable")
    times, values = np.asarray(times, float)[order], np.asarray(values, float)[order]
    broken = tuple(sorted(float(b) for b in breaks))
    coefficients = 2 + len(broken) + 2 * harmonics
    if len(times) < coefficients + SPARE:
        raise PositionError(
            where,
            f"has {len(times)} positions for {coefficients} coefficients",
            f"Give at least {coefficients + SPARE}{_fewer(harmonics, broken)}.",
        )
    if not (np.isfinite(times).all() and np.isfinite(values).all()):
        raise PositionError(where, "has non-finite dates or positions", "Leave those fronts out.")
    span = float(times[-1] - times[0])
    if span <= 0:
        raise PositionError(where, "has all its fronts on one date", "Add fronts of other dates.")
    if harmonics and span < 1:
        raise PositionError(
            where,
            f"spans {span:.2f} years, too short to separate trend and season",
            "Add fronts to span a whole year, or fit without a season (--harmonics 0).",
        )
    if errors is not None:
        errors = np.asarray(errors, float)[order]
        if not (np.isfinite(errors).all() and (errors > 0).all()):
            raise PositionError(where, "has errors that are not positive", "Correct these errors.")
    design = design_of(times, float(times.mean()), broken, harmonics)
    pieces = np.digitize(times, broken)
    counts = np.bincount(pieces, minlength=len(broken) + 1)
    singular = np.linalg.matrix_rank(design / np.sqrt((design**2).mean(axis=0) + 1e-30))
    if counts.min() < 2 or singular < coefficients:
        raise PositionError(
            where,
            "has too few positions between two breaks"
            + (", or in too few parts of the year" if harmonics else ""),
            f"Add fronts{_fewer(harmonics, broken)}.",
        )
    return Fit(
        times,
        values,
        harmonics,
        broken,
        level,
        solve(times, design, values, errors),
    )


def _fewer(harmonics: int, breaks: Sequence[float]) -> str:
    """The part of a remedy that asks for a smaller model, if there is one."""
    ways = ["harmonics"] * bool(harmonics) + ["breaks"] * bool(breaks)
    return f", or ask for fewer {' or '.join(ways)}" if ways else ""


def design_of(times: Array, origin: float, breaks: Sequence[float], harmonics: int) -> Array:
    """(n, p): constant, time, one hinge for each break, cosine and sine of each harmonic."""
    columns = [np.ones_like(times), times - origin]
    columns += [np.maximum(0.0, times - b) for b in breaks]
    return np.column_stack([*columns, _harmonics(times % 1, harmonics)])


def _harmonics(parts: Array, harmonics: int) -> Array:
    """Cosine and sine of each harmonic at fractions of the year, (n, 2 · harmonics)."""
    angles = 2 * np.pi * np.outer(parts, np.arange(1, harmonics + 1))
    both = np.stack([np.cos(angles), np.sin(angles)], axis=2)
    return both.reshape(len(parts), 2 * harmonics)


def _dark_months(times: Array) -> list[str]:
    """A note on the longest part of the year without fronts, if it is long."""
    parts = np.sort(times % 1)
    gaps = np.diff(np.append(parts, parts[0] + 1))
    widest = float(gaps.max())
    if widest < DARK_YEARS:
        return []
    return [f"no front in {widest * 12:.0f} months of the year, where the season is extrapolated"]
