"""What the engine fits: Prophet's model on the log of demand, with this product's regressors and priors.

The constants were measured on rolling cutoffs of real sales with ``python -m benchmarks.accuracy``;
docs/adr/0008-recipe-and-chain.md says how much each part improves the forecast.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from forecasting.calendar.features import Features, features, features_after, usual_weekdays
from forecasting.core.day_arrays import BoolArray, FloatArray, SeriesDays
from forecasting.core.pooled_priors import CoefficientPrior, PooledPrior
from forecasting.engines.prophet.coefficient_uncertainty import CoefficientUncertainty, estimate_uncertainty
from forecasting.engines.prophet.design import ProphetSettings, prepare
from forecasting.engines.prophet.fitted_model import FittedModel, fitted_model
from forecasting.engines.prophet.intervals import predictive_sd
from forecasting.engines.prophet.problem import FitProblem, trend
from forecasting.engines.prophet.solver import solve_additive

WEEKLY, YEARLY = 3, 6
"""Harmonics of the weekly and the yearly season."""

YEARLY_FROM = 350
"""Days of history from which a yearly season is fitted without a prior from the chain."""

CHANGEPOINT_PRIOR = 0.005
"""Prior scale of the slope changes (Prophet's own: 0.05)."""

SEASON_SD, REGRESSOR_SD = 0.5, 0.3
"""Prior standard deviations on the log scale where there is no pooled prior (Prophet's own, 10, is flat)."""

USUAL_VARIANCE = 1e-4
"""Typical noise variance of log demand, in scaled units: noise of a tenth where demand is in thousands."""

COMMON = 0.5
"""Share of the chain's series that must have a column before a series without data on it takes the column
from the chain. Columns that few series have, such as demand after a refurbishment, stay with those series."""

LEVEL_SHARE, LEVEL_HALF_LIFE, LEVEL_DAYS, LEVEL_CUT = 0.7, 28.0, 120, 3.0
"""Level shift: this share of the weighted mean of the residuals of the last days; weights halve every
`LEVEL_HALF_LIFE` days, and residuals are cut at `LEVEL_CUT` standard deviations."""


@dataclass(frozen=True, slots=True)
class FittedRecipe:
    """A fitted series, on the scale of ``log1p`` of demand.

    Attributes
    ----------
    model
        Trend, seasons and noise; its coefficients belong to `names`.
    names
        (K,) names of the columns: seasons first, then regressors.
    uncertainty
        Uncertainty of the coefficients.
    past
        The days up to the cutoff. Closures among the last of them affect the first days ahead.
    usual
        (7,) weekdays that are usually open, Monday first.
    level_shift
        Added to the mean because recent demand lay above or below the fit.
    """

    model: FittedModel
    names: tuple[str, ...]
    uncertainty: CoefficientUncertainty
    past: SeriesDays
    usual: BoolArray
    level_shift: float

    @property
    def coefficients(self) -> dict[str, float]:
        """Seasonal and regressor coefficients by the name of their column, on the log scale."""
        beta = self.model.parameters.beta * self.model.design.y_scale
        return dict(zip(self.names, beta.tolist(), strict=True))

    def predict(self, future: SeriesDays) -> tuple[FloatArray, FloatArray]:
        """(n,) mean and (n,) standard deviation of ``log1p`` of demand."""
        return self.predict_rows(*self.rows(future))

    def predict_rows(self, t: FloatArray, rows: FloatArray) -> tuple[FloatArray, FloatArray]:
        """As `predict`, for (n,) scaled times and (n, K) columns."""
        sd = predictive_sd(np.maximum(t - 1.0, 0.0), self.uncertainty.noise, self.model.delta)
        return self.mean(t, rows), np.sqrt(sd**2 + self.uncertainty.variance(t, rows))

    def rows(self, future: SeriesDays) -> tuple[FloatArray, FloatArray]:
        """(n,) scaled times and (n, K) columns of the days ahead."""
        design = self.model.design
        seasons = design.rows(future.days, {})
        known = features_after(self.past, future, self.usual)
        return design.times(future.days), np.hstack([seasons, known.table(self.names[seasons.shape[1] :])])

    def mean(self, t: FloatArray, rows: FloatArray) -> FloatArray:
        """(n,) mean of ``log1p`` of demand, for (n,) scaled times and (n, K) columns."""
        design, parameters = self.model.design, self.model.parameters
        line = trend(parameters, t, design.changes) + rows @ parameters.beta
        return line * design.y_scale + self.level_shift


def fit(past: SeriesDays, usable: BoolArray, prior: PooledPrior | None) -> FittedRecipe:
    """Fit ``log1p(y)`` of the usable days.

    Parameters
    ----------
    past
        All days up to the cutoff.
    usable
        (n,) True on the days to fit: open days with demand above 0. At least two.
    prior
        Pooled prior of the product's coefficients, or None.

    Raises
    ------
    FitFailed
        If there are fewer than two usable days, or no mode was found.
    """
    usual, days = usual_weekdays(past), past[usable]
    pooled = prior.coefficients if prior else {}
    known = features(past, usual)
    rows = known.rows[usable]
    used = _used_columns(known.names, rows, pooled)
    design, problem = prepare(days.days, np.log1p(days.y), {}, _settings(days, pooled))
    names = (*design.names, *used)
    centre, sigmas = _priors(names, pooled, design.y_scale)
    x = np.hstack([problem.x, Features(known.names, rows).table(used)])
    additive = np.zeros(len(names), dtype=np.bool_)
    # the solver's priors are centred on 0, so that it fits the difference from the prior means
    problem = replace(problem, y=problem.y - x @ centre, x=x, sigmas=sigmas, multiplicative=additive)
    mode, equations = solve_additive(problem, USUAL_VARIANCE)
    model = fitted_model(design, mode)
    uncertainty = estimate_uncertainty(equations, model)
    residuals = (problem.y - _fitted_values(problem, model)) * design.y_scale
    model = replace(model, parameters=replace(model.parameters, beta=model.parameters.beta + centre))
    return FittedRecipe(model, names, uncertainty, past, usual, _level_shift(days, residuals, model.sigma))


def _used_columns(
    names: Sequence[str], rows: FloatArray, pooled: Mapping[str, CoefficientPrior]
) -> tuple[str, ...]:
    """The columns that vary in this series, and those that most of the chain's series have."""
    common = {name for name, each in pooled.items() if each.share >= COMMON and not _is_season(name)}
    varies = rows.min(axis=0) < rows.max(axis=0)
    own = [name for name, vary in zip(names, varies, strict=True) if vary or name in common]
    return (*own, *sorted(common.difference(names)))


def _settings(days: SeriesDays, pooled: Mapping[str, CoefficientPrior]) -> ProphetSettings:
    """Trend and seasons. The yearly season needs a year of history, or a pooled prior that is common."""
    known = pooled.get("yearly:sin1")
    yearly = days.days[-1] - days.days[0] >= YEARLY_FROM or (known is not None and known.share >= COMMON)
    return ProphetSettings(
        changepoints=25,
        changepoint_range=0.8,
        changepoint_prior=CHANGEPOINT_PRIOR,
        weekly=WEEKLY,
        yearly=YEARLY if yearly else 0,
    )


def _fitted_values(problem: FitProblem, model: FittedModel) -> FloatArray:
    """(n,) fitted values in scaled units."""
    return trend(model.parameters, problem.t, problem.changes) + problem.x @ model.parameters.beta


def _priors(
    names: tuple[str, ...], pooled: Mapping[str, CoefficientPrior], scale: float
) -> tuple[FloatArray, FloatArray]:
    """(K,) prior means and (K,) prior standard deviations of the columns, in scaled units."""
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


def _level_shift(days: SeriesDays, residuals: FloatArray, sigma: float) -> float:
    """A share of the exponentially weighted mean of the recent residuals, on the log scale."""
    age = (days.days[-1] - days.days[-LEVEL_DAYS:]).astype(np.float64)
    weights = 0.5 ** (age / LEVEL_HALF_LIFE)
    recent = np.clip(residuals[-LEVEL_DAYS:], -LEVEL_CUT * sigma, LEVEL_CUT * sigma)
    return float(LEVEL_SHARE * (weights @ recent) / weights.sum())
