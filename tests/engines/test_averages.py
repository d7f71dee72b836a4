"""Averages of weekdays, split into steps."""

import numpy as np

from forecasting.core.explanation import Origin
from forecasting.engines.averages import explain_averages
from tests.series import as_days, daily_series

WEEK = as_days(daily_series(21, closed=()))[7:14]  # Monday to Sunday, Monday to Friday on promotion
EXPECTED = np.column_stack([np.arange(10.0, 80.0, 10.0), np.arange(15.0, 85.0, 10.0)])


def test_level_weekday_and_promotion_are_differences_of_averages() -> None:
    """The level is the mean over all weekdays without a promotion."""
    made = explain_averages(EXPECTED, WEEK)
    assert made.origin is Origin.AVERAGES
    np.testing.assert_array_equal(made.steps["level"], np.full(7, 40.0))
    np.testing.assert_array_equal(made.steps["weekday"], [-30, -20, -10, 0, 10, 20, 30])
    np.testing.assert_array_equal(made.steps["promotion"], [5, 5, 5, 5, 5, 0, 0])


def test_a_weekday_on_which_nothing_is_sold_does_not_lower_the_level() -> None:
    """It is left out of the mean."""
    sundays = EXPECTED.copy()
    sundays[6] = 0
    made = explain_averages(sundays, WEEK)
    assert made.steps["level"][0] == 35
    assert made.total[6] == 0


def test_without_sales_every_step_is_0() -> None:
    """No step is missing."""
    assert not explain_averages(np.zeros((7, 2)), WEEK).total.any()
