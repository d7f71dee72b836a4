"""Explain forecasts that are averages of past weekdays."""

import numpy as np

from forecasting.core.day_arrays import FloatArray, SeriesDays
from forecasting.core.explanation import LEVEL, PROMOTION, WEEKDAY, Explanation, Origin


def explain_averages(expected: FloatArray, future: SeriesDays) -> Explanation:
    """Split averages of weekdays into level, weekday and promotion.

    The level is the mean over weekdays with sales, without a promotion. The weekday step is the weekday's own
    average without a promotion minus the level. The promotion step is the difference between the weekday's
    averages with and without a promotion::

        level = mean of e(w, no) over w      weekday = e(w, no) - level      promotion = e(w, yes) - e(w, no)

    Parameters
    ----------
    expected
        (7, 2) expected demand e by weekday (0 is Monday) and promotion (0 without, 1 with); units.
    future
        The h days that are forecast.
    """
    sold = expected.any(axis=1)
    level = float(expected[sold, 0].mean()) if sold.any() else 0.0
    plain, promoted = expected[future.weekday].T
    steps = {
        LEVEL: np.full(len(future), level),
        WEEKDAY: plain - level,
        PROMOTION: np.where(future.promo, promoted - plain, 0.0),
    }
    return Explanation(
        Origin.AVERAGES, {name: np.where(future.is_open, step, 0.0) for name, step in steps.items()}
    )
