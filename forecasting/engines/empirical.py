"""The empirical engine: the distribution of the last quarter's sales, for intermittent or short series."""

from dataclasses import dataclass

import numpy as np

from forecasting.core.day_arrays import FloatArray, IntArray, SeriesDays, SeriesForecast
from forecasting.core.domain import QUANTILES
from forecasting.core.explanation import Explanation
from forecasting.engines.averages import explain_averages
from forecasting.engines.conventions import UNKNOWN_SPREAD, forecast_arrays, known_weekdays, some_open_days

WINDOW_DAYS = 91
"""Days of history used, up to the last open day: thirteen weeks."""

CELL_DAYS = 6
"""Fewest days of a weekday with or without a promotion for a distribution of their own."""

WEEKDAY_DAYS = 4
"""Fewest days of a weekday for a distribution of its own."""

_CELLS, _WEEKDAYS, _ALL = 14, 7, 1
"""Number of groups by weekday and promotion, by weekday, and over all days."""


class Empirical:
    """Mean and quantiles of the same weekday's sales in the 91 days up to the last open one.

    A day of weekday w with or without a promotion p is forecast from the first group that is large enough::

        open days with weekday w and promo p     six or more
        open days with weekday w                 four or more
        all open days

    Days without a sale count as 0, so an intermittent series has a median of 0 and a higher mean. Holidays on
    which the store was open count like other days. A weekday that was never open in a history of four weeks
    or more is forecast as 0. One open day is enough for a forecast. Fewer than four say nothing about the
    spread, so the band then covers at least half to double the mean (of demand + 1).

    The quantiles are of type 6 of Hyndman & Fan 1996, "Sample quantiles in statistical packages":
    interpolated at position ``τ(n + 1)`` of the ordered sample, limited to its ends. The k-th of n
    exchangeable days is above a new day with probability k / (n + 1), so this type is right on average for a
    new day with any number of days, down to τ = 1 / (n + 1).
    """

    @property
    def name(self) -> str:
        """``empirical``."""
        return "empirical"

    def fit(self, past: SeriesDays) -> "FittedEmpirical":
        """Fit one series, in ascending order of days; its last day is the cutoff.

        Raises
        ------
        FitFailed
            If it has no open day.
        """
        days = some_open_days(past, self.name)
        recent = days[days.days > days.days[-1] - WINDOW_DAYS]
        values = _by_cell(recent)
        if len(recent) < WEEKDAY_DAYS:
            values = _half_to_double(values)
        return FittedEmpirical(np.where(known_weekdays(past)[:, None], values, 0.0))


@dataclass(frozen=True, slots=True)
class FittedEmpirical:
    """A fitted series.

    Attributes
    ----------
    values
        (4, 7, 2) mean, q10, q50, q90 in units, by weekday (0 is Monday) and promotion.
    """

    values: FloatArray

    def forecast(self, future: SeriesDays) -> SeriesForecast:
        """Forecast the days of `future`."""
        mean, low, middle, high = self.values[:, future.weekday, future.promo.astype(np.int64)]
        return forecast_arrays(future, mean, (low, middle, high))

    def explain(self, future: SeriesDays) -> Explanation:
        """See `averages.explain_averages`."""
        return explain_averages(self.values[0], future)


def _by_cell(days: SeriesDays) -> FloatArray:
    """(4, 7, 2) mean, q10, q50, q90 by weekday and promotion, each from the first large enough group."""
    weekday = days.weekday
    group = np.concatenate(
        [2 * weekday + days.promo, _CELLS + weekday, np.full(len(days), _CELLS + _WEEKDAYS)]
    )
    counts, values = _distributions(group, _CELLS + _WEEKDAYS + _ALL, np.tile(days.y, 3))
    cell = np.arange(_CELLS).reshape(7, 2)
    whole = np.arange(_CELLS, _CELLS + _WEEKDAYS)[:, None]
    fallback = np.where(counts[whole] >= WEEKDAY_DAYS, whole, _CELLS + _WEEKDAYS)
    return values[:, np.where(counts[cell] >= CELL_DAYS, cell, fallback)]


def _half_to_double(values: FloatArray) -> FloatArray:
    """(4, 7, 2) `values` with a band at least as wide as that of a series with unknown spread."""
    mean, low, middle, high = values
    half, _, double = (np.expm1(np.log1p(mean) + error) for error in UNKNOWN_SPREAD)
    return np.stack([mean, np.minimum(low, half), middle, np.maximum(high, double)])


def _distributions(group: IntArray, groups: int, y: FloatArray) -> tuple[IntArray, FloatArray]:
    """Size of each group, and its mean and type 6 quantiles (0 for an empty group).

    Parameters
    ----------
    group
        (n,) group number of each row, below `groups`; n is at least 1.
    y
        (n,) values.

    Returns
    -------
    tuple
        (groups,) sizes, and (4, groups) mean, q10, q50, q90.
    """
    ordered = y[np.lexsort((y, group))]
    counts = np.bincount(group, minlength=groups)
    last = np.maximum(counts - 1, 0)
    start = np.minimum(np.cumsum(counts) - counts, y.size - 1)
    position = np.clip(np.multiply.outer(QUANTILES, counts + 1) - 1, 0, last)
    below = position.astype(np.int64)
    low, high = ordered[start + below], ordered[start + np.minimum(below + 1, last)]
    quantiles = low + (position - below) * (high - low)
    mean = np.bincount(group, y, groups) / np.maximum(counts, 1)
    return counts, np.where(counts > 0, np.vstack([mean, quantiles]), 0.0)
