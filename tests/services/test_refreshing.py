import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pandas as pd
import pytest

from forecasting.core import schema
from forecasting.core.domain import LOCAL_USER, RefreshRun, RunState, SeriesKey, StoreState, Verdict
from forecasting.core.errors import InvalidRequest, NotPermitted
from forecasting.core.ports import Publication
from forecasting.refresh.lifecycle import ATTEMPTS, LeaseTerms
from forecasting.refresh.run_outcome import ReportProgress, RunOutcome
from forecasting.refresh.worker import RefreshWorker
from forecasting.training import assignment_executor
from tests.house import LAST, House, plan, sales
from tests.services.people import NORTHERNER
from tests.services.pressing import press, trained

TOTAL = SeriesKey("1")


def test_a_first_press_trains_and_publishes(house: House) -> None:
    """The forecast is there afterwards, complete, named and fresh."""
    assert press(house) is Verdict.RETRAIN
    assert house.work() == 1
    freshness = house.services.stores.freshness(LOCAL_USER, "1")
    assert freshness.state is StoreState.FRESH
    assert freshness.header is not None
    assert freshness.header.cutoff == LAST
    assert freshness.run is not None
    assert (freshness.run.state, freshness.run.done, freshness.run.total) == (RunState.SUCCEEDED, 3, 3)
    for item in ("all", "101", "102"):
        days = house.services.forecasts.forecast(LOCAL_USER, SeriesKey("1", item))
        assert len(days) == house.settings.horizon
        schema.require(days, schema.STORE_FORECAST, "forecast")


def test_pressing_twice_attaches_to_the_run_under_way(house: House) -> None:
    """One run, two answers, and the second says it joined."""
    first = house.services.refreshing.refresh(LOCAL_USER, "1")
    second = house.services.refreshing.refresh(NORTHERNER, "1")
    assert second.verdict is Verdict.ATTACHED
    assert first.run is not None
    assert second.run is not None
    assert second.run.run_id == first.run.run_id
    assert house.work() == 1


@pytest.mark.parametrize(
    ("age", "verdict"),
    [(timedelta(hours=47, minutes=59), Verdict.FRESH), (timedelta(hours=48), Verdict.RETRAIN)],
)
def test_the_tolerance_decides(house: House, age: timedelta, verdict: Verdict) -> None:
    """47 h 59 min runs nothing, 48 h trains."""
    trained(house).clock.turn(age)
    assert press(house) is verdict
    assert house.work() == (verdict is Verdict.RETRAIN)


def test_a_new_day_of_sales_rolls_the_forecast_forward(house: House) -> None:
    """Behind, then reforecast with the same predictor and no backtest, then fresh again."""
    trained(house).clock.turn(timedelta(hours=3))
    before = house.services.stores.freshness(LOCAL_USER, "1").header
    house.next_day()
    assert house.services.stores.freshness(LOCAL_USER, "1").state is StoreState.BEHIND
    assert press(house) is Verdict.REFORECAST
    house.compute.tasks.clear()
    house.work()
    after = house.services.stores.freshness(LOCAL_USER, "1")
    assert after.state is StoreState.FRESH
    assert before is not None
    assert after.header is not None
    assert after.header.version > before.version
    assert after.header.predictor_id == before.predictor_id
    assert after.header.trained_at == before.trained_at
    assert after.header.cutoff == LAST + timedelta(days=1)
    kept = house.services.forecasts.predictor(LOCAL_USER, "1").choices
    assert {task.choices for task in house.compute.tasks} == {kept}


def test_a_changed_plan_rolls_the_forecast_forward(house: House) -> None:
    """A planned closure shows as a closed day of exactly 0."""
    trained(house)
    closed = LAST + timedelta(days=3)
    house.deliver("plan", [plan("1", closed, closed, is_open=0, holiday="Inventory")])
    assert press(house) is Verdict.REFORECAST
    house.work()
    days = house.services.forecasts.forecast(LOCAL_USER, TOTAL).set_index("ds")
    row = days.loc[pd.Timestamp(closed)]
    assert (row["mean"], row["q90"], row["holiday"]) == (0, 0, "Inventory")
    assert not row["assumed"]


def test_a_failed_run_keeps_the_old_forecast_and_says_why(house: House) -> None:
    """The version and its days stay; the store is failed with the reason in words."""
    trained(house).clock.turn(timedelta(hours=48))
    before = house.services.forecasts.forecast(LOCAL_USER, TOTAL)
    house.compute.losses = 2 * ATTEMPTS
    press(house)
    house.work()
    freshness = house.services.stores.freshness(LOCAL_USER, "1")
    assert freshness.state is StoreState.FAILED
    assert freshness.run is not None
    assert freshness.run.error == "a worker process died (gave up after 3 attempts)"
    pd.testing.assert_frame_equal(house.services.forecasts.forecast(LOCAL_USER, TOTAL), before)


def test_a_lost_worker_is_replaced_once_and_finished_fits_are_kept(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what was not done yet is done again."""
    monkeypatch.setattr(assignment_executor, "SERIES_PER_TASK", 1)
    house.compute.losses = 1
    trained(house)
    assert house.services.stores.freshness(LOCAL_USER, "1").state is StoreState.FRESH
    assert [task.part for task in house.compute.tasks] == [0, 1, 2, 2]


def test_an_unexpected_error_fails_the_run_without_leaking_it(house: House) -> None:
    """The planner reads where to find the details, not the details."""
    house.engine.spread = float("nan")
    house.compute.engine_named = lambda *_: 1 / 0  # type: ignore[assignment,return-value] # a bug, on purpose
    trained(house)
    run = house.services.stores.freshness(LOCAL_USER, "1").run
    assert run is not None
    assert run.error == f"Unexpected ZeroDivisionError. See the log under run {run.run_id}"


def test_a_press_after_a_failure_tries_again(house: House) -> None:
    """The scope is free."""
    house.compute.losses = 2 * ATTEMPTS
    trained(house).clock.turn(timedelta(minutes=1))
    assert press(house) is Verdict.RETRAIN
    house.work()
    assert house.services.stores.freshness(LOCAL_USER, "1").state is StoreState.FRESH


def test_the_instant_of_a_press_is_never_later_than_now(house: House) -> None:
    """An earlier instant is allowed, a later one or one without a zone is not."""
    trained(house)
    now = house.clock.now()
    assert press(house, at=now) is Verdict.FRESH
    with pytest.raises(InvalidRequest, match="not later than now"):
        press(house, at=now + timedelta(seconds=1))
    with pytest.raises(InvalidRequest, match="with its zone"):
        press(house, at=datetime(2019, 4, 3))  # noqa: DTZ001 - that is the point


def test_the_age_is_checked_at_the_instant_given(house: House) -> None:
    """Two days on, a press as of a day ago is still fresh."""
    trained(house).clock.turn(timedelta(hours=48))
    assert press(house, at=house.clock.now() - timedelta(hours=24)) is Verdict.FRESH
    assert press(house) is Verdict.RETRAIN


def test_only_an_operator_may_force(house: House) -> None:
    """A planner is refused, an operator trains within the tolerance."""
    trained(house)
    with pytest.raises(NotPermitted):
        house.services.refreshing.refresh(NORTHERNER, "1", force=True)
    assert press(house, force=True) is Verdict.RETRAIN


def test_refresh_all_asks_for_one_run_a_store_behind_presses(house: House) -> None:
    """A press on a store of the batch moves its run to the front."""
    answers = house.services.refreshing.refresh_all(LOCAL_USER)
    assert [answer.verdict for answer in answers] == [Verdict.RETRAIN, Verdict.RETRAIN]
    assert len({answer.run.batch_id for answer in answers if answer.run}) == 1
    assert house.services.refreshing.refresh(LOCAL_USER, "2").verdict is Verdict.ATTACHED
    house.worker.run_next()
    assert house.services.stores.freshness(LOCAL_USER, "2").state is StoreState.FRESH
    assert house.services.stores.freshness(LOCAL_USER, "1").state is StoreState.RUNNING
    assert house.wakes == 2


def test_first_forecasts_are_not_asked_for_again_after_a_failure(house: House) -> None:
    """A restart must not train a store that can't be trained for ever."""
    house.compute.losses = 2 * ATTEMPTS
    trained(house)
    answers = house.services.refreshing.refresh_all(LOCAL_USER, only_new=True)
    assert [answer.run.store for answer in answers if answer.run] == ["2"]


def test_a_run_nobody_works_is_told(house: House) -> None:
    """Half a minute after the press without a sign of life of any worker; until one is seen."""
    press(house)
    assert not house.services.stores.freshness(LOCAL_USER, "1").waiting_for_worker
    house.clock.turn(timedelta(seconds=30))
    assert house.services.stores.freshness(LOCAL_USER, "1").waiting_for_worker
    house.worker.beat()
    assert not house.services.stores.freshness(LOCAL_USER, "1").waiting_for_worker
    house.work()
    house.clock.turn(timedelta(hours=1))
    assert not house.services.stores.freshness(LOCAL_USER, "1").waiting_for_worker


def test_a_publication_that_breaks_its_schema_fails_the_run_and_not_the_worker(house: House) -> None:
    """Nothing is published, the planner reads why, and the next run is worked."""

    def broken(runs: Sequence[RefreshRun], progress: ReportProgress) -> Iterator[RunOutcome]:
        for done in house.training(runs, progress):
            made = done.publication
            assert isinstance(made, Publication)
            yield RunOutcome(done.run, replace(made, forecast=made.forecast.drop(columns="q50")))

    worker = RefreshWorker(house.storage, broken, house.clock, LeaseTerms(house.settings.lease), "broken")
    press(house)
    assert worker.run_next()
    freshness = house.services.stores.freshness(LOCAL_USER, "1")
    assert freshness.state is StoreState.FAILED
    assert freshness.header is None
    assert freshness.run is not None
    assert "q50" in freshness.run.error
    house.clock.turn(timedelta(minutes=1))
    trained(house)
    assert house.services.stores.freshness(LOCAL_USER, "1").state is StoreState.FRESH


def test_a_bug_between_runs_does_not_end_the_worker(house: House) -> None:
    """What is asked for is worked all the same."""
    done = threading.Event()

    def train(runs: Sequence[RefreshRun], progress: ReportProgress) -> Iterator[RunOutcome]:
        done.set()
        return house.training(runs, progress)

    def bug(_undisturbed: object) -> None:
        raise ZeroDivisionError

    worker = RefreshWorker(house.storage, train, house.clock, LeaseTerms(house.settings.lease), "buggy", bug)
    with pytest.raises(ZeroDivisionError):
        worker.run_idle_work()
    house.clock.turn(timedelta(minutes=1))
    loop = threading.Thread(target=worker.serve)
    loop.start()
    press(house)
    worker.wake()
    assert done.wait(20)
    worker.stop()
    loop.join(20)
    assert not loop.is_alive()
    loop.join(20)
    assert not loop.is_alive()


def test_a_store_imported_while_all_are_refreshed_is_no_error(house: House) -> None:
    """A store may appear at any moment; a refresh of all stores answers for those it has read."""
    read = house.storage.runs.snapshots

    def snapshots_then_an_import(*stores: object) -> object:
        found = read(*stores)
        house.deliver("sales", [sales("3", "101", 40.0, LAST, LAST)])
        return found

    house.storage.runs.snapshots = snapshots_then_an_import  # type: ignore[method-assign] # the moment between two reads
    answers = house.services.refreshing.refresh_all(LOCAL_USER)
    assert [answer.run.store for answer in answers if answer.run] == ["1", "2"]
