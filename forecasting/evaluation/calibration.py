"""Split-conformal calibration: how much wider a band must be for what happened, learnt from earlier cutoffs.

A score is how far a day lay from q50, in half-widths of its band on the log scale: at most 1 is inside. The
80% quantile of past scores is what half-widths are multiplied by (Lei et al. 2018, "Distribution-free
predictive inference for regression": normalised split conformal prediction). It is pooled over the chain by
week ahead, and shrunk from there to the series' own (docs/adr/0009-calibration.md has what was measured).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from forecasting.core.day_arrays import BoolArray, FloatArray, IntArray, SeriesForecast, number_of
from forecasting.core.pooled_priors import PooledSpread

PROMISED = 0.8
"""Share of days that q10–q90 promises to hold."""

SHRINK_DAYS = 100.0
"""Days of scores at which a series' own factor has half the say."""

LEAST_POOLED = 200
"""Fewest days that are pooled to a factor of a week."""

NARROWEST, WIDEST = 0.5, 3.0
"""Limits of a factor."""

ROUNDING = 1e-9
"""Taken off a product before it is rounded up."""

WEEK = 7


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of the open days of one or more backtest windows.

    Attributes
    ----------
    days
        (n,) days since 1970-01-01: from then on a score is known.
    ahead
        (n,) days after the window's cutoff, from 1.
    scores
        (n,).
    """

    days: IntArray
    ahead: IntArray
    scores: FloatArray

    @classmethod
    def of(cls, truth: FloatArray, forecast: SeriesForecast, opened: BoolArray, cutoff: date) -> "Scores":
        """Score the open days of a window.

        Parameters
        ----------
        truth, opened
            (h,) demand, and whether the store was open, on the days of the forecast.
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
    def joined(cls, parts: Sequence["Scores"]) -> "Scores":
        """All of them, in their order."""
        empty = np.zeros(0, dtype=np.int64)
        return cls(
            np.concatenate([empty, *(part.days for part in parts)]),
            np.concatenate([empty, *(part.ahead for part in parts)]),
            np.concatenate([np.zeros(0), *(part.scores for part in parts)]),
        )

    def known_at(self, cutoff: date) -> "Scores":
        """Those of days up to `cutoff`."""
        known = self.days <= number_of(cutoff)
        return Scores(self.days[known], self.ahead[known], self.scores[known])


def pooled_spread(item: str, cutoff: date, series: Sequence[Scores], horizon: int) -> PooledSpread | None:
    """The factor of each week ahead, pooled over the series of a product; None where there are too few days.

    A factor is never below 1: that the last months were calm is no promise.
    """
    known = Scores.joined(series).known_at(cutoff)
    weeks = (known.ahead - 1) // WEEK
    count = -(-horizon // WEEK)
    by_week = [known.scores[weeks == week] for week in range(count)]
    if any(scores.size < LEAST_POOLED for scores in by_week):
        return None
    return PooledSpread(item, cutoff, len(series), tuple(max(1.0, _promised(scores)) for scores in by_week))


def width_factors(own: Scores, pooled: PooledSpread | None, horizon: int) -> tuple[float, ...]:
    """What half-widths are multiplied by in each week ahead: the chain's factor, and the series' own on top.

    The series' own factor is the 80% quantile of its scores after the chain's factors; with n days of them it
    is raised to the power n / (n + `SHRINK_DAYS`).
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
    """The forecast with its half-widths on the log scale multiplied; mean and q50 stay.

    Parameters
    ----------
    factors
        One for each week ahead, the last for all that follow; none leaves the forecast as it is.
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
    """The smallest score that the promised share of them does not exceed, within the limits of a factor."""
    at = math.ceil(PROMISED * scores.size - ROUNDING) - 1
    return float(np.clip(np.partition(scores, at)[at], NARROWEST, WIDEST))
