"""Making a store's products add up to its total, without a negative number."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from forecasting.core.day_arrays import FloatArray, SeriesForecast

BAND = 2 * 1.2815515655446004
"""Standard deviations between q10 and q90 of a normal distribution."""


def reconcile(
    total: SeriesForecast, items: Sequence[SeriesForecast]
) -> tuple[SeriesForecast, tuple[SeriesForecast, ...]]:
    """Shift a store's total and its products, each as much as its own uncertainty allows, until they agree.

    Each day the means m become those that minimise ``Σ (m' - m)² / v`` over the products and the total, under
    ``total' = Σ products'`` and ``m' ≥ 0``: minimum-trace reconciliation with a diagonal covariance, v from
    the bands (Wickramasuriya, Athanasopoulos & Hyndman 2019, "Optimal forecast reconciliation for
    hierarchical and grouped time series"; non-negative as in Wickramasuriya, Turlach & Hyndman 2020). For one
    total the solution is ``m' = max(0, m + v·λ)`` with one λ a day. Quantiles are multiplied by the same
    factor as their mean, never summed. What is certain, such as a closed day, stays as it is; where total and
    products are certain of different numbers, the products are right.

    Parameters
    ----------
    total
        The store's own forecast.
    items
        Those of all its products, on the same days, at least one.

    Returns
    -------
    tuple
        The total and the products, in their order, with ``total.mean == Σ items.mean``.
    """
    means = np.vstack([item.mean for item in items])
    spread = np.vstack([_variance(item) for item in items])
    wanted, doubt = total.mean, _variance(total)
    shifted = np.maximum(means + spread * _common_shift(means, spread, wanted, doubt), 0.0)
    agreed = tuple(_moved(item, mean) for item, mean in zip(items, shifted, strict=True))
    return _moved(total, np.asarray(sum(each.mean for each in agreed))), agreed


def _common_shift(means: FloatArray, spread: FloatArray, wanted: FloatArray, doubt: FloatArray) -> FloatArray:
    """(days,) λ with ``Σ max(0, m + v·λ) = total - v₀·λ``.

    Without the clipping λ is a quotient. A product that is negative there is so at the solution as well,
    since leaving it out only lowers λ: those are left out until there are none.
    """
    shift, left = np.zeros_like(wanted), np.ones_like(means, dtype=np.bool_)
    for _ in range(len(means) + 1):
        gap = wanted - np.where(left, means, 0.0).sum(axis=0)
        slope = np.where(left, spread, 0.0).sum(axis=0) + doubt
        shift = np.divide(gap, slope, out=shift, where=slope > 0)
        still = left & (means + spread * shift >= 0)
        if (still == left).all():
            break
        left = still
    return shift


def _variance(forecast: SeriesForecast) -> FloatArray:
    return np.asarray(((forecast.q90 - forecast.q10) / BAND) ** 2)


def _moved(forecast: SeriesForecast, mean: FloatArray) -> SeriesForecast:
    """The forecast at another mean, its quantiles moved by the same factor."""
    factor = np.divide(mean, forecast.mean, out=np.ones_like(mean), where=forecast.mean > 0)
    return replace(
        forecast, mean=mean, q10=forecast.q10 * factor, q50=forecast.q50 * factor, q90=forecast.q90 * factor
    )
