"""Which days changed significantly between two versions, and why."""

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
    """A version's forecast of consecutive days."""
    values = np.array(mean)
    return VersionForecast(
        version, np.arange(first, first + values.size), values, np.full(values.size, width)
    )


def because(since: int | None, *causes: Cause, unexplained: str = "", **shifts: list[float]) -> StoreReasons:
    """The reasons stored with a version."""
    by = {Cause(name): np.array(values) for name, values in shifts.items()}
    return StoreReasons(since=since, causes=causes, unexplained=unexplained, shifts={"101": by} if by else {})


def compared(line: list[VersionForecast], *reasons: StoreReasons) -> ForecastChanges:
    """Compare the first version with the last."""
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
def test_a_day_changes_significantly_in_percent_and_in_widths(
    before: float, after: float, width: float, *, expected: bool
) -> None:
    """Both thresholds count."""
    one = [np.array([float(value)]) for value in (before, after, width)]
    assert changed_significantly(*one).tolist() == [expected]


def test_a_single_cause_explains_the_whole_change() -> None:
    """No replay is needed."""
    made = compared([said(1, 100, 100, 100), said(2, 120, 101, 80)], because(1, PLAN))
    assert (made.since, made.version, made.causes, made.notes) == (1, 2, (PLAN,), ())
    assert made.compared == 3
    assert made.days == (
        DayChange(day_of(FIRST), 100, 120, sales=0, plan=20, model=0, unexplained=0),
        DayChange(day_of(FIRST + 2), 100, 80, sales=0, plan=-20, model=0, unexplained=0),
    )
    assert made.days[1].difference == -20


def test_the_last_of_several_causes_explains_the_rest() -> None:
    """Even if the causes have opposite signs."""
    made = compared([said(1, 100), said(2, 130)], because(1, *Cause, sales=[-10], plan=[35]))
    (day,) = made.days
    assert (day.sales, day.plan, day.model, day.unexplained) == (-10, 35, 5, 0)


def test_only_days_of_both_versions_are_compared() -> None:
    """The version of the next day lacks the first day and has a new last one."""
    made = compared([said(1, 100, 100, 100), said(2, 150, 150, 150, first=FIRST + 1)], because(1, SALES))
    assert made.compared == 2
    assert [day.ds for day in made.days] == [day_of(FIRST + 1), day_of(FIRST + 2)]


def test_contributions_add_up_over_several_versions() -> None:
    """There may be three since a planner's last visit."""
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
def test_a_change_without_known_causes_is_unexplained(why: StoreReasons, note: str | None) -> None:
    """A note says why; the difference is still shown."""
    made = compared([said(1, 100), said(2, 120)], why)
    assert made.days == (DayChange(day_of(FIRST), 100, 120, sales=0, plan=0, model=0, unexplained=20),)
    assert made.notes == ((note,) if note else ())


def test_an_unexplained_version_keeps_the_contributions_of_the_others() -> None:
    """One version between two others has no reasons."""
    line = [said(1, 100), said(2, 150), said(3, 140)]
    (day,) = compared(line, because(None), because(2, PLAN)).days
    assert (day.plan, day.unexplained) == (-10, 50)


def test_a_day_missing_from_a_version_between_is_unexplained() -> None:
    """The other days are still explained."""
    line = [said(1, 100, 100), said(2, 110), said(3, 130, 130)]
    first, second = compared(line, because(1, SALES), because(2, PLAN)).days
    assert (first.sales, first.plan, first.unexplained) == (10, 20, 0)
    assert (second.sales, second.plan, second.unexplained) == (0, 0, 30)


def test_a_product_missing_from_a_version_is_not_compared() -> None:
    """Neither is a version with itself."""
    assert compared([said(1), said(2, 100)], because(1, SALES)).compared == 0
    assert compared([said(2, 100)]) == ForecastChanges(2, 2, compared=1)


def test_rounding_errors_are_no_contribution() -> None:
    """They are not shown as changes of the model."""
    shift = 0.1 + 0.2
    (day,) = compared([said(1, 1.0), said(2, 1.0 + 0.3)], because(1, SALES, MODEL, sales=[shift])).days
    assert day.model == 0


def test_a_version_forecast_is_read_from_the_rows_of_an_item() -> None:
    """Days become numbers, and the band becomes its width."""
    frame = pd.DataFrame({"ds": pd.date_range("2019-04-14", periods=2), "mean": 5.0, "q10": 1.0, "q90": 4.5})
    made = VersionForecast.of(9, frame)
    assert (made.version, made.days.tolist(), made.width.tolist()) == (9, [18_000, 18_001], [3.5, 3.5])
    assert len(VersionForecast.of(9, frame.iloc[:0]).days) == 0


@given(
    npst.arrays(np.float64, (4, 5), elements=st.floats(0, 1e6)),
    npst.arrays(np.float64, (3, 2, 5), elements=st.floats(-1e6, 1e6)),
    st.lists(st.sets(st.sampled_from(Cause)), min_size=3, max_size=3),
)
def test_contributions_always_add_up_to_the_difference(
    means: np.ndarray, by: np.ndarray, which: list[set[Cause]]
) -> None:
    """For any causes and versions."""
    line = [said(number, *mean) for number, mean in enumerate(means)]
    reasons = []
    for number, (causes, shifts) in enumerate(zip(which, by, strict=True)):
        ordered = [cause for cause in Cause if cause in causes]
        told = {str(cause): shift.tolist() for cause, shift in zip(ordered[:-1], shifts, strict=False)}
        reasons.append(because(number, *ordered, **told))
    for day in compared(line, *reasons).days:
        parts = day.sales + day.plan + day.model + day.unexplained
        assert parts == pytest.approx(day.difference, rel=1e-8, abs=1e-5)
