"""Split-conformal calibration: widen the band by a factor learnt from backtests at earlier cutoffs.

The score of a day is its distance from q50, in half-widths of the band on the log scale; a score of at most 1
lies inside the band. The half-widths are multiplied by the 80% quantile of past scores (Lei et al. 2018,
"Distribution-free predictive inference for regression": normalised split conformal prediction). The factor is
pooled over the chain by week ahead, then moved towards the series' own factor
(docs/adr/0009-backtest-calibration-choice.md has the measurements).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from forecasting.core.day_arrays import BoolArray, FloatArray, IntArray, SeriesForecast, number_of
from forecasting.core.pooled_priors import PooledSpread

PROMISED = 0.8
"""Share of days that should fall within q10–q90."""

SHRINK_DAYS = 100.0
"""Number of scored days at which a series' own factor has half of the weight."""

LEAST_POOLED = 200
"""Fewest scored days for the pooled factor of a week ahead."""

NARROWEST, WIDEST = 0.5, 3.0
"""Limits of every factor."""

ROUNDING = 1e-9
"""Subtracted before rounding up, so that a rounding error does not add one."""

WEEK = 7


@dataclass(frozen=True, slots=True)
class ConformityScores:
    """Conformity scores of the open days of one or more backtest windows.

    Attributes
    ----------
    days
        (n,) days since 1970-01-01; a score is known from its day on.
    ahead
        (n,) days after the window's cutoff, starting at 1.
    scores
        (n,) distance from q50 in half-widths of the band; at least 0.
    """

    days: IntArray
    ahead: IntArray
    scores: FloatArray

    @classmethod
    def of(
        cls, truth: FloatArray, forecast: SeriesForecast, opened: BoolArray, cutoff: date
    ) -> "ConformityScores":
        """Score the open days of a window.

        Parameters
        ----------
        truth, opened
            (h,) demand in units, and True on open days, for the days of the forecast.
        """
        days = forecast.days[opened]
        middle = np.log1p(forecast.q50[opened])
        missed = np.log1p(truth[opened]) - middle
        up, down = np.log1p(forecast.q90[opened]) - middle, middle - np.log1p(forecast.q10[opened])
        width = np.where(missed > 0, up, down)
        with np.errstate(divide="ignore", invalid="ignore"):
            scores = np.where(missed == 0, 0.0, np.abs(missed) / width)
        return cls(days, days - number_of(cutoff), scores)

    @classmethod
    def joined(cls, parts: Sequence["ConformityScores"]) -> "ConformityScores":
        """Concatenate scores, in order."""
        empty = np.zeros(0, dtype=np.int64)
        return cls(
            np.concatenate([empty, *(part.days for part in parts)]),
            np.concatenate([empty, *(part.ahead for part in parts)]),
            np.concatenate([np.zeros(0), *(part.scores for part in parts)]),
        )

    def known_at(self, cutoff: date) -> "ConformityScores":
        """The scores of days up to `cutoff`."""
        known = self.days <= number_of(cutoff)
        return ConformityScores(self.days[known], self.ahead[known], self.scores[known])


def pooled_spread(
    item: str, cutoff: date, series: Sequence[ConformityScores], horizon: int
) -> PooledSpread | None:
    """The factor of each week ahead, pooled over the series of a product; None if there are too few days.

    A factor is never below 1: calm months in the past do not promise a calm future.
    """
    known = ConformityScores.joined(series).known_at(cutoff)
    weeks = (known.ahead - 1) // WEEK
    count = -(-horizon // WEEK)
    by_week = [known.scores[weeks == week] for week in range(count)]
    if any(scores.size < LEAST_POOLED for scores in by_week):
        return None
    return PooledSpread(item, cutoff, len(series), tuple(max(1.0, _promised(scores)) for scores in by_week))


def width_factors(own: ConformityScores, pooled: PooledSpread | None, horizon: int) -> tuple[float, ...]:
    """The factor of each week ahead: the pooled one times the series' own.

    The series' own factor is the 80% quantile of its scores after dividing by the pooled factors, raised to
    the power n / (n + `SHRINK_DAYS`) with n the number of scores.
    """
    count = -(-horizon // WEEK)
    chain = np.ones(count)
    if pooled is not None:
        given = np.array(pooled.factors)
        chain = given[np.minimum(np.arange(count), given.size - 1)]
    size = own.scores.size
    if not size:
        return tuple(chain.tolist())
    scores = own.scores / chain[np.minimum((own.ahead - 1) // WEEK, count - 1)]
    own_share = size / (size + SHRINK_DAYS)
    return tuple(np.clip(chain * _promised(scores) ** own_share, NARROWEST, WIDEST).tolist())


def widen(forecast: SeriesForecast, factors: Sequence[float]) -> SeriesForecast:
    """Multiply the half-widths of the band on the log scale; mean and q50 stay the same.

    Parameters
    ----------
    factors
        One per week ahead; the last one also applies to all later weeks. Without factors the forecast stays
        as it is.
    """
    if not factors:
        return forecast
    week = np.minimum(np.arange(len(forecast)) // WEEK, len(factors) - 1)
    factor = np.asarray(factors)[week]
    middle = np.log1p(forecast.q50)
    low, high = (
        np.expm1(middle + factor * (np.log1p(values) - middle)) for values in (forecast.q10, forecast.q90)
    )
    q10, q90 = np.clip(low, 0.0, forecast.q50), np.maximum(high, forecast.q50)
    return replace(forecast, q10=q10, q90=q90)


def _promised(scores: FloatArray) -> float:
    """The smallest score that is at least as large as the promised share of all, limited as a factor."""
    at = math.ceil(PROMISED * scores.size - ROUNDING) - 1
    return float(np.clip(np.partition(scores, at)[at], NARROWEST, WIDEST))
