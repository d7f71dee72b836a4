"""Prophet's predictive distribution in closed form: nothing is sampled, so equal fits give equal numbers."""

from statistics import NormalDist

import numpy as np

from forecasting.core.day_arrays import FloatArray
from forecasting.core.domain import QUANTILES


def predictive_sd(
    ahead: FloatArray, sigma: float, delta: FloatArray, gain: FloatArray | float = 1.0
) -> FloatArray:
    """(n,) standard deviation of a linear-trend Prophet forecast, in the units of the fitted values.

    Prophet simulates the future trend (`Prophet.sample_predictive_trend`; Taylor & Letham 2018, "Forecasting
    at scale", section 3.1.4). Beyond the history, slope changes arrive as a Poisson process at a rate of S
    (the number of changepoints) per unit of scaled time, each Laplace(0, λ) with λ the mean |delta|. A change
    at time u moves the trend at h by delta·(h - u). The variance of a compound Poisson sum is its rate ×
    E[delta²] × ∫(h - u)² du over (0, h), so with the noise::

        sd² = sigma² + gain² · S · 2λ² · h³ / 3

    Parameters
    ----------
    ahead
        (n,) h: time beyond the end of the history, in units of the history's length; below 0 counts as 0.
    sigma
        Standard deviation of the noise.
    delta
        (S,) slope changes at the changepoints, per unit of scaled time.
    gain
        (n,) factor that multiplies the trend: ``1 + X·beta`` of the multiplicative terms.
    """
    rate = float(np.abs(delta).mean()) if delta.size else 0.0
    trend = 2.0 * delta.size * rate**2 * np.maximum(ahead, 0.0) ** 3 / 3.0
    return np.sqrt(sigma**2 + gain**2 * trend)


def demand_mean(mu: FloatArray, sd: FloatArray, ceiling: float, zero_share: float = 0.0) -> FloatArray:
    """(n,) ``(1 - p)·E[expm1(N(mu, sd²))] = (1 - p)·(exp(mu + sd²/2) - 1)``, between 0 and `ceiling`.

    Parameters
    ----------
    mu, sd
        (n,) mean and standard deviation of ``log1p`` of demand.
    ceiling
        Cap in units of demand.
    zero_share
        p: the probability that nothing is sold on an open day.
    """
    return (1.0 - zero_share) * demand(mu + sd**2 / 2.0, ceiling)


def demand_quantiles(
    mu: FloatArray, sd: FloatArray, ceiling: float, zero_share: float = 0.0
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(n,) q10, q50, q90: ``expm1(mu + z·sd)``, between 0 and `ceiling`; exact, since expm1 is monotone.

    If nothing is sold with probability p, the distribution is a mixture (a hurdle model; Cragg 1971, "Some
    statistical models for limited dependent variables"). Its quantile at τ is 0 up to ``τ = p``; above that
    it is the quantile of a day with sales at ``(τ - p) / (1 - p)``. Parameters are those of `demand_mean`.
    """
    zero = np.zeros_like(mu)
    low, middle, high = (
        demand(mu + NormalDist().inv_cdf((level - zero_share) / (1.0 - zero_share)) * sd, ceiling)
        if level > zero_share
        else zero
        for level in QUANTILES
    )
    return low, middle, high


def demand(logs: FloatArray, ceiling: float) -> FloatArray:
    """``expm1`` of values on the log scale, between 0 and `ceiling`; capped first, so it can't overflow."""
    return np.expm1(np.clip(logs, 0.0, np.log1p(ceiling)))
