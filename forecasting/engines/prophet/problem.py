"""What Prophet's Stan program is given, and what comes back."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecasting.core.errors import FitFailed
from forecasting.engines.conventions import FloatArray

BoolArray = npt.NDArray[np.bool_]

LEVEL_SD, SIGMA_SD = 5.0, 0.5
"""``k, m ~ normal(0, 5)`` and ``sigma_obs ~ normal(0, 0.5)`` of ``prophet.stan``."""

SIGMA_FLOOR = 1e-9
"""Smallest noise of any fit. It is what Prophet itself gives a constant series (`Prophet.fit`), for the same
reason: on data the model can meet exactly the posterior has no mode, it grows without end as sigma falls."""

LEAST_VARIANCE = 1e-14
"""Noise variance, relative to the largest sum of squares of a column, below which float64 no longer tells the
priors from rounding: the other parameters are not searched any further there."""

NO_NOISE = 1e-6
"""Noise, relative to the highest demand, below which a fit is one that meets its data exactly."""

FEW_DAYS = 100
"""Days below which a series counts as short, and more than one mode is looked for; Prophet switches Stan's
algorithm at the same length (`CmdStanPyBackend.fit`)."""


@dataclass(frozen=True, slots=True)
class Problem:
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
        """Refuse what has no posterior.

        Raises
        ------
        FitFailed
            If there are fewer than two days, all days are one, or a number is not finite.
        """
        if self.y.size < 2:  # noqa: PLR2004 - the least a line goes through, as in Prophet.preprocess
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
        Slope and level of the trend at the first day.
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
    """(n, S) ``max(t - c, 0)``: what one unit of slope change at c adds to the trend.

    ``linear_trend`` of ``prophet.stan``, ``(k + A·delta)·t + m - A·(c·delta)`` with ``A = [t >= c]``, is
    ``k·t + m + ramps · delta``.
    """
    return np.maximum(t[:, None] - changes, 0.0)


def trend(parameters: Parameters, t: FloatArray, changes: FloatArray) -> FloatArray:
    """(n,) piecewise linear trend at `t`."""
    return parameters.k * t + parameters.m + ramps(t, changes) @ parameters.delta


def best_sigma(rss: float, n: int) -> float:
    """The sigma that minimises ``2·s² + n·log s + rss/(2·s²)``, not below `SIGMA_FLOOR`.

    Where the derivative is 0, ``4·s⁴ + n·s² = rss``; the positive root, written so that nothing cancels.
    """
    return max(float(np.sqrt(2.0 * rss / (n + np.sqrt(n * n + 16.0 * rss)))), SIGMA_FLOOR)


def noise_value(sigma: float, rss: float, n: int) -> float:
    """``2·s² + n·log s + rss/(2·s²)``: what the noise and the residuals add to the objective."""
    return 2.0 * sigma**2 + n * math.log(sigma) + rss / (2.0 * sigma**2)
