from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.core import schema
from forecasting.core.day_arrays import SeriesDays, SeriesForecast, all_kinds, day_of, number_of
from forecasting.core.errors import InvalidFrame
from tests.series import as_days, daily_series, split

FRAME = daily_series(80)
FIRST = date(2017, 1, 2)


def flat(future: SeriesDays, **changes: np.ndarray) -> SeriesForecast:
    """A forecast of 1, 2, 3 on open days, with some `changes`."""
    opened = future.is_open.astype(float)
    made = {"days": future.days, "mean": 2 * opened, "q10": opened, "q50": 2 * opened, "q90": 3 * opened}
    return SeriesForecast(**(made | changes))


def test_a_history_keeps_its_values() -> None:
    """Days, demand and covariates, row by row."""
    days = as_days(FRAME)
    assert len(days) == 80
    assert (days.first, days.last) == (FIRST, date(2017, 3, 22))
    assert days.y.tolist() == FRAME["y"].tolist()
    assert days.weekday.tolist() == FRAME["ds"].dt.day_of_week.tolist()
    for name in ("is_open", "promo", "school_holiday"):
        assert getattr(days, name).tolist() == FRAME[name].tolist(), name
    assert [days.kinds[code] for code in days.holiday] == FRAME["holiday"].tolist()


def test_a_future_has_no_demand() -> None:
    """With `assumed` or without."""
    _, future = split(FRAME, 7)
    for frame in (future, future.drop(columns="assumed")):
        days = as_days(frame)
        assert len(days) == 7
        assert np.isnan(days.y).all()


def test_no_holiday_is_always_0() -> None:
    """Even if the first day, or every day, is a holiday."""
    every = as_days(FRAME.assign(holiday="May Day"))
    assert every.kinds == ("", "May Day")
    assert every.holiday.tolist() == [1] * 80
    assert as_days(FRAME.assign(holiday="")).kinds == ("",)


def test_an_empty_frame_is_a_series_without_days() -> None:
    """It can be sliced and joined like any other."""
    nothing = as_days(FRAME.iloc[:0])
    assert len(nothing) == len(nothing.up_to(FIRST)) == len(nothing.after(FIRST, 7)) == 0
    assert len(nothing.followed_by(as_days(FRAME))) == len(as_days(FRAME).followed_by(nothing)) == 80


@pytest.mark.parametrize(
    ("frame", "problem"),
    [
        pytest.param(FRAME.drop(columns="promo"), r"expected columns .* found no \['promo'\]", id="column"),
        pytest.param(FRAME.drop(columns=["y", "holiday"]), r"found no \['holiday'\]", id="future's column"),
        pytest.param(FRAME.assign(y=1), "column 'y' has dtype int64", id="dtype"),
        pytest.param(FRAME.assign(is_open=1.0), "column 'is_open' has dtype float64", id="flag"),
        pytest.param(FRAME.assign(y=np.nan), "column 'y' has 80 missing values", id="missing"),
        pytest.param(FRAME.iloc[::-1], "one row per day in ascending order", id="order"),
        pytest.param(FRAME.iloc[[0, 0, 1]], "one row per day in ascending order", id="twice"),
        pytest.param(FRAME.assign(ds=FRAME["ds"] + pd.Timedelta(hours=1)), "found a time of day", id="hour"),
    ],
)
def test_refuses_a_frame_that_breaks_its_schema_by_name(frame: pd.DataFrame, problem: str) -> None:
    """The message names the frame, the column and what was found."""
    with pytest.raises(InvalidFrame, match=f"history of store 1: .*{problem}"):
        SeriesDays.from_frame(frame, "history of store 1")


def test_the_index_of_a_frame_means_nothing() -> None:
    """A frame cut out of another one gives the same series."""
    moved = as_days(FRAME.set_index(FRAME.index + 7))
    assert moved.y.tolist() == FRAME["y"].tolist()
    assert moved.days.tolist() == as_days(FRAME).days.tolist()


def test_a_slice_keeps_every_array_in_step() -> None:
    """By a mask or by a range, and for flags too."""
    flag = FRAME["promo"].to_numpy() & FRAME["is_open"].to_numpy()
    days = SeriesDays.from_frame(FRAME, "series", {"promo2": flag})
    mask = days.is_open
    cut = days[mask]
    assert cut.days.tolist() == days.days[mask].tolist()
    assert cut.is_open.all()
    assert cut.flags["promo2"].tolist() == flag[mask].tolist()
    assert days[10:20].y.tolist() == FRAME["y"].iloc[10:20].tolist()
    assert days[10:20].kinds == days.kinds


@given(st.integers(-3, 90), st.integers(1, 30))
def test_a_cutoff_separates_the_history_from_the_days_ahead(back: int, horizon: int) -> None:
    """The cutoff is the last day of the history; no day belongs to both."""
    days = as_days(FRAME)
    cutoff = day_of(int(days.days[-1]) - back)
    past, future = days.up_to(cutoff), days.after(cutoff, horizon)
    ahead = days.days - number_of(cutoff)
    assert past.days.tolist() == days.days[ahead <= 0].tolist()
    assert future.days.tolist() == days.days[(ahead > 0) & (ahead <= horizon)].tolist()


@given(st.lists(st.floats(0, 1e6), min_size=28, max_size=28))
def test_demand_after_a_cutoff_is_hidden(truth: list[float]) -> None:
    """The days ahead do not depend on their demand, and the series itself keeps it."""
    changed = FRAME.copy()
    changed.loc[changed.index[-28:], "y"] = truth
    days = as_days(changed)
    ahead = days.after(day_of(int(days.days[-29])), 28)
    assert np.isnan(ahead.y).all()
    assert ahead.promo.tolist() == FRAME["promo"].iloc[-28:].tolist()
    assert days.y[-28:].tolist() == truth
    assert as_days(FRAME).up_to(ahead.first).y[:-1].tolist() == days.y[:52].tolist()


def test_gaps_count_as_days_of_the_horizon() -> None:
    """A horizon is counted in days, not in rows."""
    days = as_days(FRAME.drop(index=[41, 42, 43]))
    assert len(days.after(day_of(int(as_days(FRAME).days[39])), 7)) == 4


def test_later_days_may_have_new_holidays() -> None:
    """Each day keeps the name of its own holiday."""
    first = FRAME.iloc[:40].assign(holiday=np.where(np.arange(40) == 3, "Easter", ""))
    later = FRAME.iloc[40:].assign(holiday=np.where(np.arange(40) < 2, ["May Day", "Easter"] * 20, ""))
    whole = as_days(first).followed_by(as_days(later))
    assert whole.kinds == ("", "Easter", "May Day")
    names = [whole.kinds[code] for code in whole.holiday]
    assert names == [*first["holiday"], *later["holiday"]]
    assert whole.days.tolist() == as_days(FRAME).days.tolist()
    assert whole.y.tolist() == FRAME["y"].tolist()


def test_a_flag_missing_from_one_part_is_false_there() -> None:
    """On the days of that part."""
    days = as_days(FRAME)
    flagged = SeriesDays.from_frame(FRAME.iloc[40:], "later", {"promo2": np.ones(40, dtype=bool)})
    assert days[:40].followed_by(flagged).flags["promo2"].tolist() == [False] * 40 + [True] * 40


def test_days_that_are_not_later_are_refused() -> None:
    """The message names the last day and the first appended day."""
    days = as_days(FRAME)
    with pytest.raises(InvalidFrame, match="expected days after 2017-03-22, found 2017-01-02"):
        days.followed_by(days)


def holidays(days: SeriesDays) -> list[str]:
    """The holiday of each day."""
    return [days.kinds[code] for code in days.holiday]


@pytest.mark.parametrize("rows", [slice(0, 0), slice(None), slice(30, 75)])
def test_a_checked_frame_gives_the_same_series_without_a_check(rows: slice) -> None:
    """With demand or without."""
    for frame in (FRAME.iloc[rows], FRAME.iloc[rows].drop(columns="y")):
        mine, theirs = SeriesDays.from_checked_frame(frame), as_days(frame)
        for name in ("days", "y", "is_open", "promo", "school_holiday", "holiday"):
            one, other = getattr(mine, name), getattr(theirs, name)
            np.testing.assert_array_equal(one, other, name)
            assert one.dtype == other.dtype, name
        assert (mine.kinds, mine.flags) == (theirs.kinds, {})


def test_the_kinds_of_many_are_in_order_and_none_comes_first() -> None:
    """So the higher number belongs to the later name."""
    series = [as_days(FRAME[:3].assign(holiday=each)) for each in (["Zoo", "", "Fair"], ["", "May", "Zoo"])]
    assert all_kinds(series) == ("", "Fair", "May", "Zoo")
    assert all_kinds([]) == all_kinds([as_days(FRAME[:0])]) == ("",)


def test_renumbering_keeps_the_holidays() -> None:
    """The original days stay the same; days that already have these numbers are returned as they are."""
    days = as_days(FRAME[:3].assign(holiday=["Zoo", "", "Fair"]))
    before = days.holiday.tolist()
    other = days.with_kinds(("", "Fair", "May", "Zoo"))
    assert other.holiday.tolist() == [3, 0, 1]
    assert holidays(other) == holidays(days) == ["Zoo", "", "Fair"]
    assert days.holiday.tolist() == before
    assert days.with_kinds(days.kinds) is days


def test_an_overlay_replaces_the_covariates_of_its_days() -> None:
    """All covariates, even if its holidays have other numbers; other days stay the same."""
    own = as_days(FRAME[:6].assign(holiday=["Fair", "", "", "", "", "Zoo"], promo=True))
    other = as_days(
        FRAME.iloc[[1, 4, 5, 9]].assign(
            holiday=["Zoo", "May", "", "Fair"], promo=False, is_open=False, school_holiday=True
        )
    )
    laid, hit = own.overlay(other)
    assert hit.tolist() == [False, True, False, False, True, True]
    assert holidays(laid) == ["Fair", "Zoo", "", "", "May", ""]
    assert laid.promo.tolist() == (~hit).tolist()
    assert laid.is_open.tolist() == (own.is_open & ~hit).tolist()
    assert laid.school_holiday.tolist() == (own.school_holiday | hit).tolist()
    assert laid.days.tolist() == own.days.tolist()
    assert laid.y.tolist() == own.y.tolist()
    assert holidays(own) == ["Fair", "", "", "", "", "Zoo"]


def test_an_empty_overlay_changes_nothing() -> None:
    """And an empty series stays empty."""
    days = as_days(FRAME[:6])
    for own, other in ((days, days[:0]), (days[:0], days), (days[:0], days[:0])):
        laid, hit = own.overlay(other)
        assert laid is own
        assert hit.tolist() == [False] * len(own)
    _, apart = days.overlay(as_days(FRAME[6:]))
    assert not apart.any()


def test_a_forecast_that_keeps_its_promises_is_returned() -> None:
    """Its frame follows the schema."""
    future = as_days(FRAME).after(FIRST, 14)
    made = flat(future)
    assert made.require(future, "flat") is made
    frame = schema.require_daily(made.frame(), schema.FORECAST, "forecast")
    assert frame["ds"].tolist() == FRAME["ds"].iloc[1:15].tolist()
    assert frame["q90"].tolist() == made.q90.tolist()


def replaced(values: np.ndarray, row: int, value: float) -> np.ndarray:
    """One value changed."""
    changed = values.copy()
    changed[row] = value
    return changed


@pytest.mark.parametrize(
    ("name", "row", "value", "promise", "broken"),
    [
        ("mean", 3, np.nan, "finite values", "2017-01-06"),
        ("q90", 3, np.inf, "finite values", "2017-01-06"),
        ("mean", 0, -1.0, "no negative value", "2017-01-03"),
        ("q10", 1, 2.5, "q10 ≤ q50 ≤ q90", "2017-01-04"),
        ("q50", 2, 9.0, "q10 ≤ q50 ≤ q90", "2017-01-05"),
        ("mean", 5, 1.0, "exactly 0 on a closed day", "2017-01-08"),
    ],
)
def test_a_broken_promise_is_named_with_its_first_day(
    name: str, row: int, value: float, promise: str, broken: str
) -> None:
    """The message names the engine, the promise and the day."""
    future = as_days(FRAME).after(FIRST, 14)
    made = flat(future, **{name: replaced(getattr(flat(future), name), row, value)})
    with pytest.raises(InvalidFrame, match=f"flat: expected {promise}, broken on {broken}"):
        made.require(future, "flat")


@pytest.mark.parametrize("days", [slice(0, 13), slice(1, 14)])
def test_days_that_were_not_requested_are_refused(days: slice) -> None:
    """Fewer, or others."""
    future = as_days(FRAME).after(FIRST, 14)
    with pytest.raises(InvalidFrame, match="flat: expected the 14 requested days, found 13 others"):
        flat(future[days]).require(future, "flat")
