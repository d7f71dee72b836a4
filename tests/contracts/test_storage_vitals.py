"""What every `ports.Vitals` tells an operator."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from forecasting.core.domain import RunState, Verdict
from forecasting.core.errors import StateUnavailable
from forecasting.core.ports import LedgerVitals, RunTally
from forecasting.storage import SqlStorage
from tests.storage.examples import after, claim, press, publish, retrain, running, turn

Open = Callable[[], SqlStorage]
DAY = timedelta(hours=24)


def test_an_empty_house_has_nothing_to_tell(storage: SqlStorage) -> None:
    """No run, nobody waiting, no worker."""
    storage.vitals.require_usable()
    assert storage.vitals.ledger(DAY) == LedgerVitals((), None, (), (), ())


def test_runs_are_counted_by_state_and_verdict(open_storage: Open) -> None:
    """As another process sees them; those that were claimed more than once are counted apart."""
    storage = open_storage()
    publish(storage, "1")
    broken = running(storage, "2")
    storage.claims.postpone(broken, "a worker process died", timedelta(seconds=1))
    again = claim(storage, "worker-2", after(2), after(40))
    assert again is not None
    storage.claims.close(again, RunState.FAILED, "too short", after(3))
    storage.requests.submit(press("3"), retrain)
    retrained = Verdict.RETRAIN.value
    assert set(open_storage().vitals.ledger(DAY).tallies) == {
        RunTally(RunState.SUCCEEDED.value, retrained, 1, 0),
        RunTally(RunState.FAILED.value, retrained, 1, 1),
        RunTally(RunState.QUEUED.value, retrained, 1, 0),
    }


def test_the_longest_wait_is_of_runs_nobody_works(storage: SqlStorage) -> None:
    """Queued ones and those between attempts, by the database's clock; one that is running does not wait."""
    broken = running(storage, "1")
    assert storage.vitals.ledger(DAY).waiting is None
    storage.requests.submit(press("2", after(5)), retrain)
    turn(storage, after(60))
    assert storage.vitals.ledger(DAY).waiting == timedelta(seconds=55)
    storage.claims.postpone(broken, "a worker process died", timedelta(hours=1))
    assert storage.vitals.ledger(DAY).waiting == timedelta(seconds=60)


def test_durations_are_of_runs_that_have_ended_lately(storage: SqlStorage) -> None:
    """From the press to the first claim, and from there to the end; a run nobody began has none."""
    storage.requests.submit(press("1"), retrain)
    run = claim(storage, "worker-1", after(3), after(30))
    assert run is not None
    storage.claims.close(run, RunState.FAILED, "too short", after(10))
    storage.requests.submit(press("2"), retrain)
    cancelled = storage.runs.recent(1, "2")[0]
    assert storage.requests.cancel(cancelled.run_id, "not wanted", after(11))
    turn(storage, after(10) + DAY)
    told = storage.vitals.ledger(DAY)
    assert (told.waited, told.worked) == ((timedelta(seconds=3),), (timedelta(seconds=7),))
    turn(storage, after(10.001) + DAY)
    later = storage.vitals.ledger(DAY)
    assert (later.waited, later.worked) == ((), ())


def test_every_worker_is_listed_with_its_silence(open_storage: Open) -> None:
    """By the database's clock."""
    storage = open_storage()
    storage.claims.beat("worker-1")
    turn(storage, after(10))
    open_storage().claims.beat("worker-2")
    turn(storage, after(45))
    assert sorted(storage.vitals.ledger(DAY).silences) == [timedelta(seconds=35), timedelta(seconds=45)]


def test_a_database_at_another_revision_is_not_usable(storage: SqlStorage) -> None:
    """Both revisions are named, and what to do."""
    with storage.database.writing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(
        StateUnavailable, match=r"expected revision '\d{4}', found '9999'.*start Storecast again"
    ):
        storage.vitals.require_usable()


def test_asking_does_not_wait_for_a_writer(open_storage: Open) -> None:
    """A long write of another process is no reason not to be ready."""
    storage, other = open_storage(), open_storage()
    with other.database.writing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = version_num"))
        storage.vitals.require_usable()
        assert storage.vitals.ledger(DAY).tallies == ()
