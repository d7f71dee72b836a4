"""Prophet's predictive distribution in closed form: no samples, so equal fits give equal numbers."""

from statistics import NormalDist

import numpy as np

from forecasting.core.domain import QUANTILES
from forecasting.engines.conventions import FloatArray


def predictive_sd(
    ahead: FloatArray, sigma: float, delta: FloatArray, gain: FloatArray | float = 1.0
) -> FloatArray:
    """Standard deviation of a linear-trend Prophet forecast, on the scale of the fitted values.

    Prophet simulates the future trend (`Prophet.sample_predictive_trend`; Taylor & Letham 2018, "Forecasting
    at scale", section 3.1.4): beyond the history, slope changes arrive as a Poisson process at a rate of S
    (the number of changepoints) per unit of scaled time and are Laplace(0, λ), λ the mean |delta|. A change
    at time u moves the trend at h by delta·(h - u); the variance of a compound Poisson sum is its rate ×
    E[delta²] × ∫(h - u)² du over (0, h), so with the noise::

        sd² = sigma² + gain² · S · 2λ² · h³ / 3

    Parameters
    ----------
    ahead
        h: time beyond the end of the history, in units of the history's length; below 0 counts as 0.
    sigma
        Standard deviation of the noise.
    delta
        Slope changes at the S changepoints, in fitted values per unit of scaled time.
    gain
        What multiplies the trend: ``1 + X·beta`` of the multiplicative terms.
    """
    rate = float(np.abs(delta).mean()) if delta.size else 0.0
    trend = 2.0 * delta.size * rate**2 * np.maximum(ahead, 0.0) ** 3 / 3.0
    return np.sqrt(sigma**2 + gain**2 * trend)


def demand_mean(mu: FloatArray, sd: FloatArray, ceiling: float, nothing: float = 0.0) -> FloatArray:
    """``(1 - p)·E[expm1(N(mu, sd²))] = (1 - p)·(exp(mu + sd²/2) - 1)``, between 0 and `ceiling`.

    Parameters
    ----------
    nothing
        p: the probability that nothing is sold on an open day.
    """
    return (1.0 - nothing) * demand(mu + sd**2 / 2.0, ceiling)


def demand_quantiles(
    mu: FloatArray, sd: FloatArray, ceiling: float, nothing: float = 0.0
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """q10, q50, q90: ``expm1(mu + z·sd)``, between 0 and `ceiling`; exact, since expm1 is monotone.

    Where nothing is sold with probability p the distribution is a mixture (a hurdle model; Cragg 1971, "Some
    statistical models for limited dependent variables"): its quantile at τ is 0 up to ``τ = p``, and beyond
    that the one of a day with sales at ``(τ - p) / (1 - p)``.
    """
    zero = np.zeros_like(mu)
    low, middle, high = (
        demand(mu + NormalDist().inv_cdf((level - nothing) / (1.0 - nothing)) * sd, ceiling)
        if level > nothing
        else zero
        for level in QUANTILES
    )
    return low, middle, high


def demand(logs: FloatArray, ceiling: float) -> FloatArray:
    """``expm1`` of values on the log scale, between 0 and `ceiling`: cut before it can overflow."""
    return np.expm1(np.clip(logs, 0.0, np.log1p(ceiling)))
