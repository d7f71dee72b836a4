from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from forecasting.calendar.future_days import (
    assumption_notes,
    closed_on_holidays,
    future_days,
    total_future,
    usual_days,
)
from forecasting.core.domain import ALL_ITEMS
from tests.calendar.store_frames import DAYS, SUNDAY, holiday_names, one, plan, sales
from tests.series import days_by_item


def test_habit_covers_the_last_eight_weeks() -> None:
    """A Sunday open eight weeks ago counts, one open nine weeks ago does not."""
    frame = sales("all", 10.0)
    for opened, expected in (("2019-02-03", False), ("2019-02-10", True)):
        sunday = frame["ds"] == opened
        total = one(frame.assign(is_open=frame["is_open"] | sunday, holiday="Carnival", school_holiday=True))
        habit = usual_days(total, 14)
        assert habit.days.tolist() == (total.days[-1] + np.arange(1, 15)).tolist()
        assert habit.is_open.tolist() == ((habit.weekday != SUNDAY) | expected).tolist()
        assert holiday_names(habit) == [""] * 14
        assert not habit.promo.any()
        assert not habit.school_holiday.any()
        assert np.isnan(habit.y).all()


@pytest.mark.parametrize(("size", "opens"), [(14, True), (15, False)])
def test_a_weekday_without_a_row_counts_as_closed_after_two_weeks(size: int, opens: bool) -> None:  # noqa: FBT001 - a parameter
    """In a shorter history it is assumed open."""
    frame = sales("all", 10.0, DAYS[-size:])
    habit = usual_days(one(frame[frame["is_open"]]), 7)
    assert habit.is_open[habit.weekday == SUNDAY].tolist() == [opens]


def test_holidays_close_only_stores_that_were_closed_on_most() -> None:
    """A store without past holidays stays open; other days do not change."""
    frame = sales("all", 10.0)
    habit = replace(usual_days(one(frame), 7), holiday=np.arange(7) % 2, kinds=("", "Fair"))
    first, second = frame["ds"] == frame["ds"].iloc[0], frame["ds"] == frame["ds"].iloc[1]
    before = frame.assign(holiday=np.where(first | second, "Fair", ""))
    closed = closed_on_holidays(habit, one(before.assign(is_open=frame["is_open"] & ~first & ~second)))
    assert closed.is_open.tolist() == (habit.is_open & (habit.holiday == 0)).tolist()
    half = closed_on_holidays(habit, one(before.assign(is_open=frame["is_open"] & ~first)))
    assert half is closed_on_holidays(habit, one(frame)) is habit


def test_days_ahead_come_from_the_items_plan_the_stores_plan_or_habit() -> None:
    """In this order, day by day; only days without a plan are assumed."""
    habit = usual_days(one(sales("all", 10.0)), 6)
    planned = days_by_item(
        pd.concat(
            [
                plan("all", "2019-04-03", "2019-04-05", holiday="Fair", promo=True),
                plan("101", "2019-04-05", "2019-04-06", is_open=False, school_holiday=True),
                plan("102", "2019-04-03", "2019-04-08", is_open=False),
            ]
        )
    )
    found = future_days("101", planned, habit)
    assert holiday_names(found.days) == ["Fair", "Fair", "", "", "", ""]
    assert found.days.promo.tolist() == [True, True, False, False, False, False]
    assert found.days.school_holiday.tolist() == [False, False, True, True, False, False]
    assert found.days.is_open.tolist() == [True, True, False, False, False, True]  # 7 April is a Sunday
    assert found.assumed.tolist() == [False, False, False, False, True, True]
    whole = future_days(ALL_ITEMS, planned, habit)
    assert whole.assumed.tolist() == [False, False, False, True, True, True]
    total = total_future([found, whole])
    assert total.assumed.tolist() == whole.assumed.tolist()
    assert total.days.is_open.tolist() == [True, True, True, True, False, True]
    assert holiday_names(total.days) == ["Fair", "Fair", "Fair", "", "", ""]


def test_the_note_on_assumed_days_names_the_place_of_the_holidays() -> None:
    """A complete plan has no note."""
    habit = usual_days(one(sales("all", 10.0)), 6)
    found = future_days("101", days_by_item(plan("all", "2019-04-03", "2019-04-05")), habit)
    (sentence,) = assumption_notes(found, "DE-BW")
    assert sentence == (
        "No plan for 6–8 Apr: assumed open on the usual weekdays,"
        " with the public holidays of DE-BW and no promotions."
    )
    assert assumption_notes(found._replace(assumed=np.zeros(6, dtype=np.bool_))) == []
