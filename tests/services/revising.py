"""Changes of sales and plan that move a forecast, and comparisons of what they moved."""

from dataclasses import astuple
from datetime import date, timedelta

import numpy as np
import pytest

from forecasting.core.domain import LOCAL_USER, SeriesKey, Verdict
from forecasting.planning.changes import ForecastChanges
from tests.house import House, plan, sales

ALL = ("all", "101", "102")
CLOSED = date(2019, 4, 20)
NEWS = (date(2019, 4, 3), date(2019, 4, 12))


def refreshed(house: House, *, force: bool = False) -> int:
    """Press an hour later, and work; the number of the new version."""
    house.clock.turn(timedelta(hours=1))
    assert house.services.refreshing.refresh(LOCAL_USER, "1", force=force).verdict in (
        Verdict.REFORECAST,
        Verdict.RETRAIN,
    )
    house.work()
    header = house.services.stores.freshness(LOCAL_USER, "1").header
    assert header is not None
    return header.version


def better_sales(house: House) -> None:
    """Ten days that sold half as much again, an hour later."""
    house.clock.turn(timedelta(hours=1))
    levels = {"101": 150.0, "102": 75.0}
    house.deliver("sales", [sales("1", item, level, *NEWS) for item, level in levels.items()])


def closure(house: House) -> None:
    """A day on which the store will be closed, an hour later."""
    house.clock.turn(timedelta(hours=1))
    house.deliver("plan", [plan("1", CLOSED, CLOSED, is_open=0, holiday="Inventory")])


def changes(house: House, item: str = "all", **asked: int) -> ForecastChanges:
    """What changed, every difference made up by what moved it."""
    made = house.services.explanations.changes(LOCAL_USER, SeriesKey("1", item), **asked)
    for day in made.days:
        parts = day.sales + day.plan + day.model + day.unexplained
        assert parts == pytest.approx(day.difference, abs=1e-9)
    return made


def alike(one: ForecastChanges, other: ForecastChanges) -> None:
    """The same days moved, by the same amounts, by the same causes."""
    assert [day.ds for day in one.days] == [day.ds for day in other.days]
    amounts = [[astuple(day)[1:] for day in each.days] for each in (one, other)]
    np.testing.assert_allclose(*amounts, atol=1e-9)
