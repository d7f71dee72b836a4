from datetime import date

import numpy as np
import pytest

from forecasting.calendar.standing_promotions import Attributes, standing_promotion
from forecasting.core.day_arrays import day_of, number_of

DAYS = np.arange(number_of(date(2013, 1, 1)), number_of(date(2015, 1, 1)))
QUARTERLY: Attributes = {
    "promo2": 1.0,
    "promo2_since_year": 2013.0,
    "promo2_since_week": 14.0,
    "promo_interval": "Jan,Apr,Jul,Oct",
}


def test_a_standing_promotion_runs_from_the_monday_of_its_week_on() -> None:
    """Week 14 of 2013 began on 1 April."""
    running = standing_promotion(QUARTERLY, DAYS)["standing_promotion"]
    assert day_of(int(DAYS[running][0])) == date(2013, 4, 1)
    assert running[int(running.argmax()) :].all()


@pytest.mark.parametrize(
    ("interval", "months"),
    [
        ("Jan,Apr,Jul,Oct", {1, 4, 7, 10}),
        ("Mar,Jun,Sept,Dec", {3, 6, 9, 12}),
        (" february , MAY", {2, 5}),
        ("", set()),
        (None, set()),
        (float("nan"), set()),
    ],
)
def test_it_is_renewed_in_the_months_that_are_named(interval: str | float | None, months: set[int]) -> None:
    """In any spelling, and not before the promotion starts."""
    flags = standing_promotion({**QUARTERLY, "promo_interval": interval}, DAYS)
    renewed = [day_of(int(day)) for day in DAYS[flags["standing_promotion_renewed"]]]
    assert {day.month for day in renewed} == months
    assert all(day >= date(2013, 4, 1) for day in renewed)


@pytest.mark.parametrize(
    "attributes",
    [
        pytest.param({}, id="no attributes"),
        pytest.param({**QUARTERLY, "promo2": 0.0}, id="takes no part"),
        pytest.param({**QUARTERLY, "promo2_since_year": None}, id="no year"),
        pytest.param({**QUARTERLY, "promo2_since_week": "14"}, id="a week in words"),
        pytest.param({**QUARTERLY, "promo2_since_week": 53}, id="a week the year has not"),
        pytest.param({**QUARTERLY, "promo2_since_week": float("nan")}, id="not a number"),
        pytest.param({**QUARTERLY, "promo2_since_year": float("inf")}, id="without end"),
    ],
)
def test_a_store_that_takes_no_part_has_no_flags(attributes: Attributes) -> None:
    """Neither has a store whose start is unknown."""
    assert standing_promotion(attributes, DAYS) == {}


def test_no_days_have_no_flags_to_set() -> None:
    """The names exist anyway."""
    flags = standing_promotion(QUARTERLY, DAYS[:0])
    assert {name: flag.size for name, flag in flags.items()} == {
        "standing_promotion": 0,
        "standing_promotion_renewed": 0,
    }
