"""The states a store can be in on its worst days, through the whole house."""

from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
import pytest

from forecasting.core.domain import LOCAL_USER, SeriesKey, StoreState
from forecasting.core.errors import InvalidFile
from forecasting.refresh.lifecycle import ATTEMPTS
from tests.house import LAST, House, plan, sales

NEW = "3"


def delivered(house: House, frame: pd.DataFrame) -> House:
    """Import sales of store 3, press Refresh, work."""
    house.deliver("sales", [frame])
    house.services.refreshing.refresh(LOCAL_USER, NEW)
    house.work()
    return house


def test_a_store_with_one_day_of_history_gets_a_cautious_forecast(house: House) -> None:
    """By the challenger, named, with a wide band and no invented track record."""
    services = delivered(house, sales(NEW, "101", 50.0, LAST, LAST)).services
    assert services.stores.freshness(LOCAL_USER, NEW).state is StoreState.FRESH
    days = services.forecasts.forecast(LOCAL_USER, SeriesKey(NEW))
    opened = days[days["is_open"]]
    assert (opened["q90"] > opened["mean"]).all()
    summary = services.forecasts.summary(LOCAL_USER, SeriesKey(NEW))
    assert summary is not None
    assert (summary.wape, summary.coverage, summary.last7) == (None, None, None)


def test_a_store_that_was_always_closed_fails_in_words(house: House) -> None:
    """No forecast is better than an invented one; the other stores are not touched."""
    closed = sales(NEW, "101", 50.0, LAST - timedelta(days=100), LAST).assign(demand=0.0, is_open=0)
    services = delivered(house, closed).services
    freshness = services.stores.freshness(LOCAL_USER, NEW)
    assert freshness.state is StoreState.FAILED
    assert freshness.run is not None
    assert "expected at least one open day, found none" in freshness.run.error
    assert "store 3, product 101" in freshness.run.error


def test_a_store_that_is_planned_closed_is_exactly_0(house: House) -> None:
    """A closure of the whole horizon."""
    first, last = LAST + timedelta(days=1), LAST + timedelta(days=28)
    house.deliver("plan", [plan("1", first, last, is_open=0, holiday="Refurbishment")])
    house.services.refreshing.refresh(LOCAL_USER, "1")
    house.work()
    days = house.services.forecasts.forecast(LOCAL_USER, SeriesKey("1"))
    assert (days[["mean", "q10", "q50", "q90"]] == 0).all(axis=None)


def test_a_store_known_by_its_plan_alone_does_not_exist_yet(house: House) -> None:
    """It has no sales, so it is in no list, and its plan waits for them."""
    house.deliver("plan", [plan(NEW, LAST + timedelta(days=1), LAST + timedelta(days=9), promo=1)])
    assert [store.store for store in house.services.stores.visible(LOCAL_USER)] == ["1", "2"]
    delivered(house, sales(NEW, "101", 50.0, date(2019, 1, 1), LAST))
    days = house.services.forecasts.forecast(LOCAL_USER, SeriesKey(NEW))
    assert days["promo"].sum() == 9


def test_a_feed_two_weeks_late_is_forecast_from_where_it_ends(house: House) -> None:
    """The queue says how late it is; the horizon starts after the newest sales there are."""
    newest = LAST - timedelta(days=14)
    delivered(house, sales(NEW, "101", 50.0, date(2019, 1, 1), newest))
    (row,) = [row for row in house.services.stores.queue(LOCAL_USER) if row.store == NEW]
    assert row.needs_attention
    assert row.reason == "No sales for 14 days, since Tue 19 Mar"
    days = house.services.forecasts.forecast(LOCAL_USER, SeriesKey(NEW))
    assert days["ds"].iloc[0] == pd.Timestamp(newest + timedelta(days=1))


def test_one_hopeless_product_does_not_cost_the_store_its_forecast(house: House) -> None:
    """It is left out by name, the others are there."""
    never = sales(NEW, "102", 1.0, LAST - timedelta(days=100), LAST).assign(is_open=0, demand=0.0)
    usual = sales(NEW, "101", 50.0, LAST - timedelta(days=100), LAST)
    services = delivered(house, pd.concat([usual, never])).services
    header = services.stores.freshness(LOCAL_USER, NEW).header
    assert header is not None
    assert any("Left out: store 3, product 102" in words for words in header.assumptions)
    assert set(services.forecasts.export(LOCAL_USER).query("store == '3'")["item"]) == {"all", "101"}


def test_a_plan_that_closes_one_product_does_not_close_the_store(house: House) -> None:
    """The total follows what is known or usual of every product."""
    day = LAST + timedelta(days=3)
    house.deliver("plan", [plan("1", day, day, is_open=0).assign(item="101")])
    house.services.refreshing.refresh(LOCAL_USER, "1")
    house.work()
    opened = {
        item: bool(
            house.services.forecasts.forecast(LOCAL_USER, SeriesKey("1", item)).set_index("ds")["is_open"][
                str(day)
            ]
        )
        for item in ("all", "101", "102")
    }
    assert opened == {"all": True, "101": False, "102": True}


def test_a_feed_without_rows_for_closed_days_means_closed(house: House) -> None:
    """No Sunday rows in two weeks and more: the store is closed on Sundays, and last week is comparable."""
    usual = sales(NEW, "101", 50.0, LAST - timedelta(days=100), LAST)
    services = delivered(house, usual[usual["is_open"] == 1]).services
    days = services.forecasts.forecast(LOCAL_USER, SeriesKey(NEW))
    assert not days.loc[days["ds"].dt.day_of_week == 6, "is_open"].any()
    summary = services.forecasts.summary(LOCAL_USER, SeriesKey(NEW))
    assert summary is not None
    assert summary.last7 is not None


def test_a_press_after_a_failed_training_within_the_tolerance_tries_again(house: House) -> None:
    """The page says Failed; a press must not be told that all is fresh."""
    house.services.refreshing.refresh(LOCAL_USER, "1")
    house.work()
    house.clock.turn(timedelta(minutes=1))
    house.compute.losses = 2 * ATTEMPTS
    house.services.refreshing.refresh(LOCAL_USER, "1", force=True)
    house.work()
    assert house.services.stores.freshness(LOCAL_USER, "1").state is StoreState.FAILED
    house.clock.turn(timedelta(minutes=1))
    answer = house.services.refreshing.refresh(LOCAL_USER, "1")
    assert answer.message == "Trained 2 min ago, but the last refresh failed: trying again"
    house.work()
    assert house.services.stores.freshness(LOCAL_USER, "1").state is StoreState.FRESH


def test_a_product_that_appears_within_the_tolerance_is_chosen_for_and_kept(house: House) -> None:
    """The predictor of the same age carries its choice from then on."""
    house.services.refreshing.refresh(LOCAL_USER, "1")
    house.work()
    before = house.services.stores.freshness(LOCAL_USER, "1").header
    house.deliver("sales", [sales("1", "999", 5.0, LAST - timedelta(days=100), LAST)])
    house.services.refreshing.refresh(LOCAL_USER, "1")
    house.work()
    after = house.services.stores.freshness(LOCAL_USER, "1").header
    assert before is not None
    assert after is not None
    assert after.trained_at == before.trained_at
    assert house.services.forecasts.predictor(LOCAL_USER, "1").choice_of("999") is not None


def test_an_engine_that_fails_on_new_sales_is_replaced_and_not_dropped(house: House) -> None:
    """The challenger takes over, by name."""
    house.services.refreshing.refresh(LOCAL_USER, "1")
    house.work()
    house.next_day()
    house.engine.failure = "expected a calmer series"
    house.services.refreshing.refresh(LOCAL_USER, "1")
    house.work()
    assert house.services.stores.freshness(LOCAL_USER, "1").state is StoreState.FRESH
    assert set(house.services.forecasts.forecast(LOCAL_USER, SeriesKey("1"))["engine"]) == {"seasonal_naive"}


def test_a_mistyped_year_is_refused_by_row_and_does_not_move_the_business_date(house: House) -> None:
    """One row of 2091 would make every store seventy years late."""
    typo = sales("1", "101", 5.0, LAST, LAST).assign(date="2091-05-03")
    with pytest.raises(
        InvalidFile, match=r"sales\.csv, row 2, column 'date': expected a day up to 2019-05-04"
    ):
        house.deliver("sales", [typo])
    assert house.services.stores.as_of(LOCAL_USER) == LAST + timedelta(days=1)


def test_the_queue_is_worked_out_once_as_long_as_nothing_happens(house: House) -> None:
    """And anew for a request, its end, a review, another reader, and a minute later."""
    services = house.services
    seen = [services.stores.queue(LOCAL_USER)]
    assert services.stores.queue(LOCAL_USER) is seen[0]
    services.refreshing.refresh(LOCAL_USER, "1")
    seen.append(services.stores.queue(LOCAL_USER))
    assert [row.state for row in seen[-1] if row.store == "1"] == [StoreState.RUNNING]
    house.work()
    seen.append(services.stores.queue(LOCAL_USER))
    assert [row.state for row in seen[-1] if row.store == "1"] == [StoreState.FRESH]
    services.reviews.review(LOCAL_USER, "1")
    seen.append(services.stores.queue(LOCAL_USER))
    assert [row.review is not None for row in seen[-1]] == [row.store == "1" for row in seen[-1]]
    ana = replace(LOCAL_USER, subject="ana", stores=frozenset({"1"}))
    assert [row.store for row in services.stores.queue(ana)] == ["1"]
    house.clock.turn(timedelta(minutes=1))
    seen.append(services.stores.queue(LOCAL_USER))
    assert len({id(rows) for rows in seen}) == len(seen)


def test_a_failure_is_in_the_queue_at_once(house: House) -> None:
    """Although neither sales nor a version came of it, and the clock stands still."""
    closed = sales(NEW, "101", 50.0, LAST - timedelta(days=100), LAST).assign(demand=0.0, is_open=0)
    house.deliver("sales", [closed])
    before = [row.state for row in house.services.stores.queue(LOCAL_USER) if row.store == NEW]
    house.services.refreshing.refresh(LOCAL_USER, NEW)
    house.work()
    after = [row.state for row in house.services.stores.queue(LOCAL_USER) if row.store == NEW]
    assert (before, after) == ([StoreState.NONE], [StoreState.FAILED])
