"""The seasonal naive engine: averages of the same weekday. Every other engine has to beat it."""

from dataclasses import dataclass

import numpy as np

from forecasting.core.day_arrays import FloatArray, IntArray, SeriesDays, SeriesForecast
from forecasting.core.domain import QUANTILES
from forecasting.core.explanation import Explanation
from forecasting.engines.averages import explain_averages
from forecasting.engines.conventions import UNKNOWN_SPREAD, forecast_arrays, known_weekdays, some_open_days

SAME_DAYS = 4
"""Number of same weekdays that are averaged."""

LEVEL_DAYS = 28
"""Number of open days that are averaged for an unknown weekday."""

ERROR_DAYS = 26 * 7
"""Days of history from which the engine's own errors are collected."""

MIN_ERRORS = 14
"""Fewest errors for a distribution of their own."""


class SeasonalNaive:
    """Mean of the last four open days of the same weekday, with or without a promotion alike.

    For a weekday w with or without a promotion p, the expected demand is the mean of the first non-empty
    group::

        the last 4 open days with weekday w and promo p
        the last 4 open days with weekday w
        the last 28 open days

    If there are fewer than four days, all of them are averaged. Holidays are left out of every mean and every
    error (unless there are no other days), and a future holiday on which the store is open is forecast like
    its weekday. A weekday that was never open in a history of four weeks or more is forecast as 0; in a
    shorter history it gets the third mean.

    The quantiles come from the engine's own errors ``e = log1p(y) - log1p(expected)``. Each ordinary open day
    of the last 26 weeks is forecast by the same rule from the days before it. The empirical quantiles of all
    errors together (type 6 of Hyndman & Fan 1996, "Sample quantiles in statistical packages") give
    ``q = expm1(log1p(expected) + e_q)``, clipped at 0. With fewer than 14 errors, q10 and q90 are half and
    double the expected demand (more exactly, of demand + 1).
    """

    @property
    def name(self) -> str:
        """``seasonal_naive``."""
        return "seasonal_naive"

    def fit(self, past: SeriesDays) -> "FittedSeasonalNaive":
        """Fit one series, in ascending order of days; its last day is the cutoff.

        Raises
        ------
        FitFailed
            If it has no open day.
        """
        days = some_open_days(past, self.name)
        plain = days.holiday == 0
        ordinary = days[plain] if plain.any() else days
        expected, next_expected = _expected(ordinary)
        since = int(np.searchsorted(ordinary.days, past.days[-1] - ERROR_DAYS, side="right"))
        rows = slice(max(1, since), None)
        errors = np.log1p(ordinary.y[rows]) - np.log1p(expected[rows])
        known = known_weekdays(past)
        return FittedSeasonalNaive(
            np.where(known[:, None], next_expected, 0.0),
            np.where(known[:, None], _spread(errors), 0.0),
        )


@dataclass(frozen=True, slots=True)
class FittedSeasonalNaive:
    """A fitted series.

    Attributes
    ----------
    expected
        (7, 2) expected demand in units, by weekday (0 is Monday) and promotion.
    spread
        (7, 3) log errors at q10, q50, q90 by weekday; all 0 for weekdays that are never open.
    """

    expected: FloatArray
    spread: FloatArray

    def forecast(self, future: SeriesDays) -> SeriesForecast:
        """Forecast the days of `future`."""
        weekday = future.weekday
        mean = self.expected[weekday, future.promo.astype(np.int64)]
        low, middle, high = np.expm1(np.log1p(mean) + self.spread[weekday].T)
        return forecast_arrays(future, mean, (low, middle, high))

    def explain(self, future: SeriesDays) -> Explanation:
        """See `averages.explain_averages`."""
        return explain_averages(self.expected, future)


def _expected(days: SeriesDays) -> tuple[FloatArray, FloatArray]:
    """Expected demand of each day from the days before it, and of the days after the last one.

    Returns
    -------
    tuple
        (n,) by day, NaN for the first one, and (7, 2) by weekday and promotion; units.
    """
    weekday, promo = days.weekday, days.promo.astype(np.int64)
    by_day, by_cell = _last_means(2 * weekday + promo, 14, days.y)
    by_day_any, by_weekday = _last_means(weekday, 7, days.y)
    by_day = np.where(np.isnan(by_day), by_day_any, by_day)
    first_of_weekday = np.flatnonzero(np.isnan(by_day))[1:]  # at most seven, including the first day
    by_day[first_of_weekday] = [_level(days.y[:row]) for row in first_of_weekday]
    by_weekday = np.where(np.isnan(by_weekday), _level(days.y), by_weekday)
    ahead = by_cell.reshape(7, 2)
    return by_day, np.where(np.isnan(ahead), by_weekday[:, None], ahead)


def _last_means(cell: IntArray, cells: int, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean of the last `SAME_DAYS` values of the same cell, before each row and after the last row.

    Parameters
    ----------
    cell
        (n,) cell number of each row, below `cells`.
    y
        (n,) values.

    Returns
    -------
    tuple
        (n,) by row and (cells,) by cell; NaN if there is no such value.
    """
    asked = np.concatenate([cell, np.arange(cells)])  # one more row per cell, after all others
    order = np.argsort(asked.astype(np.int8), kind="stable")
    ordered, values = asked[order], np.concatenate([y, np.zeros(cells)])[order]
    sums, counts = np.zeros(order.size), np.zeros(order.size)
    for back in range(SAME_DAYS, 0, -1):
        same = ordered[back:] == ordered[:-back]
        sums[back:] += np.where(same, values[:-back], 0.0)
        counts[back:] += same
    means = np.full(order.size, np.nan)
    means[order] = np.divide(sums, counts, out=np.full(order.size, np.nan), where=counts > 0)
    return means[: cell.size], means[cell.size :]


def _level(y: FloatArray) -> float:
    return float(y[-LEVEL_DAYS:].mean())


def _spread(errors: FloatArray) -> FloatArray:
    """(3,) log errors at q10, q50, q90."""
    if errors.size < MIN_ERRORS:
        return np.array(UNKNOWN_SPREAD)
    return np.quantile(errors, QUANTILES, method="weibull")
