"""The promises of every explanation."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.core.day_arrays import SeriesDays
from forecasting.core.errors import InvalidFrame
from forecasting.core.explanation import BALANCE, LEVEL, Explanation, Origin
from tests.series import as_days, daily_series, split

FUTURE = replace(as_days(split(daily_series(200), 4)[1]), is_open=np.array([True, True, False, True]))
ON_PROMO = replace(FUTURE, promo=np.array([True, False, False, False]))
MEAN = np.array([12.0, 9.0, 0.0, 10.0])


def explanation(**steps: list[float]) -> Explanation:
    """One of `MEAN` on days of which the first is on promotion and the third closed."""
    made = {
        LEVEL: [10.0, 10.0, 0.0, 10.0],
        "weekday": [0.5, -1.0, 0.0, 0.0],
        "promotion": [1.5, 0.0, 0.0, 0.0],
    } | steps
    return Explanation(Origin.MODEL, {name: np.array(step) for name, step in made.items()})


def test_an_explanation_that_keeps_its_promises_is_returned() -> None:
    """Unchanged."""
    made = explanation()
    assert made.require(ON_PROMO, MEAN, "flat") is made
    np.testing.assert_array_equal(made.total, MEAN)


@pytest.mark.parametrize(
    ("steps", "future", "message"),
    [
        ({"weather": [0.0] * 4}, ON_PROMO, "expected 'level' and others of .*, found .*weather"),
        ({"weekday": [np.nan, 0, 0, 0]}, ON_PROMO, "expected finite steps, broken on"),
        ({"weekday": [0.6, -1, 0, 0]}, ON_PROMO, "expected steps that add up to the mean, broken on"),
        ({LEVEL: [10, 10, 5, 10], "weekday": [0.5, -1, -5, 0]}, ON_PROMO, "steps of 0 on a closed day"),
        ({}, FUTURE, "no promotion step on a day without a promotion"),
        ({}, ON_PROMO[:3], "expected 3 days, found 4"),
    ],
)
def test_a_broken_promise_is_named(steps: dict[str, list[float]], future: SeriesDays, message: str) -> None:
    """The message names the series, the promise and the day."""
    with pytest.raises(InvalidFrame, match=f"^flat: .*{message}"):
        explanation(**steps).require(future, MEAN[: len(future)], "flat")


def test_an_explanation_without_a_level_is_refused() -> None:
    """Pages start the waterfall from it."""
    with pytest.raises(InvalidFrame, match="expected 'level'"):
        Explanation(Origin.MODEL, {"weekday": MEAN}).require(ON_PROMO, MEAN, "flat")


@given(st.lists(st.tuples(*[st.floats(-1e9, 1e9)] * 4), min_size=1, max_size=10))
def test_the_level_makes_the_steps_add_up_to_the_mean(rows: list[tuple[float, ...]]) -> None:
    """The other steps stay the same."""
    level, weekday, promotion, mean = np.array(rows).T
    made = Explanation(Origin.MODEL, {LEVEL: level, "weekday": weekday, "promotion": promotion})
    settled = made.with_level_for(mean)
    np.testing.assert_allclose(settled.total, mean, atol=1e-5)
    assert list(settled.steps) == list(made.steps)
    assert settled.steps["weekday"] is weekday


def test_reconciliation_is_a_step_of_its_own() -> None:
    """The other steps stay the same; without a shift there is no such step."""
    made = explanation().with_balance(np.array([0.5, 0.0, 0.0, -1.0]))
    np.testing.assert_array_equal(made.steps[BALANCE], [0.5, 0.0, 0.0, -1.0])
    np.testing.assert_array_equal(made.total, MEAN + made.steps[BALANCE])
    assert BALANCE not in explanation().with_balance(np.zeros(4)).steps
