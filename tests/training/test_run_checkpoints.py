"""A run that is taken over goes on where it stopped."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from forecasting.core.domain import LOCAL_USER, RefreshRun, StoreState
from forecasting.refresh.run_outcome import Stopping
from forecasting.storage.tables import run_checkpoint
from forecasting.training import assignment_executor
from forecasting.training.forecast_task import ForecastTask
from tests.house import House
from tests.storage.examples import LEASE, LIMIT

PARTS = [0, 1, 2]
"""Store 1 has a total and two products: three parts of one series."""


@pytest.fixture
def one_series_a_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a small store is divided."""
    monkeypatch.setattr(assignment_executor, "SERIES_PER_TASK", 1)


def tried(house: House) -> list[int]:
    """The parts that were worked, in their order."""
    return [task.part for task in house.compute.tasks if isinstance(task, ForecastTask)]


def claimed(house: House) -> RefreshRun:
    """The next run, as a worker gets it."""
    (run,) = house.storage.claims.claim("worker", LEASE, LIMIT)
    return run


def die_after(house: House, run: RefreshRun, parts: int) -> None:
    """Work some parts of a run and then be gone, as after a kill -9: the last of them is not kept."""

    def stop(_run: RefreshRun, _stage: str, series: int, _total: int) -> None:
        if series >= parts:
            raise Stopping("killed")

    with pytest.raises(Stopping):
        list(house.training([run], stop))


@pytest.mark.usefixtures("one_series_a_part")
def test_a_survivor_redoes_only_what_was_in_flight(house: House) -> None:
    """Parts whose result was kept are not fitted again; the forecast is the same as without the fault."""
    house.services.refreshing.refresh(LOCAL_USER, "1")
    die_after(house, claimed(house), 2)
    assert tried(house) == PARTS[:2]
    house.clock.turn(LEASE + timedelta(seconds=1))
    house.work()
    assert tried(house)[2:] == PARTS[1:]
    assert house.services.stores.freshness(LOCAL_USER, "1").state is StoreState.FRESH
    resumed = house.services.forecasts.export(LOCAL_USER)
    house.services.refreshing.refresh(LOCAL_USER, "1", force=True)
    house.work()
    whole = house.services.forecasts.export(LOCAL_USER)
    assert resumed.drop(columns="version").equals(whole.drop(columns="version"))


@pytest.mark.usefixtures("one_series_a_part")
def test_nothing_is_taken_up_that_has_other_inputs(house: House) -> None:
    """New sales came in between: every part is worked anew."""
    house.services.refreshing.refresh(LOCAL_USER, "1")
    die_after(house, claimed(house), 2)
    house.next_day()
    house.clock.turn(LEASE + timedelta(seconds=1))
    house.work()
    assert tried(house)[2:] == PARTS
    assert house.services.stores.freshness(LOCAL_USER, "1").state is StoreState.FRESH


@pytest.mark.usefixtures("one_series_a_part")
def test_a_survivor_of_another_size_goes_on_with_the_same_division(house: House) -> None:
    """A machine with more or fewer processes would divide the series otherwise."""
    house.services.refreshing.refresh(LOCAL_USER, "1")
    die_after(house, claimed(house), 2)
    house.clock.turn(LEASE + timedelta(seconds=1))
    settings = house.settings.model_copy(update={"processes": 1})
    house.worker._train = replace(house.training, settings=settings)
    house.work()
    assert tried(house)[2:] == PARTS[1:]


@pytest.mark.usefixtures("one_series_a_part")
def test_a_damaged_checkpoint_costs_its_work_alone(house: House) -> None:
    """It is not believed, and the run is done all the same."""
    house.services.refreshing.refresh(LOCAL_USER, "1")
    die_after(house, claimed(house), 2)
    with house.storage.database.writing() as connection:
        connection.execute(sa.update(run_checkpoint).values(content=b"damaged"))
    house.clock.turn(LEASE + timedelta(seconds=1))
    house.work()
    assert tried(house)[2:] == PARTS
    assert house.services.stores.freshness(LOCAL_USER, "1").state is StoreState.FRESH
