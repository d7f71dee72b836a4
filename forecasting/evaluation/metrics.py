"""Forecast errors; None where one is undefined, never 0 for a failure.

Sources: Hyndman & Athanasopoulos, *Forecasting: Principles and Practice* (3rd ed.), sections 5.8 and 5.9.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]


def wape(actual: Values, mean: Values) -> float | None:
    """Weighted absolute percentage error, Σ|y − ŷ| / Σ|y|; None where nothing was sold."""
    sold = float(np.abs(actual).sum())
    return float(np.abs(actual - mean).sum()) / sold if sold > 0 else None


def weighted_quantile_loss(actual: Values, quantiles: Mapping[float, Values]) -> float | None:
    """Mean over levels τ of 2·Σ max(τ(y − q), (τ − 1)(y − q)) / Σ|y|; None where nothing was sold."""
    sold = float(np.abs(actual).sum())
    if not sold > 0:
        return None
    losses = [
        2 * float(np.maximum(level * (actual - q), (level - 1) * (actual - q)).sum()) / sold
        for level, q in quantiles.items()
    ]
    return float(np.mean(losses))


def coverage(actual: Values, low: Values, high: Values) -> float | None:
    """Share of days with low ≤ y ≤ high; None where there is no day."""
    return float(np.mean((low <= actual) & (actual <= high))) if len(actual) else None
