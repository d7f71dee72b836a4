"""What a forecast of the recipe is made of, one fact of the day after the other."""

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


def explained(
    names: Sequence[str], rows: FloatArray, weekdays: BoolArray, served: BoolArray, expected: Expected
) -> Explanation:
    """Take expected demand apart by forecasting each day several times, with more and more of its facts.

    The model multiplies, so what a promotion does depends on the day it falls on, and an order is needed:
    that of `reasons.STEPS`. With ``x_k`` the columns of the first k steps and those of an ordinary day for
    all others, and E the model's own expected demand::

        step_k = E(x_k) - E(x_{k-1})      level = E(x_0)

    A sequential ("break down") attribution: Staniak & Biecek 2018, "Explanations of model predictions with
    live and breakDown packages", The R Journal 10(2). The last step that acts on a day is the difference to
    the same day without it. An ordinary day has no special fact, the average of the year, and the average of
    the weekdays on which there are sales. A fact that a day does not have makes no step, exactly.

    Parameters
    ----------
    names, rows
        (n, K) columns of the days forecast.
    weekdays
        (7,) weekdays with sales; at least one.
    served
        (n,) days that are not 0 by rule.
    expected
        (m, n) the model's expected demand where the same days have other columns, (m, n, K).
    """
    step_of = np.array([_STEP_OF.get(name.partition(":")[0], _AROUND) for name in names])
    x = np.zeros_like(rows)
    x[:, step_of == WEEKDAY] = fourier(np.arange(MONDAY, MONDAY + 7), 7.0, WEEKLY)[weekdays].mean(axis=0)
    stages, acting = [x], {}
    for step in STEPS[1:]:
        columns = step_of == step
        acts = served & (x[:, columns] != rows[:, columns]).any(axis=1)
        if acts.any():
            x = np.where(columns, rows, x)
            stages.append(x)
            acting[step] = acts
    level, *values = expected(np.stack(stages))
    steps, before = {LEVEL: np.where(served, level, 0.0)}, level
    for (step, acts), value in zip(acting.items(), values, strict=True):
        after = np.where(acts, value, before)
        steps[step], before = np.where(served, after - before, 0.0), after
    return Explanation(Origin.MODEL, steps)
