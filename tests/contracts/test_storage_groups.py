"""What every `ports.Storage` promises about runs of a group of stores, on every database."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from forecasting.core.domain import RefreshRequest, RefreshRun, RunState, Verdict, group_scope
from forecasting.core.errors import InvalidFrame, LeaseLost
from forecasting.storage import SqlStorage
from tests.storage.examples import (
    LIMIT,
    NOW,
    after,
    claim,
    move,
    predictor,
    press,
    publication,
    retrain,
    turn,
)

Open = Callable[[], SqlStorage]
GROUP = group_scope("north")
MINUTE = timedelta(minutes=1)


def ask(store: str = "1", seconds: float = 0, **changes: object) -> RefreshRequest:
    """A press for a store of the group."""
    return press(store, after(seconds), scope=GROUP, engine="aws_forecast", **changes)


def claimed(storage: SqlStorage) -> RefreshRun:
    """The group's run, asked for and claimed."""
    storage.requests.submit(ask(), retrain)
    run = claim(storage, "worker-1", NOW, after(30))
    assert run is not None
    return run


def waiting(storage: SqlStorage) -> RefreshRun:
    """The group's waiting run, with 40 minutes to go, to be checked again after two."""
    run = claimed(storage)
    storage.claims.await_elsewhere(run, "Training", 2 * MINUTE, 40 * MINUTE)
    found = storage.runs.get(run.run_id)
    assert found is not None
    return found


def test_the_run_is_of_the_group_and_of_no_store(open_storage: Open) -> None:
    """It is neither a store's run nor a chain run. Its press was decided on the store's snapshot."""
    decided = []
    open_storage().requests.submit(
        ask("7"), lambda snapshot: decided.append(snapshot.store) or retrain(snapshot)
    )
    assert decided == ["7"]
    (run,) = open_storage().runs.recent(9)
    assert (run.store, run.scope, run.is_group_run, run.is_chain_run) == ("", GROUP, True, False)
    assert run.target == "group north"
    assert open_storage().runs.snapshots() == {}


def test_a_press_for_another_store_joins(storage: SqlStorage) -> None:
    """As does one for the same store."""
    first = storage.requests.submit(ask("1"), retrain)
    for store in ("2", "1"):
        joined = storage.requests.submit(ask(store, 5), retrain)
        assert joined.verdict is Verdict.ATTACHED
        assert joined.run == first.run


def test_a_run_that_waits_for_what_happens_elsewhere(open_storage: Open) -> None:
    """It says what is happening and until when. No attempt is counted, and no worker holds it."""
    run = waiting(open_storage())
    assert (run.state, run.stage, run.waits_elsewhere, run.attempt) == (RunState.WAITING, "Training", True, 0)
    assert (run.next_attempt_at, run.ready_at) == (after(120), after(2400))
    storage = open_storage()
    assert claim(storage, "worker-2", after(119), after(150)) is None
    again = claim(storage, "worker-2", after(120), after(150))
    assert again is not None
    assert (again.run_id, again.attempt, again.stage) == (run.run_id, 1, "Training")
    assert again.started_at == NOW


def test_nobody_says_how_long_it_takes(storage: SqlStorage) -> None:
    """Then no expected end is stored either."""
    run = claimed(storage)
    storage.claims.await_elsewhere(run, "Importing", MINUTE, None)
    found = storage.runs.get(run.run_id)
    assert found is not None
    assert found.ready_at is None


def test_only_who_holds_it_may_let_it_wait(storage: SqlStorage) -> None:
    """A worker that lost it is refused."""
    run = claimed(storage)
    storage.requests.cancel(run.run_id, "enough", after(5))
    with pytest.raises(LeaseLost):
        storage.claims.await_elsewhere(run, "Training", MINUTE, None)


def test_a_press_leaves_the_wait_as_it_is(storage: SqlStorage) -> None:
    """But a run that waits after an error is tried at once, as always."""
    run = waiting(storage)
    answer = storage.requests.submit(ask("2", 9), retrain)
    assert answer.message.startswith("Already running")
    assert storage.runs.get(run.run_id) == run
    again = claim(storage, "worker-1", after(120), after(150))
    assert again is not None
    storage.claims.postpone(again, "did not answer", 5 * MINUTE)
    storage.requests.submit(ask("2", 130), retrain)
    found = storage.runs.get(run.run_id)
    assert found is not None
    assert found.state is RunState.QUEUED


def test_it_reads_what_there_was_when_it_was_first_claimed(storage: SqlStorage) -> None:
    """However often it is claimed again; a press after an import is followed up once."""
    first = storage.manifest.record("a.csv", "sales", "Ana", NOW, [move("1", "a")])
    run = waiting(storage)
    assert run.read_import == first
    storage.manifest.record("b.csv", "sales", "Ana", after(60), [move("1", "b", "a")])
    again = claim(storage, "worker-1", after(120), after(150))
    assert again is not None
    assert again.read_import == first
    assert storage.manifest.heads("sales", through=first)["1"].content_hash == "a"
    assert "another follows it" in storage.requests.submit(ask("1", 130), retrain).message
    storage.publications.publish_group(again, [publication("1")], "done", after(140))
    following = storage.runs.holder(GROUP)
    assert following is not None
    assert (following.verdict, following.store, following.engine) == (Verdict.REFORECAST, "", "aws_forecast")


def test_all_stores_are_published_at_once(open_storage: Open) -> None:
    """Each store has its version and predictor from the one run, whose message says what was left out."""
    run = claimed(open_storage())
    both = [publication(store, trained=replace(predictor(f"p-{store}"), scope=GROUP)) for store in "12"]
    headers = open_storage().publications.publish_group(run, both, "left out: store 3", after(9))
    assert [(header.store, header.version) for header in headers] == [("1", 1), ("2", 2)]
    reader = open_storage()
    assert {store: each.version for store, each in _heads(reader).items()} == {"1": 1, "2": 2}
    ended = reader.runs.last(GROUP)
    assert ended is not None
    assert (ended.run_id, ended.state, ended.message) == (run.run_id, RunState.SUCCEEDED, "left out: store 3")
    assert reader.runs.holder(GROUP) is None


def test_one_bad_forecast_publishes_none(storage: SqlStorage) -> None:
    """Readers never see half a group."""
    run = claimed(storage)
    bad = publication("2", trained=predictor("p-2"))
    bad = replace(bad, forecast=bad.forecast.drop(columns="q10"))
    with pytest.raises(InvalidFrame):
        storage.publications.publish_group(run, [publication("1"), bad], "", after(9))
    assert storage.runs.snapshots() == {}
    assert storage.runs.holder(GROUP) is not None


def test_who_lost_the_run_publishes_nothing(storage: SqlStorage) -> None:
    """The worker that took it over goes on."""
    run = claimed(storage)
    assert claim(storage, "worker-2", after(40), after(70)) is not None
    with pytest.raises(LeaseLost):
        storage.publications.publish_group(run, [publication("1")], "", after(41))
    assert storage.runs.snapshots() == {}


def test_its_runs_are_listed_with_those_of_a_store(storage: SqlStorage) -> None:
    """Where they are asked for."""
    storage.requests.submit(ask(), retrain)
    storage.requests.submit(press("1", after(1)), retrain)
    storage.requests.submit(press("2", after(2)), retrain)
    assert [run.scope for run in storage.runs.recent(9, "1")] == ["store:1"]
    assert [run.scope for run in storage.runs.recent(9, "1", GROUP)] == ["store:1", GROUP]


def test_no_operator_is_called_for_a_run_that_waits_elsewhere(storage: SqlStorage) -> None:
    """It waits for nobody here."""
    waiting(storage)
    turn(storage, after(90))
    assert storage.vitals.ledger(LIMIT).waiting is None


def _heads(storage: SqlStorage) -> dict[str, object]:
    return {header.store: header for header in (storage.versions.header(1), storage.versions.header(2))}
