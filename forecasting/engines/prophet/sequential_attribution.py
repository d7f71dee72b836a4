"""Attribute the expected demand of a day to its facts by adding one fact after another to the forecast."""

from collections.abc import Callable, Sequence

import numpy as np

from forecasting.core.day_arrays import BoolArray, FloatArray
from forecasting.core.explanation import LEVEL, PROMOTION, STEPS, WEEKDAY, Explanation, Origin
from forecasting.engines.prophet.fourier_rows import fourier
from forecasting.engines.prophet.recipe import WEEKLY

MONDAY = 4
"""A Monday, in days since 1970-01-01."""

_STEP_OF = {
    "weekly": WEEKDAY,
    "yearly": "season",
    "month": "month",
    "flag": "standing",
    "promo": PROMOTION,
    "school_holiday": "school_holiday",
    "holiday": "holiday",
}
_AROUND = "around"

Expected = Callable[[FloatArray], FloatArray]
"""Maps columns (m, n, K) of the same n days to their expected demand (m, n)."""


def attribute(
    names: Sequence[str], rows: FloatArray, weekdays: BoolArray, can_sell: BoolArray, expected: Expected
) -> Explanation:
    """Forecast each day several times, with more and more of its facts, and take the differences.

    The model multiplies, so the effect of a promotion depends on the day it falls on, and the order of the
    facts matters: it is that of `explanation.STEPS`. Let ``x_k`` hold the day's own columns for the first k
    steps and those of an ordinary day for the others, and let E be the model's expected demand::

        step_k = E(x_k) - E(x_{k-1})      level = E(x_0)

    This is a sequential ("break down") attribution: Staniak & Biecek 2018, "Explanations of model predictions
    with live and breakDown packages", The R Journal 10(2). The last step that applies to a day is the
    difference to the same day without that fact. An ordinary day has no special fact, the average season of
    the year, and the average of the weekdays with sales. A fact that a day does not have adds no step at all.

    Parameters
    ----------
    names, rows
        (K,) names and (n, K) columns of the days forecast.
    weekdays
        (7,) True for weekdays with sales; at least one.
    can_sell
        (n,) True on days that are not 0 by rule.
    expected
        The model's expected demand for other columns of the same days.
    """
    step_of = np.array([_STEP_OF.get(name.partition(":")[0], _AROUND) for name in names])
    x = np.zeros_like(rows)
    x[:, step_of == WEEKDAY] = fourier(np.arange(MONDAY, MONDAY + 7), 7.0, WEEKLY)[weekdays].mean(axis=0)
    stages, applies_to = [x], {}
    for step in STEPS[1:]:
        columns = step_of == step
        applies = can_sell & (x[:, columns] != rows[:, columns]).any(axis=1)
        if applies.any():
            x = np.where(columns, rows, x)
            stages.append(x)
            applies_to[step] = applies
    level, *values = expected(np.stack(stages))
    steps, before = {LEVEL: np.where(can_sell, level, 0.0)}, level
    for (step, applies), value in zip(applies_to.items(), values, strict=True):
        after = np.where(applies, value, before)
        steps[step], before = np.where(can_sell, after - before, 0.0), after
    return Explanation(Origin.MODEL, steps)
