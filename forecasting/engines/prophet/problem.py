"""The estimation problem of Prophet's Stan program: its data and its parameters."""

import math
from dataclasses import dataclass

import numpy as np

from forecasting.core.day_arrays import BoolArray, FloatArray
from forecasting.core.errors import FitFailed

LEVEL_SD, SIGMA_SD = 5.0, 0.5
"""``k, m ~ normal(0, 5)`` and ``sigma_obs ~ normal(0, 0.5)`` of ``prophet.stan``."""

SIGMA_FLOOR = 1e-9
"""Smallest noise of any fit, the one `Prophet.fit` gives a constant series. Data that the model can fit
exactly has no posterior mode: the density grows without limit as sigma falls."""

LEAST_VARIANCE = 1e-14
"""Noise variance, relative to the largest sum of squares of a column, at which the search stops: below it
float64 can't distinguish the priors from rounding errors."""

NO_NOISE = 1e-6
"""Noise, relative to the highest demand, below which a fit counts as exact."""

FEW_DAYS = 100
"""Series shorter than this many days may have several modes, so the search starts from several points.
Prophet switches Stan's algorithm at the same length (`CmdStanPyBackend.fit`)."""


@dataclass(frozen=True, slots=True)
class FitProblem:
    """The data block of ``prophet.stan`` with linear growth, n days, S changepoints, K columns.

    Attributes
    ----------
    y
        (n,) scaled demand.
    t
        (n,) scaled time: 0 on the first day, 1 on the last.
    changes
        (S,) scaled times of the changepoints, ascending.
    x
        (n, K) seasonal and regressor columns.
    sigmas
        (K,) prior standard deviations of their coefficients.
    multiplicative
        (K,) True where a column multiplies the trend instead of adding to it.
    tau
        Scale of the Laplace prior on the slope changes.
    """

    y: FloatArray
    t: FloatArray
    changes: FloatArray
    x: FloatArray
    sigmas: FloatArray
    multiplicative: BoolArray
    tau: float

    def require_fit(self) -> None:
        """Check that the problem can be fitted.

        Raises
        ------
        FitFailed
            If there are fewer than two days, a number is not finite, or a prior scale is not above 0.
        """
        if self.y.size < 2:  # noqa: PLR2004 - a line needs two points, as in Prophet.preprocess
            raise FitFailed(f"prophet: expected at least 2 days, found {self.y.size}")
        parts = {"y": self.y, "days": self.t, "changepoints": self.changes, "regressors": self.x}
        for name, values in parts.items():
            wrong = int(np.count_nonzero(~np.isfinite(values)))
            if wrong:
                raise FitFailed(f"prophet: expected finite {name}, found {wrong} values that are not")
        if not (np.isfinite(self.sigmas) & (self.sigmas > 0)).all() or not self.tau > 0:
            raise FitFailed("prophet: expected prior scales above 0, found others")


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameter block of ``prophet.stan``, in scaled units.

    Attributes
    ----------
    k, m
        Slope and level of the trend on the first day.
    delta
        (S,) slope changes.
    beta
        (K,) coefficients of the columns.
    sigma
        Standard deviation of the noise.
    """

    k: float
    m: float
    delta: FloatArray
    beta: FloatArray
    sigma: float


def ramps(t: FloatArray, changes: FloatArray) -> FloatArray:
    """(n, S) ``max(t - c, 0)``: how much one unit of slope change at c adds to the trend.

    ``linear_trend`` of ``prophet.stan``, ``(k + A·delta)·t + m - A·(c·delta)`` with ``A = [t >= c]``, is
    ``k·t + m + ramps · delta``.
    """
    return np.maximum(t[:, None] - changes, 0.0)


def trend(parameters: Parameters, t: FloatArray, changes: FloatArray) -> FloatArray:
    """(n,) piecewise linear trend at `t`."""
    return parameters.k * t + parameters.m + ramps(t, changes) @ parameters.delta


def best_sigma(rss: float, n: int) -> float:
    """The sigma that minimises ``2·s² + n·log s + rss/(2·s²)``, not below `SIGMA_FLOOR`.

    The derivative is 0 where ``4·s⁴ + n·s² = rss``; the positive root is written without a cancelling
    difference.
    """
    return max(float(np.sqrt(2.0 * rss / (n + np.sqrt(n * n + 16.0 * rss)))), SIGMA_FLOOR)


def noise_value(sigma: float, rss: float, n: int) -> float:
    """``2·s² + n·log s + rss/(2·s²)``: the part of the objective due to noise and residuals."""
    return 2.0 * sigma**2 + n * math.log(sigma) + rss / (2.0 * sigma**2)
