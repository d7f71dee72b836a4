"""The Prophet engine: chooses the days to fit, and turns the model's log scale back into demand."""

from dataclasses import dataclass, replace

import numpy as np

from forecasting.core.day_arrays import BoolArray, FloatArray, SeriesDays, SeriesForecast
from forecasting.core.errors import FitFailed
from forecasting.core.explanation import LEVEL, Explanation, Origin
from forecasting.core.pooled_priors import PooledPrior
from forecasting.engines.conventions import forecast_arrays, open_days
from forecasting.engines.prophet import recipe
from forecasting.engines.prophet.intervals import demand_mean, demand_quantiles
from forecasting.engines.prophet.recipe import FittedRecipe
from forecasting.engines.prophet.sequential_attribution import attribute

ZERO_DAYS, LEAST_ZEROS = 91, 3
"""Days over which open days without a sale are counted, and how many there must be to count at all: fewer
are taken for accidents."""

MIN_DAYS = 14
"""Fewest open days with sales that are fitted: two weeks, so that most weekdays come twice."""

CEILING = 10.0
"""Forecasts are capped at this many times the highest demand of the history."""


@dataclass(frozen=True, slots=True)
class ProphetEngine:
    """Prophet on ``log1p`` of demand, fitted to open days with sales.

    Closed days, and weekdays that never had a sale, are exactly 0. An open day without a sale has a
    probability of its own; with the rest of the probability demand follows the model. The quantiles are those
    of the predictive distribution on the log scale, the mean is its expectation on the scale of demand.
    Nothing is sampled, so equal histories give equal numbers. Forecasts are capped at ten times the highest
    demand of the history: far above any realistic plan, but finite when a trend runs away.

    Attributes
    ----------
    prior
        Prior of the product's coefficients, pooled over the chain; None for the default priors.
    """

    prior: PooledPrior | None = None

    @property
    def name(self) -> str:
        """``prophet``."""
        return "prophet"

    @property
    def poolable(self) -> bool:
        """True: its coefficients are pooled over the chain."""
        return True

    def fit(self, past: SeriesDays) -> "FittedProphet":
        """Fit one series, in ascending order of days; its last day is the cutoff.

        Raises
        ------
        FitFailed
            If fewer than 14 open days have sales, or no mode of the posterior was found.
        """
        open_days(past, self.name)
        sold = past.is_open & (past.y > 0)
        count = int(np.count_nonzero(sold))
        if count < MIN_DAYS:
            raise FitFailed(f"{self.name}: expected at least {MIN_DAYS} open days with sales, found {count}")
        weekdays = np.bincount(past.weekday[sold], minlength=7) > 0
        ceiling = CEILING * float(past.y[sold].max())
        return FittedProphet(recipe.fit(past, sold, self.prior), weekdays, ceiling, _zero_share(past))


@dataclass(frozen=True, slots=True)
class FittedProphet:
    """A fitted series.

    Attributes
    ----------
    model
        The fit on the log scale.
    weekdays
        (7,) True for weekdays (Monday first) that had sales.
    ceiling
        Highest value a forecast may have, in units of demand.
    zero_share
        Probability that nothing is sold on an open day.
    """

    model: FittedRecipe
    weekdays: BoolArray
    ceiling: float
    zero_share: float

    def forecast(self, future: SeriesDays) -> SeriesForecast:
        """Forecast the days of `future`."""
        if not len(future):
            empty = np.zeros(0)
            return forecast_arrays(future, empty, (empty, empty, empty))
        centre, sd = self.model.predict(future)
        mean = demand_mean(centre, sd, self.ceiling, self.zero_share)
        quantiles = demand_quantiles(centre, sd, self.ceiling, self.zero_share)
        return forecast_arrays(replace(future, is_open=self.can_sell(future)), mean, quantiles)

    def explain(self, future: SeriesDays) -> Explanation:
        """Attribute the expected demand of each day to its facts (`sequential_attribution.attribute`)."""
        if not len(future):
            return Explanation(Origin.MODEL, {LEVEL: np.zeros(0)})
        t, rows = self.model.rows(future)

        def expected(columns: FloatArray) -> FloatArray:
            stages, flat = len(columns), columns.reshape(-1, columns.shape[2])
            centre, sd = self.model.predict_rows(np.tile(t, stages), flat)
            return demand_mean(centre, sd, self.ceiling, self.zero_share).reshape(stages, -1)

        return attribute(self.model.names, rows, self.weekdays, self.can_sell(future), expected)

    @property
    def coefficients(self) -> dict[str, float]:
        """Coefficients to pool over the chain (`ports.PoolableSeries`)."""
        return self.model.coefficients

    def can_sell(self, days: SeriesDays) -> BoolArray:
        """(n,) True on open days whose weekday had sales; the forecast of all other days is 0."""
        return days.is_open & self.weekdays[days.weekday]


def _zero_share(past: SeriesDays) -> float:
    """Share of the recent open days on which nothing was sold."""
    recent = past[past.is_open & (past.days > past.days[-1] - ZERO_DAYS)]
    zeros = int(np.count_nonzero(recent.y == 0))
    return zeros / len(recent) if zeros >= LEAST_ZEROS else 0.0
