"""What every `ports.RunClaims` promises about runs that break, are cancelled, late or followed."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from forecasting.core.domain import RefreshAnswer, RefreshRun, RunState, Verdict
from forecasting.core.errors import LeaseLost
from forecasting.storage import SqlStorage
from tests.storage.examples import (
    LEASE,
    LIMIT,
    NOW,
    after,
    claim,
    fresh,
    move,
    pooling,
    press,
    press_chain,
    publication,
    publish,
    renew,
    retrain,
    running,
    turn,
)

Open = Callable[[], SqlStorage]
WAIT = timedelta(seconds=10)


def now_of(storage: SqlStorage, run: RefreshRun) -> RefreshRun:
    """The run as it stands."""
    found = storage.runs.get(run.run_id)
    assert found is not None
    return found


def ask(storage: SqlStorage, at: float = 1, **changes: object) -> RefreshAnswer:
    """Another press for store 1."""
    return storage.requests.submit(press(at=after(at), **changes), retrain)


def test_a_broken_attempt_waits_for_the_next(open_storage: Open) -> None:
    """Nobody can claim it before, and it keeps its scope. Then its attempt number is higher."""
    storage = open_storage()
    run = running(storage)
    storage.claims.postpone(run, "a worker process died", WAIT)
    waiting = now_of(open_storage(), run)
    assert (waiting.state, waiting.error) == (RunState.WAITING, "a worker process died")
    assert waiting.next_attempt_at == NOW + WAIT
    assert storage.runs.backlog() == 1
    assert claim(open_storage(), "worker-2", after(9.9), after(40)) is None
    again = claim(open_storage(), "worker-2", after(10), after(40))
    assert again is not None
    assert (again.run_id, again.attempt, again.error) == (run.run_id, 2, "")
    assert (again.claimed_at, again.started_at, again.next_attempt_at) == (after(10), NOW, None)


def test_a_batch_leaves_a_run_waiting_and_a_press_does_not(storage: SqlStorage) -> None:
    """A person who presses need not wait for the backoff; a refresh of all stores can wait."""
    run = running(storage)
    storage.claims.postpone(run, "a worker process died", WAIT)
    nightly = ask(storage, batch_id="night", priority=10)
    assert (nightly.verdict, now_of(storage, run).state) == (Verdict.ATTACHED, RunState.WAITING)
    pressed = ask(storage, at=2)
    assert pressed.verdict is Verdict.ATTACHED
    assert pressed.run is not None
    assert (pressed.run.run_id, pressed.run.state) == (run.run_id, RunState.QUEUED)
    again = claim(storage, "worker-2", after(3), after(33))
    assert again is not None
    assert (again.run_id, again.attempt) == (run.run_id, 2)


def test_a_worker_that_lost_its_run_postpones_nothing(storage: SqlStorage) -> None:
    """It is the other worker's."""
    stale = running(storage)
    held = claim(storage, "worker-2", after(31), after(61))
    with pytest.raises(LeaseLost):
        storage.claims.postpone(stale, "x", WAIT)
    assert held == now_of(storage, stale)


@pytest.mark.parametrize("state", ["queued", "running", "waiting"])
def test_an_active_run_can_be_cancelled(storage: SqlStorage, state: str) -> None:
    """Its scope is free at once, it records who cancelled it, and the worker that holds it is refused."""
    answer = ask(storage, at=0)
    run = answer.run if state == "queued" else claim(storage, "worker-1", NOW, NOW + LEASE)
    assert run is not None
    if state == "waiting":
        storage.claims.postpone(run, "x", WAIT)
    assert storage.requests.cancel(run.run_id, "Cancelled by Ana", after(5))
    ended = now_of(storage, run)
    assert (ended.state, ended.error, ended.finished_at) == (RunState.CANCELLED, "Cancelled by Ana", after(5))
    assert renew(storage, [run], after(99)) == set()
    with pytest.raises(LeaseLost):
        storage.publications.publish(run, publication(), after(6))
    assert storage.runs.snapshots()["1"].head is None
    assert ask(storage, at=7, run_id="next").verdict is Verdict.RETRAIN


def test_what_has_ended_cannot_be_cancelled(storage: SqlStorage) -> None:
    """If a run is published and cancelled at the same moment, only one of the two happens."""
    header = publish(storage)
    assert not storage.requests.cancel(header.run_id, "Cancelled by Ana", after(5))
    assert not storage.requests.cancel("no-such-run", "Cancelled by Ana", after(5))
    ended = storage.runs.get(header.run_id)
    assert ended is not None
    assert (ended.state, ended.error) == (RunState.SUCCEEDED, "")


def test_a_run_that_takes_too_long_is_ended_by_whoever_looks(open_storage: Open) -> None:
    """By its own worker at the next renewal, or by another one at its next claim."""
    storage = open_storage()
    run = running(storage)
    turn(storage, NOW + LIMIT)
    assert renew(storage, [run], NOW + LIMIT + LEASE) == {run.run_id}
    turn(storage, NOW + LIMIT + timedelta(seconds=1))
    assert renew(open_storage(), [run], NOW + 2 * LIMIT) == set()
    ended = now_of(storage, run)
    assert ended.state is RunState.FAILED
    assert ended.error == "Timed out: still running after 60 min"
    hanging, orphan = running(storage, "2", NOW + 2 * LIMIT), running(storage, "3", NOW + 2 * LIMIT)
    storage.claims.renew([hanging], 2 * LIMIT, LIMIT)
    from_checked_frame = claim(open_storage(), "worker-2", NOW + 3.5 * LIMIT, NOW + 4 * LIMIT)
    assert now_of(storage, hanging).state is RunState.FAILED
    assert from_checked_frame is not None
    assert (from_checked_frame.run_id, from_checked_frame.attempt) == (orphan.run_id, 2)


def test_waiting_does_not_count_as_taking_long(storage: SqlStorage) -> None:
    """The time limit counts for one attempt."""
    run = running(storage)
    storage.claims.postpone(run, "x", 3 * LIMIT)
    assert claim(storage, "worker-1", NOW + 2 * LIMIT, NOW + 3 * LIMIT) is None
    again = claim(storage, "worker-1", NOW + 3 * LIMIT, NOW + 4 * LIMIT)
    assert again is not None
    assert (again.run_id, again.attempt) == (run.run_id, 2)


def deliver(storage: SqlStorage, content: str, previous: str | None = None) -> None:
    """New sales for store 1."""
    storage.manifest.record("a.csv", "sales", "me", NOW, [move("1", content, previous)])


def test_a_press_with_newer_inputs_is_followed_up(storage: SqlStorage) -> None:
    """Once the active run, with its older inputs, has ended, another is queued for the first who pressed."""
    deliver(storage, "a")
    run = running(storage)
    deliver(storage, "b", "a")
    first, second = ask(storage, at=1, requested_by="Ana"), ask(storage, at=2, requested_by="Ben")
    assert {answer.verdict for answer in (first, second)} == {Verdict.ATTACHED}
    assert first.message.endswith("sales or plan have changed since it began, so another follows it")
    assert storage.runs.backlog() == 1
    storage.publications.publish(now_of(storage, run), publication(), after(3))
    ended = now_of(storage, run)
    following = storage.runs.snapshots()["1"].active
    assert following is not None
    assert ended.followed_by == following.run_id
    assert (following.requested_by, following.requested_at) == ("Ana", after(1))
    assert (following.verdict, following.state, following.attempt) == (Verdict.REFORECAST, RunState.QUEUED, 0)
    assert storage.runs.backlog() == 1


def test_a_press_with_the_same_inputs_is_not(storage: SqlStorage) -> None:
    """The active run serves everybody."""
    deliver(storage, "a")
    run = running(storage)
    assert ask(storage).message == "Already running, asked 1 s ago by Local user: this press joined it"
    storage.publications.publish(now_of(storage, run), publication(), after(3))
    assert storage.runs.backlog() == 0


def test_a_press_on_a_queued_run_needs_no_follow_up(storage: SqlStorage) -> None:
    """It will read whatever there is when it begins."""
    deliver(storage, "a")
    storage.requests.submit(press(), retrain)
    deliver(storage, "b", "a")
    ask(storage)
    run = claim(storage, "worker-1", after(2), after(32))
    assert run is not None
    assert run.follow_up_by is None
    deliver(storage, "c", "b")
    assert ask(storage, at=3).verdict is Verdict.ATTACHED
    assert now_of(storage, run).follow_up_by == "Local user"


def test_a_run_that_is_taken_over_reads_what_is_new(storage: SqlStorage) -> None:
    """The second attempt reads the newest inputs, so a press needs no follow-up."""
    deliver(storage, "a")
    first = running(storage)
    deliver(storage, "b", "a")
    second = claim(storage, "worker-2", after(31), after(61))
    assert second is not None
    assert first.reads != second.reads
    assert ask(storage, at=32).message.endswith("this press joined it")
    assert now_of(storage, second).follow_up_by is None


@pytest.mark.parametrize("end", ["failed", "timed out", "given up", "succeeded"])
def test_however_a_run_ends_its_follow_up_comes(storage: SqlStorage, end: str) -> None:
    """A press is never lost, even if the run it joined fails."""
    deliver(storage, "a")
    run = running(storage)
    deliver(storage, "b", "a")
    ask(storage)
    run = now_of(storage, run)
    if end in ("failed", "succeeded"):
        storage.claims.close(run, end, "", after(2))
    elif end == "timed out":
        turn(storage, NOW + 2 * LIMIT)
        renew(storage, [run], NOW + 3 * LIMIT)
    else:
        for attempt in (1, 2, 3):
            assert (
                claim(storage, "w", after(100 * attempt), after(100 * attempt + 30)) is not None
                or attempt == 3
            )
    following = storage.runs.snapshots()["1"].active
    assert following is not None
    assert following.run_id == now_of(storage, run).followed_by


def test_who_cancels_cancels_for_everybody(storage: SqlStorage) -> None:
    """Nothing follows."""
    deliver(storage, "a")
    run = running(storage)
    deliver(storage, "b", "a")
    ask(storage)
    storage.requests.cancel(run.run_id, "Cancelled by Ana", after(2))
    assert storage.runs.backlog() == 0


def test_the_run_over_all_stores_is_never_followed(storage: SqlStorage) -> None:
    """Shared priors change slowly, so a press simply joins it."""
    run = pooling(storage)
    deliver(storage, "a")
    answer = storage.requests.submit_chain(press_chain(after(1)), lambda _latest: fresh(None))  # type: ignore[arg-type]
    assert answer.verdict is Verdict.ATTACHED
    assert now_of(storage, run).follow_up_by is None


def test_a_run_knows_what_it_was_asked_in_view_of(storage: SqlStorage) -> None:
    """It records when the predictor of that time was trained, so that its worker notices a newer one."""
    assert running(storage).trained_before is None
    storage.publications.publish(running_again(storage), publication(), after(2))
    asked = storage.requests.submit(press(at=after(5)), retrain).run
    assert asked is not None
    assert asked.trained_before == NOW


def running_again(storage: SqlStorage) -> RefreshRun:
    """The run under way, taken over by another worker."""
    run = claim(storage, "worker-2", after(31), after(61))
    assert run is not None
    return run


def test_what_was_done_is_there_for_the_next_worker(open_storage: Open) -> None:
    """Results are stored under the run's fence, and deleted when it ends. Newer ones replace older ones."""
    storage = open_storage()
    first = running(storage)
    storage.checkpoints.save(first, {"a": b"1", "b": b"2"})
    storage.checkpoints.save(first, {"b": b"3", "c": b"\x00\xff"})
    second = claim(open_storage(), "worker-2", after(31), after(61))
    assert second is not None
    assert open_storage().checkpoints.read(second) == {"a": b"1", "b": b"3", "c": b"\x00\xff"}
    with pytest.raises(LeaseLost):
        storage.checkpoints.save(first, {"d": b"4"})
    assert storage.checkpoints.read(second).keys() == {"a", "b", "c"}
    storage.publications.publish(second, publication(), after(40))
    assert storage.checkpoints.read(second) == {}


@pytest.mark.parametrize("end", ["failed", "cancelled"])
def test_checkpoints_go_however_the_run_ends(storage: SqlStorage, end: str) -> None:
    """Nothing piles up."""
    run = running(storage)
    storage.checkpoints.save(run, {"a": b"1"})
    if end == "failed":
        storage.claims.close(run, "failed", "x", after(1))
    else:
        storage.requests.cancel(run.run_id, "x", after(1))
    assert storage.checkpoints.read(run) == {}


def test_waiting_and_releasing_keep_what_was_done(storage: SqlStorage) -> None:
    """The next attempt goes on with it."""
    run = running(storage)
    storage.checkpoints.save(run, {"a": b"1"})
    storage.claims.postpone(run, "x", WAIT)
    again = claim(storage, "worker-1", after(10), after(40))
    assert again is not None
    storage.claims.release(again)
    assert storage.checkpoints.read(run) == {"a": b"1"}


def test_a_batch_is_cancelled_whole_or_in_part(storage: SqlStorage) -> None:
    """Runs that have ended stay as they are, and runs outside the batch are left alone."""
    asks = [press(store, after(int(store)), priority=10, batch_id="night") for store in "123"]
    storage.requests.submit_many(asks, retrain)
    storage.requests.submit(press("9", after(9)), retrain)
    pressed, first = (claim(storage, "worker-1", after(10), after(40)) for _ in range(2))
    assert pressed is not None
    assert first is not None
    assert (pressed.store, first.store) == ("9", "1")
    storage.claims.close(first, "succeeded", "done", after(11))
    assert storage.requests.cancel_batch("night", ["2", "9"], "Cancelled by Ana", after(12)) == 1
    assert storage.requests.cancel_batch("night", None, "Cancelled by Ana", after(13)) == 1
    assert storage.requests.cancel_batch("night", None, "Cancelled by Ana", after(14)) == 0
    states = {run.store: run.state for run in storage.runs.recent(9)}
    assert [state for _, state in sorted(states.items())].count(RunState.CANCELLED) == 2
    assert storage.runs.backlog() == 1
