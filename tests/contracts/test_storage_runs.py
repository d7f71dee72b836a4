"""What every `ports.RunClaims` promises about a run from its claim to its end, on every database."""

from collections.abc import Callable
from datetime import timedelta, timezone

import pytest

from forecasting.core.domain import RunState
from forecasting.core.errors import InvalidRequest, LeaseLost, StorageError
from forecasting.refresh.lifecycle import GIVEN_UP
from forecasting.storage import SqlStorage
from tests.storage.examples import (
    LEASE,
    NOW,
    after,
    claim,
    press,
    publication,
    publish,
    renew,
    retrain,
    running,
)

Open = Callable[[], SqlStorage]


def test_there_is_nothing_to_claim_in_an_empty_ledger(storage: SqlStorage) -> None:
    """None, not an error."""
    assert claim(storage, "worker-1", NOW, NOW + LEASE) is None


def test_runs_are_claimed_by_urgency_then_age_then_name(storage: SqlStorage) -> None:
    """Lower priority numbers first, then the longest waiting, then by run id."""
    for store, priority, seconds, name in [
        ("1", 10, 0, "c"),
        ("2", 0, 5, "b"),
        ("3", 0, 1, "z"),
        ("4", 0, 5, "a"),
    ]:
        storage.requests.submit(press(store, after(seconds), priority=priority, run_id=name), retrain)
    claimed = [claim(storage, "worker-1", after(9), after(39)) for _ in range(5)]
    assert [run and run.run_id for run in claimed] == ["z", "a", "b", "c", None]


def test_claiming_starts_a_run(storage: SqlStorage) -> None:
    """The worker gets the run as it now stands in the ledger."""
    storage.requests.submit(press(), retrain)
    run = claim(storage, "worker-1", after(3), after(33))
    assert run is not None
    assert (run.state, run.started_at, run.attempt, run.fence) == (RunState.RUNNING, after(3), 1, 1)
    assert storage.runs.get(run.run_id) == run


def test_a_run_is_claimed_once(open_storage: Open) -> None:
    """Until its lease runs out nobody else gets it: not at its last instant either."""
    running(open_storage())
    assert claim(open_storage(), "worker-2", NOW + LEASE, after(99)) is None


def test_a_renewed_lease_keeps_the_run(storage: SqlStorage) -> None:
    """A worker that gives signs of life is left alone."""
    run = running(storage)
    assert renew(storage, [run], after(60)) == {run.run_id}
    assert claim(storage, "worker-2", after(59), after(89)) is None
    assert claim(storage, "worker-2", after(61), after(91)) is not None


def test_a_survivor_takes_over_a_silent_workers_run(storage: SqlStorage) -> None:
    """It starts from the beginning under a higher fence; the first start is remembered."""
    first = running(storage)
    storage.claims.progress(first, "backtest", 2, 3)
    second = claim(storage, "worker-2", after(31), after(61))
    assert second is not None
    assert (second.run_id, second.attempt, second.fence) == (first.run_id, 2, 2)
    assert (second.started_at, second.stage, second.done, second.total) == (NOW, "", 0, 0)


def test_a_worker_that_lost_its_run_is_refused(storage: SqlStorage) -> None:
    """Whatever it tries, the run stays as the new worker has it."""
    old = running(storage)
    new = claim(storage, "worker-2", after(31), after(61))
    for act in (
        lambda: storage.claims.progress(old, "backtest", 1, 3),
        lambda: storage.publications.publish(old, publication(), after(32)),
        lambda: storage.claims.close(old, "failed", "timeout", after(32)),
    ):
        with pytest.raises(LeaseLost, match=f"store 1: expected run {old.run_id} to be held under fence 1"):
            act()
    assert renew(storage, [old], after(99)) == set()
    storage.claims.release(old)
    assert new is not None
    assert storage.runs.get(new.run_id) == new
    assert claim(storage, "worker-3", after(60), after(90)) is None


def test_an_ended_run_can_be_ended_no_more(storage: SqlStorage) -> None:
    """A worker that comes twice is refused the second time."""
    run = running(storage)
    storage.claims.close(run, "failed", "first", after(1))
    with pytest.raises(LeaseLost):
        storage.claims.close(run, "succeeded", "second", after(2))
    ended = storage.runs.get(run.run_id)
    assert ended is not None
    assert (ended.state, ended.error) == (RunState.FAILED, "first")


def test_a_run_that_stops_its_workers_is_given_up(storage: SqlStorage) -> None:
    """After three claims it fails instead of looping for ever, and the next run gets its turn."""
    poison = running(storage)
    for attempt in (2, 3):
        again = claim(storage, "worker-1", after(100 * attempt), after(100 * attempt + 30))
        assert again is not None
        assert again.attempt == attempt
    storage.requests.submit(press("2", at=after(390)), retrain)
    following = claim(storage, "worker-1", after(400), after(430))
    assert following is not None
    assert following.store == "2"
    given_up = storage.runs.get(poison.run_id)
    assert given_up is not None
    assert given_up.error == GIVEN_UP
    assert (given_up.state, given_up.finished_at) == (RunState.FAILED, after(400))
    assert storage.runs.snapshots()["1"].active is None


def test_a_released_run_goes_back_to_the_queue(storage: SqlStorage) -> None:
    """A clean stop costs no attempt, however often; the worker that released it is fenced off."""
    old = running(storage)
    for number in range(5):
        held = claim(storage, "worker-1", after(number), after(30)) if number else old
        assert held is not None
        assert held.attempt == 1
        storage.claims.release(held)
    waiting = storage.runs.get(old.run_id)
    assert waiting is not None
    assert (waiting.state, waiting.attempt, waiting.started_at) == (RunState.QUEUED, 0, NOW)
    assert renew(storage, [old], after(99)) == set()


def test_progress_is_seen_by_everyone(open_storage: Open) -> None:
    """Stage, finished and total."""
    run = running(open_storage())
    open_storage().claims.progress(run, "backtest", 2, 3)
    seen = open_storage().runs.snapshots()["1"].active
    assert seen is not None
    assert (seen.stage, seen.done, seen.total) == ("backtest", 2, 3)


def test_a_failed_run_keeps_its_reason(storage: SqlStorage) -> None:
    """Why it ran and why it failed are two things."""
    run = running(storage)
    storage.claims.close(run, "failed", "store 1: no open day", after(5))
    ended = storage.runs.get(run.run_id)
    assert ended is not None
    assert (ended.state, ended.error, ended.finished_at) == (
        RunState.FAILED,
        "store 1: no open day",
        after(5),
    )
    assert (ended.message, ended.version) == ("No forecast yet", None)


def test_a_run_with_nothing_left_to_do_succeeds_without_a_version(storage: SqlStorage) -> None:
    """Its message says why."""
    run = running(storage)
    storage.claims.close(run, "succeeded", "Already up to date", after(5))
    ended = storage.runs.get(run.run_id)
    assert ended is not None
    assert (ended.state, ended.message, ended.error) == (RunState.SUCCEEDED, "Already up to date", "")


@pytest.mark.parametrize("state", ["running", "queued", "done"])
def test_a_run_ends_well_or_badly_only(storage: SqlStorage, state: str) -> None:
    """Anything else is refused and leaves the run running."""
    run = running(storage)
    with pytest.raises(InvalidRequest, match=rf"\['failed', 'succeeded'\], found '{state}'"):
        storage.claims.close(run, state, "", after(1))
    assert storage.runs.get(run.run_id) == run


def test_an_unknown_run_is_none(storage: SqlStorage) -> None:
    """Not an error: a page may hold an old link."""
    assert storage.runs.get("no-such-run") is None


def test_recent_runs_come_newest_first(storage: SqlStorage) -> None:
    """All of them or one store's, as many as asked for."""
    for number, store in enumerate(["1", "2", "1", "3"]):
        publish(storage, store, at=after(number))
    assert [run.requested_at for run in storage.runs.recent(3)] == [after(3), after(2), after(1)]
    assert [run.requested_at for run in storage.runs.recent(9, "1")] == [after(2), after(0)]


def test_a_run_id_is_used_once(storage: SqlStorage) -> None:
    """A second run under the same id is refused, also for another scope."""
    publish(storage)
    with pytest.raises(StorageError, match="refused by the database"):
        storage.requests.submit(press(), retrain)


def test_instants_may_come_in_any_zone(storage: SqlStorage) -> None:
    """They are compared as instants and come back in UTC."""
    local = after(31).astimezone(timezone(timedelta(hours=-7)))
    running(storage)
    run = claim(storage, "worker-2", local, local + LEASE)
    assert run is not None
    assert run.started_at == NOW
