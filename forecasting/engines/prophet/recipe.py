"""What the engine fits: Prophet's model on the log of demand, with this product's regressors and priors.

Measured on rolling cutoffs of real sales with ``python -m benchmarks.accuracy``; docs/adr/0008-recipe.md says
what each part is worth.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from forecasting.calendar.features import Features, features, features_after, usual_weekdays
from forecasting.core.day_arrays import BoolArray, FloatArray, SeriesDays
from forecasting.core.pooled_priors import CoefficientPrior, PooledPrior
from forecasting.engines.prophet.coefficient_uncertainty import CoefficientUncertainty, estimate_uncertainty
from forecasting.engines.prophet.design import Settings, prepare
from forecasting.engines.prophet.intervals import predictive_sd
from forecasting.engines.prophet.predict import Fitted, settled
from forecasting.engines.prophet.problem import Problem, trend
from forecasting.engines.prophet.solver import solve_additive

WEEKLY, YEARLY = 3, 6
"""Harmonics of the seasons."""

YEARLY_FROM = 350
"""Days of history from which a yearly season is fitted without a prior from the chain."""

CHANGEPOINT_PRIOR = 0.005
"""Prior scale of the slope changes (Prophet's own: 0.05)."""

SEASON_SD, REGRESSOR_SD = 0.5, 0.3
"""Prior standard deviations on the log scale, where nothing is pooled (Prophet's own, 10, is flat)."""

USUAL_VARIANCE = 1e-4
"""About the noise variance of logs in units of the highest: a tenth of demand where that is thousands."""

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
    fitted
        Trend, seasons and noise; its coefficients are those of `names`.
    names
        Every column: those of the seasons, then the regressors.
    seen
        The days seen, for what they tell of closures beside the days to come.
    usual
        (7,) weekdays that are usually open.
    level
        What is added to the mean for where demand stood of late.
    """

    fitted: Fitted
    names: tuple[str, ...]
    doubt: CoefficientUncertainty
    seen: SeriesDays
    usual: BoolArray
    level: float

    @property
    def coefficients(self) -> dict[str, float]:
        """Every seasonal and regressor coefficient by the name of its column, on the log scale."""
        beta = self.fitted.parameters.beta * self.fitted.design.y_scale
        return dict(zip(self.names, beta.tolist(), strict=True))

    def predict(self, future: SeriesDays) -> tuple[FloatArray, FloatArray]:
        """(n,) mean and (n,) standard deviation of ``log1p`` of demand."""
        return self.at(*self.rows(future))

    def at(self, t: FloatArray, rows: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The same of days whose columns are given, as `rows` gives them."""
        sd = predictive_sd(np.maximum(t - 1.0, 0.0), self.doubt.noise, self.fitted.delta)
        return self._mean(t, rows), np.sqrt(sd**2 + self.doubt.variance(t, rows))

    def paths(self, future: SeriesDays, count: int, rng: np.random.Generator) -> FloatArray:
        """(count, n) draws of whole futures: the days of one share its trend and its coefficients."""
        t, rows = self.rows(future)
        bends = self.fitted.bends(np.maximum(t - 1.0, 0.0), count, rng)
        noise = rng.normal(0.0, self.doubt.noise, bends.shape)
        return self._mean(t, rows) + bends + self.doubt.draw(t, rows, count, rng) + noise

    def rows(self, future: SeriesDays) -> tuple[FloatArray, FloatArray]:
        """(n,) scaled times and (n, K) columns of days to come."""
        design = self.fitted.design
        seasons = design.rows(future.days, {})
        known = features_after(self.seen, future, self.usual)
        return design.times(future.days), np.hstack([seasons, known.table(self.names[seasons.shape[1] :])])

    def _mean(self, t: FloatArray, rows: FloatArray) -> FloatArray:
        design, parameters = self.fitted.design, self.fitted.parameters
        line = trend(parameters, t, design.changes) + rows @ parameters.beta
        return line * design.y_scale + self.level


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
    usual, days = usual_weekdays(seen), seen[usable]
    pooled = prior.coefficients if prior else {}
    known = features(seen, usual)
    rows = known.rows[usable]
    used = _used(known.names, rows, pooled)
    design, problem = prepare(days.days, np.log1p(days.y), {}, _settings(days, pooled))
    names = (*design.names, *used)
    centre, sigmas = _priors(names, pooled, design.y_scale)
    x = np.hstack([problem.x, Features(known.names, rows).table(used)])
    adds = np.zeros(len(names), dtype=np.bool_)
    problem = replace(problem, y=problem.y - x @ centre, x=x, sigmas=sigmas, multiplicative=adds)
    found, equations = solve_additive(problem, USUAL_VARIANCE)
    fitted = settled(design, found)
    doubt = estimate_uncertainty(equations, fitted)
    residuals = (problem.y - _fitted_values(problem, fitted)) * design.y_scale
    fitted = replace(fitted, parameters=replace(fitted.parameters, beta=fitted.parameters.beta + centre))
    return FittedRecipe(fitted, names, doubt, seen, usual, _level(days, residuals, fitted.sigma))


def _used(names: Sequence[str], rows: FloatArray, pooled: Mapping[str, CoefficientPrior]) -> tuple[str, ...]:
    """The columns that vary in this series, and those that most of the chain knows."""
    common = {name for name, each in pooled.items() if each.share >= COMMON and not _is_season(name)}
    varies = rows.min(axis=0) < rows.max(axis=0)
    own = [name for name, vary in zip(names, varies, strict=True) if vary or name in common]
    return (*own, *sorted(common.difference(names)))


def _settings(days: SeriesDays, pooled: Mapping[str, CoefficientPrior]) -> Settings:
    """Trend and seasons: the yearly one where the history, or most of the chain, knows it."""
    known = pooled.get("yearly:sin1")
    yearly = days.days[-1] - days.days[0] >= YEARLY_FROM or (known is not None and known.share >= COMMON)
    return Settings(
        changepoints=25,
        changepoint_range=0.8,
        changepoint_prior=CHANGEPOINT_PRIOR,
        weekly=WEEKLY,
        yearly=YEARLY if yearly else 0,
    )


def _fitted_values(problem: Problem, fitted: Fitted) -> FloatArray:
    """(n,) in scaled units."""
    return trend(fitted.parameters, problem.t, problem.changes) + problem.x @ fitted.parameters.beta


def _priors(
    names: tuple[str, ...], pooled: Mapping[str, CoefficientPrior], scale: float
) -> tuple[FloatArray, FloatArray]:
    """(K,) prior means and (K,) standard deviations of the columns, in scaled units."""
    known = [
        pooled.get(name) or CoefficientPrior(0.0, SEASON_SD if _is_season(name) else REGRESSOR_SD)
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
