"""The engine around Prophet's model: which days it sees, and what becomes of its numbers."""

from dataclasses import dataclass, replace

import numpy as np

from forecasting.core.day_arrays import BoolArray, FloatArray, SeriesDays, SeriesForecast
from forecasting.core.errors import FitFailed
from forecasting.core.explanation import LEVEL, Explanation, Origin
from forecasting.core.pooled_priors import PooledPrior
from forecasting.engines.conventions import forecast_arrays, open_days
from forecasting.engines.prophet import recipe
from forecasting.engines.prophet.intervals import demand, demand_mean, demand_quantiles
from forecasting.engines.prophet.recipe import FittedRecipe
from forecasting.engines.prophet.sequential_attribution import explained

ZERO_DAYS, LEAST_ZEROS = 91, 3
"""Days looked back for how often nothing is sold, and how many such days are no accident."""

MIN_DAYS = 14
"""Fewest open days with sales that can be fitted: two weeks, so that most weekdays come twice."""

CEILING = 10.0
"""No value is above this many times the highest demand seen."""


@dataclass(frozen=True, slots=True)
class ProphetEngine:
    """Prophet on ``log1p`` of demand, fitted to open days with sales.

    Weekdays without a single such day, and closed days, are exactly 0. How often nothing is sold on an open
    day is told apart: demand is 0 with that probability, else as the model says. Quantiles are those of the
    predictive distribution on the log scale, the mean is its expectation on the scale of demand; nothing is
    sampled, so the same history always gives the same numbers. A trend that runs away is cut at ten times the
    highest demand of the history: far above anything a plan could mean, and finite.

    Attributes
    ----------
    prior
        What the coefficients of the series' product are over the chain, or None where nothing is pooled.
    """

    prior: PooledPrior | None = None

    @property
    def name(self) -> str:
        """``prophet``."""
        return "prophet"

    @property
    def poolable(self) -> bool:
        """Its coefficients are pooled over the chain."""
        return True

    def fit(self, past: SeriesDays) -> "FittedProphet":
        """Fit one series, ascending; its last day is the cutoff.

        Raises
        ------
        FitFailed
            If fewer than 14 days are open and have sales, or no mode of the posterior was found.
        """
        open_days(past, self.name)
        sold = past.is_open & (past.y > 0)
        count = int(np.count_nonzero(sold))
        if count < MIN_DAYS:
            raise FitFailed(f"{self.name}: expected at least {MIN_DAYS} open days with sales, found {count}")
        weekdays = np.bincount(past.weekday[sold], minlength=7) > 0
        ceiling = CEILING * float(past.y[sold].max())
        return FittedProphet(recipe.fit(past, sold, self.prior), weekdays, ceiling, _nothing(past))


@dataclass(frozen=True, slots=True)
class FittedProphet:
    """A fitted series.

    Attributes
    ----------
    model
        The fit, on the scale of ``log1p`` of demand.
    weekdays
        (7,) whether a weekday (0 is Monday) was seen with sales.
    ceiling
        Highest value a forecast may have.
    nothing
        Probability that nothing is sold on an open day.
    """

    model: FittedRecipe
    weekdays: BoolArray
    ceiling: float
    nothing: float

    def forecast(self, future: SeriesDays) -> SeriesForecast:
        """Forecast the days of `future`."""
        if not len(future):
            nothing = np.zeros(0)
            return forecast_arrays(future, nothing, (nothing, nothing, nothing))
        centre, sd = self.model.predict(future)
        mean = demand_mean(centre, sd, self.ceiling, self.nothing)
        quantiles = demand_quantiles(centre, sd, self.ceiling, self.nothing)
        return forecast_arrays(replace(future, is_open=self._served(future)), mean, quantiles)

    def explain(self, future: SeriesDays) -> Explanation:
        """Take expected demand apart, one fact of the day after the other (`explaining.explained`)."""
        if not len(future):
            return Explanation(Origin.MODEL, {LEVEL: np.zeros(0)})
        t, rows = self.model.rows(future)

        def expected(columns: FloatArray) -> FloatArray:
            many, flat = len(columns), columns.reshape(-1, columns.shape[2])
            centre, sd = self.model.at(np.tile(t, many), flat)
            return demand_mean(centre, sd, self.ceiling, self.nothing).reshape(many, -1)

        return explained(self.model.names, rows, self.weekdays, self._served(future), expected)

    def paths(self, future: SeriesDays, count: int, rng: np.random.Generator) -> FloatArray:
        """Draw whole futures, for what adds days up: sums of quantiles are not quantiles of sums.

        Parameters
        ----------
        future
            The days.
        count
            How many.
        rng
            Where chance comes from; an equal generator draws equal paths.

        Returns
        -------
        numpy.ndarray
            (count, days) demand, 0 on closed days.
        """
        drawn = demand(self.model.paths(future, count, rng), self.ceiling)
        sold = rng.random(drawn.shape) >= self.nothing
        return np.where(self._served(future) & sold, drawn, 0.0)

    @property
    def coefficients(self) -> dict[str, float]:
        """What is pooled over the chain (`ports.PoolableSeries`)."""
        return self.model.coefficients

    def _served(self, days: SeriesDays) -> BoolArray:
        """(n,) whether a day is open, and on a weekday something is known of."""
        return days.is_open & self.weekdays[days.weekday]


def _nothing(past: SeriesDays) -> float:
    """Share of the recent open days without a sale."""
    recent = past[past.is_open & (past.days > past.days[-1] - ZERO_DAYS)]
    zeros = int(np.count_nonzero(recent.y == 0))
    return zeros / len(recent) if zeros >= LEAST_ZEROS else 0.0
