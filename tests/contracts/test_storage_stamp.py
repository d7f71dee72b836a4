"""What every ledger promises of its stamp: what is kept by it is never out of date, on every database."""

from forecasting.storage import SqlStorage
from tests.storage.examples import LEASE, NOW, claim, move, press, publish, retrain


def test_a_stamp_differs_after_everything_that_happens(storage: SqlStorage) -> None:
    """An import, a publication, a run that was cancelled; at one and the same instant."""
    seen = [storage.runs.stamp()]
    storage.manifest.record("sales.csv", "sales", "Ana", NOW, [move("1", "a")])
    seen.append(storage.runs.stamp())
    publish(storage)
    seen.append(storage.runs.stamp())
    for name in ("one", "another"):
        storage.requests.submit(press(run_id=name), retrain)
        assert storage.requests.cancel(name, "by Ana", NOW)
        seen.append(storage.runs.stamp())
    assert None not in seen
    assert len(set(seen)) == len(seen)


def test_there_is_none_while_a_run_is_active(storage: SqlStorage) -> None:
    """Queued or running: it changes all the time."""
    storage.requests.submit(press(), retrain)
    assert storage.runs.stamp() is None
    run = claim(storage, "worker-1", NOW, NOW + LEASE)
    assert run is not None
    assert storage.runs.stamp() is None
    assert storage.requests.cancel(run.run_id, "by Ana", NOW)
    assert storage.runs.stamp() is not None


def test_it_stays_while_nothing_happens(storage: SqlStorage) -> None:
    """So that something can be kept by it."""
    publish(storage)
    assert storage.runs.stamp() == storage.runs.stamp()
