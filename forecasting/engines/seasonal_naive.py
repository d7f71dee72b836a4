"""Seasonal naive: what the same weekday sold in the last weeks. The challenger every engine has to beat."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting import schema
from forecasting.domain import QUANTILES
from forecasting.engines.shaping import FUTURE_COLUMNS, FloatArray, forecast_frame, open_days
from forecasting.errors import FitFailed

SAME_DAYS = 4
"""Same weekdays averaged."""

LEVEL_DAYS = 28
"""Open days averaged where nothing is known of a weekday; also the days after which a weekday without a
single open day counts as one the store never opens."""

ERROR_WINDOW = timedelta(weeks=26)
"""How far back the engine's own errors are collected."""

MIN_ERRORS = 14
"""Fewest errors that are taken for a distribution."""

UNKNOWN_SPREAD = (-np.log(2.0), 0.0, np.log(2.0))
"""Log errors at q10, q50, q90 of a series too short to have its own: half and double. A convention."""


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

    def fit(self, history: pd.DataFrame) -> "FittedSeasonalNaive":
        """Fit one series.

        Parameters
        ----------
        history
            `schema.HISTORY`, ascending; its last day is the cutoff.

        Raises
        ------
        FitFailed
            If no day in it is open.
        """
        days = open_days(history, self.name)
        if days.empty:
            raise FitFailed(
                f"{self.name}: expected at least one open day, found none among {len(history)} days"
            )
        plain = days.loc[days["holiday"] == ""]
        past = _Days.of(days if plain.empty else plain)
        since = np.datetime64(history["ds"].iloc[-1] - ERROR_WINDOW)
        span = (history["ds"].iloc[-1] - history["ds"].iloc[0]).days + 1
        seen = set(days["ds"].dt.day_of_week)
        never = frozenset(range(7)) - seen if span >= LEVEL_DAYS else frozenset[int]()
        return FittedSeasonalNaive(past, never, _spread(_errors(past, since)))


@dataclass(frozen=True, slots=True)
class _Days:
    """Open days in ascending order, as arrays of one length."""

    ds: npt.NDArray[np.datetime64]
    y: FloatArray
    weekday: npt.NDArray[np.int32]
    promo: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, days: pd.DataFrame) -> Self:
        return cls(
            days["ds"].to_numpy(),
            days["y"].to_numpy(dtype=np.float64),
            days["ds"].dt.day_of_week.to_numpy(),
            days["promo"].to_numpy(dtype=bool),
        )

    def expected(self, weekday: int, promo: bool, end: int | None = None) -> float:  # noqa: FBT001 - a promo state
        """Expected demand from the first `end` days (all by default)."""
        y, same = self.y[:end], self.weekday[:end] == weekday
        for chosen in (same & (self.promo[:end] == promo), same):
            if chosen.any():
                return float(y[chosen][-SAME_DAYS:].mean())
        return float(y[-LEVEL_DAYS:].mean())


@dataclass(frozen=True, slots=True)
class FittedSeasonalNaive:
    """A fitted series.

    Attributes
    ----------
    past
        The days averaged.
    never_open
        Weekdays (0 is Monday) on which the store has never been open.
    spread
        Log errors at q10, q50, q90.
    """

    past: _Days
    never_open: frozenset[int]
    spread: tuple[float, float, float]

    def forecast(self, future: pd.DataFrame) -> pd.DataFrame:
        """Forecast the days of `future` (`schema.FUTURE`) as `schema.FORECAST`."""
        days = schema.require_daily(future, FUTURE_COLUMNS, "seasonal_naive: future")
        cells = zip(days["ds"].dt.day_of_week, days["promo"], strict=True)
        mean = np.array([self._expected(weekday, promo) for weekday, promo in cells], dtype=np.float64)
        known = ~np.isin(days["ds"].dt.day_of_week, list(self.never_open))
        low, middle, high = (np.expm1(np.log1p(mean) + error) * known for error in self.spread)
        return forecast_frame(days, mean, (low, middle, high))

    def _expected(self, weekday: int, promo: bool) -> float:  # noqa: FBT001 - a promo state
        return 0.0 if weekday in self.never_open else self.past.expected(weekday, promo)


def _errors(past: _Days, since: np.datetime64) -> FloatArray:
    """Log errors of each day after `since`, forecast from the days before it."""
    first = max(1, int(np.searchsorted(past.ds, since, side="right")))
    rows = range(first, len(past.y))
    expected = [past.expected(int(past.weekday[row]), bool(past.promo[row]), row) for row in rows]
    return np.log1p(past.y[first:]) - np.log1p(np.array(expected, dtype=np.float64))


def _spread(errors: FloatArray) -> tuple[float, float, float]:
    if len(errors) < MIN_ERRORS:
        return UNKNOWN_SPREAD
    low, middle, high = np.quantile(errors, QUANTILES, method="weibull")
    return float(low), float(middle), float(high)
