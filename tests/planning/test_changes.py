"""Which days moved between two versions, and what moved them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from forecasting.core.day_arrays import day_of
from forecasting.core.explanation import Cause, StoreReasons
from forecasting.planning.changes import (
    NOT_KEPT,
    DayChange,
    ForecastChanges,
    VersionForecast,
    changed_significantly,
    compare_versions,
)

FIRST = 18_000
SALES, PLAN, MODEL = Cause


def said(version: int, *mean: float, first: int = FIRST, width: float = 0.0) -> VersionForecast:
    """What a version said of some days in a row."""
    values = np.array(mean)
    return VersionForecast(
        version, np.arange(first, first + values.size), values, np.full(values.size, width)
    )


def because(since: int | None, *causes: Cause, unexplained: str = "", **shifts: list[float]) -> StoreReasons:
    """What moved the product since a version."""
    by = {Cause(name): np.array(values) for name, values in shifts.items()}
    return StoreReasons(since=since, causes=causes, unexplained=unexplained, shifts={"101": by} if by else {})


def compared(line: list[VersionForecast], *reasons: StoreReasons) -> ForecastChanges:
    """From the first to the last of a line."""
    return compare_versions(line, reasons, "101")


@pytest.mark.parametrize(
    ("before", "after", "width", "expected"),
    [
        (100, 105, 0, False),
        (100, 105.1, 0, True),
        (100, 94.9, 0, True),
        (100, 109, 40, False),
        (100, 110.1, 40, True),
        (0, 0, 0, False),
        (0, 0.1, 0, True),
        (10, 0, 0, True),
    ],
)
def test_a_day_has_moved_by_a_share_and_by_the_width_of_its_band(
    before: float, after: float, width: float, *, expected: bool
) -> None:
    """Both: what a band takes in is no news, nor is what nobody would notice."""
    one = [np.array([float(value)]) for value in (before, after, width)]
    assert changed_significantly(*one).tolist() == [expected]


def test_one_cause_has_moved_it_all() -> None:
    """No rerun is needed to know that."""
    made = compared([said(1, 100, 100, 100), said(2, 120, 101, 80)], because(1, PLAN))
    assert (made.since, made.version, made.causes, made.notes) == (1, 2, (PLAN,), ())
    assert made.compared == 3
    assert made.days == (
        DayChange(day_of(FIRST), 100, 120, sales=0, plan=20, model=0, unexplained=0),
        DayChange(day_of(FIRST + 2), 100, 80, sales=0, plan=-20, model=0, unexplained=0),
    )
    assert made.days[1].difference == -20


def test_of_several_the_last_has_what_is_left() -> None:
    """Also where they pull in different directions."""
    made = compared([said(1, 100), said(2, 130)], because(1, *Cause, sales=[-10], plan=[35]))
    (day,) = made.days
    assert (day.sales, day.plan, day.model, day.unexplained) == (-10, 35, 5, 0)


def test_only_days_that_both_speak_of_are_compared() -> None:
    """A version of the next day has one that is gone and one that is new."""
    made = compared([said(1, 100, 100, 100), said(2, 150, 150, 150, first=FIRST + 1)], because(1, SALES))
    assert made.compared == 2
    assert [day.ds for day in made.days] == [day_of(FIRST + 1), day_of(FIRST + 2)]


def test_over_several_versions_it_adds_up() -> None:
    """Since a planner's last visit there may have been three."""
    line = [said(1, 100, 100), said(2, 120, 100), said(3, 140, 103), said(5, 130, 150)]
    steps = [because(1, SALES), because(2, SALES, MODEL, sales=[30, 2]), because(3, PLAN)]
    made = compared(line, *steps)
    assert (made.since, made.version, made.causes) == (1, 5, (SALES, PLAN, MODEL))
    first, second = made.days
    assert (first.sales, first.plan, first.model) == (50, -10, -10)
    assert (second.sales, second.plan, second.model) == (2, 47, 1)


@pytest.mark.parametrize(
    ("why", "note"),
    [
        (because(1, unexplained="The plan is gone"), "The plan is gone"),
        (because(7, SALES), NOT_KEPT),
        (because(None), NOT_KEPT),
        (because(1, SALES, MODEL), None),
        (because(1), None),
    ],
)
def test_what_can_not_be_told_apart_is_not(why: StoreReasons, note: str | None) -> None:
    """With a word on it where there is one; the difference is shown all the same."""
    made = compared([said(1, 100), said(2, 120)], why)
    assert made.days == (DayChange(day_of(FIRST), 100, 120, sales=0, plan=0, model=0, unexplained=20),)
    assert made.notes == ((note,) if note else ())


def test_a_part_of_the_way_that_is_not_told_leaves_the_rest() -> None:
    """An old version between two new ones."""
    line = [said(1, 100), said(2, 150), said(3, 140)]
    (day,) = compared(line, because(None), because(2, PLAN)).days
    assert (day.plan, day.unexplained) == (-10, 50)


def test_a_day_a_version_on_the_way_does_not_have_is_untold() -> None:
    """Such as a product that was left out once; the other days are told."""
    line = [said(1, 100, 100), said(2, 110), said(3, 130, 130)]
    first, second = compared(line, because(1, SALES), because(2, PLAN)).days
    assert (first.sales, first.plan, first.unexplained) == (10, 20, 0)
    assert (second.sales, second.plan, second.unexplained) == (0, 0, 30)


def test_a_product_that_was_not_there_is_not_compared() -> None:
    """Nor one and the same version."""
    assert compared([said(1), said(2, 100)], because(1, SALES)).compared == 0
    assert compared([said(2, 100)]) == ForecastChanges(2, 2, compared=1)


def test_rounding_is_no_cause() -> None:
    """What is left of numbers that cancel is not shown as the model's."""
    shift = 0.1 + 0.2
    (day,) = compared([said(1, 1.0), said(2, 1.0 + 0.3)], because(1, SALES, MODEL, sales=[shift])).days
    assert day.model == 0


def test_what_was_said_is_taken_from_the_rows_of_an_item() -> None:
    """Days as numbers, the band as its width."""
    frame = pd.DataFrame({"ds": pd.date_range("2019-04-14", periods=2), "mean": 5.0, "q10": 1.0, "q90": 4.5})
    made = VersionForecast.of(9, frame)
    assert (made.version, made.days.tolist(), made.width.tolist()) == (9, [18_000, 18_001], [3.5, 3.5])
    assert len(VersionForecast.of(9, frame.iloc[:0]).days) == 0


@given(
    npst.arrays(np.float64, (4, 5), elements=st.floats(0, 1e6)),
    npst.arrays(np.float64, (3, 2, 5), elements=st.floats(-1e6, 1e6)),
    st.lists(st.sets(st.sampled_from(Cause)), min_size=3, max_size=3),
)
def test_what_moved_a_day_always_adds_up(means: np.ndarray, by: np.ndarray, which: list[set[Cause]]) -> None:
    """Whatever has changed on the way."""
    line = [said(number, *mean) for number, mean in enumerate(means)]
    reasons = []
    for number, (causes, shifts) in enumerate(zip(which, by, strict=True)):
        ordered = [cause for cause in Cause if cause in causes]
        told = {str(cause): shift.tolist() for cause, shift in zip(ordered[:-1], shifts, strict=False)}
        reasons.append(because(number, *ordered, **told))
    for day in compared(line, *reasons).days:
        parts = day.sales + day.plan + day.model + day.unexplained
        assert parts == pytest.approx(day.difference, rel=1e-8, abs=1e-5)
