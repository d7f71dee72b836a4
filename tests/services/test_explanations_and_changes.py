"""Why a forecast says what it says, and what moved it, over the whole house."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa

from forecasting.core.domain import LOCAL_USER, SeriesKey
from forecasting.core.errors import InvalidRequest, NoForecastYet, UnknownSeries
from forecasting.core.explanation import Cause, Origin
from forecasting.planning.changes import NOT_KEPT, ForecastChanges
from forecasting.storage.blob import decode, encode
from forecasting.storage.tables import forecast_version
from forecasting.training.attribution import NO_REPLAY
from forecasting.training.previous_version import HORIZON, NOT_FOUND
from tests.fakes import FlatEngine
from tests.house import LAST, House, plan, sales
from tests.services.revising import ALL, CLOSED, NEWS, alike, better_sales, changes, closure, refreshed

TOTAL, BREAD = SeriesKey("1"), SeriesKey("1", "101")
SALES, PLAN, MODEL = Cause
SOUTHERNER = replace(LOCAL_USER, regions=frozenset({"South"}))


def means(house: House, version: int, item: str = "all") -> "pd.Series[float]":
    """Expected demand by day."""
    frame = house.services.forecasts.forecast(LOCAL_USER, SeriesKey("1", item), version)
    return frame.set_index("ds")["mean"]


@pytest.fixture
def learning(tmp_path: Path) -> Iterator[House]:
    """A house whose engine can't be fitted at first, so that the first training chose another."""
    house = House(tmp_path, FlatEngine("seasonal_naive", factor=3.0, spread=0.4)).furnish()
    house.engine.failure = "not yet"
    refreshed(house)
    house.engine.failure = ""
    yield house
    house.close()


@pytest.fixture
def step_by_step(tmp_path: Path) -> Iterator[House]:
    """The same in another place."""
    place = tmp_path / "other"
    place.mkdir()
    house = House(place, FlatEngine("seasonal_naive", factor=3.0, spread=0.4)).furnish()
    house.engine.failure = "not yet"
    refreshed(house)
    house.engine.failure = ""
    yield house
    house.close()


# -- why -----------------------------------------------------------------------------------------------


def test_every_day_of_every_series_is_told(house: House) -> None:
    """The steps make up the expected demand that is shown; Sundays are closed."""
    version = refreshed(house)
    for item in ALL:
        told = house.services.explanations.why(LOCAL_USER, SeriesKey("1", item))
        frame = house.services.forecasts.forecast(LOCAL_USER, SeriesKey("1", item))
        assert told.version == version
        assert [day.expected for day in told.days] == frame["mean"].tolist()
        for day, is_open in zip(told.days, frame["is_open"], strict=True):
            assert sum(step.amount for step in day.steps) == pytest.approx(day.expected, abs=1e-9)
            assert (day.steps[0].text == "Closed") is not is_open


def test_a_day_can_be_asked_for(house: House) -> None:
    """One that the forecast does not have is refused, with those it has."""
    refreshed(house)
    friday = date(2019, 4, 5)
    (day,) = house.services.explanations.why(LOCAL_USER, BREAD, day=friday).days
    assert (day.ds, day.steps[1].text) == (friday, "Friday")
    with pytest.raises(
        InvalidRequest, match="expected a day from 2019-04-03 to 2019-04-30, found 2019-05-01"
    ):
        house.services.explanations.why(LOCAL_USER, BREAD, day=date(2019, 5, 1))


def test_products_and_total_say_by_how_much_they_were_made_to_agree(tmp_path: Path) -> None:
    """As a step of its own, where they did not."""
    house = House(tmp_path, FlatEngine("seasonal_naive", failure="no")).furnish()
    house.deliver("sales", [sales("1", "103", 30.0, date(2019, 3, 4), LAST)])  # the total's past is without
    refreshed(house)
    amounts, origins = {}, {}
    for item in (*ALL, "103"):
        told = house.services.explanations.why(LOCAL_USER, SeriesKey("1", item), day=date(2019, 4, 8))
        amounts[item] = {step.name: step.amount for step in told.days[0].steps}
        origins[item] = told.origin
    assert amounts["all"]["balance"] > 1 > -1 > amounts["101"]["balance"] > -10
    total, *products = (sum(each.values()) for each in amounts.values())
    assert sum(products) == pytest.approx(total)
    assert "balance" not in amounts["103"]  # it was certain
    assert origins == dict.fromkeys(ALL, Origin.HISTORY) | {"103": Origin.AVERAGES}
    house.close()


def test_others_stores_and_unknown_products_have_no_reasons(house: House) -> None:
    """As with the forecast itself."""
    with pytest.raises(NoForecastYet):
        house.services.explanations.why(LOCAL_USER, TOTAL)
    with pytest.raises(NoForecastYet):
        house.services.explanations.changes(LOCAL_USER, TOTAL)
    version = refreshed(house)
    with pytest.raises(UnknownSeries):
        house.services.explanations.why(SOUTHERNER, TOTAL)
    with pytest.raises(UnknownSeries):
        house.services.explanations.changes(SOUTHERNER, TOTAL, version)
    with pytest.raises(UnknownSeries, match="found '999'"):
        house.services.explanations.why(LOCAL_USER, SeriesKey("1", "999"))
    with pytest.raises(UnknownSeries, match="found '999'"):
        house.services.explanations.changes(LOCAL_USER, SeriesKey("1", "999"))


# -- what changed --------------------------------------------------------------------------------------


def test_a_first_forecast_has_not_changed(house: House) -> None:
    """There was none before."""
    version = refreshed(house)
    assert changes(house) == ForecastChanges(None, version)


def test_new_sales_alone_have_moved_it_all(house: House) -> None:
    """Without anything being fitted again for that."""
    first = refreshed(house)
    better_sales(house)
    house.engine.seen.clear()
    second = refreshed(house)
    made = changes(house)
    assert (made.since, made.version, made.causes, made.notes) == (first, second, (SALES,), ())
    assert made.compared == 18
    assert made.days
    assert all(day.sales == day.difference and day.sales > 0 for day in made.days)
    assert all(task.previous is None for task in house.compute.tasks)


def test_a_changed_plan_alone_has_moved_its_day(house: House) -> None:
    """And no other."""
    refreshed(house)
    closure(house)
    refreshed(house)
    for item in ALL:
        (day,) = changes(house, item).days
        assert (day.ds, day.after, day.plan) == (CLOSED, 0.0, -day.before)


def test_a_training_alone_is_the_models_doing(learning: House) -> None:
    """Another engine was chosen."""
    refreshed(learning, force=True)
    made = changes(learning)
    assert made.causes == (MODEL,)
    assert all(day.model == day.difference < 0 for day in made.days)
    assert len(made.days) == 24


@pytest.mark.parametrize("force", [True, False])
def test_together_each_has_moved_what_it_moves_when_it_comes_alone(
    learning: House, step_by_step: House, *, force: bool
) -> None:
    """In another house the same things happen one after the other, with a version after each."""
    better_sales(learning)
    closure(learning)
    refreshed(learning, force=force)

    line = [1]
    for happens in (better_sales, closure):
        happens(step_by_step)
        line.append(refreshed(step_by_step))
    line += [refreshed(step_by_step, force=True)] if force else []

    assert changes(learning).causes == (tuple(Cause) if force else (SALES, PLAN))
    for item in ALL:
        made = changes(learning, item)
        alike(made, changes(step_by_step, item, since_version=1))
        assert CLOSED in {day.ds for day in made.days}
        steps = [means(step_by_step, version, item) for version in line]
        pd.testing.assert_series_equal(means(learning, 2, item), steps[-1])
        for day in made.days:
            at = pd.Timestamp(day.ds)
            alone = [after[at] - before[at] for before, after in pairwise(steps)]
            parts = [day.sales, day.plan, day.model][: len(alone)]
            np.testing.assert_allclose(parts, alone, atol=1e-9)


def test_since_a_last_visit_it_adds_up_over_the_versions(step_by_step: House) -> None:
    """Of each what moved it."""
    better_sales(step_by_step)
    refreshed(step_by_step)
    closure(step_by_step)
    last = refreshed(step_by_step)
    made = changes(step_by_step, since_version=1)
    assert (made.since, made.version, made.causes) == (1, last, (SALES, PLAN))
    closed = next(day for day in made.days if day.ds == CLOSED)
    assert closed.sales > 0 > closed.plan
    assert changes(step_by_step, since_version=last) == ForecastChanges(last, last, compared=28)
    assert changes(step_by_step, version=2).days == changes(step_by_step, version=2, since_version=1).days


def test_versions_are_asked_for_in_their_order(house: House) -> None:
    """And of the same store."""
    refreshed(house)
    better_sales(house)
    second = refreshed(house)
    with pytest.raises(InvalidRequest, match=f"expected a version before 1, found {second}"):
        house.services.explanations.changes(LOCAL_USER, TOTAL, 1, second)
    with pytest.raises(InvalidRequest, match="found 99"):
        house.services.explanations.changes(LOCAL_USER, TOTAL, since_version=99)
    house.services.refreshing.refresh(LOCAL_USER, "2")
    house.work()
    with pytest.raises(InvalidRequest, match="expected a version of store 2, found another store's"):
        house.services.explanations.changes(LOCAL_USER, SeriesKey("2"), since_version=1)


def test_a_product_that_is_new_has_not_changed(house: House) -> None:
    """The total has, by its sales; the training around it does not matter for it."""
    refreshed(house)
    better_sales(house)
    house.deliver("sales", [sales("1", "103", 400.0, date(2019, 3, 4), NEWS[1])])
    refreshed(house, force=True)
    assert changes(house, "103").compared == 0
    made = changes(house)
    assert made.causes == (SALES, MODEL)
    assert all(day.sales > 200 and abs(day.model) < day.sales / 10 for day in made.days)


def test_a_plan_that_is_gone_can_not_be_run_again(learning: House) -> None:
    """The forecast is published all the same; what moved it is not told apart."""
    closure(learning)
    refreshed(learning)
    gone = learning.storage.manifest.head("1", "plan")
    assert gone is not None
    better_sales(learning)
    learning.deliver("plan", [plan("1", date(2019, 4, 15), date(2019, 4, 15), is_open=0)])
    for file in (learning.home / "history").rglob(f"*{gone.content_hash}*"):
        file.unlink()
    refreshed(learning)
    made = changes(learning)
    assert (made.causes, made.notes) == ((), (NO_REPLAY,))
    assert made.days
    assert all(day.unexplained == day.difference for day in made.days)


def test_a_changed_horizon_is_not_put_down_to_anything(tmp_path: Path) -> None:
    """The days of both are compared all the same."""
    house = House(tmp_path).furnish()
    refreshed(house)
    house.close()
    longer = House(tmp_path, horizon=35)
    longer.clock.turn(timedelta(hours=2))
    better_sales(longer)
    refreshed(longer)
    made = changes(longer)
    assert (made.notes, made.compared) == ((HORIZON,), 18)
    assert all(day.unexplained == day.difference for day in made.days)
    longer.close()


def test_other_facts_of_the_store_are_not_mistaken_for_its_sales(tmp_path: Path) -> None:
    """They have no history: what the version before was made of can't be proved."""
    house = House(tmp_path).furnish()
    refreshed(house)
    house.close()
    placed = House(tmp_path, holidays={"": "DE"})
    placed.clock.turn(timedelta(hours=2))
    better_sales(placed)
    refreshed(placed)
    assert changes(placed).notes == (NOT_FOUND,)
    assert all(day.unexplained == day.difference for day in changes(placed).days)
    placed.close()


def test_versions_of_before_are_read_and_compared(house: House) -> None:
    """Without a word on what moved them; the next one knows of itself."""
    refreshed(house)
    better_sales(house)
    second = refreshed(house)
    with house.storage.database.writing() as connection:
        for row in connection.execute(
            sa.select(forecast_version.c.version, forecast_version.c.forecast)
        ).all():
            bare = encode(decode(row.forecast))
            connection.execute(
                sa.update(forecast_version)
                .where(forecast_version.c.version == row.version)
                .values(forecast=bare)
            )
    told = house.services.explanations.why(LOCAL_USER, TOTAL)
    assert (told.version, told.origin, told.days) == (second, None, ())
    made = changes(house)
    assert (made.causes, made.notes) == ((), (NOT_KEPT,))
    assert all(day.unexplained == day.difference for day in made.days)
    closure(house)
    refreshed(house)
    assert changes(house).causes == (PLAN,)


# -- the real engine -----------------------------------------------------------------------------------
