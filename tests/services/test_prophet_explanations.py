from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from forecasting.core.domain import LOCAL_USER, SeriesKey
from forecasting.core.explanation import Cause, Origin
from forecasting.engines.prophet.prophet_engine import ProphetEngine
from tests.fakes import FlatEngine
from tests.house import House
from tests.services.revising import (
    ALL,
    CLOSED,
    alike,
    better_sales,
    changes,
    closure,
    refreshed,
)


def prophets(place: Path) -> House:
    """A house in which Prophet serves every series."""
    place.mkdir()
    naive = FlatEngine("seasonal_naive", failure="not asked")
    return House(place, ProphetEngine(), naive, engine="prophet").furnish()


@pytest.fixture
def real(tmp_path: Path) -> Iterator[House]:
    """One."""
    house = prophets(tmp_path / "one")
    yield house
    house.close()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[House]:
    """Another."""
    house = prophets(tmp_path / "other")
    yield house
    house.close()


def test_the_same_inputs_and_choices_give_the_same_numbers(real: House) -> None:
    """Sales that came and were taken back leave every number where it was, to the bit."""
    first = refreshed(real)
    before = real.storage.versions.read(first)
    assert set(before["engine"]) == {"prophet"}
    better_sales(real)
    second = refreshed(real)
    real.clock.turn(timedelta(hours=1))
    real.storage.manifest.roll_back(2, "Ana", real.clock.now())
    third = refreshed(real)
    pd.testing.assert_frame_equal(real.storage.versions.read(third), before, check_exact=True)
    assert changes(real, since_version=first).days == ()
    there = changes(real, version=second).days
    back = {day.ds: day.sales for day in changes(real).days}
    assert there
    assert all(day.sales == pytest.approx(-back[day.ds]) for day in there if day.ds in back)


def test_prophet_tells_what_days_are_made_of_and_what_moved_them(real: House, other: House) -> None:
    """From a first forecast to a training on more sales with another plan; step by step as at once."""
    refreshed(real)
    for item in ALL:
        told = real.services.explanations.why(LOCAL_USER, SeriesKey("1", item))
        assert told.origin is Origin.MODEL
        for day in told.days:
            assert sum(step.amount for step in day.steps) == pytest.approx(day.expected, abs=1e-9)
    better_sales(real)
    closure(real)
    refreshed(real, force=True)
    refreshed(other)
    for happens in (better_sales, closure):
        happens(other)
        refreshed(other)
    refreshed(other, force=True)
    for item in ALL:
        made = changes(real, item)
        assert made.causes == tuple(Cause)
        closed = next(day for day in made.days if day.ds == CLOSED)
        assert closed.sales > 0 > closed.plan
        alike(made, changes(other, item, since_version=1))
