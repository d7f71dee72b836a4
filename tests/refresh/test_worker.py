import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

import pytest

from forecasting.core.domain import LOCAL_USER, RefreshRun, StoreState
from forecasting.core.errors import StateUnavailable
from forecasting.refresh.lifecycle import LeaseTerms
from forecasting.refresh.run_outcome import ReportProgress, RunOutcome
from forecasting.refresh.worker import HEARTBEAT, Idle, RefreshWorker
from tests.house import House
from tests.storage.examples import LEASE, LIMIT


def worker_of(house: House, idle: Idle = lambda _undisturbed: None) -> RefreshWorker:
    """A worker of the house with idle work."""
    terms = LeaseTerms(house.settings.lease)
    return RefreshWorker(house.storage, house.training, house.clock, terms, "worker_of", idle)


def test_a_worker_writes_a_heartbeat_every_few_seconds(house: House) -> None:
    """Not every time it checks for runs."""
    worker = worker_of(house)
    assert house.storage.vitals.silence() is None
    assert worker.beat()
    house.clock.turn(HEARTBEAT - timedelta(milliseconds=1))
    assert not worker.beat()
    assert house.storage.vitals.silence() == HEARTBEAT - timedelta(milliseconds=1)
    house.clock.turn(timedelta(milliseconds=1))
    assert worker.beat()
    assert house.storage.vitals.silence() == timedelta(0)


def test_a_clock_set_back_does_not_stop_the_heartbeat(house: House) -> None:
    """The next check writes one, although the last is an hour in the future."""
    worker = worker_of(house)
    worker.beat()
    house.clock.turn(-timedelta(hours=1))
    assert worker.beat()


def test_idle_work_is_done_as_often_as_the_heartbeat(house: House) -> None:
    """Between runs, and not more often."""
    calls: list[int] = []
    worker = worker_of(house, lambda _undisturbed: calls.append(1))
    worker.run_idle_work()
    worker.run_idle_work()
    house.clock.turn(HEARTBEAT)
    worker.run_idle_work()
    assert len(calls) == 2


def test_idle_work_gives_way_to_a_press(house: House) -> None:
    """It has to return as soon as someone presses in this process, or the worker is stopping."""
    answers: list[bool] = []

    def idle(undisturbed: Callable[[], bool]) -> None:
        answers.append(undisturbed())
        worker.wake()
        answers.append(undisturbed())

    worker = worker_of(house, idle)
    worker.run_idle_work()
    assert answers == [True, False]


def test_idle_work_gives_way_to_waiting_runs(house: House) -> None:
    """Also to a run that another process requested, and to one that another worker has begun."""
    answers: list[bool] = []

    def idle(undisturbed: Callable[[], bool]) -> None:
        answers.append(undisturbed())
        house.services.refreshing.refresh(LOCAL_USER, "1")
        answers.append(undisturbed())
        assert house.storage.claims.claim("another", LEASE, LIMIT)
        answers.append(undisturbed())

    worker_of(house, idle).run_idle_work()
    assert answers == [True, False, False]


def test_long_idle_work_writes_heartbeats(house: House) -> None:
    """At each of its small steps, if one is due."""

    def idle(undisturbed: Callable[[], bool]) -> None:
        house.clock.turn(HEARTBEAT)
        undisturbed()

    worker_of(house, idle).run_idle_work()
    assert house.storage.vitals.silence() == timedelta(0)


def test_long_training_writes_heartbeats(house: House) -> None:
    """While a run is in progress, its lease is renewed and the worker is seen."""

    def train(runs: Sequence[RefreshRun], progress: ReportProgress) -> Iterator[RunOutcome]:
        house.clock.turn(HEARTBEAT)
        for _ in range(500):  # until the attending thread has noticed, some milliseconds later
            if house.storage.vitals.silence() == timedelta(0):
                break
            progress(runs[0], "Training", 0, 1)
        return house.training(runs, progress)

    terms = LeaseTerms(timedelta(milliseconds=30))
    worker = RefreshWorker(house.storage, train, house.clock, terms, "worker_of")
    worker.beat()
    house.services.refreshing.refresh(LOCAL_USER, "1")
    worker.run_next()
    assert house.storage.vitals.silence() == timedelta(0)


def test_a_worker_survives_storage_errors_and_logs_them_once(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """One line without a traceback at the start, one at the end; runs are still done."""
    calls: list[int] = []

    def idle(_undisturbed: Callable[[], bool]) -> None:
        calls.append(1)
        house.clock.turn(HEARTBEAT)
        worker.wake()
        if len(calls) <= 3:
            raise StateUnavailable("the folder can't be written")
        worker.stop()

    worker = worker_of(house, idle)
    house.services.refreshing.refresh(LOCAL_USER, "1")
    with caplog.at_level(logging.WARNING):
        worker.serve()
    answers = [record.getMessage() for record in caplog.records]
    assert answers == [
        "the refresh worker can't continue and will try again trouble=the folder can't be written",
        "the refresh worker continues",
    ]
    assert all(record.exc_info is None for record in caplog.records)
    assert house.services.stores.freshness(LOCAL_USER, "1").state is StoreState.FRESH
