from datetime import date

import pandas as pd
import pytest

from forecasting import schema
from forecasting.calendar.inputs import StoreInputs, build_inputs, chain_hash, input_hash, series_histories
from forecasting.errors import UnknownSeries

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


def inputs(frame: pd.DataFrame, planned: pd.DataFrame = NO_PLAN, horizon: int = 14) -> StoreInputs:
    """Inputs of store 1."""
    return build_inputs("1", frame, planned, horizon, "hash")


def future(built: StoreInputs, item: str) -> pd.DataFrame:
    """The future of one item, by day."""
    return next(each.future for each in built.series if each.key.item == item).set_index("ds")


def test_the_total_is_the_sum_of_the_items_and_comes_first() -> None:
    """Open or promoted where one item is."""
    two = pd.concat([sales("102", 5.0).assign(promo=False), sales("101", 10.0)])
    built = inputs(two)
    assert [each.key.item for each in built.series] == ["all", "101", "102"]
    total = built.series[0].history
    assert list(total.columns) == list(schema.HISTORY)
    assert total["y"].max() == 15.0
    assert total.loc[total["promo"], "ds"].dt.day.unique().tolist() == [5]
    assert not total.loc[total["ds"].dt.day_of_week == SUNDAY, "is_open"].any()


def test_a_delivered_total_is_kept_as_it_is() -> None:
    """A store known by its total alone has no second one."""
    assert list(series_histories(sales("all", 30.0))) == ["all"]


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


def test_the_input_hash_changes_with_each_of_its_parts_only() -> None:
    """The same inputs give the same hash."""
    base = input_hash("s", "p", 28)
    assert base == input_hash("s", "p", 28)
    assert len({base, input_hash("t", "p", 28), input_hash("s", None, 28), input_hash("s", "p", 14)}) == 4


def test_the_hash_over_all_stores_changes_with_any_of_their_sales() -> None:
    """Not with the order of the stores; a store more or less is a change, and so is the horizon."""
    base = chain_hash({"1": "a", "2": "b"}, 28)
    assert base == chain_hash({"2": "b", "1": "a"}, 28)
    others = [
        ({"1": "a", "2": "c"}, 28),
        ({"1": "b", "2": "a"}, 28),
        ({"1": "a"}, 28),
        ({"1": "a", "2": "b"}, 14),
    ]
    assert len({base, *(chain_hash(heads, horizon) for heads, horizon in others)}) == 5


def test_the_cutoff_is_the_newest_sales_day() -> None:
    """Of any product of the store."""
    assert inputs(sales("101", 10.0)).cutoff == date(2019, 4, 2)
