"""Reconcile a store's total with its products, without negative numbers."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from forecasting.core.day_arrays import FloatArray, SeriesForecast

BAND = 2 * 1.2815515655446004
"""Distance from q10 to q90 of a normal distribution, in standard deviations."""


def reconcile(
    total: SeriesForecast, items: Sequence[SeriesForecast]
) -> tuple[SeriesForecast, tuple[SeriesForecast, ...]]:
    """Shift a store's total and its products until they agree, each in proportion to its own uncertainty.

    On each day the new means m' minimise ``Σ (m' - m)² / v`` over the products and the total, subject to
    ``total' = Σ products'`` and ``m' ≥ 0``. This is minimum-trace reconciliation with a diagonal covariance,
    with the variances v taken from the bands (Wickramasuriya, Athanasopoulos & Hyndman 2019, "Optimal
    forecast reconciliation for hierarchical and grouped time series"; non-negative as in Wickramasuriya,
    Turlach & Hyndman 2020, "Optimal non-negative forecast reconciliation"). With one total the solution is
    ``m' = max(0, m + v·λ)`` with one λ per day. Quantiles are multiplied by the same factor as their mean,
    never summed. A forecast without a band, such as that of a closed day, stays as it is. If total and
    products both have no band and disagree, the products win.

    Parameters
    ----------
    total
        The store's own forecast.
    items
        The forecasts of all its products for the same days; at least one.

    Returns
    -------
    tuple
        The total and the products, in their order, with ``total.mean == Σ items.mean``.
    """
    means = np.vstack([item.mean for item in items])
    variances = np.vstack([_variance(item) for item in items])
    total_mean, total_variance = total.mean, _variance(total)
    shifted = np.maximum(means + variances * _common_shift(means, variances, total_mean, total_variance), 0.0)
    agreed = tuple(_with_mean(item, mean) for item, mean in zip(items, shifted, strict=True))
    return _with_mean(total, np.asarray(sum(each.mean for each in agreed))), agreed


def _common_shift(
    means: FloatArray, variances: FloatArray, total_mean: FloatArray, total_variance: FloatArray
) -> FloatArray:
    """(days,) λ with ``Σ max(0, m + v·λ) = total - v₀·λ``.

    Without clipping, λ is a quotient. A product that is negative there is also negative at the solution,
    because leaving it out only lowers λ. Such products are left out until none is negative.
    """
    shift, left = np.zeros_like(total_mean), np.ones_like(means, dtype=np.bool_)
    for _ in range(len(means) + 1):
        gap = total_mean - np.where(left, means, 0.0).sum(axis=0)
        slope = np.where(left, variances, 0.0).sum(axis=0) + total_variance
        shift = np.divide(gap, slope, out=shift, where=slope > 0)
        still = left & (means + variances * shift >= 0)
        if (still == left).all():
            break
        left = still
    return shift


def _variance(forecast: SeriesForecast) -> FloatArray:
    """(days,) variance that a normal distribution with the same band has."""
    return np.asarray(((forecast.q90 - forecast.q10) / BAND) ** 2)


def _with_mean(forecast: SeriesForecast, mean: FloatArray) -> SeriesForecast:
    """Replace the mean, and multiply the quantiles by the same factor."""
    factor = np.divide(mean, forecast.mean, out=np.ones_like(mean), where=forecast.mean > 0)
    return replace(
        forecast, mean=mean, q10=forecast.q10 * factor, q50=forecast.q50 * factor, q90=forecast.q90 * factor
    )
