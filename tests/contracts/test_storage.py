"""What every `ports.RefreshRequests` promises about a press on Refresh, on every database."""

from collections.abc import Callable

import pytest

from forecasting.core.domain import RefreshDecision, RunState, StoreSnapshot, Verdict
from forecasting.storage import SqlStorage
from tests.children import Child, release
from tests.storage.child import press_many, press_together
from tests.storage.examples import LEASE, NOW, after, claim, fresh, press, publish, retrain, running

Open = Callable[[], SqlStorage]


def test_a_press_leaves_one_queued_run(storage: SqlStorage) -> None:
    """The run says who asked, when, for what and why; nothing has happened to it yet."""
    ask = press("7", engine="prophet", priority=10, batch_id="night")
    answer = storage.requests.submit(ask, retrain)
    run = answer.run
    assert run is not None
    assert (answer.verdict, answer.message) == (Verdict.RETRAIN, "No forecast yet")
    assert (run.run_id, run.scope, run.store, run.engine) == (ask.run_id, "store:7", "7", "prophet")
    assert (run.requested_by, run.requested_at, run.message) == ("Local user", NOW, "No forecast yet")
    assert (run.priority, run.batch_id, run.state, run.fence) == (10, "night", RunState.QUEUED, 0)
    assert storage.runs.get(run.run_id) == run
    assert storage.runs.recent(10) == [run]


def test_a_roll_forward_is_a_run_too(storage: SqlStorage) -> None:
    """`reforecast` is queued like `retrain`."""
    answer = storage.requests.submit(press(), lambda _: RefreshDecision(Verdict.REFORECAST, "New sales"))
    assert answer.run is not None
    assert answer.run.verdict is Verdict.REFORECAST


def test_a_press_on_a_fresh_store_leaves_nothing(storage: SqlStorage) -> None:
    """No run, and the policy's sentence."""
    answer = storage.requests.submit(press(), fresh)
    assert (answer.verdict, answer.message, answer.run) == (Verdict.FRESH, "Trained 3 h ago", None)
    assert storage.runs.recent(10) == []


def test_the_policy_decides_on_the_present_state(storage: SqlStorage) -> None:
    """It sees its store's head and last run, read in the transaction that records the decision."""
    header = publish(storage, "1")
    publish(storage, "2", at=after(1))
    seen: list[StoreSnapshot] = []

    def decide(snapshot: StoreSnapshot) -> RefreshDecision:
        seen.append(snapshot)
        return RefreshDecision(Verdict.FRESH, "")

    storage.requests.submit(press(at=after(2)), decide)
    assert seen == [storage.runs.snapshots()["1"]]
    assert seen[0].head == header


def test_the_policy_is_asked_about_an_unknown_store(storage: SqlStorage) -> None:
    """Its snapshot is empty."""
    empty = StoreSnapshot("new", "", None, None, None, None, None)
    answer = storage.requests.submit(
        press("new"), lambda snapshot: RefreshDecision(Verdict.FRESH, str(snapshot == empty))
    )
    assert answer.message == "True"


def test_a_failing_policy_leaves_nothing(storage: SqlStorage) -> None:
    """Its error is raised, the lock is released, and no run is left."""

    def fail(_snapshot: StoreSnapshot) -> RefreshDecision:
        raise LookupError

    with pytest.raises(LookupError):
        storage.requests.submit(press(), fail)
    assert storage.requests.submit(press(), retrain).verdict is Verdict.RETRAIN


@pytest.mark.parametrize(
    ("seconds", "ago"),
    [(0, "0 s"), (12.9, "12 s"), (60, "1 min"), (7200, "2 h"), (86400 * 3, "3 days"), (-5, "0 s")],
)
def test_a_second_press_joins_the_waiting_run(storage: SqlStorage, seconds: float, ago: str) -> None:
    """The answer says who asked first and how long ago, even if the clocks disagree."""
    first = storage.requests.submit(press(), retrain).run
    answer = storage.requests.submit(press(at=after(seconds), requested_by="Ana"), _unasked)
    assert (answer.verdict, answer.run) == (Verdict.ATTACHED, first)
    assert answer.message == f"Already waiting to run, asked {ago} ago by Local user: this press joined it"
    assert storage.runs.recent(10) == [first]


def test_a_press_joins_the_running_run(storage: SqlStorage) -> None:
    """As for a waiting one."""
    run = running(storage)
    answer = storage.requests.submit(press(at=after(12)), _unasked)
    assert answer.run == run
    assert answer.message == "Already running, asked 12 s ago by Local user: this press joined it"


def test_scopes_do_not_wait_for_each_other(storage: SqlStorage) -> None:
    """A run of one store doesn't answer for another store."""
    running(storage, "1")
    assert storage.requests.submit(press("2"), retrain).verdict is Verdict.RETRAIN


def test_stores_of_one_scope_share_its_run(storage: SqlStorage) -> None:
    """An engine that trains a group trains it once."""
    storage.requests.submit(press("1", scope="group:north"), retrain)
    answer = storage.requests.submit(press("2", scope="group:north"), _unasked)
    assert answer.verdict is Verdict.ATTACHED


@pytest.mark.parametrize(("priority", "left"), [(0, 0), (10, 10), (20, 10)])
def test_a_more_urgent_press_moves_a_waiting_run_forward(
    storage: SqlStorage, priority: int, left: int
) -> None:
    """A planner's press overtakes the batch it joins; a less urgent one never holds a run back."""
    storage.requests.submit(press(priority=10), retrain)
    answer = storage.requests.submit(press(at=after(1), priority=priority), _unasked)
    assert answer.run is not None
    assert answer.run.priority == left
    assert storage.runs.get(answer.run.run_id) == answer.run


def test_a_running_run_keeps_its_priority(storage: SqlStorage) -> None:
    """There is nothing left to overtake."""
    storage.requests.submit(press(priority=10), retrain)
    run = claim(storage, "worker-1", NOW, NOW + LEASE)
    assert storage.requests.submit(press(at=after(1)), _unasked).run == run
    assert storage.runs.recent(9) == [run]


def test_a_scope_is_free_again_once_its_run_has_ended(storage: SqlStorage) -> None:
    """After success and after failure."""
    publish(storage)
    storage.claims.close(running(storage, at=after(1)), "failed", "no sales", after(2))
    assert storage.requests.submit(press(at=after(3)), retrain).verdict is Verdict.RETRAIN
    assert len(storage.runs.recent(10)) == 3


def test_fifty_threads_press_at_once_and_one_run_is_left(storage: SqlStorage) -> None:
    """One is recorded, forty-nine join it."""
    verdicts = press_together(storage, "thread", 50)
    assert sorted(verdicts) == ["attached"] * 49 + ["retrain"]
    assert len(storage.runs.recent(100)) == 1


def test_two_processes_press_at_once_and_one_run_is_left(storage: SqlStorage) -> None:
    """Twenty presses in each of two processes: one is recorded, thirty-nine join it."""
    children = [Child(press_many, storage.database.place, f"process-{number}", 20) for number in range(2)]
    verdicts = [verdict for told in release(children) for verdict in told]
    assert sorted(verdicts) == ["attached"] * 39 + ["retrain"]
    assert len(storage.runs.recent(100)) == 1


def _unasked(_snapshot: StoreSnapshot) -> RefreshDecision:
    raise AssertionError("the policy was asked although a run is active")
