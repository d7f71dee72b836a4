from datetime import date

import numpy as np
import pandas as pd
import pytest

from forecasting.calendar.inputs import (
    StoreFacts,
    all_facts,
    build_inputs,
    build_pasts,
    chain_hash,
    expected_days,
    input_hash,
)
from forecasting.calendar.store_totals import series_histories
from forecasting.core.day_arrays import day_of, number_of
from forecasting.core.domain import HistoryFile
from forecasting.core.errors import UnknownSeries
from forecasting.core.store_inputs import SeriesInputs, StoreInputs
from tests.calendar.store_frames import DAYS, SUNDAY, by_day, holiday_names, one, plan, sales
from tests.series import days_by_item

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


def future(built: StoreInputs, item: str) -> pd.DataFrame:
    """The future of one item, by day."""
    found = series(built, item)
    assert np.isnan(found.future.y).all()
    return by_day(found.future).drop(columns="y").assign(assumed=found.assumed)


def test_the_total_is_the_sum_of_the_items_and_comes_first() -> None:
    """It is open or on promotion if one item is."""
    two = pd.concat([sales("102", 5.0).assign(promo=False), sales("101", 10.0)])
    built = inputs(two)
    assert [each.key.item for each in built.series] == ["all", "101", "102"]
    total = built.series[0].past
    assert total.y.max() == 15.0
    assert {day_of(day).day for day in total.days[total.promo].tolist()} == {5}
    assert not total.is_open[total.weekday == SUNDAY].any()


def test_a_total_in_the_data_is_kept() -> None:
    """A store whose data has only the total has no second one."""
    frame = sales("all", 30.0)
    assert list(series_histories(frame)) == ["all"]
    pasts = build_pasts(days_by_item(frame), StoreFacts())
    assert list(pasts) == ["all"]
    assert pasts["all"].y.tolist() == frame["y"].tolist()
    assert [each.key.item for each in inputs(frame).series] == ["all"]


def test_the_future_starts_the_day_after_the_newest_sales_and_is_complete() -> None:
    """It has every day of the horizon once."""
    days = future(inputs(sales("101", 10.0)), "101").index
    assert days.tolist() == pd.date_range("2019-04-03", periods=14).tolist()


def test_days_missing_from_the_plan_are_filled_by_habit_and_named() -> None:
    """Sundays stay closed, and a sentence names the days."""
    built = inputs(sales("101", 10.0), plan("all", "2019-04-03", "2019-04-10", promo=True))
    days = future(built, "101")
    assert days.loc["2019-04-03":"2019-04-10", "promo"].all()
    assert not days.loc["2019-04-03":"2019-04-10", "assumed"].any()
    assert days.loc["2019-04-11":, "assumed"].all()
    assert not days.loc["2019-04-11":, "promo"].any()
    assert days.loc["2019-04-14", "is_open"] == False  # noqa: E712 - numpy's own False
    assert built.assumptions == (
        "No plan for 11–16 Apr: assumed open on the usual weekdays, with no promotions or holidays.",
    )


def test_a_complete_plan_leaves_nothing_to_assume() -> None:
    """There is no sentence."""
    assert inputs(sales("101", 10.0), plan("all", "2019-04-03", "2019-04-30")).assumptions == ()


def test_an_items_own_plan_overrides_the_stores() -> None:
    """The total is on promotion if one item is."""
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
    """It is closed only if all items are; the holiday keeps its name."""
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
    """No row for four weeks means no forecast, and a sentence says so."""
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
    """The same inputs give the same hash, with attributes in any order."""
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


def test_the_chain_hash_changes_with_the_sales_and_facts_of_any_store() -> None:
    """Also with the number of stores and the horizon, but not with the order of the stores."""

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


def test_histories_do_not_depend_on_the_days_ahead() -> None:
    """For any facts about the store; a discontinued product has a history too."""
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


# -- facts about the store ------------------------------------------------------------------------------

STANDING = {"promo2": 1.0, "promo2_since_year": 2019.0, "promo2_since_week": 10.0, "promo_interval": "Apr"}


def test_a_standing_promotion_reaches_every_series_before_and_after_the_cutoff() -> None:
    """It started on 4 March and is renewed in April."""
    built = inputs(pd.concat([sales("101", 10.0), sales("102", 5.0)]), attributes=STANDING)
    assert len(built.series) == 3
    for each in built.series:
        for days in (each.past, each.future):
            running = days.days >= number_of(date(2019, 3, 4))
            april = days.days >= number_of(date(2019, 4, 1))
            assert days.flags["standing_promotion"].tolist() == running.tolist()
            assert days.flags["standing_promotion_renewed"].tolist() == april.tolist()


def test_a_store_without_a_standing_promotion_has_no_flags() -> None:
    """Neither has a store without attributes."""
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


def test_a_holiday_named_in_the_plan_is_kept() -> None:
    """Even if the store opens on it; planned days without a name get the public holiday of the place."""
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
def test_a_store_closed_on_most_past_holidays_is_assumed_closed_on_future_ones(
    opened: tuple[str, ...], closed_ahead: list[str]
) -> None:
    """On days missing from the plan; half of the holidays is not most of them."""
    frame = sales("101", 10.0)
    holidays = frame["ds"].isin(pd.to_datetime(["2019-01-01", "2019-01-06"]))
    is_open = (frame["is_open"] & ~holidays) | frame["ds"].isin(pd.to_datetime(list(opened)))
    days = future(inputs(frame.assign(is_open=is_open, y=10.0 * is_open), horizon=28, place="DE-BW"), "101")
    usual = days[days.index.day_of_week != SUNDAY]
    assert usual.index[~usual["is_open"]].strftime("%Y-%m-%d").tolist() == closed_ahead


def test_a_plan_opens_a_store_on_a_holiday_it_is_usually_closed_on() -> None:
    """The plan overrides habit."""
    frame = sales("101", 10.0)
    is_open = frame["is_open"] & ~frame["ds"].isin(pd.to_datetime(["2019-01-01", "2019-01-06"]))
    closed = frame.assign(is_open=is_open, y=10.0 * is_open)
    planned = plan("all", "2019-04-19", "2019-04-19")
    days = future(inputs(closed, planned, 28, place="DE-BW"), "101")
    assert days.loc["2019-04-19", ["is_open", "holiday"]].tolist() == [True, "Good Friday"]
    assert days.loc["2019-04-22", "is_open"] == False  # noqa: E712 - numpy's own False


def test_a_store_without_past_holidays_is_assumed_open_on_future_ones() -> None:
    """There is no habit to follow."""
    late = sales("101", 10.0, DAYS[14:])
    assert late["ds"].min() > pd.Timestamp("2019-01-06")
    days = future(inputs(late, horizon=28, place="DE-BW"), "101")
    assert days.loc["2019-04-19", ["is_open", "holiday"]].tolist() == [True, "Good Friday"]


def test_expected_days_are_those_of_the_total_up_to_a_day() -> None:
    """From the plan or by habit, with the public holidays of the place."""
    known = days_by_item(pd.concat([sales("101", 10.0), sales("102", 5.0)]))
    planned = days_by_item(plan("101", "2019-04-10", "2019-04-10", is_open=False, promo=True))
    days = expected_days(known, planned, date(2019, 4, 22), "DE-BW")
    assert (days.first, days.last, len(days)) == (date(2019, 4, 3), date(2019, 4, 22), 20)
    assert {name for name in holiday_names(days) if name} == {"Good Friday", "Easter Monday"}
    assert days.promo.tolist() == (days.days == number_of(date(2019, 4, 10))).tolist()
    assert days.is_open.tolist() == (days.weekday != SUNDAY).tolist()  # 102 may open on the tenth
    assert not any(holiday_names(expected_days(known, planned, date(2019, 4, 22))))


def test_a_frame_becomes_days_by_item() -> None:
    """Items keep the order of their first rows; one item, or none, works too."""
    frame = pd.concat([sales("102", 5.0), sales("9", 10.0, DAYS[:50])])
    found = days_by_item(frame.sort_values("ds", kind="stable"))
    assert list(found) == ["102", "9"]
    for item, days in found.items():
        pd.testing.assert_frame_equal(by_day(days), by_day(one(frame[frame["item"] == item])))
    assert list(days_by_item(frame[:7])) == ["102"]
    assert days_by_item(frame[:0]) == days_by_item(NO_PLAN) == {}
