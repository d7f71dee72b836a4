"""What the engine fits: Prophet's model on the log of demand, with this product's regressors and priors.

Measured on rolling cutoffs of real sales with ``python -m benchmarks.accuracy``; docs/adr/0008-recipe.md says
what each part is worth.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from forecasting.calendar.features import Columns, features, features_after, usual_weekdays
from forecasting.chain import Coefficient, PooledPrior
from forecasting.engines.prophet.design import Regressor, Settings, prepare
from forecasting.engines.prophet.doubt import Doubt, doubt_of
from forecasting.engines.prophet.intervals import predictive_sd
from forecasting.engines.prophet.predict import Fitted, solved
from forecasting.series import BoolArray, FloatArray, SeriesDays

WEEKLY, YEARLY = 3, 6
"""Harmonics of the seasons."""

YEARLY_FROM = 350
"""Days of history from which a yearly season is fitted without a prior from the chain."""

CHANGEPOINT_PRIOR = 0.005
"""Prior scale of the slope changes (Prophet's own: 0.05)."""

SEASON_SD, REGRESSOR_SD = 0.5, 0.3
"""Prior standard deviations on the log scale, where nothing is pooled (Prophet's own, 10, is flat)."""

COMMON = 0.5
"""A column the series itself says nothing about is taken from the chain where this share of its series knows
it: what few know, such as how demand is after a refurbishment, is theirs."""

LEVEL_SHARE, LEVEL_HALF_LIFE, LEVEL_DAYS, LEVEL_CUT = 0.7, 28.0, 120, 3.0
"""How much of the recent residuals' mean is added: of the last days, halving with age, cut at so many sd."""


@dataclass(frozen=True, slots=True)
class FittedRecipe:
    """A fitted series, on the scale of ``log1p`` of demand.

    Attributes
    ----------
    seen
        The days seen, for what they tell of closures beside the days to come.
    usual
        (7,) weekdays that are usually open.
    level
        What is added to the mean for where demand stood of late.
    """

    fitted: Fitted
    doubt: Doubt
    seen: SeriesDays
    usual: BoolArray
    level: float

    @property
    def coefficients(self) -> dict[str, float]:
        """Every seasonal and regressor coefficient by the name of its column, on the log scale."""
        design = self.fitted.design
        beta = self.fitted.parameters.beta * design.y_scale
        return dict(zip(design.names, beta.tolist(), strict=True))

    def predict(self, future: SeriesDays) -> tuple[FloatArray, FloatArray]:
        """(n,) mean and (n,) standard deviation of ``log1p`` of demand."""
        columns = self._columns(future)
        made = self.fitted.predict(future.days, columns)
        design = self.fitted.design
        doubt = self.doubt.variance(design.times(future.days), design.rows(future.days, columns))
        sd = predictive_sd(made.ahead, self.doubt.noise, self.fitted.delta)
        return made.yhat + self.level, np.sqrt(sd**2 + doubt)

    def paths(self, future: SeriesDays, count: int, rng: np.random.Generator) -> FloatArray:
        """(count, n) draws of whole futures: the days of one share its trend and its coefficients."""
        columns = self._columns(future)
        made = self.fitted.predict(future.days, columns)
        design = self.fitted.design
        bends = self.fitted.bends(made.ahead, count, rng)
        doubt = self.doubt.draw(design.times(future.days), design.rows(future.days, columns), count, rng)
        return made.yhat + self.level + bends + doubt + rng.normal(0.0, self.doubt.noise, bends.shape)

    def _columns(self, future: SeriesDays) -> Columns:
        known = features_after(self.seen, future, self.usual)
        nothing = np.zeros(len(future))
        return {each.name: known.get(each.name, nothing) for each in self.fitted.design.columns}


def fit(seen: SeriesDays, usable: BoolArray, prior: PooledPrior | None) -> FittedRecipe:
    """Fit ``log1p(y)`` of the usable days.

    Parameters
    ----------
    seen
        All days up to the cutoff.
    usable
        (n,) which of them speak of demand: open days with demand above 0, at least two.
    prior
        What the product's coefficients are over the chain.

    Raises
    ------
    FitFailed
        If there are fewer than two days, or no mode was found.
    """
    usual = usual_weekdays(seen)
    days = seen[usable]
    pooled = prior.coefficients if prior else {}
    known = {name: column[usable] for name, column in features(seen, usual).items()}
    logs = np.log1p(days.y)
    settings = _settings(days, known, pooled)
    columns = {each.name: known.get(each.name, np.zeros(len(days))) for each in settings.regressors}
    design, problem = prepare(days.days, logs, columns, settings)
    centre, sigmas = _priors(design.names, pooled, design.y_scale)
    problem = replace(problem, y=problem.y - problem.x @ centre, sigmas=sigmas)
    fitted = solved(design, problem)
    doubt = doubt_of(problem, fitted)
    fitted = replace(fitted, parameters=replace(fitted.parameters, beta=fitted.parameters.beta + centre))
    residuals = logs - fitted.predict(days.days, columns).yhat
    return FittedRecipe(fitted, doubt, seen, usual, _level(days, residuals, fitted.sigma))


def _settings(days: SeriesDays, known: Columns, pooled: Mapping[str, Coefficient]) -> Settings:
    """The columns that vary in this series, and those that most of the chain knows."""
    common = {name: each for name, each in pooled.items() if each.share >= COMMON}
    used = [name for name, column in known.items() if name in common or column.min() < column.max()]
    used += [name for name in common if name not in known and not _is_season(name)]
    yearly = "yearly:sin1" in common or days.days[-1] - days.days[0] >= YEARLY_FROM
    return Settings(
        changepoints=25,
        changepoint_range=0.8,
        changepoint_prior=CHANGEPOINT_PRIOR,
        weekly=WEEKLY,
        yearly=YEARLY if yearly else 0,
        regressors=tuple(Regressor(name, standardize=False) for name in used),
    )


def _priors(
    names: tuple[str, ...], pooled: Mapping[str, Coefficient], scale: float
) -> tuple[FloatArray, FloatArray]:
    """(K,) prior means and (K,) standard deviations of the columns, in scaled units."""
    known = [
        pooled.get(name) or Coefficient(0.0, SEASON_SD if _is_season(name) else REGRESSOR_SD)
        for name in names
    ]
    return (
        np.array([each.mean for each in known]) / scale,
        np.array([each.sd for each in known]) / scale,
    )


def _is_season(name: str) -> bool:
    return name.startswith(("yearly:", "weekly:"))


def _level(days: SeriesDays, residuals: FloatArray, sigma: float) -> float:
    """A share of the exponentially weighted mean of the recent residuals."""
    age = (days.days[-1] - days.days[-LEVEL_DAYS:]).astype(np.float64)
    weights = 0.5 ** (age / LEVEL_HALF_LIFE)
    recent = np.clip(residuals[-LEVEL_DAYS:], -LEVEL_CUT * sigma, LEVEL_CUT * sigma)
    return float(LEVEL_SHARE * (weights @ recent) / weights.sum())
