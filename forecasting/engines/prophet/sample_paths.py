"""Not used by the product yet: sample paths of whole futures, for the distribution of sums over days.

The sum of quantiles is not the quantile of a sum. A path is one possible future: its days share the slope
changes of the trend and the error of the coefficients, so that sums over them have the right spread.
"""

import numpy as np

from forecasting.core.day_arrays import FloatArray, SeriesDays
from forecasting.engines.prophet.coefficient_uncertainty import CoefficientUncertainty
from forecasting.engines.prophet.fitted_model import FittedModel
from forecasting.engines.prophet.intervals import demand
from forecasting.engines.prophet.plain_prophet import PlainForecast
from forecasting.engines.prophet.prophet_engine import FittedProphet
from forecasting.engines.prophet.recipe import FittedRecipe

_EPSILON = 1e-8
"""Prophet adds this to the mean |delta| from which it draws future slope changes."""


def demand_paths(
    fitted: FittedProphet, future: SeriesDays, count: int, rng: np.random.Generator
) -> FloatArray:
    """Draw whole futures of a series' demand.

    Parameters
    ----------
    future
        The n days to forecast.
    count
        How many paths to draw.
    rng
        Source of randomness; equal generators draw equal paths.

    Returns
    -------
    numpy.ndarray
        (count, n) demand in units, at least 0, and 0 on closed days.
    """
    drawn = demand(log_demand_paths(fitted.model, future, count, rng), fitted.ceiling)
    sold = rng.random(drawn.shape) >= fitted.zero_share
    return np.where(fitted.can_sell(future) & sold, drawn, 0.0)


def log_demand_paths(
    recipe: FittedRecipe, future: SeriesDays, count: int, rng: np.random.Generator
) -> FloatArray:
    """(count, n) draws of ``log1p`` of demand: trend, coefficients and noise."""
    t, rows = recipe.rows(future)
    trends = trend_paths(recipe.model, np.maximum(t - 1.0, 0.0), count, rng)
    noise = rng.normal(0.0, recipe.uncertainty.noise, trends.shape)
    return recipe.mean(t, rows) + trends + coefficient_paths(recipe.uncertainty, t, rows, count, rng) + noise


def plain_paths(
    model: FittedModel, prediction: PlainForecast, count: int, rng: np.random.Generator
) -> FloatArray:
    """(count, n) draws of a plain Prophet prediction, in the units of the fitted values."""
    trends = trend_paths(model, prediction.ahead, count, rng)
    noise = rng.normal(0.0, model.sigma, trends.shape)
    return prediction.yhat + trends * prediction.gain + noise


def coefficient_paths(
    uncertainty: CoefficientUncertainty, t: FloatArray, x: FloatArray, count: int, rng: np.random.Generator
) -> FloatArray:
    """(count, n) draws of the error of the coefficients; its variance is `CoefficientUncertainty.variance`.

    Parameters
    ----------
    t, x
        (n,) scaled times and (n, K) columns.
    """
    whitened = uncertainty.whitened(t, x)
    return np.asarray(rng.standard_normal((count, len(whitened))) @ whitened)


def trend_paths(model: FittedModel, ahead: FloatArray, count: int, rng: np.random.Generator) -> FloatArray:
    """(count, n) draws of how far future slope changes move the trend, in the units of the fitted values.

    Parameters
    ----------
    ahead
        (n,) time beyond the end of the history, in units of its length; at least 0.
    """
    size = float(np.abs(model.delta).mean()) + _EPSILON * model.design.y_scale
    return slope_change_paths(ahead, model.delta.size, size, count, rng)


def slope_change_paths(
    ahead: FloatArray, rate: float, size: float, count: int, rng: np.random.Generator
) -> FloatArray:
    """(count, n) draws of how far future slope changes move the trend.

    Slope changes arrive as a Poisson process of `rate` per unit of time, each Laplace(0, `size`). `Prophet`
    draws the same (`sample_predictive_trend`; Taylor & Letham 2018, "Forecasting at scale", section 3.1.4).
    A change d at time u adds ``d·(h - u)`` at every h > u, so each path and day needs only the running sums
    of d and of d·u.

    Parameters
    ----------
    ahead
        (n,) times h, at least 0, in any order.
    """
    end = float(ahead.max(initial=0.0))
    changes = int(rng.poisson(rate * end * count))
    if not changes:
        return np.zeros((count, ahead.size))
    path = rng.integers(0, count, changes)
    when = rng.uniform(0.0, end, changes)
    jumps = rng.laplace(0.0, size, changes)
    order = np.argsort(ahead, kind="stable")
    cell = path * ahead.size + np.searchsorted(ahead[order], when)
    shape = (count, ahead.size)
    slopes = np.bincount(cell, jumps, count * ahead.size).reshape(shape).cumsum(axis=1)
    offsets = np.bincount(cell, jumps * when, count * ahead.size).reshape(shape).cumsum(axis=1)
    moved = np.empty(shape)
    moved[:, order] = slopes * ahead[order] - offsets
    return moved
