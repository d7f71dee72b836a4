"""The engine around Prophet's model: which days it sees, and what becomes of its numbers."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting import schema
from forecasting.engines.prophet import model
from forecasting.engines.prophet.intervals import demand, demand_mean, demand_quantiles
from forecasting.engines.prophet.predict import Fitted, Prediction
from forecasting.engines.shaping import FUTURE_COLUMNS, FloatArray, forecast_frame, open_days
from forecasting.errors import FitFailed

MIN_DAYS = 14
"""Fewest open days with sales that can be fitted: two weeks, so that most weekdays come twice."""

CEILING = 10.0
"""No value is above this many times the highest demand seen."""


class ProphetEngine:
    """Prophet on ``log1p`` of demand, fitted to open days with sales.

    Weekdays without a single such day, and closed days, are exactly 0. Quantiles are those of the predictive
    distribution on the log scale, the mean is its expectation on the scale of demand; nothing is sampled, so
    the same history always gives the same numbers. A trend that runs away is cut at ten times the highest
    demand of the history: far above anything a plan could mean, and finite.
    """

    @property
    def name(self) -> str:
        """``prophet``."""
        return "prophet"

    def fit(self, history: pd.DataFrame) -> "FittedProphet":
        """Fit one series.

        Parameters
        ----------
        history
            `schema.HISTORY`, ascending; its last day is the cutoff.

        Raises
        ------
        FitFailed
            If fewer than 14 days are open and have sales, or no mode of the posterior was found.
        """
        days = open_days(history, self.name)
        days = days.loc[days["y"] > 0].reset_index(drop=True)
        if len(days) < MIN_DAYS:
            raise FitFailed(
                f"{self.name}: expected at least {MIN_DAYS} open days with sales, found {len(days)}"
            )
        weekdays = frozenset(days["ds"].dt.day_of_week)
        return FittedProphet(model.fit(days), weekdays, CEILING * float(days["y"].max()))


@dataclass(frozen=True, slots=True)
class FittedProphet:
    """A fitted series.

    Attributes
    ----------
    model
        The fit, on the scale of ``log1p`` of demand.
    weekdays
        Weekdays (0 is Monday) seen with sales.
    ceiling
        Highest value a forecast may have.
    """

    model: Fitted
    weekdays: frozenset[int]
    ceiling: float

    def forecast(self, future: pd.DataFrame) -> pd.DataFrame:
        """Forecast the days of `future` (`schema.FUTURE`) as `schema.FORECAST`."""
        days = schema.require_daily(future, FUTURE_COLUMNS, "prophet: future")
        if days.empty:
            nothing = np.zeros(0)
            return forecast_frame(days, nothing, (nothing, nothing, nothing))
        made = self._predict(days)
        mean = demand_mean(made.yhat, made.sd, self.ceiling)
        return forecast_frame(self._served(days), mean, demand_quantiles(made.yhat, made.sd, self.ceiling))

    def paths(self, future: pd.DataFrame, count: int, rng: np.random.Generator) -> FloatArray:
        """Draw whole futures, for what adds days up: sums of quantiles are not quantiles of sums.

        Parameters
        ----------
        future
            `schema.FUTURE`.
        count
            How many.
        rng
            Where chance comes from; an equal generator draws equal paths.

        Returns
        -------
        numpy.ndarray
            (count, days) demand, 0 on closed days.
        """
        days = schema.require_daily(future, FUTURE_COLUMNS, "prophet: future")
        drawn = demand(self.model.paths(self._predict(days), count, rng), self.ceiling)
        return np.where(self._served(days)["is_open"].to_numpy(dtype=bool), drawn, 0.0)

    def _predict(self, days: pd.DataFrame) -> Prediction:
        return self.model.predict(model.day_numbers(days), model.covariates(days))

    def _served(self, days: pd.DataFrame) -> pd.DataFrame:
        """`days`, closed on weekdays nothing is known of."""
        known = days["ds"].dt.day_of_week.isin(self.weekdays)
        return days.assign(is_open=days["is_open"] & known)
