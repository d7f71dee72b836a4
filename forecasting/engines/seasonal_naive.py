"""Seasonal naive: what the same weekday sold in the last weeks. The challenger every engine has to beat."""

from dataclasses import dataclass

import numpy as np

from forecasting.core.day_arrays import FloatArray, IntArray, SeriesDays, SeriesForecast
from forecasting.core.domain import QUANTILES
from forecasting.core.explanation import Explanation
from forecasting.engines.averages import explained
from forecasting.engines.conventions import UNKNOWN_SPREAD, forecast_arrays, known_weekdays, some_open_days

SAME_DAYS = 4
"""Same weekdays averaged."""

LEVEL_DAYS = 28
"""Open days averaged where nothing is known of a weekday."""

ERROR_DAYS = 26 * 7
"""How far back the engine's own errors are collected."""

MIN_ERRORS = 14
"""Fewest errors that are taken for a distribution."""


class SeasonalNaive:
    """Mean of the last four open same weekdays with the same promo state.

    For a weekday w and promo state p the expected demand is the mean of the first of these that has a day::

        the last 4 open days with weekday w and promo p
        the last 4 open days with weekday w
        the last 28 open days

    Fewer than four days are averaged as they are. Days with a holiday name are left out of every mean and
    every error (unless there are no others), and a future holiday on which the store opens is forecast as
    the weekday it falls on. A weekday that was never open in a history of four weeks or more is 0: nothing is
    known of it. In a shorter history it gets the third mean.

    Quantiles come from the engine's own errors: over the last 26 weeks each ordinary open day is forecast by
    the same rule from the days before it, ``e = log1p(y) - log1p(expected)``, and the pooled empirical
    quantiles of e (type 6 of Hyndman & Fan 1996, "Sample quantiles in statistical packages") give
    ``q = expm1(log1p(expected) + e_q)``, clipped at 0. With fewer than 14 errors q10 and q90 are half and
    double of the expected demand (of demand + 1, to be exact).
    """

    @property
    def name(self) -> str:
        """``seasonal_naive``."""
        return "seasonal_naive"

    def fit(self, past: SeriesDays) -> "FittedSeasonalNaive":
        """Fit one series, ascending; its last day is the cutoff.

        Raises
        ------
        FitFailed
            If no day in it is open.
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
        (7, 2) expected demand by weekday (0 is Monday) and promo state.
    spread
        (7, 3) log errors at q10, q50, q90 by weekday; all 0 on weekdays on which the store is never open.
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
        """See `averages.explained`."""
        return explained(self.expected, future)


def _expected(days: SeriesDays) -> tuple[FloatArray, FloatArray]:
    """Expected demand of each day from the days before it, and of a day after the last one.

    Returns
    -------
    tuple
        (n,) by day, the first of them NaN, and (7, 2) by weekday and promo state.
    """
    weekday, promo = days.weekday, days.promo.astype(np.int64)
    by_day, by_cell = _last_means(2 * weekday + promo, 14, days.y)
    by_day_any, by_weekday = _last_means(weekday, 7, days.y)
    by_day = np.where(np.isnan(by_day), by_day_any, by_day)
    first_of_weekday = np.flatnonzero(np.isnan(by_day))[1:]  # at most seven, the first day among them
    by_day[first_of_weekday] = [_level(days.y[:row]) for row in first_of_weekday]
    by_weekday = np.where(np.isnan(by_weekday), _level(days.y), by_weekday)
    ahead = by_cell.reshape(7, 2)
    return by_day, np.where(np.isnan(ahead), by_weekday[:, None], ahead)


def _last_means(cell: IntArray, cells: int, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean of the last `SAME_DAYS` values of the same cell: before each row, and after the last one.

    Parameters
    ----------
    cell
        (n,) cell of each row, below `cells`.
    y
        (n,) values.

    Returns
    -------
    tuple
        (n,) by row and (cells,) by cell; NaN where there is no such value.
    """
    asked = np.concatenate([cell, np.arange(cells)])  # one more row for each cell, after all others
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
