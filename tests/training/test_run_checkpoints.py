"""A worker that takes over a run continues where the last one stopped."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from forecasting.core.domain import LOCAL_USER, RefreshRun, StoreState
from forecasting.refresh.run_outcome import StopRequested
from forecasting.storage.tables import run_checkpoint
from forecasting.training import assignment_executor, result_codec, run_checkpoints
from forecasting.training.forecast_task import ForecastTask
from tests.house import House
from tests.storage.examples import LEASE, LIMIT
from tests.training.test_result_codec import previous_format

PARTS = [0, 1, 2]
"""Store 1 has a total and two products: three parts of one series."""


@pytest.fixture
def one_series_a_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """One series per task, so that a small store is divided."""
    monkeypatch.setattr(assignment_executor, "SERIES_PER_TASK", 1)


def tried(house: House) -> list[int]:
    """The parts that were run, in order."""
    return [task.part for task in house.compute.tasks if isinstance(task, ForecastTask)]


def claimed(house: House) -> RefreshRun:
    """Claim the next run."""
    (run,) = house.storage.claims.claim("worker", LEASE, LIMIT)
    return run


def die_after(house: House, run: RefreshRun, parts: int) -> None:
    """Run some parts and stop, as after a kill -9: the last of them is not stored."""

    def stop(_run: RefreshRun, _stage: str, series: int, _total: int) -> None:
        if series >= parts:
            raise StopRequested("killed")

    with pytest.raises(StopRequested):
        list(house.training([run], stop))


@pytest.mark.usefixtures("one_series_a_part")
def test_a_survivor_redoes_only_what_was_in_flight(house: House) -> None:
    """Parts with a stored result are not fitted again; the forecast is the same as without the fault."""
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
def test_checkpoints_made_from_other_inputs_are_not_used(house: House) -> None:
    """New sales arrived in between: every part is run again."""
    house.services.refreshing.refresh(LOCAL_USER, "1")
    die_after(house, claimed(house), 2)
    house.next_day()
    house.clock.turn(LEASE + timedelta(seconds=1))
    house.work()
    assert tried(house)[2:] == PARTS
    assert house.services.stores.freshness(LOCAL_USER, "1").state is StoreState.FRESH


@pytest.mark.usefixtures("one_series_a_part")
def test_a_survivor_with_fewer_processes_keeps_the_division(house: House) -> None:
    """On its own it would have divided the series differently."""
    house.services.refreshing.refresh(LOCAL_USER, "1")
    die_after(house, claimed(house), 2)
    house.clock.turn(LEASE + timedelta(seconds=1))
    settings = house.settings.model_copy(update={"processes": 1})
    house.worker._train = replace(house.training, settings=settings)
    house.work()
    assert tried(house)[2:] == PARTS[1:]


@pytest.mark.usefixtures("one_series_a_part")
def test_a_damaged_checkpoint_costs_its_work_alone(house: House) -> None:
    """It is ignored, and the run succeeds."""
    house.services.refreshing.refresh(LOCAL_USER, "1")
    die_after(house, claimed(house), 2)
    with house.storage.database.writing() as connection:
        connection.execute(sa.update(run_checkpoint).values(content=b"damaged"))
    house.clock.turn(LEASE + timedelta(seconds=1))
    house.work()
    assert tried(house)[2:] == PARTS
    assert house.services.stores.freshness(LOCAL_USER, "1").state is StoreState.FRESH


@pytest.mark.usefixtures("one_series_a_part")
def test_checkpoints_of_the_previous_version_are_ignored(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """After an update the worker finds nothing under its own keys, and does the work again."""
    house.services.refreshing.refresh(LOCAL_USER, "1")
    with monkeypatch.context() as before_the_update:
        before_the_update.setattr(run_checkpoints, "VERSION", result_codec.VERSION - 1)
        die_after(house, claimed(house), 2)
    house.clock.turn(LEASE + timedelta(seconds=1))
    house.work()
    assert tried(house)[2:] == PARTS
    assert house.services.stores.freshness(LOCAL_USER, "1").state is StoreState.FRESH
    assert "a checkpoint" not in caplog.text


@pytest.mark.usefixtures("one_series_a_part")
def test_a_result_in_the_previous_format_is_refused_and_its_work_repeated(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """Even if it stood under the right key: the log says so, and the run succeeds."""
    house.services.refreshing.refresh(LOCAL_USER, "1")
    die_after(house, claimed(house), 2)
    with house.storage.database.writing() as connection:
        connection.execute(sa.update(run_checkpoint).values(content=previous_format()))
    house.clock.turn(LEASE + timedelta(seconds=1))
    house.work()
    assert tried(house)[2:] == PARTS
    assert house.services.stores.freshness(LOCAL_USER, "1").state is StoreState.FRESH
    assert "a checkpoint can't be read; its work is repeated" in caplog.text
