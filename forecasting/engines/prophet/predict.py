"""Prophet's forecast and its uncertainty: in closed form, and as paths where days are added up."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from forecasting.engines.conventions import FloatArray
from forecasting.engines.prophet import solver
from forecasting.engines.prophet.design import Design, Settings, prepare
from forecasting.engines.prophet.fourier_rows import DayArray
from forecasting.engines.prophet.intervals import predictive_sd
from forecasting.engines.prophet.problem import Parameters, trend

_EPSILON = 1e-8
"""Prophet adds it to the mean |delta| its future slope changes are drawn with."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """The predictive distribution of each day, in the units that were fitted.

    Attributes
    ----------
    yhat
        Its centre.
    trend
        The trend alone.
    gain
        ``1 + X_m·beta``: what the trend, and all doubt about it, is multiplied by.
    sd
        Its standard deviation, noise included.
    ahead
        Time beyond the last day fitted, in units of the history's length; at least 0.
    """

    yhat: FloatArray
    trend: FloatArray
    gain: FloatArray
    sd: FloatArray
    ahead: FloatArray


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fitted series."""

    design: Design
    parameters: Parameters

    @property
    def sigma(self) -> float:
        """Standard deviation of the noise, in the units that were fitted."""
        return self.parameters.sigma * self.design.y_scale

    @property
    def delta(self) -> FloatArray:
        """(S,) slope changes, in fitted units per length of the history."""
        return self.parameters.delta * self.design.y_scale

    def predict(self, days: DayArray, covariates: Mapping[str, FloatArray]) -> Prediction:
        """Predict `days` (since 1970-01-01, any order) with the values of each regressor."""
        design, parameters = self.design, self.parameters
        t = design.times(days)
        rows = design.rows(days, covariates)
        chosen = np.array(design.multiplicative, dtype=np.bool_)
        gain = 1.0 + rows @ np.where(chosen, parameters.beta, 0.0)
        added = rows @ np.where(chosen, 0.0, parameters.beta)
        line = trend(parameters, t, design.changes)
        ahead = np.maximum(t - 1.0, 0.0)
        return Prediction(
            yhat=(line * gain + added) * design.y_scale,
            trend=line * design.y_scale,
            gain=gain,
            sd=predictive_sd(ahead, self.sigma, self.delta, gain),
            ahead=ahead,
        )

    def paths(self, prediction: Prediction, count: int, rng: np.random.Generator) -> FloatArray:
        """(count, n) draws of whole futures, in the units that were fitted.

        A path shares its slope changes over all of its days, so its sum has the spread that independent
        days would not.
        """
        bends = self.bends(prediction.ahead, count, rng)
        noise = rng.normal(0.0, self.sigma, bends.shape)
        return prediction.yhat + bends * prediction.gain + noise

    def bends(self, ahead: FloatArray, count: int, rng: np.random.Generator) -> FloatArray:
        """(count, n) draws of how far the trend's future slope changes move it, in the units fitted."""
        size = float(np.abs(self.delta).mean()) + _EPSILON * self.design.y_scale
        return slope_change_paths(ahead, self.delta.size, size, count, rng)


def fit(days: DayArray, y: FloatArray, covariates: Mapping[str, FloatArray], settings: Settings) -> Fitted:
    """Fit one series (arguments and errors of `design.prepare`)."""
    design, problem = prepare(days, y, covariates, settings)
    return settled(design, solver.solve(problem))


def settled(design: Design, found: Parameters) -> Fitted:
    """The fit of parameters that were found.

    Without changepoints the one that stands in for them is part of the slope (`Prophet.fit`).
    """
    if not design.changes.any():
        slope = found.k + float(found.delta.sum())
        found = replace(found, k=slope, delta=np.zeros_like(found.delta))
    return Fitted(design, found)


def slope_change_paths(
    ahead: FloatArray, rate: float, size: float, count: int, rng: np.random.Generator
) -> FloatArray:
    """(count, n) draws of how far future slope changes move the trend.

    A Poisson process of `rate` changes per unit of time, each Laplace(0, `size`): `Prophet` draws the same
    (`sample_predictive_trend`; Taylor & Letham 2018, section 3.1.4). A change d at time u adds
    ``d·(h - u)`` at h > u, so per path and day the running sums of d and of d·u are all that is needed.

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
