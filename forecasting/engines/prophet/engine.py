"""The engine around Prophet's model: which days it sees, and what becomes of its numbers."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting import schema
from forecasting.engines.prophet import model
from forecasting.engines.prophet.intervals import demand_mean, demand_quantiles, predictive_sd
from forecasting.engines.shaping import FUTURE_COLUMNS, forecast_frame, open_days
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
            If fewer than 14 days are open and have sales, or CmdStan finds no optimum.
        EngineUnavailable
            If the package prophet is not installed.
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
    weekdays
        Weekdays (0 is Monday) seen with sales.
    ceiling
        Highest value a forecast may have.
    """

    model: model.Model
    weekdays: frozenset[int]
    ceiling: float

    def forecast(self, future: pd.DataFrame) -> pd.DataFrame:
        """Forecast the days of `future` (`schema.FUTURE`) as `schema.FORECAST`."""
        days = schema.require_daily(future, FUTURE_COLUMNS, "prophet: future")
        if days.empty:
            nothing = np.zeros(0)
            return forecast_frame(days, nothing, (nothing, nothing, nothing))
        mu = self.model.predict(days)
        sd = predictive_sd(self.model.ahead(days), self.model.sigma, self.model.delta)
        served = days.assign(is_open=days["is_open"] & days["ds"].dt.day_of_week.isin(self.weekdays))
        return forecast_frame(
            served, demand_mean(mu, sd, self.ceiling), demand_quantiles(mu, sd, self.ceiling)
        )
