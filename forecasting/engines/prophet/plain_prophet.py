"""Not used by the product yet: fit and predict Prophet's own model, with its own settings and regressors.

Meant for plain Prophet as an engine of its own. Tests and ``benchmarks.solver`` compare it with Prophet.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from forecasting.core.day_arrays import FloatArray, IntArray
from forecasting.engines.prophet import plain_solver
from forecasting.engines.prophet.design import ProphetSettings, prepare
from forecasting.engines.prophet.fitted_model import FittedModel, fitted_model
from forecasting.engines.prophet.intervals import predictive_sd
from forecasting.engines.prophet.problem import trend


@dataclass(frozen=True, slots=True)
class PlainForecast:
    """The predictive distribution of n days, in the units of the fitted values.

    Attributes
    ----------
    yhat
        (n,) centre of the distribution.
    trend
        (n,) the trend alone.
    gain
        (n,) ``1 + X_m·beta``: the factor that multiplies the trend and its uncertainty.
    sd
        (n,) standard deviation, noise included.
    ahead
        (n,) time beyond the last fitted day, in units of the history's length; 0 for days within it.
    """

    yhat: FloatArray
    trend: FloatArray
    gain: FloatArray
    sd: FloatArray
    ahead: FloatArray


def fit(
    days: IntArray, y: FloatArray, covariates: Mapping[str, FloatArray], settings: ProphetSettings
) -> FittedModel:
    """Fit one series.

    Takes the arguments of `design.prepare`, and raises what `design.prepare` and `plain_solver.solve` raise.
    """
    design, problem = prepare(days, y, covariates, settings)
    return fitted_model(design, plain_solver.solve(problem))


def predict(model: FittedModel, days: IntArray, covariates: Mapping[str, FloatArray]) -> PlainForecast:
    """Predict some days.

    Parameters
    ----------
    days
        (n,) days since 1970-01-01, in any order.
    covariates
        (n,) values of each regressor, by name.
    """
    design, parameters = model.design, model.parameters
    t = design.times(days)
    rows = design.rows(days, covariates)
    multiplies = np.array(design.multiplicative, dtype=np.bool_)
    gain = 1.0 + rows @ np.where(multiplies, parameters.beta, 0.0)
    added = rows @ np.where(multiplies, 0.0, parameters.beta)
    line = trend(parameters, t, design.changes)
    ahead = np.maximum(t - 1.0, 0.0)
    return PlainForecast(
        yhat=(line * gain + added) * design.y_scale,
        trend=line * design.y_scale,
        gain=gain,
        sd=predictive_sd(ahead, model.sigma, model.delta, gain),
        ahead=ahead,
    )
