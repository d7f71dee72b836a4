"""Pooling over the chain: what the coefficients of one product are in all of its stores."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np

from forecasting.core.day_arrays import FloatArray
from forecasting.core.pooled_priors import CoefficientPrior, PooledPrior

LEAST_SERIES = 8
"""Fewest series that say anything about the others."""

SHRINK, FLOOR = 0.6, 0.005
"""The prior's standard deviation on the log scale: this share of the spread between series, plus this.
Measured on rolling cutoffs: .4 and .9, .002 and .02 are worse or equal."""

MAD_TO_SD = 1.4826
"""Standard deviations of a normal distribution in its median absolute deviation."""


def estimate_prior(item: str, cutoff: date, fits: Sequence[Mapping[str, float]]) -> PooledPrior | None:
    """The prior of one product from fits of its series that knew no prior.

    The first of two passes: the median over the series is the mean of the prior, their robust spread gives
    its standard deviation (an empirical Bayes estimate; Efron & Morris 1975, "Data analysis using Stein's
    estimator and its generalizations"). A column that fewer than `LEAST_SERIES` series have gets none.

    Parameters
    ----------
    item
        The product.
    cutoff
        The last day any of the fits has seen.
    fits
        Coefficients of each series by the name of their column, on the log scale.

    Returns
    -------
    PooledPrior or None
        None where there are fewer than `LEAST_SERIES` fits.
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
