"""What `ports.RefreshRequests` and `ports.RunClaims` promise about a refresh of many stores."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from forecasting.core.domain import (
    BatchProgress,
    RefreshAnswer,
    RefreshDecision,
    RefreshRequest,
    RunState,
    StoreSnapshot,
    Verdict,
)
from forecasting.storage import SqlStorage
from tests.storage.child import together
from tests.storage.examples import (
    LEASE,
    NOW,
    after,
    chain,
    claim,
    claim_many,
    move,
    pool,
    press,
    press_chain,
    publication,
    publish,
    renew,
    retrain,
    running,
)

Open = Callable[[], SqlStorage]


def asks(*stores: str, batch: str = "night", at: float = 0, **changes: object) -> list[RefreshRequest]:
    """Requests of one batch, each a moment after the one before."""
    return [
        press(store, after(at + number / 100), priority=10, batch_id=batch, **changes)
        for number, store in enumerate(stores)
    ]


def ask(storage: SqlStorage, *stores: str, batch: str = "night", at: float = 0) -> list[RefreshAnswer]:
    """Ask for a batch of trainings."""
    return storage.requests.submit_many(asks(*stores, batch=batch, at=at), retrain)


def take(storage: SqlStorage, limit: int = 16, at: float = 5) -> list[str]:
    """The stores a worker gets at one claim; ``""`` is the run over all stores."""
    return [run.store for run in claim_many(storage, "worker-1", after(at), after(at + 30), limit)]


# -- asking --------------------------------------------------------------------------------------------


def test_each_store_of_a_batch_is_answered_by_the_same_rule(storage: SqlStorage) -> None:
    """One is trained, one is fresh, one is running already: answers in the order of the requests."""
    held = running(storage, "2", after(-3))
    publish(storage, "3", at=after(-2))

    def decide(snapshot: StoreSnapshot) -> RefreshDecision:
        return (
            retrain(snapshot) if snapshot.head is None else RefreshDecision(Verdict.FRESH, "Trained just now")
        )

    answers = storage.requests.submit_many(asks("3", "2", "1"), decide)
    assert [answer.verdict for answer in answers] == [Verdict.FRESH, Verdict.ATTACHED, Verdict.RETRAIN]
    assert answers[0] == RefreshAnswer(Verdict.FRESH, "Trained just now")
    assert answers[1].run == held
    assert answers[1].message == "Already running, asked 3 s ago by Local user: this press joined it"
    assert answers[2].run is not None
    assert answers[2].run == storage.runs.get(answers[2].run.run_id)
    assert (answers[2].run.batch_id, answers[2].run.priority) == ("night", 10)


def test_the_policy_sees_each_store_as_it_stands(storage: SqlStorage) -> None:
    """An unknown store has an empty snapshot; a store with an active run is not decided on."""
    publish(storage, "1")
    running(storage, "2", after(1))
    seen: list[StoreSnapshot] = []

    def decide(snapshot: StoreSnapshot) -> RefreshDecision:
        seen.append(snapshot)
        return retrain(snapshot)

    storage.requests.submit_many(asks("1", "2", "new", at=2), decide)
    assert [snapshot.store for snapshot in seen] == ["1", "new"]
    assert seen[0].head == storage.versions.header(1)
    assert seen[1] == StoreSnapshot("new", "", None, None, None, None, None)


def test_a_batch_never_holds_a_press_back(storage: SqlStorage) -> None:
    """It joins a planner's waiting run, which stays as urgent as it was."""
    waiting = storage.requests.submit(press("1", after(-1)), retrain).run
    assert ask(storage, "1")[0].run == waiting
    assert storage.runs.recent(9) == [waiting]


def test_stores_of_one_scope_are_one_run_of_the_batch(storage: SqlStorage) -> None:
    """The second joins the first; the answers stay in the order of the requests."""
    first, second = asks("1", "2", scope="group:north")
    answers = storage.requests.submit_many([first, *asks("9"), second], retrain)
    assert [answer.verdict for answer in answers] == [Verdict.RETRAIN, Verdict.RETRAIN, Verdict.ATTACHED]
    assert [answer.run and answer.run.run_id for answer in answers] == [
        first.run_id,
        "run-9-00000.0",
        first.run_id,
    ]


def test_a_fresh_store_does_not_answer_for_its_scope(storage: SqlStorage) -> None:
    """The next one of the same scope is decided upon by itself."""

    def decide(snapshot: StoreSnapshot) -> RefreshDecision:
        return RefreshDecision(Verdict.FRESH, "") if snapshot.store == "1" else retrain(snapshot)

    answers = storage.requests.submit_many(asks("1", "2", scope="group:north"), decide)
    assert [answer.verdict for answer in answers] == [Verdict.FRESH, Verdict.RETRAIN]


def test_an_empty_batch_is_no_question(storage: SqlStorage) -> None:
    """No answers, no runs."""
    assert storage.requests.submit_many([], retrain) == []
    assert storage.runs.recent(9) == []


def test_a_policy_that_fails_leaves_nothing_of_the_batch(storage: SqlStorage) -> None:
    """Its error is raised, and no run of any store is recorded."""

    def fail(snapshot: StoreSnapshot) -> RefreshDecision:
        if snapshot.store == "2":
            raise LookupError
        return retrain(snapshot)

    with pytest.raises(LookupError):
        storage.requests.submit_many(asks("1", "2", "3"), fail)
    assert storage.runs.recent(9) == []


def test_the_number_of_queries_does_not_grow_with_the_batch(storage: SqlStorage) -> None:
    """Twelve stores cost as many as two."""
    queries: list[str] = []
    sa.event.listen(
        storage.database.engine, "after_cursor_execute", lambda *arguments: queries.append(arguments[2])
    )
    ask(storage, "a", "b")
    few = len(queries)
    queries.clear()
    ask(storage, *map(str, range(12)))
    assert len(queries) == few


def test_two_batches_at_once_leave_one_run_a_store(storage: SqlStorage) -> None:
    """Four threads ask for the same twenty stores: each store is trained once, the others join."""
    stores = list(map(str, range(20)))

    def one(number: int) -> str:
        answers = ask(storage, *stores, batch=f"b-{number}", at=number * 10)
        return ",".join(sorted({answer.verdict.value for answer in answers}))

    assert sorted(together(one, 4)) == ["attached", "attached", "attached", "retrain"]
    assert sorted(run.store for run in storage.runs.recent(99)) == sorted(stores)


# -- claiming ------------------------------------------------------------------------------------------


def test_runs_of_a_batch_are_claimed_together(storage: SqlStorage) -> None:
    """As many as asked for, in the order they were asked for; each is held under its own fence."""
    ask(storage, "5", "4", "3", "2", "1")
    runs = claim_many(storage, "worker-1", after(5), after(35), 3)
    assert [run.store for run in runs] == ["5", "4", "3"]
    assert {(run.state, run.attempt, run.fence, run.started_at) for run in runs} == {
        (RunState.RUNNING, 1, 1, after(5))
    }
    assert [storage.runs.get(run.run_id) for run in runs] == runs
    assert take(storage, 3) == ["2", "1"]
    assert take(storage, 3) == []


def test_one_run_is_claimed_at_a_time_unless_more_are_asked_for(storage: SqlStorage) -> None:
    """The default."""
    ask(storage, "1", "2")
    assert [run.store for run in claim_many(storage, "worker-1", after(5), after(35))] == ["1"]


def test_a_press_is_claimed_before_the_batch_and_alone(storage: SqlStorage) -> None:
    """Also if it comes between two others, or moved a run of the batch forward."""
    ask(storage, "1", "2", "3", "4")
    storage.requests.submit(press("8", after(1)), retrain)
    storage.requests.submit(press("9", after(2)), retrain)
    storage.requests.submit(press("3", after(3)), retrain)
    assert [take(storage) for _ in range(5)] == [["3"], ["8"], ["9"], ["1", "2", "4"], []]


def test_batches_are_not_mixed(storage: SqlStorage) -> None:
    """Each is claimed for itself, the older one first."""
    ask(storage, "1", "2")
    ask(storage, "3", "4", batch="morning", at=1)
    assert [take(storage) for _ in range(2)] == [["1", "2"], ["3", "4"]]


def test_a_run_that_has_lost_its_worker_is_claimed_alone(storage: SqlStorage) -> None:
    """It may be the run that kills workers, so the others are not claimed together with it again."""
    ask(storage, "1", "2", "3")
    assert take(storage, 2, at=5) == ["1", "2"]
    assert [take(storage, at=100) for _ in range(4)] == [["1"], ["2"], ["3"], []]


def test_a_run_given_back_by_a_survivor_is_claimed_alone_too(storage: SqlStorage) -> None:
    """It still counts one lost worker; a run given back at once counts none."""
    ask(storage, "1", "2", "3")
    for run in claim_many(storage, "worker-1", NOW, after(30), 1):
        storage.claims.release(run)
    (lost,) = claim_many(storage, "worker-1", NOW, after(30), 1)
    (from_checked_frame,) = claim_many(storage, "worker-2", after(31), after(61), 1)
    assert lost.run_id == from_checked_frame.run_id
    storage.claims.release(from_checked_frame)
    assert [take(storage, at=70) for _ in range(2)] == [["1"], ["2", "3"]]


def test_a_poison_run_of_a_batch_is_given_up_and_the_others_go_on(storage: SqlStorage) -> None:
    """After its third claim; the other runs are done by then."""
    ask(storage, "1", "2")
    for at in (0, 100, 200):
        claimed = claim_many(storage, "worker-1", after(at), after(at + 30), 16)
        for run in claimed[1:]:
            storage.publications.publish(run, publication(run.store), after(at))
    assert take(storage, at=300) == []
    assert [run.state for run in storage.runs.recent(9)] == [RunState.SUCCEEDED, RunState.FAILED]


def test_leases_are_renewed_together(storage: SqlStorage) -> None:
    """Runs that were taken over or have ended are no longer held."""
    ask(storage, "1", "2", "3", "4")
    runs = claim_many(storage, "worker-1", NOW, after(30), 4)
    storage.claims.close(runs[0], "failed", "no sales", after(1))
    assert renew(storage, runs, after(60)) == {run.run_id for run in runs[1:]}
    assert renew(storage, runs[1:2], after(99)) == {runs[1].run_id}
    taken = claim(storage, "worker-2", after(61), after(91))
    assert taken is not None
    assert renew(storage, runs, after(120)) == {run.run_id for run in runs[1:]} - {taken.run_id}
    assert renew(storage, [], after(120)) == set()
    assert storage.runs.get(taken.run_id) == taken


# -- what is pooled over all stores comes first --------------------------------------------------------


def chained(storage: SqlStorage, *stores: str) -> None:
    """Ask for a batch that begins with the run over all stores."""
    storage.requests.submit_chain(press_chain(priority=10, batch_id="night"), pool)
    ask(storage, *stores)


def test_a_batch_waits_for_its_run_over_all_stores(storage: SqlStorage) -> None:
    """That is claimed alone; then nobody gets a store until it has ended."""
    chained(storage, "1", "2")
    assert take(storage) == [""]
    assert take(storage) == []
    (run,) = (run for run in storage.runs.recent(9) if run.is_chain_run)
    storage.publications.publish_chain(run, chain(), after(6))
    assert take(storage) == ["1", "2"]


def test_a_batch_goes_on_without_what_failed(storage: SqlStorage) -> None:
    """With the previous chain."""
    chained(storage, "1", "2")
    (run,) = claim_many(storage, "worker-1", NOW, after(30), 16)
    storage.claims.close(run, "failed", "out of memory", after(1))
    assert take(storage) == ["1", "2"]


def test_a_batch_goes_on_once_its_run_over_all_stores_is_given_up(storage: SqlStorage) -> None:
    """It killed three workers; the same claim that gives it up takes the stores."""
    chained(storage, "1", "2")
    assert [take(storage, at=at) for at in (100, 200, 300, 400)] == [[""], [""], [""], ["1", "2"]]


def test_presses_do_not_wait_for_it_and_other_batches_do(storage: SqlStorage) -> None:
    """Nor does a run of the batch that a press moved forward."""
    chained(storage, "1", "2", "3")
    ask(storage, "4", batch="morning", at=1)
    storage.requests.submit(press("5", after(2)), retrain)
    storage.requests.submit(press("2", after(3)), retrain)
    assert [take(storage) for _ in range(4)] == [["2"], ["5"], [""], []]


def test_a_batch_is_counted_in_stores(storage: SqlStorage) -> None:
    """The chain run is not counted, and a batch with nothing else left is not reported."""
    chained(storage, "1", "2")
    assert storage.runs.batch() == BatchProgress("night", "Local user", 0, 0, 2)
    storage.requests.submit(press("1", after(1)), retrain)
    run = claim(storage, "worker-1", after(2), after(2) + LEASE)
    assert run is not None
    storage.claims.close(run, "failed", "no sales", after(3))
    assert storage.runs.batch() == BatchProgress("night", "Local user", 1, 1, 2, after(2))
    storage.requests.submit_chain(press_chain(after(4), priority=10, batch_id="empty"), pool)
    storage.manifest.record("a.csv", "sales", "me", NOW, [move("1")])
    assert storage.runs.batch() == BatchProgress("night", "Local user", 1, 1, 2, after(2))
