"""Estimate the prior of a product's coefficients from the fits of all its stores (empirical Bayes)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np

from forecasting.core.day_arrays import FloatArray
from forecasting.core.pooled_priors import CoefficientPrior, PooledPrior

LEAST_SERIES = 8
"""Fewest series from which a prior is estimated."""

SHRINK, FLOOR = 0.6, 0.005
"""The prior's standard deviation on the log scale is `SHRINK` times the spread between series, plus `FLOOR`.
Measured on rolling cutoffs: 0.4 and 0.9, and 0.002 and 0.02, are worse or equal."""

MAD_TO_SD = 1.4826
"""Ratio of the standard deviation to the median absolute deviation of a normal distribution."""


def estimate_prior(item: str, cutoff: date, fits: Sequence[Mapping[str, float]]) -> PooledPrior | None:
    """Estimate the prior of one product from fits of its series without a prior.

    The mean of the prior is the median over the series, and its standard deviation follows from their robust
    spread (an empirical Bayes estimate; Efron & Morris 1975, "Data analysis using Stein's estimator and its
    generalizations"). A column that fewer than `LEAST_SERIES` series have gets no prior.

    Parameters
    ----------
    item
        The product.
    cutoff
        The last day that any of the fits has seen.
    fits
        Coefficients of each series on the log scale, by the name of their column.

    Returns
    -------
    PooledPrior or None
        None if there are fewer than `LEAST_SERIES` fits.
    """
    if len(fits) < LEAST_SERIES:
        return None
    values: defaultdict[str, list[float]] = defaultdict(list)
    for fit in fits:
        for name, value in fit.items():
            values[name].append(value)
    coefficients = {
        name: _coefficient(np.array(found), len(fits))
        for name, found in values.items()
        if len(found) >= LEAST_SERIES
    }
    return PooledPrior(item, cutoff, len(fits), coefficients)


def _coefficient(values: FloatArray, series: int) -> CoefficientPrior:
    middle = float(np.median(values))
    spread = MAD_TO_SD * float(np.median(np.abs(values - middle)))
    return CoefficientPrior(middle, SHRINK * spread + FLOOR, values.size / series)
