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


def hired(house: House, idle: Idle = lambda _undisturbed: None) -> RefreshWorker:
    """A worker of the house that looks after more between runs."""
    terms = LeaseTerms(house.settings.lease)
    return RefreshWorker(house.storage, house.training, house.clock, terms, "hired", idle)


def test_a_worker_gives_a_sign_of_life_every_few_seconds(house: House) -> None:
    """Not at every look at the ledger."""
    worker = hired(house)
    assert house.storage.vitals.silence() is None
    assert worker.beat()
    house.clock.turn(HEARTBEAT - timedelta(milliseconds=1))
    assert not worker.beat()
    assert house.storage.vitals.silence() == HEARTBEAT - timedelta(milliseconds=1)
    house.clock.turn(timedelta(milliseconds=1))
    assert worker.beat()
    assert house.storage.vitals.silence() == timedelta(0)


def test_a_clock_set_back_does_not_silence_a_worker(house: House) -> None:
    """An hour back, and the next look gives a sign again."""
    worker = hired(house)
    worker.beat()
    house.clock.turn(-timedelta(hours=1))
    assert worker.beat()


def test_a_worker_looks_round_as_often_as_it_gives_signs_of_life(house: House) -> None:
    """Between runs, and not more often than that."""
    looks: list[int] = []
    worker = hired(house, lambda _undisturbed: looks.append(1))
    worker.run_idle_work()
    worker.run_idle_work()
    house.clock.turn(HEARTBEAT)
    worker.run_idle_work()
    assert len(looks) == 2


def test_what_is_done_between_runs_gives_way_to_a_press(house: House) -> None:
    """It is told to stop as soon as somebody in this process presses, or the worker is to end."""
    told: list[bool] = []

    def idle(undisturbed: Callable[[], bool]) -> None:
        told.append(undisturbed())
        worker.wake()
        told.append(undisturbed())

    worker = hired(house, idle)
    worker.run_idle_work()
    assert told == [True, False]


def test_what_is_done_between_runs_gives_way_to_what_waits(house: House) -> None:
    """Also to a run another process has asked for, and to one that another worker has begun."""
    told: list[bool] = []

    def idle(undisturbed: Callable[[], bool]) -> None:
        told.append(undisturbed())
        house.services.refreshing.refresh(LOCAL_USER, "1")
        told.append(undisturbed())
        assert house.storage.claims.claim("another", LEASE, LIMIT)
        told.append(undisturbed())

    hired(house, idle).run_idle_work()
    assert told == [True, False, False]


def test_long_work_between_runs_gives_signs_of_life(house: House) -> None:
    """At each of its small steps, where it is time."""

    def idle(undisturbed: Callable[[], bool]) -> None:
        house.clock.turn(HEARTBEAT)
        undisturbed()

    hired(house, idle).run_idle_work()
    assert house.storage.vitals.silence() == timedelta(0)


def test_long_training_gives_signs_of_life(house: House) -> None:
    """While a run is under way the lease is renewed and the worker seen."""

    def train(runs: Sequence[RefreshRun], progress: ReportProgress) -> Iterator[RunOutcome]:
        house.clock.turn(HEARTBEAT)
        for _ in range(500):  # until the attending thread has noticed, some milliseconds later
            if house.storage.vitals.silence() == timedelta(0):
                break
            progress(runs[0], "Training", 0, 1)
        return house.training(runs, progress)

    terms = LeaseTerms(timedelta(milliseconds=30))
    worker = RefreshWorker(house.storage, train, house.clock, terms, "hired")
    worker.beat()
    house.services.refreshing.refresh(LOCAL_USER, "1")
    worker.run_next()
    assert house.storage.vitals.silence() == timedelta(0)


def test_a_worker_survives_trouble_with_the_state_and_says_so_once(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """One sentence without a traceback while it lasts, one when it is over; runs are worked meanwhile."""
    looks: list[int] = []

    def idle(_undisturbed: Callable[[], bool]) -> None:
        looks.append(1)
        house.clock.turn(HEARTBEAT)
        worker.wake()
        if len(looks) <= 3:
            raise StateUnavailable("the folder can't be written")
        worker.stop()

    worker = hired(house, idle)
    house.services.refreshing.refresh(LOCAL_USER, "1")
    with caplog.at_level(logging.WARNING):
        worker.serve()
    told = [record.getMessage() for record in caplog.records]
    assert told == [
        "the refresh worker can't continue and will try again trouble=the folder can't be written",
        "the refresh worker continues",
    ]
    assert all(record.exc_info is None for record in caplog.records)
    assert house.services.stores.freshness(LOCAL_USER, "1").state is StoreState.FRESH
