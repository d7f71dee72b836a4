"""What forecasts that are averages of past weekdays are made of."""

import numpy as np

from forecasting.core.day_arrays import FloatArray, SeriesDays
from forecasting.core.explanation import LEVEL, PROMOTION, WEEKDAY, Explanation, Origin


def explained(expected: FloatArray, future: SeriesDays) -> Explanation:
    """Take the averages of weekdays apart.

    The level is the mean over the weekdays on which anything is sold, each without a promotion; a weekday is
    its own average without one, less the level; a promotion is the difference between the two averages of its
    weekday::

        level = mean of e(w, no) over w      weekday = e(w, no) - level      promotion = e(w, yes) - e(w, no)

    Parameters
    ----------
    expected
        (7, 2) expected demand e by weekday (0 is Monday) and promo state.
    future
        The days forecast.
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
