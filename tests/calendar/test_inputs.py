from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.calendar.inputs import (
    SeriesInputs,
    StoreFacts,
    StoreInputs,
    all_facts,
    build_inputs,
    build_pasts,
    chain_hash,
    closed_on_holidays,
    expected_days,
    future_days,
    input_hash,
    series_histories,
    silent_days,
    total_future,
    total_of,
    usual_days,
)
from forecasting.core.day_arrays import SeriesDays, day_of, number_of
from forecasting.core.domain import ALL_ITEMS, HistoryFile
from forecasting.core.errors import UnknownSeries
from tests.series import days_by_item

DAYS = pd.date_range("2019-01-01", "2019-04-02", unit="us")  # ends on a Tuesday
SUNDAY = 6


def sales(item: str, level: float, days: pd.DatetimeIndex = DAYS) -> pd.DataFrame:
    """One item of store 1, closed on Sundays."""
    is_open = days.day_of_week != SUNDAY
    return pd.DataFrame(
        {
            "store": "1", "item": item, "ds": days, "y": level * is_open, "is_open": is_open,
            "promo": days.day == 5, "holiday": "", "school_holiday": False,
        }
    )  # fmt: skip


def plan(item: str, first: str, last: str, **covariates: object) -> pd.DataFrame:
    """Plan rows of store 1."""
    days = pd.date_range(first, last, unit="us")
    usual = {"is_open": True, "promo": False, "holiday": "", "school_holiday": False}
    return pd.DataFrame({"store": "1", "item": item, "ds": days, **usual, **covariates})


NO_PLAN = plan("all", "2019-04-03", "2019-04-03").iloc[:0]


def inputs(
    frame: pd.DataFrame, planned: pd.DataFrame = NO_PLAN, horizon: int = 14, **facts: object
) -> StoreInputs:
    """Inputs of store 1."""
    known = StoreFacts(**facts)  # type: ignore[arg-type] # by name
    return build_inputs("1", days_by_item(frame), days_by_item(planned), horizon, known)


def series(built: StoreInputs, item: str) -> SeriesInputs:
    """One of its series."""
    return next(each for each in built.series if each.key.item == item)


def by_day(days: SeriesDays) -> pd.DataFrame:
    """What is known of days, by day."""
    columns = {
        "y": days.y,
        "is_open": days.is_open,
        "promo": days.promo,
        "holiday": [days.kinds[code] for code in days.holiday],
        "school_holiday": days.school_holiday,
    }
    return pd.DataFrame(columns, index=days.days.astype("datetime64[D]").astype("datetime64[us]"))


def future(built: StoreInputs, item: str) -> pd.DataFrame:
    """The future of one item, by day."""
    found = series(built, item)
    assert np.isnan(found.future.y).all()
    return by_day(found.future).drop(columns="y").assign(assumed=found.assumed)


def test_the_total_is_the_sum_of_the_items_and_comes_first() -> None:
    """Open or promoted where one item is."""
    two = pd.concat([sales("102", 5.0).assign(promo=False), sales("101", 10.0)])
    built = inputs(two)
    assert [each.key.item for each in built.series] == ["all", "101", "102"]
    total = built.series[0].past
    assert total.y.max() == 15.0
    assert {day_of(day).day for day in total.days[total.promo].tolist()} == {5}
    assert not total.is_open[total.weekday == SUNDAY].any()


def test_a_delivered_total_is_kept_as_it_is() -> None:
    """A store known by its total alone has no second one."""
    frame = sales("all", 30.0)
    assert list(series_histories(frame)) == ["all"]
    pasts = build_pasts(days_by_item(frame), StoreFacts())
    assert list(pasts) == ["all"]
    assert pasts["all"].y.tolist() == frame["y"].tolist()
    assert [each.key.item for each in inputs(frame).series] == ["all"]


def test_the_future_starts_the_day_after_the_newest_sales_and_is_complete() -> None:
    """As many days as the horizon, each once."""
    days = future(inputs(sales("101", 10.0)), "101").index
    assert days.tolist() == pd.date_range("2019-04-03", periods=14).tolist()


def test_where_the_plan_is_silent_days_are_filled_by_habit_and_it_says_so() -> None:
    """Sundays stay closed, nothing else is special, and a sentence names the days."""
    built = inputs(sales("101", 10.0), plan("all", "2019-04-03", "2019-04-10", promo=True))
    days = future(built, "101")
    assert days.loc["2019-04-03":"2019-04-10", "promo"].all()
    assert not days.loc["2019-04-03":"2019-04-10", "assumed"].any()
    assert days.loc["2019-04-11":, "assumed"].all()
    assert not days.loc["2019-04-11":, "promo"].any()
    assert days.loc["2019-04-14", "is_open"] == False  # noqa: E712 - numpy's own False
    assert built.assumptions == (
        "No plan for 11–16 Apr: open on the usual weekdays, no promotion and no holiday assumed.",
    )


def test_a_complete_plan_leaves_nothing_to_assume() -> None:
    """No sentence without a reason."""
    assert inputs(sales("101", 10.0), plan("all", "2019-04-03", "2019-04-30")).assumptions == ()


def test_an_items_own_plan_goes_before_the_stores() -> None:
    """The total is on promotion where one item is."""
    planned = pd.concat(
        [
            plan("all", "2019-04-03", "2019-04-16"),
            plan("101", "2019-04-05", "2019-04-05", promo=True),
        ]
    )
    built = inputs(pd.concat([sales("101", 10.0), sales("102", 5.0)]), planned)
    assert future(built, "101")["promo"].sum() == 1
    assert future(built, "102")["promo"].sum() == 0


def test_the_total_combines_item_plans() -> None:
    """Closed only where all are, the holiday by its name."""
    planned = pd.concat(
        [
            plan("101", "2019-04-03", "2019-04-16", promo=True),
            plan("102", "2019-04-03", "2019-04-16", holiday="Easter Monday"),
        ]
    )
    total = future(inputs(pd.concat([sales("101", 10.0), sales("102", 5.0)]), planned), "all")
    assert total["promo"].all()
    assert set(total["holiday"]) == {"Easter Monday"}


def test_a_discontinued_product_is_left_out_and_named() -> None:
    """No row for four weeks means no forecast, but never silently."""
    old = sales("103", 3.0, DAYS[:50])
    built = inputs(pd.concat([sales("101", 10.0), old]))
    assert [each.key.item for each in built.series] == ["all", "101"]
    assert "Product 103 is left out: its last sales row is of 19 Feb 2019." in built.assumptions


def test_a_store_without_sales_is_unknown() -> None:
    """There is nothing to start from."""
    with pytest.raises(UnknownSeries, match="store 1: expected sales history, found none"):
        inputs(sales("101", 1.0).iloc[:0])
    with pytest.raises(UnknownSeries, match="store 1: expected sales history, found none"):
        build_inputs("1", {"101": days_by_item(sales("101", 1.0))["101"][:0]}, {}, 14)


def test_the_input_hash_changes_with_each_of_its_parts_only() -> None:
    """The same inputs give the same hash, in whatever order attributes stand."""
    facts = StoreFacts({"promo2": 1.0, "type": "a"}, "DE-BW")
    base = input_hash("s", "p", 28, facts, "c")
    assert base == input_hash("s", "p", 28, StoreFacts({"type": "a", "promo2": 1.0}, "DE-BW"), "c")
    others = [
        input_hash("t", "p", 28, facts, "c"),
        input_hash("s", "q", 28, facts, "c"),
        input_hash("s", None, 28, facts, "c"),
        input_hash("s", "p", 14, facts, "c"),
        input_hash("s", "p", 28, StoreFacts({"promo2": 0.0, "type": "a"}, "DE-BW"), "c"),
        input_hash("s", "p", 28, StoreFacts({"type": "a"}, "DE-BW"), "c"),
        input_hash("s", "p", 28, StoreFacts(facts.attributes, "DE"), "c"),
        input_hash("s", "p", 28, facts, "d"),
        input_hash("s", "p", 28, facts),
    ]
    assert len({base, *others}) == 10


def test_the_hash_over_all_stores_changes_with_any_of_their_sales_and_facts() -> None:
    """Not with the order of the stores; a store more or less is a change, and so is the horizon."""

    def hashed(sold: dict[str, str], horizon: int = 28, **known: object) -> str:
        first, last = DAYS[0].date(), DAYS[-1].date()
        heads = {
            store: HistoryFile(store, "sales", digest, 1, first, last, ("all",), "North")
            for store, digest in sold.items()
        }
        return chain_hash(heads, all_facts(heads, **{"attributes": {}, "places": {}, **known}), horizon)  # type: ignore[arg-type] # by name

    base = hashed({"1": "a", "2": "b"})
    assert base == hashed({"2": "b", "1": "a"})
    others = [
        hashed({"1": "a", "2": "c"}),
        hashed({"1": "b", "2": "a"}),
        hashed({"1": "a"}),
        hashed({"1": "a", "2": "b"}, 14),
        hashed({"1": "a", "2": "b"}, attributes={"1": {"promo2": 1.0}}),
        hashed({"1": "a", "2": "b"}, places={"North": "DE"}),
    ]
    assert len({base, *others}) == 7


def test_the_cutoff_is_the_newest_sales_day() -> None:
    """Of any product of the store."""
    assert inputs(sales("101", 10.0)).cutoff == date(2019, 4, 2)


def test_the_histories_are_the_same_with_a_future_and_without() -> None:
    """Whatever is known of the store; a discontinued product has one as well."""
    frame = pd.concat([sales("102", 5.0), sales("101", 10.0), sales("103", 3.0, DAYS[:50])])
    facts = StoreFacts(STANDING, "DE-BW")
    pasts = build_pasts(days_by_item(frame), facts)
    built = build_inputs("1", days_by_item(frame), {}, 14, facts)
    assert sorted(pasts) == ["101", "102", "103", "all"]
    assert len(pasts["103"]) == 50
    for each in built.series:
        past = pasts[each.key.item]
        pd.testing.assert_frame_equal(by_day(past), by_day(each.past))
        assert past.kinds == each.past.kinds
        assert {name: flag.tolist() for name, flag in past.flags.items()} == {
            name: flag.tolist() for name, flag in each.past.flags.items()
        }


# -- what is known of the store ------------------------------------------------------------------------

STANDING = {"promo2": 1.0, "promo2_since_year": 2019.0, "promo2_since_week": 10.0, "promo_interval": "Apr"}


def test_a_standing_promotion_reaches_every_series_before_and_after_the_cutoff() -> None:
    """It began on 4 March, and is renewed in April."""
    built = inputs(pd.concat([sales("101", 10.0), sales("102", 5.0)]), attributes=STANDING)
    assert len(built.series) == 3
    for each in built.series:
        for days in (each.past, each.future):
            running = days.days >= number_of(date(2019, 3, 4))
            april = days.days >= number_of(date(2019, 4, 1))
            assert days.flags["standing_promotion"].tolist() == running.tolist()
            assert days.flags["standing_promotion_renewed"].tolist() == april.tolist()


def test_a_store_without_one_has_no_flags() -> None:
    """Nor has one of which nothing is known."""
    for built in (inputs(sales("101", 10.0)), build_inputs("1", days_by_item(sales("101", 10.0)), {}, 14)):
        assert all(not each.past.flags and not each.future.flags for each in built.series)


def test_the_holidays_of_a_configured_place_are_those_of_past_and_future() -> None:
    """New Year, Epiphany, Good Friday and Easter Monday in Baden-Württemberg; without a place none."""
    built = inputs(sales("101", 10.0), horizon=28, place="DE-BW")
    past, ahead = by_day(series(built, "101").past), future(built, "101")
    named = {day: name for day, name in pd.concat([past, ahead])["holiday"].items() if name}
    assert named == {
        pd.Timestamp("2019-01-01"): "New Year's Day",
        pd.Timestamp("2019-01-06"): "Epiphany",
        pd.Timestamp("2019-04-19"): "Good Friday",
        pd.Timestamp("2019-04-22"): "Easter Monday",
    }
    assert ahead["assumed"].all()
    without = inputs(sales("101", 10.0), horizon=28)
    assert series(without, "101").past.kinds == series(without, "101").future.kinds == ("",)


def test_a_plan_that_names_a_holiday_itself_is_believed() -> None:
    """Also where it says that the store opens; a planned day it does not name is named by the place."""
    planned = plan("all", "2019-04-03", "2019-04-30")
    planned["holiday"] = planned["holiday"].where(planned["ds"] != "2019-04-19", "Karfreitag")
    days = future(inputs(sales("101", 10.0), planned, 28, place="DE-BW"), "101")
    assert days.loc["2019-04-19", "holiday"] == "Karfreitag"
    assert days.loc["2019-04-22", "holiday"] == "Easter Monday"
    assert days["is_open"].all()


@pytest.mark.parametrize(
    ("opened", "closed_ahead"),
    [
        pytest.param((), ["2019-04-19", "2019-04-22"], id="closed on all"),
        pytest.param(("2019-01-01",), [], id="open on half of them"),
        pytest.param(("2019-01-01", "2019-01-06"), [], id="open on all"),
    ],
)
def test_a_store_that_was_closed_on_most_holidays_is_assumed_closed_on_those_to_come(
    opened: tuple[str, ...], closed_ahead: list[str]
) -> None:
    """Where the plan is silent. Half of them is not most of them."""
    frame = sales("101", 10.0)
    holidays = frame["ds"].isin(pd.to_datetime(["2019-01-01", "2019-01-06"]))
    is_open = (frame["is_open"] & ~holidays) | frame["ds"].isin(pd.to_datetime(list(opened)))
    days = future(inputs(frame.assign(is_open=is_open, y=10.0 * is_open), horizon=28, place="DE-BW"), "101")
    usual = days[days.index.day_of_week != SUNDAY]
    assert usual.index[~usual["is_open"]].strftime("%Y-%m-%d").tolist() == closed_ahead


def test_a_plan_opens_a_store_on_a_holiday_it_is_usually_closed_on() -> None:
    """What is planned goes before habit."""
    frame = sales("101", 10.0)
    is_open = frame["is_open"] & ~frame["ds"].isin(pd.to_datetime(["2019-01-01", "2019-01-06"]))
    closed = frame.assign(is_open=is_open, y=10.0 * is_open)
    planned = plan("all", "2019-04-19", "2019-04-19")
    days = future(inputs(closed, planned, 28, place="DE-BW"), "101")
    assert days.loc["2019-04-19", ["is_open", "holiday"]].tolist() == [True, "Good Friday"]
    assert days.loc["2019-04-22", "is_open"] == False  # noqa: E712 - numpy's own False


def test_a_store_without_a_holiday_behind_it_is_assumed_open_on_those_to_come() -> None:
    """Nothing is known of it."""
    late = sales("101", 10.0, DAYS[14:])
    assert late["ds"].min() > pd.Timestamp("2019-01-06")
    days = future(inputs(late, horizon=28, place="DE-BW"), "101")
    assert days.loc["2019-04-19", ["is_open", "holiday"]].tolist() == [True, "Good Friday"]


# -- the steps on their own ----------------------------------------------------------------------------


def one(frame: pd.DataFrame) -> SeriesDays:
    """The days of a frame of one item."""
    (days,) = days_by_item(frame).values()
    return days


def names(days: SeriesDays) -> list[str]:
    """The holiday of each day."""
    return [days.kinds[code] for code in days.holiday]


def test_a_frame_becomes_days_by_item() -> None:
    """In the order items first appear, however their rows are mixed; one item alone as well, and none."""
    frame = pd.concat([sales("102", 5.0), sales("9", 10.0, DAYS[:50])])
    found = days_by_item(frame.sort_values("ds", kind="stable"))
    assert list(found) == ["102", "9"]
    for item, days in found.items():
        pd.testing.assert_frame_equal(by_day(days), by_day(one(frame[frame["item"] == item])))
    assert list(days_by_item(frame[:7])) == ["102"]
    assert days_by_item(frame[:0]) == days_by_item(NO_PLAN) == {}


HOLIDAYS = ("", "", "Easter", "May Day", "Änderung", "1st")
ROW = st.tuples(
    st.integers(0, 10_000), st.booleans(), st.booleans(), st.sampled_from(HOLIDAYS), st.booleans()
)


@given(
    st.dictionaries(
        st.sampled_from(["7", "101", "x"]), st.dictionaries(st.integers(0, 12), ROW, min_size=1), min_size=1
    )
)
def test_a_total_in_arrays_is_that_of_frames(items: dict[str, dict[int, tuple[object, ...]]]) -> None:
    """Whatever days items have or lack: summed, open and promoted by any, the holiday the last by name."""
    columns = ["y", "is_open", "promo", "holiday", "school_holiday"]
    frame = pd.concat(
        pd.DataFrame([rows[day] for day in sorted(rows)], columns=columns).assign(
            item=item, ds=[DAYS[day] for day in sorted(rows)]
        )
        for item, rows in items.items()
    ).astype({"y": float, "holiday": "str"})
    expected = series_histories(frame)["all"]
    total = total_of(list(days_by_item(frame).values()))
    assert total.days.tolist() == [number_of(day.date()) for day in expected["ds"]]
    for name in ("y", "is_open", "promo", "school_holiday"):
        assert getattr(total, name).tolist() == expected[name].tolist(), name
    assert names(total) == expected["holiday"].tolist()


def test_a_total_has_the_flags_of_any_item() -> None:
    """On the days of those that have them; the items stay as they are."""
    whole, late = one(sales("101", 1.0)), one(sales("102", 2.0, DAYS[60:]))
    flagged = replace(late, flags={"standing": np.ones(len(late), dtype=np.bool_)})
    total = total_of([whole, flagged])
    assert total.flags["standing"].tolist() == [False] * 60 + [True] * (len(DAYS) - 60)
    assert total.y.max() == 3.0
    assert whole.y.max() == 1.0


def test_habit_is_of_the_last_eight_weeks() -> None:
    """A Sunday open nine weeks ago is none; one open eight weeks ago is. Nothing else is special."""
    frame = sales("all", 10.0)
    for opened, expected in (("2019-02-03", False), ("2019-02-10", True)):
        sunday = frame["ds"] == opened
        total = one(frame.assign(is_open=frame["is_open"] | sunday, holiday="Carnival", school_holiday=True))
        habit = usual_days(total, 14)
        assert habit.days.tolist() == (total.days[-1] + np.arange(1, 15)).tolist()
        assert habit.is_open.tolist() == ((habit.weekday != SUNDAY) | expected).tolist()
        assert names(habit) == [""] * 14
        assert not habit.promo.any()
        assert not habit.school_holiday.any()
        assert np.isnan(habit.y).all()


@pytest.mark.parametrize(("size", "opens"), [(14, True), (15, False)])
def test_a_weekday_without_a_row_is_closed_once_two_weeks_are_known(size: int, opens: bool) -> None:  # noqa: FBT001 - a parameter
    """Before that it is not known to be, and assumed open."""
    frame = sales("all", 10.0, DAYS[-size:])
    habit = usual_days(one(frame[frame["is_open"]]), 7)
    assert habit.is_open[habit.weekday == SUNDAY].tolist() == [opens]


def test_holidays_close_only_stores_that_were_closed_on_most() -> None:
    """One that knows none stays open, and nothing but the holidays changes."""
    frame = sales("all", 10.0)
    habit = replace(usual_days(one(frame), 7), holiday=np.arange(7) % 2, kinds=("", "Fair"))
    first, second = frame["ds"] == frame["ds"].iloc[0], frame["ds"] == frame["ds"].iloc[1]
    before = frame.assign(holiday=np.where(first | second, "Fair", ""))
    closed = closed_on_holidays(habit, one(before.assign(is_open=frame["is_open"] & ~first & ~second)))
    assert closed.is_open.tolist() == (habit.is_open & (habit.holiday == 0)).tolist()
    half = closed_on_holidays(habit, one(before.assign(is_open=frame["is_open"] & ~first)))
    assert half is closed_on_holidays(habit, one(frame)) is habit


def test_days_to_come_are_planned_by_item_by_store_and_by_habit() -> None:
    """In that order, day by day; only what nobody planned is assumed."""
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
    assert names(found.days) == ["Fair", "Fair", "", "", "", ""]
    assert found.days.promo.tolist() == [True, True, False, False, False, False]
    assert found.days.school_holiday.tolist() == [False, False, True, True, False, False]
    assert found.days.is_open.tolist() == [True, True, False, False, False, True]  # 7 April is a Sunday
    assert found.assumed.tolist() == [False, False, False, False, True, True]
    whole = future_days(ALL_ITEMS, planned, habit)
    assert whole.assumed.tolist() == [False, False, False, True, True, True]
    total = total_future([found, whole])
    assert total.assumed.tolist() == whole.assumed.tolist()
    assert total.days.is_open.tolist() == [True, True, True, True, False, True]
    assert names(total.days) == ["Fair", "Fair", "Fair", "", "", ""]


def test_silence_is_told_with_the_place_whose_holidays_are_known() -> None:
    """And a complete plan has no sentence."""
    habit = usual_days(one(sales("all", 10.0)), 6)
    found = future_days("101", days_by_item(plan("all", "2019-04-03", "2019-04-05")), habit)
    (sentence,) = silent_days(found, "DE-BW")
    assert sentence.startswith("No plan for 6–8 Apr: open on the usual weekdays, no promotion and ")
    assert sentence.endswith(" and only the public holidays of DE-BW assumed.")
    assert silent_days(found._replace(assumed=np.zeros(6, dtype=np.bool_))) == []


def test_the_days_expected_of_a_store_are_its_totals_up_to_a_day() -> None:
    """By plan, else by habit, with the public holidays of its place."""
    known = days_by_item(pd.concat([sales("101", 10.0), sales("102", 5.0)]))
    planned = days_by_item(plan("101", "2019-04-10", "2019-04-10", is_open=False, promo=True))
    days = expected_days(known, planned, date(2019, 4, 22), "DE-BW")
    assert (days.first, days.last, len(days)) == (date(2019, 4, 3), date(2019, 4, 22), 20)
    assert {name for name in names(days) if name} == {"Good Friday", "Easter Monday"}
    assert days.promo.tolist() == (days.days == number_of(date(2019, 4, 10))).tolist()
    assert days.is_open.tolist() == (days.weekday != SUNDAY).tolist()  # 102 may open on the tenth
    assert not any(names(expected_days(known, planned, date(2019, 4, 22))))
