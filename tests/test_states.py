"""The states a store can be in on its worst days, through the whole house."""

from datetime import date, timedelta

import pandas as pd

from forecasting.domain import LOCAL_USER, SeriesKey, StoreState
from tests.house import LAST, House, plan, sales

NEW = "3"


def delivered(house: House, frame: pd.DataFrame) -> House:
    """Import sales of store 3, press Refresh, work."""
    house.deliver("sales", [frame])
    house.service.refresh(LOCAL_USER, NEW)
    house.work()
    return house


def test_a_store_with_one_day_of_history_gets_a_cautious_forecast(house: House) -> None:
    """By the challenger, named, with a wide band and no invented track record."""
    service = delivered(house, sales(NEW, "101", 50.0, LAST, LAST)).service
    assert service.freshness(LOCAL_USER, NEW).state is StoreState.FRESH
    days = service.forecast(LOCAL_USER, SeriesKey(NEW))
    opened = days[days["is_open"]]
    assert (opened["q90"] > opened["mean"]).all()
    summary = service.summary(LOCAL_USER, SeriesKey(NEW))
    assert summary is not None
    assert (summary.wape, summary.coverage, summary.last7) == (None, None, None)


def test_a_store_that_was_always_closed_fails_in_words(house: House) -> None:
    """No forecast is better than an invented one; the other stores are not touched."""
    closed = sales(NEW, "101", 50.0, LAST - timedelta(days=100), LAST).assign(demand=0.0, is_open=0)
    service = delivered(house, closed).service
    freshness = service.freshness(LOCAL_USER, NEW)
    assert freshness.state is StoreState.FAILED
    assert freshness.run is not None
    assert "expected at least one open day, found none" in freshness.run.error
    assert "store 3, product 101" in freshness.run.error


def test_a_store_that_is_planned_closed_is_exactly_0(house: House) -> None:
    """A closure of the whole horizon."""
    first, last = LAST + timedelta(days=1), LAST + timedelta(days=28)
    house.deliver("plan", [plan("1", first, last, is_open=0, holiday="Refurbishment")])
    house.service.refresh(LOCAL_USER, "1")
    house.work()
    days = house.service.forecast(LOCAL_USER, SeriesKey("1"))
    assert (days[["mean", "q10", "q50", "q90"]] == 0).all(axis=None)


def test_a_store_known_by_its_plan_alone_does_not_exist_yet(house: House) -> None:
    """It has no sales, so it is in no list, and its plan waits for them."""
    house.deliver("plan", [plan(NEW, LAST + timedelta(days=1), LAST + timedelta(days=9), promo=1)])
    assert [store.store for store in house.service.stores(LOCAL_USER)] == ["1", "2"]
    delivered(house, sales(NEW, "101", 50.0, date(2019, 1, 1), LAST))
    days = house.service.forecast(LOCAL_USER, SeriesKey(NEW))
    assert days["promo"].sum() == 9


def test_a_feed_two_weeks_late_is_forecast_from_where_it_ends(house: House) -> None:
    """The queue says how late it is; the horizon starts after the newest sales there are."""
    newest = LAST - timedelta(days=14)
    delivered(house, sales(NEW, "101", 50.0, date(2019, 1, 1), newest))
    (row,) = [row for row in house.service.queue(LOCAL_USER) if row.store == NEW]
    assert row.needs_attention
    assert row.reason == "No sales for 14 days, since Tue 19 Mar"
    days = house.service.forecast(LOCAL_USER, SeriesKey(NEW))
    assert days["ds"].iloc[0] == pd.Timestamp(newest + timedelta(days=1))


def test_one_hopeless_product_does_not_cost_the_store_its_forecast(house: House) -> None:
    """It is left out by name, the others are there."""
    never = sales(NEW, "102", 1.0, LAST - timedelta(days=100), LAST).assign(is_open=0, demand=0.0)
    usual = sales(NEW, "101", 50.0, LAST - timedelta(days=100), LAST)
    service = delivered(house, pd.concat([usual, never])).service
    header = service.freshness(LOCAL_USER, NEW).header
    assert header is not None
    assert any("Left out: store 3, product 102" in words for words in header.assumptions)
    assert set(service.export(LOCAL_USER).query("store == '3'")["item"]) == {"all", "101"}
